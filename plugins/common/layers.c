/*
 * layers.c: folders of layers and of containers (layers.h).
 */
#include "layers.h"

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

#define DIFF "diff"
#define NOTE "layer" /* what is written down about a layer */
#define NOTE_MAX 512

/* Each plugin has a copy of this file and so of these. */
static struct layers layers = {.root_fd = -1};
static const struct layers_driver *driver;

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* --- names --------------------------------------------------------------------------------- */

const char *layers_hex(const char *chain)
{
    static const char prefix[] = "sha256:";
    if (chain == NULL || strncmp(chain, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *hex = chain + strlen(prefix);
    return strspn(hex, "0123456789abcdef") == 64 && hex[64] == '\0' ? hex : NULL;
}

static int check_chain(struct hull_call *call, const char *chain)
{
    if (layers_hex(chain) != NULL)
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid chain id %s: expected sha256:<64 hex digits>",
                     chain != NULL ? chain : "\"\"");
}

static int check_id(struct hull_call *call, const char *id)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (id != NULL && id[0] != '\0' && strlen(id) <= 128 && id[strspn(id, letters)] == '\0')
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid container id \"%s\" for a writable layer",
                     id != NULL ? id : "");
}

/* Names in tmp begin with this; those of earlier processes are swept. */
static const char *process_mark(void)
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

static bool token_valid(const char *token)
{
    return token != NULL && strncmp(token, "tmp/", 4) == 0 && token[4] != '\0' && token[4] != '.' &&
           strchr(token + 4, '/') == NULL;
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
    snprintf(ret, 64, "tmp/%s-%.12s-%lu", process_mark(), what, number);
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
        HULL_ASSERT(asprintf(&root, "%s/%s", config->data_root, driver->name) > 0);
        layers.root = root;
    }
    process_mark(); /* before a worker wants it */
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
    int rc = check_id(call, request->id);
    for (size_t i = 0; rc == 0 && i < request->chain.n; i++)
        rc = check_chain(call, request->chain.v[i]);
    return rc < 0 ? rc : layers_get(call, ret);
}

void layers_init(const struct layers_driver *used)
{
    driver = used;
}

void layers_fini(void)
{
    if (layers.root_fd >= 0)
        close(layers.root_fd);
    layers.root_fd = -1;
    free((char *)layers.root);
    layers.root = NULL;
}

/* --- one job for all methods ----------------------------------------------------------------- */

struct job {
    const char *chain, *parent, *token;
    int64_t size;
    char ret_token[64];
    int ret_fd;
    struct hull_arena *arena;
    struct storage_layer *ret_layer;
    const struct storage_sweep_request *sweep;
};

static int run(struct hull_call *call, int rc, hull_work_fn *fn, struct job *job)
{
    const struct layers *unused;
    if (rc == 0)
        rc = layers_get(call, &unused);
    return rc < 0 ? rc : hull_work(call, fn, job);
}

static int fail(struct hull_problem *problem, int err, const char *what, const char *name)
{
    return hull_problem_set(problem, hull_kind_of_errno(err), "%s %s: %s", what, name,
                            strerror(err));
}

static int no_layer(struct hull_work *work, const char *chain)
{
    return hull_problem_set(&work->problem, HULL_NOT_FOUND, "layer %s does not exist", chain);
}

int layers_get_diff(struct hull_problem *problem, const struct layers *in, const char *chain)
{
    int fd = layers_open_diff(in, layers_hex(chain));
    if (fd == -ENOENT)
        return hull_problem_set(problem, HULL_NOT_FOUND,
                                "layer %s does not exist; pull the image again", chain);
    return fd < 0 ? fail(problem, -fd, "opening layer", chain) : fd;
}

int layers_get_container(struct hull_problem *problem, const struct layers *in, const char *id,
                         const char *sub)
{
    int fd = layers_open_container(in, id, sub);
    if (fd == -ENOENT)
        return hull_problem_set(problem, HULL_NOT_FOUND,
                                "the writable layer of container %s does not exist", id);
    return fd < 0 ? fail(problem, -fd, "opening the writable layer of", id) : fd;
}

int layers_make_container(struct hull_problem *problem, const struct layers *in, const char *id)
{
    HULL_AUTO_FD all = openat(in->root_fd, "containers", DIR_FLAGS);
    if (all < 0)
        return fail(problem, errno, "opening", "containers");
    if (mkdirat(all, id, 0700) < 0)
        return errno == EEXIST ? hull_problem_set(problem, HULL_CONFLICT,
                                                  "container %s has a writable layer already", id)
                               : fail(problem, errno, "making the writable layer of", id);
    int fd = openat(all, id, DIR_FLAGS);
    return fd < 0 ? fail(problem, errno, "opening the writable layer of", id) : fd;
}

void layers_drop_container(const struct layers *in, const char *id)
{
    char path[160];
    snprintf(path, sizeof(path), "containers/%s", id);
    (void)!root_remove_tree(in->root_fd, path); /* what stays is swept */
}

/* --- begin ---------------------------------------------------------------------------------- */

static int fill_layer(struct hull_work *work, struct job *job, int diff_fd)
{
    const char *parent = job->parent;
    HULL_AUTO_FD parent_fd = -1;
    if (parent != NULL && parent[0] != '\0') {
        parent_fd = layers_get_diff(&work->problem, &layers, parent);
        if (parent_fd < 0)
            return parent_fd;
        int rc = layers_copy_dir_attributes(parent_fd, diff_fd);
        if (rc < 0)
            return fail(&work->problem, -rc, "making layer", job->chain);
    }
    return driver->fill != NULL ? driver->fill(work, parent_fd, diff_fd) : 0;
}

static int begin_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD there = layers_open_diff(&layers, layers_hex(job->chain));
    if (there >= 0)
        return hull_problem_set(&work->problem, HULL_NOT_MODIFIED, "layer %s exists already",
                                job->chain);
    int rc = layers_make_tmp(&layers, "layer", job->ret_token);
    if (rc < 0)
        return fail(&work->problem, -rc, "making layer", job->chain);
    char path[80];
    snprintf(path, sizeof(path), "%s/" DIFF, job->ret_token);
    HULL_AUTO_FD fd = layers_make_dir(layers.root_fd, path, 0755);
    rc = fd < 0 ? fail(&work->problem, -fd, "making layer", job->chain) : fill_layer(work, job, fd);
    if (rc < 0) {
        (void)!root_remove_tree(layers.root_fd, job->ret_token);
        return rc;
    }
    job->ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

int layers_begin(struct hull_call *call, const struct storage_layer *request,
                 struct storage_begin_reply *ret)
{
    int rc = check_chain(call, request->chain_id);
    if (rc == 0 && request->parent != NULL && request->parent[0] != '\0')
        rc = check_chain(call, request->parent);
    if (rc < 0)
        return rc;
    struct job job = {
        .chain = request->chain_id,
        .parent = request->parent,
    };
    rc = run(call, rc, begin_work, &job);
    if (rc < 0)
        return rc;
    *ret = (struct storage_begin_reply){
        .dir_fd = job.ret_fd,
        .token = hull_strdup(call, job.ret_token),
        .whiteouts = driver->whiteouts,
    };
    return 0;
}

/* --- commit, abort --------------------------------------------------------------------------- */

static int write_note(const struct job *job, int layer_fd)
{
    char text[NOTE_MAX];
    int length = snprintf(text, sizeof(text), "%lld %s\n", (long long)job->size,
                          job->parent != NULL && job->parent[0] != '\0' ? job->parent : "-");
    HULL_AUTO_FD fd = plain_create(layer_fd, NOTE, 0600);
    return fd < 0 ? fd : root_write_full(fd, text, (size_t)length);
}

static int commit_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int root_fd = layers.root_fd;
    HULL_AUTO_FD fd = openat(root_fd, job->token, DIR_FLAGS);
    if (fd < 0)
        return fail(&work->problem, errno, "committing layer", job->chain);
    int rc = write_note(job, fd);
    FAILPOINT(layer_sync_before);
    if (rc == 0 && syncfs(fd) < 0)
        rc = -errno;
    FAILPOINT(layer_rename_before);
    if (rc == 0 &&
        renameat2(root_fd, job->token, root_fd, layers_hex(job->chain), RENAME_NOREPLACE) < 0)
        rc = -errno;
    FAILPOINT(layer_rename_after);
    if (rc == -EEXIST) /* somebody else made the same layer meanwhile */
        rc = root_remove_tree(root_fd, job->token);
    else if (rc == 0 && fsync(root_fd) < 0)
        rc = -errno;
    return rc < 0 ? fail(&work->problem, -rc, "committing layer", job->chain) : 0;
}

static int check_token(struct hull_call *call, const char *token)
{
    return token_valid(token)
               ? 0
               : hull_fail(call, HULL_INVALID, "invalid token \"%s\": it is not from layer_begin",
                           token != NULL ? token : "");
}

int layers_commit(struct hull_call *call, const struct storage_layer *request,
                  struct hull_empty *ret)
{
    (void)ret;
    int rc = check_chain(call, request->chain_id);
    if (rc == 0)
        rc = check_token(call, request->token);
    if (rc < 0)
        return rc;
    struct job job = {
        .chain = request->chain_id,
        .parent = request->parent,
        .token = request->token,
        .size = request->size,
    };
    return run(call, rc, commit_work, &job);
}

static int abort_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int rc = root_remove_tree(layers.root_fd, job->token);
    return rc < 0 ? fail(&work->problem, -rc, "removing", job->token) : 0;
}

int layers_abort(struct hull_call *call, const struct storage_layer *request,
                 struct hull_empty *ret)
{
    (void)ret;
    int rc = check_token(call, request->token);
    struct job job = {.token = request->token};
    return run(call, rc, abort_work, &job);
}

/* --- remove, stat ---------------------------------------------------------------------------- */

/* Out of sight at once, and for good: a crash leaves it in tmp. */
static int remove_path(const char *path)
{
    char aside[64];
    int rc = layers_make_tmp(&layers, "gone", aside);
    if (rc < 0)
        return rc;
    char inside[80];
    snprintf(inside, sizeof(inside), "%s/x", aside);
    if (renameat(layers.root_fd, path, layers.root_fd, inside) < 0)
        rc = errno == ENOENT ? 0 : -errno;
    FAILPOINT(layer_remove_rename_after);
    int removed = root_remove_tree(layers.root_fd, aside);
    return rc < 0 ? rc : removed;
}

static int remove_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int rc = remove_path(job->token);
    return rc < 0 ? fail(&work->problem, -rc, "removing", job->token) : 0;
}

int layers_remove(struct hull_call *call, const struct storage_layer *request,
                  struct hull_empty *ret)
{
    (void)ret;
    int rc = check_chain(call, request->chain_id);
    struct job job = {.token = layers_hex(request->chain_id)};
    return run(call, rc, remove_work, &job);
}

int layers_remove_container(struct hull_call *call, const struct storage_container *request,
                            struct hull_empty *ret)
{
    (void)ret;
    int rc = check_id(call, request->id);
    struct job job = {.token = hull_printf(call, "containers/%s", request->id)};
    return run(call, rc, remove_work, &job);
}

static int stat_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    char path[128];
    HULL_AUTO_FREE char *text = NULL;
    size_t size;
    snprintf(path, sizeof(path), "%s/" NOTE, layers_hex(job->chain));
    int rc = root_read_file(layers.root_fd, path, NOTE_MAX, &text, &size);
    if (rc < 0)
        return rc == -ENOENT ? no_layer(work, job->chain)
                             : fail(&work->problem, -rc, "reading layer", job->chain);
    char *end, *parent;
    job->size = strtoll(text, &end, 10);
    parent = end + (*end == ' ');
    parent[strcspn(parent, "\n")] = '\0';
    job->ret_layer->parent =
        layers_hex(parent) != NULL ? hull_arena_strdup(job->arena, parent) : NULL;
    return 0;
}

int layers_stat(struct hull_call *call, const struct storage_layer *request,
                struct storage_layer *ret)
{
    int rc = check_chain(call, request->chain_id);
    struct job job = {
        .chain = request->chain_id,
        .arena = hull_call_arena(call),
        .ret_layer = ret,
    };
    rc = run(call, rc, stat_work, &job);
    if (rc < 0)
        return rc;
    ret->chain_id = hull_strdup(call, request->chain_id);
    ret->size = job.size;
    return 0;
}

/* --- sweep ----------------------------------------------------------------------------------- */

static bool is_stale_tmp(const struct job *job, const char *name)
{
    (void)job;
    return strncmp(name, process_mark(), strlen(process_mark())) != 0;
}

static bool is_unknown_container(const struct job *job, const char *name)
{
    return !hull_strv_contains(&job->sweep->containers, name);
}

static bool is_unknown_layer(const struct job *job, const char *name)
{
    if (strlen(name) != 64)
        return false;
    for (size_t i = 0; i < job->sweep->layers.n; i++) {
        const char *hex = layers_hex(job->sweep->layers.v[i]);
        if (hex != NULL && strcmp(hex, name) == 0)
            return false;
    }
    return true;
}

struct sweeper {
    struct job *job;
    const char *folder;
    bool (*unwanted)(const struct job *job, const char *name);
    int rc; /* of the first that can't be removed; the others go all the same */
};

static int sweep_entry(void *ctx, const struct root_entry *entry)
{
    struct sweeper *sweeper = ctx;
    char path[300];
    if (!sweeper->unwanted(sweeper->job, entry->name))
        return 1;
    snprintf(path, sizeof(path), "%s/%s", sweeper->folder, entry->name);
    int rc = remove_path(path);
    if (rc < 0 && sweeper->rc == 0)
        sweeper->rc = rc;
    return 1;
}

static int sweep_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    struct sweeper sweepers[] = {
        {job, "containers", is_unknown_container, 0},
        {job, ".", is_unknown_layer, 0},
        {job, "tmp", is_stale_tmp, 0},
    };
    int result = 0;
    for (size_t i = 0; i < HULL_COUNT(sweepers); i++) {
        if (sweepers[i].unwanted == is_unknown_layer && job->sweep->layers.v == NULL)
            continue;
        if (sweepers[i].unwanted != is_stale_tmp && job->sweep->half_made)
            continue;
        HULL_AUTO_FD fd = openat(layers.root_fd, sweepers[i].folder, DIR_FLAGS);
        int rc = fd < 0 ? -errno : root_walk(fd, sweep_entry, NULL, &sweepers[i]);
        rc = rc < 0 ? rc : sweepers[i].rc;
        if (rc < 0 && result == 0)
            result = fail(&work->problem, -rc, "sweeping", sweepers[i].folder);
    }
    return result;
}

int layers_sweep(struct hull_call *call, const struct storage_sweep_request *request,
                 struct hull_empty *ret)
{
    (void)ret;
    struct job job = {.sweep = request};
    return run(call, 0, sweep_work, &job);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct filesystem_change *)a)->path,
                  ((const struct filesystem_change *)b)->path);
}

void layers_sort_changes(struct filesystem_change_list *changes)
{
    if (changes->n > 1)
        qsort(changes->v, changes->n, sizeof(*changes->v), by_path);
}
