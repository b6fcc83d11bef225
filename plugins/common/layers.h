/*
 * layers.h: what storage drivers that keep one folder per layer share: where things are, how a
 * layer becomes visible, and how it goes.
 *
 * Below DATA-ROOT/NAME (mode 0700, nothing in it can be reached by others):
 *
 *     HEX/diff            the tree of the layer whose chain id is sha256:HEX
 *     HEX/layer           "SIZE PARENT\n"
 *     containers/ID/      a writable layer; the driver's own content
 *     tmp/TOKEN/          layers that are being unpacked, things being removed, probes
 *
 * A layer is made in tmp, synced and renamed; removing renames it into tmp first. So whatever is
 * under its own name is whole, after a crash too, and the sweep has to look at tmp only.
 *
 * Functions with a call yield (the work is done by workers); the others are worker-safe.
 */
#ifndef HULL_COMMON_LAYERS_H
#define HULL_COMMON_LAYERS_H

#include <hull/fiber.h>
#include <hull/plugin.h>

#include "storage.h"

struct layers {
    int root_fd;      /* -1 until it is opened */
    const char *root; /* absolute path, for people */
};

/* The hex of CHAIN ("sha256:<64 hex>"), a pointer into it; NULL when it is none. */
const char *layers_hex(const char *chain);
/* Open HEX/diff or containers/ID/SUB. A descriptor or a negative errno. Worker-safe. */
int layers_open_diff(const struct layers *layers, const char *hex);
int layers_open_container(const struct layers *layers, const char *id, const char *sub);
/* Make containers/ID, new: its descriptor, or a kind with PROBLEM filled in. Worker-safe. */
int layers_make_container(struct hull_problem *problem, const struct layers *layers,
                          const char *id);
/* Take it back. Worker-safe. */
void layers_drop_container(const struct layers *layers, const char *id);
/* The same by chain id, and with the words: a descriptor, or a kind with PROBLEM filled in.
 * Worker-safe. */
int layers_get_diff(struct hull_problem *problem, const struct layers *layers, const char *chain);
int layers_get_container(struct hull_problem *problem, const struct layers *layers, const char *id,
                         const char *sub);
/* Open the folder PATH, made with MODE when it is missing. Worker-safe. */
int layers_make_dir(int dir_fd, const char *path, mode_t mode);
/* Make a new folder in tmp; its name ("tmp/…") goes to RET (64 bytes). Worker-safe. */
int layers_make_tmp(const struct layers *layers, const char *what, char *ret);

/* What the driver puts into a new layer's folder before it is unpacked into; PARENT_FD is the
 * parent's tree or -1. In a worker. */
typedef int layers_fill_fn(struct hull_work *work, int parent_fd, int diff_fd);

/* A driver, given to layers_init() by the plugin's own init. The handlers below serve it. */
struct layers_driver {
    const char *name;      /* of its folder */
    const char *whiteouts; /* what the unpacker has to do with them */
    layers_fill_fn *fill;  /* may be NULL */
};
void layers_init(const struct layers_driver *driver);
/* The plugin's fini. */
void layers_fini(void);

/* The driver's folder, opened and made when this is the first time. Yields. */
HULL_CHECKED int layers_get(struct hull_call *call, const struct layers **ret);
/* Check the ids of REQUEST, and layers_get(). Yields. */
HULL_CHECKED int layers_check_request(struct hull_call *call,
                                      const struct storage_container *request,
                                      const struct layers **ret);

/* Handlers of the methods that all these drivers share. */
storage_layer_begin_handler layers_begin;
storage_layer_commit_handler layers_commit;
storage_layer_abort_handler layers_abort;
storage_layer_remove_handler layers_remove;
storage_layer_stat_handler layers_stat;
storage_sweep_handler layers_sweep;
storage_remove_handler layers_remove_container;

/* Bytes of the files below DIR_FD, hard links counted once. Worker-safe; negative errno. */
int64_t layers_usage(int dir_fd);
/* Mode, owner and user.* xattrs of the folder FROM_FD for TO_FD. Worker-safe; negative errno. */
int layers_copy_dir_attributes(int from_fd, int to_fd);

/*
 * The folder of what every container's tree must have for mounting on (/proc, /etc/hosts …), as
 * docker makes it in each container's own "-init" layer: ROOT/init/diff, shared by all, to lie
 * under the image. A descriptor or a negative errno. Worker-safe.
 */
int layers_open_init(const struct layers *layers);
/* Is PATH one of the init folder's? */
bool layers_is_init_path(const char *path);

/* Put changes in the order of their paths. Worker-safe. */
void layers_sort_changes(struct filesystem_change_list *changes);

#endif
