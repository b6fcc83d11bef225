/*
 * exec.h: the service "exec": further processes in a running container.
 */
#ifndef HULL_API_EXEC_H
#define HULL_API_EXEC_H

#include "container.h"

#define EXEC_CREATE_REQUEST_FIELDS(F, T)                                                    \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, BOOL, _, attach_stdin, "AttachStdin", 0, "Connect standard input")                 \
    F(T, BOOL, _, attach_stdout, "AttachStdout", 0, "Connect standard output")              \
    F(T, BOOL, _, attach_stderr, "AttachStderr", 0, "Connect standard error")               \
    F(T, INTS, _, console_size, "ConsoleSize", HULL_NULL, "Rows and columns")               \
    F(T, STRING, _, detach_keys, "DetachKeys", 0, "Keys that end the connection")           \
    F(T, BOOL, _, tty, "Tty", 0, "With a terminal")                                         \
    F(T, STRV, _, env, "Env", HULL_NULL, "NAME=value in addition to the container's")       \
    F(T, STRV, _, cmd, "Cmd", HULL_STR_OK, "Program and arguments")                         \
    F(T, BOOL, _, privileged, "Privileged", 0, "With all capabilities")                     \
    F(T, STRING, _, user, "User", 0, "user[:group], names or numbers")                      \
    F(T, STRING, _, working_dir, "WorkingDir", 0, "Working directory")                      \
    F(T, BOOL, _, detach, "Detach", 0, "Nobody listens")
HULL_MESSAGE(exec_create_request, EXEC_CREATE_REQUEST_FIELDS)
#define EXEC_CREATE_REPLY_FIELDS(F, T) F(T, STRING, _, id, "Id", 0, "Id of the exec")
HULL_MESSAGE(exec_create_reply, EXEC_CREATE_REPLY_FIELDS)
/* Remember what is to be run. -HULL_CONFLICT when the container is not running or is paused. So
 * many are remembered; of those that were never started the oldest goes first. */
HULL_METHOD(exec, create, exec_create_request, exec_create_reply, 0)

#define EXEC_START_REQUEST_FIELDS(F, T)                                    \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Id of the exec") \
    F(T, BOOL, _, detach, "Detach", 0, "Nobody listens")                   \
    F(T, BOOL, _, tty, "Tty", 0, "With a terminal")                        \
    F(T, INTS, _, console_size, "ConsoleSize", HULL_NULL, "Rows and columns")
HULL_MESSAGE(exec_start_request, EXEC_START_REQUEST_FIELDS)
/* Once: -HULL_CONFLICT when it was started before. The reply's stream, which is the caller's, is
 * absent when Detach was asked for. A program that can't be run is no error for who listens: the
 * reason comes in the stream, and the exit status is 126 or 127. */
HULL_METHOD(exec, start, exec_start_request, container_stream_reply, 0)

/* Nothing happens to one without a terminal, or that does not run. */
HULL_METHOD(exec, resize, container_resize_request, hull_empty, 0)

#define EXEC_REF_FIELDS(F, T) F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Id of the exec")
HULL_MESSAGE(exec_ref, EXEC_REF_FIELDS)
#define EXEC_PROCESS_FIELDS(F, T)                                  \
    F(T, BOOL, _, tty, "tty", 0, "With a terminal")                \
    F(T, STRING, _, entrypoint, "entrypoint", 0, "Program")        \
    F(T, STRV, _, arguments, "arguments", 0, "Arguments")          \
    F(T, BOOL, _, privileged, "privileged", 0, "All capabilities") \
    F(T, STRING, _, user, "user", HULL_OMIT, "user[:group]")
HULL_MESSAGE(exec_process, EXEC_PROCESS_FIELDS)
#define EXEC_INSPECT_REPLY_FIELDS(F, T)                                           \
    F(T, STRING, _, id, "ID", 0, "Id of the exec")                                \
    F(T, BOOL, _, running, "Running", 0, "It runs")                               \
    F(T, OPT_INT, _, exit_code, "ExitCode", 0, "Status, null before the end")     \
    F(T, MESSAGE, exec_process, process_config, "ProcessConfig", 0, "Process")    \
    F(T, BOOL, _, open_stdin, "OpenStdin", 0, "Standard input is connected")      \
    F(T, BOOL, _, open_stderr, "OpenStderr", 0, "Standard error is connected")    \
    F(T, BOOL, _, open_stdout, "OpenStdout", 0, "Standard output is connected")   \
    F(T, BOOL, _, can_remove, "CanRemove", 0, "It may be forgotten")              \
    F(T, STRING, _, container_id, "ContainerID", 0, "Id of the container")        \
    F(T, STRING, _, detach_keys, "DetachKeys", 0, "Keys that end the connection") \
    F(T, INT, _, pid, "Pid", 0, "Process id on the host")
HULL_MESSAGE(exec_inspect_reply, EXEC_INSPECT_REPLY_FIELDS)
/* -HULL_NOT_FOUND when it is not known; one that ended is for five minutes at least. */
HULL_METHOD(exec, inspect, exec_ref, exec_inspect_reply, 0)

/* For container.inspect, not on HTTP: the execs of a container. */
#define EXEC_LIST_REPLY_FIELDS(F, T) F(T, STRV, _, ids, "ids", HULL_NULL, "Ids")
HULL_MESSAGE(exec_list_reply, EXEC_LIST_REPLY_FIELDS)
HULL_METHOD(exec, list, container_ref, exec_list_reply, 0)

#endif
