/*
 * log.h: the class "log": reading what containers wrote (ports log/json-file, …). Writing is the
 * shim's business.
 */
#ifndef HULL_API_LOG_H
#define HULL_API_LOG_H

#include "container.h"

#define LOG_READ_REQUEST_FIELDS(F, T)                                                            \
    F(T, STRING, _, path, "path", HULL_REQUIRED, "Newest file; older ones are path.1, path.2 …") \
    F(T, BOOL, _, stdout_, "stdout", 0, "Lines of standard output")                              \
    F(T, BOOL, _, stderr_, "stderr", 0, "Lines of standard error")                               \
    F(T, OPT_INT, _, since_ns, "since", 0, "Not before, nanoseconds since 1970")                 \
    F(T, OPT_INT, _, until_ns, "until", 0, "Not after; the stream ends there")                   \
    F(T, OPT_INT, _, tail, "tail", 0, "Only this many last lines")                               \
    F(T, BOOL, _, timestamps, "timestamps", 0, "Each line begins with its time")                 \
    F(T, BOOL, _, details, "details", 0, "Each line begins with its attributes")                 \
    F(T, BOOL, _, multiplexed, "multiplexed", 0, "Frames, as container.attach has them")         \
    F(T, BOOL, _, follow, "follow", 0, "Go on with what comes, until end becomes readable")      \
    F(T, FD, _, end_fd, "end", 0, "Readable (an eventfd) when nothing more is written")
HULL_MESSAGE(log_read_request, LOG_READ_REQUEST_FIELDS)
HULL_METHOD(log, read, log_read_request, container_stream_reply, 0)

#endif
