/*
 * One run of a plugin: its configuration on standard input, a minimal environment, nothing else of
 * the daemon's; its output is read up to a limit, and it ends in time or is killed with all that
 * it started.
 */
#include "cni.h"

#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS ((int64_t)60000)
#define OUTPUT_MAX ((size_t)1024 * 1024)
#define ERRORS_MAX ((size_t)8192)

/* In the arena of the caller, for the task may outlast the function that waits for it. */
struct job {
    struct cni_run run;
    const char *program;
    const char **envp;
    int64_t timeout_ms;
    struct hull_text output, errors;
    int status;
};

/* A pipe whose end to read does not block. */
static int open_pipe(struct hull_call *call, int *ret_read, int *ret_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return hull_fail_errno(call, errno, "pipe");
    *ret_read = ends[0];
    *ret_write = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        return hull_fail_errno(call, errno, "pipe");
    return 0;
}

static int open_input(struct hull_call *call, const char *text, int *ret_fd)
{
    size_t length = strlen(text);
    *ret_fd = memfd_create("cni", MFD_CLOEXEC);
    if (*ret_fd < 0 || write(*ret_fd, text, length) != (ssize_t)length ||
        lseek(*ret_fd, 0, SEEK_SET) < 0)
        return hull_fail_errno(call, errno, "memfd");
    return 0;
}

/* What there is now; *OPEN becomes false at the end. What is beyond MAX is an error, or dropped. */
static int drain(struct hull_call *call, int fd, struct hull_text *text, size_t max, bool strict,
                 bool *open)
{
    char buffer[8192];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n <= 0) {
            *open = false;
            return 0;
        }
        if (text->length + (size_t)n <= max)
            hull_text_add(text, buffer, (size_t)n);
        else if (strict)
            return hull_fail(call, HULL_IO, "it wrote more than %zu bytes", max);
    }
}

/* Until the plugin has ended; what it left behind may hold the pipes open: nobody waits for it. */
static int listen_to(struct hull_call *call, struct job *job, int pidfd, int out_fd, int err_fd)
{
    bool out = true, err = true, running = true;
    while (running) {
        struct pollfd fds[3] = {{pidfd, POLLIN, 0}};
        /* Those at their end are left out, for they are always ready. */
        size_t count = 1;
        if (out)
            fds[count++] = (struct pollfd){out_fd, POLLIN, 0};
        if (err)
            fds[count++] = (struct pollfd){err_fd, POLLIN, 0};
        int rc = hull_wait_fds(call, fds, count);
        if (rc < 0)
            return rc;
        running = fds[0].revents == 0;
        rc = drain(call, out_fd, &job->output, OUTPUT_MAX, true, &out);
        if (rc == 0)
            rc = drain(call, err_fd, &job->errors, ERRORS_MAX, false, &err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void kill_all(struct hull_call *call, struct helper *process)
{
    hull_shield(call);
    kill(-process->pid, SIGKILL); /* its session: not reaped yet, the number is still its own */
    helper_kill_cleanup(call, process);
    hull_unshield(call);
}

static int run(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD in_fd = -1;
    HULL_AUTO_FD out_fd = -1;
    HULL_AUTO_FD out_end = -1;
    HULL_AUTO_FD err_fd = -1;
    HULL_AUTO_FD err_end = -1;
    struct helper process;
    hull_call_set_timeout(call, job->timeout_ms);
    int rc = open_input(call, job->run.input, &in_fd);
    if (rc == 0)
        rc = open_pipe(call, &out_fd, &out_end);
    if (rc == 0)
        rc = open_pipe(call, &err_fd, &err_end);
    if (rc < 0)
        return rc;
    const char *argv[] = {job->program, NULL};
    const int fds[] = {in_fd, out_end, err_end};
    struct helper_spec spec = {.path = job->program,
                               .argv = argv,
                               .envp = job->envp,
                               .fds = fds,
                               .fd_count = HULL_COUNT(fds),
                               .new_session = true};
    rc = helper_start(call, &spec, &process);
    if (rc < 0)
        return rc;
    close(HULL_TAKE_FD(out_end));
    close(HULL_TAKE_FD(err_end));
    rc = listen_to(call, job, process.pidfd, out_fd, err_fd);
    if (rc == 0)
        rc = helper_wait(call, &process, &job->status);
    if (rc < 0)
        kill_all(call, &process);
    return rc;
}

/* STATUS and GC are of no container: they have no names of one. */
static const char **environment(struct hull_call *call, const struct cni_run *r)
{
    const struct {
        const char *name, *value;
    } all[] = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
               {"CNI_COMMAND", r->command},
               {"CNI_PATH", cni_path(call)},
               {"CNI_CONTAINERID", r->container_id},
               {"CNI_NETNS", r->netns},
               {"CNI_IFNAME", r->ifname}};
    const char **envp = hull_alloc(call, (HULL_COUNT(all) + 1) * sizeof(*envp));
    size_t n = 0;
    for (size_t i = 0; i < HULL_COUNT(all); i++) {
        if (all[i].value != NULL)
            envp[n++] = hull_printf(call, "%s=%s", all[i].name, all[i].value);
    }
    envp[n] = NULL;
    return envp;
}

/* What it said: CNI's error, else the last line of what it wrote elsewhere. */
static int failed(struct hull_call *call, struct job *job)
{
    int64_t code = 0;
    const char *text =
        job->output.length == 0
            ? NULL
            : cni_error_text(hull_call_arena(call), job->output.data, job->output.length, &code);
    if (text == NULL && job->errors.length > 0) {
        char *end = job->errors.data + job->errors.length;
        while (end > job->errors.data && (end[-1] == '\n' || end[-1] == ' '))
            *--end = '\0';
        char *line = strrchr(job->errors.data, '\n');
        text = line != NULL ? line + 1 : job->errors.data;
    }
    if (text != NULL && *text != '\0')
        return hull_fail(call, code == CNI_TRY_AGAIN ? HULL_UNAVAILABLE : HULL_INTERNAL, "%s",
                         text);
    if (WIFSIGNALED(job->status))
        return hull_fail(call, HULL_IO, "it was killed by signal %d", WTERMSIG(job->status));
    return hull_fail(call, HULL_IO, "it failed with status %d and said nothing",
                     WEXITSTATUS(job->status));
}

int cni_exec(struct hull_call *call, const struct cni_run *r, const char **ret_output)
{
    struct job *job = hull_alloc(call, sizeof(*job));
    int64_t limit = cni_options()->timeout_ms;
    *job = (struct job){.run = *r,
                        .envp = environment(call, r),
                        .timeout_ms = limit > 0 ? limit : TIMEOUT_MS,
                        .output = HULL_TEXT(hull_call_arena(call)),
                        .errors = HULL_TEXT(hull_call_arena(call))};
    int rc = cni_find_plugin(call, r->type, &job->program);
    if (rc < 0)
        return rc;
    rc = hull_task_join(call, hull_task_start(call, "cni", run, job));
    if (rc == -HULL_TIMEOUT && hull_check(call) == 0)
        rc = hull_fail(call, HULL_IO, "it did not end within %lld s",
                       (long long)(job->timeout_ms + 999) / 1000);
    else if (rc == 0 && job->status != 0)
        rc = failed(call, job);
    *ret_output = job->output.length > 0 ? job->output.data : "";
    return hull_wrap(call, rc, "cni plugin \"%s\": %s", r->type, r->command);
}
