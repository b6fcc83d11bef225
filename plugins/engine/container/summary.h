/*
 * summary.h: a container as lists show it.
 */
#ifndef HULL_CONTAINER_SUMMARY_H
#define HULL_CONTAINER_SUMMARY_H

#include "ct.h"

/* "Up 3 seconds (healthy)", "Exited (0) 2 minutes ago", … */
char *summary_status(struct hull_arena *arena, const struct ct *ct, int64_t now_ns);
/* All but the sizes; nothing in it points into CT. Does not yield. */
void summary_make(struct hull_arena *arena, struct ct *ct, int64_t now_ns,
                  struct container_summary *ret);
/* NetworkSettings.Networks: as joined, or as asked for while it does not run. Points into CT. */
void summary_networks(const struct ct *ct, struct network_settings *ret);

#endif
