/*
 * What the files on messages share.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include <hull/arena.h>
#include <hull/message.h>

/* A pointer in a message, of whatever type. */
typedef void *HULL_MAY_ALIAS any_pointer;

/* The member of FIELD in the struct at VALUE. */
static inline void *member(const struct hull_field *field, void *value)
{
    return (char *)value + field->offset;
}
static inline const void *const_member(const struct hull_field *field, const void *value)
{
    return (const char *)value + field->offset;
}

/* The elements behind a typed list or map, by number. */
static inline void *element(const struct hull_field *field, void *v, size_t i)
{
    return (char *)v + i * field->message->size;
}
static inline const void *const_element(const struct hull_field *field, const void *v, size_t i)
{
    return (const char *)v + i * field->message->size;
}

/* True when a value of MESSAGE can hold a descriptor, not looking behind pointers and lists. */
bool message_has_fd(const struct hull_message *message);

#endif
