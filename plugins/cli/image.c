/*
 * Commands on images but for their lists.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/cli/flags.h"
#include "plugins/common/platform.h"
#include "plugins/common/reference.h"
#include "plugins/common/truth.h"
#include "plugins/common/units.h"

/* --- progress -------------------------------------------------------------------------------- */

struct progress_state {
    struct cli *cli;
    int fd;
    bool quiet;
    bool terminal;
    bool any;             /* an answer came: errors are the stream's, without the daemon's prefix */
    struct hull_strv ids; /* one line of the terminal each */
    const char *last;     /* the text of the last stream message */
};

static void progress_bar(struct hull_text *out, const struct progress *p)
{
    const struct progress_detail *d = p->progress_detail;
    if (d == NULL || d->current <= 0)
        return;
    if (d->total <= 0 || d->current > d->total) {
        hull_text_printf(out, " %8s", units_size(out->arena, (double)d->current, 4));
        return;
    }
    int done = (int)(d->current * 50 / d->total);
    hull_text_printf(out, " [%.*s>%*s]  %s/%s", done,
                     "==================================================", 50 - done, "",
                     units_size(out->arena, (double)d->current, 4),
                     units_size(out->arena, (double)d->total, 4));
}

/* On a terminal each id has a line, which is written again. */
static void move_to(struct progress_state *s, struct hull_text *out, const char *id, bool *ret_new)
{
    size_t i = 0;
    while (i < s->ids.n && strcmp(s->ids.v[i], id) != 0)
        i++;
    *ret_new = i == s->ids.n;
    if (*ret_new)
        hull_strv_add(s->cli->arena, &s->ids, hull_arena_strdup(s->cli->arena, id));
    else
        hull_text_printf(out, "\033[%zuA", s->ids.n - i);
    hull_text_puts(out, "\033[2K\r");
}

static int progress_reply(struct hull_call *call, void *ctx, const void *reply)
{
    struct progress_state *s = ctx;
    const struct progress *p = reply;
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    s->any = true;
    if (p->stream != NULL)
        s->last = hull_arena_strdup(s->cli->arena, p->stream);
    else if (p->status != NULL)
        s->last = hull_arena_strdup(s->cli->arena, p->status);
    if (s->quiet && p->stream == NULL)
        return 0;
    bool bar = p->progress_detail != NULL && p->progress_detail->current > 0;
    if (!s->terminal && bar)
        return 0; /* as docker: states only */
    if (p->stream != NULL) {
        hull_text_puts(&out, p->stream);
    } else if (p->status != NULL) {
        bool fresh = true;
        size_t lines = s->ids.n;
        if (s->terminal && p->id != NULL)
            move_to(s, &out, p->id, &fresh);
        hull_text_printf(&out, "%s%s%s", p->id != NULL ? p->id : "", p->id != NULL ? ": " : "",
                         p->status);
        if (s->terminal)
            progress_bar(&out, p);
        hull_text_puts(&out, "\n");
        if (s->terminal && p->id != NULL && !fresh) {
            for (size_t i = 0; i < lines; i++)
                if (strcmp(s->ids.v[i], p->id) == 0 && lines - i > 1)
                    hull_text_printf(&out, "\033[%zuB", lines - i - 1);
        }
    }
    return out.length == 0 ? 0 : io_write(call, s->fd, out.data, out.length);
}

/* Send a method whose answers are progress; its error is printed. Exit status. */
static int with_progress(struct cli *cli, const struct hull_method *method, const void *request,
                         struct progress_state *state)
{
    struct hull_sink sink = {.reply = progress_reply, .ctx = state};
    fflush(stdout);
    state->cli = cli;
    state->terminal = tty_is(state->fd);
    int rc = hull_send_many(cli->call, NULL, method, request, NULL, &sink);
    if (rc == 0)
        return 0;
    if (state->any)
        return cli_complain(cli, "%s", hull_error(cli->call));
    return cli_failed(cli, rc);
}

bool cli_platform(struct cli *cli, const char **text)
{
    struct platform platform;
    struct hull_problem problem = {};
    if (*text == NULL || (*text)[0] == '\0') {
        *text = NULL;
        return true;
    }
    if (!platform_parse(cli->arena, *text, &platform, &problem))
        return cli_problem(cli, "%s", problem.text);
    *text = platform_json(cli->arena, &platform);
    return true;
}

bool cli_untrusted(struct cli *cli, bool disabled)
{
    const char *value = getenv("DOCKER_CONTENT_TRUST");
    bool wanted = false;
    if (value != NULL && value[0] != '\0' && !truth_parse(value, &wanted))
        return cli_problem(cli, "DOCKER_CONTENT_TRUST: invalid value \"%s\": 0 or 1 is known",
                           value);
    if (flag_given(cli, "disable-content-trust") ? disabled : !wanted)
        return true;
    return cli_problem(cli,
                       "signatures of images can't be checked: --disable-content-trust=false and "
                       "DOCKER_CONTENT_TRUST=1 are not supported");
}

/* --- load, save, import ---------------------------------------------------------------------- */

/* A stream over a descriptor that is not ours to make non-blocking. */
static ssize_t file_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    return io_read(call, *(int *)ctx, buffer, size);
}

static void file_close(void *ctx)
{
    int *fd = ctx;
    if (*fd > STDERR_FILENO)
        close(*fd);
    free(fd);
}

struct hull_stream *file_stream(int fd)
{
    static const struct hull_stream_ops ops = {.read = file_read, .close = file_close};
    int *ctx = malloc(sizeof(*ctx));
    HULL_ASSERT(ctx != NULL);
    *ctx = fd;
    return hull_stream_new(&ops, ctx);
}

static int open_input(struct cli *cli, const char *name, struct hull_stream **ret)
{
    int fd = name == NULL ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cli_complain(cli, "open %s: %s", name,
                            errno == ENOENT ? "no such file or directory" : strerror(errno));
    *ret = file_stream(fd);
    return 0;
}

int cmd_image_load(struct cli *cli)
{
    struct image_options *o = cli->options;
    struct image_load_request request = {.quiet = o->quiet || !tty_is(STDOUT_FILENO)};
    if (!cli_platform(cli, &o->platform))
        return cli_complain(cli, "invalid platform: %s", cli->problem);
    if (o->platform != NULL)
        hull_strv_add(cli->arena, &request.platform, o->platform);
    struct progress_state state = {.fd = STDOUT_FILENO, .quiet = request.quiet};
    if (o->input == NULL && tty_is(STDIN_FILENO))
        return cli_complain(cli, "requested load from stdin, but stdin is empty");
    int status = open_input(cli, o->input, &request.body);
    return status != 0 ? status : with_progress(cli, &image_load_method, &request, &state);
}

int check_output(struct cli *cli, const char *what, const char *name)
{
    struct stat st;
    const char *slash = name == NULL ? NULL : strrchr(name, '/');
    if (name == NULL)
        return 0;
    if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
        return cli_complain(cli, "failed to %s: cannot write to a directory", what);
    const char *dir = slash == NULL ? "."
                      : slash == name
                          ? "/"
                          : hull_arena_strndup(cli->arena, name, (size_t)(slash - name));
    if (stat(dir, &st) == 0)
        return 0;
    return cli_complain(cli, "failed to %s: invalid output path: stat %s: %s", what, dir,
                        errno == ENOENT ? "no such file or directory" : strerror(errno));
}

int save_stream(struct cli *cli, struct hull_stream *stream, const char *name)
{
    struct stat st;
    hull_defer(cli->call, hull_stream_close_cleanup, stream);
    if (name == NULL) {
        fflush(stdout);
        int rc = io_copy_out(cli->call, stream, STDOUT_FILENO);
        return rc < 0 ? cli_failed(cli, rc) : 0;
    }
    /* A new file takes the name when it is whole; a device is written to. */
    bool special = stat(name, &st) == 0 && !S_ISREG(st.st_mode);
    char *temporary = special ? hull_arena_strdup(cli->arena, name)
                              : hull_arena_printf(cli->arena, "%s.XXXXXX", name);
    HULL_AUTO_FD fd = special ? open(name, O_WRONLY | O_CLOEXEC) : mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return cli_complain(cli, "failed to open %s: %s", name, strerror(errno));
    int rc = io_copy_out(cli->call, stream, fd);
    if (rc == 0 && !special && (fchmod(fd, 0600) < 0 || rename(temporary, name) < 0))
        rc = hull_fail_errno(cli->call, errno, "rename %s", name);
    if (rc < 0 && !special)
        unlink(temporary);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

int cmd_image_save(struct cli *cli)
{
    struct output_options *o = cli->options;
    struct image_save_request request = {.names = {cli->argc, cli->argv}};
    struct container_tar_reply reply;
    if (!cli_platform(cli, &o->platform))
        return cli_complain(cli, "invalid platform: %s", cli->problem);
    if (o->platform != NULL)
        hull_strv_add(cli->arena, &request.platform, o->platform);
    if (o->output == NULL && tty_is(STDOUT_FILENO))
        return cli_complain(cli,
                            "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    if (check_output(cli, "save image", o->output) != 0)
        return 1;
    int rc = image_save(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    return save_stream(cli, reply.stream, o->output);
}

int cmd_image_import(struct cli *cli)
{
    const struct image_options *o = cli->options;
    const char *source = cli->argv[0];
    const char *name = cli->argc > 1 ? cli->argv[1] : "";
    const char *base = strrchr(name, '/');
    const char *colon = strrchr(base == NULL ? name : base, ':');
    struct image_create_request request = {
        .from_src = "-",
        .repo = colon == NULL ? name : hull_arena_strndup(cli->arena, name, (size_t)(colon - name)),
        .tag = colon == NULL ? NULL : colon + 1,
        .message = o->message,
        .changes = o->changes,
        .platform = o->platform};
    struct progress_state state = {.fd = STDOUT_FILENO};
    if (strstr(source, "://") != NULL) {
        request.from_src = source;
    } else {
        int status = open_input(cli, strcmp(source, "-") == 0 ? NULL : source, &request.body);
        if (status != 0)
            return status;
    }
    return with_progress(cli, &image_create_method, &request, &state);
}

/* --- pull ------------------------------------------------------------------------------------ */

static int make_pull(struct cli *cli, const char *image, const char *platform,
                     struct image_create_request *ret, bool *ret_default)
{
    struct reference reference;
    struct hull_problem problem;
    int rc = reference_parse(cli->arena, image, &reference, &problem);
    if (rc < 0)
        return hull_fail(cli->call, HULL_IO, "%s", problem.text);
    *ret_default = reference.tag == NULL && reference.digest == NULL;
    reference_default_tag(&reference);
    *ret = (struct image_create_request){
        .from_image = reference_familiar_name(cli->arena, &reference),
        .tag = reference.digest != NULL ? reference.digest : reference.tag,
        .platform = platform};
    return 0;
}

int pull_image(struct cli *cli, const char *image, const char *platform, int fd, bool quiet)
{
    struct image_create_request request;
    struct progress_state state = {.cli = cli, .fd = fd, .quiet = quiet, .terminal = tty_is(fd)};
    struct hull_sink sink = {.reply = progress_reply, .ctx = &state};
    bool fallback;
    int rc = make_pull(cli, image, platform, &request, &fallback);
    if (rc < 0)
        return rc;
    return hull_send_many(cli->call, NULL, &image_create_method, &request, NULL, &sink);
}

int cmd_image_pull(struct cli *cli)
{
    const struct image_options *o = cli->options;
    struct image_create_request request;
    bool fallback;
    if (!cli_untrusted(cli, o->untrusted))
        return cli_complain(cli, "%s", cli->problem);
    int rc = make_pull(cli, cli->argv[0], o->platform, &request, &fallback);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (o->all_tags)
        request.tag = NULL;
    else if (fallback && !o->quiet)
        printf("Using default tag: latest\n");
    struct progress_state state = {.fd = STDOUT_FILENO, .quiet = o->quiet};
    int status = with_progress(cli, &image_create_method, &request, &state);
    if (status == 0) {
        struct reference reference;
        struct hull_problem problem;
        if (reference_parse(cli->arena, cli->argv[0], &reference, &problem) == 0) {
            reference_default_tag(&reference);
            printf("%s\n", reference_string(cli->arena, &reference));
        }
    }
    return status;
}

/* --- rm, tag, prune -------------------------------------------------------------------------- */

static void print_deleted(const struct image_deleted *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!hull_streq(list[i].deleted, ""))
            printf("Deleted: %s\n", list[i].deleted);
        else
            printf("Untagged: %s\n", list[i].untagged);
    }
}

static int rm_one(struct cli *cli, const char *name)
{
    const struct image_options *o = cli->options;
    struct image_remove_request request = {
        .name = name, .force = o->force, .noprune = o->no_prune, .platforms = o->platforms};
    struct image_remove_reply reply;
    int rc = image_remove(cli->call, NULL, &request, &reply);
    if (rc == 0)
        print_deleted(reply.deleted.v, reply.deleted.n);
    if (rc == -HULL_NOT_FOUND && o->force) {
        cli_failed(cli, rc);
        return 0;
    }
    return rc;
}

int cmd_image_rm(struct cli *cli)
{
    struct image_options *o = cli->options;
    for (size_t i = 0; i < o->platforms.n; i++) {
        if (!cli_platform(cli, &o->platforms.v[i]))
            return cli_complain(cli, "invalid platform: %s", cli->problem);
    }
    return cli_each(cli, rm_one);
}

int cmd_image_tag(struct cli *cli)
{
    struct reference reference;
    struct hull_problem problem;
    if (reference_parse(cli->arena, cli->argv[1], &reference, &problem) < 0)
        return cli_complain(cli,
                            "Error parsing reference: \"%s\" is not a valid repository/tag: %s",
                            cli->argv[1], problem.text);
    struct image_tag_request request = {.name = cli->argv[0],
                                        .repo = reference_familiar_name(cli->arena, &reference),
                                        .tag = reference.tag == NULL ? "latest" : reference.tag};
    int rc = image_tag(cli->call, NULL, &request, NULL);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

/* Beside what the user gave under that name: the daemon says that both are too much. */
void prune_dangling(struct cli *cli, struct prune_request *request, bool only)
{
    struct hull_strv *values = HULL_MSGMAP_FIND(&request->filters, "dangling");
    if (values == NULL)
        values = HULL_MSGMAP_ADD(cli->arena, &request->filters, "dangling");
    hull_strv_add(cli->arena, values, only ? "true" : "false");
}

int cmd_image_prune(struct cli *cli)
{
    struct prune_options *o = cli->options;
    struct image_prune_reply reply;
    if (!o->force &&
        !cli_confirm(cli, o->all ? "WARNING! This will remove all images without at least one "
                                   "container associated to them.\n"
                                   "Are you sure you want to continue?"
                                 : "WARNING! This will remove all dangling images.\n"
                                   "Are you sure you want to continue?"))
        return 0;
    prune_dangling(cli, &o->request, !o->all);
    int rc = image_prune(cli->call, NULL, &o->request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.images_deleted.n > 0) {
        printf("Deleted Images:\n");
        for (size_t i = 0; i < reply.images_deleted.n; i++) {
            const struct image_deleted *d = &reply.images_deleted.v[i];
            bool deleted = !hull_streq(d->deleted, "");
            printf("%s: %s\n", deleted ? "deleted" : "untagged",
                   deleted ? d->deleted : d->untagged);
        }
        printf("\n");
    }
    print_reclaimed(reply.space_reclaimed);
    return 0;
}
