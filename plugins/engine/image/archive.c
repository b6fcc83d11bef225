/*
 * archive.c: reading the tar that a client sends. A worker decompresses, hashes and writes each
 * member to an unnamed file; the fiber asks the content store to keep it, or drops it when it is
 * there already.
 */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compress.h"
#include "json.h"
#include "root.h"
#include "tar.h"

#define MEMBERS_MAX 100000
#define LINKS_MAX 8
#define CHUNK (256 << 10)
/* The disk is waited for while the next members are read, but not for more than so many. */
#define KEEPING_MAX 3
#define BLOB_PREFIX "blobs/sha256/"

/* The state of reading, used by one worker job after the other. */
struct reader {
    int fd;
    struct decompress *decompress;
    struct tar_reader *tar;
    struct hull_problem problem; /* of the decompressor, behind the tar reader's errno */
    struct tar_entry entry;
    bool at_end;
    int out_fd;            /* copy: where to */
    char *text;            /* take: where to */
    char ret[DIGEST_SIZE]; /* copy: of what was copied */
    int64_t ret_size;
    struct hull_task *keeping[KEEPING_MAX]; /* blobs on their way to the disk, a ring */
    size_t kept;
};

static ssize_t tar_source(void *ctx, void *buffer, size_t size)
{
    struct reader *reader = ctx;
    ssize_t got = decompress_read(reader->decompress, buffer, size, &reader->problem);

    return got < 0 ? -EIO : got;
}

/* What the decompressor found wrong is the true reason. */
static int reader_fail(struct reader *reader, struct hull_work *work, int rc)
{
    if (reader->problem.kind)
        work->problem = reader->problem;
    return reader->problem.kind ? -(int)reader->problem.kind : rc;
}

static int next_entry(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;
    int rc = tar_next(reader->tar, &reader->entry, &work->problem);

    if (rc < 0)
        return reader_fail(reader, work, rc);
    reader->at_end = rc == 0;
    return 0;
}

static int write_full(int fd, const char *data, size_t size, struct hull_problem *problem)
{
    int err = -root_write_full(fd, data, size);

    return err == 0 ? 0
                    : hull_problem_set(problem, hull_kind_of_errno(err), "image store: write: %s",
                                       strerror(err));
}

static int canceled(struct hull_work *work)
{
    return *work->canceled ? hull_problem_set(&work->problem, HULL_CANCELED, "canceled") : 0;
}

/* The data of the entry into out_fd, hashed. */
static int copy_data(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;
    DIGEST_AUTO *digest = digest_new();
    const char *data;
    int64_t offset;
    size_t size;
    int rc;

    reader->ret_size = 0;
    while ((rc = tar_data(reader->tar, &data, &size, &offset, &work->problem)) > 0) {
        digest_update(digest, data, size);
        rc = write_full(reader->out_fd, data, size, &work->problem);
        if (rc == 0)
            rc = canceled(work);
        if (rc < 0)
            return rc;
        reader->ret_size += (int64_t)size;
    }
    if (rc < 0)
        return reader_fail(reader, work, rc);
    digest_final(digest, reader->ret);
    return 0;
}

static int take_data(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;
    const char *data;
    int64_t offset;
    size_t size, have = 0;
    int rc;

    while ((rc = tar_data(reader->tar, &data, &size, &offset, &work->problem)) > 0) {
        memcpy(reader->text + have, data, size);
        have += size;
    }
    return rc < 0 ? reader_fail(reader, work, rc) : 0;
}

/* Until the client has said all: it may not notice an answer before. */
static int drain(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;
    int rc = tar_drain(reader->tar, INT64_C(1) << 30, &work->problem);

    return rc < 0 ? reader_fail(reader, work, rc) : 0;
}

/* All of the stream into out_fd, hashed. */
static int copy_stream(struct hull_work *work, void *arg)
{
    struct reader *reader = arg;
    DIGEST_AUTO *digest = digest_new();
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *buffer = hull_arena_alloc(arena, CHUNK);
    ssize_t got;
    int rc;

    while ((got = decompress_read(reader->decompress, buffer, CHUNK, &work->problem)) > 0) {
        digest_update(digest, buffer, (size_t)got);
        rc = write_full(reader->out_fd, buffer, (size_t)got, &work->problem);
        if (rc == 0)
            rc = canceled(work);
        if (rc < 0)
            return rc;
        reader->ret_size += got;
    }
    digest_final(digest, reader->ret);
    return (int)got;
}

/* --- members ------------------------------------------------------------------------------- */

/* The documents that are kept in memory; everything else that matters is a blob. */
static const char *const documents[] = {"manifest.json", "index.json", "oci-layout",
                                        "repositories"};

static bool is_document(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(documents); i++) {
        if (strcmp(name, documents[i]) == 0)
            return true;
    }
    return false;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);

    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* What old versions of docker save add for even older ones. */
static bool is_legacy(const char *name)
{
    return ends_with(name, "/VERSION") || ends_with(name, "/json");
}

/* The digest that the name of a member promises, or NULL. */
static const char *promised(struct hull_call *call, const char *name)
{
    const char *digest = NULL;

    if (strncmp(name, BLOB_PREFIX, strlen(BLOB_PREFIX)) == 0)
        digest = hull_printf(call, DIGEST_PREFIX "%s", name + strlen(BLOB_PREFIX));
    else if (strlen(name) == DIGEST_HEX_SIZE + 5 && ends_with(name, ".json"))
        digest = hull_printf(call, DIGEST_PREFIX "%.*s", DIGEST_HEX_SIZE, name);
    return digest_valid(digest) ? digest : NULL;
}

static int keep_file(struct hull_call *call, void *arg)
{
    struct content_blob *file = arg, kept;
    struct content_blob request = *file;

    file->fd = -1;
    return content_commit(call, IMG_CONTENT, &request, &kept);
}

static void close_file(struct hull_call *call, void *arg)
{
    struct content_blob *file = arg;

    (void)call;
    hull_fd_cleanup(&file->fd);
}

static int join_oldest(struct hull_call *call, struct reader *reader)
{
    struct hull_task **slot = &reader->keeping[reader->kept++ % KEEPING_MAX];
    struct hull_task *task = HULL_TAKE(*slot);

    return task ? hull_task_join(call, task) : 0;
}

/* Have FD become the blob DIGEST, beside what goes on here. Takes FD. */
static int start_keeping(struct hull_call *call, struct reader *reader, int fd, const char *digest)
{
    struct content_blob *file = HULL_NEW(hull_call_arena(call), struct content_blob);
    struct hull_task **slot = &reader->keeping[reader->kept % KEEPING_MAX];
    int rc;

    *file = (struct content_blob){.fd = fd, .digest = digest};
    hull_defer(call, close_file, file);
    rc = join_oldest(call, reader);
    if (rc == 0)
        *slot = hull_task_start(call, "keep blob", keep_file, file);
    return rc;
}

static int join_all(struct hull_call *call, struct reader *reader)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < KEEPING_MAX; i++)
        rc = join_oldest(call, reader);
    return rc;
}

static int store_file(struct img_session *session, struct reader *reader,
                      struct archive_member *member)
{
    struct hull_call *call = session->call;
    struct hull_empty nothing = {0};
    struct content_blob file;
    int rc = content_create(call, IMG_CONTENT, &nothing, &file);

    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = file.fd;
    reader->out_fd = fd;
    rc = hull_work(call, copy_data, reader);
    if (rc < 0)
        return rc;
    if (member->digest && strcmp(member->digest, reader->ret) != 0)
        return hull_fail(call, HULL_INVALID, "digest mismatch: %s has content %s", member->name,
                         reader->ret);
    rc = member->digest ? 0 : img_session_pin(session, reader->ret);
    if (rc < 0)
        return rc;
    member->digest = hull_strdup(call, reader->ret);
    member->size = reader->ret_size;
    return start_keeping(call, reader, HULL_TAKE_FD(fd), member->digest);
}

static int read_blob(struct img_session *session, struct reader *reader,
                     struct archive_member *member)
{
    struct hull_call *call = session->call;
    struct content_blob request = {.fd = -1}, there;
    int rc;

    member->digest = promised(call, member->name);
    if (member->digest) {
        rc = img_session_pin(session, member->digest);
        if (rc < 0)
            return rc;
        request.digest = member->digest;
        request.size = member->size;
        /* What is here is read rather than believed: loading again heals a damaged blob. */
        rc = content_verify(call, IMG_CONTENT, &request, &there);
        if (rc == 0) {
            member->size = there.size;
            return 0;
        }
        hull_error_clear(call);
    }
    return store_file(session, reader, member);
}

static int read_document(struct img_session *session, struct reader *reader,
                         struct archive_member *member)
{
    if (member->size > IMG_DOCUMENT_MAX)
        return hull_fail(session->call, HULL_TOO_LARGE, "%s has %lld bytes; it may have 4 MB",
                         member->name, (long long)member->size);
    reader->text = hull_alloc(session->call, (size_t)member->size + 1);
    member->text = reader->text;
    return hull_work(session->call, take_data, reader);
}

static int read_member(struct img_session *session, struct reader *reader, struct archive *archive)
{
    const struct tar_entry *entry = &reader->entry;
    struct hull_call *call = session->call;
    struct archive_member *member;
    const char *name = entry->path;

    while (name[0] == '.' && name[1] == '/')
        name += 2;
    if (entry->type != TAR_FILE && entry->type != TAR_SYMLINK && entry->type != TAR_LINK)
        return 0;
    if (is_legacy(name))
        return 0;
    if (archive->n == MEMBERS_MAX)
        return hull_fail(call, HULL_TOO_LARGE, "the archive has more than %d members", MEMBERS_MAX);
    if (entry->sparse)
        return hull_fail(call, HULL_NOT_SUPPORTED, "sparse member %s in an image archive", name);
    member =
        hull_list_add(hull_call_arena(call), (struct hull_list *)(void *)archive, sizeof(*member));
    member->name = hull_strdup(call, name);
    member->size = entry->size;
    if (entry->type != TAR_FILE) {
        member->link = hull_printf(call, "%s%s", entry->type == TAR_LINK ? "/" : "", entry->link);
        return 0;
    }
    return is_document(name) ? read_document(session, reader, member)
                             : read_blob(session, reader, member);
}

static void close_reader(struct hull_call *call, void *arg)
{
    struct reader *reader = arg;

    (void)call;
    tar_reader_free(reader->tar);
    decompress_free(reader->decompress);
    hull_fd_cleanup(&reader->fd);
}

static int open_reader(struct img_session *session, struct hull_stream *body, struct reader **ret)
{
    struct hull_call *call = session->call;
    struct reader *reader = hull_alloc(call, sizeof(*reader));
    int rc;

    reader->fd = -1;
    rc = hull_stream_to_fd(call, body, &reader->fd);
    if (rc < 0)
        return rc;
    reader->decompress = decompress_new(compress_read_fd, &reader->fd, NULL);
    reader->tar = tar_reader_new(tar_source, reader);
    hull_defer(call, close_reader, reader);
    *ret = reader;
    return 0;
}

int archive_read(struct img_session *session, struct hull_stream *body, struct archive *ret)
{
    struct hull_call *call = session->call;
    struct reader *reader;
    int rc = open_reader(session, body, &reader);

    *ret = (struct archive){0};
    while (rc == 0) {
        rc = hull_work(call, next_entry, reader);
        if (rc < 0 || reader->at_end)
            break;
        rc = read_member(session, reader, ret);
    }
    if (rc == 0)
        rc = hull_work(call, drain, reader);
    return rc < 0 ? rc : join_all(call, reader);
}

int archive_spool(struct img_session *session, struct hull_stream *body, char ret[DIGEST_SIZE],
                  int64_t *ret_size)
{
    struct hull_call *call = session->call;
    struct hull_empty nothing = {0};
    struct content_blob file, kept;
    struct reader *reader;
    int rc = open_reader(session, body, &reader);

    if (rc == 0)
        rc = content_create(call, IMG_CONTENT, &nothing, &file);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = file.fd;
    reader->out_fd = fd;
    rc = hull_work(call, copy_stream, reader);
    if (rc == 0)
        rc = img_session_pin(session, reader->ret);
    if (rc < 0)
        return rc;
    memcpy(ret, reader->ret, DIGEST_SIZE);
    *ret_size = reader->ret_size;
    file.fd = HULL_TAKE_FD(fd);
    file.digest = ret;
    return content_commit(call, IMG_CONTENT, &file, &kept);
}

/* --- looking up ---------------------------------------------------------------------------- */

static const struct archive_member *find_one(const struct archive *archive, const char *name)
{
    /* The last one of a name counts, as when it is unpacked. */
    for (size_t i = archive->n; i > 0; i--) {
        if (strcmp(archive->v[i - 1].name, name) == 0)
            return &archive->v[i - 1];
    }
    return NULL;
}

/* Where a link of the member NAME leads: "../x" and the like are worked out, inside the archive. */
static bool follow(const char *name, const char *link, char ret[TAR_PATH_MAX])
{
    size_t length = 0;
    const char *slash = strrchr(name, '/');

    if (link[0] != '/' && slash) {
        length = (size_t)(slash - name);
        if (length >= TAR_PATH_MAX)
            return false;
        memcpy(ret, name, length);
    }
    while (*link) {
        size_t part = strcspn(link, "/");
        if (part == 2 && memcmp(link, "..", 2) == 0) {
            while (length && ret[length - 1] != '/')
                length--;
            length -= length > 0;
        } else if (part && !(part == 1 && link[0] == '.')) {
            if (length + part + 2 > TAR_PATH_MAX)
                return false;
            if (length)
                ret[length++] = '/';
            memcpy(ret + length, link, part);
            length += part;
        }
        link += part + (link[part] == '/');
    }
    ret[length] = '\0';
    return true;
}

const struct archive_member *archive_find(const struct archive *archive, const char *name)
{
    const struct archive_member *member = find_one(archive, name);
    char target[TAR_PATH_MAX];

    for (int i = 0; member && member->link && i < LINKS_MAX; i++) {
        if (!follow(member->name, member->link, target))
            return NULL;
        member = find_one(archive, target);
    }
    return member && !member->link ? member : NULL;
}

int archive_decode(struct hull_call *call, const struct archive_member *member,
                   const struct hull_message *message, void *ret)
{
    int rc = json_decode_call(call, message, member->text, (size_t)member->size, 0, ret);

    return hull_wrap(call, rc, "invalid %s", member->name);
}
