/*
 * A program without the core: only the sources of CORE_STATIC, linked statically, as hull-shim is.
 */
#define HULL_DEFINE_TABLES
#include <stdio.h>
#include <string.h>

#include "plugins/common/wire.h"

#define PLAN_FIELDS(F, T)                     \
    F(T, STRV, _, argv, "Argv", 0, "Command") \
    F(T, FD, _, log_fd, "LogFd", 0, "The log")
HULL_MESSAGE(plan, PLAN_FIELDS)

int main(void)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct plan plan, copy;
    struct hull_problem problem = {0};
    struct hull_ints fds;
    void *data;
    size_t size;
    hull_message_init(&plan_message, &plan);
    hull_strv_add(arena, &plan.argv, "true");
    plan.log_fd = 2;
    int rc = wire_encode(arena, &plan_message, &plan, &data, &size, &fds, &problem);
    const int given[] = {7};
    if (rc == 0)
        rc = wire_decode(arena, &plan_message, data, size, given, 1, &copy, &problem);
    bool fine = rc == 0 && copy.log_fd == 7 && strcmp(copy.argv.v[0], "true") == 0;
    copy.log_fd = -1;
    hull_message_release(&plan_message, &copy);
    puts("1..1");
    printf("%s 1 - messages without the core\n", fine ? "ok" : "not ok");
    return !fine;
}
