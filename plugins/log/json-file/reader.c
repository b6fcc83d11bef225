/*
 * reader.c: from files to frames. Files are held by descriptor, so that a rotation renames them
 * under us without harm; which is which is told by inode, which a compressed file keeps.
 */
#include "reader.h"

#include "timefmt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE ((size_t)128 * 1024)
#define LINE_MAX_SIZE ((size_t)1024 * 1024)
#define OUT_ENOUGH ((size_t)128 * 1024)
#define ATTRIBUTES_MAX 4096
#define POSITION_SIZE 80

/* --- output ----------------------------------------------------------------------------------- */

static void reserve(char **data, size_t *room, size_t wanted)
{
    if (wanted <= *room)
        return;
    *room = wanted + wanted / 2 + 4096;
    *data = realloc(*data, *room);
    HULL_ASSERT(*data);
}

static void put(struct reader *reader, const char *data, size_t size)
{
    if (size == 0)
        return;
    reserve(&reader->out, &reader->out_room, reader->out_size + size);
    memcpy(reader->out + reader->out_size, data, size);
    reader->out_size += size;
}

static void put_head(struct reader *reader, bool from_stderr, size_t length)
{
    const unsigned char head[8] = {
        from_stderr ? 2 : 1,
        0,
        0,
        0,
        (unsigned char)(length >> 24),
        (unsigned char)(length >> 16),
        (unsigned char)(length >> 8),
        (unsigned char)length,
    };

    if (reader->request.multiplexed)
        put(reader, (const char *)head, sizeof(head));
}

/* Where LINE ended in its file. */
static void put_line(struct reader *reader, const struct log_line *line, off_t end)
{
    char position[POSITION_SIZE];
    int position_length = 0;
    struct hull_arena *arena = reader->request.timestamps ? hull_arena_new() : NULL;
    const char *time = arena ? time_format_fixed(arena, line->time_ns) : "";
    size_t time_length = strlen(time) + (arena != NULL);
    size_t attributes = reader->request.details ? strlen(line->attributes) + 1 : 0;

    if (reader->request.positions)
        position_length = snprintf(position, sizeof(position), "%llu:%lld:%lld ",
                                   (unsigned long long)reader->in_inode, (long long)end,
                                   (long long)line->time_ns);
    put_head(reader, line->from_stderr,
             (size_t)position_length + time_length + attributes + line->length);
    put(reader, position, (size_t)position_length);
    if (arena) {
        put(reader, time, time_length - 1);
        put(reader, " ", 1);
    }
    if (attributes > 0) {
        put(reader, line->attributes, attributes - 1);
        put(reader, " ", 1);
    }
    put(reader, line->text, line->length);
    hull_arena_free(arena);
}

static void take_line(struct reader *reader, char *text, size_t length, off_t line_end)
{
    const struct log_read_request *request = &reader->request;
    char room[ATTRIBUTES_MAX];
    struct log_line line;

    /* What a host without power left unwritten, before what came next. */
    for (; length > 0 && *text == '\0'; length--)
        text++;
    if (!log_line_parse(text, length, room, sizeof(room), &line))
        return;
    if (request->until_ns.set && line.time_ns > request->until_ns.value) {
        reader->done = true;
        return;
    }
    if (request->since_ns.set && line.time_ns < request->since_ns.value)
        return;
    if (line.from_stderr ? request->stderr_ : request->stdout_)
        put_line(reader, &line, line_end);
}

/* --- input ------------------------------------------------------------------------------------ */

/* Take the whole lines out of the buffer. */
static void take_lines(struct reader *reader)
{
    char *at = reader->in, *end = reader->in + reader->in_size, *newline;
    off_t offset = 0; /* of END */

    if (reader->count > 0) {
        offset = reader->files[reader->count - 1].offset;
        reader->in_inode = reader->files[reader->count - 1].inode;
    }

    while (!reader->done && at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        if (!reader->in_overlong)
            take_line(reader, at, (size_t)(newline - at), offset - (end - newline - 1));
        reader->in_overlong = false;
        at = newline + 1;
    }
    reader->in_size = (size_t)(end - at);
    if (reader->in_size > 0) /* there is no buffer before the first file */
        memmove(reader->in, at, reader->in_size);
    if (reader->in_size > LINE_MAX_SIZE) {
        reader->in_size = 0;
        reader->in_overlong = true;
    }
}

/* Somebody else may have emptied the file, as copytruncate of logrotate does. */
static bool was_emptied(const struct log_file *file)
{
    struct stat st;

    return !file->gz && fstat(file->fd, &st) == 0 && st.st_size < file->offset;
}

static ssize_t read_more(struct reader *reader)
{
    struct log_file *file = &reader->files[reader->count - 1];
    ssize_t got;

    reserve(&reader->in, &reader->in_room, reader->in_size + READ_SIZE);
    got = log_file_read(file, reader->in + reader->in_size, READ_SIZE);
    if (got == 0 && was_emptied(file)) {
        file->offset = 0;
        reader->in_size = 0;
        got = log_file_read(file, reader->in, READ_SIZE);
    }
    if (got > 0)
        reader->in_size += (size_t)got;
    return got;
}

static void close_files(struct reader *reader, size_t from)
{
    while (reader->count > from)
        log_file_close(&reader->files[--reader->count]);
}

/*
 * Open the newest file, the one before it, … until KNOWN, which is left out. One number may be
 * missing: of a shim that was killed while it rotated.
 */
static size_t open_files(const struct reader *reader, const struct log_file *known,
                         struct log_file *files)
{
    size_t count = 0, missing = 0;

    for (size_t number = 0; count < LOG_FILES_MAX - 1 && missing < 2; number++) {
        struct log_file file;

        if (log_file_open(&file, reader->path, number) < 0) {
            missing++;
            continue;
        }
        if (known && file.inode == known->inode) {
            log_file_close(&file);
            break;
        }
        files[count++] = file;
    }
    return count;
}

/* The same, all at one moment: 0 or a negative errno. */
static int open_until(const struct reader *reader, const struct log_file *known,
                      struct log_file *files, size_t *ret_count)
{
    HULL_AUTO_FD lock = log_folder_lock(reader->path, true);

    *ret_count = 0;
    if (lock < 0)
        return lock == -ENOENT ? 0 : lock;
    *ret_count = open_files(reader, known, files);
    return 0;
}

/* At the end of the file being read: go to the next one: 1, 0 when there is none, or a negative
 * errno. */
static int next_file(struct reader *reader)
{
    struct log_file newer[LOG_FILES_MAX];
    size_t count;
    int rc;

    if (reader->count > 1) {
        close_files(reader, reader->count - 1);
        reader->in_size = 0; /* of a shim that was killed while it wrote */
        reader->in_overlong = false;
        return 1;
    }
    if (reader->count == 1 && !reader->request.follow)
        return 0;
    rc = open_until(reader, reader->count ? &reader->files[0] : NULL, newer, &count);
    if (rc < 0 || count == 0)
        return rc;
    /* What was written between our last look and the rotation comes first. */
    if (reader->count == 1)
        newer[count++] = reader->files[0];
    memcpy(reader->files, newer, count * sizeof(*newer));
    reader->count = count;
    return 1;
}

static int restart(struct reader *reader)
{
    close_files(reader, 0);
    reader->restart = false;
    reader->in_size = 0;
    reader->in_overlong = false;
    return open_until(reader, NULL, reader->files, &reader->count);
}

static bool is_canceled(const struct reader *reader)
{
    return reader->canceled && *reader->canceled;
}

int reader_fill(struct reader *reader)
{
    int rc = reader->restart ? restart(reader) : 0;

    reader->out_at = reader->out_size = 0;
    while (rc >= 0 && !reader->done && reader->out_size < OUT_ENOUGH && !is_canceled(reader)) {
        ssize_t got = reader->count > 0 ? read_more(reader) : 0;

        if (got < 0)
            return (int)got;
        take_lines(reader);
        if (got > 0)
            continue;
        rc = next_file(reader);
        if (rc == 0)
            break;
    }
    return rc < 0 ? rc : 0;
}

/* --- the beginning ---------------------------------------------------------------------------- */

static int seek_end(struct reader *reader)
{
    struct stat st;

    close_files(reader, 1);
    if (reader->count == 1 && fstat(reader->files[0].fd, &st) == 0)
        reader->files[0].offset = st.st_size;
    reader->done = !reader->request.follow;
    return 0;
}

static int seek_tail(struct reader *reader)
{
    int64_t wanted = reader->request.tail.value;
    size_t used = 0;
    int rc = 0;

    if (wanted <= 0)
        return seek_end(reader);
    while (rc == 0 && used < reader->count && wanted > 0)
        rc = log_file_tail(&reader->files[used++], &wanted);
    close_files(reader, used);
    return rc;
}

static bool read_at(struct log_file *file, char *data, size_t size, off_t offset)
{
    size_t used = 0;
    ssize_t got = log_file_seek(file, offset);

    while (got >= 0 && used < size && (got = log_file_read(file, data + used, size - used)) > 0)
        used += (size_t)got;
    return used == size;
}

/* True when the line of FILE that ends at OFFSET was written at TIME: inodes are used again. */
static bool line_was(struct log_file *file, off_t offset, int64_t time_ns)
{
    size_t size = offset < (off_t)LINE_MAX_SIZE ? (size_t)offset : LINE_MAX_SIZE;
    HULL_AUTO_FREE char *data = malloc(size + 1);
    char room[ATTRIBUTES_MAX];
    struct log_line line;
    char *start;

    HULL_ASSERT(data);
    if (size < 2 || !read_at(file, data, size, offset - (off_t)size) || data[size - 1] != '\n')
        return false;
    start = memrchr(data, '\n', size - 1);
    start = start ? start + 1 : data;
    return log_line_parse(start, (size_t)(data + size - 1 - start), room, sizeof(room), &line) &&
           line.time_ns == time_ns;
}

/* Go behind the position that a reader before us has reached. When its file was rotated out, all
 * that is left is behind it. */
static int seek_from(struct reader *reader)
{
    unsigned long long inode;
    long long offset, time_ns;
    int rc = 0;

    if (sscanf(reader->from, "%llu:%lld:%lld", &inode, &offset, &time_ns) != 3)
        return 0;
    for (size_t i = 0; rc == 0 && i < reader->count; i++) {
        struct log_file *file = &reader->files[i];

        if (file->inode != inode)
            continue;
        if (line_was(file, offset, time_ns)) {
            close_files(reader, i + 1);
            return log_file_seek(file, offset);
        }
        rc = log_file_seek(file, 0);
    }
    return rc;
}

int reader_open(struct reader *reader)
{
    int rc = open_until(reader, NULL, reader->files, &reader->count);

    if (rc == 0 && reader->from)
        rc = seek_from(reader);
    if (rc == 0 && reader->request.tail.set)
        rc = seek_tail(reader);
    return rc;
}

void reader_free(struct reader *reader)
{
    close_files(reader, 0);
    hull_fd_cleanup(&reader->inotify_fd);
    hull_fd_cleanup(&reader->request.end_fd);
    free(reader->path);
    free(reader->dir);
    free(reader->from);
    free(reader->in);
    free(reader->out);
    free(reader);
}
