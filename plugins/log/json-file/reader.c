/*
 * reader.c: from files to frames. Files are held by descriptor, so that a rotation renames them
 * under us without harm; which is which is told by inode.
 */
#include "reader.h"

#include "timefmt.h"

#include <errno.h>
#include <fcntl.h>
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

    if (reader->request.positions && reader->count > 0) {
        struct stat st;

        offset = lseek(reader->fds[reader->count - 1], 0, SEEK_CUR);
        reader->in_inode = fstat(reader->fds[reader->count - 1], &st) == 0 ? st.st_ino : 0;
    }

    while (!reader->done && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        if (!reader->in_overlong)
            take_line(reader, at, (size_t)(newline - at), offset - (end - newline - 1));
        reader->in_overlong = false;
        at = newline + 1;
    }
    reader->in_size = (size_t)(end - at);
    memmove(reader->in, at, reader->in_size);
    if (reader->in_size > LINE_MAX_SIZE) {
        reader->in_size = 0;
        reader->in_overlong = true;
    }
}

static ssize_t read_more(struct reader *reader)
{
    ssize_t got;

    reserve(&reader->in, &reader->in_room, reader->in_size + READ_SIZE);
    do
        got = read(reader->fds[reader->count - 1], reader->in + reader->in_size, READ_SIZE);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        reader->in_size += (size_t)got;
    return got < 0 ? -errno : got;
}

static int open_number(const struct reader *reader, size_t number)
{
    char path[4352];

    if (number == 0)
        snprintf(path, sizeof(path), "%s", reader->path);
    else
        snprintf(path, sizeof(path), "%s.%zu", reader->path, number);
    return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static bool same_file(int a, int b)
{
    struct stat left, right;

    return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_ino == right.st_ino &&
           left.st_dev == right.st_dev;
}

/*
 * Open the newest file, the one before it, … until KNOWN, which is left out. A rotation in
 * between shows us the same file twice; its second is closed.
 */
static size_t open_until(const struct reader *reader, int known, int *fds)
{
    size_t count = 0;

    for (size_t number = 0; count < READER_FILES - 1; number++) {
        int fd = open_number(reader, number);

        if (fd < 0 && number == 0)
            continue;
        if (fd < 0)
            break;
        if (known >= 0 && same_file(fd, known)) {
            close(fd);
            break;
        }
        if (count > 0 && same_file(fd, fds[count - 1]))
            close(fd);
        else
            fds[count++] = fd;
    }
    return count;
}

/* At the end of the file being read: go to the next one. False when there is none. */
static bool next_file(struct reader *reader)
{
    int newer[READER_FILES];
    size_t count;

    if (reader->count > 1) {
        close(reader->fds[--reader->count]);
        return true;
    }
    if (reader->count == 1 && !reader->request.follow)
        return false;
    count = open_until(reader, reader->count ? reader->fds[0] : -1, newer);
    if (count == 0)
        return false;
    /* What was written between our last look and the rotation comes first. */
    if (reader->count == 1)
        newer[count++] = reader->fds[0];
    memcpy(reader->fds, newer, count * sizeof(*newer));
    reader->count = count;
    return true;
}

int reader_fill(struct reader *reader)
{
    reader->out_at = reader->out_size = 0;
    while (!reader->done && reader->out_size < OUT_ENOUGH) {
        ssize_t got = reader->count > 0 ? read_more(reader) : 0;

        if (got < 0)
            return (int)got;
        take_lines(reader);
        if (got == 0 && !next_file(reader))
            break;
    }
    return 0;
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* The offset in FD behind the newline that comes before the last *WANTED lines; *WANTED becomes
 * what is missing. */
static off_t tail_offset(int fd, int64_t *wanted)
{
    char buffer[16384];
    off_t at = lseek(fd, 0, SEEK_END), end = at;

    while (at > 0) {
        size_t size = at < (off_t)sizeof(buffer) ? (size_t)at : sizeof(buffer);

        at -= (off_t)size;
        if (pread(fd, buffer, size, at) != (ssize_t)size)
            return 0;
        for (size_t i = size; i-- > 0;) {
            if (buffer[i] != '\n' || at + (off_t)i + 1 == end)
                continue;
            if (--*wanted == 0)
                return at + (off_t)i + 1;
        }
    }
    if (end > 0)
        --*wanted;
    return 0;
}

static void seek_tail(struct reader *reader)
{
    int64_t wanted = reader->request.tail.value;
    size_t used = 0;

    if (wanted <= 0) {
        while (reader->count > 1)
            close(reader->fds[--reader->count]);
        if (reader->count == 1)
            lseek(reader->fds[0], 0, SEEK_END);
        reader->done = !reader->request.follow;
        return;
    }
    while (used < reader->count && wanted > 0) {
        off_t offset = tail_offset(reader->fds[used], &wanted);

        lseek(reader->fds[used], offset, SEEK_SET);
        used++;
    }
    while (reader->count > used)
        close(reader->fds[--reader->count]);
}

/* True when the line of FD that ends at OFFSET was written at TIME: inodes are used again. */
static bool line_was(int fd, off_t offset, int64_t time_ns)
{
    size_t size = offset < (off_t)LINE_MAX_SIZE ? (size_t)offset : LINE_MAX_SIZE;
    HULL_AUTO_FREE char *data = malloc(size + 1);
    char room[ATTRIBUTES_MAX];
    struct log_line line;
    char *start;

    HULL_ASSERT(data);
    if (size < 2 || pread(fd, data, size, offset - (off_t)size) != (ssize_t)size ||
        data[size - 1] != '\n')
        return false;
    start = memrchr(data, '\n', size - 1);
    start = start ? start + 1 : data;
    return log_line_parse(start, (size_t)(data + size - 1 - start), room, sizeof(room), &line) &&
           line.time_ns == time_ns;
}

/* Go behind the position that a reader before us has reached. When its file was rotated out, all
 * that is left is behind it. */
static void seek_from(struct reader *reader)
{
    unsigned long long inode;
    long long offset, time_ns;

    if (sscanf(reader->from, "%llu:%lld:%lld", &inode, &offset, &time_ns) != 3)
        return;
    for (size_t i = 0; i < reader->count; i++) {
        struct stat st;

        if (fstat(reader->fds[i], &st) < 0 || st.st_ino != inode || st.st_size < offset ||
            !line_was(reader->fds[i], offset, time_ns))
            continue;
        lseek(reader->fds[i], offset, SEEK_SET);
        while (reader->count > i + 1)
            close(reader->fds[--reader->count]);
        return;
    }
}

int reader_open(struct reader *reader)
{
    reader->count = open_until(reader, -1, reader->fds);
    if (reader->from)
        seek_from(reader);
    if (reader->request.tail.set)
        seek_tail(reader);
    return 0;
}

void reader_free(struct reader *reader)
{
    while (reader->count > 0)
        close(reader->fds[--reader->count]);
    hull_fd_cleanup(&reader->inotify_fd);
    hull_fd_cleanup(&reader->request.end_fd);
    free(reader->path);
    free(reader->dir);
    free(reader->from);
    free(reader->in);
    free(reader->out);
    free(reader);
}
