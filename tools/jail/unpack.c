/*
 * unpack.c: from a tar to a tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jail-int.h"

static ssize_t read_in(void *ctx, void *buffer, size_t size)
{
    (void)ctx;
    for (;;) {
        ssize_t n = read(FD_IN, buffer, size);
        if (n >= 0 || errno != EINTR)
            return n < 0 ? -errno : n;
    }
}

static ssize_t read_packed(void *ctx, void *buffer, size_t size, struct hull_problem *problem)
{
    ssize_t n = read_in(ctx, buffer, size);
    return n >= 0 ? n
                  : hull_problem_set(problem, hull_kind_of_errno((int)-n), "read: %s",
                                     strerror((int)-n));
}

/* The tar in what was sent, whatever it is compressed with. What is wrong with it is kept: the
 * reader of the tar only hears that there is no more. */
static ssize_t read_unpacked(void *ctx, void *buffer, size_t size)
{
    struct unpack *unpack = ctx;
    ssize_t n = decompress_read(unpack->packed, buffer, size, &unpack->packed_problem);
    return n < 0 ? -EIO : n;
}

static struct tar_reader *open_reader(struct unpack *unpack)
{
    const struct compress_limits limits = {.bytes = (uint64_t)unpack->options->max_bytes};
    if (!unpack->options->compressed)
        return tar_reader_new(read_in, NULL);
    unpack->packed = decompress_new(read_packed, NULL, &limits);
    return tar_reader_new(read_unpacked, unpack);
}

static int count(struct unpack *unpack)
{
    const struct options *options = unpack->options;
    struct counts *counts = unpack->counts;
    const struct tar_entry *entry = unpack->entry;
    if (++counts->entries > options->max_entries)
        return hull_problem_set(unpack->problem, HULL_TOO_LARGE,
                                "%.300s: the archive has more than %lld entries", entry->path,
                                (long long)options->max_entries);
    if (entry->size > options->max_bytes - counts->bytes)
        return hull_problem_set(unpack->problem, HULL_TOO_LARGE,
                                "%.300s: the archive has more than %lld bytes of files",
                                entry->path, (long long)options->max_bytes);
    counts->bytes += entry->size;
    if (entry->type == TAR_SYMLINK) /* a link is as long as its text, as everywhere */
        counts->bytes += (int64_t)strlen(entry->link);
    /* 2^32-1 means "leave it" to chown(2). */
    if (entry->uid < 0 || entry->uid >= UINT32_MAX || entry->gid < 0 || entry->gid >= UINT32_MAX)
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: the owner %lld:%lld is not possible", entry->path,
                                (long long)entry->uid, (long long)entry->gid);
    return 0;
}

/* Parents that the tar does not name were brought by it as well. */
static void remember(struct unpack *unpack, const char *path)
{
    char part[ROOT_PATH_MAX + 1];
    if (unpack->options->whiteouts != WHITEOUTS_APPLY)
        return;
    for (size_t at = 0; path[at] != '\0'; at++) {
        part[at] = path[at];
        part[at + 1] = '\0';
        if (path[at + 1] == '/' || path[at + 1] == '\0')
            paths_add(&unpack->seen, part);
    }
}

static int one_entry(struct unpack *unpack)
{
    char path[ROOT_PATH_MAX + 1];
    struct place place;
    int rc = count(unpack);
    if (rc == 0)
        rc = place_clean(unpack, unpack->entry->path, path);
    if (rc == 0)
        rc = whiteout_apply(unpack, path);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = place_find(unpack, path, true, &place);
    if (rc == 0)
        rc = entry_make(unpack, &place);
    /* In a container's tree a new link may be on the way of the next entry. */
    if (unpack->follow || unpack->entry->type != TAR_FILE)
        place_forget(unpack);
    if (rc == 0)
        remember(unpack, path);
    return rc;
}

static int all_entries(struct unpack *unpack)
{
    for (;;) {
        int rc = tar_next(unpack->reader, unpack->entry, unpack->problem);
        if (rc > 0)
            rc = one_entry(unpack);
        else if (rc == 0)
            break;
        if (rc < 0)
            return rc;
    }
    int rc = tar_drain(unpack->reader, unpack->options->max_bytes, unpack->problem);
    return rc < 0 ? rc : entry_dir_times(unpack);
}

int jail_run_unpack(const struct options *options, int top_fd, struct counts *counts,
                    struct hull_problem *problem)
{
    struct tar_entry entry = {};
    struct unpack unpack = {
        .options = options,
        .entry = &entry,
        .base_fd = top_fd,
        .follow = options->whiteouts == WHITEOUTS_NONE,
        .counts = counts,
        .problem = problem,
        .parent_fd = -1,
    };
    unpack.reader = open_reader(&unpack);
    if (options->path != NULL) {
        unpack.base_fd = root_open(top_fd, options->path, O_RDONLY | O_DIRECTORY, 0);
        if (unpack.base_fd < 0)
            return jail_errno(problem, -unpack.base_fd, options->path, "opening");
    }
    /* The process ends with this: nothing is freed. */
    int rc = all_entries(&unpack);
    if (rc < 0 && unpack.packed_problem.kind != 0) {
        *problem = unpack.packed_problem;
        return -(int)problem->kind;
    }
    return rc;
}
