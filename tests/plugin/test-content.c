/*
 * The service "content": blobs are verified, whole, durable, and stored once.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "api/config.h"
#include "content.h"
#include "root.h"

#define PORT "support/content"
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char data_root[128];
static struct daemon_config config;

static void make_root(void)
{
    const char *folder = getenv("TMPDIR");

    snprintf(data_root, sizeof(data_root), "%s/hull-content-XXXXXX", folder ? folder : "/tmp");
    CHECK(mkdtemp(data_root) != NULL);
    config.data_root = data_root;
}

/* One life of a daemon on the data root. */
static int live(hull_task_fn *fn, void *arg)
{
    hull_config_set(&daemon_config_message, &config);
    return tap_core(fn, arg);
}

#define STORE_TEST(name)                                      \
    static void name##_body(struct hull_call *call);          \
    static int name##_main(struct hull_call *call, void *arg) \
    {                                                         \
        (void)arg;                                            \
        name##_body(call);                                    \
        return 0;                                             \
    }                                                         \
    TEST(name)                                                \
    {                                                         \
        make_root();                                          \
        CHECK_INT(live(name##_main, NULL), 0);                \
        CHECK_INT(root_remove_tree(AT_FDCWD, data_root), 0);  \
    }                                                         \
    static void name##_body(struct hull_call *call)

static int file_of(const char *text)
{
    int fd = memfd_create("content", MFD_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int ingest(struct hull_call *call, const char *text, const char *digest, int64_t size,
                  int64_t limit, struct content_blob *ret)
{
    struct content_blob request = {
        .digest = digest, .size = size, .limit = limit, .fd = file_of(text)};

    return content_ingest(call, PORT, &request, ret);
}

static size_t files_in(const char *folder)
{
    char path[256];
    size_t count = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/image/%s", data_root, folder);
    dir = opendir(path);
    CHECK(dir != NULL);
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

STORE_TEST(blobs)
{
    struct content_blob request = {.digest = ABC, .fd = -1}, blob;
    struct hull_empty nothing;
    char text[8] = "";

    CHECK_KIND(content_stat(call, PORT, &request, &blob), HULL_NOT_FOUND);
    CHECK_KIND(content_open(call, PORT, &request, &blob), HULL_NOT_FOUND);
    CHECK_OK(ingest(call, "abc", NULL, 0, 0, &blob));
    CHECK_STR(blob.digest, ABC);
    CHECK_INT(blob.size, 3);
    CHECK_OK(content_stat(call, PORT, &request, &blob));
    CHECK_INT(blob.size, 3);
    CHECK_OK(content_open(call, PORT, &request, &blob));
    CHECK_INT(read(blob.fd, text, sizeof(text)), 3);
    CHECK_STR(text, "abc");
    CHECK(write(blob.fd, "x", 1) < 0);
    close(blob.fd);
    CHECK_OK(ingest(call, "abc", ABC, 3, 0, &blob));
    CHECK_OK(ingest(call, "", EMPTY, 0, 0, &blob));
    CHECK_INT(files_in("blobs/sha256"), 2);
    CHECK_INT(files_in("ingest"), 0);
    CHECK_OK(content_remove(call, PORT, &request, &nothing));
    CHECK_OK(content_remove(call, PORT, &request, &nothing));
    CHECK_KIND(content_stat(call, PORT, &request, &blob), HULL_NOT_FOUND);
}

static void damage(const char *digest, const char *text)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/image/blobs/sha256/%s", data_root, digest + 7);
    fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

STORE_TEST(what_is_damaged_is_told)
{
    struct content_blob request = {.digest = ABC, .fd = -1}, blob;
    static const char *const texts[] = {"abd", "ab", "abcd", ""};

    CHECK_KIND(content_verify(call, PORT, &request, &blob), HULL_NOT_FOUND);
    CHECK_OK(ingest(call, "abc", NULL, 0, 0, &blob));
    CHECK_OK(content_verify(call, PORT, &request, &blob));
    CHECK_INT(blob.size, 3);
    for (size_t i = 0; i < HULL_COUNT(texts); i++) {
        damage(ABC, texts[i]);
        CHECK_KIND(content_verify(call, PORT, &request, &blob), HULL_IO);
        CHECK_HAS(hull_error(call), ABC " is damaged");
    }
    damage(ABC, "abc");
    CHECK_OK(content_verify(call, PORT, &request, &blob));
}

STORE_TEST(what_is_not_as_expected_leaves_nothing)
{
    struct content_blob blob;

    CHECK_KIND(ingest(call, "abd", ABC, 0, 0, &blob), HULL_INVALID);
    CHECK_HAS(hull_error(call), "digest mismatch");
    CHECK_KIND(ingest(call, "abc", ABC, 2, 0, &blob), HULL_INVALID);
    CHECK_KIND(ingest(call, "abc", ABC, 4, 0, &blob), HULL_INVALID);
    CHECK_HAS(hull_error(call), "3 of 4 bytes");
    CHECK_KIND(ingest(call, "abc", NULL, 0, 2, &blob), HULL_TOO_LARGE);
    CHECK_INT(files_in("blobs/sha256"), 0);
    CHECK_INT(files_in("ingest"), 0);
}

STORE_TEST(digests_that_are_none)
{
    static const char *const digests[] = {
        "sha256:",
        "abc",
        "sha256:../../../../etc/passwd",
        "md5:abc",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        ABC "/x",
        ABC "0"};
    struct hull_empty nothing;

    for (size_t i = 0; i < HULL_COUNT(digests); i++) {
        struct content_blob request = {.digest = digests[i], .fd = -1}, blob;
        CHECK_KIND(ingest(call, "abc", digests[i], 0, 0, &blob), HULL_INVALID);
        CHECK_KIND(content_open(call, PORT, &request, &blob), HULL_INVALID);
        CHECK_KIND(content_stat(call, PORT, &request, &blob), HULL_INVALID);
        CHECK_KIND(content_remove(call, PORT, &request, &nothing), HULL_INVALID);
    }
}

/* --- side by side ---------------------------------------------------------------------------- */

struct slow {
    int fd;
    struct content_blob blob;
};

static int ingest_fd(struct hull_call *call, void *arg)
{
    struct slow *slow = arg;
    struct content_blob request = {.digest = ABC, .fd = slow->fd};

    return content_ingest(call, PORT, &request, &slow->blob);
}

/* The second waits for the first; when that one fails it does the work itself. */
static void two_at_once(struct hull_call *call, const char *first_text, int first_rc)
{
    struct slow first, second = {.fd = file_of("abc")};
    struct hull_task *one, *two;
    struct content_blob request = {.digest = ABC, .fd = -1}, blob;
    int fds[2];

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    first = (struct slow){.fd = fds[0]};
    one = hull_task_start(call, "first", ingest_fd, &first);
    CHECK_OK(hull_yield(call));
    two = hull_task_start(call, "second", ingest_fd, &second);
    CHECK_OK(hull_yield(call));
    CHECK_KIND(content_stat(call, PORT, &request, &blob), HULL_NOT_FOUND);
    CHECK_INT(write(fds[1], first_text, strlen(first_text)), strlen(first_text));
    close(fds[1]);
    CHECK_INT(hull_task_join(call, one), first_rc);
    CHECK_OK(hull_task_join(call, two));
    CHECK_OK(content_stat(call, PORT, &request, &blob));
    CHECK_INT(files_in("blobs/sha256"), 1);
    CHECK_INT(files_in("ingest"), 0);
}

STORE_TEST(the_same_twice_at_once)
{
    two_at_once(call, "abc", 0);
}

STORE_TEST(the_first_of_two_fails)
{
    two_at_once(call, "xyz", -HULL_INVALID);
}

/* --- by the caller's own hand ---------------------------------------------------------------- */

STORE_TEST(created_and_committed)
{
    struct hull_empty nothing = {0};
    struct content_blob file, blob;

    CHECK_OK(content_create(call, PORT, &nothing, &file));
    CHECK_INT(write(file.fd, "abc", 3), 3);
    file.digest = ABC;
    CHECK_INT(files_in("ingest"), 0);
    CHECK_OK(content_commit(call, PORT, &file, &blob));
    CHECK_STR(blob.digest, ABC);
    CHECK_INT(blob.size, 3);
    CHECK_OK(content_create(call, PORT, &nothing, &file));
    close(file.fd);
    CHECK_OK(content_create(call, PORT, &nothing, &file));
    file.digest = "sha256:nonsense";
    CHECK_KIND(content_commit(call, PORT, &file, &blob), HULL_INVALID);
    CHECK_INT(files_in("blobs/sha256"), 1);
}

/* --- on the disk ----------------------------------------------------------------------------- */

static int count_one(struct hull_call *call, void *ctx, const void *reply)
{
    const struct content_blob *blob = reply;

    (void)call;
    CHECK_STR(blob->digest, ABC);
    ++*(int *)ctx;
    return 0;
}

static int store_abc(struct hull_call *call, void *arg)
{
    struct content_blob blob;

    (void)arg;
    CHECK_OK(ingest(call, "abc", NULL, 0, 0, &blob));
    return 0;
}

static int list_after(struct hull_call *call, void *arg)
{
    int count = 0;
    struct hull_sink sink = {.reply = count_one, .ctx = &count};
    struct hull_empty nothing = {0};
    struct content_blob last;

    (void)arg;
    CHECK_OK(hull_send_many(call, PORT, &content_list_method, &nothing, &last, &sink));
    CHECK_INT(count, 1);
    return 0;
}

STORE_TEST(a_damaged_blob_is_written_anew)
{
    static const char *const damages[] = {"abd", "ab", ""};
    struct content_blob request = {.digest = ABC, .fd = -1}, blob;
    char path[256];

    snprintf(path, sizeof(path), "%s/image/blobs/sha256/%s", data_root, ABC + strlen("sha256:"));
    CHECK_OK(ingest(call, "abc", ABC, 3, 0, &blob));
    for (size_t i = 0; i < 2 * HULL_COUNT(damages); i++) {
        char text[8] = "";
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        CHECK(fd >= 0);
        CHECK_INT(write(fd, damages[i / 2], strlen(damages[i / 2])), strlen(damages[i / 2]));
        close(fd);
        /* What doesn't have the digest doesn't heal it. */
        CHECK_KIND(ingest(call, "abx", ABC, 3, 0, &blob), HULL_INVALID);
        CHECK_OK(ingest(call, "abc", i % 2 == 0 ? ABC : NULL, 0, 0, &blob));
        CHECK_OK(content_open(call, PORT, &request, &blob));
        CHECK_INT(read(blob.fd, text, sizeof(text)), 3);
        CHECK_STR(text, "abc");
        close(blob.fd);
        CHECK_INT(files_in("ingest"), 0);
    }
}

TEST(half_written_files_go_at_the_next_start)
{
    char path[256];
    int fd;

    make_root();
    CHECK_INT(live(store_abc, NULL), 0);
    snprintf(path, sizeof(path), "%s/image/ingest/17", data_root);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    close(fd);
    snprintf(path, sizeof(path), "%s/image/blobs/sha256/not-a-digest", data_root);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(live(list_after, NULL), 0);
    CHECK_INT(files_in("ingest"), 0);
    CHECK_INT(root_remove_tree(AT_FDCWD, data_root), 0);
}

TAP_MAIN
