/*
 * instance.h: what tells daemons with different roots on one host apart, in names of things that
 * all share: bridges, nftables tables.
 */
#ifndef HULL_COMMON_INSTANCE_H
#define HULL_COMMON_INSTANCE_H

/* "" for the daemon with the default data root, else eight hex digits made from its path. The
 * string is static. Loop thread only. */
const char *instance_suffix(void);

#endif
