/*
 * ingest.c: a worker reads a descriptor to its end, hashes and writes, and makes the file visible
 * under its digest when all is as expected and on the disk.
 */
#include "content_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failpoint.h"
#include "plain.h"
#include "root.h"

#define CHUNK (256 << 10)

static int io_fail(struct hull_problem *problem, const char *what)
{
    return hull_problem_set(problem, hull_kind_of_errno(errno), "%s: %s", what, strerror(errno));
}

static int write_full(int fd, const char *data, size_t size, struct hull_problem *problem)
{
    int err = -root_write_full(fd, data, size);

    return err == 0 ? 0
                    : hull_problem_set(problem, hull_kind_of_errno(err), "image store: write: %s",
                                       strerror(err));
}

static int check_growth(const struct content_ingest *ingest, struct hull_problem *problem)
{
    if (ingest->limit && ingest->ret_size > ingest->limit)
        return hull_problem_set(problem, HULL_TOO_LARGE, "more than the limit of %lld bytes",
                                (long long)ingest->limit);
    if (ingest->expected_size && ingest->ret_size > ingest->expected_size)
        return hull_problem_set(problem, HULL_INVALID, "more than the expected %lld bytes",
                                (long long)ingest->expected_size);
    return 0;
}

/* Read all of the source into FD (-1: nowhere) and DIGEST (NULL: it is not hashed). */
static int pump(struct hull_work *work, struct content_ingest *ingest, int fd,
                struct digest *digest)
{
    HULL_AUTO_FREE char *buffer = malloc(CHUNK);
    int rc = 0;

    HULL_ASSERT(buffer);
    while (rc == 0) {
        ssize_t got = read(ingest->fd, buffer, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_fail(&work->problem, "read");
        if (got == 0)
            break;
        if (*work->canceled)
            return hull_problem_set(&work->problem, HULL_CANCELED, "canceled");
        ingest->ret_size += got;
        rc = check_growth(ingest, &work->problem);
        if (rc == 0 && digest)
            digest_update(digest, buffer, (size_t)got);
        if (rc == 0 && fd >= 0)
            rc = write_full(fd, buffer, (size_t)got, &work->problem);
    }
    return rc;
}

static int check_result(const struct content_ingest *ingest, struct hull_problem *problem)
{
    if (ingest->expected && strcmp(ingest->ret, ingest->expected) != 0)
        return hull_problem_set(problem, HULL_INVALID,
                                "digest mismatch: expected %s, the content has %s",
                                ingest->expected, ingest->ret);
    if (ingest->expected_size && ingest->ret_size != ingest->expected_size)
        return hull_problem_set(problem, HULL_INVALID,
                                "unexpected end: %lld of %lld bytes have come",
                                (long long)ingest->ret_size, (long long)ingest->expected_size);
    return 0;
}

/* On the disk first, then visible, then that on the disk too. */
static int publish(const struct content_ingest *ingest, const char *name, int fd,
                   struct hull_problem *problem)
{
    const struct content_store *store = ingest->store;

    if (fsync(fd) < 0 ||
        renameat(store->ingest_fd, name, store->blobs_fd, digest_hex(ingest->ret)) < 0 ||
        fsync(store->blobs_fd) < 0)
        return io_fail(problem, "image store: commit");
    return 0;
}

int store_verify(struct hull_work *work, void *arg)
{
    struct content_ingest *ingest = arg;
    DIGEST_AUTO *digest = digest_new();
    int rc = pump(work, ingest, -1, digest);

    if (rc < 0)
        return rc;
    digest_final(digest, ingest->ret);
    return check_result(ingest, &work->problem);
}

/* True when the blob on the disk is a file of SIZE bytes (0: any) that has the digest which names
 * it: one that doesn't is written anew instead of being trusted. */
static bool is_whole(const struct hull_work *work, const struct content_store *store,
                     const char *digest, int64_t size)
{
    HULL_AUTO_FD fd = plain_open(store->blobs_fd, digest_hex(digest), O_RDONLY, 0);
    struct hull_work look = {.canceled = work->canceled};
    struct content_ingest there = {.store = store, .fd = fd, .expected = digest};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || (size > 0 && st.st_size != size))
        return false;
    return store_verify(&look, &there) == 0;
}

static int write_blob(struct hull_work *work, struct content_ingest *ingest, const char *name,
                      int fd)
{
    DIGEST_AUTO *digest = digest_new();
    int rc = pump(work, ingest, fd, digest);

    if (rc < 0)
        return rc;
    digest_final(digest, ingest->ret);
    rc = check_result(ingest, &work->problem);
    if (rc < 0)
        return rc;
    /* Content that came without a digest may turn out to be here already. */
    if (is_whole(work, ingest->store, ingest->ret, ingest->ret_size))
        unlinkat(ingest->store->ingest_fd, name, 0);
    else
        rc = publish(ingest, name, fd, &work->problem);
    return rc;
}

int store_ingest(struct hull_work *work, void *arg)
{
    struct content_ingest *ingest = arg;
    HULL_AUTO_FD fd = -1;
    char name[32];
    int rc;

    ingest->skip =
        ingest->skip && is_whole(work, ingest->store, ingest->expected, ingest->expected_size);
    if (ingest->skip) {
        snprintf(ingest->ret, sizeof(ingest->ret), "%s", ingest->expected);
        rc = pump(work, ingest, -1, NULL);
        return rc < 0 ? rc : check_result(ingest, &work->problem);
    }
    snprintf(name, sizeof(name), "%llu", (unsigned long long)ingest->serial);
    fd = openat(ingest->store->ingest_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return io_fail(&work->problem, "image store: create");
    rc = write_blob(work, ingest, name, fd);
    if (rc < 0)
        unlinkat(ingest->store->ingest_fd, name, 0);
    return rc;
}

int store_create(const struct content_store *store)
{
    char name[] = "unnamed";
    int fd = openat(store->ingest_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    fd = openat(store->ingest_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0)
        unlinkat(store->ingest_fd, name, 0);
    return fd;
}

static int link_blob(const struct content_store *store, const char *path, const char *digest)
{
    return linkat(AT_FDCWD, path, store->blobs_fd, digest_hex(digest), AT_SYMLINK_FOLLOW) < 0
               ? errno
               : 0;
}

int store_link(struct hull_work *work, void *arg)
{
    struct content_file *file = arg;
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
    FAILPOINT(content_sync_before);
    if (fsync(file->fd) < 0)
        return io_fail(&work->problem, "image store: sync");
    FAILPOINT(content_link_before);
    int err = link_blob(file->store, path, file->digest);
    struct stat st;
    int64_t size = fstat(file->fd, &st) == 0 ? st.st_size : 0;
    if (err == EEXIST && !is_whole(work, file->store, file->digest, size)) {
        unlinkat(file->store->blobs_fd, digest_hex(file->digest), 0);
        err = link_blob(file->store, path, file->digest);
    }
    if (err != 0 && err != EEXIST) {
        errno = err;
        file->ret_copy = errno == ENOENT || errno == EXDEV;
        return file->ret_copy ? 0 : io_fail(&work->problem, "image store: link");
    }
    FAILPOINT(content_link_after);
    return fsync(file->store->blobs_fd) < 0 ? io_fail(&work->problem, "image store: sync") : 0;
}
