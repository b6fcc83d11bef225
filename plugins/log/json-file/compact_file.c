/*
 * compact_file.c: one rotated file is replaced by its compressed form. It is made beside it under
 * a name that nobody reads; whatever dies in between, the uncompressed file is there until the
 * compressed one is complete on the disk. Both at once is a state that readers know: the
 * uncompressed one counts.
 */
#include "compact.h"

#include "failpoint.h"
#include "file.h"
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 4352

static void part_name(char *buffer, size_t size, const char *path)
{
    snprintf(buffer, size, "%s.gz.part", path);
}

static int open_plain(const char *path, size_t number, struct stat *ret_st)
{
    char name[NAME_SIZE];
    HULL_AUTO_FD fd = -1;

    log_file_name(name, sizeof(name), path, number, false);
    fd = plain_open(AT_FDCWD, name, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    if (fstat(fd, ret_st) < 0)
        return -errno;
    return HULL_TAKE_FD(fd);
}

/* The oldest file that is rotated and not compressed, or -ENOENT. */
static int open_oldest(const char *path, struct stat *ret_st)
{
    for (size_t number = LOG_FILES_MAX - 1; number > 0; number--) {
        int fd = open_plain(path, number, ret_st);

        if (fd != -ENOENT)
            return fd;
    }
    return -ENOENT;
}

/* Where the file at INODE is by now, 0 when it is no more. */
static size_t find_number(const char *path, ino_t inode)
{
    for (size_t number = 1; number < LOG_FILES_MAX; number++) {
        char name[NAME_SIZE];
        struct stat st;

        log_file_name(name, sizeof(name), path, number, false);
        if (lstat(name, &st) == 0 && st.st_ino == inode)
            return number;
    }
    return 0;
}

/* The complete file PART takes the place of the one at INODE. */
static int publish(const char *path, ino_t inode, const char *part)
{
    HULL_AUTO_FD lock = log_folder_lock(path, false);
    char plain[NAME_SIZE], compressed[NAME_SIZE];
    size_t number;

    if (lock < 0)
        return lock;
    number = find_number(path, inode);
    if (number == 0) /* rotated out, or truncated */
        return 0;
    log_file_name(plain, sizeof(plain), path, number, false);
    log_file_name(compressed, sizeof(compressed), path, number, true);
    FAILPOINT(log_compress_before);
    if (rename(part, compressed) < 0)
        return -errno;
    FAILPOINT(log_compress_after);
    return unlink(plain) < 0 ? -errno : 0;
}

int compact_one(const char *path, const struct log_stop *stop)
{
    char part[NAME_SIZE];
    HULL_AUTO_FD source = -1;
    HULL_AUTO_FD target = -1;
    struct stat st = {0};
    int rc;

    part_name(part, sizeof(part), path);
    if (unlink(part) < 0 && errno != ENOENT)
        return -errno;
    source = open_oldest(path, &st);
    if (source < 0)
        return source == -ENOENT ? 0 : source;
    target = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st.st_mode & 0777);
    if (target < 0)
        return -errno;
    rc = log_compress(source, st.st_ino, target, stop);
    if (rc == 0 && fdatasync(target) < 0)
        rc = -errno;
    if (rc == 0)
        rc = publish(path, st.st_ino, part);
    if (unlink(part) < 0 && errno != ENOENT && rc == 0)
        rc = -errno;
    return rc < 0 ? rc : 1;
}
