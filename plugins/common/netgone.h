/*
 * netgone.h: interfaces of the host that go.
 *
 * The kernel takes an interface out of sight within one grace period of its own, and answers the
 * request when its memory is free too, which takes as long again: 35 ms for a bridge. Who waits
 * here waits for the first; the rest is done by a worker that nobody waits for.
 */
#ifndef HULL_COMMON_NETGONE_H
#define HULL_COMMON_NETGONE_H

#include <hull/fiber.h>

/*
 * Delete the host's interface NAME; with OWN only one that is marked by nif_mark_own(). One that is
 * gone, or another's, is fine. WHAT begins the error: "WHAT NAME: why". Once begun it is not
 * cancelled. Yields.
 */
int netgone_delete(struct hull_call *call, const char *name, bool own, const char *what)
    HULL_CHECKED;

#endif
