/*
 * The suite that every storage driver passes. STORAGE_PORT is set by the build; there is one
 * program per driver. Layers are unpacked by the real hull-jail.
 */
#include "tap.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "api/config.h"
#include "jail.h"
#include "root.h"
#include "storage.h"
#include "tar.h"

#define CHAIN_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CHAIN_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CHAIN_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static char root_path[128];
static struct daemon_config config;

/* --- setting up ------------------------------------------------------------------------------ */

static int remove_root_work(struct hull_work *work, void *unused)
{
    (void)work;
    (void)unused;
    CHECK_INT(root_remove_tree(AT_FDCWD, root_path), 0);
    return 0;
}

static void remove_root(struct hull_call *call)
{
    CHECK_OK(hull_work(call, remove_root_work, NULL));
}

/* A data root of its own, removed with the call that CALL belongs to. */
static void setup(struct hull_call *call)
{
    if (geteuid() != 0)
        SKIP("needs root");
    const char *folder = getenv("TMPDIR");
    snprintf(root_path, sizeof(root_path), "%s/hull-storage-XXXXXX", folder ? folder : "/tmp");
    CHECK(mkdtemp(root_path) != NULL);
    config.data_root = root_path;
    hull_config_set(&daemon_config_message, &config);
    struct storage_probe_reply probe;
    CHECK_OK(storage_probe(call, STORAGE_PORT, &(struct hull_empty){}, &probe));
    if (!probe.supported) {
        remove_root(call);
        SKIP("%s", probe.reason);
    }
}

#define STORAGE_TEST(name)                              \
    static void name##_storage(struct hull_call *call); \
    FIBER_TEST_LIMIT(name, 60)                          \
    {                                                   \
        setup(call);                                    \
        name##_storage(call);                           \
        remove_root(call);                              \
    }                                                   \
    static void name##_storage(struct hull_call *call)

/* An entry of a layer; LINK is the content of a file, the target of a link. */
struct entry {
    enum tar_type type;
    const char *path, *text;
    unsigned mode;
};

static void put_entry(struct tar_writer *writer, const struct entry *entry)
{
    struct hull_problem problem = {};
    bool file = entry->type == TAR_FILE;
    const char *text = entry->text != NULL ? entry->text : "";
    struct tar_entry head = {
        .type = entry->type,
        .path = entry->path,
        .link = file ? "" : text,
        .mode = entry->mode != 0 ? entry->mode : 0755,
        .size = file ? (int64_t)strlen(text) : 0,
        .mtime = {.tv_sec = 1000000000, .tv_nsec = 5},
        .dev_major = 1,
        .dev_minor = 3,
    };
    CHECK_INT(tar_put(writer, &head, &problem), 0);
    if (head.size > 0)
        CHECK_INT(tar_write(writer, text, (size_t)head.size, &problem), 0);
}

struct layer {
    const char *chain, *parent;
    const struct entry *entries;
    size_t count;
};

static int unpack(struct hull_call *call, void *arg)
{
    struct storage_begin_reply *begin = ((void **)arg)[0];
    const struct layer *layer = ((void **)arg)[1];
    struct jail jail;
    struct hull_problem problem = {};
    struct jail_unpack options = {.dir_fd = begin->dir_fd, .whiteouts = begin->whiteouts};
    CHECK_OK(jail_unpack(call, &options, &jail));
    struct tar_writer *writer = tar_writer_new(jail.pipe_fd); /* small: fits the pipe */
    for (size_t i = 0; i < layer->count; i++)
        put_entry(writer, &layer->entries[i]);
    CHECK_INT(tar_finish(writer, &problem), 0);
    tar_writer_free(writer);
    return jail_finish(call, &jail, 0, NULL);
}

static void make_layer(struct hull_call *call, const struct layer *layer)
{
    struct storage_layer request = {.chain_id = layer->chain, .parent = layer->parent};
    struct storage_begin_reply begin;
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &begin));
    void *arg[] = {&begin, (void *)layer};
    CHECK_OK(hull_request(call, "unpack", HULL_FOREVER, unpack, arg));
    close(begin.dir_fd);
    request.token = begin.token;
    request.size = 4711;
    CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
}

#define LAYER(call, chain_, parent_, ...)                                            \
    make_layer(call, &(struct layer){chain_, parent_, (struct entry[]){__VA_ARGS__}, \
                                     HULL_COUNT(((struct entry[]){__VA_ARGS__}))})

static const char *chain_ab[] = {CHAIN_A, CHAIN_B};
static const struct storage_container box = {.id = "box", .chain = {2, chain_ab}};

/* Two layers of which the second deletes, replaces and hides what the first has. */
static void make_image(struct hull_call *call)
{
    LAYER(call, CHAIN_A, NULL, {TAR_DIR, "etc", NULL, 0}, {TAR_FILE, "etc/passwd", "root", 0644},
          {TAR_FILE, "etc/gone", "x", 0644}, {TAR_DIR, "opq", NULL, 0}, {TAR_FILE, "opq/a", "a", 0},
          {TAR_FILE, "opq/b", "b", 0}, {TAR_DIR, "dir", NULL, 0}, {TAR_FILE, "dir/f", "f", 0},
          {TAR_LINK, "etc/again", "etc/passwd", 0}, {TAR_SYMLINK, "link", "../../etc/passwd", 0},
          {TAR_FILE, "sticky", "s", 04755}, {TAR_CHAR, "null", NULL, 0666},
          {TAR_FIFO, "fifo", NULL, 0});
    LAYER(call, CHAIN_B, CHAIN_A, {TAR_FILE, "etc/.wh.gone", NULL, 0}, {TAR_FILE, "opq/c", "c", 0},
          {TAR_FILE, "opq/.wh..wh..opq", NULL, 0}, {TAR_FILE, ".wh.dir", NULL, 0},
          {TAR_FILE, "new", "new", 0600});
}

static int mount_box(struct hull_call *call, bool readonly)
{
    struct storage_container request = box;
    struct storage_mount_reply reply;
    request.readonly = readonly;
    CHECK_OK(storage_mount(call, STORAGE_PORT, &request, &reply));
    CHECK(reply.mount_fd >= 0);
    return reply.mount_fd;
}

static bool exists(int fd, const char *path)
{
    struct stat st;
    int rc = root_stat(fd, path, false, &st);
    CHECK(rc == 0 || rc == -ENOENT || rc == -ENOTDIR);
    return rc == 0;
}

static void write_file(int fd, const char *path, const char *text)
{
    HULL_AUTO_FD file = openat(fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0);
    CHECK_INT(root_write_full(file, text, strlen(text)), 0);
}

/* --- layers ---------------------------------------------------------------------------------- */

STORAGE_TEST(layers_appear_at_commit)
{
    struct storage_layer request = {.chain_id = CHAIN_A}, stat;
    struct storage_begin_reply begin;
    CHECK_KIND(storage_layer_stat(call, STORAGE_PORT, &request, &stat), HULL_NOT_FOUND);
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &begin));
    close(begin.dir_fd);
    CHECK_KIND(storage_layer_stat(call, STORAGE_PORT, &request, &stat), HULL_NOT_FOUND);
    request.token = begin.token;
    request.size = 12;
    CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_OK(storage_layer_stat(call, STORAGE_PORT, &request, &stat));
    CHECK_INT(stat.size, 12);
    CHECK(stat.parent == NULL);
    CHECK_KIND(storage_layer_begin(call, STORAGE_PORT, &request, &begin), HULL_NOT_MODIFIED);
    CHECK_OK(storage_layer_remove(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_OK(storage_layer_remove(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_KIND(storage_layer_stat(call, STORAGE_PORT, &request, &stat), HULL_NOT_FOUND);
}

STORAGE_TEST(two_make_the_same_layer)
{
    struct storage_layer request = {.chain_id = CHAIN_A}, stat;
    struct storage_begin_reply one, two;
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &one));
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &two));
    close(one.dir_fd);
    close(two.dir_fd);
    request.token = one.token;
    request.size = 1;
    CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    request.token = two.token;
    request.size = 2;
    CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_OK(storage_layer_stat(call, STORAGE_PORT, &request, &stat));
    CHECK_INT(stat.size, 1);
}

STORAGE_TEST(abort_leaves_nothing)
{
    struct storage_layer request = {.chain_id = CHAIN_A};
    struct storage_begin_reply begin;
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &begin));
    write_file(begin.dir_fd, "file", "x");
    close(begin.dir_fd);
    request.token = begin.token;
    CHECK_OK(storage_layer_abort(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_KIND(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}),
               HULL_NOT_FOUND);
}

STORAGE_TEST(bad_names_are_refused)
{
    static const char *const chains[] = {
        "", "sha256:", "../../etc", "sha256:../../etc", "sha256:AAAA", CHAIN_A "0", "md5:aa"};
    static const char *const tokens[] = {"",        "tmp/",     "tmp/..",
                                         "tmp/a/b", "../tmp/a", "containers/x"};
    static const char *const ids[] = {"", ".", "..", "a/b", "../x", "a b"};
    struct storage_begin_reply begin;
    for (size_t i = 0; i < HULL_COUNT(chains); i++) {
        struct storage_layer request = {.chain_id = chains[i]};
        CHECK_KIND(storage_layer_begin(call, STORAGE_PORT, &request, &begin), HULL_INVALID);
    }
    for (size_t i = 0; i < HULL_COUNT(tokens); i++) {
        struct storage_layer request = {.chain_id = CHAIN_A, .token = tokens[i]};
        CHECK_KIND(storage_layer_abort(call, STORAGE_PORT, &request, &(struct hull_empty){}),
                   HULL_INVALID);
    }
    for (size_t i = 0; i < HULL_COUNT(ids); i++) {
        struct storage_container request = {.id = ids[i]};
        CHECK_KIND(storage_create(call, STORAGE_PORT, &request, &(struct hull_empty){}),
                   HULL_INVALID);
        CHECK_KIND(storage_remove(call, STORAGE_PORT, &request, &(struct hull_empty){}),
                   HULL_INVALID);
    }
}

STORAGE_TEST(parent_must_exist)
{
    struct storage_layer request = {.chain_id = CHAIN_A, .parent = CHAIN_B};
    struct storage_begin_reply begin;
    CHECK_KIND(storage_layer_begin(call, STORAGE_PORT, &request, &begin), HULL_NOT_FOUND);
    CHECK_KIND(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}), HULL_NOT_FOUND);
    struct storage_mount_reply mount;
    CHECK_KIND(storage_mount(call, STORAGE_PORT, &box, &mount), HULL_NOT_FOUND);
}

/* --- containers ------------------------------------------------------------------------------ */

static void check_image(int fd)
{
    struct stat st;
    CHECK(exists(fd, "etc/passwd"));
    CHECK(!exists(fd, "etc/gone"));
    CHECK(!exists(fd, "opq/a"));
    CHECK(!exists(fd, "opq/b"));
    CHECK(exists(fd, "opq/c"));
    CHECK(!exists(fd, "dir"));
    CHECK(exists(fd, "new"));
    CHECK_INT(root_stat(fd, "etc/passwd", false, &st), 0);
    CHECK_INT(st.st_nlink, 2);
    CHECK_INT(st.st_mtim.tv_sec, 1000000000);
    CHECK_INT(st.st_mtim.tv_nsec, 5);
    CHECK_INT(root_stat(fd, "sticky", false, &st), 0);
    CHECK_INT(st.st_mode, S_IFREG | 04755);
    CHECK_INT(root_stat(fd, "null", false, &st), 0);
    CHECK_INT(st.st_mode, S_IFCHR | 0666);
    CHECK_INT(st.st_rdev, makedev(1, 3));
    CHECK_INT(root_stat(fd, "fifo", false, &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_INT(root_stat(fd, "link", false, &st), 0);
    CHECK(S_ISLNK(st.st_mode));
}

STORAGE_TEST(mount_shows_the_layers)
{
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    CHECK_KIND(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}), HULL_CONFLICT);
    HULL_AUTO_FD fd = mount_box(call, false);
    check_image(fd);
    CHECK(exists(fd, "etc/hosts"));
    CHECK(exists(fd, "proc"));
    CHECK(exists(fd, ".dockerenv"));
    write_file(fd, "etc/passwd", "changed");
    HULL_AUTO_FREE char *text = NULL;
    size_t size;
    CHECK_INT(root_read_file(fd, "etc/passwd", 100, &text, &size), 0);
    CHECK_STR(text, "changed");
}

STORAGE_TEST(readonly_mount_is_the_image)
{
    make_image(call);
    HULL_AUTO_FD fd = mount_box(call, true);
    check_image(fd);
    CHECK(!exists(fd, ".dockerenv"));
    CHECK(openat(fd, "etc/passwd", O_WRONLY) < 0 && errno == EROFS);
    CHECK(openat(fd, "x", O_WRONLY | O_CREAT, 0600) < 0 && errno == EROFS);
}

STORAGE_TEST(host_mount_table_stays)
{
    char *before = NULL, *after = NULL;
    size_t size;
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    HULL_AUTO_FD root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/mountinfo", getpid());
    CHECK_INT(root_read_file(root, path, 1 << 20, &before, &size), 0);
    HULL_AUTO_FD fd = mount_box(call, false);
    CHECK_INT(root_read_file(root, path, 1 << 20, &after, &size), 0);
    CHECK_STR(after, before);
    free(before);
    free(after);
}

STORAGE_TEST(data_lives_until_removed)
{
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    HULL_AUTO_FD one = mount_box(call, false);
    write_file(one, "kept", "1");
    close(HULL_TAKE_FD(one));
    HULL_AUTO_FD two = mount_box(call, false);
    CHECK(exists(two, "kept"));
    close(HULL_TAKE_FD(two));
    CHECK_OK(storage_remove(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    CHECK_OK(storage_remove(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    struct storage_mount_reply reply;
    CHECK_KIND(storage_mount(call, STORAGE_PORT, &box, &reply), HULL_NOT_FOUND);
    HULL_AUTO_FD image = mount_box(call, true);
    CHECK(!exists(image, "kept"));
}

static const char *change_text(struct hull_call *call, const struct storage_changes_reply *reply)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&text, "");
    for (size_t i = 0; i < reply->changes.n; i++)
        hull_text_printf(&text, "%c%s ", "CAD"[reply->changes.v[i].kind],
                         reply -> changes.v[i].path);
    return text.data;
}

STORAGE_TEST(changes_are_those_of_the_container)
{
    struct storage_changes_reply reply;
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    CHECK_OK(storage_changes(call, STORAGE_PORT, &box, &reply));
    CHECK_INT(reply.changes.n, 0);
    HULL_AUTO_FD fd = mount_box(call, false);
    write_file(fd, "sticky", "changed");
    CHECK_INT(unlinkat(fd, "new", 0), 0);
    CHECK_INT(mkdirat(fd, "made", 0755), 0);
    write_file(fd, "made/file", "12345");
    write_file(fd, "opq/c.d", "");
    CHECK_OK(storage_changes(call, STORAGE_PORT, &box, &reply));
    CHECK_STR(change_text(call, &reply), "A/made A/made/file D/new C/opq A/opq/c.d C/sticky ");
    struct storage_usage_reply usage;
    CHECK_OK(storage_usage(call, STORAGE_PORT, &box, &usage));
    CHECK_INT(usage.size, 12);
    CHECK_OK(storage_usage(call, STORAGE_PORT, &(struct storage_container){.id = "box"}, &usage));
    CHECK_INT(usage.size, 12);
}

/* What only looks like a change, and folders in whose place other things are. */
STORAGE_TEST(changes_are_told_as_docker_tells_them)
{
    static const uint32_t net_raw[] = {0x02000001, 1u << 13, 0, 0, 0};
    LAYER(call, CHAIN_A, NULL, {TAR_DIR, "d", NULL, 0}, {TAR_DIR, "d/x", NULL, 0},
          {TAR_FILE, "d/x/y", "1", 0}, {TAR_FILE, "d/f", "f", 0}, {TAR_DIR, "to", NULL, 0},
          {TAR_FILE, "to/a", "a", 0}, {TAR_SYMLINK, "l", "to", 0}, {TAR_DIR, "keep", NULL, 0},
          {TAR_DIR, "rep", NULL, 0}, {TAR_DIR, "rep/a", NULL, 0}, {TAR_FILE, "rep/a/b", "1", 0},
          {TAR_DIR, "rep2", NULL, 0}, {TAR_FILE, "rep2/a", "1", 0}, {TAR_FILE, "same", "s", 0644},
          {TAR_FILE, "cap", "c", 0755});
    const char *chain[] = {CHAIN_A};
    const struct storage_container one = {.id = "one", .chain = {1, chain}};
    CHECK_OK(storage_create(call, STORAGE_PORT, &one, &(struct hull_empty){}));
    struct storage_mount_reply mount;
    CHECK_OK(storage_mount(call, STORAGE_PORT, &one, &mount));
    HULL_AUTO_FD fd = mount.mount_fd;
    CHECK_INT(root_remove_tree(fd, "d"), 0);
    CHECK_INT(mkdirat(fd, "d", 0755), 0);
    CHECK_INT(mkdirat(fd, "d/x", 0755), 0);
    write_file(fd, "d/x/new", "");
    CHECK_INT(unlinkat(fd, "l", 0), 0);
    CHECK_INT(mkdirat(fd, "l", 0755), 0);
    write_file(fd, "l/a", "1");
    write_file(fd, "keep/gone", "");
    CHECK_INT(unlinkat(fd, "keep/gone", 0), 0);
    CHECK_INT(root_remove_tree(fd, "rep"), 0);
    write_file(fd, "rep", "");
    CHECK_INT(root_remove_tree(fd, "rep2"), 0);
    CHECK_INT(symlinkat("to", fd, "rep2"), 0);
    CHECK_INT(fchmodat(fd, "same", 0644, 0), 0);
    HULL_AUTO_FD cap = openat(fd, "cap", O_RDONLY | O_CLOEXEC);
    CHECK_INT(fsetxattr(cap, "security.capability", net_raw, sizeof(net_raw), 0), 0);
    struct storage_changes_reply reply;
    CHECK_OK(storage_changes(call, STORAGE_PORT, &one, &reply));
    CHECK_STR(change_text(call, &reply),
              "C/cap C/d D/d/f C/d/x A/d/x/new D/d/x/y C/l A/l/a C/rep C/rep2 ");
}

/* Pack what the container added, unpack it as a layer, and compare. */
static int pack_diff(struct hull_call *call, void *arg)
{
    struct storage_diff_reply diff;
    struct jail jail;
    char *data = arg;
    size_t size = 0;
    CHECK_OK(storage_diff(call, STORAGE_PORT, &box, &diff));
    struct jail_pack options = {
        .dir_fd = diff.dir_fd, .layer = diff.layer, .list_fd = diff.list_fd};
    CHECK_OK(jail_pack(call, &options, &jail));
    struct hull_stream *stream = hull_stream_from_fd(HULL_TAKE_FD(jail.pipe_fd));
    for (;;) {
        ssize_t n = hull_stream_read(call, stream, data + size, 65536 - size);
        CHECK_OK(n);
        if (n == 0)
            break;
        size += (size_t)n;
    }
    hull_stream_close(stream);
    close(diff.dir_fd);
    if (diff.list_fd >= 0)
        close(diff.list_fd);
    struct jail_result result;
    CHECK_OK(jail_finish(call, &jail, 0, &result));
    CHECK_INT(result.written, size);
    return (int)size;
}

static int unpack_bytes(struct hull_call *call, void *arg)
{
    struct storage_begin_reply *begin = ((void **)arg)[0];
    struct jail jail;
    struct jail_unpack options = {.dir_fd = begin->dir_fd, .whiteouts = begin->whiteouts};
    CHECK_OK(jail_unpack(call, &options, &jail));
    CHECK_INT(root_write_full(jail.pipe_fd, ((void **)arg)[1], *(size_t *)((void **)arg)[2]), 0);
    return jail_finish(call, &jail, 0, NULL);
}

STORAGE_TEST(diff_makes_a_layer)
{
    static char data[65536];
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    HULL_AUTO_FD fd = mount_box(call, false);
    write_file(fd, "etc/passwd", "changed");
    CHECK_INT(unlinkat(fd, "new", 0), 0);
    CHECK_INT(mkdirat(fd, "made", 0700), 0);
    write_file(fd, "made/file", "12345");
    int size = hull_request(call, "pack", HULL_FOREVER, pack_diff, data);
    CHECK_OK(size);
    struct storage_layer request = {.chain_id = CHAIN_C, .parent = CHAIN_B};
    struct storage_begin_reply begin;
    CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &begin));
    size_t length = (size_t)size;
    CHECK_OK(hull_request(call, "unpack", HULL_FOREVER, unpack_bytes,
                          (void *[]){&begin, data, &length}));
    close(begin.dir_fd);
    request.token = begin.token;
    CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    const char *chain[] = {CHAIN_A, CHAIN_B, CHAIN_C};
    struct storage_container image = {.id = "x", .chain = {3, chain}, .readonly = true};
    struct storage_mount_reply mount;
    CHECK_OK(storage_mount(call, STORAGE_PORT, &image, &mount));
    CHECK(!exists(mount.mount_fd, "new"));
    CHECK(exists(mount.mount_fd, "made/file"));
    CHECK(exists(mount.mount_fd, "opq/c"));
    CHECK(!exists(mount.mount_fd, "etc/hosts"));
    char *text;
    size_t text_size;
    CHECK_INT(root_read_file(mount.mount_fd, "etc/passwd", 100, &text, &text_size), 0);
    CHECK_STR(text, "changed");
    free(text);
    close(mount.mount_fd);
}

STORAGE_TEST(sweep_keeps_what_is_known)
{
    make_image(call);
    const char *known[] = {"box"};
    const struct storage_container other = {.id = "other", .chain = box.chain};
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    CHECK_OK(storage_create(call, STORAGE_PORT, &other, &(struct hull_empty){}));
    struct storage_sweep_request sweep = {.containers = {1, known}};
    CHECK_OK(storage_sweep(call, STORAGE_PORT, &sweep, &(struct hull_empty){}));
    close(mount_box(call, false));
    struct storage_mount_reply reply;
    CHECK_KIND(storage_mount(call, STORAGE_PORT, &other, &reply), HULL_NOT_FOUND);
    const char *layers[] = {CHAIN_A};
    struct storage_layer stat, a = {.chain_id = CHAIN_A}, b = {.chain_id = CHAIN_B};
    sweep.layers = (struct hull_strv){1, layers};
    CHECK_OK(storage_sweep(call, STORAGE_PORT, &sweep, &(struct hull_empty){}));
    CHECK_OK(storage_layer_stat(call, STORAGE_PORT, &a, &stat));
    CHECK_KIND(storage_layer_stat(call, STORAGE_PORT, &b, &stat), HULL_NOT_FOUND);
}

STORAGE_TEST(nobody_else_gets_in)
{
    struct stat st;
    make_image(call);
    char *path = hull_printf(call, "%s/%s", root_path,
                             strcmp(STORAGE_PORT, "storage/vfs") == 0 ? "vfs" : "overlay2");
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
}

static int make_deep(struct hull_work *work, void *arg)
{
    int fd = *(int *)arg;
    (void)work;
    for (int i = 0; i < 3000; i++) {
        CHECK_INT(mkdirat(fd, "d", 0700), 0);
        int next = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(next >= 0);
        close(fd);
        fd = next;
    }
    close(fd);
    return 0;
}

STORAGE_TEST(deep_trees_are_removed)
{
    CHECK_OK(storage_create(call, STORAGE_PORT, &(struct storage_container){.id = "box"},
                            &(struct hull_empty){}));
    struct storage_mount_reply reply;
    CHECK_OK(storage_mount(call, STORAGE_PORT, &(struct storage_container){.id = "box"}, &reply));
    int fd = reply.mount_fd;
    CHECK_OK(hull_work(call, make_deep, &fd));
    CHECK_OK(storage_remove(call, STORAGE_PORT, &(struct storage_container){.id = "box"},
                            &(struct hull_empty){}));
}

STORAGE_TEST(many_layers_are_mounted)
{
    enum { COUNT = 150 };
    static const char *chain[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        chain[i] = hull_printf(call, "sha256:%064zx", i + 1);
        struct storage_layer request = {.chain_id = chain[i],
                                        .parent = i > 0 ? chain[i - 1] : NULL};
        struct storage_begin_reply begin;
        CHECK_OK(storage_layer_begin(call, STORAGE_PORT, &request, &begin));
        write_file(begin.dir_fd, hull_printf(call, "f%zu", i), "x");
        close(begin.dir_fd);
        request.token = begin.token;
        CHECK_OK(storage_layer_commit(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    }
    struct storage_container request = {.id = "many", .chain = {COUNT, chain}};
    struct storage_mount_reply reply;
    CHECK_OK(storage_create(call, STORAGE_PORT, &request, &(struct hull_empty){}));
    CHECK_OK(storage_mount(call, STORAGE_PORT, &request, &reply));
    CHECK(exists(reply.mount_fd, "f0"));
    CHECK(exists(reply.mount_fd, "f149"));
    close(reply.mount_fd);
}

/* --- what older kernels need ------------------------------------------------------------------ */

static void mounts_with(struct hull_call *call, const char *api)
{
    if (strcmp(STORAGE_PORT, "storage/overlay") != 0)
        SKIP("only overlay has several ways to mount");
    hull_plugin_option_set(STORAGE_PORT, "mount-api", api);
    setup(call);
    struct storage_probe_reply probe;
    CHECK_OK(storage_probe(call, STORAGE_PORT, &(struct hull_empty){}, &probe));
    CHECK_HAS(probe.reason, "mount(2)");
    make_image(call);
    CHECK_OK(storage_create(call, STORAGE_PORT, &box, &(struct hull_empty){}));
    HULL_AUTO_FD fd = mount_box(call, false);
    check_image(fd);
    write_file(fd, "f", "1");
    struct storage_changes_reply reply;
    CHECK_OK(storage_changes(call, STORAGE_PORT, &box, &reply));
    CHECK_STR(change_text(call, &reply), "A/f ");
    remove_root(call);
}

FIBER_TEST(mounts_with_one_string)
{
    mounts_with(call, "lowerdir");
}

FIBER_TEST(mounts_with_mount)
{
    mounts_with(call, "mount");
}

FIBER_TEST(unknown_ways_to_mount_are_refused)
{
    if (strcmp(STORAGE_PORT, "storage/overlay") != 0)
        SKIP("only overlay has several ways to mount");
    if (geteuid() != 0)
        SKIP("needs root");
    hull_plugin_option_set(STORAGE_PORT, "mount-api", "magic");
    char root[] = "/tmp/hull-storage-none-XXXXXX";
    CHECK(mkdtemp(root));
    config.data_root = root;
    hull_config_set(&daemon_config_message, &config);
    struct storage_probe_reply probe;
    CHECK_OK(storage_probe(call, STORAGE_PORT, &(struct hull_empty){}, &probe));
    CHECK(!probe.supported);
    CHECK_HAS(probe.reason, "mount-api");
    CHECK_INT(root_remove_tree(AT_FDCWD, config.data_root), 0);
}

TAP_MAIN
