/*
 * /etc/subuid: whose ranges are whose, and what is no range.
 */
#include "tap.h"

#include "idmap.h"
#include "subids.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] = "# a remark\n"
                           "me:100000:65536\n"
                           "you:165536:65536\n"
                           "me:4294901760:65535\n"
                           "me:0:65536\n"
                           "me:1:0\n"
                           "me:4294901760:65536\n"
                           "me:-1:5\nme:1:5x\nme::5\nme:1\nme\nmee:7:7\n:8:8\n"
                           "1000:9:9";

TEST(of_a_user)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct subid_list list;
    subids_parse(arena, text, "me", &list);
    CHECK_INT(list.n, 2);
    CHECK_INT(list.v[0].first, 100000);
    CHECK_INT(list.v[0].count, 65536);
    CHECK_INT(list.v[1].first, 4294901760);
    subids_parse(arena, text, "1000", &list);
    CHECK_INT(list.n, 1);
    CHECK_INT(list.v[0].count, 9);
    subids_parse(arena, text, "m", &list);
    CHECK_INT(list.n, 0);
}

TEST(of_everybody)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct subid_list list;
    subids_parse(arena, text, NULL, &list);
    CHECK_INT(list.n, 6);
}

TEST(files)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct subid_list list;
    struct hull_problem problem;
    CHECK_INT(subids_read(arena, "/nonexistent/subuid", "me", &list, &problem), 0);
    CHECK_INT(list.n, 0);
    CHECK_INT(subids_read(arena, "/dev/null", "me", &list, &problem), -HULL_INVALID);
}

TEST(names)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK(subids_user(arena, NULL) == NULL);
    CHECK(subids_user(arena, "") == NULL);
    CHECK(subids_user(arena, "auto") == NULL);
    CHECK_STR(subids_user(arena, "default"), "dockremap");
    CHECK_STR(subids_user(arena, "me:ours"), "me");
    CHECK_STR(subids_user(arena, "1000"), "1000");
}

/* Needs root, as all that hull does. */
TEST(a_namespace)
{
    const struct idmap map = {100000, 200000, 65536};
    struct stat own, made;
    if (geteuid() != 0)
        return;
    int fd = idmap_userns(&map);
    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &made), 0);
    CHECK_INT(stat("/proc/self/ns/user", &own), 0);
    CHECK(own.st_ino != made.st_ino);
    close(fd);
}

TAP_MAIN
