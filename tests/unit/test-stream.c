/* Streams. */
#include "tap.h"

#include <fcntl.h>
#include <sys/socket.h>

#define MUCH ((size_t)300000)

static char *pattern(struct hull_call *call)
{
    char *data = hull_alloc(call, MUCH);
    for (size_t i = 0; i < MUCH; i++)
        data[i] = (char)(i * 31 + i / 251);
    return data;
}

struct job {
    struct hull_stream *from, *to;
    const char *data;
    size_t step;
    uint64_t bytes;
};

static int writes_all(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    for (size_t at = 0; at < MUCH; at += job->step) {
        size_t n = MUCH - at < job->step ? MUCH - at : job->step;
        CHECK_OK(hull_stream_write(call, job->to, job->data + at, n));
    }
    return hull_stream_shutdown(call, job->to);
}

static int copies(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    CHECK_OK(hull_stream_copy(call, job->from, job->to, &job->bytes));
    return hull_stream_shutdown(call, job->to);
}

static void read_pattern(struct hull_call *call, struct hull_stream *from, const char *data)
{
    char byte, *got = malloc(MUCH);
    CHECK_OK(hull_stream_read_full(call, from, got, MUCH));
    CHECK(memcmp(got, data, MUCH) == 0);
    CHECK_INT(hull_stream_read(call, from, &byte, 1), 0);
    CHECK_INT(hull_stream_read(call, from, &byte, 1), 0);
    free(got);
}

static void pipe_streams(struct hull_stream **ret_reader, struct hull_stream **ret_writer)
{
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    *ret_reader = hull_stream_from_fd(fds[0]);
    *ret_writer = hull_stream_from_fd(fds[1]);
}

static void socket_streams(struct hull_stream **ret_reader, struct hull_stream **ret_writer)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    *ret_reader = hull_stream_from_fd(fds[0]);
    *ret_writer = hull_stream_from_fd(fds[1]);
}

static void ring_streams(struct hull_stream **ret_reader, struct hull_stream **ret_writer)
{
    hull_stream_pair(777, ret_reader, ret_writer);
}

static void (*const makers[])(struct hull_stream **,
                              struct hull_stream **) = {pipe_streams, socket_streams, ring_streams};

FIBER_TEST(bytes_arrive_in_order)
{
    const char *data = pattern(call);
    for (size_t i = 0; i < HULL_COUNT(makers); i++) {
        for (size_t step = 100; step <= MUCH; step *= 30) {
            struct hull_stream *reader, *writer;
            makers[i](&reader, &writer);
            struct job job = {.to = writer, .data = data, .step = step};
            struct hull_task *task = hull_task_start(call, "writes", writes_all, &job);
            read_pattern(call, reader, data);
            CHECK_OK(hull_task_join(call, task));
            hull_stream_close(reader);
            hull_stream_close(writer);
        }
    }
}

FIBER_TEST(copy_between_all_kinds)
{
    const char *data = pattern(call);
    for (size_t i = 0; i < 9; i++) {
        struct hull_stream *from, *first, *last, *to;
        makers[i % 3](&from, &first);
        makers[i / 3](&last, &to);
        struct job writing = {.to = first, .data = data, .step = 5000};
        struct job copying = {.from = from, .to = to};
        struct hull_task *a = hull_task_start(call, "writes", writes_all, &writing);
        struct hull_task *b = hull_task_start(call, "copies", copies, &copying);
        read_pattern(call, last, data);
        CHECK_OK(hull_task_join(call, a));
        CHECK_OK(hull_task_join(call, b));
        CHECK_INT(copying.bytes, MUCH);
        hull_stream_close(from);
        hull_stream_close(first);
        hull_stream_close(last);
        hull_stream_close(to);
    }
}

FIBER_TEST(files)
{
    const char *data = pattern(call);
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct hull_stream *writer = hull_stream_from_fd(fd);
    CHECK_INT(hull_stream_fd(writer), fd);
    CHECK_OK(hull_stream_write(call, writer, data, MUCH));
    hull_stream_close(writer);
    CHECK(lseek(again, 0, SEEK_SET) == 0);
    struct hull_stream *file = hull_stream_from_fd(again), *reader, *ring;
    ring_streams(&reader, &ring);
    struct job job = {.from = file, .to = ring};
    struct hull_task *task = hull_task_start(call, "copies", copies, &job);
    read_pattern(call, reader, data);
    CHECK_OK(hull_task_join(call, task));
    hull_stream_close(reader);
    hull_stream_close(ring);
    hull_stream_close(file);
}

static int writes_some(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    for (; job->bytes < 100; job->bytes++) {
        int rc = hull_stream_write(call, job->to, "0123456789", 10);
        if (rc < 0)
            return rc;
    }
    return 0;
}

FIBER_TEST(a_slow_reader_holds_the_writer)
{
    struct hull_stream *reader, *writer;
    hull_stream_pair(100, &reader, &writer);
    struct job job = {.to = writer};
    struct hull_task *task = hull_task_start(call, "writes", writes_some, &job);
    CHECK_OK(hull_sleep(call, 5));
    CHECK_INT(job.bytes, 10);
    char buffer[50];
    CHECK_INT(hull_stream_read(call, reader, buffer, sizeof(buffer)), 50);
    CHECK_OK(hull_sleep(call, 5));
    CHECK_INT(job.bytes, 15);
    hull_stream_close(reader);
    CHECK_KIND(hull_task_join(call, task), HULL_IO);
    CHECK_STR(hull_error(call), "write: the reader has gone");
    hull_stream_close(writer);
}

FIBER_TEST(a_writer_that_fails_is_no_end)
{
    struct hull_stream *reader, *writer;
    char buffer[10];
    ring_streams(&reader, &writer);
    CHECK_OK(hull_stream_write(call, writer, "abc", 3));
    hull_stream_close(writer);
    CHECK_INT(hull_stream_read(call, reader, buffer, 10), 3);
    CHECK_KIND((int)hull_stream_read(call, reader, buffer, 10), HULL_IO);
    hull_stream_close(reader);
    ring_streams(&reader, &writer);
    CHECK_OK(hull_stream_write(call, writer, "abc", 3));
    CHECK_OK(hull_stream_shutdown(call, writer));
    hull_stream_close(writer);
    CHECK_INT(hull_stream_read(call, reader, buffer, 10), 3);
    CHECK_INT(hull_stream_read(call, reader, buffer, 10), 0);
    hull_stream_close(reader);
}

FIBER_TEST(the_other_end_has_gone)
{
    for (size_t i = 0; i < HULL_COUNT(makers); i++) {
        struct hull_stream *reader, *writer;
        char buffer[10];
        makers[i](&reader, &writer);
        CHECK_OK(hull_stream_write(call, writer, "abc", 3));
        hull_stream_close(writer);
        CHECK_KIND(hull_stream_read_full(call, reader, buffer, 10), HULL_IO);
        CHECK_STR(hull_error(call), "unexpected end");
        hull_stream_close(reader);
        makers[i](&reader, &writer);
        hull_stream_close(reader);
        CHECK_KIND(hull_stream_write(call, writer, "abc", 3), HULL_IO);
        hull_stream_close(writer);
    }
    CHECK(hull_stream_close(NULL) == NULL);
}

FIBER_TEST(one_way_streams_say_so)
{
    struct hull_stream *reader, *writer;
    char byte;
    ring_streams(&reader, &writer);
    CHECK_KIND(hull_stream_write(call, reader, "x", 1), HULL_NOT_SUPPORTED);
    CHECK_KIND(hull_stream_read(call, writer, &byte, 1), HULL_NOT_SUPPORTED);
    CHECK_INT(hull_stream_fd(reader), -1);
    hull_defer(call, hull_stream_close_cleanup, reader);
    hull_defer(call, hull_stream_close_cleanup, writer);
}

/* --- descriptors for others ------------------------------------------------------------------ */

static int blocking_read(struct hull_work *work, void *arg)
{
    (void)work;
    int fd = *(int *)arg;
    size_t total = 0;
    char buffer[4096];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        total += (size_t)n;
    *(int *)arg = n < 0 ? -errno : (int)total;
    close(fd);
    return 0;
}

FIBER_TEST(a_worker_reads_a_stream)
{
    const char *data = pattern(call);
    for (size_t i = 0; i < HULL_COUNT(makers); i++) {
        struct hull_stream *reader, *writer;
        int fd;
        makers[i](&reader, &writer);
        struct job job = {.to = writer, .data = data, .step = 1000};
        struct hull_task *task = hull_task_start(call, "writes", writes_all, &job);
        CHECK_OK(hull_stream_to_fd(call, reader, &fd));
        CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        CHECK_OK(hull_work(call, blocking_read, &fd));
        CHECK_INT(fd, MUCH);
        CHECK_OK(hull_task_join(call, task));
        hull_stream_close(writer);
    }
}

TAP_MAIN
