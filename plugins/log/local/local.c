/*
 * local.c: log/local: docker's driver that keeps much in little space. The shim's json-file is the
 * newest file as with every driver (up to max-size, 20 MB); what is rotated out is compressed
 * (compress, true unless said otherwise), and the oldest of max-file files (5) goes. Writing a
 * denser format would have meant a second writer in the shim and a second reader here, for a file
 * that gzip makes a tenth of its size anyway. log/json-file does the work.
 */
#include "log.h"
#include "truth.h"

#include <hull/hull.h>
#include <string.h>

static bool compresses(const struct hull_map *options)
{
    const char *text = hull_map_find(options, "compress");
    bool compress = true;

    return !text || !truth_parse(text, &compress) || compress;
}

static int local_check(struct hull_call *call, const struct log_check_request *request,
                       struct hull_empty *ret)
{
    /* The last two are looked at by the engine, for every driver. */
    static const char *const options[] = {"max-size", "max-file", "compress", "mode",
                                          "max-buffer-size"};
    const char *text = hull_map_find(&request->options, "compress");
    const char *files = hull_map_find(&request->options, "max-file");
    bool compress = true;

    (void)ret;
    for (size_t i = 0; i < request->options.n; i++) {
        size_t at = 0;

        while (at < HULL_COUNT(options) && strcmp(options[at], request->options.v[i].key) != 0)
            at++;
        if (at == HULL_COUNT(options))
            return hull_fail(call, HULL_INVALID, "unknown log opt '%s' for local log driver",
                             request->options.v[i].key);
    }
    if (text && !truth_parse(text, &compress))
        return hull_fail(call, HULL_INVALID, "log opt compress: \"%s\" is neither true nor false",
                         text);
    if (text && compress && files && strcmp(files, "1") == 0)
        return hull_fail(call, HULL_INVALID,
                         "compression cannot be enabled when max file count is 1");
    return 0;
}

static int local_start(struct hull_call *call, const struct log_start_request *request,
                       struct hull_empty *ret)
{
    struct log_start_request passed = *request;

    if (!compresses(&request->options)) {
        hull_fd_cleanup(&passed.end_fd);
        return 0;
    }
    return log_start(call, "log/json-file", &passed, ret);
}

static int local_stop(struct hull_call *call, const struct log_stop_request *request,
                      struct hull_empty *ret)
{
    return log_stop(call, "log/json-file", request, ret);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(log, check, local_check),
    HULL_HANDLE(log, start, local_start),
    HULL_HANDLE(log, stop, local_stop),
    {},
};

static const char *const uses[] = {"log/json-file", NULL};

HULL_PLUGIN(log_local, .port = "log/local", .version = "0.1", .uses = uses, .handlers = handlers);
