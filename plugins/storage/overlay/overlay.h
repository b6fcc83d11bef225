/* overlay.h: what the files of storage/overlay share. overlay.c tells the story. */
#ifndef HULL_STORAGE_OVERLAY_H
#define HULL_STORAGE_OVERLAY_H

#include "api/config.h"
#include "layers.h"
#include "root.h"

/* How a mount is made; tried in this order. */
enum ovl_api {
    OVL_APPEND, /* fsconfig "lowerdir+" for each layer: Linux 6.5 */
    OVL_STRING, /* fsconfig "lowerdir" with all of them in 255 bytes */
    OVL_MOUNT,  /* mount(2) in tmp, cloned and unmounted again */
};

/* The kernel stacks no more. */
#define OVL_LAYERS_MAX 499

/* A mount to be made, in a worker. */
struct ovl_mount {
    const struct layers *layers;
    const char *const *chain; /* chain ids, lowest first */
    size_t chain_count;
    const char *id; /* the container whose upper directory is used; NULL for none */
    bool init;      /* with the init folder below the image */
    enum ovl_api api;
    int userns_fd; /* when uid is not 0: ids are shown as this user namespace has them */
    uint32_t uid, gid;
    int ret_fd;
};

/* Make it: 0 and ret_fd, or a kind. What the kernel says is in the text. Worker-safe. */
int ovl_mount_make(struct ovl_mount *mount, struct hull_problem *problem);
/* The best way to mount here, found by trying in tmp. Worker-safe. */
int ovl_api_find(const struct layers *layers, enum ovl_api wanted, enum ovl_api *ret,
                 struct hull_problem *problem);
const char *ovl_api_name(enum ovl_api api);

/* idmapped.c: nothing happens when MOUNT has no uid. In place of the layer at *FD, the same shown
 * with other ids. */
int ovl_show_by(const struct ovl_mount *mount, int *fd, struct hull_problem *problem);
/* *RET_TOP is the mount of both, which lives as long. */
int ovl_show_upper(const struct ovl_mount *mount, int *upper, int *work, int *ret_top,
                   struct hull_problem *problem);
/* Between the two, the calling thread is the range's 0 to file systems. */
void ovl_become_mounter(const struct ovl_mount *mount);
void ovl_become_daemon(const struct ovl_mount *mount);

/* Compare the upper directory of ID with MOUNT, its layers without it. In a worker; the list is
 * in ARENA. */
int ovl_changes(struct hull_arena *arena, int upper_fd, int lower_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem);

#endif
