/*
 * cni.h: what the files of network/cni share.
 */
#ifndef HULL_CNI_CNI_H
#define HULL_CNI_CNI_H

#include "conf.h"
#include "netdriver.h"

#include <hull/hull.h>

#define CNI_OPTIONS_FIELDS(F, T)                                                              \
    F(T, STRING, _, conf_dir, "conf-dir", 0, "Folder of configurations, /etc/cni/net.d else") \
    F(T, STRING, _, plugin_path, "plugin-path", 0,                                            \
      "Folders of plugins, with : between, else usual")                                       \
    F(T, INT, _, timeout_ms, "plugin-timeout-ms", 0, "How long a plugin may take, 60 s else")
HULL_MESSAGE_DECLARE(cni_options, CNI_OPTIONS_FIELDS)
const struct cni_options *cni_options(void);

/* --- files.c ---------------------------------------------------------------------------------- */

/* The text of the configuration REFERENCE: a path, or the name that one in the folder of
 * configurations has. Blocks for a few small files. */
int cni_find_conf(struct hull_call *call, const char *reference, const char **ret_text)
    HULL_CHECKED;
/* Where the program of the plugin TYPE is. */
int cni_find_plugin(struct hull_call *call, const char *type, const char **ret_path) HULL_CHECKED;
/* CNI_PATH: the folders that plugins may be run from. */
const char *cni_path(struct hull_call *call);

/* --- exec.c ----------------------------------------------------------------------------------- */

/* One run of a plugin. What is in it lives in the arena of the call. */
struct cni_run {
    const char *type;
    const char *command; /* ADD, CHECK, DEL, STATUS or GC */
    /* NULL for STATUS and GC. */
    const char *container_id;
    const char *netns; /* path, may be "" for DEL */
    const char *ifname;
    const char *input;
};
/* Run it; *RET_OUTPUT is what it wrote. Its failure is -HULL_INTERNAL with its words, one to run it
 * -HULL_IO or another kind; each names the plugin. Yields. */
int cni_exec(struct hull_call *call, const struct cni_run *run, const char **ret_output)
    HULL_CHECKED;

/* --- run.c ------------------------------------------------------------------------------------ */

/* A container in a network. */
struct cni_attachment {
    const struct cni_conf *conf;
    const char *container_id;
    const char *ifname;
    const char *netns; /* path */
    struct cni_offers offers;
    const char *result; /* of ADD, JSON, or NULL */
    const char *daemon; /* whose ADD it was: see cni_daemon() */
};
/* Run the plugins in order, each with the result of the one before. Yields. */
int cni_add(struct hull_call *call, struct cni_attachment *a) HULL_CHECKED;
int cni_check(struct hull_call *call, const struct cni_attachment *a) HULL_CHECKED;
/* All of them in reverse order, whatever one says; the first failure is told. Yields. */
int cni_del(struct hull_call *call, const struct cni_attachment *a) HULL_CHECKED;
/* The first plugin that is not ready to add is an error. 0 before version 1.1.0. Yields. */
int cni_status(struct hull_call *call, const struct cni_conf *conf) HULL_CHECKED;
/* All plugins are told which ATTACHMENTS (JSON) are still in use; the first failure is told. 0
 * before version 1.1.0. Yields. */
int cni_gc(struct hull_call *call, const struct cni_conf *conf, const char *attachments)
    HULL_CHECKED;

/* --- offers.c ------------------------------------------------------------------------------- */

/* What plugins that take it get of REQUEST. */
int cni_make_offers(struct hull_call *call, const struct netdriver_join_request *request,
                    const struct cni_conf *conf, struct cni_offers *ret) HULL_CHECKED;
/* Whether the subnets of the network make sense, and a plugin takes them. */
int cni_check_pools(struct hull_call *call, const struct network *network,
                    const struct cni_conf *conf) HULL_CHECKED;

/* --- cni.c ------------------------------------------------------------------------------------ */

/* The configuration that the network was made with. Yields. */
int cni_load_conf(struct hull_call *call, const struct network *network, struct cni_conf *ret,
                  bool *ret_found) HULL_CHECKED;
/* What was recorded of a container. */
int cni_read_record(struct hull_call *call, const char *text, struct cni_attachment *a)
    HULL_CHECKED;
/* DEL, in the namespace NETNS_FD or in a stand-in when that is gone (-1). Yields. */
int cni_detach(struct hull_call *call, struct cni_attachment *a, int netns_fd) HULL_CHECKED;

#define CNI_NETWORKS "cni-network"
#define CNI_ENDPOINTS "cni-endpoint"
#define CNI_OPTION_CHECK "check"

/* --- restore.c -------------------------------------------------------------------------------- */

/* What this run of the daemon is called in records: who is not of it, and not alive, has left. */
const char *cni_daemon(void);
/* The network's plugins add and delete until CALL ends; the collection of garbage waits for it, or
 * it for that. Yields. */
int cni_enter(struct hull_call *call, const char *network_id) HULL_CHECKED;
/* What could not be deleted when its container left gets its last chance. Yields. */
int cni_remove_rests(struct hull_call *call, const char *network_id, const struct cni_conf *conf)
    HULL_CHECKED;
int cni_restore(struct hull_call *call, const struct netdriver_restore_request *request,
                struct hull_empty *ret_reply) HULL_CHECKED;

#endif
