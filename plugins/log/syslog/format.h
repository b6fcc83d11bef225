/*
 * format.h: messages of syslog, as docker's clients of it write them.
 */
#ifndef HULL_SYSLOG_FORMAT_H
#define HULL_SYSLOG_FORMAT_H

#include "log_forward.h"

enum syslog_format { SYSLOG_UNIX, SYSLOG_RFC3164, SYSLOG_RFC5424, SYSLOG_RFC5424_MICRO };

struct syslog_settings {
    enum syslog_format format;
    int facility;
};

/* "daemon", "local0" … or a number: 0 to 23, or -1. */
int syslog_facility(const char *name);
/* False when NAME is no format; "" is the traditional one. */
bool syslog_format_parse(const char *name, enum syslog_format *ret);
/* One message with a newline at its end. TAG is the program, PID this process. */
void syslog_message(struct hull_text *out, const struct syslog_settings *settings, const char *host,
                    const char *tag, int pid, const struct log_record *record);

#endif
