/*
 * Standard streams connected to a container: input and output at once, the terminal raw, its size
 * followed, detach keys watched for, and signals passed on.
 */
#include "plugins/cli/cli.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "plugins/common/detach.h"

struct running {
    struct cli *cli;
    struct session *session;
    struct detach_keys keys;
    size_t matched; /* of the keys, held back so far */
};

/* Bytes typed, without the detach keys; true when all of them were typed. A beginning of them is
 * held back until the next byte shows what it is. */
static bool filter_keys(struct running *r, const char *data, size_t size, char *out,
                        size_t *ret_size)
{
    const struct detach_keys *keys = &r->keys;
    *ret_size = 0;
    for (size_t i = 0; i < size; i++) {
        if (keys->count > 0 && (unsigned char)data[i] == keys->keys[r->matched]) {
            if (++r->matched == keys->count)
                return true;
            continue;
        }
        memcpy(out + *ret_size, keys->keys, r->matched);
        *ret_size += r->matched;
        r->matched = 0;
        if (keys->count > 0 && (unsigned char)data[i] == keys->keys[0])
            r->matched = 1;
        else
            out[(*ret_size)++] = data[i];
    }
    return false;
}

static int input_task(struct hull_call *call, void *arg)
{
    struct running *r = arg;
    struct session *session = r->session;
    char data[8192], typed[8192 + DETACH_KEYS_MAX];
    for (;;) {
        ssize_t n = io_read(call, STDIN_FILENO, data, sizeof(data));
        if (n < 0)
            return (int)n;
        if (n == 0) /* the container reads the end, its output goes on */
            return hull_stream_shutdown(call, session->stream);
        size_t size;
        bool detach = filter_keys(r, data, (size_t)n, typed, &size);
        int rc = hull_stream_write(call, session->stream, typed, size);
        if (detach) {
            session->detached = true;
            return 0;
        }
        if (rc < 0)
            return 0; /* it does not read any more: what matters is how it ends */
    }
}

static int output_task(struct hull_call *call, void *arg)
{
    struct running *r = arg;
    struct session *session = r->session;
    if (session->tty)
        return io_copy_out(call, session->stream, STDOUT_FILENO);
    return io_demultiplex(call, session->stream);
}

static void send_size(struct cli *cli, const struct session *session, int more)
{
    struct container_resize_request request = {.id = session->id};
    tty_size(&request.height, &request.width);
    if (request.height == 0 || request.width == 0)
        return;
    request.height += more;
    request.width += more;
    int rc = session->exec ? exec_resize(cli->call, NULL, &request, NULL)
                           : container_resize(cli->call, NULL, &request, NULL);
    if (rc < 0) /* a process that has just ended has no terminal */
        hull_error_clear(cli->call);
}

void session_resize(struct cli *cli, const struct session *session)
{
    send_size(cli, session, 0);
}

int session_wake(struct cli *cli, void *session)
{
    if (((struct session *)session)->tty && tty_is(STDOUT_FILENO))
        send_size(cli, session, 1);
    return 0;
}

/* Names of the signals that are passed on. */
static const struct {
    int number;
    const char *name;
} signals[] = {
    {SIGINT, "INT"},   {SIGTERM, "TERM"}, {SIGHUP, "HUP"},   {SIGQUIT, "QUIT"},
    {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}, {SIGALRM, "ALRM"}, {SIGCONT, "CONT"},
};

static void pass_on(struct hull_call *call, const char *id, int number)
{
    for (size_t i = 0; i < HULL_COUNT(signals); i++) {
        struct container_kill_request request = {.id = id, .signal = signals[i].name};
        if (signals[i].number == number && container_kill(call, NULL, &request, NULL) < 0)
            hull_error_clear(call);
    }
}

static int signal_task(struct hull_call *call, void *arg)
{
    struct running *r = arg;
    struct cli cli = *r->cli;
    int list[HULL_COUNT(signals) + 2] = {};
    size_t n = 0;
    cli.call = call;
    if (r->session->tty)
        list[n++] = SIGWINCH;
    for (size_t i = 0; r->session->sig_proxy && i < HULL_COUNT(signals); i++)
        list[n++] = signals[i].number;
    while (n > 0) {
        int number = hull_wait_signal(call, list);
        if (number < 0)
            return number;
        if (number == SIGWINCH)
            session_resize(&cli, r->session);
        else
            pass_on(call, r->session->id, number);
    }
    return 0;
}

/* Wait until the output ended or the keys were typed. */
static int follow(struct cli *cli, struct session *session, struct hull_task *output)
{
    int rc = hull_task_join(cli->call, output);
    if (session->detached) {
        hull_error_clear(cli->call);
        return 0;
    }
    return rc;
}

struct ender {
    struct running *running;
    struct hull_task *output;
};

/* Detaching ends the output as well. */
static int watch_input(struct hull_call *call, void *arg)
{
    struct ender *ender = arg;
    int rc = input_task(call, ender->running);
    if (ender->running->session->detached)
        hull_task_cancel(ender->output);
    return rc;
}

/* What it returns does not matter any more, but it uses the session until it ends. */
static void end_task(struct cli *cli, struct hull_task *task)
{
    if (task == NULL)
        return;
    hull_task_cancel(task);
    if (hull_task_join(cli->call, task) < 0)
        hull_error_clear(cli->call);
}

int session_run(struct cli *cli, struct session *session)
{
    struct running *r = hull_alloc(cli->call, sizeof(*r));
    struct ender *ender = hull_alloc(cli->call, sizeof(*ender));
    *r = (struct running){.cli = cli, .session = session};
    hull_defer(cli->call, hull_stream_close_cleanup, session->stream);
    const char *keys = session->detach_keys;
    if (keys == NULL)
        keys = cli_config(cli, "detachKeys");
    if (detach_keys_parse(cli->call, keys, &r->keys) < 0)
        return hull_fail(cli->call, HULL_IO, "invalid detach keys (%s) provided", keys);
    bool terminal = session->tty && session->input && tty_is(STDIN_FILENO);
    if (!terminal)
        r->keys.count = 0;
    else
        tty_raw();
    *ender = (struct ender){r, hull_task_start(cli->call, "output", output_task, r)};
    struct hull_task *input = NULL;
    if (session->input)
        input = hull_task_start(cli->call, "input", watch_input, ender);
    struct hull_task *sender = hull_task_start(cli->call, "signals", signal_task, r);
    int rc = session->connected == NULL ? 0 : session->connected(cli, session->arg);
    if (rc < 0)
        hull_task_cancel(ender->output);
    else if (session->tty && tty_is(STDOUT_FILENO))
        session_resize(cli, session);
    enum hull_kind kind = rc < 0 ? (enum hull_kind) - rc : HULL_OK;
    char *failure = rc < 0 ? hull_strdup(cli->call, hull_error(cli->call)) : NULL;
    rc = follow(cli, session, ender->output);
    if (rc < 0 && failure == NULL) {
        kind = (enum hull_kind) - rc;
        failure = hull_strdup(cli->call, hull_error(cli->call));
    }
    end_task(cli, input);
    end_task(cli, sender);
    if (terminal)
        tty_restore();
    return failure == NULL ? 0 : hull_fail(cli->call, kind, "%s", failure);
}
