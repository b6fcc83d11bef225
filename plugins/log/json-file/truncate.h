/*
 * truncate.h: emptying a log while its shim writes and while it is read.
 *
 * The shim appends, so that what it writes after the truncation is at the beginning of the file;
 * a line that it was in the middle of is cut, and left out by readers. A reader of this daemon is
 * kept from reading in the meantime (workers read, so a flag alone would not do), and begins
 * again with what comes after.
 */
#ifndef HULL_JSON_FILE_TRUNCATE_H
#define HULL_JSON_FILE_TRUNCATE_H

#include "reader.h"

/* READER exists from here on, to truncate_forget(). */
void truncate_know(struct reader *reader);
void truncate_forget(struct reader *reader);
/* A worker is about to read for READER: not while its log is truncated. Yields. */
int truncate_shut_out(struct hull_call *call, struct reader *reader) HULL_CHECKED;
/* It has read. */
void truncate_let_in(struct reader *reader);

/* Empty the log PATH, and remove its rotated files. Yields. */
int truncate_log(struct hull_call *call, const char *path) HULL_CHECKED;

#endif
