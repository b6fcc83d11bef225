/*
 * Device rules of cgroup version 2: the program that runtime/native makes of them, attached to a
 * cgroup of its own, with a process inside that tries.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "plugins/runtime/native/native.h"

#define CGROUP2_MAGIC 0x63677270

static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
static char folder[128];

/* What the tested file asks of its neighbours. */
int cg_version(void)
{
    return 2;
}

const char *cg_dir(const struct cgroup *cgroup, enum cg_controller controller)
{
    (void)cgroup, (void)controller;
    return folder;
}

int cg_open_file(const char *dir, const char *file, int flags)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    return open(path, flags | O_CLOEXEC);
}

static int cg_put(const char *dir, const char *file, const char *value)
{
    HULL_AUTO_FD fd = cg_open_file(dir, file, O_WRONLY);
    return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static void make_folder(void)
{
    struct statfs fs;
    if (geteuid() != 0)
        SKIP("needs root");
    for (size_t i = 0; i < HULL_COUNT(roots); i++) {
        if (statfs(roots[i], &fs) < 0 || fs.f_type != CGROUP2_MAGIC)
            continue;
        snprintf(folder, sizeof(folder), "%s/hull-device-test-%d", roots[i], (int)getpid());
        CHECK_INT(mkdir(folder, 0755), 0);
        return;
    }
    SKIP("no cgroup2 is mounted");
}

struct attempt {
    unsigned major, minor;
    int flags;
    int error; /* 0 or EPERM */
};
static const struct attempt attempts[] = {
    {1, 3, O_RDWR, 0},     {1, 11, O_RDONLY, EPERM},   {1, 5, O_RDONLY, 0},
    {1, 5, O_RDWR, EPERM}, {10, 237, O_RDONLY, EPERM}, {1, 7, O_RDWR, 0},
};

/* In the cgroup: 0, or the number of the attempt that went otherwise. */
static int try_all(void)
{
    char path[] = "/tmp/hull-device-XXXXXX";
    if (cg_put(folder, "cgroup.procs", "0") < 0)
        return 99;
    close(mkstemp(path));
    for (size_t i = 0; i < HULL_COUNT(attempts); i++) {
        const struct attempt *a = &attempts[i];
        unlink(path);
        if (mknod(path, S_IFCHR | 0600, makedev(a->major, a->minor)) < 0)
            return 98;
        int fd = open(path, a->flags | O_NONBLOCK | O_CLOEXEC);
        int error = fd < 0 ? errno : 0;
        if (fd >= 0)
            close(fd);
        unlink(path);
        if (error != a->error)
            return (int)i + 1;
    }
    return 0;
}

FIBER_TEST(rules_hold)
{
    struct oci_device_rule rules[] = {
        {.allow = true, .type = "c", .major = {true, 10}, .minor = {true, 237}, .access = "r"},
        {.allow = false, .access = "rwm"}, /* makes what is above void */
        {.allow = false, .type = "c", .major = {true, 1}, .minor = {true, 5}, .access = "w"},
    };
    struct oci_resources resources = {.devices = {HULL_COUNT(rules), rules}};
    struct cgroup cgroup = {};
    int status = -1;
    make_folder();
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {};
    CHECK_INT(cg_limit_devices(arena, &cgroup, &resources, &problem), 0);
    CHECK_INT(cg_limit_devices(arena, &cgroup, &resources, &problem), 0); /* as update does */
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_all());
    waitpid(pid, &status, 0);
    CHECK_INT(rmdir(folder), 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

TAP_MAIN
