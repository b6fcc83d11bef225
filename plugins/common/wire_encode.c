#include "wire.h"

#include <endian.h>
#include <string.h>

#include "wire_int.h"

struct encoder {
    struct hull_text out;
    struct hull_ints *fds;
    struct hull_problem *problem;
    unsigned depth;
};

static void put_u32(struct encoder *e, size_t value)
{
    uint32_t little = htole32((uint32_t)value);
    hull_text_add(&e->out, (const char *)&little, sizeof(little));
}

static void put_u64(struct encoder *e, uint64_t value)
{
    value = htole64(value);
    hull_text_add(&e->out, (const char *)&value, sizeof(value));
}

static void put_string(struct encoder *e, const char *string)
{
    if (string == NULL) {
        put_u32(e, WIRE_NULL);
        return;
    }
    size_t length = strlen(string);
    put_u32(e, length);
    hull_text_add(&e->out, string, length);
}

static void put_strings(struct encoder *e, const struct hull_strv *list)
{
    put_u32(e, list->n);
    for (size_t i = 0; i < list->n; i++)
        put_string(e, list->v[i]);
}

static void put_bool(struct encoder *e, bool value)
{
    hull_text_add(&e->out, value ? "\1" : "\0", 1);
}

static int put_body(struct encoder *e, const struct hull_message *message, const void *value);

static int put_list(struct encoder *e, const struct hull_field *field, const struct hull_list *list)
{
    put_u32(e, list->n);
    int rc = 0;
    for (size_t i = 0; i < list->n && rc == 0; i++)
        rc = put_body(e, field->message, hull_element(field, list->v, i));
    return rc;
}

static int put_map(struct encoder *e, const struct hull_field *field, const struct hull_msgmap *map)
{
    put_u32(e, map->n);
    int rc = 0;
    for (size_t i = 0; i < map->n && rc == 0; i++) {
        put_string(e, map->keys[i]);
        if (field->type == HULL_MSGMAP)
            rc = put_body(e, field->message, hull_element(field, map->v, i));
        else if (field->type == HULL_LISTMAP)
            rc = put_list(e, field, (const struct hull_list *)map->v + i);
        else
            put_strings(e, (const struct hull_strv *)map->v + i);
    }
    return rc;
}

static int put_fd(struct encoder *e, const struct hull_field *field, int fd)
{
    if (e->fds == NULL)
        return hull_problem_set(e->problem, HULL_INTERNAL, "%s: no descriptor can be sent here",
                                field->name);
    put_u32(e, e->fds->n);
    struct hull_list *list = (struct hull_list *)(void *)e->fds;
    *(int64_t *)hull_list_add(e->out.arena, list, sizeof(int64_t)) = fd;
    return 0;
}

static void put_pairs(struct encoder *e, const struct hull_map *map)
{
    put_u32(e, map->n);
    for (size_t i = 0; i < map->n; i++) {
        put_string(e, map->v[i].key);
        put_string(e, map->v[i].value);
    }
}

static void put_ints(struct encoder *e, const struct hull_ints *ints)
{
    put_u32(e, ints->n);
    for (size_t i = 0; i < ints->n; i++)
        put_u64(e, (uint64_t)ints->v[i]);
}

static int put_value(struct encoder *e, const struct hull_field *field, const void *value)
{
    uint64_t bits;
    switch (field->type) {
    case HULL_BOOL:
        put_bool(e, *(const bool *)value);
        return 0;
    case HULL_OPT_BOOL:
        put_bool(e, ((const struct hull_opt_bool *)value)->value);
        return 0;
    case HULL_INT:
    case HULL_DOUBLE:
        memcpy(&bits, value, sizeof(bits));
        put_u64(e, bits);
        return 0;
    case HULL_OPT_INT:
        put_u64(e, (uint64_t)((const struct hull_opt_int *)value)->value);
        return 0;
    case HULL_STRING:
    case HULL_JSON:
        put_string(e, *(const hull_any_pointer *)value);
        return 0;
    case HULL_STRV:
    case HULL_SET:
        put_strings(e, value);
        return 0;
    case HULL_INTS:
        put_ints(e, value);
        return 0;
    case HULL_MAP:
        put_pairs(e, value);
        return 0;
    case HULL_MESSAGE_:
    case HULL_EMBED:
        return put_body(e, field->message, value);
    case HULL_POINTER:
        return put_body(e, field->message, *(const hull_any_pointer *)value);
    case HULL_LIST:
        return put_list(e, field, value);
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        return put_map(e, field, value);
    case HULL_FD:
        return put_fd(e, field, *(const int *)value);
    case HULL_STREAM:
        return hull_problem_set(e->problem, HULL_INTERNAL, "%s: a stream can't be encoded",
                                field->name);
    }
    hull_bug(__FILE__, __LINE__, "field of an unknown type");
}

/* Unlike hull_field_empty(), an empty string is there: only NULL is not. */
static bool present(const struct hull_field *field, const void *value)
{
    if (field->type == HULL_STRING || field->type == HULL_JSON)
        return *(const hull_any_pointer *)value != NULL;
    if (field->type == HULL_DOUBLE) {
        static const double zero;
        return memcmp(value, &zero, sizeof(zero)) != 0;
    }
    return !hull_field_empty(field, value);
}

/* A nested message that is empty but for NULLs and empty strings is walked for its strings. */
static bool any_present(const struct hull_field *field, const void *value)
{
    if (field->type != HULL_MESSAGE_ && field->type != HULL_EMBED)
        return present(field, value);
    for (size_t i = 0; i < field->message->count; i++) {
        const struct hull_field *inner = &field->message->fields[i];
        if (any_present(inner, hull_member(inner, value)))
            return true;
    }
    return false;
}

static int put_body(struct encoder *e, const struct hull_message *message, const void *value)
{
    if (++e->depth > WIRE_DEPTH)
        return hull_problem_set(e->problem, HULL_TOO_LARGE, "%s: messages are nested too deep",
                                message->name);
    size_t head = e->out.length, count = 0;
    put_u32(e, 0);
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        const void *at = hull_member(field, value);
        if (!any_present(field, at))
            continue;
        count++;
        put_u32(e, i);
        int rc = put_value(e, field, at);
        if (rc < 0)
            return rc;
    }
    uint32_t little = htole32((uint32_t)count);
    memcpy(e->out.data + head, &little, sizeof(little));
    e->depth--;
    return 0;
}

int wire_encode(struct hull_arena *arena, const struct hull_message *message, const void *value,
                void **ret_data, size_t *ret_size, struct hull_ints *ret_fds,
                struct hull_problem *problem)
{
    struct hull_ints fds = {};
    struct encoder e = {.out = HULL_TEXT(arena), .fds = ret_fds ? &fds : NULL, .problem = problem};
    put_u32(&e, WIRE_MAGIC);
    put_u32(&e, 0);
    put_string(&e, message->name);
    put_u32(&e, message->count);
    int rc = put_body(&e, message, value);
    if (rc < 0)
        return rc;
    if (e.out.length >= WIRE_NULL)
        return hull_problem_set(problem, HULL_TOO_LARGE, "%s: the message is too large",
                                message->name);
    uint32_t little = htole32((uint32_t)e.out.length);
    memcpy(e.out.data + sizeof(little), &little, sizeof(little));
    *ret_data = e.out.data;
    *ret_size = e.out.length;
    if (ret_fds != NULL)
        *ret_fds = fds;
    return 0;
}
