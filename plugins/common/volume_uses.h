/*
 * volume_uses.h: for volume drivers: who uses which volume, in a bucket of the state store, so that
 * a daemon that was killed finds what it had mounted. A use is a volume's name and an id; each
 * driver has a bucket of its own. All of it yields.
 */
#ifndef HULL_COMMON_VOLUME_USES_H
#define HULL_COMMON_VOLUME_USES_H

#include <hull/hull.h>

/* An id becomes part of a key: letters, digits, '.', '_' and '-'. -HULL_INVALID else. */
int volume_use_check(struct hull_call *call, const char *id) HULL_CHECKED;
/* Record the use; twice is once. */
int volume_use_add(struct hull_call *call, const char *bucket, const char *name, const char *id)
    HULL_CHECKED;
/* Whether there is this use, and whether there are others of the volume. */
int volume_use_find(struct hull_call *call, const char *bucket, const char *name, const char *id,
                    bool *ret_this, bool *ret_others) HULL_CHECKED;
int volume_use_drop(struct hull_call *call, const char *bucket, const char *name, const char *id)
    HULL_CHECKED;
/* All uses of the volume. */
int volume_use_drop_all(struct hull_call *call, const char *bucket, const char *name) HULL_CHECKED;

#endif
