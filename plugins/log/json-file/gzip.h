/*
 * gzip.h: what file.c needs of zlib. Built without it, nothing is compressed and a compressed file
 * (of another build) can't be opened.
 */
#ifndef HULL_JSON_FILE_GZIP_H
#define HULL_JSON_FILE_GZIP_H

#include <stdint.h>
#include <sys/types.h>

/* The inode that the head of the compressed file FD names, 0 without. Worker-safe. */
uint64_t log_gzip_inode(int fd);
/* A reader of FD, which it takes when it is made; or NULL with errno. Worker-safe. */
void *log_gzip_open(int fd);
/* Up to SIZE bytes, 0 at the end, or a negative errno. Worker-safe. */
ssize_t log_gzip_read(void *gz, void *buffer, size_t size);
/* Go to OFFSET of the uncompressed bytes: 0 or a negative errno. Worker-safe. */
int log_gzip_seek(void *gz, off_t offset);
void log_gzip_close(void *gz);

#endif
