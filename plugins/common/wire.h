/*
 * wire.h: the binary form of a message: for helpers and for plugins in
 * other processes.
 *
 * Little-endian, self-delimiting: a 32-bit magic, a 32-bit total length, then
 * per present field its 32-bit index in the table and its value; strings and
 * lists carry a 32-bit count. Descriptors are written as their index in the
 * array that travels beside the bytes. Both ends are built from one table; a
 * different table is found by the message's name and field count in the head.
 * These functions need nothing but the arena and link into a program without
 * the core (CORE_STATIC).
 */
#ifndef HULL_COMMON_WIRE_H
#define HULL_COMMON_WIRE_H

#include <hull/arena.h>
#include <hull/error.h>
#include <hull/message.h>

/* The bytes of VALUE, taken from ARENA. The descriptors found are listed in RET_FDS (may be NULL
 * when the message has none); they stay the caller's. Streams are refused. Worker-safe. */
HULL_CHECKED int wire_encode(struct hull_arena *arena, const struct hull_message *message,
                             const void *value, void **ret_data, size_t *ret_size,
                             struct hull_ints *ret_fds, struct hull_problem *problem);
/* The reverse: every length is checked against SIZE before it is used. Worker-safe. */
HULL_CHECKED int wire_decode(struct hull_arena *arena, const struct hull_message *message,
                             const void *data, size_t size, const int *fds, size_t fd_count,
                             void *ret_value, struct hull_problem *problem);

#endif
