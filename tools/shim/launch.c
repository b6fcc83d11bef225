/*
 * launch.c: finding the program, with the words that docker's clients look for.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *env_find(const struct hull_strv *env, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < env->n; i++) {
        const char *entry = env->v[i];
        if (entry != NULL && strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry + length + 1;
    }
    return NULL;
}

/* 0 when PATH can be executed by this process, else an errno. */
static int executable(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if ((st.st_mode & 0111) == 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
        return EACCES;
    return 0;
}

static int fail(const char *name, const char *path, int err)
{
    if (err == ENOENT || err == ENOTDIR)
        return shim_fail(HULL_INVALID, "exec: \"%s\": stat %s: %s", name, path,
                         err == ENOENT ? "no such file or directory" : "not a directory");
    return shim_fail(HULL_INVALID, "exec: \"%s\": %s", name,
                     err == EISDIR || err == EACCES ? "permission denied" : strerror(err));
}

int launch_find(struct hull_arena *arena, const struct hull_strv *args, const struct hull_strv *env,
                const char **ret_path)
{
    const char *name = args->n == 0 || args->v[0] == NULL ? "" : args->v[0];
    const char *dirs = env_find(env, "PATH");
    if (strchr(name, '/') != NULL) {
        int err = executable(name);
        *ret_path = name;
        return err == 0 ? 0 : fail(name, name, err);
    }
    int worst = 0;
    while (dirs != NULL && name[0] != '\0') {
        size_t length = strcspn(dirs, ":");
        char *path = hull_arena_printf(arena, "%.*s/%s", (int)length, dirs, name);
        /* An empty or relative element would look into the working directory: not done. */
        int err = dirs[0] == '/' ? executable(path) : ENOENT;
        if (err == 0) {
            *ret_path = path;
            return 0;
        }
        if (err == EACCES)
            worst = EACCES;
        dirs = dirs[length] == ':' ? dirs + length + 1 : NULL;
    }
    if (worst == EACCES)
        return fail(name, name, EACCES);
    return shim_fail(HULL_INVALID, "exec: \"%s\": executable file not found in $PATH", name);
}
