/*
 * hull/log.h: one line per event, key=value, with time, level, plugin and request id.
 *
 * A library never logs: it returns an error. The end of a request logs it
 * once. Values that come from outside are passed as values, never as format,
 * and are quoted, so that nobody can forge a line.
 */
#ifndef HULL_LOG_H
#define HULL_LOG_H

#include <hull/base.h>

enum hull_level { HULL_LOG_DEBUG, HULL_LOG_INFO, HULL_LOG_WARN, HULL_LOG_ERROR };

/*
 * Log EVENT (a literal, "container started") with pairs key, value, …, NULL; values are strings,
 * NULL is allowed. CALL gives the request id and the plugin and may be NULL. Worker-safe with
 * CALL NULL.
 *
 *     hull_log(call, HULL_LOG_INFO, "container started", "id", id, "pid", pid_text, NULL);
 */
HULL_PUBLIC void hull_log(const struct hull_call *call, enum hull_level level, const char *event,
                          ...) __attribute__((sentinel));
/* Lines below LEVEL are dropped. The default is HULL_LOG_INFO. */
HULL_PUBLIC void hull_log_set_level(enum hull_level level);
HULL_PUBLIC enum hull_level hull_log_level(void);
/* "debug" "info" "warn" "error" ("fatal" too); false when NAME is none of them. */
HULL_PUBLIC bool hull_log_level_parse(const char *name, enum hull_level *ret_level);
/* Where the lines go; standard error by default. FD stays the caller's. */
HULL_PUBLIC void hull_log_set_fd(int fd);

#endif
