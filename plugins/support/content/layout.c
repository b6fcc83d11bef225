/*
 * layout.c: opening and making the layout.
 */
#include "content_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static int fail(struct hull_problem *problem, const char *what)
{
    return hull_problem_set(problem, hull_kind_of_errno(errno), "image store: %s: %s", what,
                            strerror(errno));
}

/* Open the folder NAME in PARENT_FD, made when it is missing. */
static int open_folder(int parent_fd, const char *name, mode_t mode, int *ret_fd,
                       struct hull_problem *problem)
{
    bool made = mkdirat(parent_fd, name, mode) == 0;

    if (!made && errno != EEXIST)
        return fail(problem, name);
    *ret_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_fd < 0)
        return fail(problem, name);
    if (made && parent_fd >= 0 && fsync(parent_fd) < 0)
        return fail(problem, name);
    return 0;
}

static int write_layout(int top_fd, struct hull_problem *problem)
{
    HULL_AUTO_FD fd = -1;
    char there[sizeof(layout)] = "";

    fd = plain_open(top_fd, "oci-layout", O_RDONLY, 0);
    if (fd >= 0 && read(fd, there, sizeof(there) - 1) == (ssize_t)strlen(layout))
        return strcmp(there, layout) == 0
                   ? 0
                   : hull_problem_set(problem, HULL_CONFLICT,
                                      "image store: oci-layout is of another version; move the "
                                      "folder away or choose another data root");
    hull_fd_cleanup(&fd);
    fd = plain_create(top_fd, "oci-layout", 0644);
    if (fd < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-fd), "image store: oci-layout: %s",
                                plain_why(-fd));
    if (write(fd, layout, strlen(layout)) != (ssize_t)strlen(layout) || fsync(fd) < 0)
        return fail(problem, "oci-layout");
    return fsync(top_fd) < 0 ? fail(problem, "oci-layout") : 0;
}

/* What was being written when the daemon ended. */
static int sweep(int ingest_fd, struct hull_problem *problem)
{
    int fd = openat(ingest_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!folder) {
        hull_fd_cleanup(&fd);
        return fail(problem, "ingest");
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            unlinkat(ingest_fd, entry->d_name, 0);
    }
    closedir(folder);
    return 0;
}

int store_open(struct content_store *store, const char *data_root, struct hull_problem *problem)
{
    HULL_AUTO_FD root_fd = open(data_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD blobs_fd = -1;
    int rc;

    *store = (struct content_store){-1, -1, -1};
    if (root_fd < 0)
        return fail(problem, data_root);
    rc = open_folder(root_fd, "image", 0700, &store->top_fd, problem);
    if (rc == 0)
        rc = open_folder(store->top_fd, "blobs", 0755, &blobs_fd, problem);
    if (rc == 0)
        rc = open_folder(blobs_fd, "sha256", 0755, &store->blobs_fd, problem);
    if (rc == 0)
        rc = open_folder(store->top_fd, "ingest", 0700, &store->ingest_fd, problem);
    if (rc == 0)
        rc = write_layout(store->top_fd, problem);
    if (rc == 0)
        rc = sweep(store->ingest_fd, problem);
    if (rc < 0)
        store_close(store);
    return rc;
}

void store_close(struct content_store *store)
{
    hull_fd_cleanup(&store->top_fd);
    hull_fd_cleanup(&store->blobs_fd);
    hull_fd_cleanup(&store->ingest_fd);
    *store = (struct content_store){-1, -1, -1};
}
