/*
 * layers_changes.h: how one tree differs from another, told as docker's diff tells it.
 *
 * A storage driver walks one tree with root_walk() and looks for the counterpart of each entry
 * in the other one. A folder whose counterpart is no folder stands alone: all that is in it is
 * new. A folder is listed when it differs itself or something in it does.
 *
 * All of it is worker-safe.
 */
#ifndef HULL_COMMON_LAYERS_CHANGES_H
#define HULL_COMMON_LAYERS_CHANGES_H

#include "root.h"
#include "storage.h"

/* filesystem_change.kind, with the Engine API's numbers. */
enum change_kind { CHANGE_MODIFIED = 0, CHANGE_ADDED = 1, CHANGE_DELETED = 2 };

struct comparison {
    struct hull_arena *arena; /* the list's */
    int other_fd;             /* top of the tree that is not walked; -1: it is empty */
    struct filesystem_change_list *list;
    bool (*given)(const char *path); /* may be NULL: what is no change although it is new */
    const char *alone; /* set by comparison_enter(): the outermost folder that stands alone */
};

/* Put PATH (as root_walk() gives it) on the list. */
void comparison_add(struct comparison *comparison, const char *path, enum change_kind kind);

/*
 * For the walk's ENTER: list ENTRY if it is new or differs; a folder is listed for the time
 * being. *ret_both: it is a folder on both sides. 0 or a negative errno.
 */
HULL_CHECKED int comparison_enter(struct comparison *comparison, const struct root_entry *entry,
                                  bool *ret_both);

/* A root_walk_fn for the walk's LEAVE, CTX being the comparison: takes a folder off the list
 * again when it is the same on both sides and nothing in it was listed. */
int comparison_leave(void *comparison, const struct root_entry *entry);

#endif
