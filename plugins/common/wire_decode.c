/*
 * The decoder of wire.h. What it reads may be hostile: each length and count is checked
 * against the bytes that are left before it is used, and the memory that a message takes is
 * bounded by its size.
 */
#include "wire.h"

#include <endian.h>
#include <string.h>

#include "wire_int.h"

/* A list of 4-byte empty messages makes large structs: so much memory per byte, no more. */
#define MEMORY_BASE ((size_t)1 << 20)
#define MEMORY_PER_BYTE 64

struct decoder {
    struct hull_arena *arena;
    const unsigned char *at;
    size_t left;
    size_t memory; /* that may still be taken */
    const int *fds;
    size_t fd_count;
    bool *fd_used;
    struct hull_problem *problem;
    const char *field; /* for the error */
    unsigned depth;
};

static int bad(struct decoder *d, const char *what)
{
    hull_problem_set(d->problem, HULL_INVALID, "bad encoded message: %s: %s", d->field, what);
    return -HULL_INVALID;
}

static int get_bytes(struct decoder *d, void *to, size_t size)
{
    memset(to, 0, size);
    if (size > d->left)
        return bad(d, "cut off");
    memcpy(to, d->at, size);
    d->at += size;
    d->left -= size;
    return 0;
}

static int get_u32(struct decoder *d, uint32_t *ret)
{
    int rc = get_bytes(d, ret, sizeof(*ret));
    *ret = rc == 0 ? le32toh(*ret) : 0;
    return rc;
}

static int get_u64(struct decoder *d, uint64_t *ret)
{
    int rc = get_bytes(d, ret, sizeof(*ret));
    *ret = rc == 0 ? le64toh(*ret) : 0;
    return rc;
}

static int get_bool(struct decoder *d, bool *ret)
{
    unsigned char byte;
    int rc = get_bytes(d, &byte, 1);
    if (rc == 0 && byte > 1)
        rc = bad(d, "no boolean");
    *ret = rc == 0 && byte == 1;
    return rc;
}

/* SIZE bytes of the budget; NULL with the problem set when it is used up. */
static void *take(struct decoder *d, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > d->memory) {
        hull_problem_set(d->problem, HULL_TOO_LARGE, "encoded message: %s: too large", d->field);
        return NULL;
    }
    d->memory -= bytes;
    return hull_arena_alloc(d->arena, bytes);
}

static int get_string(struct decoder *d, const char **ret)
{
    uint32_t length;
    *ret = NULL;
    int rc = get_u32(d, &length);
    if (rc < 0 || length == WIRE_NULL)
        return rc;
    if (length > d->left)
        return bad(d, "cut off");
    if (memchr(d->at, '\0', length) != NULL)
        return bad(d, "NUL in a string");
    char *copy = take(d, (size_t)length + 1, 1);
    if (copy == NULL)
        return -HULL_TOO_LARGE;
    *ret = copy;
    return get_bytes(d, copy, length);
}

/* A count of elements that take at least LEAST bytes each, and an array for them. */
static int get_array(struct decoder *d, size_t least, size_t size, size_t *ret_n, void **ret_v)
{
    uint32_t count;
    *ret_n = 0;
    *ret_v = NULL;
    int rc = get_u32(d, &count);
    if (rc < 0)
        return rc;
    if (count > d->left / least)
        return bad(d, "cut off");
    if (count == 0)
        return 0;
    *ret_v = take(d, count, size);
    if (*ret_v == NULL)
        return -HULL_TOO_LARGE;
    *ret_n = count;
    return 0;
}

static int get_strings(struct decoder *d, struct hull_strv *ret)
{
    void *v;
    int rc = get_array(d, sizeof(uint32_t), sizeof(*ret->v), &ret->n, &v);
    ret->v = v;
    for (size_t i = 0; i < ret->n && rc == 0; i++)
        rc = get_string(d, &ret->v[i]);
    return rc;
}

static int get_ints(struct decoder *d, struct hull_ints *ret)
{
    void *v;
    int rc = get_array(d, sizeof(int64_t), sizeof(*ret->v), &ret->n, &v);
    ret->v = v;
    for (size_t i = 0; i < ret->n && rc == 0; i++)
        rc = get_u64(d, (uint64_t *)&ret->v[i]);
    return rc;
}

static int get_pairs(struct decoder *d, struct hull_map *ret)
{
    void *v;
    int rc = get_array(d, 2 * sizeof(uint32_t), sizeof(*ret->v), &ret->n, &v);
    ret->v = v;
    for (size_t i = 0; i < ret->n && rc == 0; i++) {
        rc = get_string(d, &ret->v[i].key);
        if (rc == 0)
            rc = get_string(d, &ret->v[i].value);
    }
    return rc;
}

static int get_body(struct decoder *d, const struct hull_message *message, void *ret);

static int get_list(struct decoder *d, const struct hull_field *field, struct hull_list *ret)
{
    int rc = get_array(d, sizeof(uint32_t), field->message->size, &ret->n, &ret->v);
    /* Also what is not reached after an error has to be a valid value. */
    for (size_t i = 0; i < ret->n; i++)
        hull_message_init(field->message, hull_element(field, ret->v, i));
    for (size_t i = 0; i < ret->n && rc == 0; i++)
        rc = get_body(d, field->message, hull_element(field, ret->v, i));
    return rc;
}

static int get_map_value(struct decoder *d, const struct hull_field *field, void *v, size_t i)
{
    switch ((int)field->type) {
    case HULL_MSGMAP:
        return get_body(d, field->message, hull_element(field, v, i));
    case HULL_LISTMAP:
        return get_list(d, field, (struct hull_list *)v + i);
    default:
        return get_strings(d, (struct hull_strv *)v + i);
    }
}

static int get_map(struct decoder *d, const struct hull_field *field, struct hull_msgmap *ret)
{
    size_t size = field->type == HULL_MSGMAP ? field->message->size : sizeof(struct hull_list);
    int rc = get_array(d, 2 * sizeof(uint32_t), size, &ret->n, &ret->v);
    if (rc < 0 || ret->n == 0)
        return rc;
    for (size_t i = 0; i < ret->n && field->type == HULL_MSGMAP; i++)
        hull_message_init(field->message, hull_element(field, ret->v, i));
    ret->keys = take(d, ret->n, sizeof(*ret->keys));
    if (ret->keys == NULL) {
        ret->n = 0;
        return -HULL_TOO_LARGE;
    }
    for (size_t i = 0; i < ret->n && rc == 0; i++) {
        rc = get_string(d, &ret->keys[i]);
        if (rc == 0)
            rc = get_map_value(d, field, ret->v, i);
    }
    return rc;
}

static int get_fd(struct decoder *d, int *ret)
{
    uint32_t index;
    int rc = get_u32(d, &index);
    if (rc < 0)
        return rc;
    if (index >= d->fd_count || d->fd_used[index])
        return bad(d, "no such descriptor");
    d->fd_used[index] = true;
    *ret = d->fds[index];
    return 0;
}

static int get_pointer(struct decoder *d, const struct hull_field *field, hull_any_pointer *ret)
{
    void *inner = take(d, 1, field->message->size);
    if (inner == NULL)
        return -HULL_TOO_LARGE;
    *ret = inner;
    return get_body(d, field->message, inner);
}

static int get_value(struct decoder *d, const struct hull_field *field, void *ret)
{
    uint64_t bits;
    int rc;
    switch (field->type) {
    case HULL_BOOL:
        return get_bool(d, ret);
    case HULL_OPT_BOOL:
        ((struct hull_opt_bool *)ret)->set = true;
        return get_bool(d, &((struct hull_opt_bool *)ret)->value);
    case HULL_INT:
    case HULL_DOUBLE:
        rc = get_u64(d, &bits);
        memcpy(ret, &bits, sizeof(bits));
        return rc;
    case HULL_OPT_INT:
        ((struct hull_opt_int *)ret)->set = true;
        return get_u64(d, (uint64_t *)&((struct hull_opt_int *)ret)->value);
    case HULL_STRING:
    case HULL_JSON:
        return get_string(d, ret);
    case HULL_STRV:
    case HULL_SET:
        return get_strings(d, ret);
    case HULL_INTS:
        return get_ints(d, ret);
    case HULL_MAP:
        return get_pairs(d, ret);
    case HULL_MESSAGE_:
    case HULL_EMBED:
        return get_body(d, field->message, ret);
    case HULL_POINTER:
        return get_pointer(d, field, ret);
    case HULL_LIST:
        return get_list(d, field, ret);
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        return get_map(d, field, ret);
    case HULL_FD:
        return get_fd(d, ret);
    case HULL_STREAM:
        return bad(d, "a stream");
    }
    hull_bug(__FILE__, __LINE__, "field of an unknown type");
}

static int get_body(struct decoder *d, const struct hull_message *message, void *ret)
{
    uint32_t count, index, next = 0;
    hull_message_init(message, ret);
    d->field = message->name;
    if (++d->depth > WIRE_DEPTH)
        return bad(d, "nested too deep");
    int rc = get_u32(d, &count);
    while (rc == 0 && count-- > 0) {
        rc = get_u32(d, &index);
        if (rc < 0)
            break;
        /* Rising indices: no field comes twice, so nothing that was decoded is lost. */
        if (index < next || index >= message->count)
            return bad(d, "no such field");
        next = index + 1;
        const struct hull_field *field = &message->fields[index];
        d->field = field->name;
        rc = get_value(d, field, hull_member(field, ret));
    }
    d->depth--;
    return rc;
}

static int get_head(struct decoder *d, const struct hull_message *message)
{
    uint32_t magic, length, count;
    const char *name;
    size_t size = d->left;
    int rc = get_u32(d, &magic);
    if (rc == 0)
        rc = get_u32(d, &length);
    if (rc < 0)
        return rc;
    if (magic != WIRE_MAGIC || length != size)
        return bad(d, "no message, or not all of it");
    rc = get_string(d, &name);
    if (rc == 0)
        rc = get_u32(d, &count);
    if (rc < 0)
        return rc;
    if (!hull_streq(name, message->name) || count != message->count)
        return bad(d, "another message, or of another version");
    return 0;
}

int wire_decode(struct hull_arena *arena, const struct hull_message *message, const void *data,
                size_t size, const int *fds, size_t fd_count, void *ret_value,
                struct hull_problem *problem)
{
    struct decoder d = {.arena = arena,
                        .at = data,
                        .left = size,
                        .fds = fds,
                        .fd_count = fd_count,
                        .problem = problem,
                        .field = message->name};
    if (__builtin_mul_overflow(size, (size_t)MEMORY_PER_BYTE, &d.memory) ||
        __builtin_add_overflow(d.memory, MEMORY_BASE, &d.memory))
        d.memory = SIZE_MAX / 8;
    d.fd_used = fd_count > 0 ? hull_arena_array(arena, fd_count, sizeof(bool)) : NULL;
    hull_message_init(message, ret_value);
    int rc = get_head(&d, message);
    if (rc == 0)
        rc = get_body(&d, message, ret_value);
    if (rc == 0 && d.left > 0)
        rc = bad(&d, "bytes left over");
    if (rc < 0)
        hull_message_init(message, ret_value);
    return rc;
}
