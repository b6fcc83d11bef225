/*
 * system_plugin.h: what the files of the plugin share.
 */
#ifndef ENGINE_SYSTEM_PLUGIN_H
#define ENGINE_SYSTEM_PLUGIN_H

#include <hull/hull.h>

#include "api/config.h"
#include "runtime.h"
#include "storage.h"
#include "system.h"

/* The handler of system.info. */
int system_info_get(struct hull_call *call, const struct hull_empty *request,
                    struct system_info *ret_reply);

/* info.c: the id of this data root: made once, and kept. Yields. */
int system_id(struct hull_call *call, const char **ret) HULL_CHECKED;
/* reload.c: the handler of system.reloaded. */
int system_tell_reload(struct hull_call *call, const struct hull_empty *request,
                       struct hull_empty *ret_reply);
/* Forget what was kept between two answers. */
void system_info_done(void);

#endif
