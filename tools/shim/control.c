/*
 * control.c: the requests of the daemon.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool control_quit;

/* Connections whose request is answered at the end of the program. */
static int *waiting;
static size_t waiting_count;

/* What the daemon wants to find again after a restart; closed when the program has ended. */
static int kept[SHIM_KEPT_MAX] = {-1, -1, -1, -1};

static bool answer(int fd, const struct shim_packet *reply, int passed_fd)
{
    size_t size = offsetof(struct shim_packet, text) + strlen(reply->text) + 1;
    return send_packet(fd, reply, size, passed_fd) == 0;
}

static void set_error(struct shim_packet *reply)
{
    reply->kind = shim_problem.kind == 0 ? HULL_INTERNAL : (int32_t)shim_problem.kind;
    memcpy(reply->text, shim_problem.text, strlen(shim_problem.text) + 1);
}

static int signal_child(int signal)
{
    if (shim.state == SHIM_EXITED || shim.state == SHIM_FAILED)
        return shim_fail(HULL_NOT_FOUND, "the process has ended");
    if (syscall(SYS_pidfd_send_signal, shim.pidfd, signal, NULL, 0) < 0)
        return shim_fail_errno("send signal %d", signal);
    return 0;
}

static int create(struct shim_packet *reply)
{
    if (shim.state != SHIM_NEW)
        return shim_fail(HULL_CONFLICT, "it is made already");
    int rc = shim_prepare();
    shim.state = rc < 0 ? SHIM_FAILED : SHIM_CREATED;
    reply->a = shim.pid;
    return rc;
}

static int start(struct shim_packet *reply)
{
    if (shim.state != SHIM_CREATED)
        return shim_fail(HULL_CONFLICT, "it can't be started: it is not in state created");
    shim.state = SHIM_RUNNING;
    int rc = shim_start();
    if (rc < 0)
        shim.state = SHIM_FAILED;
    reply->a = shim.pid;
    return rc;
}

static int resize(const struct shim_packet *request)
{
    struct winsize size = {.ws_row = (unsigned short)request->a,
                           .ws_col = (unsigned short)request->b};
    if (shim.tty_fd < 0 || shim.state == SHIM_EXITED)
        return 0;
    return ioctl(shim.tty_fd, TIOCSWINSZ, &size) < 0 ? shim_fail_errno("resize the terminal") : 0;
}

static void fill_status(struct shim_packet *reply)
{
    reply->a = shim.state;
    reply->b = shim.pid;
    reply->c = shim.tty;
    snprintf(reply->text, sizeof(reply->text), "%d", (int)getpid());
}

static void fill_exit(struct shim_packet *reply)
{
    reply->a = shim.status;
    reply->b = shim.time_ns;
    reply->c = shim.oom;
}

static bool wait_end(int fd, struct shim_packet *reply)
{
    if (shim.state == SHIM_EXITED) {
        fill_exit(reply);
        return answer(fd, reply, -1);
    }
    int *more = realloc(waiting, (waiting_count + 1) * sizeof(*waiting));
    if (more == NULL)
        return false;
    waiting = more;
    waiting[waiting_count++] = fd;
    return true;
}

static void quit(void)
{
    if (shim.state != SHIM_EXITED && shim.pidfd >= 0)
        syscall(SYS_pidfd_send_signal, shim.pidfd, SIGKILL, NULL, 0);
    control_quit = true;
}

void control_forget(int fd)
{
    for (size_t i = 0; i < waiting_count; i++) {
        if (waiting[i] == fd)
            waiting[i--] = waiting[--waiting_count];
    }
}

/* Takes FD. */
static int keep(int64_t place, int fd)
{
    HULL_AUTO_FD taken = fd;
    if (place < 0 || place >= SHIM_KEPT_MAX || fd < 0)
        return shim_fail(HULL_INVALID, "there is no place %lld", (long long)place);
    hull_fd_cleanup(&kept[place]);
    kept[place] = shim.ended ? -1 : HULL_TAKE_FD(taken);
    return 0;
}

static int find_kept(int64_t place)
{
    return place < 0 || place >= SHIM_KEPT_MAX ? -1 : kept[place];
}

void control_exited(void)
{
    for (size_t i = 0; i < SHIM_KEPT_MAX; i++) {
        hull_fd_cleanup(&kept[i]);
        kept[i] = -1;
    }
    struct shim_packet reply = {.magic = SHIM_MAGIC, .op = SHIM_WAIT};
    fill_exit(&reply);
    for (size_t i = 0; i < waiting_count; i++)
        (void)answer(waiting[i], &reply, -1);
    waiting_count = 0;
}

bool control_handle(int fd, const struct shim_packet *request, int passed_fd)
{
    struct shim_packet reply = {.magic = SHIM_MAGIC, .op = request->op};
    int rc = 0, reply_fd = -1;
    if (request->op == SHIM_ATTACH && passed_fd >= 0)
        output_attach(HULL_TAKE_FD(passed_fd), (int)request->a);
    if (request->op == SHIM_KEEP)
        rc = keep(request->a, HULL_TAKE_FD(passed_fd));
    if (passed_fd >= 0)
        close(passed_fd);
    switch (request->op) {
    case SHIM_CREATE:
        rc = create(&reply);
        reply_fd = rc < 0 ? -1 : shim.pidfd;
        break;
    case SHIM_START:
        rc = start(&reply);
        break;
    case SHIM_ATTACH:
    case SHIM_KEEP:
        break;
    case SHIM_KEPT:
        reply_fd = find_kept(request->a);
        break;
    case SHIM_RESIZE:
        rc = resize(request);
        break;
    case SHIM_KILL:
        rc = signal_child((int)request->a);
        break;
    case SHIM_WAIT:
        return wait_end(fd, &reply);
    case SHIM_STATUS:
        fill_status(&reply);
        reply_fd = shim.pidfd;
        break;
    case SHIM_QUIT:
        quit();
        return true;
    default:
        rc = shim_fail(HULL_NOT_SUPPORTED, "hull-shim does not know operation %u", request->op);
    }
    if (rc < 0)
        set_error(&reply);
    return answer(fd, &reply, reply_fd);
}
