#include "bind_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "patience.h"

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

#define PATIENCE_MS 10000
#define PATH_SIZE 4097

struct look {
    char path[PATH_SIZE];
    size_t failed_at; /* length of the part that could not be made */
};

/* What the kernel knows without asking anybody: 0 or a positive errno; EAGAIN when it would have to
 * ask. */
static int look_cached(const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED};
    HULL_AUTO_FD fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd >= 0)
        return 0;
    return errno == ENOENT || errno == ENOTDIR ? errno : EAGAIN;
}

static int look_work(void *arg)
{
    const struct look *look = arg;
    struct stat st;

    return stat(look->path, &st) < 0 ? errno : 0;
}

static int make_work(void *arg)
{
    struct look *look = arg;
    char *path = look->path;

    if (look_work(arg) == 0)
        return 0;
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        int err = mkdir(path, 0755) < 0 ? errno : 0;
        look->failed_at = strlen(path);
        if (slash != NULL)
            *slash = '/';
        if (err != 0 && err != EEXIST)
            return err;
        if (slash == NULL)
            return 0;
    }
}

static int run(struct hull_call *call, const char *path, patience_fn *fn, struct look **ret)
{
    struct look *look = *ret = HULL_NEW(hull_call_arena(call), struct look);

    if (strlen(path) >= PATH_SIZE)
        return ENAMETOOLONG;
    snprintf(look->path, sizeof(look->path), "%s", path);
    return patience_run(call, hull_printf(call, "looking at %s", path), fn, look, sizeof(*look),
                        PATIENCE_MS);
}

int bind_source_look(struct hull_call *call, const char *path, int *ret_err)
{
    struct look *look;
    int err = look_cached(path);

    if (err == EAGAIN)
        err = run(call, path, look_work, &look);
    *ret_err = err;
    return err < 0 ? err : 0;
}

int bind_source_make(struct hull_call *call, const char *path)
{
    struct look *look;

    if (look_cached(path) == 0)
        return 0;
    int err = run(call, path, make_work, &look);
    if (err <= 0)
        return err;
    return hull_fail(call, HULL_INVALID,
                     "error while creating mount source path '%s': mkdir %.*s: %s", path,
                     (int)look->failed_at, look->path, strerror(err));
}

int bind_source_await(struct hull_call *call, const char *path)
{
    int err;

    return bind_source_look(call, path, &err);
}
