/*
 * events: what happened in the engine, for whoever asks.
 *
 * One fiber takes every event that is published and keeps the last HISTORY of them, numbered.
 * Clients do not subscribe themselves: each follows the numbers, through the past that it asked
 * for and on into the present, so that none is missed or seen twice at the seam. A client that
 * is slower than HISTORY events misses the oldest, and holds up nobody.
 *
 * Another fiber writes them to the file "events" of the data root, a line of JSON each, so that
 * the history goes on after a restart. It appends what came since it last did, and now and then
 * writes the file anew with what is still in the history.
 */
#include "events.h"

#include <hull/hull.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/config.h"
#include "filters.h"
#include "json.h"
#include "match.h"
#include "plain.h"
#include "root.h"
#include "timefmt.h"

/* As many as docker keeps. */
#define HISTORY 256
#define QUEUE 4096
/* The file is written anew when it has so many lines; a longer one is not read. */
#define LINES_MAX ((uint64_t)8 * HISTORY)
#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* A line of JSON takes a quarter of the memory of a message with an arena of its own. */
struct kept {
    int64_t time_nano;
    char *line;
};

static struct {
    struct kept ring[HISTORY];
    uint64_t count; /* of all events so far; number N is at N % HISTORY */
    struct hull_cond more;
    struct hull_subscription *subscription;
    uint64_t written; /* to the file */
    uint64_t lines;   /* that it has */
    bool writing;
} history;

/* --- history --------------------------------------------------------------------------------- */

static void fill_legacy(struct event_message *event)
{
    bool container = hull_streq(event->type, "container");

    if (!container && !hull_streq(event->type, "image"))
        return;
    event->status = event->action;
    event->id = event->actor.id;
    if (container)
        event->from = hull_map_find(&event->actor.attributes, "image");
}

static void push(int64_t time_nano, char *line)
{
    struct kept *slot = &history.ring[history.count++ % HISTORY];

    free(slot->line);
    *slot = (struct kept){time_nano, line};
}

static int keep(struct hull_call *call, void *arg)
{
    (void)arg;
    for (;;) {
        HULL_AUTO_ARENA *arena = hull_arena_new();
        struct event_message event;
        int rc = hull_next_event(call, history.subscription, arena, &event, NULL);
        if (rc < 0)
            return rc == -HULL_CANCELED ? 0 : rc;
        fill_legacy(&event);
        char *line = strdup(json_string(arena, &event_message_message, &event));
        HULL_ASSERT(line != NULL);
        push(event.time_nano, line);
        hull_cond_broadcast(&history.more);
    }
}

static uint64_t oldest(void)
{
    return history.count > HISTORY ? history.count - HISTORY : 0;
}

static const struct kept *at(uint64_t number)
{
    return &history.ring[number % HISTORY];
}

/* The first event at or after SINCE_NS. */
static uint64_t first_since(int64_t since_ns)
{
    uint64_t number = oldest();

    while (number < history.count && at(number)->time_nano < since_ns)
        number++;
    return number;
}

/* --- the file -------------------------------------------------------------------------------- */

static char *file_path(struct hull_arena *arena)
{
    const char *root = daemon_config()->data_root;

    return root && *root ? hull_arena_printf(arena, "%s/events", root) : NULL;
}

struct writing {
    const char *path;
    struct hull_text text;
    bool anew;
};

static int write_file(const struct writing *writing)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *path =
        writing->anew ? hull_arena_printf(arena, "%s.new", writing->path) : writing->path;
    HULL_AUTO_FD fd = writing->anew
                          ? plain_create(AT_FDCWD, path, 0600)
                          : plain_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int rc;

    if (fd < 0)
        return fd;
    rc = root_write_full(fd, writing->text.data, writing->text.length);
    if (rc == 0 && writing->anew && rename(path, writing->path) < 0)
        rc = -errno;
    return rc;
}

static int write_work(struct hull_work *work, void *arg)
{
    const struct writing *writing = arg;
    int rc = write_file(writing);

    return rc == 0 ? 0
                   : hull_problem_set(&work->problem, HULL_IO, "writing %s: %s", writing->path,
                                      plain_why(-rc));
}

/* What is not written yet, as lines; all of the history when the file has become long. */
static void collect(struct hull_arena *arena, struct writing *ret)
{
    uint64_t number;

    *ret = (struct writing){.path = file_path(arena), .text = HULL_TEXT(arena)};
    ret->anew = history.lines + (history.count - history.written) > LINES_MAX;
    number = ret->anew || history.written < oldest() ? oldest() : history.written;
    history.lines = (ret->anew ? 0 : history.lines) + (history.count - number);
    history.written = history.count;
    for (; number < history.count; number++) {
        hull_text_puts(&ret->text, at(number)->line);
        hull_text_puts(&ret->text, "\n");
    }
}

static int write_once(struct hull_call *call, void *arg)
{
    struct writing *writing = HULL_NEW(hull_call_arena(call), struct writing);
    int rc;

    (void)arg;
    collect(hull_call_arena(call), writing);
    history.writing = true;
    rc = writing->path ? hull_work(call, write_work, writing) : 0;
    history.writing = false;
    if (rc < 0)
        history.lines = LINES_MAX; /* the end may be torn, or the file none: anew the next time */
    if (rc < 0 && rc != -HULL_CANCELED)
        hull_log(call, HULL_LOG_WARN, "events are not kept", "error", hull_error(call), NULL);
    return rc;
}

static int write_on(struct hull_call *call, void *arg)
{
    (void)arg;
    for (;;) {
        int rc = 0;

        while (rc == 0 && history.written == history.count)
            rc = hull_cond_wait(call, &history.more);
        if (rc == 0)
            rc = hull_request(call, "events file", HULL_FOREVER, write_once, NULL);
        hull_error_clear(call);
        /* No new request once the engine ends, while there may be more to write: fini does that. */
        if (rc == -HULL_CANCELED || rc == -HULL_UNAVAILABLE)
            return 0;
    }
}

/* A line that is torn, by a crash or a full disk, is left out; behind a torn end nothing is
 * appended, the file is written anew. */
static void take_line(const char *line, size_t length)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct event_message event;

    if (json_decode(arena, &event_message_message, line, length, 0, &event, &problem) < 0 ||
        !event.type || !event.action)
        return;
    char *copy = strndup(line, length);
    HULL_ASSERT(copy != NULL);
    push(event.time_nano, copy);
}

struct reading {
    const char *folder;
    char *data;
    size_t size;
};

static int read_work(struct hull_work *work, void *arg)
{
    struct reading *reading = arg;
    HULL_AUTO_FD root_fd = open(reading->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = root_fd < 0
                 ? -errno
                 : root_read_file(root_fd, "events", FILE_MAX, &reading->data, &reading->size);

    (void)work;
    if (rc < 0)
        reading->data = NULL; /* there is none yet, or it is useless: it is written anew */
    return 0;
}

static int load(struct hull_call *call)
{
    struct reading reading = {.folder = daemon_config()->data_root};
    int rc = reading.folder && *reading.folder ? hull_work(call, read_work, &reading) : 0;
    HULL_AUTO_FREE char *data = reading.data;

    for (const char *line = data; rc == 0 && line && *line;) {
        size_t length = strcspn(line, "\n");

        take_line(line, length);
        history.lines = line[length] == '\n' ? history.lines + 1 : LINES_MAX;
        line += length + (line[length] == '\n');
    }
    if (!data)
        history.lines = LINES_MAX;
    history.written = history.count;
    return rc;
}

/* --- watch ----------------------------------------------------------------------------------- */

struct span {
    int64_t since_ns, until_ns;
    bool past, ends;
};

static int parse_time(struct hull_call *call, const char *name, const char *text, bool *ret_set,
                      int64_t *ret_ns)
{
    *ret_set = text != NULL && *text != '\0' && strcmp(text, "0") != 0;
    if (*ret_set && !time_parse_any(text, hull_time_ns(), ret_ns))
        return hull_fail(call, HULL_INVALID, "%s: \"%s\": expected seconds, a date or a duration",
                         name, text);
    return 0;
}

static int parse_span(struct hull_call *call, const struct events_request *request,
                      struct span *ret_span)
{
    int rc = parse_time(call, "since", request->since, &ret_span->past, &ret_span->since_ns);

    if (rc == 0)
        rc = parse_time(call, "until", request->until, &ret_span->ends, &ret_span->until_ns);
    if (rc == 0 && ret_span->past && ret_span->ends && ret_span->since_ns > ret_span->until_ns)
        rc = hull_fail(call, HULL_INVALID, "`since` time (%s) cannot be after `until` time (%s)",
                       request->since, request->until);
    return rc;
}

/* Wakes the watchers when the time of one of them is up. */
static int ring_at_the_end(struct hull_call *call, void *arg)
{
    const struct span *span = arg;
    int rc = hull_sleep(call, (span->until_ns - hull_time_ns()) / 1000000 + 1);

    hull_cond_broadcast(&history.more);
    return rc;
}

/* Emit what is there from *NUMBER on; 1 when an event after the end of the span came. */
static int emit_known(struct hull_call *call, const struct filters *filters,
                      const struct span *span, uint64_t *number)
{
    for (; *number < history.count; ++*number) {
        if (*number < oldest())
            *number = oldest();
        const struct kept *kept = at(*number);
        if (span->ends && kept->time_nano > span->until_ns)
            return 1;
        /* The ring turns while a slow client reads: what it gets is a copy. */
        HULL_AUTO_ARENA *arena = hull_arena_new();
        struct event_message event;
        struct hull_problem problem = {0};
        int rc = json_decode(arena, &event_message_message, kept->line, strlen(kept->line), 0,
                             &event, &problem);
        if (rc < 0)
            return hull_fail_problem(call, &problem);
        if (event_match(filters, &event))
            rc = hull_emit(call, &event);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int watch(struct hull_call *call, const struct events_request *request,
                 struct event_message *ret_reply)
{
    const struct filters *filters = filters_of(request->filters);
    struct span *span = HULL_NEW(hull_call_arena(call), struct span); /* a task may outlive us */

    (void)ret_reply;
    int rc = parse_span(call, request, span);
    if (rc < 0)
        return rc;
    uint64_t number = span->past ? first_since(span->since_ns) : history.count;
    if (span->ends && span->until_ns > hull_time_ns())
        hull_task_start(call, "events-until", ring_at_the_end, span);
    rc = hull_ready(call);
    while (rc == 0) {
        rc = emit_known(call, filters, span, &number);
        if (rc != 0 || (span->ends && hull_time_ns() >= span->until_ns))
            break;
        rc = hull_cond_wait(call, &history.more);
    }
    return rc > 0 ? 0 : rc;
}

static int init(struct hull_call *call)
{
    int rc;

    history.subscription = hull_subscribe(&event_topic, QUEUE);
    rc = load(call);
    if (rc < 0)
        return rc;
    hull_spawn("events", keep, NULL);
    hull_spawn("events file", write_on, NULL);
    return 0;
}

/* What the fiber could not write any more. */
static void write_rest(void)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct writing writing;

    if (history.written == history.count || history.writing)
        return;
    collect(arena, &writing);
    if (writing.path)
        (void)!write_file(&writing);
}

static void fini(void)
{
    write_rest();
    history.subscription = hull_unsubscribe(history.subscription);
    for (size_t i = 0; i < HISTORY; i++)
        free(history.ring[i].line);
    memset(&history, 0, sizeof(history));
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(events, watch, watch),
    {0},
};

HULL_PLUGIN(events, .port = "events", .version = PACKAGE_VERSION, .handlers = handlers,
            .init = init, .fini = fini);
