/*
 * signals.c: the table of signals.
 */
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The kernel's numbers: glibc keeps two real-time signals to itself, a container does not. */
#define KERNEL_RTMIN 34
#define KERNEL_RTMAX 64

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},         {"CHLD", SIGCHLD},
    {"CLD", SIGCHLD},  {"CONT", SIGCONT}, {"FPE", SIGFPE},         {"HUP", SIGHUP},
    {"ILL", SIGILL},   {"INT", SIGINT},   {"IO", SIGIO},           {"IOT", SIGIOT},
    {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},       {"PROF", SIGPROF},
    {"PWR", SIGPWR},   {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV},       {"STKFLT", SIGSTKFLT},
    {"STOP", SIGSTOP}, {"SYS", SIGSYS},   {"TERM", SIGTERM},       {"TRAP", SIGTRAP},
    {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},       {"URG", SIGURG},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"VTALRM", SIGVTALRM},   {"WINCH", SIGWINCH},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"RTMIN", KERNEL_RTMIN}, {"RTMAX", KERNEL_RTMAX},
};

static int number_of(const char *text)
{
    char *end;
    long value;

    if (*text < '0' || *text > '9')
        return -1;
    value = strtol(text, &end, 10);
    return *end == '\0' && value >= 1 && value <= KERNEL_RTMAX ? (int)value : -1;
}

/* RTMIN+n and RTMAX-n. */
static int real_time(const char *text)
{
    bool from_min = strncasecmp(text, "RTMIN+", 6) == 0;
    int distance;

    if (!from_min && strncasecmp(text, "RTMAX-", 6) != 0)
        return -1;
    distance = strcmp(text + 6, "0") == 0 ? 0 : number_of(text + 6);
    if (distance < 0 || distance > KERNEL_RTMAX - KERNEL_RTMIN)
        return -1;
    return from_min ? KERNEL_RTMIN + distance : KERNEL_RTMAX - distance;
}

int signal_parse(const char *text)
{
    int number;

    if (!text)
        return -1;
    number = number_of(text);
    if (number > 0)
        return number;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < HULL_COUNT(signals); i++)
        if (strcasecmp(text, signals[i].name) == 0)
            return signals[i].number;
    return real_time(text);
}
