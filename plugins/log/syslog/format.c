/*
 * format.c: <priority>time host tag[pid]: text, in its four variants.
 */
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEVERITY_ERROR 3
#define SEVERITY_INFO 6

int syslog_facility(const char *name)
{
    static const char *const names[] = {
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "",       "",       "",       "",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
    char *end;
    long number = strtol(name, &end, 10);

    if (*name >= '0' && *name <= '9' && *end == '\0')
        return number <= 23 ? (int)number : -1;
    for (size_t i = 0; i < HULL_COUNT(names); i++)
        if (*name && strcmp(name, names[i]) == 0)
            return (int)i;
    return -1;
}

bool syslog_format_parse(const char *name, enum syslog_format *ret)
{
    static const char *const names[] = {"", "rfc3164", "rfc5424", "rfc5424micro"};

    for (size_t i = 0; i < HULL_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum syslog_format)i;
            return true;
        }
    return false;
}

/* "Jan  2 15:04:05", in local time as the old format has it; a zone can't be told in it. */
static void put_stamp(struct hull_text *out, const struct tm *tm)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    hull_text_printf(out, "%.3s %2d %02d:%02d:%02d", months + 3 * (size_t)tm->tm_mon, tm->tm_mday,
                     tm->tm_hour, tm->tm_min, tm->tm_sec);
}

static void put_rfc3339(struct hull_text *out, const struct tm *tm, int64_t time_ns, bool micro)
{
    long offset = tm->tm_gmtoff / 60, minutes = offset < 0 ? -offset : offset;

    hull_text_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm->tm_year + 1900, tm->tm_mon + 1,
                     tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
    if (micro)
        hull_text_printf(out, ".%06d", (int)(time_ns % 1000000000 / 1000));
    if (offset == 0)
        hull_text_puts(out, "Z");
    else
        hull_text_printf(out, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void syslog_message(struct hull_text *out, const struct syslog_settings *settings, const char *host,
                    const char *tag, int pid, const struct log_record *record)
{
    time_t seconds = (time_t)(record->time_ns / 1000000000);
    int severity = record->from_stderr ? SEVERITY_ERROR : SEVERITY_INFO;
    struct tm tm;

    localtime_r(&seconds, &tm);
    hull_text_printf(out, "<%d>", settings->facility * 8 + severity);
    if (settings->format == SYSLOG_UNIX || settings->format == SYSLOG_RFC3164) {
        put_stamp(out, &tm);
        if (settings->format == SYSLOG_RFC3164)
            hull_text_printf(out, " %s", host);
        hull_text_printf(out, " %s[%d]: ", tag, pid);
    } else {
        hull_text_puts(out, "1 ");
        put_rfc3339(out, &tm, record->time_ns, settings->format == SYSLOG_RFC5424_MICRO);
        hull_text_printf(out, " %s %s %d %s - ", host, tag, pid, tag);
    }
    hull_text_add(out, record->text, record->length);
    hull_text_puts(out, "\n");
}
