/*
 * timefmt.h: times as the Engine API writes and reads them, and durations for people.
 *
 * A time is nanoseconds since 1970; TIME_ZERO is Go's zero time, year 1.
 */
#ifndef HULL_COMMON_TIMEFMT_H
#define HULL_COMMON_TIMEFMT_H

#include <hull/arena.h>

#define TIME_ZERO INT64_MIN
#define TIME_SECOND INT64_C(1000000000)

/* "2026-01-02T03:04:05.5Z": up to nine digits, zeros at the end left out. Worker-safe. */
char *time_format(struct hull_arena *arena, int64_t ns);
/* The same with exactly nine digits, as in logs. Worker-safe. */
char *time_format_fixed(struct hull_arena *arena, int64_t ns);
/* RFC 3339 with any zone and fraction. False when TEXT is none. Worker-safe. */
bool time_parse(const char *text, int64_t *ret_ns);
/* What since= and until= take: "seconds[.nanoseconds]", RFC 3339 with or without a time and a
 * zone (UTC), or a duration ("10m", "1h30m") before NOW. Worker-safe. */
bool time_parse_any(const char *text, int64_t now_ns, int64_t *ret_ns);
/* A Go duration, "1h2m3.5s", to nanoseconds. Worker-safe. */
bool time_parse_duration(const char *text, int64_t *ret_ns);
/* "5 seconds", "About a minute", "3 weeks". Worker-safe. */
char *time_human(struct hull_arena *arena, int64_t duration_ns);

#endif
