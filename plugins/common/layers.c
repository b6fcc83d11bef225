/*
 * layers.c: folders of layers and of containers (layers.h).
 */
#include "layers_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "api/config.h"
#include "failpoint.h"
#include "plain.h"
#include "root.h"

/* Each plugin has a copy of this file and so of these. */
struct layers layers = {.root_fd = -1};
const struct layers_driver *layers_driver;

/* --- names --------------------------------------------------------------------------------- */

const char *layers_hex(const char *chain)
{
    static const char prefix[] = "sha256:";
    if (chain == NULL || strncmp(chain, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *hex = chain + strlen(prefix);
    return strspn(hex, "0123456789abcdef") == 64 && hex[64] == '\0' ? hex : NULL;
}

int layers_check_chain(struct hull_call *call, const char *chain)
{
    if (layers_hex(chain) != NULL)
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid chain id %s: expected sha256:<64 hex digits>",
                     chain != NULL ? chain : "\"\"");
}

int layers_check_id(struct hull_call *call, const char *id)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (id != NULL && id[0] != '\0' && strlen(id) <= 128 && id[strspn(id, letters)] == '\0')
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid container id \"%s\" for a writable layer",
                     id != NULL ? id : "");
}

const char *layers_process_mark(void)
{
    static char mark[20];
    if (mark[0] == '\0') {
        uint64_t random = (uint64_t)hull_time_ns();
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
            random ^= (uint64_t)getpid() << 40;
        snprintf(mark, sizeof(mark), "%016llx", (unsigned long long)random);
    }
    return mark;
}

/* --- folders -------------------------------------------------------------------------------- */

int layers_make_dir(int dir_fd, const char *path, mode_t mode)
{
    if (mkdirat(dir_fd, path, mode) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(dir_fd, path, DIR_FLAGS);
    if (fd >= 0 && fchmod(fd, mode) < 0) { /* the umask is not ours to change */
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd < 0 ? -errno : fd;
}

int layers_make_tmp(const struct layers *in, const char *what, char *ret)
{
    static unsigned long counter;
    unsigned long number = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
    snprintf(ret, 64, "tmp/%s-%.12s-%lu", layers_process_mark(), what, number);
    HULL_AUTO_FD fd = layers_make_dir(in->root_fd, ret, 0700);
    return fd < 0 ? fd : 0;
}

static int open_below(const struct layers *in, const char *a, const char *b, const char *c)
{
    char path[512];
    int length =
        snprintf(path, sizeof(path), "%s/%s%s%s", a, b, c != NULL ? "/" : "", c != NULL ? c : "");
    if (length >= (int)sizeof(path))
        return -ENAMETOOLONG;
    int fd = openat(in->root_fd, path, DIR_FLAGS);
    return fd < 0 ? -errno : fd;
}

int layers_open_diff(const struct layers *in, const char *hex)
{
    return open_below(in, hex, DIFF, NULL);
}

int layers_open_container(const struct layers *in, const char *id, const char *sub)
{
    return open_below(in, "containers", id, sub);
}

struct open_job {
    const char *root;
    int root_fd;
};

static int open_work(struct hull_work *work, void *arg)
{
    struct open_job *job = arg;
    const char *root = job->root;
    char *parent = strndupa(root, (size_t)(strrchr(root, '/') - root));
    if (mkdir(parent, 0710) < 0 && errno != EEXIST)
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "%s: %s", parent,
                                strerror(errno));
    int fd = layers_make_dir(AT_FDCWD, root, 0700);
    HULL_AUTO_FD tmp = fd < 0 ? fd : layers_make_dir(fd, "tmp", 0700);
    HULL_AUTO_FD containers = tmp < 0 ? tmp : layers_make_dir(fd, "containers", 0700);
    if (containers < 0) {
        if (fd >= 0)
            close(fd);
        return hull_problem_set(&work->problem, hull_kind_of_errno(-containers), "%s: %s", root,
                                strerror(-containers));
    }
    job->root_fd = fd;
    return 0;
}

static int open_root(struct hull_call *call)
{
    const struct daemon_config *config = daemon_config();
    if (config == NULL || config->data_root == NULL || config->data_root[0] != '/')
        return hull_fail(call, HULL_INTERNAL, "data-root is not an absolute path");
    if (layers.root == NULL) {
        char *root;
        HULL_ASSERT(asprintf(&root, "%s/%s", config->data_root, layers_driver->name) > 0);
        layers.root = root;
    }
    layers_process_mark(); /* before a worker wants it */
    struct open_job job = {.root = layers.root, .root_fd = -1};
    int rc = hull_work(call, open_work, &job);
    if (rc < 0)
        return rc;
    if (layers.root_fd >= 0) /* another fiber was faster */
        close(job.root_fd);
    else
        layers.root_fd = job.root_fd;
    return 0;
}

int layers_get(struct hull_call *call, const struct layers **ret)
{
    int rc = layers.root_fd >= 0 ? 0 : open_root(call);
    *ret = &layers;
    return rc;
}

int layers_check_request(struct hull_call *call, const struct storage_container *request,
                         const struct layers **ret)
{
    int rc = layers_check_id(call, request->id);
    for (size_t i = 0; rc == 0 && i < request->chain.n; i++)
        rc = layers_check_chain(call, request->chain.v[i]);
    return rc < 0 ? rc : layers_get(call, ret);
}

void layers_init(const struct layers_driver *used)
{
    layers_driver = used;
}

void layers_fini(void)
{
    if (layers.root_fd >= 0)
        close(layers.root_fd);
    layers.root_fd = -1;
    free((char *)layers.root);
    layers.root = NULL;
}

/* --- with the words of errors ---------------------------------------------------------------- */

int layers_fail(struct hull_problem *problem, int err, const char *what, const char *name)
{
    return hull_problem_set(problem, hull_kind_of_errno(err), "%s %s: %s", what, name,
                            strerror(err));
}

int layers_get_diff(struct hull_problem *problem, const struct layers *in, const char *chain)
{
    int fd = layers_open_diff(in, layers_hex(chain));
    if (fd == -ENOENT)
        return hull_problem_set(problem, HULL_NOT_FOUND,
                                "layer %s does not exist; pull the image again", chain);
    return fd < 0 ? layers_fail(problem, -fd, "opening layer", chain) : fd;
}

int layers_get_container(struct hull_problem *problem, const struct layers *in, const char *id,
                         const char *sub)
{
    int fd = layers_open_container(in, id, sub);
    if (fd == -ENOENT)
        return hull_problem_set(problem, HULL_NOT_FOUND,
                                "the writable layer of container %s does not exist", id);
    return fd < 0 ? layers_fail(problem, -fd, "opening the writable layer of", id) : fd;
}

int layers_make_container(struct hull_problem *problem, const struct layers *in, const char *id)
{
    HULL_AUTO_FD all = openat(in->root_fd, "containers", DIR_FLAGS);
    if (all < 0)
        return layers_fail(problem, errno, "opening", "containers");
    if (mkdirat(all, id, 0700) < 0)
        return errno == EEXIST ? hull_problem_set(problem, HULL_CONFLICT,
                                                  "container %s has a writable layer already", id)
                               : layers_fail(problem, errno, "making the writable layer of", id);
    int fd = openat(all, id, DIR_FLAGS);
    return fd < 0 ? layers_fail(problem, errno, "opening the writable layer of", id) : fd;
}

void layers_drop_container(const struct layers *in, const char *id)
{
    char path[160];
    snprintf(path, sizeof(path), "containers/%s", id);
    (void)!root_remove_tree(in->root_fd, path); /* what stays is swept */
}
