/*
 * files.h: /etc/hosts, /etc/hostname and /etc/resolv.conf of a container. They are files in its
 * folder, bound into it, and always written in place so that the binding stays.
 */
#ifndef HULL_CONTAINER_FILES_H
#define HULL_CONTAINER_FILES_H

#include "doc.h"
#include "resolv.h"

/* Make all three, hosts without the container's own address. */
int files_make(struct hull_call *call, const struct ct_doc *doc) HULL_CHECKED;
/* Write hosts anew, with the addresses of NETWORK. */
int files_write_hosts(struct hull_call *call, const struct ct_doc *doc,
                      const struct network_settings *network) HULL_CHECKED;
/* The same, and resolv.conf: its networks have changed. */
int files_write_network(struct hull_call *call, const struct ct_doc *doc,
                        const struct network_settings *network) HULL_CHECKED;
/* The same for a start, after files_make(): resolv.conf only if it has to be another one. */
int files_write_joined(struct hull_call *call, const struct ct_doc *doc,
                       const struct network_settings *network) HULL_CHECKED;
/* The name servers that the container asks, or the embedded one for it; none: those of the host.
 * And what is said of searching and options. */
void files_dns(const struct ct_doc *doc, struct resolv *ret);
/* True when it has the embedded name server, for a network of one's own making. */
bool files_has_dns(const struct ct_doc *doc);
/* Whether the container's folder is there, or can't be looked for. */
bool files_are_there(struct hull_call *call, const char *id);
/* The folder is ours: remove it with all that is in it. */
int files_remove(struct hull_call *call, const char *id) HULL_CHECKED;
/* The folder of a run that has ended, with the sockets of execs that a crash left in it. */
void files_remove_run(struct hull_call *call, const char *id);

#endif
