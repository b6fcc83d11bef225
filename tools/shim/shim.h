/*
 * shim.h: what the files of hull-shim share.
 *
 * The parent stays in the host's namespaces, owns stdio, log, clients and the exit status. The
 * child becomes the program. Between them is one SOCK_SEQPACKET pair ("sync").
 */
#ifndef TOOLS_SHIM_SHIM_H
#define TOOLS_SHIM_SHIM_H

#include <hull/error.h>

#include "tools/shim/packet.h"
#include "tools/shim/plan.h"
#include "tools/shim/protocol.h"

/* What child and parent say over the sync socket; always with a struct sync_packet. */
enum sync_op {
    SYNC_GO = 1,   /* to the child: join the cgroups, which are there now, and make all */
    SYNC_PREPARED, /* from it: all is made; with the master of the terminal, if any */
    SYNC_START,    /* to it: run */
    SYNC_FAILED,   /* from it: kind, text */
};
struct sync_packet {
    uint32_t op;
    int32_t kind;
    char text[SHIM_TEXT_MAX];
};

struct shim {
    struct shim_plan plan;
    enum shim_state state;
    pid_t pid;   /* of the child */
    int pidfd;   /* its */
    int sync_fd; /* to it, -1 once it runs */
    int tty_fd;  /* master, or -1 */
    bool tty;
    bool ended; /* the program; its output may still be on its way */
    int64_t status, time_ns;
    bool oom;
    bool in_cgroup;    /* the child was born there */
    bool userns;       /* the container has a user namespace of its own: */
    uint32_t uid, gid; /* who is its root on the host */
};
extern struct shim shim;

/* --- util.c: errors by value; all return a negative kind ------------------------------------ */

/* The failure of this process, newest last. */
extern struct hull_problem shim_problem;
int shim_fail(enum hull_kind kind, const char *fmt, ...) HULL_PRINTF(2, 3) HULL_CHECKED;
/* The same with errno's text added and kind taken from it. */
int shim_fail_errno(const char *fmt, ...) HULL_PRINTF(1, 2) HULL_CHECKED;
/* Write all of DATA, waiting as long as needed; 0 or -1 with errno. */
int write_all(int fd, const char *data, size_t size);
/* Write TEXT with one write to the file NAME below DIRFD, which exists. 0 or -1 with errno. */
int write_file(int dirfd, const char *name, const char *text);
/* The number of the process that an exec joins; not above 0 when it is gone. */
long target_pid(void);

/* --- stdio.c (parent) ----------------------------------------------------------------------- */

/* The program's ends, then the parent's. */
struct stdio {
    int child[3], parent[3];
};
/* Pipes, unless there is a terminal. The program's ends are 0, 1 and 2 where there is none. */
int stdio_make(struct stdio *ret) HULL_CHECKED;
void stdio_close(int fds[3]);

/* --- spawn.c (parent); in hull-shim-oci: oci.c ---------------------------------------------- */

/* Clone the child; it waits. */
int shim_spawn(void) HULL_CHECKED;
/* Let it join its cgroups and prepare all, and wait for that. */
int shim_prepare(void) HULL_CHECKED;
/* Let it execve; its failure to do so is this function's. */
int shim_start(void) HULL_CHECKED;

/* --- userns*.c: nothing happens without a user namespace --------------------- */

/* From the plan, or from what an exec joins. */
int userns_find(void) HULL_CHECKED;
/* The user namespace is another container's. */
bool userns_is_joined(void);
/* The path of the namespace of TYPE that is to be joined, or NULL. */
const char *userns_path_of(const char *type);
/* The plan has a namespace of TYPE, of the container's own. */
bool namespace_is_new(const char *type);
/* In the parent: join the namespaces of other containers for the child. */
int userns_join_others(void) HULL_CHECKED;
/* clone3() within the user namespace, and the process namespace, of another container: 0 in the
 * child, which is the caller's, its number in the parent, or -1 with errno. */
struct clone_args;
long userns_clone(struct clone_args *args, int *ret_pidfd);
/* In the parent, before the clone: make or open what MOUNT needs, in *RET_FD unless that is
 * there. */
int userns_prepare_mount(const struct oci_mount *mount, int *ret_fd) HULL_CHECKED;
/* Show FD's ids as the container has them. */
int userns_show_ids(const struct oci_mount *mount, int fd, bool recursive) HULL_CHECKED;
/* In the parent: the plan's devices that are WANTED, each as a mount of its node, by number. */
int userns_nodes(bool (*wanted)(const struct oci_device *), int *ret_fds) HULL_CHECKED;
int userns_own_stdio(const int stdio[3]) HULL_CHECKED;
/* In the parent: map the child's ids and move it to its cgroups. */
int userns_admit(void) HULL_CHECKED;
/* In the child, when its ids are mapped. */
int userns_become_root(void) HULL_CHECKED;

/* --- child.c -------------------------------------------------------------------------------- */

/* Move PROCESS ("0": the calling one) to the cgroup at DIR. */
int cgroup_join(const char *dir, const char *process) HULL_CHECKED;

/* Become the program: never returns. SYNC is the child's end. */
void child_main(int sync_fd, int stdio[3]) HULL_NORETURN;

/* --- resolve.c: paths below a root that its owner may be rearranging ------------------------ */

/* The directory that the functions below take for the root. */
extern int root_fd;
/* Open PATH below the root: no ".." and no link leads out of it. -1 with errno. */
int root_open(const char *path, int flags);
/* Open PATH with O_PATH, after making what is missing: directories 0755, and a regular file or a
 * directory at the end. -1 with errno. */
int root_make(const char *path, bool directory);
/* As root_open(), with DIRFD for the root. */
int below_open(int dirfd, const char *path, int flags);
/* Make the directories that lead to the last name of PATH below DIRFD; opens that folder with
 * O_PATH and sets *ret_name to the last name. -1 with errno. */
int below_parent(int dirfd, const char *path, const char **ret_name);
/* The same for files in the container's procfs (a private mount of it). */
extern int proc_fd;
int proc_open_private(void) HULL_CHECKED;

/* --- leave.c -------------------------------------------------------------------------------- */

/* In a mount namespace of our own: no mount gets to the host any more, and the root of this process
 * is the root of the namespace. Paths lead where they did. */
int leave_host(void) HULL_CHECKED;

/* --- mounts.c, mount_options.c, filesystems.c, devices.c, protect.c ------------------------- */

struct mount_options {
    uint64_t set, clear; /* MOUNT_ATTR_* */
    uint64_t recursive_set;
    uint64_t propagation; /* MS_SHARED … */
    bool propagation_recursive, recursive, bind;
    bool idmap;            /* show ids as the container's user namespace has them */
    struct hull_strv data; /* what is left: for the file system */
};
int mount_options_parse(const struct oci_mount *mount, struct mount_options *ret) HULL_CHECKED;
/* Before the clone: open what the child can't; and after it, close that here. */
int mounts_prepare(void) HULL_CHECKED;
void mounts_prepared(void);
/* Make all mounts and change the root. Sets *ret_tty_fd to the master of a terminal. */
int mounts_setup(int *ret_tty_fd) HULL_CHECKED;
/* A new mount of TYPE with OPTIONS, or -1 with the problem set. */
int filesystem_new(const char *type, const char *source, const struct mount_options *options);
int attach_mount(int mount_fd, int target_fd, const char *path) HULL_CHECKED;
/* The cgroup view at TARGET: hierarchies of the container. */
int cgroup_trees_open(void) HULL_CHECKED;
int cgroup_mount(int target_fd, const struct oci_mount *mount, const struct mount_options *options)
    HULL_CHECKED;
/* Nodes and links in a new /dev, which nobody else sees yet. */
int devices_fill(int dev_fd) HULL_CHECKED;
/* Nodes outside /dev: in the parent, what the child of a user namespace can't make; in the child;
 * and again in the parent, which closes what it has. */
int devices_prepare(void) HULL_CHECKED;
int devices_elsewhere(void) HULL_CHECKED;
void devices_prepared(void);
/* Make DEVICE as NAME below DIR_FD; one that is there already stays. */
int device_make(int dir_fd, const char *name, const struct oci_device *device) HULL_CHECKED;
/* Open the host's /dev/null, which hides files. Before anything is mounted. */
int protect_open(void) HULL_CHECKED;
int protect_paths(void) HULL_CHECKED;
/* target.c: refuse MOUNT at what is open as TARGET. */
int target_check(const struct oci_mount *mount, int target) HULL_CHECKED;
/* The same for one that somebody else will make, by what is in the root now. */
int target_check_early(const struct oci_mount *mount) HULL_CHECKED;
/* What MOUNT binds, as a detached tree. */
int source_open(const struct oci_mount *mount, bool recursive, int *ret_fd) HULL_CHECKED;
/* The same when its source is a mount of the daemon that is attached nowhere; *RET_FD is -1 when it
 * is not. In the daemon's namespaces. */
int source_detached(const struct oci_mount *mount, int *ret_fd) HULL_CHECKED;
/* Give a tree the attributes and the propagation of OPTIONS; 0, or -1 with errno. */
int source_protect(int fd, const struct mount_options *options);
/* A clone of the mount /proc/PID/root/… of another namespace, or -1 with errno. */
int foreign_tree(const char *source);
/* A terminal in the devpts at PTS_FD, or, when that is -1, at the container's /dev/pts. */
int terminal_open(int pts_fd, int *ret_master) HULL_CHECKED;
/* Make the other end standard input, output and error, and the controlling terminal. */
int terminal_use(int master) HULL_CHECKED;

/* --- bundle.c, oci.c: only in hull-shim-oci ------------------------------------------------- */

/* Make a bundle from the plan: the root and all mounts at paths that only this process and its
 * children see, and config.json. *RET_PATH is the folder: "oci/bundle" of the state folder, or a
 * place of its own, where users have to get at it who are not the host's root. */
int bundle_make(const char **ret_path) HULL_CHECKED;
/* bundle_userns.c: in a mount namespace of our own: a new folder that everybody gets at. */
int bundle_place(struct hull_arena *arena, const char **ret_path) HULL_CHECKED;
/* For an exec: make it look as if that were still there. */
int bundle_place_again(void) HULL_CHECKED;
/* TREE is what MOUNT binds: do to it what its options say, of which only those remain that
 * change nothing of it. */
int bundle_tree(struct hull_arena *arena, struct oci_mount *mount, int tree) HULL_CHECKED;
/* Set the name of the domain of process SHIM.PID, which root of a user namespace can't. */
int bundle_domain(void) HULL_CHECKED;
/* Write the process of the plan, an exec, into the file oci/NAME.json of the state folder. */
int bundle_process(void) HULL_CHECKED;

/* --- identity.c, users.c, launch.c ---------------------------------------------------------- */

struct identity {
    uint32_t uid, gid;
    const char *home;
    size_t group_count;
    uint32_t *groups;
};
/* Who the program runs as, by the container's own files. */
int identity_find(struct hull_arena *arena, const struct oci_user *user, struct identity *ret)
    HULL_CHECKED;
/* The limits of process PID, 0 being this one. */
int identity_limit(pid_t pid) HULL_CHECKED;
/* Limits, bounding set, groups, ids, capabilities; the filter last. */
int identity_apply(const struct identity *identity) HULL_CHECKED;
/* Look up "user[:group]" in the texts of passwd and group, either of which may be NULL. */
int users_lookup(struct hull_arena *arena, const struct oci_user *user, const char *passwd,
                 const char *group, struct identity *ret) HULL_CHECKED;
int sysctls_apply(void) HULL_CHECKED;
/* Find the program in PATH: *ret_path is what execve gets. */
int launch_find(struct hull_arena *arena, const struct hull_strv *args, const struct hull_strv *env,
                const char **ret_path) HULL_CHECKED;
/* The value of NAME in ENV, or NULL. */
const char *env_find(const struct hull_strv *env, const char *name);

/* --- loop.c, control.c, output.c, log.c (parent) -------------------------------------------- */

/* Serve until told to go. */
int loop_run(void);
/* A packet on connection FD: false when the connection is to be closed. */
bool control_handle(int fd, const struct shim_packet *request, int passed_fd);
/* The answer to all that wait. */
void control_exited(void);
/* The connection is gone. */
void control_forget(int fd);
extern bool control_quit;

/* Descriptors that the loop watches, and for what. */
struct watch {
    int fd;
    short events;
    void (*ready)(int fd, short revents);
};
void loop_watch(int fd, short events, void (*ready)(int fd, short revents));
/* Stop watching FD. It stays open. */
void loop_forget(int fd);

/* Take over the parent's ends of standard input, output, error. -1 where there is none. */
void output_open(int stdin_fd, int stdout_fd, int stderr_fd);
void output_set_terminal(int master);
/* A client's socket; flags are SHIM_STD*. Takes FD. */
void output_attach(int fd, int flags);
/* Set the watches for what can be read and written now. */
void output_watch(void);
/* All that the program wrote has reached log and clients. */
bool output_drained(void);
/* Stop reading, whoever still holds the other ends; what is not read is lost. */
void output_close(void);
/* Clients that are slow have not got everything yet. */
bool output_pending(void);
/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/* json-file: ERR says which stream. */
int log_open(void) HULL_CHECKED;
void log_write(bool err, const char *data, size_t size);
/* The end of the stream: what has no newline yet is written. */
void log_end(bool err);

#endif
