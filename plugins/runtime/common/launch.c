/*
 * launch.c: starting hull-shim: the plan in a sealed memfd, and descriptors by number.
 *
 * The program itself is run from a sealed copy in memory: whatever a container makes of
 * /proc/N/exe of a process that enters it, there is nothing to write to.
 */
#include "shimmed.h"

#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int shim_program_fd = -1;

static const char *libexec_path(struct hull_call *call, const char *name)
{
    const char *folder = getenv("HULL_LIBEXEC");
    return hull_printf(call, "%s/%s", folder != NULL && folder[0] == '/' ? folder : LIBEXECDIR,
                       name);
}

int launch_init(struct hull_call *call)
{
    struct stat st;
    const char *path = libexec_path(call, shim_driver.program);
    HULL_AUTO_FD file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &st) < 0)
        return hull_fail_errno(call, errno, "%s: is hull installed completely?", path);
    HULL_AUTO_FD copy = memfd_create("hull-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0)
        return hull_fail_errno(call, errno, "memfd_create");
    off_t at = 0;
    while (at < st.st_size) {
        ssize_t n = sendfile(copy, file, &at, (size_t)(st.st_size - at));
        if (n <= 0)
            return hull_fail_errno(call, n < 0 ? errno : EIO, "copy %s", path);
    }
    if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
        return hull_fail_errno(call, errno, "seal the copy of %s", path);
    /* A program can't be executed while somebody has it open for writing: we do. */
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", copy);
    shim_program_fd = open(name, O_RDONLY | O_CLOEXEC);
    return shim_program_fd < 0 ? hull_fail_errno(call, errno, "open the copy of %s", path) : 0;
}

void launch_fini(void)
{
    hull_fd_cleanup(&shim_program_fd);
    shim_program_fd = -1;
}

static int seal_plan(struct hull_call *call, const struct shim_plan *plan, int *ret_fd)
{
    void *data;
    size_t size;
    struct hull_problem problem = {};
    int rc =
        wire_encode(hull_call_arena(call), &shim_plan_message, plan, &data, &size, NULL, &problem);
    if (rc < 0)
        return hull_fail_problem(call, &problem);
    HULL_AUTO_FD fd = memfd_create("hull-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
        return hull_fail_errno(call, errno, "write the plan");
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

/* The socket NAME.sock in DIR, which nobody but root can enter. */
static int listen_in(struct hull_call *call, int dir_fd, const char *name, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s.sock", dir_fd,
                     name);
    if (n >= (int)sizeof(address.sun_path))
        return hull_fail(call, HULL_INVALID, "process id \"%s\" is too long", name);
    const struct sockaddr *to = (const struct sockaddr *)&address;
    HULL_AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -1 : bind(fd, to, sizeof(address));
    /* One that a shim of the same name has left. */
    if (rc < 0 && errno == EADDRINUSE &&
        unlinkat(dir_fd, strrchr(address.sun_path, '/') + 1, 0) == 0)
        rc = bind(fd, to, sizeof(address));
    if (rc < 0 || listen(fd, 64) < 0)
        return hull_fail_errno(call, errno, "make the socket of the shim");
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

/* hull-init as a detached mount that can't be written to. */
static int open_init(struct hull_call *call, int *ret_fd)
{
    const char *path = libexec_path(call, "hull-init");
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                              .propagation = 1 << 18 /* MS_PRIVATE */};
    HULL_AUTO_FD fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return hull_fail_errno(call, errno, "%s", path);
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

static int spawn(struct hull_call *call, struct launch *launch, const int fds[SHIM_FD_COUNT])
{
    char path[64];
    const char *argv[] = {"hull-shim", hull_printf(call, "%s/%s", launch->dir, launch->name), NULL};
    /* By our number: the child's own descriptors are the listed ones by then. */
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), shim_program_fd);
    struct helper_spec spec = {
        .path = path, .argv = argv, .fds = fds, .fd_count = SHIM_FD_COUNT, .new_session = true};
    return helper_start(call, &spec, &launch->shim);
}

int launch_shim(struct hull_call *call, struct launch *launch)
{
    HULL_AUTO_FD plan = -1, listener = -1, init = -1;
    int pair[2];
    HULL_AUTO_FD dir = open(launch->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return hull_fail_errno(call, errno, "open %s", launch->dir);
    int rc = listen_in(call, dir, launch->name, &listener);
    if (rc == 0 && launch->plan->has_init)
        rc = open_init(call, &init);
    if (rc == 0)
        rc = seal_plan(call, launch->plan, &plan);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return hull_fail_errno(call, errno, "socketpair");
    int fds[SHIM_FD_COUNT] = {-1, -1, -1};
    fds[SHIM_FD_PLAN] = plan;
    fds[SHIM_FD_CONTROL] = pair[1];
    fds[SHIM_FD_LISTEN] = listener;
    fds[SHIM_FD_DIR] = dir;
    fds[SHIM_FD_ROOTFS] = launch->rootfs_fd;
    fds[SHIM_FD_SECCOMP] = launch->seccomp_fd;
    fds[SHIM_FD_INIT] = init;
    fds[SHIM_FD_TARGET] = launch->target_fd;
    fds[SHIM_FD_USERNS] = launch->userns_fd;
    rc = spawn(call, launch, fds);
    close(pair[1]);
    if (rc < 0)
        close(pair[0]);
    else
        launch->control_fd = pair[0];
    return rc;
}
