/*
 * The path layer. Each test runs twice: with openat2(2), and with a seccomp filter that takes it
 * away, so that the walk has to give the same answers.
 */
#include "tap.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "root.h"

static void block_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = HULL_COUNT(code), .filter = code};
    CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_INT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* A folder TOP/tree with TOP/canary beside it. */
static int make_top(char *top)
{
    snprintf(top, 64, "/tmp/hull-root-XXXXXX");
    CHECK(mkdtemp(top) != NULL);
    int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(mkdirat(fd, "tree", 0755), 0);
    int canary = openat(fd, "canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(root_write_full(canary, "outside", 7), 0);
    close(canary);
    return fd;
}

static void put(int fd, const char *path, const char *text)
{
    HULL_AUTO_FD file = openat(fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK_INT(root_write_full(file, text, strlen(text)), 0);
}

static void with_tree(bool block, void (*run)(int tree, const char *top))
{
    char top[64];
    int fd = make_top(top);
    int tree = openat(fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (block)
        block_openat2();
    run(tree, top);
    close(tree);
    close(fd);
    CHECK_INT(root_remove_tree(AT_FDCWD, top), 0);
}

#define TREE_TEST(name)                                \
    static void name##_run(int tree, const char *top); \
    TEST(name)                                         \
    {                                                  \
        with_tree(false, name##_run);                  \
    }                                                  \
    TEST(name##_by_walking)                            \
    {                                                  \
        with_tree(true, name##_run);                   \
    }                                                  \
    static void name##_run(int tree, const char *top HULL_UNUSED)

static int open_and_close(int tree, const char *path, int flags)
{
    int fd = root_open(tree, path, flags, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
}

TREE_TEST(open_stays_inside)
{
    put(tree, "f", "inside");
    CHECK_INT(mkdirat(tree, "d", 0755), 0);
    CHECK_INT(symlinkat("/f", tree, "absolute"), 0);
    CHECK_INT(symlinkat("../../../../../f", tree, "d/up"), 0);
    CHECK_INT(symlinkat("../canary", tree, "out"), 0);
    CHECK_INT(symlinkat("d/", tree, "to-d"), 0);
    CHECK_INT(symlinkat("loop", tree, "loop"), 0);
    static const char *const good[] = {"f",      "/f",      "//f",      "./f",
                                       "d/../f", "../f",    "/../../f", "absolute",
                                       "d/up",   "to-d/up", "d/./../f", "to-d/../f"};
    for (size_t i = 0; i < HULL_COUNT(good); i++)
        CHECK_INT(open_and_close(tree, good[i], O_RDONLY), 0);
    CHECK_INT(open_and_close(tree, "out", O_RDONLY), -ENOENT);
    CHECK_INT(open_and_close(tree, "../canary", O_RDONLY), -ENOENT);
    CHECK_INT(open_and_close(tree, "loop", O_RDONLY), -ELOOP);
    CHECK_INT(open_and_close(tree, "f/x", O_RDONLY), -ENOTDIR);
    CHECK_INT(open_and_close(tree, "absolute", O_RDONLY | O_NOFOLLOW), -ELOOP);
    CHECK_INT(open_and_close(tree, "", O_RDONLY | O_DIRECTORY), 0);
    CHECK_INT(open_and_close(tree, "/", O_RDONLY | O_DIRECTORY), 0);
    CHECK_INT(open_and_close(tree, "..", O_RDONLY | O_DIRECTORY), 0);
}

TREE_TEST(dotdot_at_the_top_is_the_top)
{
    struct stat a, b;
    CHECK_INT(root_stat(tree, "../..", true, &a), 0);
    CHECK_INT(fstat(tree, &b), 0);
    CHECK_INT(a.st_ino, b.st_ino);
}

TREE_TEST(create_through_links)
{
    struct stat st;
    CHECK_INT(mkdirat(tree, "d", 0755), 0);
    CHECK_INT(symlinkat("/d", tree, "l"), 0);
    CHECK_INT(symlinkat("../../../new", tree, "dangling"), 0);
    CHECK_INT(open_and_close(tree, "l/f", O_WRONLY | O_CREAT | O_EXCL), 0);
    CHECK_INT(fstatat(tree, "d/f", &st, 0), 0);
    CHECK_INT(open_and_close(tree, "dangling", O_WRONLY | O_CREAT), 0);
    CHECK_INT(fstatat(tree, "new", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_INT(open_and_close(tree, "dangling", O_WRONLY | O_CREAT | O_EXCL), -EEXIST);
}

TREE_TEST(parent_and_name)
{
    char name[256];
    struct stat st;
    CHECK_INT(mkdirat(tree, "d", 0755), 0);
    CHECK_INT(symlinkat("/d", tree, "l"), 0);
    int fd = root_open_parent(tree, "/l/new/", name);
    CHECK(fd >= 0);
    CHECK_STR(name, "new");
    CHECK_INT(mkdirat(fd, name, 0755), 0);
    close(fd);
    CHECK_INT(fstatat(tree, "d/new", &st, 0), 0);
    fd = root_open_parent(tree, "/", name);
    CHECK(fd >= 0);
    CHECK_STR(name, "");
    close(fd);
    CHECK_INT(root_open_parent(tree, "d/..", name), -EINVAL);
    CHECK_INT(root_open_parent(tree, ".", name), -EINVAL);
    CHECK_INT(root_open_parent(tree, "none/x", name), -ENOENT);
}

TREE_TEST(mkdir_all_makes_what_is_missing)
{
    struct stat st;
    umask(077);
    CHECK_INT(symlinkat("/real", tree, "l"), 0);
    CHECK_INT(symlinkat("../../../../over", tree, "out"), 0);
    put(tree, "file", "x");
    int fd = root_mkdir_all(tree, "a/b/../b/c", 01755, geteuid(), getegid());
    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &st), 0);
    CHECK_INT(st.st_mode, S_IFDIR | 01755);
    close(fd);
    fd = root_mkdir_all(tree, "/a/b/c", 0700, geteuid(), getegid());
    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &st), 0);
    CHECK_INT(st.st_mode, S_IFDIR | 01755);
    close(fd);
    CHECK_INT(root_mkdir_all(tree, "file/x", 0755, 0, 0), -ENOTDIR);
    fd = root_mkdir_all(tree, "/", 0755, 0, 0);
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(mkdirat(tree, "real", 0755), 0);
    fd = root_mkdir_all(tree, "l/x/y", 0755, geteuid(), getegid());
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(fstatat(tree, "real/x/y", &st, 0), 0);
}

TREE_TEST(files_are_read_with_a_limit)
{
    char *data = NULL;
    size_t size;
    put(tree, "f", "12345");
    CHECK_INT(mkfifoat(tree, "fifo", 0600), 0);
    CHECK_INT(symlinkat("/dev/zero", tree, "l"), 0);
    CHECK_INT(root_read_file(tree, "f", 5, &data, &size), 0);
    CHECK_STR(data, "12345");
    CHECK_INT(size, 5);
    free(data);
    CHECK_INT(root_read_file(tree, "f", 4, &data, &size), -EFBIG);
    CHECK_INT(root_read_file(tree, "fifo", 10, &data, &size), -EINVAL);
    CHECK_INT(root_read_file(tree, "/", 10, &data, &size), -EINVAL);
    CHECK_INT(root_read_file(tree, "l", 10, &data, &size), -ENOENT);
}

TREE_TEST(long_paths_are_refused)
{
    char path[6000], name[256];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    CHECK_INT(open_and_close(tree, path, O_RDONLY), -ENAMETOOLONG);
    CHECK_INT(root_open_parent(tree, path, name), -ENAMETOOLONG);
    path[300] = '\0';
    CHECK_INT(root_open_parent(tree, path, name), -ENAMETOOLONG);
    CHECK_INT(open_and_close(tree, path, O_RDONLY), -ENAMETOOLONG);
}

struct seen {
    char text[512];
};

static int enter(void *ctx, const struct root_entry *entry)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof(seen->text) - used, "%s ", entry->path);
    return strcmp(entry->path, "skipped") == 0 ? 1 : strcmp(entry->name, "stop") == 0 ? -EIO : 0;
}

static int leave(void *ctx, const struct root_entry *entry)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof(seen->text) - used, "(%s) ", entry->path);
    return 0;
}

TREE_TEST(walk_is_in_order)
{
    struct seen seen = {};
    CHECK_INT(mkdirat(tree, "b", 0755), 0);
    CHECK_INT(mkdirat(tree, "b/c", 0755), 0);
    CHECK_INT(mkdirat(tree, "skipped", 0755), 0);
    put(tree, "skipped/x", "");
    put(tree, "b/a", "");
    put(tree, "a", "");
    CHECK_INT(symlinkat("b", tree, "l"), 0);
    CHECK_INT(root_walk(tree, enter, leave, &seen), 0);
    CHECK_STR(seen.text, "a b b/a b/c (b/c) (b) l skipped ");
    put(tree, "stop", "");
    CHECK_INT(root_walk(tree, enter, leave, &seen), -EIO);
}

TREE_TEST(remove_follows_nothing)
{
    struct stat st;
    CHECK_INT(mkdirat(tree, "d", 0755), 0);
    CHECK_INT(symlinkat(top, tree, "d/l"), 0);
    CHECK_INT(symlinkat(top, tree, "l"), 0);
    CHECK_INT(root_remove_tree(tree, "l"), 0);
    CHECK_INT(root_remove_tree(tree, "d"), 0);
    CHECK_INT(root_remove_tree(tree, "d"), 0);
    int fd = open(top, O_PATH | O_CLOEXEC);
    CHECK_INT(fstatat(fd, "canary", &st, 0), 0);
    close(fd);
}

TAP_MAIN
