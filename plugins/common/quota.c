/*
 * quota.c: project quotas of ext4 and xfs. A project is a number that each file carries; files
 * made in a folder inherit it.
 */
#include "quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 5.14; it has this number everywhere but on alpha. */
#define NR_QUOTACTL_FD 443
#define QUOTA_BLOCK 1024

static int quotactl_fd(int fd, unsigned command, uint32_t project, void *address)
{
    return (int)syscall(NR_QUOTACTL_FD, fd, command, project, address);
}

static int not_supported(struct hull_problem *problem, const char *why)
{
    return hull_problem_set(problem, HULL_NOT_SUPPORTED, "%s", why);
}

static int check_enforced(int fd, struct hull_problem *problem)
{
    struct fs_quota_stat state = {0};

    if (quotactl_fd(fd, QCMD(Q_XGETQSTAT, PRJQUOTA), 0, &state) < 0)
        return not_supported(problem, errno == ENOSYS ? "no quotas are on" : strerror(errno));
    return state.qs_flags & FS_QUOTA_PDQ_ENFD ? 0 : not_supported(problem, "it is not on");
}

static uint32_t project_of(int folder_fd, const char *name)
{
    HULL_AUTO_FD fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct fsxattr attributes;

    return fd >= 0 && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 ? attributes.fsx_projid : 0;
}

/* One more than the highest in use in the folder ALL_FD. */
static int find_next(struct quota_space *space, int all_fd, struct hull_problem *problem)
{
    int fd = openat(all_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!folder) {
        int err = errno;

        if (fd >= 0)
            close(fd);
        return hull_problem_set(problem, hull_kind_of_errno(err), "looking for quotas: %s",
                                strerror(err));
    }
    space->next = space->first;
    while ((entry = readdir(folder)) != NULL) {
        uint32_t project = entry->d_name[0] == '.' ? 0 : project_of(fd, entry->d_name);

        if (project >= space->next)
            space->next = project + 1;
    }
    closedir(folder);
    return 0;
}

static int take_project(struct quota_space *space, int all_fd, uint32_t *ret,
                        struct hull_problem *problem)
{
    int rc = 0;

    pthread_mutex_lock(&space->lock);
    if (space->next == 0)
        rc = find_next(space, all_fd, problem);
    if (rc == 0)
        *ret = space->next++;
    pthread_mutex_unlock(&space->lock);
    return rc;
}

static int set_project(int dir_fd, uint32_t project)
{
    struct fsxattr attributes;

    if (ioctl(dir_fd, FS_IOC_FSGETXATTR, &attributes) < 0)
        return -errno;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(dir_fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

int quota_set(struct quota_space *space, int all_fd, int dir_fd, int64_t size,
              struct hull_problem *problem)
{
    struct if_dqblk limit = {
        .dqb_bhardlimit = (uint64_t)(size + QUOTA_BLOCK - 1) / QUOTA_BLOCK,
        .dqb_valid = QIF_BLIMITS,
    };
    uint32_t project = 0;
    int rc = check_enforced(dir_fd, problem);

    if (rc == 0)
        rc = take_project(space, all_fd, &project, problem);
    if (rc < 0)
        return rc;
    if (quotactl_fd(dir_fd, QCMD(Q_SETQUOTA, PRJQUOTA), project, &limit) < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno), "setting the quota: %s",
                                strerror(errno));
    rc = set_project(dir_fd, project);
    return rc < 0 ? hull_problem_set(problem, hull_kind_of_errno(-rc), "setting the project: %s",
                                     strerror(-rc))
                  : 0;
}
