/*
 * links.h: --link on the default bridge: a container knows others by an alias. In /etc/hosts the
 * alias has the address that the other has at the moment, and there are docker's variables.
 */
#ifndef HULL_CONTAINER_LINKS_H
#define HULL_CONTAINER_LINKS_H

#include "ct.h"

/* doc->links from HostConfig.Links, when the first network is the default bridge. */
int links_resolve(struct hull_call *call, struct ct_doc *doc) HULL_CHECKED;
/* Before a start: those that are linked to run. */
int links_check(struct hull_call *call, const struct ct_doc *doc) HULL_CHECKED;
/* The lines of /etc/hosts. */
void links_hosts(struct hull_call *call, const struct ct_doc *doc, struct hull_text *text);
/* The variables: those that ENV has already stay. */
void links_env(struct hull_call *call, const struct ct_doc *doc, struct hull_strv *env);
/* CT has started: write its address into the hosts files of those that link to it. Yields. */
void links_refresh(struct hull_call *call, const struct ct *ct);
/* HostConfig.Links as inspect shows them: "/other:/own/alias". */
void links_show(struct hull_arena *arena, const struct ct_doc *doc, struct hull_strv *ret);
/* "own/alias": forget that link. Yields. */
int links_remove(struct hull_call *call, const char *name) HULL_CHECKED;

#endif
