/*
 * volume_plugin.h: what the files of the plugin share.
 */
#ifndef ENGINE_VOLUME_PLUGIN_H
#define ENGINE_VOLUME_PLUGIN_H

#include "hashtable.h"

#include <hull/hull.h>

#include "container.h"
#include "volume.h"
#include "volume_driver.h"

#define VOLUME_BUCKET "volume"
#define VOLUME_ANONYMOUS "com.docker.volume.anonymous"
#define VOLUME_LOCAL "local"

/* The document of a volume. */
#define VOLUME_DOC_FIELDS(F, T)            \
    F(T, EMBED, volume, volume, "", 0, "") \
    F(T, STRING, _, intent, "Intent", HULL_OMIT, "create or remove: unfinished")
HULL_MESSAGE_DECLARE(volume_doc, VOLUME_DOC_FIELDS)

/*
 * What is known under a name. While there is a reference nobody else takes its place; the lock is
 * held by whoever changes the volume or has its driver do something to it.
 */
struct slot {
    char *name;
    unsigned refs;
    struct hull_lock lock;
    struct hull_arena *arena; /* of doc, NULL while there is no volume */
    struct volume_doc doc;    /* an intent: half made or half gone, nobody is shown it */
    UT_hash_handle hh;
};

/* --- registry.c: the volumes, by name --------------------------------------------------------- */

/* The volume NAME, or NULL; valid until the next yield. */
const struct volume *volume_find(const char *name);
/* The place of NAME, locked until CALL's handler returns. Yields. */
int slot_lock(struct hull_call *call, const char *name, struct slot **ret) HULL_CHECKED;
/* True when there is a volume that is shown to clients. */
bool slot_there(const struct slot *slot);
/* Give SLOT a deep copy of VOLUME, or nothing when that is NULL, without writing it down. */
void slot_set(struct slot *slot, const struct volume *volume, const char *intent);
/* The same, and write it down. Yields. */
int slot_store(struct hull_call *call, struct slot *slot, const struct volume *volume,
               const char *intent, bool sync) HULL_CHECKED;
/* The names of all volumes that are shown, sorted, in the call's arena. */
struct hull_strv volume_names(struct hull_call *call);
/* A slot for a document that was found at the start. */
struct slot *slot_add(const char *name);
/* The first of all slots; the others follow by hh.next. Valid until the next yield. */
struct slot *slot_first(void);
void slots_done(void);

/* --- drivers.c -------------------------------------------------------------------------------- */

/* The port that the driver NAME answers at. */
const char *driver_port(struct hull_call *call, const char *name);
/* The scope of the driver; -HULL_NOT_FOUND, in docker's words, when there is none. Yields. */
int driver_scope(struct hull_call *call, const char *name, const char **ret_scope) HULL_CHECKED;
/* Fill in what the driver of VOLUME says of it now: where it is, since when, its status. The same
 * arena. -HULL_NOT_FOUND when the driver has none of that name. Yields. */
int driver_refresh(struct hull_call *call, struct volume *volume) HULL_CHECKED;
/*
 * What the drivers of others have, those that know volumes of ours and those that can be found: all
 * are asked at once. WARNINGS gets a line for each that fails. Yields.
 */
struct driver_lists {
    struct hull_strv answered; /* names of drivers */
    size_t n;
    struct volume *v;
};
int drivers_list(struct hull_call *call, struct driver_lists *ret, struct hull_strv *ret_warnings)
    HULL_CHECKED;
/* The driver of others that has a volume NAME, with what it says of it; NULL when none has, or none
 * says so in time. Yields. */
int drivers_find(struct hull_call *call, const char *name, struct volume *ret, bool *ret_found)
    HULL_CHECKED;

/* --- volume.c --------------------------------------------------------------------------------- */

/* The containers that use the volume NAME. Yields. */
int volume_users(struct hull_call *call, const char *name, struct container_users_reply *ret)
    HULL_CHECKED;
/* Remove the volume of SLOT, which is locked; FORCE: forget it though its driver can't. Yields. */
int volume_remove_one(struct hull_call *call, struct slot *slot, bool force) HULL_CHECKED;

/* --- list.c, restore.c ------------------------------------------------------------------------ */

volume_list_handler volume_handle_list;
volume_prune_handler volume_handle_prune;
int volume_restore(struct hull_call *call) HULL_CHECKED;

#endif
