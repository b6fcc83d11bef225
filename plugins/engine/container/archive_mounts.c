/*
 * archive_mounts.c: cp of a container that does not run, to or from what would be mounted: the
 * folder of the host takes the place of the container's tree. A link that leads from one to the
 * other is followed only while the container runs.
 */
#include "ct.h"

#include "archive_mounts.h"
#include "root.h"
#include "volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

const struct ct_mount *archive_find_mount(const struct ct *ct, const char *path)
{
    const struct ct_mount *found = NULL;
    size_t best = 0;

    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct ct_mount *mount = &ct->doc.mounts.v[i];
        size_t length = strlen(mount->point.destination);
        bool inside = strncmp(path, mount->point.destination, length) == 0 &&
                      (path[length] == '/' || path[length] == '\0');
        if (inside && length >= best) {
            found = mount;
            best = length;
        }
    }
    return found;
}

static bool is_empty(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    int names = 0;

    if (!stream) {
        hull_fd_cleanup(&fd);
        return false;
    }
    for (const struct dirent *entry; names == 0 && (entry = readdir(stream));)
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return names == 0;
}

/* A local volume without options is a folder, which is there at any time. */
static int check_volume(struct hull_call *call, const struct ct_mount *mount, const char *path)
{
    const struct volume_ref request = {.name = mount->point.name};
    struct volume volume;
    int rc = volume_inspect(call, NULL, &request, &volume);

    if (rc < 0)
        return rc;
    if (hull_streq(volume.driver, "local") && volume.options.n == 0)
        return 0;
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "%s is in volume %s, which is mounted only while a container runs: start the "
                     "container first",
                     path, mount->point.name);
}

/* SOURCE as a folder; of a file, the folder it is in, and *FILE is its name there. */
static int open_source(struct hull_call *call, const struct ct_mount *mount, int *ret_fd,
                       const char **file)
{
    char *source = hull_strdup(call, mount->point.source);
    struct stat st;

    if (mount->subpath) {
        HULL_AUTO_FD top = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
        *ret_fd = top < 0 ? -errno : root_open(top, mount->subpath, O_PATH, 0);
        if (*ret_fd < 0)
            return hull_fail_errno(call, -*ret_fd, "%s in %s", mount->subpath, source);
        if (fstat(*ret_fd, &st) == 0 && S_ISDIR(st.st_mode))
            return 0;
        hull_fd_cleanup(ret_fd);
        return hull_fail(call, HULL_NOT_SUPPORTED, "subpath %s of %s is no folder", mount->subpath,
                         source);
    }
    if (stat(source, &st) < 0)
        return hull_fail_errno(call, errno, "%s, which is mounted at %s", source,
                               mount->point.destination);
    if (!S_ISDIR(st.st_mode)) {
        char *slash = strrchr(source, '/');
        *file = hull_strdup(call, slash);
        *(slash == source ? slash + 1 : slash) = '\0';
    }
    *ret_fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? hull_fail_errno(call, errno, "%s", source) : 0;
}

int archive_open_mounted(struct hull_call *call, const struct ct *ct, const char *path, int *ret_fd,
                         const char **ret_path)
{
    const struct ct_mount *mount = archive_find_mount(ct, path);
    const char *file = NULL, *rest;
    bool volume = mount && strcmp(mount->point.type, "volume") == 0;
    int rc = 0, fd = -1;

    if (!volume && (!mount || strcmp(mount->point.type, "bind") != 0))
        return 0;
    if (volume)
        rc = check_volume(call, mount, path);
    if (rc == 0)
        rc = open_source(call, mount, &fd, &file);
    if (rc < 0)
        return rc;
    /* The first start fills it from the container's files, with what is copied there until then. */
    if (mount->populate && is_empty(fd)) {
        hull_fd_cleanup(&fd);
        return 0;
    }
    rest = path + strlen(mount->point.destination);
    *ret_path = file ? hull_printf(call, "%s%s", file, rest) : *rest ? rest : "/";
    *ret_fd = fd;
    return 0;
}
