/*
 * signals.h: signals by name and number.
 */
#ifndef HULL_COMMON_SIGNALS_H
#define HULL_COMMON_SIGNALS_H

#include <hull/base.h>

/* "SIGTERM", "term", "15", "SIGRTMIN+3" to a number; -1 when TEXT is no signal. Worker-safe. */
int signal_parse(const char *text);

#endif
