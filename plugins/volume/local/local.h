/*
 * local.h: what the files of volume/local share.
 */
#ifndef HULL_VOLUME_LOCAL_H
#define HULL_VOLUME_LOCAL_H

#include <hull/hull.h>

#include "volume_driver.h"

/* The options of volumes that have some; those without have no document. */
#define LV_OPTIONS "volume-local"
/* Who uses a volume with options: "NAME/ID". */
#define LV_USES "volume-local-use"

/* The options of a volume, as docker names them. Also its document. */
#define LV_OPTIONS_FIELDS(F, T)                                                               \
    F(T, STRING, _, type, "type", HULL_OMIT, "File system: tmpfs, nfs, ext4 …; none: a bind") \
    F(T, STRING, _, device, "device", HULL_OMIT, "What is mounted")                           \
    F(T, STRING, _, o, "o", HULL_OMIT | HULL_SECRET, "Options of mount(8)")                   \
    F(T, STRING, _, size, "size", HULL_OMIT, "Most that the files may take")
HULL_MESSAGE_DECLARE(lv_options, LV_OPTIONS_FIELDS)

/* --- options.c -------------------------------------------------------------------------------- */

/* From what the client gave. -HULL_INVALID in docker's words. */
int lv_options_parse(struct hull_call *call, const struct hull_map *given, struct lv_options *ret)
    HULL_CHECKED;
/* Bytes that the option size allows; 0: no limit. */
int64_t lv_options_size(const struct lv_options *options);
/* True when something is to be mounted. */
bool lv_options_mount(const struct lv_options *options);

/* The options of mount(8), taken apart. */
struct lv_flags {
    unsigned long flags;       /* MS_ of the mount itself */
    unsigned long propagation; /* MS_SHARED and the like, 0 for none */
    const char *data;          /* for the file system, "" for none */
};
struct lv_flags lv_flags_parse(struct hull_arena *arena, const char *o);
/* DATA with the values of passwords hidden, for errors. */
const char *lv_data_shown(struct hull_arena *arena, const char *data);

/* --- mount.c ---------------------------------------------------------------------------------- */

/* Mount what OPTIONS say at the folder of NAME, unless it is already. Yields. */
int lv_mount(struct hull_call *call, const char *name, const struct lv_options *options)
    HULL_CHECKED;
/* Nothing is mounted at the folder of NAME any more. Yields. */
int lv_unmount(struct hull_call *call, const char *name) HULL_CHECKED;

/* --- folder.c --------------------------------------------------------------------------------- */

/* Where the files of NAME are, in the call's arena. */
const char *lv_path(struct hull_call *call, const char *name);
/* Make the folder of NAME; at most SIZE bytes get into it, 0 being no limit. Yields. */
int lv_folder_make(struct hull_call *call, const char *name, int64_t size) HULL_CHECKED;
/* Remove the folder of NAME and all in it; none is no error. Yields. */
int lv_folder_remove(struct hull_call *call, const char *name) HULL_CHECKED;
/* -HULL_NOT_FOUND when NAME has none, else when it was made, seconds since 1970. Yields. */
int lv_folder_stat(struct hull_call *call, const char *name, int64_t *ret_made_s) HULL_CHECKED;
/* Bytes that the files of NAME take. Yields. */
int lv_folder_size(struct hull_call *call, const char *name, int64_t *ret_bytes) HULL_CHECKED;
/* The names of all folders. Yields. */
int lv_folders_list(struct hull_call *call, struct hull_strv *ret_names) HULL_CHECKED;
/* Remove every folder that is not of one of NAMES. Yields. */
int lv_folders_sweep(struct hull_call *call, const struct hull_strv *names) HULL_CHECKED;

/* For workers: DATA_ROOT/volumes, or DATA_ROOT/volumes/NAME/_data (as it is mounted), or a
 * negative kind. Worker-safe. */
int lv_open_all(struct hull_work *work, const char *data_root) HULL_CHECKED;
int lv_open_data(struct hull_work *work, const char *data_root, const char *name) HULL_CHECKED;
/* End what is mounted at DATA_ROOT/volumes/NAME/_data. Worker-safe. */
int lv_detach(struct hull_work *work, const char *data_root, const char *name) HULL_CHECKED;

#endif
