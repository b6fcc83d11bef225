/*
 * timefmt.c: RFC 3339 without the C library's locale and zone, and durations.
 */
#include "timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void split(int64_t ns, struct tm *ret_tm, long *ret_fraction)
{
    time_t seconds = ns / TIME_SECOND;
    long fraction = (long)(ns % TIME_SECOND);

    if (fraction < 0) {
        fraction += TIME_SECOND;
        seconds--;
    }
    gmtime_r(&seconds, ret_tm);
    *ret_fraction = fraction;
}

static char *format(struct hull_arena *arena, int64_t ns, int digits)
{
    char fraction[16] = "";
    struct tm tm;
    long nanos;

    split(ns, &tm, &nanos);
    if (digits > 0)
        snprintf(fraction, sizeof(fraction), ".%09ld", nanos);
    return hull_arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%.*sZ", tm.tm_year + 1900,
                             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                             digits > 0 ? digits + 1 : 0, fraction);
}

char *time_format_fixed(struct hull_arena *arena, int64_t ns)
{
    return format(arena, ns, 9);
}

char *time_format(struct hull_arena *arena, int64_t ns)
{
    int64_t fraction = ns % TIME_SECOND;
    int digits = 9;

    if (ns == TIME_ZERO)
        return hull_arena_strdup(arena, "0001-01-01T00:00:00Z");
    if (fraction == 0)
        return format(arena, ns, 0);
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    return format(arena, ns, digits);
}

/* COUNT digits at *TEXT, which moves on; -1 when there are fewer. */
static int digits(const char **text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool skip(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* ".123": nanoseconds; digits beyond the ninth are dropped. */
static bool parse_fraction(const char **text, int64_t *ret_ns)
{
    int64_t value = 0;
    int count = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++, count++)
        if (count < 9)
            value = value * 10 + (**text - '0');
    for (int i = count; i < 9; i++)
        value *= 10;
    *ret_ns = value;
    return count > 0;
}

static bool parse_date(const char **text, struct tm *tm)
{
    tm->tm_year = digits(text, 4) - 1900;
    if (tm->tm_year < 0 - 1900 || !skip(text, '-'))
        return false;
    tm->tm_mon = digits(text, 2) - 1;
    if (tm->tm_mon < 0 || tm->tm_mon > 11 || !skip(text, '-'))
        return false;
    tm->tm_mday = digits(text, 2);
    return tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

static bool parse_clock(const char **text, struct tm *tm, bool seconds_needed)
{
    tm->tm_hour = digits(text, 2);
    if (tm->tm_hour < 0 || tm->tm_hour > 23)
        return false;
    if (!seconds_needed && **text != ':')
        return true;
    if (!skip(text, ':'))
        return false;
    tm->tm_min = digits(text, 2);
    if (tm->tm_min < 0 || tm->tm_min > 59)
        return false;
    if (!seconds_needed && **text != ':')
        return true;
    if (!skip(text, ':'))
        return false;
    tm->tm_sec = digits(text, 2);
    return tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

/* "Z" or "+01:00" to seconds east of UTC. */
static bool parse_zone(const char **text, int *ret_offset)
{
    int sign = **text == '-' ? -1 : 1;
    int hours, minutes;

    *ret_offset = 0;
    if (skip(text, 'Z') || skip(text, 'z'))
        return true;
    if (!skip(text, '+') && !skip(text, '-'))
        return false;
    hours = digits(text, 2);
    if (hours < 0 || hours > 23 || !skip(text, ':'))
        return false;
    minutes = digits(text, 2);
    *ret_offset = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0 && minutes <= 59;
}

/* LOOSE lets clock, seconds and zone be absent. */
static bool parse(const char *text, bool loose, int64_t *ret_ns)
{
    struct tm tm = {0};
    int64_t fraction = 0, seconds;
    int offset = 0;

    if (!parse_date(&text, &tm))
        return false;
    if (!loose || *text != '\0') {
        if (!skip(&text, 'T') || !parse_clock(&text, &tm, !loose))
            return false;
        if (*text == '.' && (text++, !parse_fraction(&text, &fraction)))
            return false;
        if ((!loose || *text != '\0') && !parse_zone(&text, &offset))
            return false;
    }
    seconds = timegm(&tm) - offset;
    if (*text != '\0')
        return false;
    if (__builtin_mul_overflow(seconds, TIME_SECOND, ret_ns))
        *ret_ns = TIME_ZERO;
    else
        *ret_ns += fraction;
    return true;
}

bool time_parse(const char *text, int64_t *ret_ns)
{
    return text && parse(text, false, ret_ns);
}

static bool parse_seconds(const char *text, int64_t *ret_ns)
{
    bool negative = *text == '-';
    int64_t seconds, fraction = 0;
    char *end;

    text += negative;
    if (*text < '0' || *text > '9')
        return false;
    seconds = strtoll(text, &end, 10);
    text = end;
    if (*text == '.' && (text++, !parse_fraction(&text, &fraction)))
        return false;
    if (*text != '\0' || seconds > INT64_MAX / TIME_SECOND - 1)
        return false;
    *ret_ns = seconds * TIME_SECOND + fraction;
    if (negative)
        *ret_ns = -*ret_ns;
    return true;
}

static const struct {
    const char *name;
    int64_t ns;
} units[] = {{"ns", 1},
             {"us", 1000},
             {"µs", 1000},
             {"ms", 1000000},
             {"s", TIME_SECOND},
             {"m", 60 * TIME_SECOND},
             {"h", 3600 * TIME_SECOND}};

static int64_t unit_at(const char **text)
{
    for (size_t i = 0; i < HULL_COUNT(units); i++) {
        size_t length = strlen(units[i].name);
        char next = strncmp(*text, units[i].name, length) == 0 ? (*text)[length] : 'x';

        if (next == '\0' || (next >= '0' && next <= '9') || next == '.') {
            *text += length;
            return units[i].ns;
        }
    }
    return 0;
}

bool time_parse_duration(const char *text, int64_t *ret_ns)
{
    double total = 0;
    bool negative;

    if (!text || *text == '\0')
        return false;
    negative = *text == '-';
    text += negative || *text == '+';
    if (strcmp(text, "0") == 0) {
        *ret_ns = 0;
        return true;
    }
    while (*text != '\0') {
        char *end;
        double value;
        int64_t unit;

        if ((*text < '0' || *text > '9') && *text != '.')
            return false;
        value = strtod(text, &end);
        text = end;
        unit = unit_at(&text);
        if (unit == 0)
            return false;
        total += value * (double)unit;
        if (!(total < 9.0e18))
            return false;
    }
    *ret_ns = negative ? -(int64_t)total : (int64_t)total;
    return true;
}

bool time_parse_any(const char *text, int64_t now_ns, int64_t *ret_ns)
{
    int64_t duration;

    if (!text || *text == '\0')
        return false;
    if (parse_seconds(text, ret_ns) || parse(text, true, ret_ns))
        return true;
    if (!time_parse_duration(text, &duration))
        return false;
    *ret_ns = now_ns - duration;
    return true;
}

char *time_human(struct hull_arena *arena, int64_t duration_ns)
{
    int64_t seconds = duration_ns / TIME_SECOND;
    int64_t minutes = seconds / 60, hours = (seconds + 1800) / 3600;

    if (seconds < 1)
        return hull_arena_strdup(arena, "Less than a second");
    if (seconds == 1)
        return hull_arena_strdup(arena, "1 second");
    if (seconds < 60)
        return hull_arena_printf(arena, "%d seconds", (int)seconds);
    if (minutes == 1)
        return hull_arena_strdup(arena, "About a minute");
    if (minutes < 60)
        return hull_arena_printf(arena, "%d minutes", (int)minutes);
    if (hours == 1)
        return hull_arena_strdup(arena, "About an hour");
    if (hours < 48)
        return hull_arena_printf(arena, "%d hours", (int)hours);
    if (hours < 24 * 7 * 2)
        return hull_arena_printf(arena, "%d days", (int)(hours / 24));
    if (hours < 24 * 30 * 2)
        return hull_arena_printf(arena, "%d weeks", (int)(hours / 24 / 7));
    if (hours < 24 * 365 * 2)
        return hull_arena_printf(arena, "%d months", (int)(hours / 24 / 30));
    return hull_arena_printf(arena, "%d years", (int)(seconds / 3600 / 24 / 365));
}
