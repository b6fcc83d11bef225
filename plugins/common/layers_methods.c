/*
 * layers_methods.c: the methods that storage drivers with one folder per layer share (layers.h).
 */
#include "layers_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failpoint.h"
#include "plain.h"
#include "root.h"

#define NOTE "layer" /* what is written down about a layer */
#define NOTE_MAX 512

static bool token_valid(const char *token)
{
    return token != NULL && strncmp(token, "tmp/", 4) == 0 && token[4] != '\0' && token[4] != '.' &&
           strchr(token + 4, '/') == NULL;
}

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

static int no_layer(struct hull_work *work, const char *chain)
{
    return hull_problem_set(&work->problem, HULL_NOT_FOUND, "layer %s does not exist", chain);
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
            return layers_fail(&work->problem, -rc, "making layer", job->chain);
    }
    return layers_driver->fill != NULL ? layers_driver->fill(work, parent_fd, diff_fd) : 0;
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
        return layers_fail(&work->problem, -rc, "making layer", job->chain);
    char path[80];
    snprintf(path, sizeof(path), "%s/" DIFF, job->ret_token);
    HULL_AUTO_FD fd = layers_make_dir(layers.root_fd, path, 0755);
    rc = fd < 0 ? layers_fail(&work->problem, -fd, "making layer", job->chain)
                : fill_layer(work, job, fd);
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
    int rc = layers_check_chain(call, request->chain_id);
    if (rc == 0 && request->parent != NULL && request->parent[0] != '\0')
        rc = layers_check_chain(call, request->parent);
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
        .whiteouts = layers_driver->whiteouts,
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
        return layers_fail(&work->problem, errno, "committing layer", job->chain);
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
    return rc < 0 ? layers_fail(&work->problem, -rc, "committing layer", job->chain) : 0;
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
    int rc = layers_check_chain(call, request->chain_id);
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
    return rc < 0 ? layers_fail(&work->problem, -rc, "removing", job->token) : 0;
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
    return rc < 0 ? layers_fail(&work->problem, -rc, "removing", job->token) : 0;
}

int layers_remove(struct hull_call *call, const struct storage_layer *request,
                  struct hull_empty *ret)
{
    (void)ret;
    int rc = layers_check_chain(call, request->chain_id);
    struct job job = {.token = layers_hex(request->chain_id)};
    return run(call, rc, remove_work, &job);
}

int layers_remove_container(struct hull_call *call, const struct storage_container *request,
                            struct hull_empty *ret)
{
    (void)ret;
    int rc = layers_check_id(call, request->id);
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
                             : layers_fail(&work->problem, -rc, "reading layer", job->chain);
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
    int rc = layers_check_chain(call, request->chain_id);
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
    return strncmp(name, layers_process_mark(), strlen(layers_process_mark())) != 0;
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
            result = layers_fail(&work->problem, -rc, "sweeping", sweepers[i].folder);
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
