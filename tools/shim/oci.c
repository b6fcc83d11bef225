/*
 * oci.c: the process is made by an OCI runtime, which is started for each step and ends. The
 * shim is the subreaper, so that the process becomes its child; from then on there is no difference
 * to one that the shim made itself.
 *
 * create and exec get the program's streams as their own, as the specification has it. What a
 * runtime that fails wrote to them is not the program's, and is thrown away: its log says what was
 * wrong.
 */
#include "tools/shim/shim.h"

#include "plugins/common/plain.h"
#include "tools/shim/runtime_error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX 65536
#define EXIT_NO_EXEC 255

static struct hull_arena *arena;
static struct stdio streams;
static int console_fd = -1; /* where the runtime brings the terminal */
static const int nothing[3] = {0, 1, 2};

static const char *file_name(const char *suffix)
{
    return hull_arena_printf(arena, "oci/%s.%s", shim.plan.name, suffix);
}

static const char *file_path(const char *suffix)
{
    return hull_arena_printf(arena, "%s/%s", shim.plan.dir, file_name(suffix));
}

/* --- running it ------------------------------------------------------------------------------ */

static char *const *command_line(const char *const *command)
{
    const char *const options[] = {"--root",         shim.plan.runtime_root, "--log",
                                   file_path("log"), "--log-format",         "json"};
    struct hull_strv line = {};
    hull_strv_add(arena, &line, shim.plan.runtime);
    for (size_t i = 0; i < shim.plan.runtime_args.n; i++)
        hull_strv_add(arena, &line, shim.plan.runtime_args.v[i]);
    for (size_t i = 0; i < HULL_COUNT(options); i++)
        hull_strv_add(arena, &line, options[i]);
    for (; *command != NULL; command++)
        hull_strv_add(arena, &line, *command);
    const char **argv = HULL_NEW_ARRAY(arena, const char *, line.n + 1);
    memcpy(argv, line.v, line.n * sizeof(*argv));
    return (char *const *)(uintptr_t)argv;
}

static void HULL_NORETURN become(char *const *argv, const int fds[3], int report_fd)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *env[] = {path, NULL};
    sigset_t none;
    /* Without the shim nobody would know of what comes of it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    for (int i = 0; i < 3; i++) {
        if (fds[i] != i && dup2(fds[i], i) < 0)
            _exit(EXIT_NO_EXEC);
    }
    execve(argv[0], argv, env);
    int err = errno;
    (void)!write(report_fd, &err, sizeof(err));
    _exit(EXIT_NO_EXEC);
}

static const char *read_log(void)
{
    char *text = hull_arena_alloc(arena, LOG_MAX + 1);
    HULL_AUTO_FD fd = plain_open(SHIM_FD_DIR, file_name("log"), O_RDONLY, 0);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX)
        (void)lseek(fd, st.st_size - LOG_MAX, SEEK_SET);
    ssize_t n = fd < 0 ? -1 : read(fd, text, LOG_MAX);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static int failed(int status)
{
    const char *text = runtime_error(arena, read_log());
    const char *begin = shim.plan.exec && strncmp(text, "unable to start", 15) == 0
                            ? "exec failed: " /* in runc's words, which clients know */
                            : "";
    bool program = strstr(text, "not found in $PATH") != NULL ||
                   strstr(text, "no such file or directory") != NULL ||
                   strstr(text, "permission denied") != NULL;
    if (text[0] != '\0')
        return shim_fail(program ? HULL_INVALID : HULL_INTERNAL, "%s%s", begin, text);
    return shim_fail(HULL_INTERNAL, "%s ended with status %d and said nothing", shim.plan.runtime,
                     WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Run the runtime with COMMAND and wait for it. */
static int run(const char *const *command, const int fds[3])
{
    char *const *argv = command_line(command);
    int report[2], err = 0, status = 0;
    (void)unlinkat(SHIM_FD_DIR, file_name("log"), 0);
    if (pipe2(report, O_CLOEXEC) < 0)
        return shim_fail_errno("pipe");
    pid_t pid = fork();
    if (pid == 0)
        become(argv, fds, report[1]);
    close(report[1]);
    ssize_t n = pid < 0 ? -1 : read(report[0], &err, sizeof(err));
    close(report[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0)
        return shim_fail_errno("fork");
    errno = err;
    if (n > 0)
        return shim_fail_errno("runtime %s", shim.plan.runtime);
    return status == 0 ? 0 : failed(status);
}

/* --- what it made ---------------------------------------------------------------------------- */

/* The process whose number the runtime wrote: it has to be our child by now. */
static int take_process(void)
{
    char text[32] = "";
    siginfo_t info;
    HULL_AUTO_FD fd = plain_open(SHIM_FD_DIR, file_name("pid"), O_RDONLY, 0);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    if (pid <= 1 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return shim_fail(HULL_INTERNAL, "%s told no process of its own: \"%s\"", shim.plan.runtime,
                         text);
    shim.pid = (pid_t)pid;
    shim.pidfd = (int)syscall(SYS_pidfd_open, shim.pid, 0);
    return shim.pidfd < 0 ? shim_fail_errno("open process %ld", pid) : 0;
}

static int console_listen(const char **ret_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* By our number, since the folder's own path may be too long for a socket. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/%d/fd/%d/%s", (int)getpid(),
             SHIM_FD_DIR, file_name("tty"));
    (void)unlinkat(SHIM_FD_DIR, file_name("tty"), 0);
    console_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (console_fd < 0 || bind(console_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(console_fd, 1) < 0)
        return shim_fail_errno("make the socket for the terminal");
    *ret_path = hull_arena_strdup(arena, address.sun_path);
    return 0;
}

/* The runtime has ended: what it sent is there. */
static int console_take(void)
{
    char word[4096];
    int master = -1;
    HULL_AUTO_FD connection = accept4(console_fd, NULL, NULL, SOCK_CLOEXEC);
    const struct oci_box *box = shim.plan.spec.process.console_size;
    if (connection < 0 ||
        receive_packet(connection, word, sizeof(word), MSG_DONTWAIT, &master) < 0 || master < 0)
        return shim_fail(HULL_INTERNAL, "no terminal came from %s", shim.plan.runtime);
    fcntl(master, F_SETFL, O_NONBLOCK);
    output_set_terminal(master);
    if (box != NULL) {
        struct winsize size = {.ws_row = (unsigned short)box->height,
                               .ws_col = (unsigned short)box->width};
        (void)ioctl(master, TIOCSWINSZ, &size);
    }
    return 0;
}

static void console_close(void)
{
    if (console_fd < 0)
        return;
    close(HULL_TAKE_FD(console_fd));
    (void)unlinkat(SHIM_FD_DIR, file_name("tty"), 0);
}

/* What a runtime that failed had to say where the program would have. */
static void drop_output(void)
{
    char buffer[4096];
    for (int i = 1; i < 3; i++) {
        while (streams.parent[i] >= 0 && read(streams.parent[i], buffer, sizeof(buffer)) > 0)
            ;
    }
}

/* Run COMMAND, which has room for two more words before its last, and take the process. */
static int make_process(const char **command, size_t room)
{
    const char *socket_path = NULL;
    int rc = shim.tty ? console_listen(&socket_path) : 0;
    if (rc < 0)
        return rc;
    if (shim.tty) {
        command[room + 2] = command[room];
        command[room] = "--console-socket";
        command[room + 1] = socket_path;
    }
    rc = run(command, streams.child);
    if (rc == 0)
        rc = take_process();
    if (rc == 0 && shim.tty)
        rc = console_take();
    console_close();
    if (rc < 0)
        drop_output();
    stdio_close(streams.child);
    return rc;
}

/* --- the steps ------------------------------------------------------------------------------- */

/*
 * A runtime may give the standard streams to the program's user, and crun 1.8 did so with the
 * host's /dev/null. A pipe that nobody writes to ends as soon.
 */
static int empty_input(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return shim_fail_errno("pipe");
    close(ends[1]);
    streams.child[0] = ends[0];
    return 0;
}

int shim_spawn(void)
{
    arena = hull_arena_new();
    int rc = userns_find();
    if (rc == 0)
        rc = stdio_make(&streams);
    if (rc == 0 && !shim.tty && !shim.plan.open_stdin)
        rc = empty_input();
    if (rc == 0)
        rc = userns_own_stdio(streams.child);
    if (rc == 0 && !shim.tty)
        output_open(streams.parent[0], streams.parent[1], streams.parent[2]);
    return rc;
}

static void close_inherited(void)
{
    for (int fd = SHIM_FD_ROOTFS; fd <= SHIM_FD_USERNS; fd++)
        close(fd);
}

int shim_prepare(void)
{
    const char *command[] = {
        "create", "--bundle", NULL, "--pid-file", file_path("pid"), shim.plan.container,
        NULL,     NULL,       NULL};
    if (shim.plan.exec) {
        int rc = bundle_process();
        close_inherited();
        return rc;
    }
    int rc = bundle_make(&command[2]);
    close_inherited();
    if (rc == 0)
        rc = make_process(command, 5);
    return rc < 0 ? rc : bundle_domain();
}

int shim_start(void)
{
    const char *start[] = {"start", shim.plan.container, NULL};
    const char *exec[] = {"exec",
                          "--process",
                          file_path("json"),
                          "--detach",
                          "--pid-file",
                          file_path("pid"),
                          shim.plan.container,
                          NULL,
                          NULL,
                          NULL};
    return shim.plan.exec ? make_process(exec, 6) : run(start, nothing);
}
