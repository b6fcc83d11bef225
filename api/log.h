/*
 * log.h: the class "log": what becomes of what containers wrote (ports log/json-file, log/syslog,
 * …). The shim writes it to a json-file whatever the driver is; that file is the buffer from which
 * a driver delivers to others, and log/json-file reads it for all of them.
 */
#ifndef HULL_API_LOG_H
#define HULL_API_LOG_H

#include "container.h"

#define LOG_READ_REQUEST_FIELDS(F, T)                                                           \
    F(T, STRING, _, path, "path", HULL_REQUIRED,                                                \
      "Newest file; older ones are path.1, path.2.gz …")                                        \
    F(T, BOOL, _, stdout_, "stdout", 0, "Lines of standard output")                             \
    F(T, BOOL, _, stderr_, "stderr", 0, "Lines of standard error")                              \
    F(T, OPT_INT, _, since_ns, "since", 0, "Not before, nanoseconds since 1970")                \
    F(T, OPT_INT, _, until_ns, "until", 0, "Not after; the stream ends there")                  \
    F(T, OPT_INT, _, tail, "tail", 0, "Only this many last lines")                              \
    F(T, BOOL, _, timestamps, "timestamps", 0, "Each line begins with its time")                \
    F(T, BOOL, _, details, "details", 0, "Each line begins with its attributes")                \
    F(T, BOOL, _, multiplexed, "multiplexed", 0, "Frames, as container.attach has them")        \
    F(T, BOOL, _, follow, "follow", 0, "Go on with what comes, until end becomes readable")     \
    F(T, STRING, _, from, "from", 0, "Only what is behind this position: INODE:OFFSET:TIME_NS") \
    F(T, BOOL, _, positions, "positions", 0, "Each line begins with the position of its end")   \
    F(T, FD, _, end_fd, "end", 0, "Readable (an eventfd) when nothing more is written")
HULL_MESSAGE(log_read_request, LOG_READ_REQUEST_FIELDS)
HULL_METHOD(log, read, log_read_request, container_stream_reply, 0)

/* Are these options of this driver, and are their values good? */
#define LOG_CHECK_REQUEST_FIELDS(F, T) \
    F(T, MAP, _, options, "options", 0, "The container's log options")
HULL_MESSAGE(log_check_request, LOG_CHECK_REQUEST_FIELDS)
HULL_METHOD(log, check, log_check_request, hull_empty, 0)

/*
 * Do what the driver does beside reading: json-file and local compress what is rotated out, the
 * others deliver what the container writes, from where the last delivery (of this daemon or the one
 * before) ended, until END and all is delivered. It goes on when start has returned. Starting
 * what is being delivered lets it go on until the new END.
 */
#define LOG_START_REQUEST_FIELDS(F, T)                                                        \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Full id of the container")                      \
    F(T, STRING, _, name, "name", 0, "Its name, without a slash")                             \
    F(T, STRING, _, image, "image", 0, "Name of its image, as it was given")                  \
    F(T, STRING, _, image_id, "imageId", 0, "Id of its image")                                \
    F(T, STRING, _, command, "command", 0, "What it runs")                                    \
    F(T, INT, _, created_ns, "created", 0, "When it was created, nanoseconds since 1970")     \
    F(T, STRING, _, path, "path", HULL_REQUIRED, "Its json-file")                             \
    F(T, STRING, _, tag, "tag", 0, "The option tag, worked out")                              \
    F(T, MAP, _, attributes, "attributes", 0, "What the options labels, env and so on chose") \
    F(T, MAP, _, options, "options", 0, "The container's log options")                        \
    F(T, FD, _, end_fd, "end", 0, "Readable when nothing more is written; absent: it is so now")
HULL_MESSAGE(log_start_request, LOG_START_REQUEST_FIELDS)
HULL_METHOD(log, start, log_start_request, hull_empty, 0)

/* Forget all that was written so far (log/json-file has it, for every driver). */
#define LOG_TRUNCATE_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, path, "path", HULL_REQUIRED, "Newest file; older ones are path.1, path.2 …")
HULL_MESSAGE(log_truncate_request, LOG_TRUNCATE_REQUEST_FIELDS)
HULL_METHOD(log, truncate, log_truncate_request, hull_empty, 0)

/* The container goes, and its files with it: what can't be delivered soon is lost. */
#define LOG_STOP_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Full id of the container")
HULL_MESSAGE(log_stop_request, LOG_STOP_REQUEST_FIELDS)
HULL_METHOD(log, stop, log_stop_request, hull_empty, 0)

#endif
