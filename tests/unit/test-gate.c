/* The gate of engine/container: order, room, and those who do not come out. */
#include "tap.h"

#include "plugins/engine/container/gate.h"

#include <stdlib.h>
#include <unistd.h>

#define CROWD 300

static int inside, most, next;
static bool in_order;
static struct hull_cond open_up;
static bool opened;

static size_t room(void)
{
    long count = 4 * sysconf(_SC_NPROCESSORS_ONLN);
    return count < 8 ? 8 : (size_t)count;
}

static int pass(struct hull_call *call, void *number)
{
    struct gate_place place;
    int rc = gate_enter(call, &place);
    if (rc < 0)
        return rc;
    if (next++ != (int)(intptr_t)number)
        in_order = false;
    if (++inside > most)
        most = inside;
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = hull_yield(call);
    inside--;
    gate_leave(&place);
    return rc;
}

FIBER_TEST(some_at_a_time_and_in_their_order)
{
    struct hull_task *tasks[CROWD];
    in_order = true;
    for (intptr_t i = 0; i < CROWD; i++)
        tasks[i] = hull_task_start(call, "one", pass, (void *)i);
    for (size_t i = 0; i < CROWD; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_INT(next, CROWD);
    /* With a seed they come in another order. */
    CHECK(in_order || getenv("HULL_SEED") != NULL);
    CHECK_INT(most, (int)room());
    CHECK_INT(inside, 0);
}

static int stay(struct hull_call *call, void *unused)
{
    struct gate_place place;
    int rc = gate_enter(call, &place);
    (void)unused;
    if (rc < 0)
        return rc;
    inside++;
    while (!opened && rc == 0)
        rc = hull_cond_wait(call, &open_up);
    inside--;
    gate_leave(&place);
    return rc;
}

/* All places are taken by those who never come out by themselves: the others come in. */
FIBER_TEST(who_is_stuck_counts_no_more)
{
    struct hull_task *stuck[256], *passing[CROWD];
    size_t count = room() < HULL_COUNT(stuck) ? room() : HULL_COUNT(stuck);
    for (size_t i = 0; i < count; i++)
        stuck[i] = hull_task_start(call, "stuck", stay, NULL);
    while (inside < (int)count)
        CHECK_OK(hull_yield(call));
    for (intptr_t i = 0; i < CROWD; i++)
        passing[i] = hull_task_start(call, "one", pass, (void *)i);
    for (size_t i = 0; i < CROWD; i++)
        CHECK_OK(hull_task_join(call, passing[i]));
    CHECK_INT(next, CROWD);
    CHECK_INT(inside, (int)count);
    opened = true;
    hull_cond_broadcast(&open_up);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(hull_task_join(call, stuck[i]));
    CHECK_INT(inside, 0);
}

/* Who gives up while it waits takes no place, and keeps nobody out. */
FIBER_TEST(who_gives_up_leaves_no_trace)
{
    struct hull_task *stuck[256], *more, *last;
    size_t count = room() < HULL_COUNT(stuck) ? room() : HULL_COUNT(stuck);
    for (size_t i = 0; i < count; i++)
        stuck[i] = hull_task_start(call, "stuck", stay, NULL);
    more = hull_task_start(call, "more", stay, NULL);
    last = hull_task_start(call, "last", pass, NULL);
    while (inside < (int)count)
        CHECK_OK(hull_yield(call));
    hull_task_cancel(more);
    CHECK_KIND(hull_task_join(call, more), HULL_CANCELED);
    opened = true;
    hull_cond_broadcast(&open_up);
    CHECK_OK(hull_task_join(call, last));
    for (size_t i = 0; i < count; i++)
        CHECK_OK(hull_task_join(call, stuck[i]));
    CHECK_INT(inside, 0);
}

TAP_MAIN
