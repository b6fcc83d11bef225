/*
 * hull/error.h: how a function says that it failed.
 *
 * A function returns 0 or a negative kind. The function in which the failure
 * arises writes the message, once, into the error slot of its call, and
 * returns the value of hull_fail(); those above it pass the value on and may
 * add context with hull_wrap(). Whoever ends the request logs it, once.
 *
 * A message is written for the user of docker who reads it: the words docker
 * uses where it has any, the field and the value, and what to do next.
 */
#ifndef HULL_ERROR_H
#define HULL_ERROR_H

#include <hull/base.h>

/* One kind: name, HTTP status, exit status of a command line program. */
#define HULL_KINDS(K)        \
    K(NOT_MODIFIED, 304, 0)  \
    K(INVALID, 400, 1)       \
    K(UNAUTHORIZED, 401, 1)  \
    K(FORBIDDEN, 403, 1)     \
    K(NOT_FOUND, 404, 1)     \
    K(CONFLICT, 409, 1)      \
    K(TOO_LARGE, 413, 1)     \
    K(INTERNAL, 500, 1)      \
    K(IO, 500, 1)            \
    K(NOT_SUPPORTED, 501, 1) \
    K(UNAVAILABLE, 503, 1)   \
    K(TIMEOUT, 504, 1)       \
    K(NO_SPACE, 507, 1)      \
    K(CANCELED, 499, 130)

enum hull_kind {
    HULL_OK = 0,
#define HULL_KIND_ENUM(name, status, exit) HULL_##name,
    HULL_KINDS(HULL_KIND_ENUM)
#undef HULL_KIND_ENUM
};

/* "NOT_FOUND" for HULL_NOT_FOUND or -HULL_NOT_FOUND. Worker-safe. */
HULL_PUBLIC const char *hull_kind_name(int kind);
/* The HTTP status of a kind; 200 for 0. Worker-safe. */
HULL_PUBLIC int hull_kind_status(int kind);
/* The kind of an HTTP status of an error, HULL_INTERNAL when none fits. Worker-safe. */
HULL_PUBLIC enum hull_kind hull_kind_of_status(int status);
/* The kind that an errno value is: ENOENT NOT_FOUND, ENOSPC and EDQUOT NO_SPACE … else IO.
 * Worker-safe. */
HULL_PUBLIC enum hull_kind hull_kind_of_errno(int err);

/*
 * Fill the error slot of CALL and return -KIND. A slot that is already full is
 * overwritten: the newest failure is the one reported. KIND is positive.
 */
HULL_PUBLIC int hull_fail(struct hull_call *call, enum hull_kind kind, const char *fmt, ...)
    HULL_PRINTF(3, 4) HULL_CHECKED;

/* hull_fail() with the kind of ERR and ": strerror" added. ERR is a positive errno. */
HULL_PUBLIC int hull_fail_errno(struct hull_call *call, int err, const char *fmt, ...)
    HULL_PRINTF(3, 4) HULL_CHECKED;

/* Put "fmt: " before the message in the slot and return RC unchanged; RC == 0 does nothing. */
HULL_PUBLIC int hull_wrap(struct hull_call *call, int rc, const char *fmt, ...) HULL_PRINTF(3, 4);

/* The message in the slot, "" when there is none. Valid until the next failure. */
HULL_PUBLIC const char *hull_error(const struct hull_call *call);
/* Empty the slot: the failure was dealt with. */
HULL_PUBLIC void hull_error_clear(struct hull_call *call);

/*
 * An error that a worker or a program without calls carries by value; 512 bytes
 * of text are kept. hull_problem_set() returns -KIND like hull_fail(). Worker-safe.
 */
struct hull_problem {
    enum hull_kind kind;
    char text[512];
};
HULL_PUBLIC int hull_problem_set(struct hull_problem *problem, enum hull_kind kind, const char *fmt,
                                 ...) HULL_PRINTF(3, 4);
/* Hand what a worker found to the call: 0 when PROBLEM holds none. */
HULL_PUBLIC int hull_fail_problem(struct hull_call *call, const struct hull_problem *problem)
    HULL_CHECKED;

/* A bug: print the place and abort. It stays on in production; input never gets here. */
HULL_PUBLIC void hull_bug(const char *file, int line, const char *what) HULL_NORETURN;
#define HULL_ASSERT(condition)                        \
    do {                                              \
        if (!(condition))                             \
            hull_bug(__FILE__, __LINE__, #condition); \
    } while (0)

#endif
