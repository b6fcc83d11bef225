/*
 * plain.h: opening the daemon's own files, whatever somebody put in their places.
 *
 * A file that the daemon or a shim keeps is a regular file. Where a backup, a mistake or an
 * attacker left something else, opening it must neither wait (a FIFO without a writer), nor have
 * effects (a device), nor lead elsewhere (a link).
 */
#ifndef HULL_COMMON_PLAIN_H
#define HULL_COMMON_PLAIN_H

#include <sys/types.h>

#include <hull/base.h>

/*
 * openat(2) of a regular file: its descriptor, or a negative errno, which is -EINVAL for all that
 * is none. FLAGS gets O_NOFOLLOW, O_NONBLOCK, O_NOCTTY and O_CLOEXEC. Worker-safe, never waits for
 * anybody but the disk.
 */
HULL_CHECKED int plain_open(int dir_fd, const char *name, int flags, mode_t mode);

/*
 * The same for writing it anew: the file is empty. What is no regular file is removed first, unless
 * it is a folder, which may hold something: -EINVAL.
 */
HULL_CHECKED int plain_create(int dir_fd, const char *name, mode_t mode);

/* What ERR (positive) of the functions above means, in words. */
const char *plain_why(int err);

#endif
