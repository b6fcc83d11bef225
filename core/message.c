#include <hull/message.h>

#include <string.h>
#include <unistd.h>

#include <hull/call.h>
#include <hull/error.h>
#include <hull/stream.h>

/* A program without the core has no streams, and links without them. */
extern __typeof__(hull_stream_close) hull_stream_close __attribute__((weak));

const struct hull_message hull_empty_message = {"hull_empty", sizeof(struct hull_empty), 0, NULL};

static const uint8_t type_sizes[] = {
    [HULL_BOOL] = sizeof(bool),
    [HULL_INT] = sizeof(int64_t),
    [HULL_DOUBLE] = sizeof(double),
    [HULL_STRING] = sizeof(char *),
    [HULL_OPT_BOOL] = sizeof(struct hull_opt_bool),
    [HULL_OPT_INT] = sizeof(struct hull_opt_int),
    [HULL_STRV] = sizeof(struct hull_strv),
    [HULL_INTS] = sizeof(struct hull_ints),
    [HULL_MAP] = sizeof(struct hull_map),
    [HULL_SET] = sizeof(struct hull_strv),
    [HULL_JSON] = sizeof(char *),
    [HULL_POINTER] = sizeof(void *),
    [HULL_LIST] = sizeof(struct hull_list),
    [HULL_MSGMAP] = sizeof(struct hull_msgmap),
    [HULL_LISTMAP] = sizeof(struct hull_msgmap),
    [HULL_STRVMAP] = sizeof(struct hull_msgmap),
    [HULL_FD] = sizeof(int),
    [HULL_STREAM] = sizeof(struct hull_stream *),
};

size_t hull_type_size(const struct hull_field *field)
{
    bool inside = field->type == HULL_MESSAGE_ || field->type == HULL_EMBED;
    return inside ? field->message->size : type_sizes[field->type];
}

const struct hull_field *hull_field_find(const struct hull_message *message, const char *name,
                                         size_t *ret_offset)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i], *found = NULL;
        *ret_offset = 0;
        if (field->type == HULL_EMBED)
            found = hull_field_find(field->message, name, ret_offset);
        else if (strcmp(field->name, name) == 0)
            found = field;
        *ret_offset += field->offset;
        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool message_empty(const struct hull_message *message, const void *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if (!hull_field_empty(field, hull_member(field, value)))
            return false;
    }
    return true;
}

bool hull_field_empty(const struct hull_field *field, const void *value)
{
    switch (field->type) {
    case HULL_BOOL:
        return !*(const bool *)value;
    case HULL_INT:
        return *(const int64_t *)value == 0;
    case HULL_DOUBLE:
        return *(const double *)value == 0;
    case HULL_STRING:
    case HULL_JSON: {
        const char *text = *(const char *const *)value;
        return text == NULL || text[0] == '\0';
    }
    case HULL_OPT_BOOL:
        return !((const struct hull_opt_bool *)value)->set;
    case HULL_OPT_INT:
        return !((const struct hull_opt_int *)value)->set;
    case HULL_STRV:
    case HULL_SET:
    case HULL_INTS:
    case HULL_MAP:
    case HULL_LIST:
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        return ((const struct hull_list *)value)->n == 0;
    case HULL_MESSAGE_:
    case HULL_EMBED:
        return message_empty(field->message, value);
    case HULL_POINTER:
    case HULL_STREAM:
        return *(const hull_any_pointer *)value == NULL;
    case HULL_FD:
        return *(const int *)value < 0;
    }
    hull_bug(__FILE__, __LINE__, "field of an unknown type");
}

static void absent_fds(const struct hull_message *message, void *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if (field->type == HULL_FD)
            *(int *)hull_member(field, value) = -1;
        else if (field->type == HULL_MESSAGE_ || field->type == HULL_EMBED)
            absent_fds(field->message, hull_member(field, value));
    }
}

void hull_message_init(const struct hull_message *message, void *value)
{
    memset(value, 0, message->size);
    absent_fds(message, value);
}

/* --- copying --------------------------------------------------------------------------------- */

static void *copy_array(struct hull_arena *arena, const void *v, size_t n, size_t size)
{
    if (v == NULL) /* nothing; [] is something */
        return NULL;
    void *copy = hull_arena_array(arena, n, size);
    return memcpy(copy, v, n * size);
}

static void copy_strings(struct hull_arena *arena, struct hull_strv *list)
{
    list->v = copy_array(arena, list->v, list->n, sizeof(*list->v));
    for (size_t i = 0; i < list->n; i++)
        list->v[i] = hull_arena_strdup(arena, list->v[i]);
}

static void copy_map(struct hull_arena *arena, struct hull_map *map)
{
    map->v = copy_array(arena, map->v, map->n, sizeof(*map->v));
    for (size_t i = 0; i < map->n; i++) {
        map->v[i].key = hull_arena_strdup(arena, map->v[i].key);
        map->v[i].value = hull_arena_strdup(arena, map->v[i].value);
    }
}

static void copy_field(struct hull_arena *arena, const struct hull_field *field, void *from,
                       void *to);

/* The N values behind *V, each by hull_message_copy(). */
static void copy_messages(struct hull_arena *arena, const struct hull_field *field, void **v,
                          size_t n)
{
    void *copy = *v == NULL ? NULL : hull_arena_array(arena, n, field->message->size);
    for (size_t i = 0; i < n; i++)
        hull_message_copy(arena, field->message, hull_element(field, *v, i),
                          hull_element(field, copy, i));
    *v = copy;
}

static void copy_typed_map(struct hull_arena *arena, const struct hull_field *field,
                           struct hull_msgmap *map)
{
    struct hull_strv keys = {map->n, map->keys};
    copy_strings(arena, &keys);
    map->keys = keys.v;
    if (field->type == HULL_MSGMAP) {
        copy_messages(arena, field, &map->v, map->n);
        return;
    }
    struct hull_list *lists = copy_array(arena, map->v, map->n, sizeof(*lists));
    map->v = lists;
    for (size_t i = 0; i < map->n; i++) {
        if (field->type == HULL_LISTMAP)
            copy_messages(arena, field, &lists[i].v, lists[i].n);
        else
            copy_strings(arena, (struct hull_strv *)(void *)&lists[i]);
    }
}

/* What TO holds bit for bit becomes a copy of its own. */
static void copy_field(struct hull_arena *arena, const struct hull_field *field, void *from,
                       void *to)
{
    switch (field->type) {
    case HULL_STRING:
    case HULL_JSON:
        *(hull_any_pointer *)to = hull_arena_strdup(arena, *(hull_any_pointer *)to);
        break;
    case HULL_STRV:
    case HULL_SET:
        copy_strings(arena, to);
        break;
    case HULL_INTS: {
        struct hull_ints *ints = to;
        ints->v = copy_array(arena, ints->v, ints->n, sizeof(*ints->v));
        break;
    }
    case HULL_MAP:
        copy_map(arena, to);
        break;
    case HULL_MESSAGE_:
    case HULL_EMBED:
        hull_message_copy(arena, field->message, from, to);
        break;
    case HULL_POINTER: {
        void *pointer = *(hull_any_pointer *)to;
        copy_messages(arena, field, &pointer, pointer != NULL);
        *(hull_any_pointer *)to = pointer;
        break;
    }
    case HULL_LIST: {
        struct hull_list *list = to;
        copy_messages(arena, field, &list->v, list->n);
        break;
    }
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        copy_typed_map(arena, field, to);
        break;
    case HULL_FD:
        *(int *)from = -1;
        break;
    case HULL_STREAM:
        *(hull_any_pointer *)from = NULL;
        break;
    case HULL_BOOL:
    case HULL_INT:
    case HULL_DOUBLE:
    case HULL_OPT_BOOL:
    case HULL_OPT_INT:
        break;
    }
}

void hull_message_copy(struct hull_arena *arena, const struct hull_message *message, void *value,
                       void *ret_copy)
{
    memmove(ret_copy, value, message->size);
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        copy_field(arena, field, hull_member(field, value), hull_member(field, ret_copy));
    }
}

/* --- releasing ------------------------------------------------------------------------------- */

/* The messages inside VALUE, as lists: an array of them, which may be ONE, and their number. */
static struct hull_list *inner_lists(const struct hull_field *field, void *value,
                                     struct hull_list *one, size_t *ret_n)
{
    const struct hull_msgmap *map = value;
    *one = (struct hull_list){1, value};
    *ret_n = 1;
    switch ((int)field->type) {
    case HULL_MESSAGE_:
    case HULL_EMBED:
        return one;
    case HULL_POINTER:
        one->v = *(hull_any_pointer *)value;
        one->n = one->v != NULL;
        return one;
    case HULL_LIST:
        return value;
    case HULL_MSGMAP:
        *one = (struct hull_list){map->n, map->v};
        return one;
    case HULL_LISTMAP:
        *ret_n = map->n;
        return map->v;
    default:
        *ret_n = 0;
        return NULL;
    }
}

/* What is absent is not written to: VALUE may be a constant. */
static void release_field(const struct hull_field *field, void *value)
{
    if (field->flags & HULL_LENT)
        return;
    if (field->type == HULL_FD && !hull_field_empty(field, value)) {
        hull_fd_cleanup(value);
        *(int *)value = -1;
    }
    if (field->type == HULL_STREAM && !hull_field_empty(field, value) && hull_stream_close != NULL)
        *(hull_any_pointer *)value = hull_stream_close(*(hull_any_pointer *)value);
    struct hull_list one;
    size_t n;
    const struct hull_list *lists = inner_lists(field, value, &one, &n);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < lists[k].n; i++)
            hull_message_release(field->message, hull_element(field, lists[k].v, i));
    }
}

void hull_message_release(const struct hull_message *message, void *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        release_field(field, hull_member(field, value));
    }
}
