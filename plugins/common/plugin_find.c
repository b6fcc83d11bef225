/*
 * Finding plugins by name, in the folders that the protocol names.
 */
#include "plugins/common/plugin_find.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/common/json.h"

#define SOCKETS "/run/docker/plugins"
#define SPEC_MAX 65536
#define NAME_LENGTH_MAX 128
#define LIST_MAX 4096

HULL_MESSAGE_DEFINE(plugin_dirs, PLUGIN_DIRS_FIELDS)

#define SPEC_TLS_FIELDS(F, T)                                  \
    F(T, BOOL, _, insecure, "InsecureSkipVerify", 0, "")       \
    F(T, STRING, _, ca, "CAFile", 0, "The authority to trust") \
    F(T, STRING, _, cert, "CertFile", 0, "Our certificate")    \
    F(T, STRING, _, key, "KeyFile", 0, "Its key")
HULL_MESSAGE_DECLARE(spec_tls, SPEC_TLS_FIELDS)
HULL_MESSAGE_DEFINE(spec_tls, SPEC_TLS_FIELDS)
#define SPEC_FIELDS(F, T)                                 \
    F(T, STRING, _, name, "Name", 0, "Name")              \
    F(T, STRING, _, address, "Addr", 0, "unix:// tcp://") \
    F(T, POINTER, spec_tls, tls, "TLSConfig", 0, "Files")
HULL_MESSAGE_DECLARE(spec, SPEC_FIELDS)
HULL_MESSAGE_DEFINE(spec, SPEC_FIELDS)

static const char *const default_specs[] = {"/etc/docker/plugins", "/usr/lib/docker/plugins"};

static const char *sockets_of(const struct plugin_dirs *dirs)
{
    return dirs == NULL || hull_streq(dirs->sockets, NULL) ? SOCKETS : dirs->sockets;
}

static struct hull_strv specs_of(const struct plugin_dirs *dirs)
{
    if (dirs != NULL && dirs->specs.n > 0)
        return dirs->specs;
    return (struct hull_strv){HULL_COUNT(default_specs), (const char **)(uintptr_t)default_specs};
}

/* A name becomes part of a path. */
int plugin_check_name(struct hull_call *call, const char *name)
{
    bool good = name != NULL && isalnum((unsigned char)name[0]);
    for (const char *at = name; good && *at != '\0'; at++)
        good = isalnum((unsigned char)*at) || strchr("._-", *at) != NULL;
    if (!good || strlen(name) > NAME_LENGTH_MAX)
        return hull_fail(call, HULL_INVALID,
                         "invalid plugin name \"%s\": letters, digits and . _ - are allowed",
                         name == NULL ? "" : name);
    return 0;
}

/* Nobody but root says what is in it. */
static bool is_safe(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & S_IWOTH) == 0;
}

/*
 * Who can put a file into the folder is obeyed by the daemon, so that only root may. A folder that
 * does not exist is the usual case: -1, and no error.
 */
static int open_folder(struct hull_call *call, const char *path, int *ret_fd)
{
    struct stat st;
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *ret_fd = -1;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return hull_fail_errno(call, errno, "open %s", path);
    if (!is_safe(&st))
        return hull_fail(call, HULL_FORBIDDEN,
                         "the plugin folder %s must belong to root and not be writable for all",
                         path);
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

static bool is_socket(int folder, const char *name)
{
    struct stat st;
    return fstatat(folder, name, &st, 0) == 0 && S_ISSOCK(st.st_mode);
}

static int find_socket(struct hull_call *call, const char *folder_path, const char *name,
                       struct plugin_address *ret)
{
    HULL_AUTO_FD folder = -1;
    int rc = open_folder(call, folder_path, &folder);
    if (rc < 0 || folder < 0)
        return rc;
    const char *forms[] = {hull_printf(call, "%s.sock", name),
                           hull_printf(call, "%s/%s.sock", name, name)};
    for (size_t i = 0; i < HULL_COUNT(forms) && ret->text == NULL; i++) {
        if (!is_socket(folder, forms[i]))
            continue;
        ret->socket = hull_printf(call, "%s/%s", folder_path, forms[i]);
        ret->text = hull_printf(call, "unix://%s", ret->socket);
    }
    return 0;
}

/* "host:port" or "[::1]:port"; what follows a slash means nothing to the protocol. */
static int parse_host(struct hull_call *call, const char *text, struct plugin_address *ret)
{
    char *copy = hull_strdup(call, text);
    copy[strcspn(copy, "/")] = '\0';
    bool bracket = copy[0] == '[';
    char *close = bracket ? strchr(copy, ']') : NULL;
    char *colon = bracket && close != NULL ? close + 1 : strrchr(copy, ':');
    const char *host = bracket ? copy + 1 : copy;
    if ((bracket && close == NULL) || colon == NULL || *colon != ':' || colon[1] == '\0' ||
        colon[1 + strspn(colon + 1, "0123456789")] != '\0')
        return -HULL_INVALID;
    *colon = '\0';
    if (close != NULL)
        *close = '\0';
    ret->host = host;
    ret->port = colon + 1;
    return *host == '\0' || strpbrk(host, "[]") != NULL ? -HULL_INVALID : 0;
}

static int parse_address(struct hull_call *call, const char *file, const char *text,
                         struct plugin_address *ret)
{
    static const char *const schemes[] = {"tcp://", "http://", "https://"};
    int rc = -HULL_INVALID;
    ret->text = text;
    if (strncmp(text, "unix:///", 8) == 0) {
        ret->socket = text + strlen("unix://");
        return 0;
    }
    for (size_t i = 0; i < HULL_COUNT(schemes); i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            rc = parse_host(call, text + strlen(schemes[i]), ret);
    }
    ret->tls = ret->tls || strncmp(text, "https://", 8) == 0;
    if (rc < 0)
        return hull_fail(call, HULL_INVALID,
                         "%s: \"%s\" is no address of a plugin: use unix:///PATH or "
                         "tcp://HOST:PORT",
                         file, text);
    return 0;
}

/* All of a small file, without the line end; NULL when there is none. */
static int read_spec(struct hull_call *call, int folder, const char *path, const char *name,
                     char **ret)
{
    struct stat st;
    HULL_AUTO_FD fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *ret = NULL;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return hull_fail_errno(call, errno, "open %s/%s", path, name);
    if (!S_ISREG(st.st_mode) || st.st_size > SPEC_MAX)
        return hull_fail(call, HULL_INVALID, "%s/%s: a file of at most %d bytes is expected", path,
                         name, SPEC_MAX);
    if (!is_safe(&st))
        return hull_fail(call, HULL_FORBIDDEN,
                         "%s/%s: it must belong to root and not be writable for all", path, name);
    char *text = hull_alloc(call, SPEC_MAX + 1);
    ssize_t n = read(fd, text, SPEC_MAX);
    if (n < 0)
        return hull_fail_errno(call, errno, "read %s/%s", path, name);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    text[n] = '\0';
    if (strlen(text) != (size_t)n)
        return hull_fail(call, HULL_INVALID, "%s/%s: it has a zero byte in it", path, name);
    *ret = text;
    return 0;
}

static int parse_json_spec(struct hull_call *call, const char *file, const char *text,
                           struct plugin_address *ret)
{
    struct spec spec;
    int rc = json_decode_call(call, &spec_message, text, strlen(text), JSON_ANY_CASE, &spec);
    if (rc < 0)
        return hull_wrap(call, rc, "%s", file);
    if (spec.tls != NULL) {
        ret->tls = true;
        ret->verify = !spec.tls->insecure;
        ret->ca = spec.tls->ca;
        ret->cert = spec.tls->cert;
        ret->key = spec.tls->key;
    }
    return parse_address(call, file, spec.address == NULL ? "" : spec.address, ret);
}

static int find_spec(struct hull_call *call, const char *path, const char *name,
                     struct plugin_address *ret)
{
    HULL_AUTO_FD folder = -1;
    char *text;
    int rc = open_folder(call, path, &folder);
    if (rc < 0 || folder < 0)
        return rc;
    const char *file = hull_printf(call, "%s.spec", name);
    rc = read_spec(call, folder, path, file, &text);
    if (rc < 0)
        return rc;
    *ret = (struct plugin_address){.verify = true};
    if (text != NULL)
        return parse_address(call, hull_printf(call, "%s/%s", path, file), text, ret);
    file = hull_printf(call, "%s.json", name);
    rc = read_spec(call, folder, path, file, &text);
    if (rc < 0 || text == NULL)
        return rc;
    return parse_json_spec(call, hull_printf(call, "%s/%s", path, file), text, ret);
}

int plugin_find(struct hull_call *call, const struct plugin_dirs *dirs, const char *name,
                struct plugin_address *ret)
{
    struct hull_strv specs = specs_of(dirs);
    *ret = (struct plugin_address){};
    int rc = plugin_check_name(call, name);
    if (rc == 0)
        rc = find_socket(call, sockets_of(dirs), name, ret);
    for (size_t i = 0; rc == 0 && ret->text == NULL && i < specs.n; i++)
        rc = find_spec(call, specs.v[i], name, ret);
    if (rc == 0 && ret->text == NULL)
        rc = hull_fail(call, HULL_NOT_FOUND, "plugin \"%s\" not found", name);
    return rc;
}

bool plugin_exists(struct hull_call *call, const struct plugin_dirs *dirs, const char *name)
{
    struct plugin_address address;
    int rc = plugin_find(call, dirs, name, &address);
    if (rc < 0)
        hull_error_clear(call);
    return rc == 0;
}

/* --- listing --------------------------------------------------------------------------------- */

/* NAME without one of the ENDINGS, or NULL. */
static const char *without_ending(struct hull_call *call, const char *name,
                                  const char *const *endings)
{
    for (; *endings != NULL; endings++) {
        size_t length = strlen(name), ending = strlen(*endings);
        if (length > ending && strcmp(name + length - ending, *endings) == 0)
            return hull_printf(call, "%.*s", (int)(length - ending), name);
    }
    return NULL;
}

static int list_folder(struct hull_call *call, const char *path, const char *const *endings,
                       struct hull_strv *names)
{
    struct hull_arena *arena = hull_call_arena(call);
    int fd;
    int rc = open_folder(call, path, &fd);
    if (rc < 0 || fd < 0)
        return rc;
    DIR *dir = fdopendir(fd);
    HULL_ASSERT(dir != NULL);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL && names->n < LIST_MAX) {
        const char *name = without_ending(call, entry->d_name, endings);
        if (name == NULL && entry->d_name[0] != '.' && entry->d_type == DT_DIR &&
            is_socket(fd, hull_printf(call, "%s/%s.sock", entry->d_name, entry->d_name)))
            name = hull_strdup(call, entry->d_name);
        if (name != NULL && !hull_strv_contains(names, name))
            hull_strv_add(arena, names, name);
    }
    closedir(dir);
    return 0;
}

int plugin_list(struct hull_call *call, const struct plugin_dirs *dirs, struct hull_strv *ret_names)
{
    static const char *const socket_endings[] = {".sock", NULL};
    static const char *const spec_endings[] = {".spec", ".json", NULL};
    struct hull_strv specs = specs_of(dirs);
    *ret_names = (struct hull_strv){};
    int rc = list_folder(call, sockets_of(dirs), socket_endings, ret_names);
    for (size_t i = 0; rc == 0 && i < specs.n; i++)
        rc = list_folder(call, specs.v[i], spec_endings, ret_names);
    return rc;
}
