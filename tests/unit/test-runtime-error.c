/*
 * What a runtime that failed is said to have said.
 */
#include "tap.h"

#include <hull/arena.h>

#include "tools/shim/runtime_error.h"

TEST(the_last_error_counts)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_STR(runtime_error(arena, "{\"level\":\"error\",\"msg\":\"first\"}\n"
                                   "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\",\"time\":\"x\"}\n"
                                   "{\"level\":\"warning\",\"msg\":\"later\"}\n"),
              "a \"b\"");
    CHECK_STR(runtime_error(arena, "{\"level\":\"fatal\",\"msg\":\"end\"}"), "end");
}

TEST(words_that_clients_know)
{
    static const struct {
        const char *said, *is;
    } cases[] = {
        {"executable file `x` not found in $PATH: No such file or directory",
         "unable to start container process: exec: \"x\": executable file not found in $PATH"},
        {"executable file `/x` not found in $PATH: No such file or directory",
         "unable to start container process: exec: \"/x\": stat /x: no such file or directory"},
        {"open executable: Permission denied",
         "unable to start container process: exec: permission denied"},
        {"open executable: Operation not permitted",
         "unable to start container process: exec: permission denied"},
        {"mount `/a`: Permission denied", "mount `/a`: permission denied"},
        {"runc create failed: x", "runc create failed: x"},
    };
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        const char *line =
            hull_arena_printf(arena, "{\"msg\":\"%s\",\"level\":\"error\"}\n", cases[i].said);
        CHECK_STR(runtime_error(arena, line), cases[i].is);
    }
}

TEST(logs_that_are_none)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_STR(runtime_error(arena, ""), "");
    CHECK_STR(runtime_error(arena, "\n\n"), "");
    CHECK_STR(runtime_error(arena, "it broke\n\n"), "it broke");
    CHECK_STR(runtime_error(arena, "{\"msg\":\"cut o"), "{\"msg\":\"cut o");
    CHECK_STR(runtime_error(arena, "rt\",\"level\":1}\n{\"level\":\"error\",\"msg\":\"after\"}\n"),
              "after");
    CHECK_STR(runtime_error(arena, "{\"level\":\"error\",\"msg\":\"\"}\n"),
              "{\"level\":\"error\",\"msg\":\"\"}");
    CHECK_STR(runtime_error(arena, "executable file `"), "executable file `");
}

TAP_MAIN
