/*
 * hull/call.h: a call, and sending a message.
 *
 * A call is one message on its way: who asked, how long it may take, the arena
 * of the request, the error slot, and what has to be taken back. Every
 * function that can fail, wait or allocate takes one. A handler that sends a
 * message further makes a child call: same request id, arena and error slot,
 * a deadline that is never later than the parent's, cancelled with it.
 *
 * Sending blocks the fiber, not the loop; the handler runs in the sender's
 * fiber, so that code reads top to bottom:
 *
 *     struct storage_mount_reply mount;
 *     int rc = storage_mount(call, "storage/overlay", &request, &mount);
 *     if (rc < 0)
 *         return hull_wrap(call, rc, "container %s", id);
 *
 * After anything marked "Yields." the world may have changed.
 */
#ifndef HULL_CALL_H
#define HULL_CALL_H

#include <hull/arena.h>
#include <hull/error.h>
#include <hull/message.h>

/* No deadline. */
#define HULL_FOREVER INT64_MAX

/* Milliseconds of the monotonic clock. Worker-safe. */
HULL_PUBLIC int64_t hull_now_ms(void);
/* Nanoseconds since 1970 of the real-time clock. Worker-safe. */
HULL_PUBLIC int64_t hull_time_ns(void);

/* The arena of the request. */
HULL_PUBLIC struct hull_arena *hull_call_arena(struct hull_call *call);
/* "r42": names the request in logs and traces. */
HULL_PUBLIC const char *hull_call_id(const struct hull_call *call);
/* The method whose handler CALL is in: for one handler that serves many alike. May be NULL. */
HULL_PUBLIC const struct hull_method *hull_call_method(const struct hull_call *call);
/* The monotonic millisecond at which the call times out, or HULL_FOREVER. */
HULL_PUBLIC int64_t hull_call_deadline(const struct hull_call *call);
/* Bring the deadline of CALL and of what it sends forward to MS milliseconds from now. */
HULL_PUBLIC void hull_call_set_timeout(struct hull_call *call, int64_t ms);

/* Shorthands for the arena of the call. */
HULL_PUBLIC void *hull_alloc(struct hull_call *call, size_t size) __attribute__((returns_nonnull));
HULL_PUBLIC char *hull_strdup(struct hull_call *call, const char *text);
HULL_PUBLIC char *hull_printf(struct hull_call *call, const char *fmt, ...) HULL_PRINTF(2, 3)
    __attribute__((returns_nonnull));

/* --- cancellation -------------------------------------------------------------------------- */

/*
 * Every wait below a cancelled or overdue call returns -HULL_CANCELED or -HULL_TIMEOUT.
 * Code that computes for long asks now and then: 0, or the error, with the slot filled.
 */
HULL_PUBLIC int hull_check(struct hull_call *call) HULL_CHECKED;
/* Cancel CALL and all below it, from any fiber of the loop. Idempotent. */
HULL_PUBLIC void hull_cancel(struct hull_call *call);
/*
 * Between shield and unshield neither cancellation nor the deadline is seen: for a commit that
 * must not stop half way. They nest.
 */
HULL_PUBLIC void hull_shield(struct hull_call *call);
HULL_PUBLIC void hull_unshield(struct hull_call *call);

/* --- undo ---------------------------------------------------------------------------------- */

/*
 * An entry of the cleanup list. It runs shielded, with an error slot and a time limit of its
 * own; what it fails at is logged. It may send messages.
 */
typedef void hull_cleanup_fn(struct hull_call *call, void *arg);

/* Run FN when the handler that owns CALL returns an error; last added runs first. ARG lives in
 * the arena or outlives the call. */
HULL_PUBLIC void hull_undo(struct hull_call *call, hull_cleanup_fn *fn, void *arg);
/* Run FN when the handler returns, whatever it returns. */
HULL_PUBLIC void hull_defer(struct hull_call *call, hull_cleanup_fn *fn, void *arg);
/* Forget the undo entries so far: what they would take back is now wanted. */
HULL_PUBLIC void hull_commit(struct hull_call *call);

/* --- methods -------------------------------------------------------------------------------- */

/* The method may answer many times (hull_emit) before it returns. */
#define HULL_METHOD_MANY (1u << 0)
/* The method says hull_ready() before it has its answer. */
#define HULL_METHOD_READY (1u << 1)

struct hull_method {
    const char
        *service;     /* the service, or the class ("storage") when there are several providers */
    const char *name; /* "start" */
    const struct hull_message *request;
    const struct hull_message *reply; /* of each answer */
    unsigned flags;
};

/* A message without fields. */
struct hull_empty {
    char unused;
};
HULL_PUBLIC extern const struct hull_message hull_empty_message;

/*
 * Declares method NAME of SERVICE as SERVICE_NAME: its table entry SERVICE_NAME_method, and a
 * typed function
 *
 *     int SERVICE_NAME(call, port, const struct REQUEST *request, struct REPLY *ret_reply)
 *
 * PORT is the plugin's port ("storage/overlay") or NULL for the service's own name.
 */
#define HULL_METHOD_DECLARE(service, name, request, reply)                             \
    HULL_PUBLIC extern const struct hull_method service##_##name##_method;             \
    typedef int service##_##name##_handler(struct hull_call *, const struct request *, \
                                           struct reply *);                            \
    HULL_CHECKED HULL_UNUSED static inline int service##_##name(                       \
        struct hull_call *call, const char *port, const struct request *req,           \
        struct reply *ret_reply)                                                       \
    {                                                                                  \
        return hull_send(call, port, &service##_##name##_method, req, ret_reply);      \
    }
#define HULL_METHOD_DEFINE(service, name, req, rep, flags)                                 \
    const struct hull_method service##_##name##_method = {#service, #name, &req##_message, \
                                                          &rep##_message, flags};
#ifdef HULL_DEFINE_TABLES
#define HULL_METHOD(service, name, request, reply, flags) \
    HULL_METHOD_DECLARE(service, name, request, reply)    \
    HULL_METHOD_DEFINE(service, name, request, reply, flags)
#else
#define HULL_METHOD(service, name, request, reply, flags) \
    HULL_METHOD_DECLARE(service, name, request, reply)
#endif

/*
 * Send REQUEST to METHOD at PORT and wait for the answer. The plugin is loaded when this is the
 * first message for it. PORT NULL is the method's service. What RET_REPLY points at lives in the
 * arena of CALL; descriptors and streams in it belong to the caller. Those in REQUEST are the
 * handler's, even when it fails, and are closed when the message does not get there; a field
 * that is HULL_LENT stays the caller's. On an error RET_REPLY is empty, as from
 * hull_message_init(). Yields. -HULL_NOT_SUPPORTED when no plugin provides the port.
 */
HULL_PUBLIC int hull_send(struct hull_call *call, const char *port,
                          const struct hull_method *method, const void *request, void *ret_reply)
    HULL_CHECKED;

/* Where the answers of a method with many go. */
struct hull_sink {
    /* The request was accepted; no early error will come. May be NULL. */
    int (*ready)(struct hull_call *call, void *ctx);
    /* One answer; it lives only until the function returns. An error ends the method. */
    int (*reply)(struct hull_call *call, void *ctx, const void *reply);
    void *ctx;
};
/* hull_send() for a method with HULL_METHOD_MANY or HULL_METHOD_READY. Yields. */
HULL_PUBLIC int hull_send_many(struct hull_call *call, const char *port,
                               const struct hull_method *method, const void *request,
                               void *ret_reply, const struct hull_sink *sink) HULL_CHECKED;

/* In a handler: the request is accepted. Once; without a sink it does nothing. Yields. */
HULL_PUBLIC int hull_ready(struct hull_call *call) HULL_CHECKED;
/*
 * In a handler of a method with many answers: pass REPLY to the sender, and come back when it
 * has dealt with it, which is the back-pressure. Without a sink it does nothing. Yields.
 */
HULL_PUBLIC int hull_emit(struct hull_call *call, const void *reply) HULL_CHECKED;

#endif
