/*
 * show.h: a message in one line, for traces.
 */
#ifndef HULL_COMMON_SHOW_H
#define HULL_COMMON_SHOW_H

#include <hull/arena.h>
#include <hull/message.h>

/* "Name=value Name=value"; secrets show as "…", long values are cut. */
char *message_show(struct hull_arena *arena, const struct hull_message *message, const void *value);

#endif
