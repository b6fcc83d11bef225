/*
 * hull/message.h: messages, and the tables that describe them.
 *
 * A message is a C struct together with a table of its fields. Both are made
 * from one list, so that they can't disagree:
 *
 *     #define PORT_BINDING_FIELDS(F, T)                                        \
 *         F(T, STRING, _, host_ip, "HostIp", 0, "Address of the host")         \
 *         F(T, STRING, _, host_port, "HostPort", 0, "Port of the host")
 *     HULL_MESSAGE(port_binding, PORT_BINDING_FIELDS)
 *
 * gives struct port_binding { const char *host_ip; const char *host_port; }
 * and port_binding_message. A row is
 *
 *     F(T, TYPE, SUB, member, "WireName", flags, "help")
 *
 * where SUB names the message inside for MESSAGE, EMBED, POINTER, LIST,
 * MSGMAP and LISTMAP, and is _ for the other types. From the table come JSON
 * and its error messages, command line flags, traces, fuzzing, the binary form
 * (plugins/common/wire.h) and the documentation.
 *
 * A message holds values, never a pointer into somebody else's data: any call
 * could cross into another process.
 */
#ifndef HULL_MESSAGE_H
#define HULL_MESSAGE_H

#include <hull/base.h>

/* TYPE         C member                                   JSON                        */
enum hull_type {
    HULL_BOOL,     /* bool                                   true                        */
    HULL_INT,      /* int64_t                                12                          */
    HULL_DOUBLE,   /* double                                 1.5                         */
    HULL_STRING,   /* const char *, NULL is absent           "text"                      */
    HULL_OPT_BOOL, /* struct hull_opt_bool                   true or null                */
    HULL_OPT_INT,  /* struct hull_opt_int                    12 or null                  */
    HULL_STRV,     /* struct hull_strv                       ["a", "b"]                  */
    HULL_INTS,     /* struct hull_ints                       [1, 2]                      */
    HULL_MAP,      /* struct hull_map                        {"k": "v"}                  */
    HULL_SET,      /* struct hull_strv                       {"a": {}, "b": {}}          */
    HULL_JSON,     /* const char *, valid JSON text          whatever it is              */
    HULL_MESSAGE_, /* struct SUB                             {…}                         */
    HULL_EMBED,    /* struct SUB                             its fields at this level    */
    HULL_POINTER,  /* struct SUB *, NULL is absent           {…} or null                 */
    HULL_LIST,     /* struct { size_t n; struct SUB *v; }    [{…}, …]                    */
    HULL_MSGMAP,   /* struct { n; const char **keys; struct SUB *v; }  {"k": {…}}        */
    HULL_LISTMAP,  /* struct { n; const char **keys; struct SUB_list *v; }  {"k": [{…}]} */
    HULL_STRVMAP,  /* struct { n; const char **keys; struct hull_strv *v; }  {"k": ["a"]} */
    HULL_FD,       /* int, a descriptor, -1 is absent; owned by the receiver of the message */
    HULL_STREAM,   /* struct hull_stream *, NULL is absent; owned by the receiver        */
};

/* Flags of a field. */
#define HULL_REQUIRED ((uint64_t)1 << 0) /* decoding fails when it is absent or empty */
#define HULL_OMIT ((uint64_t)1 << 1)     /* not written when zero or empty */
#define HULL_NULL ((uint64_t)1 << 2)     /* an empty string, list or map is written as null */
#define HULL_STR_OK ((uint64_t)1 << 3)   /* STRV: a lone string stands for a list of one */
#define HULL_SECRET ((uint64_t)1 << 4)   /* never shown in traces and logs */
#define HULL_PATH ((uint64_t)1 << 5)     /* HTTP: from {name} in the path of the route */
#define HULL_QUERY ((uint64_t)1 << 6)    /* HTTP: from the query */
#define HULL_HEADER ((uint64_t)1 << 7)   /* HTTP: from, or (in a reply) to, a header */
#define HULL_TOP ((uint64_t)1 << 8)      /* HTTP: the field is the whole body, not a member of it */
#define HULL_LENT ((uint64_t)1 << 9)     /* FD, STREAM: stays the sender's, who closes it */
/* At most N bytes of a string, elements of a list or map; the codecs' own limits otherwise. */
#define HULL_MAX(n) ((uint64_t)(n) << 32)
#define HULL_MAX_OF(flags) ((uint32_t)((flags) >> 32))

struct hull_field {
    enum hull_type type;
    uint32_t offset; /* of the member in the struct */
    uint64_t flags;
    const char *name;                   /* on the wire */
    const struct hull_message *message; /* SUB, or NULL */
    const char *help;
};

struct hull_message {
    const char *name;
    size_t size; /* of the struct */
    size_t count;
    const struct hull_field *fields;
};

/* The size of the member that a field of TYPE occupies. */
HULL_PUBLIC size_t hull_type_size(const struct hull_field *field);
/* The field named NAME on the wire, through EMBED too. Sets *ret_offset to its offset in the
 * outermost struct. NULL when there is none. */
HULL_PUBLIC const struct hull_field *hull_field_find(const struct hull_message *message,
                                                     const char *name, size_t *ret_offset);
/* A pointer in a message, of whatever type. */
typedef void *HULL_MAY_ALIAS hull_any_pointer;
/* The member that FIELD describes, in the struct at VALUE. */
static inline void *hull_member(const struct hull_field *field, const void *value)
{
    return (char *)value + field->offset;
}
/* Element I of the values V behind a typed list or map. */
static inline void *hull_element(const struct hull_field *field, const void *v, size_t i)
{
    return (char *)v + i * field->message->size;
}
/* True when the member at VALUE is zero or empty. */
HULL_PUBLIC bool hull_field_empty(const struct hull_field *field, const void *value);

/* Make VALUE empty: zero, and its descriptors absent, which is not zero. */
HULL_PUBLIC void hull_message_init(const struct hull_message *message, void *value);
/* A deep copy of VALUE into ARENA. Descriptors and streams are moved: absent in VALUE after. */
HULL_PUBLIC void hull_message_copy(struct hull_arena *arena, const struct hull_message *message,
                                   void *value, void *ret_copy);
/* Close the descriptors and streams in VALUE. */
HULL_PUBLIC void hull_message_release(const struct hull_message *message, void *value);

/* --- how the tables are made ------------------------------------------------------------- */

#define HULL_MEMBER_BOOL(sub, name) bool name;
#define HULL_MEMBER_INT(sub, name) int64_t name;
#define HULL_MEMBER_DOUBLE(sub, name) double name;
#define HULL_MEMBER_STRING(sub, name) const char *name;
#define HULL_MEMBER_OPT_BOOL(sub, name) struct hull_opt_bool name;
#define HULL_MEMBER_OPT_INT(sub, name) struct hull_opt_int name;
#define HULL_MEMBER_STRV(sub, name) struct hull_strv name;
#define HULL_MEMBER_INTS(sub, name) struct hull_ints name;
#define HULL_MEMBER_MAP(sub, name) struct hull_map name;
#define HULL_MEMBER_SET(sub, name) struct hull_strv name;
#define HULL_MEMBER_JSON(sub, name) const char *name;
#define HULL_MEMBER_MESSAGE(sub, name) struct sub name;
#define HULL_MEMBER_EMBED(sub, name) struct sub name;
#define HULL_MEMBER_POINTER(sub, name) struct sub *name;
#define HULL_MEMBER_LIST(sub, name) \
    struct {                        \
        size_t n;                   \
        struct sub *v;              \
    } name;
#define HULL_MEMBER_MSGMAP(sub, name) \
    struct {                          \
        size_t n;                     \
        const char **keys;            \
        struct sub *v;                \
    } name;
#define HULL_MEMBER_LISTMAP(sub, name) \
    struct {                           \
        size_t n;                      \
        const char **keys;             \
        struct sub##_list *v;          \
    } name;
#define HULL_MEMBER_STRVMAP(sub, name) \
    struct {                           \
        size_t n;                      \
        const char **keys;             \
        struct hull_strv *v;           \
    } name;
#define HULL_MEMBER_FD(sub, name) int name;
#define HULL_MEMBER_STREAM(sub, name) struct hull_stream *name;
#define HULL_MEMBER(T, type, sub, name, wire, flags, help) HULL_MEMBER_##type(sub, name)

#define HULL_ROW_(T, kind, sub, name, wire, flags, help) \
    {kind, offsetof(struct T, name), flags, wire, sub, help},
#define HULL_ROW_BOOL(T, s, n, w, f, h) HULL_ROW_(T, HULL_BOOL, NULL, n, w, f, h)
#define HULL_ROW_INT(T, s, n, w, f, h) HULL_ROW_(T, HULL_INT, NULL, n, w, f, h)
#define HULL_ROW_DOUBLE(T, s, n, w, f, h) HULL_ROW_(T, HULL_DOUBLE, NULL, n, w, f, h)
#define HULL_ROW_STRING(T, s, n, w, f, h) HULL_ROW_(T, HULL_STRING, NULL, n, w, f, h)
#define HULL_ROW_OPT_BOOL(T, s, n, w, f, h) HULL_ROW_(T, HULL_OPT_BOOL, NULL, n, w, f, h)
#define HULL_ROW_OPT_INT(T, s, n, w, f, h) HULL_ROW_(T, HULL_OPT_INT, NULL, n, w, f, h)
#define HULL_ROW_STRV(T, s, n, w, f, h) HULL_ROW_(T, HULL_STRV, NULL, n, w, f, h)
#define HULL_ROW_INTS(T, s, n, w, f, h) HULL_ROW_(T, HULL_INTS, NULL, n, w, f, h)
#define HULL_ROW_MAP(T, s, n, w, f, h) HULL_ROW_(T, HULL_MAP, NULL, n, w, f, h)
#define HULL_ROW_SET(T, s, n, w, f, h) HULL_ROW_(T, HULL_SET, NULL, n, w, f, h)
#define HULL_ROW_JSON(T, s, n, w, f, h) HULL_ROW_(T, HULL_JSON, NULL, n, w, f, h)
#define HULL_ROW_MESSAGE(T, s, n, w, f, h) HULL_ROW_(T, HULL_MESSAGE_, &s##_message, n, w, f, h)
#define HULL_ROW_EMBED(T, s, n, w, f, h) HULL_ROW_(T, HULL_EMBED, &s##_message, n, w, f, h)
#define HULL_ROW_POINTER(T, s, n, w, f, h) HULL_ROW_(T, HULL_POINTER, &s##_message, n, w, f, h)
#define HULL_ROW_LIST(T, s, n, w, f, h) HULL_ROW_(T, HULL_LIST, &s##_message, n, w, f, h)
#define HULL_ROW_MSGMAP(T, s, n, w, f, h) HULL_ROW_(T, HULL_MSGMAP, &s##_message, n, w, f, h)
#define HULL_ROW_LISTMAP(T, s, n, w, f, h) HULL_ROW_(T, HULL_LISTMAP, &s##_message, n, w, f, h)
#define HULL_ROW_STRVMAP(T, s, n, w, f, h) HULL_ROW_(T, HULL_STRVMAP, NULL, n, w, f, h)
#define HULL_ROW_FD(T, s, n, w, f, h) HULL_ROW_(T, HULL_FD, NULL, n, w, f, h)
#define HULL_ROW_STREAM(T, s, n, w, f, h) HULL_ROW_(T, HULL_STREAM, NULL, n, w, f, h)
#define HULL_ROW(T, type, sub, name, wire, flags, help) \
    HULL_ROW_##type(T, sub, name, wire, flags, help)

#define HULL_MESSAGE_DECLARE(T, FIELDS) \
    struct T {                          \
        FIELDS(HULL_MEMBER, T)          \
    };                                  \
    struct T##_list {                   \
        size_t n;                       \
        struct T *v;                    \
    };                                  \
    HULL_PUBLIC extern const struct hull_message T##_message;

#define HULL_MESSAGE_DEFINE(T, FIELDS)                                                     \
    static const struct hull_field T##_fields[] = {FIELDS(HULL_ROW, T)};                   \
    const struct hull_message T##_message = {#T, sizeof(struct T), HULL_COUNT(T##_fields), \
                                             T##_fields};

/*
 * HULL_MESSAGE declares a message; in the one source file that defines HULL_DEFINE_TABLES
 * before it includes the header, the table is defined too. HULL_EMPTY_MESSAGE is a message
 * without fields.
 */
#ifdef HULL_DEFINE_TABLES
#define HULL_MESSAGE(T, FIELDS)     \
    HULL_MESSAGE_DECLARE(T, FIELDS) \
    HULL_MESSAGE_DEFINE(T, FIELDS)
#else
#define HULL_MESSAGE(T, FIELDS) HULL_MESSAGE_DECLARE(T, FIELDS)
#endif

#endif
