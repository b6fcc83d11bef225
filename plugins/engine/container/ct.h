/*
 * ct.h: what the files of engine/container share. The story is at the top of container.c.
 */
#ifndef HULL_CONTAINER_CT_H
#define HULL_CONTAINER_CT_H

#include "doc.h"

#include <hull/hull.h>

#define CT_MAGIC 0x63746e72u
/* doc.started_ns and finished_ns before it happened for the first time. */
#define TIME_NEVER INT64_MIN

enum ct_state {
    CT_CREATING, /* known by its name only */
    CT_CREATED,
    CT_RUNNING,
    CT_PAUSED,
    CT_RESTARTING,
    CT_REMOVING,
    CT_EXITED,
    CT_DEAD,
    CT_GONE, /* removed; only references are left */
};

struct attachment;
struct runtime_stdio;

/* A container. Its lock is held by whoever changes it; see container.c. */
struct ct {
    uint32_t magic;
    unsigned refs;
    struct hull_arena *arena;     /* of doc */
    struct hull_arena *run_arena; /* of doc.network and doc.error, renewed when they change */
    struct hull_arena *net_arena; /* of doc.networks when they have been changed, else NULL */
    struct ct_doc doc;
    enum ct_state state;
    struct hull_lock lock;
    struct hull_cond changed;        /* state or health changed, or it is gone */
    uint64_t exits;                  /* how many there were, for wait */
    int64_t removed_code;            /* exit status when it was removed, for wait */
    bool stop_wanted;                /* a client ends it: no restart policy */
    int64_t restart_delay_ms;        /* the next one of the policy */
    unsigned copies;                 /* cp's that use its volumes while it does not run */
    bool unseen;                     /* it runs as far as anybody knows; its shim is asked again */
    bool lets_go;                    /* of its volumes: it does not count as one that uses them */
    int64_t running_since_ms;        /* hull_now_ms() at the start; 0: unknown */
    int ended_fd;                    /* eventfd for readers of the log, -1 while there is none */
    struct attachment *attachments;  /* wait for the next start */
    struct health *health;           /* NULL without a health check, and while not running */
    struct hull_arena *health_arena; /* of health */
};

/* --- registry.c: the containers by id, name and age ------------------------------------------- */

/* A new container with one reference, in no registry. */
struct ct *ct_new(void);
struct ct *ct_ref(struct ct *ct);
/* NULL is allowed. */
void ct_unref(struct ct *ct);
/* For hull_defer(). */
void ct_unref_cleanup(struct hull_call *call, void *ct);
/* Make it known, under doc.id and doc.name; the registry has a reference. -HULL_CONFLICT with
 * docker's words when the name is in use. */
int ct_register(struct hull_call *call, struct ct *ct) HULL_CHECKED;
void ct_unregister(struct ct *ct);
/* Move it to another name, which lives in its arena. */
int ct_reregister(struct hull_call *call, struct ct *ct, const char *name) HULL_CHECKED;
/*
 * By id, name (with or without a slash) or unique prefix: a reference that goes when CALL's
 * handler returns.
 */
int ct_find(struct hull_call *call, const char *ref, struct ct **ret) HULL_CHECKED;
/* The same, locked until CALL's handler returns; -HULL_NOT_FOUND when it was removed meanwhile. */
int ct_find_locked(struct hull_call *call, const char *ref, struct ct **ret) HULL_CHECKED;
/* All of them, oldest first; valid until the next yield. */
size_t ct_all(struct ct *const **ret);
bool ct_name_taken(const char *name);
/* Forget everything, at the end of the plugin. */
void ct_registry_done(void);

/* --- doc.c ------------------------------------------------------------------------------------ */

const char *ct_state_name(enum ct_state state);
bool ct_state_parse(const char *name, enum ct_state *ret);
/* Whether CT is wanted after a power cut. One with --rm is not: when it is made, and when it goes,
 * the disk is not waited for. The end of the daemon alone does no harm. */
bool ct_is_kept(const struct ct *ct);
/* Write the document; INTENT is NULL when nothing is under way. Shielded. Yields. */
int ct_save(struct hull_call *call, struct ct *ct, const char *intent, bool sync) HULL_CHECKED;
struct runtime_exit;
/* Write down the end of CT ahead: its document, not yet what is seen of it, with the intent "exit".
 * Shielded. Yields. */
int ct_save_exit(struct hull_call *call, struct ct *ct, const struct runtime_exit *exit)
    HULL_CHECKED;
/* Remove the document. Shielded. Yields. */
int ct_forget(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* Set the state and wake whoever waits for a change. */
void ct_set_state(struct ct *ct, enum ct_state state);
bool ct_is_running(const struct ct *ct);
/*
 * The folder of CT's first process below /proc, to be closed by the caller: it stays with that
 * process, whereas a number may be another's by now, for the end of this one need not have been
 * told yet. -HULL_CONFLICT when its cgroup is not the container's.
 */
int ct_open_process(struct hull_call *call, const struct ct *ct, int *ret_fd) HULL_CHECKED;
/* A path for NAME ("ns/net") of that process, for other programs to open; it leads to that one or
 * nowhere, until CALL's handler returns. -HULL_CONFLICT likewise. */
int ct_process_path(struct hull_call *call, const struct ct *ct, const char *name,
                    const char **ret_path) HULL_CHECKED;
/* Give CT a deep copy of DOC, which may not lie in its arena (its name and id may). */
void ct_copy_doc(struct ct *ct, struct ct_doc *doc);
/* An event about CT with its labels, image and name, and further pairs, NULL. */
void ct_event(struct hull_call *call, struct ct *ct, const char *action, ...)
    __attribute__((sentinel));
/* DATA-ROOT/containers/ID and EXEC-ROOT/containers/ID. */
char *ct_dir(struct hull_arena *arena, const char *id);
char *ct_run_dir(struct hull_arena *arena, const char *id);
char *ct_log_path(struct hull_arena *arena, const char *id);
/* Where hosts and its like of CT are: of who shares a network, those of the container that it
 * belongs to, which are NULL when that is gone, or CT never ran. In the call's arena. */
const char *ct_files_dir(struct hull_call *call, const struct ct *ct);

/* --- config.c, validate.c, mounts.c: what create makes of a request --------------------------- */

/* Refuse what is wrong, or not done yet, with the name of the field. */
int ct_validate(struct hull_call *call, const struct container_config *config,
                const struct host_config *host, struct hull_strv *warnings) HULL_CHECKED;
int ct_validate_resources(struct hull_call *call, const struct resources *resources) HULL_CHECKED;
int ct_validate_restart(struct hull_call *call, const struct restart_policy *policy,
                        bool auto_remove) HULL_CHECKED;
/* security.c: the options of --security-opt. */
int ct_check_security(struct hull_call *call, const struct host_config *host) HULL_CHECKED;
/* create.c: the names in an endpoint's settings, which may be NULL. */
int ct_check_endpoint(struct hull_call *call, const struct endpoint_settings *settings)
    HULL_CHECKED;
struct image_config;
/* Fill in what the image says and what docker's defaults are. */
int ct_merge_image(struct hull_call *call, struct container_config *config,
                   const struct image_config *image) HULL_CHECKED;
void ct_default_host(struct hull_call *call, struct host_config *host);
/* The daemon's log driver and options where LOG, whose map is the caller's to change, has none. */
void ct_default_log(struct hull_call *call, struct log_config *log);
/* doc.mounts from HostConfig.Binds, Mounts, Tmpfs, VolumesFrom and Config.Volumes; of volumes the
 * names only. FLAT_READ_ONLY: of Binds, what is mounted below one stays writable. Yields. */
int ct_make_mounts(struct hull_call *call, struct ct_doc *doc, bool flat_read_only) HULL_CHECKED;

/* --- start.c, exit.c, stop.c, remove.c -------------------------------------------------------- */

/* Start CT, which is locked. Everything is taken back when it fails. Yields. */
int ct_start(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* Watch the process of CT, which runs, in a fiber of its own. */
void ct_watch(struct ct *ct);
/* Record that the process of CT, which is locked, has ended, and clean up. Yields. */
void ct_record_exit(struct hull_call *call, struct ct *ct, const struct runtime_exit *exit);
/* After ct_record_exit() without the lock: the restart policy, or --rm. */
void ct_after_exit(struct ct *ct);
/* Create the volumes in doc.mounts that there are not yet; the anonymous ones go when CALL's
 * handler fails. Yields. */
int ct_make_volumes(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* Copy what the image has where CT's volumes are mounted into those that are empty, as docker does
 * when a container is made. Yields. */
int ct_fill_volumes(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* True when a container uses the volume NAME. */
bool ct_volume_used(const char *name);
/* Remove the anonymous volumes of CT, which goes. Yields. */
void ct_remove_volumes(struct hull_call *call, struct ct *ct);
/* End CT's use of its volumes, which is no event: of those, too, that are not in use. Yields. */
void ct_release_volumes(struct hull_call *call, const struct ct *ct);
/* Unmount the volumes that CT's start mounted. */
void ct_unmount_volumes(struct hull_call *call, struct ct *ct);
/* What this use of a volume is called, the same from mount to unmount. */
const char *ct_volume_use(const struct ct *ct, const struct ct_mount *mount);
/* A volume's "mount" or "unmount" by CT. */
void ct_volume_event(struct hull_call *call, struct ct *ct, const struct ct_mount *mount,
                     const char *action);
/* End CT, which is not locked: SIGNAL, then SIGKILL after TIMEOUT_S. Yields. */
int ct_stop(struct hull_call *call, struct ct *ct, int signal, int64_t timeout_s) HULL_CHECKED;
/* Kill CT, which is locked, at once and wait for its end. The lock is free meanwhile. Yields. */
int ct_kill_and_wait(struct hull_call *call, struct ct *ct) HULL_CHECKED;
/* Remove CT, which is locked and does not run. Yields. */
int ct_remove(struct hull_call *call, struct ct *ct, bool volumes) HULL_CHECKED;
/* The signal and the seconds that stop CT when the client gave none. */
int ct_stop_signal(const struct ct *ct);

/* --- kept.c ----------------------------------------------------------------------------------- */

/* Between joining networks and runtime.start: let the sockets of CT's name server outlive this
 * daemon. Yields. */
void ct_keep_sockets(struct hull_call *call, const struct ct *ct);
/* After a restart, before network.restore: serve on them again. Yields. */
void ct_adopt_sockets(struct hull_call *call, const struct ct *ct);

/* --- attach.c --------------------------------------------------------------------------------- */

/* Between runtime.create and runtime.start: connect those that wait. Yields. */
void ct_connect_attachments(struct hull_call *call, struct ct *ct);
/* No start will come of it: those that wait see the end. */
void ct_drop_attachments(struct ct *ct);
/* Wake readers of the log: nothing more is written. */
void ct_log_ended(struct ct *ct);

/* --- logging.c -------------------------------------------------------------------------------- */

/* The log driver and its options, which the driver looks at. Yields. */
int ct_check_log(struct hull_call *call, const struct host_config *host) HULL_CHECKED;
/* The json-file that the shim writes, whatever the driver is; nothing for "none". */
int ct_log_stdio(struct hull_call *call, const struct ct_doc *doc, struct runtime_stdio *stdio)
    HULL_CHECKED;
/* Have the driver deliver what CT writes (when it RUNS, or is about to), or wrote. Yields. */
int ct_log_start(struct hull_call *call, struct ct *ct, bool runs) HULL_CHECKED;
/* CT goes. Yields. */
void ct_log_stop(struct hull_call *call, const struct ct *ct);
/* A descriptor that becomes readable when CT ends. */
int ct_log_follow(struct hull_call *call, struct ct *ct, int *ret_fd) HULL_CHECKED;
/* True when there is a file to read. */
bool ct_log_readable(const struct ct *ct);

/* --- health.c --------------------------------------------------------------------------------- */

/* Run the health check of CT, which has just started, until it ends. */
void ct_health_start(struct ct *ct);
/* "", "starting", "healthy" or "unhealthy". */
const char *ct_health_status(const struct ct *ct);

/* inspect.c: bytes of the image's layers below CT. Yields. */
int ct_image_size(struct hull_call *call, const struct ct *ct, int64_t *ret) HULL_CHECKED;

/* --- handlers --------------------------------------------------------------------------------- */

container_create_handler ct_handle_create;
container_start_handler ct_handle_start;
container_stop_handler ct_handle_stop;
container_restart_handler ct_handle_restart;
container_kill_handler ct_handle_kill;
container_pause_handler ct_handle_pause;
container_unpause_handler ct_handle_unpause;
container_wait_handler ct_handle_wait;
container_remove_handler ct_handle_remove;
container_rename_handler ct_handle_rename;
container_list_handler ct_handle_list;
container_inspect_handler ct_handle_inspect;
container_top_handler ct_handle_top;
container_resize_handler ct_handle_resize;
container_attach_handler ct_handle_attach;
container_logs_handler ct_handle_logs;
container_logs_truncate_handler ct_handle_logs_truncate;
container_stats_handler ct_handle_stats;
container_update_handler ct_handle_update;
container_changes_handler ct_handle_changes;
container_export_handler ct_handle_export;
container_commit_handler ct_handle_commit;
container_archive_stat_handler ct_handle_archive_stat;
container_archive_get_handler ct_handle_archive_get;
container_archive_put_handler ct_handle_archive_put;
container_prune_handler ct_handle_prune;
container_users_handler ct_handle_users;
container_lookup_handler ct_handle_lookup;
container_connect_handler ct_handle_connect;
container_disconnect_handler ct_handle_disconnect;
/* connect.c: remember which networks it has joined, by id: it shows them when it has ended, too. */
void ct_note_networks(struct ct *ct);
/* connect.c: after a restart of the daemon: the struct ct ARG is in the networks that the network
 * engine knows. Yields. */
int ct_adopt_networks(struct hull_call *call, void *arg) HULL_CHECKED;
/* restore.c: at the start of the plugin. */
int ct_restore(struct hull_call *call) HULL_CHECKED;
/* Locked: before anything is done with CT. Its shim could not be asked when the daemon started, for
 * want of descriptors perhaps: ask now. -HULL_IO or -HULL_TIMEOUT when it still can't be. */
int ct_see(struct hull_call *call, struct ct *ct) HULL_CHECKED;

#endif
