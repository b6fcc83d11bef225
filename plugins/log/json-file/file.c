/*
 * file.c: opening, reading and searching one file of a log.
 */
#include "file.h"

#include "gzip.h"
#include "plain.h"

#include <hull/error.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4352
#define TAIL_SIZE 16384
#define GAP_MAX (64 << 20)

void log_file_name(char *buffer, size_t size, const char *path, size_t number, bool compressed)
{
    if (number == 0)
        snprintf(buffer, size, "%s", path);
    else
        snprintf(buffer, size, "%s.%zu%s", path, number, compressed ? ".gz" : "");
}

/* A descriptor or a negative errno. */
static int open_name(const char *path, size_t number, bool compressed)
{
    char name[PATH_SIZE];

    log_file_name(name, sizeof(name), path, number, compressed);
    return plain_open(AT_FDCWD, name, O_RDONLY, 0);
}

static int open_compressed(struct log_file *file, const char *path, size_t number)
{
    HULL_AUTO_FD fd = open_name(path, number, true);

    if (fd < 0)
        return fd;
    file->inode = log_gzip_inode(fd);
    file->gz = log_gzip_open(fd);
    if (!file->gz)
        return -errno;
    file->fd = HULL_TAKE_FD(fd);
    return 0;
}

int log_file_open(struct log_file *file, const char *path, size_t number)
{
    struct stat st;

    *file = (struct log_file){.fd = open_name(path, number, false)};
    if (file->fd == -ENOENT && number > 0)
        return open_compressed(file, path, number);
    if (file->fd < 0)
        return file->fd;
    if (fstat(file->fd, &st) < 0) {
        int err = errno;

        log_file_close(file);
        return -err;
    }
    file->inode = st.st_ino;
    return 0;
}

/*
 * Holes hold no lines: a file that is damaged may have very large ones. The size is asked for
 * first: what is written meanwhile is behind it.
 */
static void skip_hole(struct log_file *file)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0 || st.st_size <= file->offset)
        return;
    off_t data = lseek(file->fd, file->offset, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        data = st.st_size;
    if (data > file->offset)
        file->offset = data;
}

ssize_t log_file_read(struct log_file *file, void *buffer, size_t size)
{
    ssize_t got;

    if (file->gz) {
        got = log_gzip_read(file->gz, buffer, size);
    } else {
        skip_hole(file);
        do
            got = pread(file->fd, buffer, size, file->offset);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            got = -errno;
    }
    if (got > 0)
        file->offset += got;
    return got;
}

int log_file_seek(struct log_file *file, off_t offset)
{
    int rc = file->gz ? log_gzip_seek(file->gz, offset) : 0;

    if (rc == 0)
        file->offset = offset;
    return rc;
}

/* The size, and how many lines, the last of which may have no newline. */
static int count_lines(struct log_file *file, off_t *ret_size, int64_t *ret_lines)
{
    char buffer[TAIL_SIZE];
    ssize_t got;
    bool open_line = false;

    *ret_lines = 0;
    while ((got = log_file_read(file, buffer, sizeof(buffer))) > 0) {
        const char *at = buffer, *end = buffer + got;

        while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            ++*ret_lines;
            at++;
        }
        open_line = buffer[got - 1] != '\n';
    }
    *ret_size = file->offset;
    *ret_lines += open_line;
    return (int)got;
}

/* Behind the first LINES lines. */
static int skip_lines(struct log_file *file, int64_t lines)
{
    char buffer[TAIL_SIZE];
    ssize_t got = 0;
    int rc = log_file_seek(file, 0);

    while (rc == 0 && lines > 0 && (got = log_file_read(file, buffer, sizeof(buffer))) > 0) {
        const char *at = buffer, *end = buffer + got;

        while (lines > 0 && at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            lines--;
            at++;
        }
        if (lines == 0)
            rc = log_file_seek(file, file->offset - got + (at - buffer));
    }
    return rc < 0 ? rc : got < 0 ? (int)got : 0;
}

/* What is compressed can't be read backwards: its lines are counted first. */
static int compressed_tail(struct log_file *file, int64_t *wanted)
{
    off_t size;
    int64_t lines, skip;
    int rc = count_lines(file, &size, &lines);

    if (rc < 0)
        return rc;
    skip = lines > *wanted ? lines - *wanted : 0;
    *wanted -= lines - skip;
    return skip_lines(file, skip);
}

/* Where nothing is a line for GAP_MAX the file is damaged, and the search ends there. */
static off_t plain_tail(int fd, int64_t *wanted)
{
    char buffer[TAIL_SIZE];
    off_t at = lseek(fd, 0, SEEK_END), end = at, last = at;

    while (at > 0) {
        size_t size = at < (off_t)sizeof(buffer) ? (size_t)at : sizeof(buffer);

        at -= (off_t)size;
        if (pread(fd, buffer, size, at) != (ssize_t)size)
            return 0;
        if (last - at > GAP_MAX) {
            *wanted = 0;
            return at;
        }
        for (size_t i = size; i-- > 0;) {
            if (buffer[i] != '\n')
                continue;
            last = at + (off_t)i;
            if (last + 1 == end)
                continue;
            if (--*wanted == 0)
                return at + (off_t)i + 1;
        }
    }
    if (end > 0)
        --*wanted;
    return 0;
}

int log_file_tail(struct log_file *file, int64_t *wanted)
{
    return file->gz ? compressed_tail(file, wanted)
                    : log_file_seek(file, plain_tail(file->fd, wanted));
}

void log_file_close(struct log_file *file)
{
    if (file->gz)
        log_gzip_close(file->gz);
    else if (file->fd >= 0)
        close(file->fd);
    *file = (struct log_file){.fd = -1};
}

int log_folder_lock(const char *path, bool shared)
{
    char folder[PATH_SIZE];
    HULL_AUTO_FD fd = -1;
    int rc;

    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    do
        rc = flock(fd, shared ? LOCK_SH : LOCK_EX);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? -errno : HULL_TAKE_FD(fd);
}
