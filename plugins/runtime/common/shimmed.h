/*
 * shimmed.h: what the runtimes have in common whose containers are kept by a hull-shim: the table
 * of containers, their cgroups, the conversation with shims, and most of the class's methods.
 *
 * A runtime fills in one struct shim_driver, and its table of methods names the functions below
 * beside its own. Each links these files for itself: nothing is shared at run time.
 */
#ifndef RUNTIME_COMMON_SHIMMED_H
#define RUNTIME_COMMON_SHIMMED_H

#include <hull/hull.h>

#include "helper.h"
#include "runtime.h"
#include "tools/shim/packet.h"
#include "tools/shim/plan.h"
#include "tools/shim/protocol.h"

/*
 * --- cgroup.c: where the host's hierarchies are, and a container's folders in them ----------
 *
 * What makes, changes, reads or removes folders waits in the kernel, for locks that all cgroups
 * share and for memory that is taken back when a limit is lowered. Workers do it, never the loop:
 * what is "Worker-safe." does it, what "Yields." has it done.
 */

enum cg_controller {
    CG_MEMORY,
    CG_CPU,
    CG_CPUACCT,
    CG_CPUSET,
    CG_PIDS,
    CG_BLKIO,
    CG_DEVICES,
    CG_FREEZER,
    CG_CONTROLLERS
};

struct cgroup {
    struct hull_strv names; /* of the hierarchies, below /sys/fs/cgroup; v2: one empty */
    struct hull_strv dirs;  /* the container's folder in each */
    const char *unified;    /* v1: a folder that OCI runtimes make beside them, or NULL */
};
/* 1, 2, or 0 when the host has none mounted. */
int cg_version(void);
/* Look at what is mounted; once. */
int cg_init(struct hull_call *call) HULL_CHECKED;
void cg_fini(void);
/* The folders of PATH ("/docker/ID"), which need not exist; ARENA keeps them. Their parents are
 * remembered. */
int cg_open(struct hull_call *call, struct hull_arena *arena, const char *path, struct cgroup *ret)
    HULL_CHECKED;
/* -HULL_CONFLICT when somebody has removed one of the folders. Worker-safe. */
int cg_check(const struct cgroup *cgroup, struct hull_problem *problem) HULL_CHECKED;
/* LIST, and what it lists, in ARENA. */
void copy_strv(struct hull_arena *arena, const struct hull_strv *list, struct hull_strv *ret);
/* For who uses it after a wait, when its container may be gone. */
void cg_copy(struct hull_arena *arena, const struct cgroup *cgroup, struct cgroup *ret);
/* cgroup_parents.c: the folders above CGROUP's, when they are this daemon's, go when it ends. */
void cg_remember_parents(const struct cgroup *cgroup);
/* At the start: those of an earlier daemon of the same root are remembered, too. */
int cg_find_parents(struct hull_call *call) HULL_CHECKED;
void cg_remove_parents(void);
/* Make the folders. Worker-safe. */
int cg_make(struct hull_arena *arena, const struct cgroup *cgroup, struct hull_problem *problem)
    HULL_CHECKED;
/* The folder that CONTROLLER has, or NULL when the host does not have it. */
const char *cg_dir(const struct cgroup *cgroup, enum cg_controller controller);
bool cg_has(enum cg_controller controller);
/* The file that counts OOM kills, or NULL. */
const char *cg_oom_file(struct hull_arena *arena, const struct cgroup *cgroup);
/* Every process below the container's folder; host process ids. Worker-safe. */
void cg_pids(struct hull_arena *arena, const struct cgroup *cgroup, struct hull_ints *ret);
/* Kill all, wait until all are gone, and remove the folders. CGROUP has to outlive the call.
 * Idempotent. Yields. */
int cg_remove(struct hull_call *call, const struct cgroup *cgroup) HULL_CHECKED;
/* Send SIGNAL to every process. CGROUP is copied. Yields. */
int cg_kill(struct hull_call *call, const struct cgroup *cgroup, int signal) HULL_CHECKED;
/* cgroup_freeze.c */
/* Freeze or thaw; returns when it is so. CGROUP is copied. Yields. */
int cg_freeze(struct hull_call *call, const struct cgroup *cgroup, bool frozen) HULL_CHECKED;
/* 1, 0, or the negative errno of what is missing to tell. */
int cg_frozen(const struct cgroup *cgroup);
/* Version 2: wait, but not for longer than MOST_MS, until KEY of cgroup.events in DIR is VALUE, or
 * the cgroup is gone. Yields. */
int cg_await_event(struct hull_call *call, const char *dir, const char *key, int64_t value,
                   int64_t most_ms) HULL_CHECKED;
/* For what the kernel has no event for: sleep 1 ms, then twice as long each time. *DELAY_MS is 0
 * at first. Yields. */
int cg_back_off(struct hull_call *call, int64_t *delay_ms) HULL_CHECKED;

/* cgroup_file.c: files of a few bytes. 0 or a negative errno. All are worker-safe. */
int cg_write(const char *dir, const char *file, const char *value);
/* A descriptor, or -1 with errno. */
int cg_open_file(const char *dir, const char *file, int flags);
/* The content in ARENA without the newline at its end, NULL when it can't be read. */
char *cg_read(struct hull_arena *arena, const char *dir, const char *file);
/* A number, or -1. "max" is -1 as well. */
int64_t cg_read_int(struct hull_arena *arena, const char *dir, const char *file);
/* The number behind KEY in a file of lines "key number", or -1. */
int64_t cg_read_key(struct hull_arena *arena, const char *dir, const char *file, const char *key);

/* stats.c. Worker-safe. */
void cg_stats(struct hull_arena *arena, const struct cgroup *cgroup,
              struct container_stats_reply *ret);

/* --- policy.c ------------------------------------------------------------------------------- */

/* The default policy for CAPABILITIES, in the arena of CALL. */
int policy_default(struct hull_call *call, const struct oci_capabilities *capabilities,
                   struct oci_seccomp *ret) HULL_CHECKED;

/* --- container.c: the containers that are known --------------------------------------------- */

struct process {
    struct process *next;
    char *name; /* "init" or the exec id */
    int pid;
    bool tty;
    struct helper shim; /* pid 0: not our child, found again */
    int control;        /* the first connection while nobody uses it, or -1 */
};
struct ctr {
    struct ctr *next;
    struct hull_arena *arena;
    const char *id, *dir;
    bool own_netns;
    bool running; /* process 1 was started */
    int pidfd;    /* of process 1, or -1 */
    struct cgroup cgroup;
    struct process *processes;
    const char *runtime; /* of runtime/oci: the program, and its arguments before the command */
    struct hull_strv runtime_args;
};
/* The container, or NULL. */
struct ctr *ctr_find(const char *id);
int ctr_get(struct hull_call *call, const char *id, struct ctr **ret) HULL_CHECKED;
/* The process NAME of CTR, or NULL, also when CTR is. */
struct process *ctr_find_process(const struct ctr *ctr, const char *name);
/* The process of a request; PROCESS NULL or "" is process 1. */
int ctr_process(struct hull_call *call, const char *id, const char *process, struct ctr **ret_ctr,
                struct process **ret_process) HULL_CHECKED;
struct ctr *ctr_new(const char *id, const char *dir);
void ctr_free(struct ctr *ctr);
void ctr_free_all(void);
struct process *ctr_add_process(struct ctr *ctr, const char *name);
void ctr_drop_process(struct ctr *ctr, struct process *process);

/* --- launch.c: starting a shim -------------------------------------------------------------- */

struct launch {
    const char *dir, *name;
    struct shim_plan *plan;
    int rootfs_fd, seccomp_fd, target_fd, userns_fd;
    struct helper shim; /* set */
    int control_fd;     /* set: its first connection */
};
/* Start hull-shim with a plan. */
int launch_shim(struct hull_call *call, struct launch *launch) HULL_CHECKED;
/* Keep copies of the programs which nobody can write to. */
int launch_init(struct hull_call *call) HULL_CHECKED;
void launch_fini(void);

/* --- client.c: talking to a shim ------------------------------------------------------------ */

/* A connection to the shim of process NAME below DIR. -HULL_NOT_FOUND when nobody listens. */
int client_connect(struct hull_call *call, const char *dir, const char *name, int *ret_fd)
    HULL_CHECKED;
/* Send a request, with a descriptor unless it is -1, and wait for the answer; its error becomes
 * the call's. *ret_fd (may be NULL) gets a descriptor that came along. Yields. */
int client_ask(struct hull_call *call, int fd, const struct shim_packet *request, int passed_fd,
               struct shim_packet *ret_reply, int *ret_fd) HULL_CHECKED;
/* Ask for OP, which a shim does at once: -HULL_TIMEOUT after MOST_MS. Yields. */
int client_ask_within(struct hull_call *call, int fd, uint32_t op, int64_t most_ms,
                      struct shim_packet *ret_reply, int *ret_fd) HULL_CHECKED;
/* ERR is a shortage on this side, by which nothing is known of the other: -HULL_IO. That a shim is
 * gone must be certain, for what it leaves behind is killed. */
bool client_is_shortage(int err);
/* Ask on the first connection when it is there and free, else on one for this only. Yields. */
int client_once(struct hull_call *call, const struct ctr *ctr, struct process *process,
                const struct shim_packet *request, int passed_fd, struct shim_packet *ret_reply,
                int *ret_fd) HULL_CHECKED;
/* The same of the process NAME (NULL: the first one) of the container ID, for what a shim does at
 * once: -HULL_TIMEOUT after five seconds. Yields. */
int client_soon(struct hull_call *call, const char *id, const char *name,
                const struct shim_packet *request, int passed_fd, int *ret_fd) HULL_CHECKED;
/* What the file NAME.exit says; -HULL_NOT_FOUND when there is none. */
int client_exit_file(struct hull_call *call, const char *dir, const char *name,
                     struct runtime_exit *ret) HULL_CHECKED;

/* --- create.c, manage.c: the methods of the class ------------------------------------------- */

/* Options of each of these plugins (plugin-opts in hulld.json). */
#define SHIMMED_OPTIONS_FIELDS(F, T)           \
    F(T, INT, _, timeout_s, "shim-timeout", 0, \
      "Seconds for a shim to make and to start its process; 0: 120")
HULL_MESSAGE_DECLARE(shimmed_options, SHIMMED_OPTIONS_FIELDS)

/* What a runtime does in its own way. */
struct shim_driver {
    const char *port;                        /* the plugin's */
    const char *program;                     /* the shim, in the folder of helpers */
    const char *create_prefix, *exec_prefix; /* of errors, as docker words them */
    /* Complete the plan; what it hands over (seccomp_fd) is the caller's. Yields. */
    int (*plan_create)(struct hull_call *call, const struct runtime_create_request *request,
                       struct launch *launch);
    int (*plan_exec)(struct hull_call *call, const struct runtime_exec_request *request,
                     struct launch *launch);
    /* CTR is in the table, and its shim is not started yet. May be NULL. Does not yield. */
    int (*begin)(struct hull_call *call, const struct runtime_create_request *request,
                 struct ctr *ctr);
    /* The limits, while the shim starts. CGROUP is in the arena of CALL. May be NULL. Yields. */
    int (*limit)(struct hull_call *call, const struct cgroup *cgroup, const struct oci_spec *spec,
                 struct hull_strv *warnings);
    /* All shims have ended: what else is to be taken away, before the cgroup is. CTR is a copy. May
     * be NULL. Yields. */
    int (*clean)(struct hull_call *call, const struct ctr *ctr);
};
extern const struct shim_driver shim_driver;

/* create.c */
/* At the start: whether the options can be obeyed. */
int shimmed_init(struct hull_call *call) HULL_CHECKED;
runtime_create_handler shimmed_create;
runtime_exec_handler shimmed_exec;
runtime_start_handler shimmed_start;

/* manage.c */
runtime_attach_handler shimmed_attach;
runtime_kill_handler shimmed_kill;
runtime_keep_handler shimmed_keep;
runtime_kept_handler shimmed_kept;
runtime_wait_handler shimmed_wait;
runtime_resize_handler shimmed_resize;
runtime_delete_handler shimmed_delete;
runtime_adopt_handler shimmed_adopt;

/* Take away all of CTR, which is freed. Yields. */
int ctr_delete(struct hull_call *call, struct ctr *ctr) HULL_CHECKED;
/* The same for one of its processes. Yields. */
int ctr_delete_process(struct hull_call *call, struct ctr *ctr, struct process *process)
    HULL_CHECKED;

/* features.c */
runtime_stats_handler shimmed_stats;
runtime_features_handler shimmed_features;

#endif
