/*
 * volume_plugin.h: what the files of the plugin share.
 */
#ifndef ENGINE_VOLUME_PLUGIN_H
#define ENGINE_VOLUME_PLUGIN_H

#include <uthash.h>

#include <hull/hull.h>

#include "volume.h"

struct volume_entry {
    struct hull_arena *arena; /* all of it is in here */
    struct volume volume;
    UT_hash_handle hh;
};

/* Make the folder of NAME; its absolute path, in the call's arena. Yields. */
int volume_folder_make(struct hull_call *call, const char *name, const char **ret_path)
    HULL_CHECKED;
/* Remove the folder of NAME and all in it; none is no error. Yields. */
int volume_folder_remove(struct hull_call *call, const char *name) HULL_CHECKED;
/* Bytes that the files of NAME take. Yields. */
int volume_folder_size(struct hull_call *call, const char *name, int64_t *ret_bytes) HULL_CHECKED;
/* Remove every folder that is not of one of NAMES. Yields. */
int volume_folders_sweep(struct hull_call *call, const struct hull_strv *names) HULL_CHECKED;

#endif
