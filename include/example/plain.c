/*
 * log/plain: a log driver outside of hull's tree, to start your own plugin from.
 *
 * It reads a log that is plain text, one line per line, and puts the option "prefix" before each.
 * The answer is a stream: its reader pulls, and each read reads a piece of the file, so that a
 * slow client fills no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <hull/hull.h>
#include <log.h>

#define PLAIN_OPTIONS_FIELDS(F, T) \
    F(T, STRING, _, prefix, "prefix", HULL_MAX(64), "Text before each line")
HULL_MESSAGE_DECLARE(plain_options, PLAIN_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(plain_options, PLAIN_OPTIONS_FIELDS)

/* --- the stream ------------------------------------------------------------------------------ */

struct reading {
    struct hull_stream *file;
    const char *prefix;
    const char *pending; /* of the prefix, still to be given */
    bool new_line;
    size_t at, size;
    char data[4096];
};

static ssize_t plain_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct reading *r = ctx;
    char *out = buffer;
    size_t n = 0;
    while (n < size) {
        if (*r->pending != '\0') {
            out[n++] = *r->pending++;
        } else if (r->at == r->size) {
            if (n > 0)
                break;
            ssize_t got = hull_stream_read(call, r->file, r->data, sizeof(r->data));
            if (got <= 0)
                return got;
            r->at = 0;
            r->size = (size_t)got;
        } else if (r->new_line) {
            r->pending = r->prefix;
            r->new_line = false;
        } else {
            out[n] = r->data[r->at++];
            r->new_line = out[n++] == '\n';
        }
    }
    return (ssize_t)n;
}

static void plain_close(void *ctx)
{
    struct reading *r = ctx;
    hull_stream_close(r->file);
    free(r);
}

static const struct hull_stream_ops plain_ops = {.read = plain_read, .close = plain_close};

/* --- the handler ----------------------------------------------------------------------------- */

/* Descriptors in a request are the handler's: one that it has no use for, it closes. */
static int plain_handle_read(struct hull_call *call, const struct log_read_request *request,
                             struct container_stream_reply *ret_reply)
{
    HULL_AUTO_FD end_fd HULL_UNUSED = request->end_fd;
    HULL_AUTO_FD fd = -1;
    const struct plain_options *options = hull_plugin_options("log/plain");
    if (request->tail.set)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "log driver plain can't do --tail: leave it out");
    fd = open(request->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return hull_fail_errno(call, errno, "open the log %s", request->path);
    /* The stream outlives this call, so that it is not in the call's arena. */
    struct reading *r = calloc(1, sizeof(*r));
    HULL_ASSERT(r != NULL);
    r->prefix = options->prefix == NULL ? "" : options->prefix;
    r->pending = "";
    r->new_line = true;
    r->file = hull_stream_from_fd(HULL_TAKE_FD(fd));
    ret_reply->stream = hull_stream_new(&plain_ops, r);
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(log, read, plain_handle_read),
    {},
};
HULL_PLUGIN(log_plain, .port = "log/plain", .version = "1.0", .handlers = handlers,
            .options = &plain_options_message);
