/*
 * command.c: running a runtime for one command. What it writes and its log go to memory, so that
 * it waits for nobody.
 */
#include "oci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/shim/runtime_error.h"

#define COMMAND_MS 60000
#define OUTPUT_MAX ((off_t)1 << 20)

/* Descriptors of the runtime. */
enum { FD_OUTPUT = 1, FD_LOG = 3, FD_INPUT, FD_COUNT };

/* All in the arena of the caller: a task that is cancelled may outlast who waited for it. */
struct job {
    const char **argv;
    int output_fd, log_fd, input_fd;
    struct helper helper;
    int status;
};

const char OCI_INPUT[] = "(a file)";

const char *oci_root(struct hull_call *call, const char *dir)
{
    return hull_printf(call, "%s/" OCI_FOLDER "/state", dir);
}

static void add(struct hull_call *call, struct hull_strv *line, const char *word)
{
    hull_strv_add(hull_call_arena(call), line, word);
}

static const char **command_line(struct hull_call *call, const struct oci_command *command)
{
    struct hull_strv line = {};
    add(call, &line, command->runtime);
    for (size_t i = 0; i < command->runtime_args->n; i++)
        add(call, &line, command->runtime_args->v[i]);
    add(call, &line, "--root");
    add(call, &line, oci_root(call, command->dir));
    add(call, &line, "--log");
    add(call, &line, hull_printf(call, "/proc/self/fd/%d", FD_LOG));
    add(call, &line, "--log-format");
    add(call, &line, "json");
    for (size_t i = 0; command->argv[i] != NULL; i++)
        add(call, &line,
            command->argv[i] == OCI_INPUT ? hull_printf(call, "/proc/self/fd/%d", FD_INPUT)
                                          : command->argv[i]);
    add(call, &line, NULL);
    return line.v;
}

/* Its end, whatever the caller's fate: the helper is a child of this process. */
static int run(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    int fds[FD_COUNT] = {-1, job->output_fd, -1, job->log_fd, job->input_fd};
    struct helper_spec spec = {
        .path = job->argv[0], .argv = job->argv, .fds = fds, .fd_count = FD_COUNT};
    hull_call_set_timeout(call, COMMAND_MS);
    int rc = helper_start(call, &spec, &job->helper);
    if (rc < 0)
        return rc;
    rc = helper_wait(call, &job->helper, &job->status);
    if (rc < 0)
        helper_kill_cleanup(call, &job->helper);
    return rc;
}

static const char *content(struct hull_call *call, int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size > OUTPUT_MAX)
        return "";
    char *text = hull_alloc(call, (size_t)st.st_size + 1);
    ssize_t n = pread(fd, text, (size_t)st.st_size, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static int judge(struct hull_call *call, const struct oci_command *command, const struct job *job)
{
    if (job->status == 0)
        return 0;
    const char *text = runtime_error(hull_call_arena(call), content(call, job->log_fd));
    if (text[0] != '\0')
        return hull_fail(call, HULL_INTERNAL, "%s", text);
    return hull_fail(call, HULL_INTERNAL, "%s %s ended with status %d and said nothing",
                     command->runtime, command->argv[0],
                     WIFSIGNALED(job->status) ? 128 + WTERMSIG(job->status)
                                              : WEXITSTATUS(job->status));
}

static int prepare(struct hull_call *call, const struct oci_command *command, struct job *job)
{
    job->argv = command_line(call, command);
    job->output_fd = memfd_create("hull-oci-output", MFD_CLOEXEC);
    job->log_fd = memfd_create("hull-oci-log", MFD_CLOEXEC);
    job->input_fd = command->input == NULL ? -1 : memfd_create("hull-oci-input", MFD_CLOEXEC);
    if (job->output_fd < 0 || job->log_fd < 0 || (command->input != NULL && job->input_fd < 0))
        return hull_fail_errno(call, errno, "memfd_create");
    size_t length = command->input == NULL ? 0 : strlen(command->input);
    if (length > 0 && write(job->input_fd, command->input, length) != (ssize_t)length)
        return hull_fail_errno(call, errno, "write the runtime's input");
    return 0;
}

int oci_run(struct hull_call *call, const struct oci_command *command, const char **ret_output)
{
    struct job *job = HULL_NEW(hull_call_arena(call), struct job);
    *job = (struct job){.output_fd = -1, .log_fd = -1, .input_fd = -1};
    int rc = prepare(call, command, job);
    if (rc == 0)
        rc = hull_task_join(call, hull_task_start(call, "oci runtime", run, job));
    if (rc == -HULL_TIMEOUT && hull_check(call) == 0)
        rc = hull_fail(call, HULL_INTERNAL, "%s %s did not end within %d s", command->runtime,
                       command->argv[0], COMMAND_MS / 1000);
    if (rc == 0)
        rc = judge(call, command, job);
    if (rc == 0 && ret_output != NULL)
        *ret_output = content(call, job->output_fd);
    hull_fd_cleanup(&job->output_fd);
    hull_fd_cleanup(&job->log_fd);
    hull_fd_cleanup(&job->input_fd);
    return rc;
}
