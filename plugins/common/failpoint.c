/*
 * failpoint.c: each plugin has a copy of this, so a place that several plugins share (layers, say)
 * is counted in each by itself.
 */
#include "failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "HULL_FAILPOINT"

const struct failpoint_info failpoint_table[FAILPOINT_COUNT] = {
#define FAILPOINT_INFO(name, text) [FAILPOINT_##name] = {#name, text},
    FAILPOINTS(FAILPOINT_INFO)
#undef FAILPOINT_INFO
};

enum failpoint failpoint_armed;
static atomic_long left;

/* NAME[:N]; FAILPOINT_NONE when it is none. */
static enum failpoint parse(const char *text, long *ret_count)
{
    size_t length = strcspn(text, ":");
    char *end = NULL;

    *ret_count = 1;
    if (text[length] == ':') {
        *ret_count = strtol(text + length + 1, &end, 10);
        if (end == text + length + 1 || *end != '\0' || *ret_count < 1)
            return FAILPOINT_NONE;
    }
    for (int i = FAILPOINT_NONE + 1; i < FAILPOINT_COUNT; i++)
        if (strlen(failpoint_table[i].name) == length &&
            strncmp(failpoint_table[i].name, text, length) == 0)
            return (enum failpoint)i;
    return FAILPOINT_NONE;
}

__attribute__((constructor)) static void arm(void)
{
    const char *text = secure_getenv(VARIABLE);
    long count = 0;

    if (text == NULL)
        return;
    failpoint_armed = parse(text, &count);
    atomic_store(&left, count);
}

void failpoint_reached(void)
{
    if (atomic_fetch_sub(&left, 1) == 1)
        kill(getpid(), SIGKILL);
}

bool failpoint_valid(void)
{
    return secure_getenv(VARIABLE) == NULL || failpoint_armed != FAILPOINT_NONE;
}
