/*
 * cp: files and trees between this host and a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/cli/cp.h"
#include "plugins/cli/flags.h"
#include "plugins/common/json.h"
#include "plugins/common/units.h"

/* Bits of a mode as Go has them. */
#define GO_DIR (INT64_C(1) << 31)
#define GO_SYMLINK (INT64_C(1) << 27)

#define PATH_STAT_FIELDS(F, T)             \
    F(T, STRING, _, name, "name", 0, "")   \
    F(T, INT, _, size, "size", 0, "")      \
    F(T, INT, _, mode, "mode", 0, "")      \
    F(T, STRING, _, mtime, "mtime", 0, "") \
    F(T, STRING, _, target, "linkTarget", 0, "")
HULL_MESSAGE_DECLARE(path_stat, PATH_STAT_FIELDS)
HULL_MESSAGE_DEFINE(path_stat, PATH_STAT_FIELDS)

/* CONTAINER:PATH, or a path of the host. */
struct side {
    const char *container; /* NULL: of the host */
    const char *path;
};

static struct side parse_side(struct cli *cli, const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || text[0] == '/' || text[0] == '.')
        return (struct side){NULL, text};
    return (struct side){hull_arena_strndup(cli->arena, text, (size_t)(colon - text)), colon + 1};
}

static const char *parent_of(struct cli *cli, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length == 0)
        return ".";
    while (length > 1 && path[length - 1] == '/')
        length--;
    return hull_arena_strndup(cli->arena, path, length);
}

/* Where the link PATH leads to that holds TARGET. */
static const char *target_of(struct cli *cli, const char *path, const char *target)
{
    return target[0] == '/' ? target
                            : hull_arena_printf(cli->arena, "%s/%s", parent_of(cli, path), target);
}

/* The header of archive's answers. */
static int decode_stat(struct cli *cli, const char *base64, struct path_stat *ret)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct hull_text text = HULL_TEXT(cli->arena);
    uint32_t bits = 0;
    int count = 0;
    for (; base64 != NULL && *base64 != '\0' && *base64 != '='; base64++) {
        const char *digit = strchr(digits, *base64 == '-' ? '+' : *base64 == '_' ? '/' : *base64);
        if (digit == NULL)
            return hull_fail(cli->call, HULL_IO, "the daemon's description of a path is malformed");
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            hull_text_add(&text, (const char[]){(char)(bits >> count)}, 1);
        }
    }
    if (text.length == 0)
        return hull_fail(cli->call, HULL_IO, "the daemon does not describe the path");
    return json_decode_call(cli->call, &path_stat_message, text.data, text.length, 0, ret);
}

/* The last part of PATH, without slashes at its end; "." and "/" name content. */
static const char *base_of(struct cli *cli, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    size_t from = length;
    while (from > 0 && path[from - 1] != '/')
        from--;
    return hull_arena_strndup(cli->arena, path + from, length - from);
}

static bool ends_with(const char *path, const char *end)
{
    size_t a = strlen(path), b = strlen(end);
    return a >= b && strcmp(path + a - b, end) == 0;
}

static void say_copied(struct cli *cli, uint64_t bytes, const char *to)
{
    const struct cp_options *o = cli->options;
    if (!o->quiet && tty_is(STDERR_FILENO))
        fprintf(stderr, "Successfully copied %s to %s\n", units_size(cli->arena, (double)bytes, 3),
                to);
}

/* --- out of a container ---------------------------------------------------------------------- */

/* Where on the host what is called BASE goes: the folder and the name in it. */
static int choose_place(struct cli *cli, const char *to, bool is_dir, bool content,
                        const char *base, const char **ret_dir, const char **ret_name)
{
    struct stat st;
    bool exists = stat(to, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        *ret_dir = to;
        *ret_name = content ? "" : base;
        return 0;
    }
    if (exists && is_dir)
        return hull_fail(cli->call, HULL_IO, "cannot copy directory");
    if (!exists && !is_dir && ends_with(to, "/"))
        return hull_fail(cli->call, HULL_IO, "no such directory");
    *ret_dir = parent_of(cli, to);
    *ret_name = base_of(cli, to);
    return 0;
}

static int unpack(struct cli *cli, struct hull_stream *stream, const struct path_stat *info,
                  const struct side *from, const char *to)
{
    const struct cp_options *o = cli->options;
    bool content = ends_with(from->path, "/.") || strcmp(from->path, ".") == 0;
    struct cp_unpack cp = {.tar_fd = -1, .base = info->name, .owners = o->archive};
    const char *dir = NULL;
    if (strcmp(cp.base, "/") == 0 || strcmp(cp.base, ".") == 0)
        cp.base = "";
    int rc = choose_place(cli, to, (info->mode & GO_DIR) != 0, content || cp.base[0] == '\0',
                          info->name, &dir, &cp.name);
    if (rc < 0) {
        hull_stream_close(stream);
        return rc;
    }
    HULL_AUTO_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        hull_stream_close(stream);
        return hull_fail(cli->call, HULL_IO, "invalid output path: directory \"%s\" does not exist",
                         cli_absolute(cli, dir));
    }
    cp.dir_fd = dir_fd;
    rc = hull_stream_to_fd(cli->call, stream, &cp.tar_fd);
    if (rc == 0)
        rc = hull_work(cli->call, cp_unpack_work, &cp);
    hull_fd_cleanup(&cp.tar_fd);
    if (rc == 0)
        say_copied(cli, cp.bytes, to);
    return rc;
}

static int copy_out(struct cli *cli, const struct side *from, const char *to)
{
    const struct cp_options *o = cli->options;
    struct container_archive_request request = {.id = from->container, .path = from->path};
    struct container_archive_reply reply;
    struct path_stat info = {};
    int rc = 0;
    if (o->follow_link) {
        rc = container_archive_stat(cli->call, NULL, &request, &reply);
        if (rc == 0)
            rc = decode_stat(cli, reply.stat, &info);
        if (rc == 0 && (info.mode & GO_SYMLINK) != 0 && !hull_streq(info.target, ""))
            request.path = target_of(cli, request.path, info.target);
    }
    if (rc == 0)
        rc = container_archive_get(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (strcmp(to, "-") == 0)
        return save_stream(cli, reply.stream, NULL);
    rc = decode_stat(cli, reply.stat, &info);
    if (rc < 0) {
        hull_stream_close(reply.stream);
        return cli_failed(cli, rc);
    }
    struct side source = {from->container, request.path};
    rc = unpack(cli, reply.stream, &info, &source, to);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

/* --- into a container ------------------------------------------------------------------------ */

static int pack_task(struct hull_call *call, void *arg)
{
    return hull_work(call, cp_pack_work, arg);
}

/* What is at PATH in the container; links are followed. -HULL_NOT_FOUND when there is nothing. */
static int look(struct cli *cli, const struct side *to, const char **ret_path, bool *ret_is_dir)
{
    *ret_path = to->path;
    for (int links = 0; links < 40; links++) {
        struct container_archive_request request = {.id = to->container, .path = *ret_path};
        struct container_archive_reply reply;
        struct path_stat info;
        int rc = container_archive_stat(cli->call, NULL, &request, &reply);
        if (rc == -HULL_NOT_SUPPORTED) { /* an answer to HEAD can't tell why, that to GET does */
            rc = container_archive_get(cli->call, NULL, &request, &reply);
            if (rc == 0)
                hull_stream_close(reply.stream);
        }
        if (rc == 0)
            rc = decode_stat(cli, reply.stat, &info);
        if (rc < 0)
            return rc;
        *ret_is_dir = (info.mode & GO_DIR) != 0;
        if ((info.mode & GO_SYMLINK) == 0 || hull_streq(info.target, ""))
            return 0;
        *ret_path = target_of(cli, *ret_path, info.target);
    }
    return hull_fail(cli->call, HULL_IO, "too many symbolic links in %s", to->path);
}

static int send_tar(struct cli *cli, const struct side *to, const char *folder,
                    struct hull_stream *body)
{
    const struct cp_options *o = cli->options;
    struct container_archive_request request = {.id = to->container,
                                                .path = folder,
                                                .no_overwrite_dir_non_dir = true,
                                                .copy_uid_gid = o->archive,
                                                .body = body};
    return container_archive_put(cli->call, NULL, &request, NULL);
}

static int pack(struct cli *cli, const char *from, const struct side *to, const char *folder,
                const char *name)
{
    const struct cp_options *o = cli->options;
    struct cp_pack *cp = hull_alloc(cli->call, sizeof(*cp));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return hull_fail_errno(cli->call, errno, "pipe");
    *cp = (struct cp_pack){.tar_fd = ends[1], .path = from, .name = name, .follow = o->follow_link};
    struct hull_task *task = hull_task_start(cli->call, "pack", pack_task, cp);
    int rc = send_tar(cli, to, folder, hull_stream_from_fd(ends[0]));
    char *text = rc < 0 ? hull_strdup(cli->call, hull_error(cli->call)) : NULL;
    int packed = hull_task_join(cli->call, task);
    if (text != NULL)
        return hull_fail(cli->call, (enum hull_kind) - rc, "%s", text);
    if (packed == 0)
        say_copied(cli, cp->bytes, hull_arena_printf(cli->arena, "%s:%s", to->container, to->path));
    return packed;
}

static int copy_in(struct cli *cli, const char *from, const struct side *to)
{
    const struct cp_options *o = cli->options;
    struct stat st;
    const char *path = to->path;
    bool is_dir = false;
    if (strcmp(from, "-") == 0) {
        int found = look(cli, to, &path, &is_dir);
        if (found < 0 && strncmp(hull_error(cli->call), "No such container", 17) == 0)
            return cli_failed(cli, found);
        if (found < 0 || !is_dir)
            return cli_complain(cli, "destination \"%s:%s\" must be a directory", to->container,
                                to->path);
        struct hull_stream *body = file_stream(STDIN_FILENO);
        int rc = send_tar(cli, to, to->path, body);
        return rc < 0 ? cli_failed(cli, rc) : 0;
    }
    if ((o->follow_link ? stat(from, &st) : lstat(from, &st)) < 0)
        return cli_complain(cli, "lstat %s: %s", cli_absolute(cli, from),
                            errno == ENOENT ? "no such file or directory" : strerror(errno));
    int rc = look(cli, to, &path, &is_dir);
    bool exists = rc == 0;
    if (rc == -HULL_NOT_FOUND && strncmp(hull_error(cli->call), "No such container", 17) != 0)
        hull_error_clear(cli->call);
    else if (rc < 0)
        return cli_failed(cli, rc);
    bool content = ends_with(from, "/.") || strcmp(from, ".") == 0;
    if (exists && is_dir) {
        rc = pack(cli, from, to, path, content ? "." : base_of(cli, from));
    } else if (exists && S_ISDIR(st.st_mode)) {
        return cli_complain(cli, "cannot copy directory");
    } else if (!exists && !S_ISDIR(st.st_mode) && ends_with(path, "/")) {
        return cli_complain(cli, "no such directory");
    } else {
        const char *folder = parent_of(cli, path);
        rc = pack(cli, from, to, folder, base_of(cli, path));
    }
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

int cmd_container_cp(struct cli *cli)
{
    if (cli->argv[0][0] == '\0' || cli->argv[1][0] == '\0')
        return cli_complain(cli, "source and destination can not be empty");
    struct side from = parse_side(cli, cli->argv[0]);
    struct side to = parse_side(cli, cli->argv[1]);
    if (from.container != NULL && to.container != NULL)
        return cli_complain(cli, "copying between containers is not supported");
    if (from.container == NULL && to.container == NULL)
        return cli_complain(cli, "must specify at least one container source");
    return from.container != NULL ? copy_out(cli, &from, to.path) : copy_in(cli, from.path, &to);
}
