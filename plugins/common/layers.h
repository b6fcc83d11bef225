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

#include "storage.h"

struct layers {
    int root_fd;      /* -1 until layers_open() */
    const char *root; /* absolute path, for people */
};

/* Open, and make, DATA-ROOT/NAME. Idempotent. */
HULL_CHECKED int layers_open(struct hull_call *call, struct layers *layers, const char *name);
void layers_close(struct layers *layers);

/* The hex of CHAIN ("sha256:<64 hex>"), a pointer into it; NULL when it is none. */
const char *layers_hex(const char *chain);
/* The same for a call: -HULL_INVALID. */
HULL_CHECKED int layers_check_chain(struct hull_call *call, const char *chain);
HULL_CHECKED int layers_check_id(struct hull_call *call, const char *id);

/* Open HEX/diff or containers/ID/SUB. A descriptor or a negative errno. Worker-safe. */
int layers_open_diff(const struct layers *layers, const char *hex);
int layers_open_container(const struct layers *layers, const char *id, const char *sub);
/* Open the folder PATH, made with MODE when it is missing. Worker-safe. */
int layers_make_dir(int dir_fd, const char *path, mode_t mode);
/* Make a new folder in tmp; its name ("tmp/…") goes to RET (64 bytes). Worker-safe. */
int layers_make_tmp(const struct layers *layers, const char *what, char *ret);

/* What the driver puts into a new layer's folder before it is unpacked into; may be NULL.
 * PARENT_FD is the parent's tree or -1. In a worker. */
typedef int layers_fill_fn(int parent_fd, int diff_fd, struct hull_work *work);

HULL_CHECKED int layers_begin(struct hull_call *call, struct layers *layers,
                              const struct storage_layer *request, layers_fill_fn *fill,
                              const char *whiteouts, struct storage_begin_reply *ret);
HULL_CHECKED int layers_commit(struct hull_call *call, struct layers *layers,
                               const struct storage_layer *request);
HULL_CHECKED int layers_abort(struct hull_call *call, struct layers *layers,
                              const struct storage_layer *request);
HULL_CHECKED int layers_remove(struct hull_call *call, struct layers *layers,
                               const struct storage_layer *request);
HULL_CHECKED int layers_stat(struct hull_call *call, struct layers *layers,
                             const struct storage_layer *request, struct storage_layer *ret);
HULL_CHECKED int layers_sweep(struct hull_call *call, struct layers *layers,
                              const struct storage_sweep_request *request);
/* Remove the writable layer ID. */
HULL_CHECKED int layers_remove_container(struct hull_call *call, struct layers *layers,
                                         const char *id);

/* Bytes of the files below DIR_FD, hard links counted once. Worker-safe; negative errno. */
int64_t layers_usage(int dir_fd);
/* Mode, owner and xattrs of the folder FROM_FD for TO_FD. Worker-safe; negative errno. */
int layers_copy_dir_attributes(int from_fd, int to_fd);

/*
 * The folder of what every container's tree must have for mounting on (/proc, /etc/hosts …), as
 * docker makes it in each container's own "-init" layer: ROOT/init/diff, shared by all, to lie
 * under the image. A descriptor or a negative errno. Worker-safe.
 */
int layers_open_init(const struct layers *layers);
/* Is PATH one of the init folder's? */
bool layers_is_init_path(const char *path);

#endif
