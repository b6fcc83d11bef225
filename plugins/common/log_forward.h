/*
 * log_forward.h: what log drivers that deliver to others share. The shim's json-file is the
 * buffer: it is followed by log/json-file with positions, and the position behind the last line
 * that was sent is kept beside it (FILE.cursor). So a receiver that is away, or a daemon that
 * was killed, costs no line as long as the file holds it. After a broken stream, what the
 * receiver's kernel has not acknowledged is sent again.
 */
#ifndef HULL_COMMON_LOG_FORWARD_H
#define HULL_COMMON_LOG_FORWARD_H

#include "log.h"
#include "log_socket.h"

/* One line, or a piece of a line of more than 16 KB. */
struct log_record {
    const char *text; /* without its newline */
    size_t length;
    bool partial; /* more of the line follows */
    bool from_stderr;
    int64_t time_ns;
};

struct log_target {
    const struct log_driver *driver;
    struct hull_arena *arena;         /* of request and own */
    struct log_start_request request; /* what start was given */
    struct log_address address;       /* set by setup */
    int fd;                           /* the connection */
    void *own;                        /* the driver's settings, made by setup */
    char host[256];                   /* name of this host */
};

struct log_driver {
    const char *name;           /* "syslog" */
    const char *const *options; /* its own; NULL-terminated */
    /* Read request.options: fill address and own, or fail with docker's words. Yields not. */
    int (*setup)(struct hull_call *call, struct log_target *target);
    /* Put RECORD into its form and send it to fd. Yields. */
    int (*send)(struct hull_call *call, struct log_target *target, const struct log_record *record);
};

/* The handlers of DRIVER's plugin. Yields. */
int log_forward_check(struct hull_call *call, const struct log_driver *driver,
                      const struct log_check_request *request) HULL_CHECKED;
int log_forward_start(struct hull_call *call, const struct log_driver *driver,
                      const struct log_start_request *request) HULL_CHECKED;
int log_forward_stop(struct hull_call *call, const struct log_stop_request *request) HULL_CHECKED;

/* For setup: the value of an option, DEFAULT_VALUE when it is not given. */
const char *log_option(const struct log_target *target, const char *name,
                       const char *default_value);

/* The whole plugin of struct log_driver DRIVER; members of struct hull_plugin may follow. */
#define LOG_FORWARD_PLUGIN(id, port_name, driver, ...)                                       \
    static int handle_check(struct hull_call *call, const struct log_check_request *request, \
                            struct hull_empty *ret)                                          \
    {                                                                                        \
        (void)ret;                                                                           \
        return log_forward_check(call, &(driver), request);                                  \
    }                                                                                        \
    static int handle_start(struct hull_call *call, const struct log_start_request *request, \
                            struct hull_empty *ret)                                          \
    {                                                                                        \
        (void)ret;                                                                           \
        return log_forward_start(call, &(driver), request);                                  \
    }                                                                                        \
    static int handle_stop(struct hull_call *call, const struct log_stop_request *request,   \
                           struct hull_empty *ret)                                           \
    {                                                                                        \
        (void)ret;                                                                           \
        return log_forward_stop(call, request);                                              \
    }                                                                                        \
    static const struct hull_handler handlers[] = {                                          \
        HULL_HANDLE(log, check, handle_check),                                               \
        HULL_HANDLE(log, start, handle_start),                                               \
        HULL_HANDLE(log, stop, handle_stop),                                                 \
        {},                                                                                  \
    };                                                                                       \
    static const char *const uses[] = {"log/json-file", NULL};                               \
    HULL_PLUGIN(id, .port = port_name, .version = "0.1", .uses = uses, .handlers = handlers, \
                ##__VA_ARGS__)

#endif
