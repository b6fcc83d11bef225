/*
 * userns.h: containers whose ids are not the host's.
 */
#ifndef HULL_CONTAINER_USERNS_H
#define HULL_CONTAINER_USERNS_H

#include "ct.h"
#include "storage.h"

/* By --userns, or by the daemon's userns-remap. */
bool userns_wanted(const struct host_config *host);
/* Refuse what does not go together, in docker's words. */
int userns_check(struct hull_call *call, const struct host_config *host) HULL_CHECKED;
/* At create: reserve a range for CT, whose document has it from then on; it is free again when the
 * document is gone. CT is registered. */
int userns_reserve(struct hull_call *call, struct ct *ct, const struct host_config *host,
                   struct ct_doc *doc) HULL_CHECKED;
/* At a start: whoever shares a namespace of another container has its range. */
int userns_adopt(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* And its user namespace, of which *RET_PATH is the path; unchanged when there is none. The
 * containers whose namespaces are shared run. */
int userns_join(struct hull_call *call, const struct ct *ct, const char **ret_path) HULL_CHECKED;
/* A user namespace with the range of DOC, until CALL's handler returns; -1 when it has none.
 * Yields. */
int userns_open(struct hull_call *call, const struct ct_doc *doc, int *ret_fd) HULL_CHECKED;
/* Have REQUEST's mount show the ids of DOC's range. */
void userns_show(const struct ct_doc *doc, int userns_fd, struct storage_container *request);

#endif
