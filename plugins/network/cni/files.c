/*
 * Where configurations and plugins are. Both decide what root runs, so that only root may be able
 * to change them.
 */
#include "cni.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_DIR "/etc/cni/net.d"
#define PLUGIN_PATH "/usr/lib/cni:/opt/cni/bin"
#define CONF_MAX ((size_t)1024 * 1024)

static struct hull_strv plugin_dirs(struct hull_call *call)
{
    const char *path = cni_options()->plugin_path;
    struct hull_strv dirs = {0};
    for (path = hull_streq(path, NULL) ? PLUGIN_PATH : path; *path != '\0';) {
        size_t length = strcspn(path, ":");
        if (length > 0)
            hull_strv_add(hull_call_arena(call), &dirs,
                          hull_arena_strndup(hull_call_arena(call), path, length));
        path += length + (path[length] == ':');
    }
    return dirs;
}

static const char *conf_dir(void)
{
    const char *dir = cni_options()->conf_dir;
    return dir == NULL || *dir == '\0' ? CONF_DIR : dir;
}

static bool is_trusted(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int distrust(struct hull_call *call, const char *path)
{
    return hull_fail(call, HULL_FORBIDDEN,
                     "%s must belong to root and be writable for root alone, for root runs what it "
                     "says",
                     path);
}

/* --- configurations --------------------------------------------------------------------------- */

static int read_conf(struct hull_call *call, const char *path, const char **ret_text)
{
    struct stat st;
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return hull_fail_errno(call, errno, "conf: open %s", path);
    if (!S_ISREG(st.st_mode) || (size_t)st.st_size > CONF_MAX)
        return hull_fail(call, HULL_INVALID, "conf: %s: a file of at most %zu bytes is expected",
                         path, CONF_MAX);
    if (!is_trusted(&st))
        return distrust(call, path);
    char *text = hull_alloc(call, CONF_MAX + 1);
    ssize_t n = read(fd, text, CONF_MAX);
    if (n < 0)
        return hull_fail_errno(call, errno, "conf: read %s", path);
    text[n] = '\0';
    *ret_text = text;
    return 0;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static int is_conf(const struct dirent *entry)
{
    return ends_in(entry->d_name, ".conflist") || ends_in(entry->d_name, ".conf") ||
           ends_in(entry->d_name, ".json");
}

/* The one whose name is NAME, as orchestrators look: by the order of file names. */
static int find_by_name(struct hull_call *call, const char *name, const char **ret_text)
{
    struct dirent **entries;
    struct stat st;
    if (stat(conf_dir(), &st) == 0 && !is_trusted(&st))
        return distrust(call, conf_dir());
    int count = scandir(conf_dir(), &entries, is_conf, alphasort);
    bool found = false;
    for (int i = 0; i < count; i++) {
        HULL_AUTO_ARENA *arena = hull_arena_new();
        const char *path = hull_arena_printf(arena, "%s/%s", conf_dir(), entries[i]->d_name);
        struct hull_problem problem;
        struct cni_conf conf;
        free(entries[i]);
        if (found)
            continue;
        if (read_conf(call, path, ret_text) < 0) {
            hull_error_clear(call); /* a broken one is no obstacle to the others */
            continue;
        }
        found = cni_conf_parse(arena, *ret_text, strlen(*ret_text), &conf, &problem) == 0 &&
                strcmp(conf.name, name) == 0;
    }
    if (count >= 0)
        free(entries);
    return found ? 0
                 : hull_fail(call, HULL_NOT_FOUND,
                             "conf: no configuration in %s has the name %s: name its file with -o "
                             "conf=PATH",
                             conf_dir(), name);
}

int cni_find_conf(struct hull_call *call, const char *reference, const char **ret_text)
{
    if (reference[0] == '/')
        return read_conf(call, reference, ret_text);
    if (!cni_name_valid(reference))
        return hull_fail(call, HULL_INVALID,
                         "conf: \"%s\" is neither an absolute path nor the name of a configuration",
                         reference);
    return find_by_name(call, reference, ret_text);
}

/* --- plugins ---------------------------------------------------------------------------------- */

int cni_find_plugin(struct hull_call *call, const char *type, const char **ret_path)
{
    struct hull_strv dirs = plugin_dirs(call);
    struct hull_text looked = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < dirs.n; i++) {
        struct stat st;
        const char *path = hull_printf(call, "%s/%s", dirs.v[i], type);
        hull_text_printf(&looked, "%s%s", i > 0 ? ", " : "", dirs.v[i]);
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & S_IXUSR) == 0)
            continue;
        if (!is_trusted(&st))
            return distrust(call, path);
        if (stat(dirs.v[i], &st) < 0 || !is_trusted(&st))
            return distrust(call, dirs.v[i]);
        *ret_path = path;
        return 0;
    }
    return hull_fail(call, HULL_NOT_FOUND, "cni plugin \"%s\" not found in %s", type,
                     looked.length > 0 ? looked.data : "no folder");
}

const char *cni_path(struct hull_call *call)
{
    struct hull_strv dirs = plugin_dirs(call);
    struct hull_text path = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < dirs.n; i++) {
        struct stat st;
        if (stat(dirs.v[i], &st) == 0 && S_ISDIR(st.st_mode) && is_trusted(&st))
            hull_text_printf(&path, "%s%s", path.length > 0 ? ":" : "", dirs.v[i]);
    }
    return path.length > 0 ? path.data : "";
}
