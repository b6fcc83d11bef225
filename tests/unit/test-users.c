/*
 * Users and groups of an image, as hull-shim looks them up.
 */
#include "tap.h"

#include "tools/shim/shim.h"

struct shim shim; /* what the tested file does not need */

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "\n"
                             "broken\n"
                             "www:x:33:34:w:/srv:/bin/sh\n"
                             "1234:x:55:56::/home/n:/bin/sh\n"
                             "huge:x:4294967296:0::/:\n"
                             "last:x:70:71";
static const char group[] = "root:x:0:\nwheel:x:10:root,www\ndata:x:34:ww,www2\nextra:x:77:www\n"
                            "bad:x:99999999999:www\n";

struct lookup {
    const char *user;
    long long uid, gid; /* -1: refused */
    const char *home;
    size_t groups;
};
static const struct lookup lookups[] = {
    {"", 0, 0, "/root", 2},
    {"root", 0, 0, "/root", 2},
    {"www", 33, 34, "/srv", 3},
    {"33", 33, 34, "/srv", 3},
    {"33:0", 33, 0, "/srv", 1},
    {"www:extra", 33, 77, "/srv", 1},
    {"www:", 33, 34, "/srv", 3},
    {"1234", 1234, 0, "/", 1},
    {"2147483647", 2147483647, 0, "/", 1},
    {"2147483648", -1, 0, NULL, 0},
    {"4294967296", -1, 0, NULL, 0},
    {"18446744073709551616", -1, 0, NULL, 0},
    {"-1", -1, 0, NULL, 0},
    {"huge", -1, 0, NULL, 0},
    {"1x", -1, 0, NULL, 0},
    {" 0", -1, 0, NULL, 0},
    {"+0", -1, 0, NULL, 0},
    {"0x0", -1, 0, NULL, 0},
    {"0:nosuch", -1, 0, NULL, 0},
    {"0:4294967296", -1, 0, NULL, 0},
    {"last", 70, 71, "/", 1},
    {"broken", -1, 0, NULL, 0},
};

TEST(users_and_groups)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < HULL_COUNT(lookups); i++) {
        const struct lookup *l = &lookups[i];
        struct oci_user user = {.username = l->user};
        struct identity identity = {};
        int rc = users_lookup(arena, &user, passwd, group, &identity);
        printf("# \"%s\": %s\n", l->user, rc < 0 ? shim_problem.text : "found");
        CHECK((rc < 0) == (l->uid < 0));
        if (rc < 0)
            continue;
        CHECK_INT(identity.uid, l->uid);
        CHECK_INT(identity.gid, l->gid);
        CHECK_STR(identity.home, l->home);
        CHECK_INT(identity.group_count, l->groups);
    }
}

TEST(added_groups)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *added[] = {"wheel", "500", "10"};
    int64_t more[] = {600};
    struct oci_user user = {
        .username = "1000:1000", .groups = {3, added}, .additional_gids = {1, more}};
    struct identity identity = {};
    CHECK_INT(users_lookup(arena, &user, NULL, group, &identity), 0);
    CHECK_INT(identity.group_count, 4);
    CHECK_INT(identity.groups[0], 1000);
    added[0] = "nosuch";
    CHECK(users_lookup(arena, &user, NULL, group, &identity) < 0);
    CHECK_STR(shim_problem.text, "unable to find group nosuch: no matching entries in group file");
}

TEST(no_files)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct identity identity = {};
    CHECK_INT(users_lookup(arena, &(struct oci_user){}, NULL, NULL, &identity), 0);
    CHECK_INT(identity.uid, 0);
    CHECK_STR(identity.home, "/");
    CHECK(users_lookup(arena, &(struct oci_user){.username = "www"}, NULL, NULL, &identity) < 0);
}

TAP_MAIN
