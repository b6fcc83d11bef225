/*
 * content.c: the service "content": blobs by digest, in an OCI image layout.
 *
 * A blob appears by a rename, after it was verified and synced, so that whatever is found under
 * blobs/ is whole. Two that store the same digest at once: the second waits for the first before
 * it reads anything, and has nothing to do when the first one succeeded.
 */
#include "content_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "failpoint.h"

/* A digest that somebody is storing; lives on the stack of the one who does. */
struct flight {
    const char *digest;
    struct flight *next;
};

static struct {
    struct content_store store;
    struct flight *flights;
    struct hull_cond landed;
    uint64_t serial;
} content = {.store = {-1, -1, -1}};

static int check_digest(struct hull_call *call, const char *digest)
{
    if (digest_valid(digest))
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid digest \"%.100s\": sha256:<64 hex> is expected",
                     digest ? digest : "");
}

static int missing(struct hull_call *call, const char *digest)
{
    if (errno == ENOENT)
        return hull_fail(call, HULL_NOT_FOUND, "content %s not found", digest);
    return hull_fail_errno(call, errno, "content %s", digest);
}

static bool is_here(const char *digest, int64_t *ret_size)
{
    struct stat st;

    if (fstatat(content.store.blobs_fd, digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    *ret_size = st.st_size;
    return S_ISREG(st.st_mode);
}

/* --- ingest -------------------------------------------------------------------------------- */

static struct flight **find_flight(const char *digest)
{
    struct flight **at = &content.flights;

    while (*at && strcmp((*at)->digest, digest) != 0)
        at = &(*at)->next;
    return at;
}

/* Wait until nobody else stores DIGEST. */
static int wait_turn(struct hull_call *call, const char *digest)
{
    int rc = 0;

    while (rc == 0 && *find_flight(digest))
        rc = hull_cond_wait(call, &content.landed);
    return rc;
}

static int ingest_expected(struct hull_call *call, struct content_ingest *ingest)
{
    struct flight flight = {.digest = ingest->expected};
    int64_t size = 0;
    int rc = wait_turn(call, ingest->expected);

    if (rc < 0)
        return rc;
    ingest->skip = is_here(ingest->expected, &size);
    flight.next = content.flights;
    content.flights = &flight;
    rc = hull_work(call, store_ingest, ingest);
    *find_flight(ingest->expected) = flight.next;
    hull_cond_broadcast(&content.landed);
    /* What was skipped may be garbage of the right digest; only the size can be told. */
    if (rc == 0 && ingest->skip && ingest->ret_size != size)
        return hull_fail(call, HULL_INVALID, "digest mismatch: %s has %lld bytes, %lld have come",
                         ingest->expected, (long long)size, (long long)ingest->ret_size);
    return rc;
}

static int cnt_ingest(struct hull_call *call, const struct content_blob *request,
                      struct content_blob *ret_reply)
{
    HULL_AUTO_FD fd = request->fd;
    struct content_ingest ingest = {
        .store = &content.store,
        .fd = fd,
        .expected = request->digest && *request->digest ? request->digest : NULL,
        .expected_size = request->size,
        .limit = request->limit,
        .serial = content.serial++,
    };
    int rc = ingest.expected ? check_digest(call, ingest.expected) : 0;

    if (rc < 0)
        return rc;
    if (fd < 0)
        return hull_fail(call, HULL_INVALID, "nothing to read from");
    rc = ingest.expected ? ingest_expected(call, &ingest) : hull_work(call, store_ingest, &ingest);
    if (rc < 0)
        return rc;
    ret_reply->digest = hull_strdup(call, ingest.ret);
    ret_reply->size = ingest.ret_size;
    ret_reply->fd = -1;
    return 0;
}

static int cnt_create(struct hull_call *call, const struct hull_empty *request,
                      struct content_blob *ret_reply)
{
    (void)request;
    ret_reply->fd = store_create(&content.store);
    return ret_reply->fd < 0 ? hull_fail_errno(call, errno, "image store: create") : 0;
}

static int cnt_commit(struct hull_call *call, const struct content_blob *request,
                      struct content_blob *ret_reply)
{
    HULL_AUTO_FD fd = request->fd;
    struct content_file file = {.store = &content.store, .fd = fd, .digest = request->digest};
    int rc = check_digest(call, request->digest);

    ret_reply->fd = -1;
    if (rc < 0)
        return rc;
    if (fd < 0)
        return hull_fail(call, HULL_INVALID, "nothing to commit");
    rc = hull_work(call, store_link, &file);
    if (rc < 0)
        return rc;
    /* No file system for unnamed files: what was written is read once more. */
    if (file.ret_copy && lseek(fd, 0, SEEK_SET) == 0) {
        struct content_blob again = *request;
        again.fd = HULL_TAKE_FD(fd);
        return cnt_ingest(call, &again, ret_reply);
    }
    ret_reply->digest = hull_strdup(call, request->digest);
    return is_here(request->digest, &ret_reply->size) ? 0 : missing(call, request->digest);
}

/* --- reading ------------------------------------------------------------------------------- */

static int cnt_open(struct hull_call *call, const struct content_blob *request,
                    struct content_blob *ret_reply)
{
    HULL_AUTO_FD fd = -1;
    struct stat st;
    int rc = check_digest(call, request->digest);

    if (rc < 0)
        return rc;
    fd = openat(content.store.blobs_fd, digest_hex(request->digest),
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return missing(call, request->digest);
    if (!S_ISREG(st.st_mode))
        return hull_fail(call, HULL_IO, "content %s is not a regular file", request->digest);
    ret_reply->digest = hull_strdup(call, request->digest);
    ret_reply->size = st.st_size;
    ret_reply->fd = HULL_TAKE_FD(fd);
    return 0;
}

static int cnt_verify(struct hull_call *call, const struct content_blob *request,
                      struct content_blob *ret_reply)
{
    int rc = cnt_open(call, request, ret_reply);
    HULL_AUTO_FD fd = rc < 0 ? -1 : ret_reply->fd;

    ret_reply->fd = -1;
    if (rc < 0)
        return rc;
    struct content_ingest ingest = {.store = &content.store,
                                    .fd = fd,
                                    .expected = request->digest,
                                    .expected_size = ret_reply->size};
    if (request->size > 0 && request->size != ret_reply->size)
        return hull_fail(call, HULL_IO,
                         "content %s is damaged: the file has %lld bytes and not %lld; remove its "
                         "images and load them again",
                         request->digest, (long long)ret_reply->size, (long long)request->size);
    rc = hull_work(call, store_verify, &ingest);
    if (rc == -HULL_INVALID)
        return hull_fail(call, HULL_IO,
                         "content %s is damaged: the file has another digest, %s; remove its "
                         "images and load them again",
                         request->digest, ingest.ret);
    return rc;
}

static int cnt_stat(struct hull_call *call, const struct content_blob *request,
                    struct content_blob *ret_reply)
{
    int rc = check_digest(call, request->digest);

    if (rc < 0)
        return rc;
    errno = ENOENT;
    if (!is_here(request->digest, &ret_reply->size))
        return missing(call, request->digest);
    ret_reply->digest = hull_strdup(call, request->digest);
    ret_reply->fd = -1;
    return 0;
}

static int remove_blob(struct hull_work *work, void *arg)
{
    const char *digest = arg;

    if (unlinkat(content.store.blobs_fd, digest_hex(digest), 0) < 0 && errno != ENOENT)
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "content %s: %s", digest,
                                strerror(errno));
    FAILPOINT(content_remove_after);
    return 0;
}

static int cnt_remove(struct hull_call *call, const struct content_blob *request,
                      struct hull_empty *ret_reply)
{
    int rc = check_digest(call, request->digest);

    (void)ret_reply;
    return rc < 0 ? rc : hull_work(call, remove_blob, hull_strdup(call, request->digest));
}

struct listing {
    struct hull_arena *arena;
    struct content_blob_list blobs;
};

static void add_blob(struct listing *listing, const char *name)
{
    char *digest = hull_arena_printf(listing->arena, DIGEST_PREFIX "%s", name);
    struct content_blob *blob;
    int64_t size;

    if (!digest_valid(digest) || !is_here(digest, &size))
        return;
    blob = HULL_LIST_ADD(listing->arena, &listing->blobs);
    *blob = (struct content_blob){.digest = digest, .size = size, .fd = -1};
}

static int read_listing(struct hull_work *work, void *arg)
{
    int fd = openat(content.store.blobs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!folder) {
        hull_fd_cleanup(&fd);
        return hull_problem_set(&work->problem, HULL_IO, "image store: %s", strerror(errno));
    }
    while ((entry = readdir(folder)))
        add_blob(arg, entry->d_name);
    closedir(folder);
    return 0;
}

static int cnt_list(struct hull_call *call, const struct hull_empty *request,
                    struct content_blob *ret_reply)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct listing listing = {.arena = arena};
    int rc = hull_work(call, read_listing, &listing);

    (void)request;
    ret_reply->fd = -1;
    for (size_t i = 0; rc == 0 && i < listing.blobs.n; i++)
        rc = hull_emit(call, &listing.blobs.v[i]);
    return rc;
}

/* --- the plugin ---------------------------------------------------------------------------- */

static int open_store(struct hull_work *work, void *arg)
{
    return store_open(&content.store, arg, &work->problem);
}

static int cnt_init(struct hull_call *call)
{
    const struct daemon_config *config = daemon_config();

    if (!config || !config->data_root)
        return hull_fail(call, HULL_INVALID, "support/content needs a data-root");
    return hull_work(call, open_store, (void *)(uintptr_t)config->data_root);
}

static void cnt_fini(void)
{
    store_close(&content.store);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(content, ingest, cnt_ingest),
    HULL_HANDLE(content, create, cnt_create),
    HULL_HANDLE(content, commit, cnt_commit),
    HULL_HANDLE(content, open, cnt_open),
    HULL_HANDLE(content, verify, cnt_verify),
    HULL_HANDLE(content, stat, cnt_stat),
    HULL_HANDLE(content, remove, cnt_remove),
    HULL_HANDLE(content, list, cnt_list),
    {},
};

HULL_PLUGIN(support_content, .port = "support/content", .handlers = handlers, .version = "0.1.0",
            .init = cnt_init, .fini = cnt_fini);
