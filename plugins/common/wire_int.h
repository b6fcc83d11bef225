/*
 * The layout of an encoded message, for both directions.
 *
 *     u32 magic, u32 length of all, string name, u32 number of fields in the table, body
 *
 *     body    u32 number of fields present, then for each u32 index in the table, value
 *     string  u32 length, bytes; the length WIRE_NULL stands for NULL
 *     list    u32 count, elements; a map has a string before each element
 */
#ifndef HULL_COMMON_WIRE_INT_H
#define HULL_COMMON_WIRE_INT_H

#define WIRE_MAGIC 0x31776c68u /* "hlw1" */
#define WIRE_NULL UINT32_MAX
/* Messages inside messages, on both ends. */
#define WIRE_DEPTH 64

#endif
