/*
 * client.c: the daemon's end of the conversation with a shim.
 */
#include "shimmed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool client_is_shortage(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS;
}

static int no_answer(struct hull_call *call, int err, const char *what, const char *dir,
                     const char *name)
{
    enum hull_kind kind = client_is_shortage(err) ? HULL_IO
                          : err == ECONNREFUSED   ? HULL_NOT_FOUND
                          : err == EAGAIN         ? HULL_TIMEOUT
                                                  : hull_kind_of_errno(err);
    return hull_fail(call, kind, "%s the shim of %s/%s: %s", what, dir, name,
                     err == EAGAIN ? "it does not answer" : strerror(err));
}

int client_connect(struct hull_call *call, const char *dir, const char *name, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    HULL_AUTO_FD dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD fd =
        dir_fd < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dir_fd < 0 || fd < 0)
        return no_answer(call, errno, "looking for", dir, name);
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s.sock", dir_fd,
                     name);
    if (n >= (int)sizeof(address.sun_path))
        return hull_fail(call, HULL_INVALID, "process id \"%s\" is too long", name);
    /* The loop must not wait for a shim that is stuck, with a full queue. */
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return no_answer(call, errno, "connecting to", dir, name);
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}

static int send_request(struct hull_call *call, int fd, const struct shim_packet *request,
                        int passed_fd)
{
    struct shim_packet packet = *request;
    packet.magic = SHIM_MAGIC;
    if (send_packet(fd, &packet, offsetof(struct shim_packet, text) + 1, passed_fd) < 0)
        return hull_fail(call, client_is_shortage(errno) ? HULL_IO : HULL_UNAVAILABLE,
                         "the shim of the container can't be asked: %s", strerror(errno));
    return 0;
}

static ssize_t receive(int fd, struct shim_packet *ret, int *ret_fd)
{
    *ret = (struct shim_packet){};
    ssize_t n = receive_packet(fd, ret, sizeof(*ret), MSG_DONTWAIT, ret_fd);
    ret->text[sizeof(ret->text) - 1] = '\0';
    return n;
}

int client_ask(struct hull_call *call, int fd, const struct shim_packet *request, int passed_fd,
               struct shim_packet *ret_reply, int *ret_fd)
{
    HULL_AUTO_FD came = -1;
    int rc = send_request(call, fd, request, passed_fd);
    if (rc == 0)
        rc = hull_wait_fd(call, fd, POLLIN);
    if (rc < 0)
        return rc;
    ssize_t got = receive(fd, ret_reply, &came);
    if (got < 0 && client_is_shortage(errno))
        return hull_fail(call, HULL_IO, "the answer of the container's shim can't be taken: %s",
                         strerror(errno));
    if (got <= 0)
        return hull_fail(call, HULL_UNAVAILABLE, "the shim of the container has died");
    if (ret_reply->kind > 0)
        return hull_fail(call, (enum hull_kind)ret_reply->kind, "%s", ret_reply->text);
    if (ret_fd != NULL)
        *ret_fd = HULL_TAKE_FD(came);
    return 0;
}

struct question {
    int fd;
    const struct shim_packet *request;
    int64_t most_ms;
    struct shim_packet *answer;
    int *ret_fd;
};

static int put(struct hull_call *call, void *arg)
{
    const struct question *question = arg;
    hull_call_set_timeout(call, question->most_ms);
    return client_ask(call, question->fd, question->request, -1, question->answer,
                      question->ret_fd);
}

int client_ask_within(struct hull_call *call, int fd, uint32_t op, int64_t most_ms,
                      struct shim_packet *ret_reply, int *ret_fd)
{
    const struct shim_packet request = {.op = op};
    struct question question = {fd, &request, most_ms, ret_reply, ret_fd};
    int rc = hull_task_join(call, hull_task_start(call, "ask shim", put, &question));
    if (rc != -HULL_TIMEOUT || hull_check(call) < 0)
        return rc;
    return hull_fail(call, HULL_TIMEOUT,
                     "its hull-shim does not answer: it is stopped, or stuck in the kernel");
}

int client_once(struct hull_call *call, const struct ctr *ctr, struct process *process,
                const struct shim_packet *request, int passed_fd, struct shim_packet *ret_reply,
                int *ret_fd)
{
    HULL_AUTO_FD fd = HULL_TAKE_FD(process->control);
    if (fd < 0) {
        int rc = client_connect(call, ctr->dir, process->name, &fd);
        return rc < 0 ? rc : client_ask(call, fd, request, passed_fd, ret_reply, ret_fd);
    }
    /* Copies, for both may be gone after the wait. */
    const char *id = hull_strdup(call, ctr->id), *name = hull_strdup(call, process->name);
    int rc = client_ask(call, fd, request, passed_fd, ret_reply, ret_fd);
    struct process *now = rc < 0 ? NULL : ctr_find_process(ctr_find(id), name);
    if (now != NULL && now->control < 0)
        now->control = HULL_TAKE_FD(fd);
    return rc;
}

/* What a shim does at once, unless it hangs in the kernel with a disk or a server. */
#define ANSWER_MS 5000

struct asking {
    const char *id, *name;
    const struct shim_packet *request;
    int passed_fd;
    struct shim_packet *answer;
    int *ret_fd;
};

static int ask_soon(struct hull_call *call, void *arg)
{
    const struct asking *asking = arg;
    struct ctr *ctr;
    struct process *process;
    hull_call_set_timeout(call, ANSWER_MS);
    int rc = ctr_process(call, asking->id, asking->name, &ctr, &process);
    return rc < 0 ? rc
                  : client_once(call, ctr, process, asking->request, asking->passed_fd,
                                asking->answer, asking->ret_fd);
}

int client_soon(struct hull_call *call, const char *id, const char *name,
                const struct shim_packet *request, int passed_fd, int *ret_fd)
{
    struct shim_packet answer;
    struct asking asking = {id, name, request, passed_fd, &answer, ret_fd};
    int rc = hull_task_join(call, hull_task_start(call, "ask shim", ask_soon, &asking));
    if (rc != -HULL_TIMEOUT || hull_check(call) < 0)
        return rc;
    return hull_fail(call, HULL_TIMEOUT,
                     "the shim of container %s does not answer: it may hang in the kernel, with a "
                     "disk or a server",
                     id);
}

int client_exit_file(struct hull_call *call, const char *dir, const char *name,
                     struct runtime_exit *ret)
{
    long long status, time;
    int oom;
    errno = 0;
    char *text = cg_read(hull_call_arena(call), dir, hull_printf(call, "%s.exit", name));
    if (text == NULL && client_is_shortage(errno))
        return hull_fail(call, HULL_IO, "reading the exit status of %s/%s: %s", dir, name,
                         strerror(errno));
    if (text == NULL || sscanf(text, "%lld %d %lld", &status, &oom, &time) != 3 || status < 0 ||
        status > 255)
        return hull_fail(call, HULL_NOT_FOUND, "no exit status of %s/%s", dir, name);
    *ret = (struct runtime_exit){.status = status, .oom_killed = oom != 0, .time_ns = time};
    return 0;
}
