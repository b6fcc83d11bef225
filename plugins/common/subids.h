/*
 * subids.h: /etc/subuid and /etc/subgid: which ids of the host users may give to their containers.
 */
#ifndef HULL_COMMON_SUBIDS_H
#define HULL_COMMON_SUBIDS_H

#include <hull/arena.h>
#include <hull/error.h>

struct subid_range {
    uint32_t first, count;
};
struct subid_list {
    size_t n;
    struct subid_range *v;
};

/* The ranges of USER, by name or number, in TEXT, lines of name:first:count; of everybody when
 * USER is NULL. What is no such line is passed over, as by other programs, and so is a
 * range with the host's root in it. */
void subids_parse(struct hull_arena *arena, const char *text, const char *user,
                  struct subid_list *ret);
/* The same from the file PATH, of at most 1 MB; one that does not exist has none. 0 or a negative
 * kind. Worker-safe. */
int subids_read(struct hull_arena *arena, const char *path, const char *user,
                struct subid_list *ret, struct hull_problem *problem) HULL_CHECKED;
/* The user that REMAP, the value of userns-remap, names: "default" is dockremap, and of
 * "user:group" the user counts. NULL for "auto", "" and NULL. */
const char *subids_user(struct hull_arena *arena, const char *remap);

#endif
