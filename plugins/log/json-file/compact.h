/*
 * compact.h: rotated files are compressed (option compress). One fiber has a worker compress one
 * file after the other, whichever container it is of; what a rotation does is told by inotify.
 */
#ifndef HULL_JSON_FILE_COMPACT_H
#define HULL_JSON_FILE_COMPACT_H

#include "file.h"
#include "log.h"

/* Compress what is rotated out of REQUEST's log, from now on. Takes REQUEST's end_fd. */
int compact_start(struct hull_call *call, const struct log_start_request *request) HULL_CHECKED;
/* Leave the log of container ID alone: its folder is about to go. Yields. */
void compact_stop(struct hull_call *call, const char *id);

/* Compress one file of the log PATH, the oldest that is not yet: 1, 0 when there is none, or a
 * negative errno; -ECANCELED after STOP. Worker. */
int compact_one(const char *path, const struct log_stop *stop);
/* At the end of the plugin. */
void compact_fini(void);

#endif
