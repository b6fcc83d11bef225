/*
 * run, create, start, attach: the steps in docker's order, so that no output is lost and no exit
 * missed: create, attach, wait, start, and then the terminal's size.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/run.h"
#include "plugins/common/platform.h"

/* --- waiting for the end --------------------------------------------------------------------- */

struct waiter {
    const char *id;
    const char *condition;
    struct hull_cond changed;
    bool ready, done;
    int rc;
    struct container_wait_reply reply;
};

static int waiter_ready(struct hull_call *call, void *ctx)
{
    (void)call;
    struct waiter *waiter = ctx;
    waiter->ready = true;
    hull_cond_broadcast(&waiter->changed);
    return 0;
}

static int wait_task(struct hull_call *call, void *arg)
{
    struct waiter *waiter = arg;
    struct container_wait_request request = {.id = waiter->id, .condition = waiter->condition};
    struct hull_sink sink = {.ready = waiter_ready, .ctx = waiter};
    waiter->rc =
        hull_send_many(call, NULL, &container_wait_method, &request, &waiter->reply, &sink);
    waiter->reply.error = NULL; /* it is in the arena of this task */
    waiter->done = true;
    hull_cond_broadcast(&waiter->changed);
    return waiter->rc;
}

/* Begin to wait; back when the daemon watches. */
static int waiter_start(struct cli *cli, struct waiter *waiter, struct hull_task **ret_task)
{
    *ret_task = hull_task_start(cli->call, "wait", wait_task, waiter);
    while (!waiter->ready && !waiter->done) {
        int rc = hull_cond_wait(cli->call, &waiter->changed);
        if (rc < 0)
            return rc;
    }
    return waiter->done && waiter->rc < 0 ? hull_task_join(cli->call, *ret_task) : 0;
}

/* --- create ---------------------------------------------------------------------------------- */

/* "hull: MESSAGE" and where to find help, as run and create put their errors. */
static int fail_with_help(struct cli *cli, const char *text, int status)
{
    fflush(stdout);
    fprintf(stderr, "hull: %s\n\nRun 'hull %s --help' for more information\n", text, cli->name);
    return status;
}

/* What create says of its own and of the daemon's errors; run adds its name and a hint. */
static int creation_failed(struct cli *cli, const char *text)
{
    return cli->command->run == cmd_container_create ? cli_complain(cli, "%s", text)
                                                     : fail_with_help(cli, text, 125);
}

/* In a container a loopback address is its own. */
static void warn_of_dns(const struct hull_strv *servers)
{
    for (size_t i = 0; i < servers->n; i++) {
        if (strncmp(servers->v[i], "127.", 4) != 0 && strcmp(servers->v[i], "::1") != 0)
            continue;
        fprintf(stderr, "WARNING: Localhost DNS (%s) may fail in containers.\n", servers->v[i]);
        return;
    }
}

/* 0, or the exit status of a failure that was printed. */
static int create_container(struct cli *cli, struct run_options *options, const char **ret_id)
{
    struct container_create_reply reply;
    const char *image = options->create.config.image;
    bool always = strcmp(options->pull, "always") == 0;
    if (!always && strcmp(options->pull, "missing") != 0 && strcmp(options->pull, "never") != 0)
        return fail_with_help(cli,
                              hull_arena_printf(cli->arena,
                                                "invalid pull option: '%s': must be one "
                                                "of \"always\", \"missing\" or \"never\"",
                                                options->pull),
                              125);
    const char *platform = options->create.platform;
    struct platform parsed;
    struct hull_problem problem = {};
    if (!hull_streq(platform, "") && !platform_parse(cli->arena, platform, &parsed, &problem))
        return creation_failed(
            cli,
            hull_arena_printf(cli->arena, "error parsing specified platform: %s", problem.text));
    if (options->cidfile != NULL && access(options->cidfile, F_OK) == 0)
        return creation_failed(
            cli, hull_arena_printf(cli->arena,
                                   "container ID file found, make sure the other container isn't "
                                   "running or delete %s",
                                   options->cidfile));
    warn_of_dns(&options->create.host_config.dns);
    int rc = always
                 ? pull_image(cli, image, options->create.platform, STDERR_FILENO, options->quiet)
                 : 0;
    if (rc == 0)
        rc = container_create(cli->call, NULL, &options->create, &reply);
    bool missing =
        rc == -HULL_NOT_FOUND && (strncmp(hull_error(cli->call), "No such image", 13) == 0 ||
                                  strstr(hull_error(cli->call), "was found but") != NULL);
    if (missing && strcmp(options->pull, "missing") == 0) {
        const char *base = strrchr(image, '/');
        bool tagged = strpbrk(base == NULL ? image : base, ":@") != NULL;
        fprintf(stderr, "Unable to find image '%s%s' locally\n", image, tagged ? "" : ":latest");
        rc = pull_image(cli, image, options->create.platform, STDERR_FILENO, options->quiet);
        if (rc == 0)
            rc = container_create(cli->call, NULL, &options->create, &reply);
    }
    if (rc < 0)
        return creation_failed(cli, cli_error_text(cli, rc));
    for (size_t i = 0; i < reply.warnings.n; i++)
        fprintf(stderr, "WARNING: %s\n", reply.warnings.v[i]);
    *ret_id = reply.id;
    return 0;
}

static int write_cidfile(struct cli *cli, const char *path, const char *id)
{
    if (path == NULL)
        return 0;
    HULL_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, id, strlen(id)) < 0)
        return fail_with_help(cli,
                              hull_arena_printf(cli->arena,
                                                "failed to create the container ID "
                                                "file: open %s: %s",
                                                path, strerror(errno)),
                              125);
    return 0;
}

int cmd_container_create(struct cli *cli)
{
    struct run_options *options = cli->options;
    const char *id;
    if (!run_finish(cli, options))
        return fail_with_help(cli, cli->problem, 125);
    int status = create_container(cli, options, &id);
    if (status == 0)
        status = write_cidfile(cli, options->cidfile, id);
    if (status == 0)
        printf("%s\n", id);
    return status;
}

/* --- run ------------------------------------------------------------------------------------- */

/* In the arena: the task that waits may outlive the command's own function. */
struct run {
    const char *id;
    struct waiter waiter;
    struct hull_task *task;
    bool removes;
    bool failed; /* to start */
};

static struct run *new_run(struct cli *cli, const char *id, bool removes)
{
    struct run *run = hull_alloc(cli->call, sizeof(*run));
    run->id = id;
    run->removes = removes;
    return run;
}

static int run_start(struct cli *cli, void *arg)
{
    struct run *run = arg;
    struct container_start_request request = {.id = run->id};
    run->waiter =
        (struct waiter){.id = run->id, .condition = run->removes ? "removed" : "next-exit"};
    int rc = waiter_start(cli, &run->waiter, &run->task);
    if (rc == 0) {
        rc = container_start(cli->call, NULL, &request, NULL);
        run->failed = rc < 0;
    }
    return rc == -HULL_NOT_MODIFIED ? 0 : rc;
}

/* A container that did not start is removed by the daemon: not before that is done, we end. */
static int run_failed(struct cli *cli, struct run *run, int rc)
{
    const char *text = cli_error_text(cli, rc);
    if (run->failed && run->removes && run->task != NULL) {
        hull_call_set_timeout(cli->call, 10000);
        if (hull_task_join(cli->call, run->task) < 0)
            hull_error_clear(cli->call);
    }
    return fail_with_help(cli, text, cli_start_status(text));
}

static int run_wait(struct cli *cli, struct run *run)
{
    int rc = hull_task_join(cli->call, run->task);
    if (rc < 0)
        return cli_failed(cli, rc);
    return (int)run->waiter.reply.status_code;
}

static int run_detached(struct cli *cli, const char *id)
{
    struct container_start_request request = {.id = id};
    int rc = container_start(cli->call, NULL, &request, NULL);
    printf("%s\n", id); /* it is there, even if it does not start */
    if (rc < 0 && rc != -HULL_NOT_MODIFIED) {
        const char *text = cli_error_text(cli, rc);
        return fail_with_help(cli, text, cli_start_status(text));
    }
    return 0;
}

static int attach(struct cli *cli, const char *id, const struct container_config *config,
                  const char *keys, struct hull_stream **ret)
{
    struct container_attach_request request = {.id = id,
                                               .detach_keys = keys,
                                               .stream = true,
                                               .stdin_ = config->attach_stdin,
                                               .stdout_ = config->attach_stdout,
                                               .stderr_ = config->attach_stderr};
    struct container_stream_reply reply;
    int rc = container_attach(cli->call, NULL, &request, &reply);
    if (rc == 0)
        *ret = reply.stream;
    return rc;
}

int cmd_container_run(struct cli *cli)
{
    struct run_options *options = cli->options;
    const struct container_config *config = &options->create.config;
    struct run *run = new_run(cli, NULL, options->create.host_config.auto_remove);
    if (!run_finish(cli, options))
        return fail_with_help(cli, cli->problem, 125);
    if (options->detach && options->attach.n > 0)
        return cli_complain(cli, "conflicting options: cannot specify both --attach and --detach");
    if (config->tty && config->attach_stdin && !tty_is(STDIN_FILENO))
        return cli_complain(cli, "the input device is not a TTY");
    int status = create_container(cli, options, &run->id);
    if (status == 0)
        status = write_cidfile(cli, options->cidfile, run->id);
    if (status != 0)
        return status;
    if (options->detach)
        return run_detached(cli, run->id);
    struct session session = {.tty = config->tty,
                              .input = config->attach_stdin,
                              .detach_keys = options->detach_keys,
                              .id = run->id,
                              .sig_proxy = options->sig_proxy,
                              .connected = run_start,
                              .arg = run};
    int rc = attach(cli, run->id, config, options->detach_keys, &session.stream);
    if (rc == 0)
        rc = session_run(cli, &session);
    if (run->failed || run->task == NULL)
        return rc < 0 ? run_failed(cli, run, rc) : 125;
    if (session.detached)
        return 0;
    if (rc < 0)
        cli_failed(cli, rc);
    return run_wait(cli, run);
}

/* --- start ----------------------------------------------------------------------------------- */

static int start_attached(struct cli *cli, const struct start_options *options)
{
    if (cli->argc > 1)
        return cli_complain(cli, "you cannot start and attach multiple containers at once");
    struct container_inspect_request inspect_request = {.id = cli->argv[0]};
    struct container_inspect_reply info;
    int rc = container_inspect(cli->call, NULL, &inspect_request, &info);
    if (rc < 0)
        return cli_failed(cli, rc);
    struct container_config config = info.config;
    config.attach_stdin = options->interactive && config.open_stdin;
    config.attach_stdout = config.attach_stderr = true;
    if (config.tty && config.attach_stdin && !tty_is(STDIN_FILENO))
        return cli_complain(cli, "the input device is not a TTY");
    struct run *run = new_run(cli, info.id, info.host_config.auto_remove);
    struct session session = {.tty = config.tty,
                              .input = config.attach_stdin,
                              .detach_keys = options->detach_keys,
                              .id = info.id,
                              .sig_proxy = options->sig_proxy,
                              .connected = run_start,
                              .arg = run};
    rc = attach(cli, info.id, &config, options->detach_keys, &session.stream);
    if (rc == 0)
        rc = session_run(cli, &session);
    if (rc < 0 && (run->failed || run->task == NULL)) {
        cli_failed(cli, rc);
        return 1;
    }
    return session.detached ? 0 : run_wait(cli, run);
}

int cmd_container_start(struct cli *cli)
{
    const struct start_options *options = cli->options;
    struct hull_text failed = HULL_TEXT(cli->arena);
    if (options->attach || options->interactive)
        return start_attached(cli, options);
    for (size_t i = 0; i < cli->argc; i++) {
        struct container_start_request request = {.id = cli->argv[i]};
        int rc = container_start(cli->call, NULL, &request, NULL);
        if (rc == 0 || rc == -HULL_NOT_MODIFIED) {
            printf("%s\n", cli->argv[i]);
            continue;
        }
        cli_failed(cli, rc);
        hull_text_printf(&failed, "%s%s", failed.length > 0 ? ", " : "", cli->argv[i]);
    }
    if (failed.length == 0)
        return 0;
    return cli_complain(cli, "Error: failed to start containers: %s", failed.data);
}

/* --- attach ---------------------------------------------------------------------------------- */

int cmd_container_attach(struct cli *cli)
{
    const struct attach_options *options = cli->options;
    struct container_inspect_request inspect_request = {.id = cli->argv[0]};
    struct container_inspect_reply info;
    int rc = container_inspect(cli->call, NULL, &inspect_request, &info);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (!info.state->running)
        return cli_complain(cli, "You cannot attach to a stopped container, start it first");
    if (info.state->paused)
        return cli_complain(cli, "You cannot attach to a paused container, unpause it first");
    if (info.state->restarting)
        return cli_complain(
            cli, "You cannot attach to a restarting container, wait until it is running");
    struct container_config config = info.config;
    config.attach_stdin = !options->no_stdin && config.open_stdin;
    config.attach_stdout = config.attach_stderr = true;
    if (config.tty && config.attach_stdin && !tty_is(STDIN_FILENO))
        return cli_complain(cli, "the input device is not a TTY");
    struct run *run = new_run(cli, info.id, false);
    run->waiter.id = info.id;
    struct session session = {.tty = config.tty,
                              .input = config.attach_stdin,
                              .detach_keys = options->detach_keys,
                              .id = info.id,
                              .sig_proxy = options->sig_proxy,
                              .connected = session_wake,
                              .arg = &session};
    rc = waiter_start(cli, &run->waiter, &run->task);
    if (rc == 0)
        rc = attach(cli, info.id, &config, options->detach_keys, &session.stream);
    if (rc == 0)
        rc = session_run(cli, &session);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (session.detached)
        return cli_complain(cli, "read escape sequence");
    return run_wait(cli, run);
}

/* --- exec ------------------------------------------------------------------------------------ */

static int exec_status(struct cli *cli, const char *id)
{
    struct exec_ref ref = {.id = id};
    struct exec_inspect_reply info;
    int rc = exec_inspect(cli->call, NULL, &ref, &info);
    if (rc < 0)
        return cli_failed(cli, rc);
    return info.exit_code.set ? (int)info.exit_code.value : 0;
}

int cmd_container_exec(struct cli *cli)
{
    const struct exec_options *o = cli->options;
    struct exec_create_request create = {.id = cli->argv[0],
                                         .attach_stdin = o->interactive && !o->detach,
                                         .attach_stdout = !o->detach,
                                         .attach_stderr = !o->detach,
                                         .detach_keys = o->detach_keys,
                                         .tty = o->tty,
                                         .cmd = {cli->argc - 1, cli->argv + 1},
                                         .privileged = o->privileged,
                                         .user = o->user,
                                         .working_dir = o->workdir,
                                         .detach = o->detach};
    struct exec_create_reply created;
    if (!run_env(cli, &o->env_files, &o->env, &create.env))
        return cli_complain(cli, "%s", cli->problem);
    if (o->tty && create.attach_stdin && !tty_is(STDIN_FILENO))
        return cli_complain(cli, "the input device is not a TTY");
    int rc = exec_create(cli->call, NULL, &create, &created);
    if (rc < 0)
        return cli_failed(cli, rc);
    int64_t size[2];
    tty_size(&size[0], &size[1]);
    struct exec_start_request start = {.id = created.id, .detach = o->detach, .tty = o->tty};
    if (o->tty && size[0] > 0)
        start.console_size = (struct hull_ints){2, size};
    struct container_stream_reply reply;
    rc = exec_start(cli->call, NULL, &start, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (o->detach || reply.stream == NULL)
        return 0;
    struct session session = {.stream = reply.stream,
                              .tty = o->tty,
                              .input = create.attach_stdin,
                              .detach_keys = o->detach_keys,
                              .id = created.id,
                              .exec = true};
    rc = session_run(cli, &session);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (session.detached)
        return cli_complain(cli, "read escape sequence");
    return exec_status(cli, created.id);
}
