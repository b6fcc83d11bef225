/*
 * users.c: "user[:group]" and supplementary groups, looked up in the image's own passwd and group
 * as docker does it. Pure: the texts come from the caller.
 */
#include "tools/shim/shim.h"

#include <string.h>

#define MOST_GROUPS 65536
#define LARGEST_ID 2147483647u

/* One line, cut at its colons. */
struct entry {
    const char *field[7];
    size_t length[7];
};

/* The next line of *text with at least WANTED fields; false at the end. */
static bool next_entry(const char **text, size_t wanted, struct entry *ret)
{
    while (*text != NULL && **text != '\0') {
        const char *at = *text, *end = strchrnul(at, '\n');
        *text = *end == '\0' ? end : end + 1;
        size_t count = 0;
        *ret = (struct entry){};
        while (count < HULL_COUNT(ret->field)) {
            const char *colon = memchr(at, ':', (size_t)(end - at));
            ret->field[count] = at;
            ret->length[count++] = (size_t)((colon == NULL ? end : colon) - at);
            if (colon == NULL)
                break;
            at = colon + 1;
        }
        if (count >= wanted && ret->length[0] > 0)
            return true;
    }
    return false;
}

static bool is(const struct entry *entry, size_t field, const char *text, size_t length)
{
    return entry->length[field] == length && memcmp(entry->field[field], text, length) == 0;
}

/* 0: a number in range; 1: no number at all; -1: a number that is out of range. */
static int parse_id(const char *text, size_t length, uint32_t *ret)
{
    uint64_t value = 0;
    size_t i = length > 1 && text[0] == '-' ? 1 : 0;
    if (length == 0)
        return 1;
    for (size_t at = i; at < length; at++) {
        if (text[at] < '0' || text[at] > '9')
            return 1;
        if (value <= LARGEST_ID)
            value = value * 10 + (uint64_t)(text[at] - '0');
    }
    if (i > 0 || value > LARGEST_ID)
        return -1;
    *ret = (uint32_t)value;
    return 0;
}

static int out_of_range(void)
{
    return shim_fail(HULL_INVALID, "uids and gids must be in range 0-2147483647");
}

static void add_group(struct hull_arena *arena, struct identity *identity, uint32_t gid)
{
    for (size_t i = 0; i < identity->group_count; i++) {
        if (identity->groups[i] == gid)
            return;
    }
    if (identity->group_count % 32 == 0) {
        uint32_t *more = HULL_NEW_ARRAY(arena, uint32_t, identity->group_count + 32);
        if (identity->group_count > 0)
            memcpy(more, identity->groups, identity->group_count * sizeof(*more));
        identity->groups = more;
    }
    identity->groups[identity->group_count++] = gid;
}

struct user_match {
    const char *name; /* NULL when there is no entry */
    size_t length;
};

static int find_user(struct hull_arena *arena, const char *user, size_t length, const char *passwd,
                     struct identity *identity, struct user_match *ret)
{
    uint32_t id = 0, found, gid;
    int kind = parse_id(user, length, &id);
    struct entry entry;
    *ret = (struct user_match){};
    if (kind < 0)
        return out_of_range();
    while (next_entry(&passwd, 4, &entry)) {
        bool number = parse_id(entry.field[2], entry.length[2], &found) == 0;
        bool match = kind == 0 ? number && found == id : is(&entry, 0, user, length);
        if (!match)
            continue;
        if (!number || parse_id(entry.field[3], entry.length[3], &gid) != 0)
            return out_of_range();
        identity->uid = found;
        identity->gid = gid;
        if (entry.length[5] > 0)
            identity->home = hull_arena_strndup(arena, entry.field[5], entry.length[5]);
        *ret = (struct user_match){entry.field[0], entry.length[0]};
        return 0;
    }
    if (kind > 0)
        return shim_fail(HULL_INVALID,
                         "unable to find user %.*s: no matching entries in passwd file",
                         (int)length, user);
    identity->uid = id;
    return 0;
}

/* GROUP by name or number. A number needs no entry. */
static int find_group(const char *group, size_t length, const char *file, uint32_t *ret)
{
    struct entry entry;
    uint32_t id = 0, gid;
    int kind = parse_id(group, length, &id);
    if (kind < 0)
        return out_of_range();
    while (kind > 0 && next_entry(&file, 3, &entry)) {
        if (!is(&entry, 0, group, length))
            continue;
        if (parse_id(entry.field[2], entry.length[2], &gid) != 0)
            return out_of_range();
        *ret = gid;
        return 0;
    }
    if (kind > 0)
        return shim_fail(HULL_INVALID,
                         "unable to find group %.*s: no matching entries in group file",
                         (int)length, group);
    *ret = id;
    return 0;
}

/* True when the comma-separated list of members has NAME. */
static bool has_member(const struct entry *entry, const struct user_match *user)
{
    const char *at = entry->field[3], *end = at + entry->length[3];
    while (at != NULL && at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t length = (size_t)((comma == NULL ? end : comma) - at);
        if (length == user->length && memcmp(at, user->name, length) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

static void add_memberships(struct hull_arena *arena, const struct user_match *user,
                            const char *file, struct identity *identity)
{
    struct entry entry;
    uint32_t gid;
    while (user->name != NULL && next_entry(&file, 4, &entry) &&
           identity->group_count < MOST_GROUPS) {
        if (has_member(&entry, user) && parse_id(entry.field[2], entry.length[2], &gid) == 0)
            add_group(arena, identity, gid);
    }
}

int users_lookup(struct hull_arena *arena, const struct oci_user *user, const char *passwd,
                 const char *group, struct identity *ret)
{
    struct user_match match;
    const char *name = user->username == NULL ? "" : user->username;
    const char *colon = strchrnul(name, ':');
    size_t length = (size_t)(colon - name);
    *ret = (struct identity){.home = "/"};
    if (length == 0) {
        name = hull_arena_printf(arena, "%lld", (long long)user->uid);
        length = strlen(name);
        ret->gid = (uint32_t)user->gid;
    }
    if (user->gid < 0 || user->gid > LARGEST_ID)
        return out_of_range();
    int rc = find_user(arena, name, length, passwd, ret, &match);
    if (rc == 0 && *colon == ':' && colon[1] != '\0')
        rc = find_group(colon + 1, strlen(colon + 1), group, &ret->gid);
    if (rc < 0)
        return rc;
    add_group(arena, ret, ret->gid);
    if (*colon == '\0' || colon[1] == '\0')
        add_memberships(arena, &match, group, ret);
    for (size_t i = 0; i < user->additional_gids.n && rc == 0; i++) {
        int64_t gid = user->additional_gids.v[i];
        if (gid < 0 || gid > LARGEST_ID)
            return out_of_range();
        add_group(arena, ret, (uint32_t)gid);
    }
    for (size_t i = 0; i < user->groups.n && rc == 0; i++) {
        uint32_t gid = 0;
        const char *wanted = user->groups.v[i] == NULL ? "" : user->groups.v[i];
        rc = find_group(wanted, strlen(wanted), group, &gid);
        if (rc == 0)
            add_group(arena, ret, gid);
    }
    return rc;
}
