/*
 * target.c: where a mount may go: not on or below /proc, whose files decide over the host.
 */
#include "tools/shim/shim.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define LINKS_MAX 40

/* What may be mounted on in /proc: files that imitate a smaller machine. */
static const char *const proc_allowed[] = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/net/dev",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

/* The length of the kernel's name of FD, -1 on an error. */
static ssize_t name_of(int fd, char *buffer, size_t size)
{
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, buffer, size - 1);
    buffer[n < 0 ? 0 : n] = '\0';
    return n;
}

/* The place of TARGET below the root as the kernel names it, or NULL when it is not below. */
static const char *path_inside(int target, char *buffer, size_t size)
{
    char root[4096];
    ssize_t length = name_of(root_fd, root, sizeof(root));
    if (length == 1) /* "/", on which it lies */
        length = 0;
    if (length < 0 || name_of(target, buffer, size) < length ||
        strncmp(buffer, root, (size_t)length) != 0)
        return NULL;
    return buffer + length;
}

static bool is_proc(const char *path)
{
    return strncmp(path, "/proc", 5) == 0 && (path[5] == '\0' || path[5] == '/');
}

/* PATH is where MOUNT would be; ON_PROC: it is on a procfs, whatever it is called. */
static int check_path(const struct oci_mount *mount, const char *path, bool on_proc)
{
    bool proc_itself = hull_streq(mount->type, "proc") && strcmp(path, "/proc") == 0;
    if (proc_itself || (!on_proc && !is_proc(path)))
        return 0;
    for (size_t i = 0; i < HULL_COUNT(proc_allowed); i++) {
        if (strcmp(path, proc_allowed[i]) == 0)
            return 0;
    }
    return shim_fail(HULL_INVALID, "\"%s\" cannot be mounted because it is inside /proc",
                     mount->destination);
}

/* What lies on or under /proc, wherever a symbolic link makes it look to be. */
int target_check(const struct oci_mount *mount, int target)
{
    struct statfs fs;
    char buffer[4096];
    if (fstatfs(target, &fs) < 0)
        return shim_fail_errno("mount on %s", mount->destination);
    const char *path = path_inside(target, buffer, sizeof(buffer));
    if (path == NULL)
        return shim_fail(HULL_INVALID, "mount on %s: it is outside of the root file system",
                         mount->destination);
    return check_path(mount, path, fs.f_type == PROC_SUPER_MAGIC);
}

/* "/a//b/./../c" is "/a/c". */
static void clean_path(char *path)
{
    char *to = path;
    for (const char *at = path; *at != '\0';) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        bool up = length == 2 && at[0] == '.' && at[1] == '.';
        while (up && to > path && *--to != '/')
            ;
        if (length > 0 && !up && !(length == 1 && at[0] == '.')) {
            *to++ = '/';
            memmove(to, at, length);
            to += length;
        }
        at += length;
    }
    *to = '\0';
}

/*
 * Cut PATH down to what is there of it, and open that. *RET_LINK: it is a link to what is not there
 * before the container has its mounts.
 */
static int open_existing(char *path, bool *ret_link)
{
    int fd;
    *ret_link = false;
    while ((fd = root_open(path[0] == '\0' ? "/" : path, O_PATH)) < 0 && path[0] != '\0') {
        fd = root_open(path, O_PATH | O_NOFOLLOW);
        *ret_link = fd >= 0;
        if (fd >= 0)
            return fd;
        *strrchr(path, '/') = '\0';
    }
    return fd;
}

/* CLEANED begins with PATH, which is the link LINK_FD: put what it says in its place. One with ".."
 * in it can't be followed by name. */
static bool follow_link(int link_fd, const char *path, char cleaned[PATH_SIZE])
{
    char target[PATH_SIZE], next[3 * PATH_SIZE];
    ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);
    target[n < 0 ? 0 : n] = '\0';
    if (n <= 0 || strstr(target, "..") != NULL)
        return false;
    int parent = target[0] == '/' ? 0 : (int)(strrchr(path, '/') - path);
    snprintf(next, sizeof(next), "%.*s/%s%s", parent, path, target, cleaned + strlen(path));
    clean_path(next);
    return snprintf(cleaned, PATH_SIZE, "%s", next) < PATH_SIZE;
}

int target_check_early(const struct oci_mount *mount)
{
    char path[PATH_SIZE], cleaned[PATH_SIZE], name[PATH_SIZE], whole[2 * PATH_SIZE];
    if (mount->destination == NULL || mount->destination[0] != '/' ||
        strlen(mount->destination) >= sizeof(path))
        return shim_fail(HULL_INVALID, "mount destination \"%s\" is not an absolute path",
                         mount->destination == NULL ? "" : mount->destination);
    snprintf(cleaned, sizeof(cleaned), "%s", mount->destination);
    clean_path(cleaned);
    for (int links = 0; links < LINKS_MAX; links++) {
        bool link;
        snprintf(path, sizeof(path), "%s", cleaned);
        HULL_AUTO_FD there = open_existing(path, &link);
        const char *begin = there < 0 ? NULL : path_inside(there, name, sizeof(name));
        if (begin == NULL)
            break;
        snprintf(whole, sizeof(whole), "%s%s", begin, cleaned + strlen(path));
        if (!link)
            return check_path(mount, whole, false);
        if (!follow_link(there, path, cleaned))
            break;
    }
    return shim_fail(HULL_INVALID, "mount on %s: it leads out of the root file system",
                     mount->destination);
}
