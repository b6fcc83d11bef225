/*
 * JSON to messages: lists and maps of all kinds.
 */
#include "json_decode.h"

#include <string.h>

/* How the elements of a field look, which lets one function read all lists and maps. */
struct shape {
    size_t size;
    int (*decode)(struct json_decoder *in, const struct hull_field *field, void *element);
};

static int decode_text_element(struct json_decoder *in, const struct hull_field *field, void *out)
{
    const char **text = out;
    (void)field;
    *text = "";
    return json_text(in, text);
}

static int decode_int_element(struct json_decoder *in, const struct hull_field *field, void *out)
{
    (void)field;
    return json_int(in, out);
}

static int decode_sub_element(struct json_decoder *in, const struct hull_field *field, void *out)
{
    return json_decode_value(in, field->message, out);
}

static int list_of(struct json_decoder *in, const struct hull_field *field, struct shape shape,
                   struct hull_list *list)
{
    struct json_walk walk;
    int rc;

    if (json_peek(&in->scan) != '[')
        return json_expected(in, "a list");
    rc = json_open(&in->scan, &walk);
    while (rc == 0 && (rc = json_next(&in->scan, &walk)) == 1) {
        json_push(in, NULL, 0, list->n);
        rc = json_room(in, field, list->n, shape.size);
        if (rc < 0)
            return rc;
        void *element = hull_list_add(in->scan.arena, list, shape.size);
        if (json_peek(&in->scan) == 'n' && shape.size != sizeof(char *))
            rc = json_skip_null(in) ? 0 : json_scan_skip(&in->scan);
        else
            rc = shape.decode(in, field, element);
        if (rc < 0)
            return rc;
        in->steps--;
    }
    if (rc == 0 && list->n == 0)
        list->v = hull_arena_alloc(in->scan.arena, 1); /* [] is not null */
    return rc;
}

int json_decode_strv(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_strv *list = member;
    if (json_peek(&in->scan) == '"' && (field->flags & HULL_STR_OK)) {
        const char *text;
        int rc = json_text(in, &text);
        if (rc == 0)
            hull_strv_add(in->scan.arena, list, text);
        return rc;
    }
    return list_of(in, field, (struct shape){sizeof(char *), decode_text_element}, member);
}

int json_decode_ints(struct json_decoder *in, const struct hull_field *field, void *member)
{
    return list_of(in, field, (struct shape){sizeof(int64_t), decode_int_element}, member);
}

int json_decode_list(struct json_decoder *in, const struct hull_field *field, void *member)
{
    return list_of(in, field, (struct shape){field->message->size, decode_sub_element}, member);
}

static int decode_list_element(struct json_decoder *in, const struct hull_field *field, void *out)
{
    return json_decode_list(in, field, out);
}

static int decode_strv_element(struct json_decoder *in, const struct hull_field *field, void *out)
{
    return json_decode_strv(in, field, out);
}

/* Walk over an object whose keys are data; EACH reads the value under KEY. */
static int object_of(struct json_decoder *in, const struct hull_field *field, void *map,
                     int (*each)(struct json_decoder *in, const struct hull_field *field, void *map,
                                 const char *key))
{
    struct json_walk walk;
    size_t count = 0;

    if (json_peek(&in->scan) != '{')
        return json_expected(in, "an object");
    int rc = json_open(&in->scan, &walk);
    while (rc == 0 && (rc = json_next(&in->scan, &walk)) == 1) {
        const char *key = hull_arena_strndup(in->scan.arena, walk.key.text, walk.key.length);
        json_push(in, key, walk.key.length, 0);
        rc = json_room(in, field, count++, sizeof(struct hull_pair));
        if (rc == 0)
            rc = each(in, field, map, key);
        if (rc < 0)
            return rc;
        in->steps--;
    }
    return rc;
}

static int map_entry(struct json_decoder *in, const struct hull_field *field, void *map,
                     const char *key)
{
    struct hull_pair *pair = hull_list_add(in->scan.arena, map, sizeof(*pair));
    (void)field;
    *pair = (struct hull_pair){key, ""};
    return json_skip_null(in) ? 0 : json_text(in, &pair->value);
}

int json_decode_map(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_map *map = member;
    int rc = object_of(in, field, map, map_entry);
    if (rc == 0 && map->n == 0)
        map->v = hull_arena_alloc(in->scan.arena, 1);
    return rc;
}

/* {"a": {}}: the value says nothing. */
static int set_entry(struct json_decoder *in, const struct hull_field *field, void *map,
                     const char *key)
{
    (void)field;
    if (json_peek(&in->scan) != '{' && json_peek(&in->scan) != 'n')
        return json_expected(in, "an empty object");
    hull_strv_add(in->scan.arena, map, key);
    return json_scan_skip(&in->scan);
}

int json_decode_set(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_strv *set = member;
    int rc = object_of(in, field, set, set_entry);
    if (rc == 0 && set->n == 0)
        set->v = hull_arena_alloc(in->scan.arena, 1);
    return rc;
}

static struct shape map_shape(const struct hull_field *field)
{
    if (field->type == HULL_LISTMAP)
        return (struct shape){sizeof(struct hull_list), decode_list_element};
    if (field->type == HULL_STRVMAP)
        return (struct shape){sizeof(struct hull_strv), decode_strv_element};
    return (struct shape){field->message->size, decode_sub_element};
}

static int msgmap_entry(struct json_decoder *in, const struct hull_field *field, void *map,
                        const char *key)
{
    struct shape shape = map_shape(field);
    int rc = json_room(in, field, 0, shape.size);
    if (rc < 0)
        return rc;
    void *element = hull_msgmap_add(in->scan.arena, map, key, shape.size);
    return json_skip_null(in) ? 0 : shape.decode(in, field, element);
}

int json_decode_msgmap(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_msgmap *map = member;
    int rc = object_of(in, field, map, msgmap_entry);
    if (rc == 0 && map->n == 0)
        map->v = hull_arena_alloc(in->scan.arena, 1);
    return rc;
}
