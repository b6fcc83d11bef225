/*
 * gate.h: how many containers start, end or go at the same time.
 *
 * A thousand that come at once would be done by turns, a step of each: the first would be ready as
 * late as the last, and whoever asks for something else would wait behind a step of all of them.
 * Some at a time take as long together, and the others notice little.
 *
 * It is a matter of order, never of life: who stays in there for long, because a server does not
 * answer perhaps, soon counts no more, and whoever waits meanwhile comes in.
 */
#ifndef HULL_CONTAINER_GATE_H
#define HULL_CONTAINER_GATE_H

#include <hull/fiber.h>

/* Somebody in there; on the stack of who entered. */
struct gate_place {
    struct gate_place *next, *prev;
    int64_t since_ms;
};

/* First come, first served. Nobody who is in there may wait for somebody who has to enter. Fails
 * only when CALL is cancelled. Yields. */
int gate_enter(struct hull_call *call, struct gate_place *place) HULL_CHECKED;
/* After a gate_enter() that did not fail. */
void gate_leave(struct gate_place *place);

#endif
