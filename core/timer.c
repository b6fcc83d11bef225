/*
 * The time limits of waiting fibers: a binary heap. Most limits are far away and are removed
 * before they come, which costs a few comparisons and no system call.
 */
#include "core/core.h"

#include <stdlib.h>

static struct {
    struct fiber **v; /* from 1 */
    size_t n;
    size_t capacity;
} heap;

static void put(size_t at, struct fiber *fiber)
{
    heap.v[at] = fiber;
    fiber->timer_at = at;
}

static void sift_up(size_t at, struct fiber *fiber)
{
    while (at > 1 && heap.v[at / 2]->timer_us > fiber->timer_us) {
        put(at, heap.v[at / 2]);
        at /= 2;
    }
    put(at, fiber);
}

static void sift_down(size_t at, struct fiber *fiber)
{
    for (;;) {
        size_t child = at * 2;
        if (child > heap.n)
            break;
        if (child < heap.n && heap.v[child + 1]->timer_us < heap.v[child]->timer_us)
            child++;
        if (heap.v[child]->timer_us >= fiber->timer_us)
            break;
        put(at, heap.v[child]);
        at = child;
    }
    put(at, fiber);
}

void timer_set(struct fiber *fiber, int64_t at_us)
{
    HULL_ASSERT(fiber->timer_at == 0);
    if (heap.n + 2 > heap.capacity) {
        heap.capacity = heap.capacity == 0 ? 64 : heap.capacity * 2;
        heap.v = reallocarray(heap.v, heap.capacity, sizeof(struct fiber *));
        HULL_ASSERT(heap.v != NULL);
    }
    fiber->timer_us = at_us;
    sift_up(++heap.n, fiber);
}

void timer_clear(struct fiber *fiber)
{
    size_t at = fiber->timer_at;
    if (at == 0)
        return;
    fiber->timer_at = 0;
    struct fiber *last = heap.v[heap.n--];
    if (last == fiber)
        return;
    if (at > 1 && heap.v[at / 2]->timer_us > last->timer_us)
        sift_up(at, last);
    else
        sift_down(at, last);
}

int64_t timer_first(void)
{
    return heap.n == 0 ? INT64_MAX : heap.v[1]->timer_us;
}

void timer_expire(int64_t at_us)
{
    while (heap.n > 0 && heap.v[1]->timer_us <= at_us)
        fiber_wake(heap.v[1], WAKE_TIMER);
}

void timer_done(void)
{
    free(heap.v);
    heap.v = NULL;
    heap.n = heap.capacity = 0;
}
