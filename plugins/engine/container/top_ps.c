/*
 * top_ps.c: see top_ps.h. What ps says is lines of columns, of which the last may have blanks.
 */
#include "top_ps.h"

#include "helper.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)8 * 1024 * 1024)

/* --- running it ------------------------------------------------------------------------------- */

static const char *program(void)
{
    static const char *const places[] = {"/usr/bin/ps", "/bin/ps", "/usr/local/bin/ps"};

    for (size_t i = 0; i < HULL_COUNT(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* All of FD, which is taken. */
static int read_all(struct hull_call *call, int fd, struct hull_text *ret)
{
    struct hull_stream *stream = hull_stream_from_fd(fd);
    char buffer[16384];
    ssize_t got = 1;

    hull_text_puts(ret, "");
    while (got > 0 && ret->length < OUTPUT_MAX) {
        got = hull_stream_read(call, stream, buffer, sizeof(buffer));
        if (got > 0)
            hull_text_add(ret, buffer, (size_t)got);
    }
    hull_stream_close(stream);
    return got < 0 ? (int)got : 0;
}

struct run {
    struct helper process;
    int out[2], err[2];
};

static void run_done(struct hull_call *call, void *arg)
{
    struct run *run = arg;

    for (int i = 0; i < 2; i++) {
        hull_fd_cleanup(&run->out[i]);
        hull_fd_cleanup(&run->err[i]);
    }
    if (run->process.pid > 0)
        helper_kill_cleanup(call, &run->process);
}

/* RET_OUT is what it wrote, RET_ERR what it complained of; RET_STATUS as from waitpid(2). */
static int run_ps(struct hull_call *call, const char *const *argv, struct hull_text *ret_out,
                  struct hull_text *ret_err, int *ret_status)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    struct run *run = HULL_NEW(hull_call_arena(call), struct run);
    struct helper_spec spec = {.path = program(), .argv = argv, .envp = environment};
    int rc;

    *run = (struct run){.out = {-1, -1}, .err = {-1, -1}};
    hull_defer(call, run_done, run);
    if (pipe2(run->out, O_CLOEXEC) < 0 || pipe2(run->err, O_CLOEXEC) < 0)
        return hull_fail_errno(call, errno, "pipe");
    spec.fds = (const int[]){-1, run->out[1], run->err[1]};
    spec.fd_count = 3;
    rc = helper_start(call, &spec, &run->process);
    if (rc < 0)
        return rc;
    hull_fd_cleanup(&run->out[1]);
    hull_fd_cleanup(&run->err[1]);
    rc = read_all(call, HULL_TAKE_FD(run->out[0]), ret_out);
    if (rc == 0)
        rc = read_all(call, HULL_TAKE_FD(run->err[0]), ret_err);
    if (rc == 0)
        rc = helper_wait(call, &run->process, ret_status);
    if (rc == 0)
        run->process.pid = 0;
    return rc;
}

/* --- what it says ----------------------------------------------------------------------------- */

/* The next column of *AT, or all the rest when it is the LAST; NULL at the end. */
static const char *next_column(struct hull_call *call, const char **at, bool last)
{
    const char *from = *at + strspn(*at, " \t");
    size_t length = last ? strlen(from) : strcspn(from, " \t");

    *at = from + length;
    return length > 0 ? hull_arena_strndup(hull_call_arena(call), from, length) : NULL;
}

static bool among(const struct hull_ints *pids, int64_t pid)
{
    for (size_t i = 0; i < pids->n; i++)
        if (pids->v[i] == pid)
            return true;
    return false;
}

static int parse_titles(struct hull_call *call, const char *line, struct hull_strv *titles,
                        size_t *ret_pid)
{
    const char *title;

    *ret_pid = SIZE_MAX;
    while ((title = next_column(call, &line, false)) != NULL) {
        if (strcmp(title, "PID") == 0)
            *ret_pid = titles->n;
        hull_strv_add(hull_call_arena(call), titles, title);
    }
    return *ret_pid != SIZE_MAX
               ? 0
               : hull_fail(call, HULL_INTERNAL, "Couldn't find PID field in ps output");
}

/* *SHOWN: the line before was of the container, and so are those of its threads. */
static int add_line(struct hull_call *call, const char *line, const struct hull_strv *titles,
                    size_t pid_at, const struct hull_ints *pids, bool *shown, struct hull_text *out)
{
    struct hull_strv fields = {0};
    const char *field;

    while (fields.n < titles->n &&
           (field = next_column(call, &line, fields.n + 1 == titles->n)) != NULL)
        hull_strv_add(hull_call_arena(call), &fields, field);
    if (fields.n <= pid_at)
        return 0;
    if (strcmp(fields.v[pid_at], "-") != 0) {
        char *end;
        int64_t pid = strtoll(fields.v[pid_at], &end, 10);

        if (*end != '\0')
            return hull_fail(call, HULL_INTERNAL, "Unexpected pid '%s'", fields.v[pid_at]);
        *shown = among(pids, pid);
    }
    if (!*shown)
        return 0;
    hull_text_puts(out, out->data[out->length - 1] == '[' ? "[" : ",[");
    for (size_t i = 0; i < fields.n; i++) {
        hull_text_puts(out, i > 0 ? "," : "");
        json_quote(out, fields.v[i], strlen(fields.v[i]));
    }
    hull_text_puts(out, "]");
    return 0;
}

static int parse(struct hull_call *call, char *text, const struct hull_ints *pids,
                 struct container_top_reply *ret)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    const char *line = strsep(&text, "\n");
    bool shown = false;
    size_t pid_at;
    int rc = parse_titles(call, line, &ret->titles, &pid_at);

    hull_text_puts(&out, "[");
    while (rc == 0 && text && (line = strsep(&text, "\n")))
        rc = add_line(call, line, &ret->titles, pid_at, pids, &shown, &out);
    hull_text_puts(&out, "]");
    ret->processes = out.data;
    return rc;
}

int top_ps(struct hull_call *call, const char *args, const struct hull_ints *pids,
           struct container_top_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_text out = HULL_TEXT(arena), err = HULL_TEXT(arena);
    char *rest = hull_strdup(call, args), *word;
    struct hull_strv argv = {0};
    int status = 0;

    if (program() == NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "top: \"%s\" needs ps (the package procps), which is not installed; -e, "
                         "-f, -ef, aux and -o with columns work without it",
                         args);
    hull_strv_add(arena, &argv, "ps");
    while ((word = strsep(&rest, " ")))
        if (*word)
            hull_strv_add(arena, &argv, word);
    hull_strv_add(arena, &argv, NULL);
    int rc = run_ps(call, argv.v, &out, &err, &status);
    if (rc < 0)
        return hull_wrap(call, rc, "ps");
    if (status == 0)
        return parse(call, out.data, pids, ret);
    err.data[strcspn(err.data, "\n")] = '\0';
    return hull_fail(call, HULL_INVALID, "ps: %s",
                     *err.data ? err.data : "it ended with an error and no message");
}
