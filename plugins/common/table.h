/*
 * table.h: text in columns, aligned as docker's tables are: each column is as wide as its widest
 * cell and three blanks, ten at least, and the last is not padded.
 */
#ifndef HULL_COMMON_TABLE_H
#define HULL_COMMON_TABLE_H

#include <hull/arena.h>

/*
 * Append TEXT, whose lines have cells that end with tabs, to OUT. A column is a run of lines that
 * have a cell at that place; widths count characters of UTF-8. Worker-safe.
 */
void table_align(struct hull_text *out, const char *text, size_t min_width, size_t padding);

#endif
