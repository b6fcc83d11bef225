/*
 * cgroup.c: hierarchies, and the folders of a container in them. Version 1 has one hierarchy per
 * controller or group of them; version 2 is seen as one hierarchy with all controllers.
 */
#include "shimmed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_HIERARCHIES 32
/* Looked at together. */
#define MEMBERS_MAX 64
/* Processes that do not die of SIGKILL within this are stuck in the kernel. */
#define REMOVE_MS 10000

struct hierarchy {
    char *name, *path;
    unsigned controllers; /* bits */
};
static struct hierarchy hierarchies[MOST_HIERARCHIES];
static size_t hierarchy_count;
static int version = -1;
static char *unified; /* version 1: where version 2 is mounted beside it, without controllers */

static const struct {
    const char *v1, *v2;
} controllers[CG_CONTROLLERS] = {
    [CG_MEMORY] = {"memory", "memory"}, [CG_CPU] = {"cpu", "cpu"},
    [CG_CPUACCT] = {"cpuacct", NULL},   [CG_CPUSET] = {"cpuset", "cpuset"},
    [CG_PIDS] = {"pids", "pids"},       [CG_BLKIO] = {"blkio", "io"},
    [CG_DEVICES] = {"devices", NULL},   [CG_FREEZER] = {"freezer", NULL},
};

/* One can be mounted at several places, for a chroot perhaps: the first is as good as any. */
static bool is_known(const char *name, unsigned bits)
{
    for (size_t i = 0; i < hierarchy_count; i++) {
        if ((hierarchies[i].controllers & bits) != 0 || strcmp(hierarchies[i].name, name) == 0)
            return true;
    }
    return false;
}

static void add_hierarchy(const char *path, unsigned bits)
{
    const char *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    if (hierarchy_count == MOST_HIERARCHIES || is_known(name, bits))
        return;
    struct hierarchy *h = &hierarchies[hierarchy_count++];
    *h = (struct hierarchy){strdup(version == 2 ? "" : name), strdup(path), bits};
    HULL_ASSERT(h->name != NULL && h->path != NULL);
}

static unsigned v1_bits(const struct mntent *entry)
{
    unsigned bits = 0;
    for (unsigned c = 0; c < CG_CONTROLLERS; c++) {
        if (hasmntopt(entry, controllers[c].v1) != NULL)
            bits |= 1u << c;
    }
    return bits;
}

static unsigned v2_bits(struct hull_call *call, const char *path)
{
    char *list = cg_read(hull_call_arena(call), path, "cgroup.controllers");
    unsigned bits = 1u << CG_DEVICES | 1u << CG_FREEZER | 1u << CG_CPUACCT;
    for (unsigned c = 0; c < CG_CONTROLLERS && list != NULL; c++) {
        const char *at = controllers[c].v2 == NULL ? NULL : strstr(list, controllers[c].v2);
        size_t length = at == NULL ? 0 : strlen(controllers[c].v2);
        if (at != NULL && strcmp(controllers[c].v2, "cpu") == 0 && strncmp(at, "cpuset", 6) == 0)
            at = strstr(at + 6, "cpu");
        if (at != NULL && (at[length] == ' ' || at[length] == '\0'))
            bits |= 1u << c;
    }
    return bits;
}

int cg_init(struct hull_call *call)
{
    if (version >= 0)
        return 0;
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    if (mounts == NULL)
        return hull_fail_errno(call, errno, "read /proc/self/mounts");
    version = 0;
    struct mntent entry, *found;
    char buffer[8192];
    while ((found = getmntent_r(mounts, &entry, buffer, sizeof(buffer))) != NULL) {
        if (strcmp(found->mnt_type, "cgroup2") == 0 &&
            strcmp(found->mnt_dir, "/sys/fs/cgroup") == 0) {
            version = 2;
            add_hierarchy(found->mnt_dir, v2_bits(call, found->mnt_dir));
            break;
        }
        if (strcmp(found->mnt_type, "cgroup") == 0) {
            version = 1;
            add_hierarchy(found->mnt_dir, v1_bits(found));
        } else if (strcmp(found->mnt_type, "cgroup2") == 0 && unified == NULL) {
            unified = strdup(found->mnt_dir);
            HULL_ASSERT(unified != NULL);
        }
    }
    endmntent(mounts);
    return 0;
}

void cg_fini(void)
{
    cg_remove_parents();
    while (hierarchy_count > 0) {
        struct hierarchy *h = &hierarchies[--hierarchy_count];
        free(h->name);
        free(h->path);
    }
    free(unified);
    unified = NULL;
    version = -1;
}

int cg_version(void)
{
    return version;
}

bool cg_has(enum cg_controller controller)
{
    for (size_t i = 0; i < hierarchy_count; i++) {
        if (hierarchies[i].controllers >> controller & 1)
            return true;
    }
    return false;
}

const char *cg_dir(const struct cgroup *cgroup, enum cg_controller controller)
{
    for (size_t i = 0; i < cgroup->dirs.n && i < hierarchy_count; i++) {
        if (hierarchies[i].controllers >> controller & 1)
            return cgroup->dirs.v[i];
    }
    return NULL;
}

static bool valid_path(const char *path)
{
    for (const char *at = path; *at != '\0'; at += strcspn(at, "/")) {
        at += strspn(at, "/");
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return path[strspn(path, "/.")] != '\0';
}

int cg_open(struct hull_call *call, struct hull_arena *arena, const char *path, struct cgroup *ret)
{
    *ret = (struct cgroup){};
    if (path == NULL || path[0] == '\0')
        return hull_fail(call, HULL_INVALID, "the container has no cgroup path");
    if (strchr(path, ':') != NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "cgroup path \"%s\": systemd's cgroup driver is not supported; use "
                         "native.cgroupdriver=cgroupfs",
                         path);
    if (!valid_path(path))
        return hull_fail(call, HULL_INVALID, "invalid cgroup path \"%s\"", path);
    for (size_t i = 0; i < hierarchy_count; i++) {
        path += strspn(path, "/");
        hull_strv_add(arena, &ret->names, hierarchies[i].name);
        hull_strv_add(arena, &ret->dirs,
                      hull_arena_printf(arena, "%s/%s", hierarchies[i].path, path));
    }
    if (version == 1 && unified != NULL)
        ret->unified = hull_arena_printf(arena, "%s/%s", unified, path + strspn(path, "/"));
    cg_remember_parents(ret);
    return 0;
}

/* A new cpuset of version 1 has nothing in it, and nobody may join it then. */
static void inherit_cpuset(struct hull_arena *arena, const char *dir)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t i = 0; i < HULL_COUNT(files); i++) {
        char *own = cg_read(arena, dir, files[i]);
        char *parent = hull_arena_printf(arena, "%s/..", dir);
        char *above = cg_read(arena, parent, files[i]);
        if (own != NULL && own[0] == '\0' && above != NULL)
            (void)cg_write(dir, files[i], above);
    }
}

static void enable_controllers(const char *dir)
{
    char text[32];
    for (unsigned c = 0; c < CG_CONTROLLERS; c++) {
        if (controllers[c].v2 == NULL || !cg_has(c))
            continue;
        snprintf(text, sizeof(text), "+%s", controllers[c].v2);
        (void)cg_write(dir, "cgroup.subtree_control", text);
    }
}

/* Make DIR and what is above it, down from the hierarchy's root. */
static int make_dirs(struct hull_arena *arena, size_t i, const char *dir,
                     struct hull_problem *problem)
{
    const struct hierarchy *h = &hierarchies[i];
    bool cpuset = version == 1 && (h->controllers >> CG_CPUSET & 1);
    if (mkdir(dir, 0755) == 0 && !cpuset && version == 1)
        return 0;
    size_t at = strlen(h->path);
    char *path = hull_arena_strdup(arena, dir);
    for (;;) {
        if (version == 2 && path[at] != '\0') {
            path[at] = '\0';
            enable_controllers(path);
            path[at] = '/';
        }
        at += 1 + strcspn(path + at + 1, "/");
        char end = path[at];
        path[at] = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return hull_problem_set(problem, hull_kind_of_errno(errno), "make cgroup %s: %s", path,
                                    strerror(errno));
        if (cpuset)
            inherit_cpuset(arena, path);
        if (end == '\0')
            return 0;
        path[at] = end;
    }
}

int cg_make(struct hull_arena *arena, const struct cgroup *cgroup, struct hull_problem *problem)
{
    int rc = 0;
    for (size_t i = 0; i < cgroup->dirs.n && rc == 0; i++)
        rc = make_dirs(arena, i, cgroup->dirs.v[i], problem);
    return rc;
}

int cg_check(const struct cgroup *cgroup, struct hull_problem *problem)
{
    for (size_t i = 0; i < cgroup->dirs.n; i++) {
        if (access(cgroup->dirs.v[i], F_OK) < 0)
            return hull_problem_set(problem, HULL_CONFLICT,
                                    "the container's cgroup %s is gone, somebody has removed it; "
                                    "restart the container to have it made again",
                                    cgroup->dirs.v[i]);
    }
    return 0;
}

void copy_strv(struct hull_arena *arena, const struct hull_strv *list, struct hull_strv *ret)
{
    *ret = (struct hull_strv){};
    for (size_t i = 0; i < list->n; i++)
        hull_strv_add(arena, ret, hull_arena_strdup(arena, list->v[i]));
}

void cg_copy(struct hull_arena *arena, const struct cgroup *cgroup, struct cgroup *ret)
{
    struct cgroup copy;
    copy.unified = hull_arena_strdup(arena, cgroup->unified);
    copy_strv(arena, &cgroup->names, &copy.names);
    copy_strv(arena, &cgroup->dirs, &copy.dirs);
    *ret = copy;
}

const char *cg_oom_file(struct hull_arena *arena, const struct cgroup *cgroup)
{
    const char *dir = cg_dir(cgroup, CG_MEMORY);
    return dir == NULL ? NULL
                       : hull_arena_printf(arena, "%s/%s", dir,
                                           version == 2 ? "memory.events" : "memory.oom_control");
}

/* --- processes ------------------------------------------------------------------------------ */

/* The hierarchy in which to look for processes: any one that they have all joined. */
static const char *main_dir(const struct cgroup *cgroup)
{
    const char *dir = cg_dir(cgroup, CG_PIDS);
    return dir != NULL ? dir : cgroup->dirs.n > 0 ? cgroup->dirs.v[0] : NULL;
}

static void add_pids(struct hull_arena *arena, const char *dir, struct hull_ints *ret, int depth)
{
    char *text = cg_read(arena, dir, "cgroup.procs"), *end;
    for (char *at = text; at != NULL && *at != '\0'; at = end + (*end == '\n')) {
        int64_t pid = strtoll(at, &end, 10);
        if (end == at)
            break;
        if (pid > 0)
            *(int64_t *)hull_list_add(arena, (struct hull_list *)(void *)ret, sizeof(pid)) = pid;
    }
    DIR *folder = text == NULL || depth > 32 ? NULL : opendir(dir);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            add_pids(arena, hull_arena_printf(arena, "%s/%s", dir, entry->d_name), ret, depth + 1);
    }
    if (folder != NULL)
        closedir(folder);
}

void cg_pids(struct hull_arena *arena, const struct cgroup *cgroup, struct hull_ints *ret)
{
    const char *dir = main_dir(cgroup);
    *ret = (struct hull_ints){};
    if (dir != NULL)
        add_pids(arena, dir, ret, 0);
}

/* Some of a container's processes, by number and pidfd. */
struct members {
    size_t count;
    int64_t pids[MEMBERS_MAX];
    int fds[MEMBERS_MAX];
};

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Open PIDS, as many as fit, and let go of those that are not in the container after that: their
 * numbers are somebody else's. One look is enough for many. */
static void open_members(const struct cgroup *cgroup, const int64_t *pids, size_t count,
                         struct members *ret)
{
    struct hull_ints now;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    ret->count = count < MEMBERS_MAX ? count : MEMBERS_MAX;
    for (size_t i = 0; i < ret->count; i++) {
        ret->pids[i] = pids[i];
        ret->fds[i] = (int)syscall(SYS_pidfd_open, (pid_t)pids[i], 0);
    }
    cg_pids(arena, cgroup, &now);
    if (now.n > 0)
        qsort(now.v, now.n, sizeof(*now.v), by_number);
    for (size_t i = 0; i < ret->count; i++) {
        if (ret->fds[i] >= 0 && (now.n == 0 || bsearch(&ret->pids[i], now.v, now.n, sizeof(*now.v),
                                                       by_number) == NULL)) {
            close(ret->fds[i]);
            ret->fds[i] = -1;
        }
    }
}

static void close_members(struct members *members)
{
    for (size_t i = 0; i < members->count; i++)
        hull_fd_cleanup(&members->fds[i]);
}

static void kill_all(const struct cgroup *cgroup, int signal)
{
    struct hull_ints pids;
    struct members some;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    if (version == 2 && signal == SIGKILL && cg_write(main_dir(cgroup), "cgroup.kill", "1") == 0)
        return;
    cg_pids(arena, cgroup, &pids);
    for (size_t at = 0; at < pids.n; at += some.count) {
        open_members(cgroup, pids.v + at, pids.n - at, &some);
        for (size_t i = 0; i < some.count; i++) {
            if (some.fds[i] >= 0)
                syscall(SYS_pidfd_send_signal, some.fds[i], signal, NULL, 0);
        }
        close_members(&some);
    }
}

struct killing {
    struct cgroup cgroup;
    int signal;
};

static int kill_work(struct hull_work *work, void *arg)
{
    const struct killing *killing = arg;
    (void)work;
    kill_all(&killing->cgroup, killing->signal);
    return 0;
}

int cg_kill(struct hull_call *call, const struct cgroup *cgroup, int signal)
{
    struct killing killing = {.signal = signal};
    cg_copy(hull_call_arena(call), cgroup, &killing.cgroup);
    return hull_work_brief(call, kill_work, &killing);
}

/* --- removal -------------------------------------------------------------------------------- */

/* rmdir with what the container made below; 0 or a negative errno. */
static int remove_dir(struct hull_arena *arena, const char *dir, int depth)
{
    if (rmdir(dir) == 0 || errno == ENOENT)
        return 0;
    int err = errno;
    DIR *folder = depth > 32 ? NULL : opendir(dir);
    struct dirent *entry;
    bool any = false;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        any = true;
        (void)remove_dir(arena, hull_arena_printf(arena, "%s/%s", dir, entry->d_name), depth + 1);
    }
    if (folder != NULL)
        closedir(folder);
    return any && rmdir(dir) == 0 ? 0 : -err;
}

/* What the workers of a removal find. */
struct removal {
    const struct cgroup *cgroup;
    int err;      /* negative: why a folder is still there */
    int first_fd; /* a pidfd of a process in it, or -1 */
};

static int remove_work(struct hull_work *work, void *arg)
{
    struct removal *removal = arg;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    (void)work;
    removal->err = 0;
    for (size_t i = 0; i < removal->cgroup->dirs.n; i++) {
        int one = remove_dir(arena, removal->cgroup->dirs.v[i], 0);
        removal->err = one < 0 ? one : removal->err;
    }
    if (removal->cgroup->unified != NULL && removal->err == 0)
        (void)rmdir(removal->cgroup->unified); /* a runtime that was killed has left it */
    return 0;
}

/* The end of a process, whose pidfd is ARG. One that is stuck in the kernel is not waited for. */
static int await_end(struct hull_call *call, void *arg)
{
    hull_call_set_timeout(call, REMOVE_MS);
    int rc = hull_wait_fd(call, *(const int *)arg, POLLIN);
    return rc < 0 ? rc : 0;
}

static int kill_work_v1(struct hull_work *work, void *arg)
{
    struct removal *removal = arg;
    struct hull_ints pids;
    struct members first;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    (void)work;
    (void)cg_write(cg_dir(removal->cgroup, CG_FREEZER), "freezer.state", "THAWED");
    kill_all(removal->cgroup, SIGKILL);
    cg_pids(arena, removal->cgroup, &pids);
    open_members(removal->cgroup, pids.v, pids.n > 0 ? 1 : 0, &first);
    removal->first_fd = first.count > 0 ? first.fds[0] : -1;
    return 0;
}

/* Kill what is still there, and wait for the first of it to be gone. */
static int kill_and_wait_v1(struct hull_call *call, const struct cgroup *cgroup, int64_t *delay_ms)
{
    struct removal removal = {.cgroup = cgroup, .first_fd = -1};
    int rc = hull_work_brief(call, kill_work_v1, &removal);
    HULL_AUTO_FD fd = removal.first_fd;
    if (rc < 0)
        return rc;
    return fd < 0 ? cg_back_off(call, delay_ms)
                  : hull_task_join(call, hull_task_start(call, "cgroup end", await_end, &fd));
}

static int kill_and_wait_v2(struct hull_call *call, const struct cgroup *cgroup, int64_t *delay_ms)
{
    int rc = cg_kill(call, cgroup, SIGKILL);
    if (rc == 0)
        rc = cg_await_event(call, main_dir(cgroup), "populated", 0, REMOVE_MS);
    if (rc == -HULL_CANCELED || rc == -HULL_TIMEOUT)
        return rc;
    /* Nobody is in it and still it is in use, by what was made below meanwhile; or the host has
     * no inotify left. */
    hull_error_clear(call);
    return cg_back_off(call, delay_ms);
}

int cg_remove(struct hull_call *call, const struct cgroup *cgroup)
{
    int64_t deadline = hull_now_ms() + REMOVE_MS, delay_ms = 0;
    struct removal removal = {.cgroup = cgroup};
    for (;;) {
        int rc = hull_work_brief(call, remove_work, &removal);
        if (rc == 0 && (removal.err != -EBUSY || hull_now_ms() > deadline))
            break;
        if (rc == 0)
            rc = (version == 2 ? kill_and_wait_v2 : kill_and_wait_v1)(call, cgroup, &delay_ms);
        if (rc == -HULL_TIMEOUT && hull_check(call) == 0)
            break;
        if (rc < 0)
            return rc;
    }
    return removal.err < 0
               ? hull_fail_errno(call, -removal.err, "remove cgroup %s", cgroup->dirs.v[0])
               : 0;
}
