/*
 * json_file.c: log/json-file, reading: docker's own format, one JSON object per line, rotated to
 * FILE.1, FILE.2 …
 *
 * The answer is a stream whose reader pulls: each read has a worker read on and make frames, so
 * that a slow disk does not stop the loop and a slow client does not fill memory. Following waits
 * for inotify on the folder (a write, or a rotation) and for the descriptor that says that the
 * container has ended; then it reads what is left, and ends.
 */
#include "reader.h"

#include "compact.h"
#include "truncate.h"
#include "truth.h"

#include <errno.h>
#include <hull/daemon.h>
#include <hull/hull.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int open_work(struct hull_work *work, void *reader)
{
    int err = reader_open(reader);

    return err == 0 ? 0
                    : hull_problem_set(&work->problem, hull_kind_of_errno(-err),
                                       "opening the log: %s", strerror(-err));
}

static int fill_work(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;

    reader->canceled = work->canceled;
    int err = reader_fill(reader);

    return err == 0 ? 0
                    : hull_problem_set(&work->problem, hull_kind_of_errno(-err),
                                       "reading the log: %s", strerror(-err));
}

/* --- following -------------------------------------------------------------------------------- */

static int wait_change(struct hull_call *call, void *arg)
{
    struct reader *reader = arg;
    struct pollfd fds[] = {{.fd = reader->inotify_fd, .events = POLLIN},
                           {.fd = reader->request.end_fd, .events = POLLIN}};
    char events[4096];
    int rc = hull_wait_fds(call, fds, reader->request.end_fd < 0 ? 1 : 2);

    if (rc == -HULL_TIMEOUT && reader->request.until_ns.set) {
        hull_error_clear(call);
        reader->end_seen = true;
        return 0;
    }
    if (rc < 0)
        return rc;
    if (fds[1].revents)
        reader->end_seen = true;
    while (read(reader->inotify_fd, events, sizeof(events)) > 0)
        ;
    return 0;
}

static int wait_more(struct hull_call *call, struct reader *reader)
{
    int64_t left_ms = (reader->request.until_ns.value - hull_time_ns()) / 1000000;

    if (!reader->request.until_ns.set)
        return wait_change(call, reader);
    if (left_ms <= 0) {
        reader->done = true;
        return 0;
    }
    return hull_request(call, "log until", left_ms, wait_change, reader);
}

static int watch(struct hull_call *call, struct reader *reader)
{
    reader->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (reader->inotify_fd < 0 ||
        inotify_add_watch(reader->inotify_fd, reader->dir,
                          IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
        return hull_fail_errno(call, errno, "watching %s", reader->dir);
    return 0;
}

/* --- the stream ------------------------------------------------------------------------------- */

static int refill(struct hull_call *call, struct reader *reader)
{
    while (!reader->done) {
        bool last = reader->end_seen || !reader->request.follow;
        int rc = truncate_shut_out(call, reader);

        if (rc == 0) {
            rc = hull_work(call, fill_work, reader);
            truncate_let_in(reader);
        }
        if (rc < 0 || reader->out_size > 0)
            return rc;
        if (last)
            reader->done = true;
        else
            rc = wait_more(call, reader);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static ssize_t stream_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct reader *reader = ctx;

    if (reader->out_at == reader->out_size) {
        int rc = refill(call, reader);

        if (rc < 0)
            return rc;
    }
    if (size > reader->out_size - reader->out_at)
        size = reader->out_size - reader->out_at;
    if (size > 0) /* at the end there may never have been a buffer */
        memcpy(buffer, reader->out + reader->out_at, size);
    reader->out_at += size;
    return (ssize_t)size;
}

static void close_reader(struct reader *reader)
{
    truncate_forget(reader);
    reader_free(reader);
}

static void stream_close(void *ctx)
{
    close_reader(ctx);
}

static const struct hull_stream_ops stream_ops = {.read = stream_read, .close = stream_close};

static int jf_read(struct hull_call *call, const struct log_read_request *request,
                   struct container_stream_reply *ret)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    char *slash;
    int rc = 0;

    HULL_ASSERT(reader);
    reader->request = *request;
    reader->inotify_fd = -1;
    reader->path = strdup(request->path);
    reader->dir = strdup(request->path);
    HULL_ASSERT(reader->path && reader->dir);
    if (request->from) {
        reader->from = strdup(request->from);
        HULL_ASSERT(reader->from);
    }
    slash = strrchr(reader->dir, '/');
    if (slash)
        *slash = '\0';
    truncate_know(reader);
    if (request->follow)
        rc = watch(call, reader);
    if (rc == 0)
        rc = truncate_shut_out(call, reader);
    if (rc == 0) {
        rc = hull_work(call, open_work, reader);
        truncate_let_in(reader);
    }
    if (rc < 0) {
        close_reader(reader);
        return rc;
    }
    ret->stream = hull_stream_new(&stream_ops, reader);
    ret->multiplexed = request->multiplexed;
    return 0;
}

static int jf_truncate(struct hull_call *call, const struct log_truncate_request *request,
                       struct hull_empty *ret)
{
    (void)ret;
    return truncate_log(call, request->path);
}

/* --- compression ------------------------------------------------------------------------------ */

static int jf_start(struct hull_call *call, const struct log_start_request *request,
                    struct hull_empty *ret)
{
    (void)ret;
    return compact_start(call, request);
}

static int jf_stop(struct hull_call *call, const struct log_stop_request *request,
                   struct hull_empty *ret)
{
    (void)ret;
    compact_stop(call, request->id);
    return 0;
}

/* --- options ---------------------------------------------------------------------------------- */

static int check_compress(struct hull_call *call, const struct hull_map *options)
{
    const char *text = hull_map_find(options, "compress");
    const char *files = hull_map_find(options, "max-file");
    bool compress = false;

    if (!text)
        return 0;
    if (!truth_parse(text, &compress))
        return hull_fail(call, HULL_INVALID, "log opt compress: \"%s\" is neither true nor false",
                         text);
    if (compress && (!files || strcmp(files, "1") == 0 || !hull_map_find(options, "max-size")))
        return hull_fail(call, HULL_INVALID,
                         "compress cannot be true when max-file is less than 2 or max-size is not "
                         "set");
    if (compress && !log_can_compress())
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "log opt compress: this hull was built without zlib");
    return 0;
}

/* Sizes and counts are looked at by the engine, which gives them to the shim. */
static int jf_check(struct hull_call *call, const struct log_check_request *request,
                    struct hull_empty *ret)
{
    static const char *const options[] = {
        "max-size", "max-file",  "compress", "labels", "labels-regex",
        "env",      "env-regex", "tag",      "mode",   "max-buffer-size"};

    (void)ret;
    for (size_t i = 0; i < request->options.n; i++) {
        const struct hull_pair *option = &request->options.v[i];
        size_t at = 0;

        while (at < HULL_COUNT(options) && strcmp(options[at], option->key) != 0)
            at++;
        if (at == HULL_COUNT(options))
            return hull_fail(call, HULL_INVALID, "unknown log opt '%s' for json-file log driver",
                             option->key);
    }
    return check_compress(call, &request->options);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(log, read, jf_read),         HULL_HANDLE(log, check, jf_check),
    HULL_HANDLE(log, start, jf_start),       HULL_HANDLE(log, stop, jf_stop),
    HULL_HANDLE(log, truncate, jf_truncate), {},
};

static void jf_fini(void)
{
    compact_fini();
}

HULL_PLUGIN(log_json_file, .port = "log/json-file", .version = "0.1", .handlers = handlers,
            .fini = jf_fini);
