/*
 * log_forward.c: a fiber per container reads lines and has the driver send them. There is one at
 * most for a container: a start while the last run is still being delivered only leaves its END.
 */
#include "log_forward.h"
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <hull/daemon.h>
#include <hull/hull.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
/* How long delivery is tried after the container's files have gone. */
#define REMOVED_MS 10000
#define POSITION_SIZE 80
#define HEAD_SIZE 8

struct delivery {
    struct log_target target;
    struct delivery *next;
    struct hull_stream *reader;
    int next_end_fd; /* of a run that began meanwhile, or -1 */
    bool again;      /* such a run began */
    bool removed;
    int64_t give_up_ms;
    int64_t delay_ms;
    struct hull_cond changed; /* removed */
    int cursor_fd;
    char sent[POSITION_SIZE];    /* behind the last line sent */
    char arrived[POSITION_SIZE]; /* behind the last line that the receiver is known to have */
    bool have;                   /* record is read and not sent yet */
    struct log_record record;
    char record_position[POSITION_SIZE];
    char *buffer;
    size_t at, end, room;
};

static struct delivery *deliveries;

const char *log_option(const struct log_target *target, const char *name, const char *default_value)
{
    const char *value = hull_map_find(&target->request.options, name);

    return value && *value ? value : default_value;
}

/* --- check ------------------------------------------------------------------------------------ */

static bool listed(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

int log_forward_check(struct hull_call *call, const struct log_driver *driver,
                      const struct log_check_request *request)
{
    /* What the engine deals with for every driver. */
    static const char *const common[] = {"tag",
                                         "labels",
                                         "labels-regex",
                                         "env",
                                         "env-regex",
                                         "mode",
                                         "max-buffer-size",
                                         "cache-max-size",
                                         "cache-max-file",
                                         NULL};
    struct log_target target = {.driver = driver, .arena = hull_call_arena(call), .fd = -1};

    for (size_t i = 0; i < request->options.n; i++) {
        const char *key = request->options.v[i].key;

        if (!listed(common, key) && !listed(driver->options, key))
            return hull_fail(call, HULL_INVALID, "unknown log opt '%s' for %s log driver", key,
                             driver->name);
    }
    target.request.options = request->options;
    return driver->setup(call, &target);
}

/* --- the cursor ------------------------------------------------------------------------------- */

/* A record of fixed size, written in place: it survives the daemon, not the host. */
static void cursor_write(struct delivery *delivery)
{
    char text[POSITION_SIZE + 1];

    snprintf(text, sizeof(text), "%-*s\n", POSITION_SIZE - 1, delivery->sent);
    if (pwrite(delivery->cursor_fd, text, POSITION_SIZE, 0) != POSITION_SIZE)
        hull_log(NULL, HULL_LOG_WARN, "log position not kept: lines may be sent twice", "container",
                 delivery->target.request.id, "error", strerror(errno), NULL);
}

static int cursor_open(struct hull_call *call, struct delivery *delivery)
{
    char *path = hull_printf(call, "%s.cursor", delivery->target.request.path);
    char text[POSITION_SIZE] = "";
    ssize_t got;

    delivery->cursor_fd = plain_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
    if (delivery->cursor_fd < 0)
        return hull_fail(call, hull_kind_of_errno(-delivery->cursor_fd), "opening %s: %s", path,
                         plain_why(-delivery->cursor_fd));
    got = pread(delivery->cursor_fd, text, sizeof(text) - 1, 0);
    text[got < 0 ? 0 : got] = '\0';
    text[strcspn(text, " \n")] = '\0';
    memcpy(delivery->sent, text, sizeof(text));
    memcpy(delivery->arrived, text, sizeof(text));
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Takes the END that is there. */
static int open_reader(struct hull_call *call, struct delivery *delivery, int end_fd,
                       const char *from)
{
    const struct log_read_request request = {
        .path = delivery->target.request.path,
        .stdout_ = true,
        .stderr_ = true,
        .multiplexed = true,
        .positions = true,
        .from = *from ? from : NULL,
        .follow = end_fd >= 0,
        .end_fd = end_fd,
    };
    struct container_stream_reply reply;
    int rc = log_read(call, "log/json-file", &request, &reply);

    if (rc < 0)
        return rc;
    hull_stream_close(delivery->reader);
    delivery->reader = reply.stream;
    delivery->at = delivery->end = 0;
    delivery->have = false;
    return 0;
}

static int copy_end(struct hull_call *call, const struct delivery *delivery, int *ret_fd)
{
    int end_fd = delivery->target.request.end_fd;

    *ret_fd = end_fd < 0 ? -1 : fcntl(end_fd, F_DUPFD_CLOEXEC, 3);
    return end_fd >= 0 && *ret_fd < 0 ? hull_fail_errno(call, errno, "following the log") : 0;
}

static int reopen(struct hull_call *call, struct delivery *delivery, const char *from)
{
    int end_fd, rc = copy_end(call, delivery, &end_fd);

    return rc < 0 ? rc : open_reader(call, delivery, end_fd, from);
}

/* At least SIZE bytes in the buffer: 1, or 0 at the end. */
static int fill(struct hull_call *call, struct delivery *delivery, size_t size)
{
    while (delivery->end - delivery->at < size) {
        ssize_t got;

        if (delivery->at > 0)
            memmove(delivery->buffer, delivery->buffer + delivery->at,
                    delivery->end - delivery->at);
        delivery->end -= delivery->at;
        delivery->at = 0;
        if (delivery->room < size || delivery->room == delivery->end) {
            delivery->room = size + 65536;
            delivery->buffer = realloc(delivery->buffer, delivery->room);
            HULL_ASSERT(delivery->buffer);
        }
        got = hull_stream_read(call, delivery->reader, delivery->buffer + delivery->end,
                               delivery->room - delivery->end);
        if (got <= 0)
            return (int)got;
        delivery->end += (size_t)got;
    }
    return 1;
}

static void take_record(struct delivery *delivery, const char *frame, size_t length)
{
    struct log_record *record = &delivery->record;
    const char *text = frame + HEAD_SIZE;
    const char *space = memchr(text, ' ', length), *time;

    HULL_ASSERT(space && space - text < POSITION_SIZE);
    memcpy(delivery->record_position, text, (size_t)(space - text));
    delivery->record_position[space - text] = '\0';
    time = strrchr(delivery->record_position, ':');
    HULL_ASSERT(time);
    *record = (struct log_record){
        .text = space + 1,
        .length = length - (size_t)(space + 1 - text),
        .from_stderr = frame[0] == 2,
        .time_ns = strtoll(time + 1, NULL, 10),
        .partial = true,
    };
    if (record->length > 0 && record->text[record->length - 1] == '\n') {
        record->length--;
        record->partial = false;
    }
    delivery->have = true;
}

/* The next record stays in the buffer until the one after: 1, or 0 at the end. */
static int next_record(struct hull_call *call, struct delivery *delivery)
{
    int rc = fill(call, delivery, HEAD_SIZE);
    const unsigned char *head = (const unsigned char *)delivery->buffer + delivery->at;
    size_t length;

    if (rc <= 0)
        return rc;
    length = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
    rc = fill(call, delivery, HEAD_SIZE + length);
    if (rc <= 0)
        return rc;
    take_record(delivery, delivery->buffer + delivery->at, length);
    delivery->at += HEAD_SIZE + length;
    return 1;
}

/* --- delivering ------------------------------------------------------------------------------- */

static int send_record(struct hull_call *call, struct delivery *delivery)
{
    struct log_target *target = &delivery->target;
    int rc = target->fd < 0 ? log_socket_open(call, &target->address, &target->fd) : 0;

    if (rc == 0)
        rc = target->driver->send(call, target, &delivery->record);
    if (rc < 0)
        return rc;
    delivery->have = false;
    delivery->delay_ms = 0;
    memcpy(delivery->sent, delivery->record_position, POSITION_SIZE);
    if (log_socket_arrived(target->fd, &target->address))
        memcpy(delivery->arrived, delivery->sent, POSITION_SIZE);
    cursor_write(delivery);
    return 0;
}

static int finish(struct hull_call *call, struct delivery *delivery)
{
    struct log_target *target = &delivery->target;
    int rc = target->fd < 0 ? 0 : log_socket_finish(call, target->fd, &target->address);

    if (rc == 0) {
        memcpy(delivery->arrived, delivery->sent, POSITION_SIZE);
        hull_fd_cleanup(&target->fd);
        target->fd = -1;
    }
    return rc;
}

static int pause_or_removal(struct hull_call *call, void *arg)
{
    struct delivery *delivery = arg;

    return hull_cond_wait(call, &delivery->changed);
}

/* After a failure: what the receiver may not have is sent again, later. */
static int back_off(struct hull_call *call, struct delivery *delivery)
{
    struct log_target *target = &delivery->target;
    int rc;

    hull_fd_cleanup(&target->fd);
    target->fd = -1;
    if (delivery->delay_ms == 0)
        hull_log(call, HULL_LOG_WARN, "log receiver away", "driver", target->driver->name,
                 "container", target->request.id, "error", hull_error(call), NULL);
    hull_error_clear(call);
    delivery->delay_ms = delivery->delay_ms == 0 ? BACKOFF_MIN_MS : 2 * delivery->delay_ms;
    if (delivery->delay_ms > BACKOFF_MAX_MS)
        delivery->delay_ms = BACKOFF_MAX_MS;
    rc = hull_request(call, "log back-off", delivery->delay_ms, pause_or_removal, delivery);
    if (rc == -HULL_UNAVAILABLE) /* the engine shuts down: the next one goes on from here */
        return hull_fail(call, HULL_CANCELED, "the engine is shutting down");
    rc = hull_check(call);
    if (rc < 0)
        return rc;
    hull_error_clear(call);
    if (delivery->removed && hull_now_ms() > delivery->give_up_ms)
        return hull_fail(call, HULL_UNAVAILABLE,
                         "the container was removed while the log receiver was away");
    if (delivery->removed || strcmp(delivery->arrived, delivery->sent) == 0)
        return 0;
    memcpy(delivery->sent, delivery->arrived, POSITION_SIZE);
    return reopen(call, delivery, delivery->arrived);
}

/* A run that began meanwhile: its lines are in the same file. False when there is none. */
static int next_run(struct hull_call *call, struct delivery *delivery)
{
    int rc;

    if (!delivery->again || delivery->removed)
        return 0;
    delivery->again = false;
    hull_fd_cleanup(&delivery->target.request.end_fd);
    delivery->target.request.end_fd = HULL_TAKE_FD(delivery->next_end_fd);
    rc = reopen(call, delivery, delivery->sent);
    return rc < 0 ? rc : 1;
}

/* One line, or what follows the last one. Sets *RET_DONE when nothing is left. */
static int deliver_next(struct hull_call *call, struct delivery *delivery, bool *ret_done)
{
    int rc = delivery->have ? 1 : next_record(call, delivery);

    if (rc < 0)
        return rc;
    if (rc > 0) {
        rc = send_record(call, delivery);
    } else {
        rc = finish(call, delivery);
        if (rc == 0) {
            rc = next_run(call, delivery);
            *ret_done = rc == 0;
            return rc < 0 ? rc : 0;
        }
    }
    if (rc < 0 && hull_check(call) == 0)
        rc = back_off(call, delivery);
    return rc;
}

static int deliver_all(struct hull_call *call, struct delivery *delivery)
{
    bool done = false;
    int rc = 0;

    while (rc == 0 && !done)
        rc = deliver_next(call, delivery, &done);
    return rc;
}

static void delivery_free(struct delivery *delivery)
{
    struct delivery **at = &deliveries;

    while (*at && *at != delivery)
        at = &(*at)->next;
    if (*at)
        *at = delivery->next;
    hull_stream_close(delivery->reader);
    hull_fd_cleanup(&delivery->next_end_fd);
    hull_fd_cleanup(&delivery->cursor_fd);
    hull_fd_cleanup(&delivery->target.fd);
    hull_fd_cleanup(&delivery->target.request.end_fd);
    free(delivery->buffer);
    hull_arena_free(delivery->target.arena);
    free(delivery);
}

static int deliver(struct hull_call *call, void *arg)
{
    struct delivery *delivery = arg;
    int rc = deliver_all(call, delivery);

    if (rc < 0 && hull_check(call) == 0)
        hull_wrap(call, rc, "log of container %s", delivery->target.request.id);
    delivery_free(delivery);
    return rc == -HULL_CANCELED ? 0 : rc;
}

/* --- start and stop --------------------------------------------------------------------------- */

static struct delivery *find(const char *id)
{
    struct delivery *at = deliveries;

    while (at && strcmp(at->target.request.id, id) != 0)
        at = at->next;
    return at;
}

static struct delivery *delivery_new(const struct log_driver *driver,
                                     const struct log_start_request *request)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    struct log_start_request copy = *request;

    HULL_ASSERT(delivery);
    delivery->target.driver = driver;
    delivery->target.arena = hull_arena_new();
    delivery->target.fd = delivery->cursor_fd = delivery->next_end_fd = -1;
    hull_message_copy(delivery->target.arena, &log_start_request_message, &copy,
                      &delivery->target.request);
    if (gethostname(delivery->target.host, sizeof(delivery->target.host) - 1) < 0)
        snprintf(delivery->target.host, sizeof(delivery->target.host), "localhost");
    delivery->next = deliveries;
    deliveries = delivery;
    return delivery;
}

int log_forward_start(struct hull_call *call, const struct log_driver *driver,
                      const struct log_start_request *request)
{
    struct delivery *delivery = find(request->id);
    int rc;

    if (delivery) {
        hull_fd_cleanup(&delivery->next_end_fd);
        delivery->next_end_fd = request->end_fd;
        delivery->again = true;
        return 0;
    }
    delivery = delivery_new(driver, request);
    rc = driver->setup(call, &delivery->target);
    if (rc == 0)
        rc = cursor_open(call, delivery);
    if (rc == 0)
        rc = reopen(call, delivery, delivery->sent);
    if (rc < 0) {
        delivery_free(delivery);
        return rc;
    }
    hull_spawn("log delivery", deliver, delivery);
    return 0;
}

int log_forward_stop(struct hull_call *call, const struct log_stop_request *request)
{
    struct delivery *delivery = find(request->id);

    (void)call;
    if (!delivery)
        return 0;
    delivery->removed = true;
    delivery->give_up_ms = hull_now_ms() + REMOVED_MS;
    hull_cond_broadcast(&delivery->changed);
    return 0;
}
