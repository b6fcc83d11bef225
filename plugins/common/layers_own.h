/*
 * layers_own.h: what layers.c and layers_methods.c know of each other.
 */
#ifndef HULL_COMMON_LAYERS_OWN_H
#define HULL_COMMON_LAYERS_OWN_H

#include "layers.h"

#define DIFF "diff"
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Each plugin has a copy of these files and so of these two. */
extern struct layers layers;
extern const struct layers_driver *layers_driver;

/* Names in tmp begin with this; those of earlier processes are swept. Worker-safe once a fiber has
 * called it. */
const char *layers_process_mark(void);
/* Is it the chain id of a layer, the id of a container? 0 or HULL_INVALID. */
int layers_check_chain(struct hull_call *call, const char *chain);
int layers_check_id(struct hull_call *call, const char *id);
/* The kind of the errno ERR, with PROBLEM "WHAT NAME: words". Worker-safe. */
int layers_fail(struct hull_problem *problem, int err, const char *what, const char *name);

#endif
