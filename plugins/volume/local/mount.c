/*
 * mount.c: what is mounted at the folder of a volume with options. Mounting may wait for other
 * hosts, so all of it is a worker's.
 */
#include "local.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"

#define ELSEWHERE_MAX 2

struct job {
    const char *data_root, *name, *path;
    const struct lv_options *options;
    struct lv_flags flags;
    const char *shown;  /* flags.data without secrets */
    const char *before; /* "addr=" is in flags.data: what is in front of the host's name, */
    const char *host;   /* its name, or NULL when there is nothing to look up, */
    const char *after;  /* and what follows */
};

/* --- addr= ------------------------------------------------------------------------------------ */

/* The kernel takes addresses only: what has a name is looked up, as docker does for these. */
static void find_host(struct hull_call *call, struct job *job)
{
    const char *type = job->options->type, *at = job->flags.data;
    struct in_addr unused;

    if (!hull_streq(type, "nfs") && !hull_streq(type, "nfs4") && !hull_streq(type, "cifs"))
        return;
    while (at != NULL && strncmp(at, "addr=", 5) != 0) {
        at = strchr(at, ',');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL)
        return;
    at += 5;
    size_t length = strcspn(at, ",");
    const char *host = hull_printf(call, "%.*s", (int)length, at);
    if (length == 0 || inet_pton(AF_INET, host, &unused) == 1)
        return;
    job->before = hull_printf(call, "%.*s", (int)(at - job->flags.data), job->flags.data);
    job->host = host;
    job->after = at + length;
}

/* The data with the host's address in it, from malloc. */
static char *look_up(struct hull_work *work, const struct job *job)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char address[INET6_ADDRSTRLEN + 20] = "", *data = NULL;
    int rc = getaddrinfo(job->host, NULL, &hints, &found);

    if (rc == 0)
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), NULL, 0,
                         NI_NUMERICHOST);
    if (found != NULL)
        freeaddrinfo(found);
    if (rc != 0)
        (void)!hull_problem_set(&work->problem, HULL_INVALID,
                                "error resolving passed in network volume address: lookup %s: %s",
                                job->host, gai_strerror(rc));
    else
        HULL_ASSERT(asprintf(&data, "%s%s%s", job->before, address, job->after) >= 0);
    return data;
}

/* --- mounting --------------------------------------------------------------------------------- */

static bool is_mounted(int fd)
{
    struct statx st;

    return statx(fd, "", AT_EMPTY_PATH, 0, &st) == 0 &&
           (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* docker's words, which name all that was tried. */
static int mount_failed(struct hull_work *work, const struct job *job)
{
    int err = errno;
    char flags[32] = "", text[128];
    unsigned long all = job->flags.flags | job->flags.propagation;
    bool no_address = job->options->type != NULL && strncmp(job->options->type, "nfs", 3) == 0 &&
                      strstr(job->shown, "addr=") == NULL;

    if (all != 0)
        snprintf(flags, sizeof(flags), ", flags: 0x%lx", all);
    snprintf(text, sizeof(text), "%s", strerror(err));
    text[0] = (char)tolower((unsigned char)text[0]);
    return hull_problem_set(&work->problem, hull_kind_of_errno(err),
                            "failed to mount local volume: mount %s:%s%s%s%s: %s%s",
                            job->options->device, job->path, flags,
                            *job->shown != '\0' ? ", data: " : "", job->shown, text,
                            no_address ? "; the option \"o\" needs addr=HOST" : "");
}

static int mount_first(struct hull_work *work, const struct job *job, int fd)
{
    const struct lv_options *o = job->options;
    char target[64];
    HULL_AUTO_FREE char *data = NULL;

    if (job->host != NULL && (data = look_up(work, job)) == NULL)
        return -HULL_INVALID;
    snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
    if (mount(o->device, target, hull_streq(o->type, NULL) ? "none" : o->type, job->flags.flags,
              data != NULL ? data : job->flags.data) < 0)
        return mount_failed(work, job);
    return 0;
}

/* What the first step can't do: a bind takes the flags of what it binds. FD is of what was
 * mounted. */
static int mount_second(struct hull_work *work, const struct job *job, int fd)
{
    const unsigned long flags = job->flags.flags, rest = flags & ~(unsigned long)MS_REC;
    char target[64];

    snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
    if (job->flags.propagation != 0 && mount("", target, "", job->flags.propagation, "") < 0)
        return mount_failed(work, job);
    if ((flags & MS_BIND) != 0 && rest != MS_BIND &&
        mount("", target, "", rest | MS_REMOUNT, "") < 0)
        return mount_failed(work, job);
    return 0;
}

static int mount_work(struct hull_work *work, void *arg)
{
    const struct job *job = arg;
    HULL_AUTO_FD fd = lv_open_data(work, job->data_root, job->name);
    int rc = fd < 0 ? fd : 0;

    if (rc < 0 || is_mounted(fd))
        return rc;
    rc = mount_first(work, job, fd);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD mounted = lv_open_data(work, job->data_root, job->name);
    rc = mounted < 0 ? mounted : mount_second(work, job, mounted);
    if (rc < 0) {
        struct hull_work quiet = {.canceled = work->canceled};
        (void)!lv_detach(&quiet, job->data_root, job->name);
    }
    return rc;
}

/*
 * A host that does not answer holds a worker up for minutes, and nothing ends that. So few mounts
 * of file systems of other hosts go on at the same time: there are workers left for all else.
 */
static unsigned mounting;
static struct hull_cond mounted_one;

static bool is_elsewhere(const char *type)
{
    static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs"};

    for (size_t i = 0; i < HULL_COUNT(types); i++)
        if (hull_streq(type, types[i]))
            return true;
    return false;
}

static int mount_elsewhere(struct hull_call *call, struct job *job)
{
    while (mounting >= ELSEWHERE_MAX) {
        int rc = hull_cond_wait(call, &mounted_one);
        if (rc < 0)
            return rc;
    }
    mounting++;
    int rc = hull_work(call, mount_work, job);
    mounting--;
    hull_cond_broadcast(&mounted_one); /* one alone may have been cancelled just now */
    return rc;
}

int lv_mount(struct hull_call *call, const char *name, const struct lv_options *options)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct job job = {.data_root = daemon_config()->data_root,
                      .name = name,
                      .path = lv_path(call, name),
                      .options = options,
                      .flags = lv_flags_parse(arena, options->o)};

    job.shown = lv_data_shown(arena, job.flags.data);
    if (hull_streq(options->device, NULL))
        return hull_fail(call, HULL_INVALID,
                         "error while mounting volume '%s': missing device in volume options",
                         job.path);
    find_host(call, &job);
    int rc = is_elsewhere(options->type) ? mount_elsewhere(call, &job)
                                         : hull_work(call, mount_work, &job);
    return hull_wrap(call, rc, "error while mounting volume '%s'", job.path);
}

/* --- unmounting ------------------------------------------------------------------------------- */

/* Detached: a process of the host that still looks at it must not keep the volume in use. The
 * path is the daemon's own down to the last part. */
int lv_detach(struct hull_work *work, const char *data_root, const char *name)
{
    HULL_AUTO_FREE char *path = NULL;

    HULL_ASSERT(asprintf(&path, "%s/volumes/%s/_data", data_root, name) >= 0);
    while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        ;
    if (errno == EINVAL || errno == ENOENT)
        return 0; /* nothing is mounted there */
    return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "unmounting %s: %s", path,
                            strerror(errno));
}

static int unmount_work(struct hull_work *work, void *arg)
{
    const struct job *job = arg;

    return lv_detach(work, job->data_root, job->name);
}

int lv_unmount(struct hull_call *call, const char *name)
{
    struct job job = {.data_root = daemon_config()->data_root, .name = name};

    return hull_work(call, unmount_work, &job);
}
