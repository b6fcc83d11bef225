/*
 * file.h: one file of a log, as the shim wrote it or compressed since (FILE.2.gz), read alike.
 *
 * The shim renames the files of a log (FILE.1 to FILE.2 …), the daemon replaces a rotated file by
 * its compressed form, and readers open what is there. Whoever changes names, or wants to see
 * them all at one moment, holds the lock of the log's folder: an flock, which goes with the
 * process. The shim only tries for it and rotates a line later when it does not get it, so that
 * no container waits for the daemon.
 */
#ifndef HULL_JSON_FILE_FILE_H
#define HULL_JSON_FILE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Files of one log at most: the newest and its rotated ones. */
#define LOG_FILES_MAX 64

struct log_file {
    int fd;         /* -1: none */
    void *gz;       /* the decompressor, or NULL: the file is as it was written */
    uint64_t inode; /* of the file that the shim wrote; the head of a compressed one says it */
    off_t offset;   /* behind what was read, in uncompressed bytes */
};

/* The name of file NUMBER (0: the newest) of the log PATH in BUFFER. */
void log_file_name(char *buffer, size_t size, const char *path, size_t number, bool compressed);
/* Open file NUMBER, plain or compressed: 0, -ENOENT or another errno. Worker-safe. */
int log_file_open(struct log_file *file, const char *path, size_t number);
/* Up to SIZE bytes, 0 at the end, or a negative errno. Worker-safe. */
ssize_t log_file_read(struct log_file *file, void *buffer, size_t size);
/* Go to OFFSET: 0 or a negative errno. Worker-safe. */
int log_file_seek(struct log_file *file, off_t offset);
/* Go behind the newline that comes before the last *WANTED lines; *WANTED becomes what is missing:
 * 0 or a negative errno. Worker-safe. */
int log_file_tail(struct log_file *file, int64_t *wanted);
void log_file_close(struct log_file *file);

/* Lock the folder of the log PATH: a descriptor that holds the lock until it is closed, or a
 * negative errno. SHARED: only against changes. Worker-safe. */
int log_folder_lock(const char *path, bool shared);

/* Why a worker gives up: either becomes true. */
struct log_stop {
    const volatile bool *canceled, *removed;
};
/*
 * Compress SOURCE, which is at INODE, into TARGET, until STOP (-ECANCELED): 0 or a negative errno;
 * -ENOTSUP when hull was built without zlib. Worker-safe.
 */
int log_compress(int source, uint64_t inode, int target, const struct log_stop *stop);
bool log_can_compress(void);

#endif
