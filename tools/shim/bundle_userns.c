/*
 * bundle_userns.c: what is different about a bundle for a user namespace.
 *
 * The runtime makes the container as that one's root, who is nobody on the host and may not pass
 * through the daemon's folders. So the bundle is a small file system of its own, which is mounted
 * over some folder that everybody gets at and that nothing of the runtime lies in. Nobody sees that
 * but the runtime: it is the shim's own mount namespace.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD "oci/place" /* where it is */

static const char *const places[] = {"/mnt", "/media", "/srv", "/opt", "/home", "/tmp", "/var/tmp"};

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return path != NULL && strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

/* The program may be a link, or a script that runs another: its own place is all we know. */
static bool is_needed(const char *place)
{
    const struct shim_plan *plan = &shim.plan;
    char *program = realpath(plan->runtime, NULL);
    bool needed = is_below(plan->runtime, place) || is_below(program, place) ||
                  is_below(plan->runtime_root, place) || is_below(plan->dir, place) ||
                  (!plan->has_rootfs && is_below(plan->spec.root.path, place));
    for (size_t i = 0; i < plan->runtime_args.n; i++)
        needed = needed || strstr(plan->runtime_args.v[i], place) != NULL;
    free(program);
    return needed;
}

static int cover(const char *place)
{
    static const char *data[] = {"mode=711", "size=16m"};
    struct mount_options options = {.data = {HULL_COUNT(data), data}};
    HULL_AUTO_FD fd = filesystem_new("tmpfs", "bundle", &options);
    if (fd < 0)
        return -(int)shim_problem.kind;
    return move_mount(fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0
               ? shim_fail_errno("mount the bundle on %s", place)
               : 0;
}

int bundle_place(struct hull_arena *arena, const char **ret_path)
{
    struct stat st;
    for (size_t i = 0; i < HULL_COUNT(places); i++) {
        const char *place = places[i];
        if (is_needed(place) || lstat(place, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        if (symlinkat(place, SHIM_FD_DIR, RECORD) < 0 && errno != EEXIST)
            return shim_fail_errno("record the place of the bundle");
        *ret_path = hull_arena_strdup(arena, place);
        return cover(place);
    }
    return shim_fail(HULL_NOT_SUPPORTED,
                     "runtime %s: for a user namespace it needs /mnt, /media, /srv or another "
                     "folder that everybody may enter; use --userns host",
                     shim.plan.runtime);
}

/* A runtime may begin an exec by going to the root as it was called at create. */
int bundle_place_again(void)
{
    char place[64], root[80];
    ssize_t n = readlinkat(SHIM_FD_DIR, RECORD, place, sizeof(place) - 1);
    if (n <= 0)
        return 0;
    place[n] = '\0';
    if (unshare(CLONE_NEWNS) < 0)
        return shim_fail_errno("unshare mount namespace");
    int rc = leave_host();
    if (rc == 0)
        rc = cover(place);
    snprintf(root, sizeof(root), "%s/rootfs", place);
    return rc == 0 && mkdir(root, 0711) < 0 ? shim_fail_errno("create %s", root) : rc;
}

static bool changes_nothing(const char *option)
{
    static const char *const kept[] = {"bind",   "rbind",  "private", "rprivate",   "slave",
                                       "rslave", "shared", "rshared", "unbindable", "runbindable"};
    for (size_t i = 0; i < HULL_COUNT(kept); i++) {
        if (strcmp(option, kept[i]) == 0)
            return true;
    }
    return false;
}

/* What the host's root has mounted, the container's can't make less restricted: a runtime's way to
 * set one attribute would fail for those that it leaves out. */
int bundle_tree(struct hull_arena *arena, struct oci_mount *mount, int tree)
{
    struct mount_options options;
    struct hull_strv rest = {};
    int rc = mount_options_parse(mount, &options);
    if (rc == 0 && options.idmap)
        rc = userns_show_ids(mount, tree, options.recursive);
    if (rc < 0)
        return rc;
    if (source_protect(tree, &options) < 0)
        return shim_fail_errno("error mounting \"%s\" to rootfs at \"%s\"", mount->source,
                               mount->destination);
    for (size_t i = 0; i < mount->options.n; i++) {
        if (changes_nothing(mount->options.v[i]))
            hull_strv_add(arena, &rest, mount->options.v[i]);
    }
    mount->options = rest;
    return 0;
}

int bundle_domain(void)
{
    const char *name = shim.plan.spec.domainname;
    int status = 0;
    if (!shim.userns || name == NULL || name[0] == '\0')
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(setns(shim.pidfd, CLONE_NEWUTS) < 0 || setdomainname(name, strlen(name)) < 0 ? errno
                                                                                           : 0);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid > 0)
        errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return pid < 0 || status != 0 ? shim_fail_errno("set the name of the domain") : 0;
}
