/* Sleeps as long as it is told, holds a lock meanwhile, and has a fiber of its own. */
#define HULL_DEFINE_TABLES
#include "toys.h"

TOY_STEPS("toy/sleepy")

static struct hull_lock bed;
static struct hull_cond woken;
static int naps, fibers;

static int dreams(struct hull_call *call, void *arg)
{
    (void)arg;
    int rc = 0;
    fibers++;
    while (rc == 0)
        rc = hull_cond_wait(call, &woken);
    fibers--;
    return rc;
}

static int init(struct hull_call *call)
{
    int rc = hull_sleep(call, 1);
    hull_spawn("dreams", dreams, NULL);
    return rc < 0 ? rc : step_init(call);
}

static int ask(struct hull_call *call, const struct toy_ask *request, struct toy_answer *ret_reply)
{
    int rc = hull_lock(call, &bed);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &bed);
    HULL_ASSERT(naps++ == 0);
    rc = hull_sleep(call, request->number);
    HULL_ASSERT(--naps == 0);
    hull_cond_broadcast(&woken);
    ret_reply->text = "slept";
    return rc;
}

static int doze(struct hull_work *work, void *arg)
{
    (void)arg;
    for (int i = 0; i < 100 && !*work->canceled; i++)
        ;
    return 0;
}

/* Some work, and some bytes of a stream, slowly. */
static int many(struct hull_call *call, const struct toy_ask *request, struct toy_answer *ret_reply)
{
    char buffer[64];
    if (request->stream != NULL)
        hull_defer(call, hull_stream_close_cleanup, request->stream);
    int rc = hull_work(call, doze, NULL);
    while (rc == 0 && request->stream != NULL) {
        ssize_t n = hull_stream_read(call, request->stream, buffer, sizeof(buffer));
        if (n <= 0)
            return (int)n;
        ret_reply->number += n;
        rc = hull_sleep(call, 1);
    }
    return rc;
}

static void fini(void)
{
    HULL_ASSERT(naps == 0 && fibers == 0 && bed.owner == NULL && woken.waiters == NULL);
    step_fini();
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(toy, ask, ask),
    HULL_HANDLE(toy, many, many),
    {},
};
HULL_PLUGIN(toy_sleepy, .port = "toy/sleepy", .version = "1", .handlers = handlers, .init = init,
            .drain = step_drain, .fini = fini);
