/*
 * The error slot of a call.
 */
#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message is for people; what is longer came from a loop over somebody's input. */
#define LONGEST 16384

void slot_set(struct slot *slot, enum hull_kind kind, char *text)
{
    free(slot->text);
    *slot = (struct slot){kind, text};
}

void slot_move(struct slot *to, struct slot *from)
{
    if (to == from)
        return;
    slot_set(to, from->kind, from->text);
    *from = (struct slot){};
}

static char *format(const char *fmt, va_list args)
{
    char *text;
    int length = vasprintf(&text, fmt, args);
    HULL_ASSERT(length >= 0);
    if (length > LONGEST)
        memcpy(text + LONGEST - 4, "...", 4);
    return text;
}

int hull_fail(struct hull_call *call, enum hull_kind kind, const char *fmt, ...)
{
    HULL_ASSERT(kind != HULL_OK);
    va_list args;
    va_start(args, fmt);
    slot_set(&call->scope->slot, kind, format(fmt, args));
    va_end(args);
    return -(int)kind;
}

int hull_fail_errno(struct hull_call *call, int err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    HULL_AUTO_FREE char *text = format(fmt, args);
    va_end(args);
    return hull_fail(call, hull_kind_of_errno(err), "%s: %s", text, strerror(err));
}

int hull_wrap(struct hull_call *call, int rc, const char *fmt, ...)
{
    if (rc >= 0)
        return rc;
    va_list args;
    va_start(args, fmt);
    HULL_AUTO_FREE char *text = format(fmt, args);
    va_end(args);
    int kind = hull_fail(call, (enum hull_kind) - rc, "%s: %s", text, hull_error(call));
    (void)kind;
    return rc;
}

const char *hull_error(const struct hull_call *call)
{
    const char *text = call->scope->slot.text;
    return text == NULL ? "" : text;
}

void hull_error_clear(struct hull_call *call)
{
    slot_set(&call->scope->slot, HULL_OK, NULL);
}

int hull_fail_problem(struct hull_call *call, const struct hull_problem *problem)
{
    if (problem->kind == HULL_OK)
        return 0;
    return hull_fail(call, problem->kind, "%s", problem->text);
}
