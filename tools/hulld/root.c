/*
 * root.c: the daemon's folders and its pid file. The lock on the pid file keeps a second daemon
 * away from the same root; nothing else in this process may open and close the file.
 */
#include "tools/hulld/hulld.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PATH and what is above it. The folder itself gets MODE, whatever the umask. */
static int make_folder(struct hulld *hulld, const char *path, mode_t mode,
                       struct hull_problem *problem)
{
    char *copy = hull_arena_strdup(hulld->arena, path);

    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return hull_problem_set(problem, HULL_IO, "%s: %s", copy, strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return hull_problem_set(problem, HULL_IO, "%s: %s", path, strerror(errno));
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return hull_problem_set(problem, HULL_IO, "%s: not a folder", path);
    if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
        return hull_problem_set(problem, HULL_FORBIDDEN,
                                "%s: others can write to it or own it; give it to root alone "
                                "(chown root: and chmod go-w)",
                                path);
    return 0;
}

static const char *parent(struct hulld *hulld, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? "/" : hull_arena_strndup(hulld->arena, path, (size_t)(slash - path));
}

static int lock_pidfile(struct hulld *hulld, struct hull_problem *problem)
{
    /* This one is the process's: a flock would go on in a child that was about to run a helper when
     * the daemon was killed, and the next daemon would meet it. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const char *path = hulld->config.pidfile;
    char text[32];

    int rc = make_folder(hulld, parent(hulld, path), 0755, problem);
    if (rc < 0)
        return rc;
    hulld->pid_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (hulld->pid_fd < 0)
        return hull_problem_set(problem, HULL_IO, "pid file %s: %s", path, strerror(errno));
    if (fcntl(hulld->pid_fd, F_SETLK, &whole) < 0) {
        ssize_t got = read(hulld->pid_fd, text, sizeof(text) - 1);
        text[got < 0 ? 0 : got] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return hull_problem_set(problem, HULL_CONFLICT,
                                "pid file %s is held: hulld is running with pid %s; end it, or "
                                "use another --root",
                                path, text);
    }
    int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(hulld->pid_fd, 0) < 0 || pwrite(hulld->pid_fd, text, (size_t)length, 0) != length)
        return hull_problem_set(problem, HULL_IO, "pid file %s: %s", path, strerror(errno));
    return 0;
}

int hulld_root_prepare(struct hulld *hulld, struct hull_problem *problem)
{
    const struct daemon_config *config = &hulld->config;
    const struct {
        const char *path;
        mode_t mode;
    } folders[] = {
        {config->root, 0755},
        {config->data_root, 0710},
        {config->exec_root, 0711},
    };

    umask(022);
    for (size_t i = 0; i < HULL_COUNT(folders); i++) {
        if (folders[i].path == NULL)
            continue;
        int rc = make_folder(hulld, folders[i].path, folders[i].mode, problem);
        if (rc < 0)
            return rc;
    }
    return lock_pidfile(hulld, problem);
}

void hulld_root_leave(struct hulld *hulld)
{
    if (hulld->pid_fd < 0)
        return;
    unlink(hulld->config.pidfile);
    close(hulld->pid_fd);
    hulld->pid_fd = -1;
}
