/*
 * cgroup_freeze.c: stopping all processes of a container and letting them go on, and waiting for
 * what the kernel says of a cgroup.
 *
 * Version 2 tells of a change in cgroup.events, which inotify sees. Version 1 has no event: the
 * write freezes all tasks at once but those that are in the kernel just then, or are being made.
 * Only for these is there a look again, each after twice the time of the one before.
 */
#include "shimmed.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define FREEZE_MS 10000
#define LONGEST_DELAY_MS 128

int cg_back_off(struct hull_call *call, int64_t *delay_ms)
{
    *delay_ms = *delay_ms == 0 ? 1 : *delay_ms * 2;
    if (*delay_ms > LONGEST_DELAY_MS)
        *delay_ms = LONGEST_DELAY_MS;
    return hull_sleep(call, *delay_ms);
}

struct freezing {
    struct cgroup cgroup;
    const char *dir; /* the freezer's */
    bool frozen, done;
};

/* The file that tells to freeze, and what to write to it. */
static const char *freeze_file(bool frozen, const char **ret_word)
{
    bool v2 = cg_version() == 2;
    *ret_word = v2 ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED");
    return v2 ? "cgroup.freeze" : "freezer.state";
}

static int freeze_work(struct hull_work *work, void *arg)
{
    struct freezing *freezing = arg;
    const char *word, *file = freeze_file(freezing->frozen, &word);
    int rc = cg_check(&freezing->cgroup, &work->problem);
    if (rc < 0)
        return rc;
    int err = cg_write(freezing->dir, file, word);
    if (err < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(-err), "write %s to %s: %s",
                                word, file, strerror(-err));
    HULL_AUTO_ARENA *arena = hull_arena_new();
    freezing->done = hull_streq(cg_read(arena, freezing->dir, file), word);
    return 0;
}

/* --- version 2 ------------------------------------------------------------------------------ */

struct await {
    const char *dir, *key;
    int64_t value, most_ms;
};

static int await_event(struct hull_call *call, void *arg)
{
    const struct await *await = arg;
    char events[4096];
    hull_call_set_timeout(call, await->most_ms);
    HULL_AUTO_FD fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    const char *file = hull_printf(call, "%s/cgroup.events", await->dir);
    if (fd < 0 || inotify_add_watch(fd, file, IN_MODIFY) < 0)
        return errno == ENOENT ? 0 : hull_fail_errno(call, errno, "watch %s", file);
    for (;;) {
        HULL_AUTO_ARENA *arena = hull_arena_new();
        int64_t now = cg_read_key(arena, await->dir, "cgroup.events", await->key);
        /* It may have gone. */
        if (now == await->value || now < 0)
            return 0;
        int rc = hull_wait_fd(call, fd, POLLIN);
        if (rc < 0)
            return rc;
        while (read(fd, events, sizeof(events)) > 0)
            continue;
    }
}

int cg_await_event(struct hull_call *call, const char *dir, const char *key, int64_t value,
                   int64_t most_ms)
{
    struct await await = {dir, key, value, most_ms};
    return hull_task_join(call, hull_task_start(call, "cgroup event", await_event, &await));
}

static int freeze_v2(struct hull_call *call, struct freezing *freezing)
{
    int rc = hull_work_brief(call, freeze_work, freezing);
    return rc < 0 ? rc : cg_await_event(call, freezing->dir, "frozen", freezing->frozen, FREEZE_MS);
}

/* --- version 1 ------------------------------------------------------------------------------ */

static int freeze_v1(struct hull_call *call, struct freezing *freezing)
{
    int64_t deadline = hull_now_ms() + FREEZE_MS, delay_ms = 0;
    for (;;) {
        /* Again with the word, for tasks that were made meanwhile. */
        int rc = hull_work_brief(call, freeze_work, freezing);
        if (rc < 0 || freezing->done)
            return rc;
        if (hull_now_ms() > deadline)
            return hull_fail(call, HULL_TIMEOUT, "the kernel took more than %d s",
                             FREEZE_MS / 1000);
        rc = cg_back_off(call, &delay_ms);
        if (rc < 0)
            return rc;
    }
}

/* --- both ----------------------------------------------------------------------------------- */

int cg_frozen(const struct cgroup *cgroup)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *dir = cg_dir(cgroup, CG_FREEZER);
    bool second = cg_version() == 2;
    errno = 0;
    char *text = cg_read(arena, dir, second ? "cgroup.events" : "freezer.state");
    if (text == NULL)
        return client_is_shortage(errno) ? -errno : 0;
    return second ? strstr(text, "frozen 1") != NULL : strcmp(text, "FROZEN") == 0;
}

int cg_freeze(struct hull_call *call, const struct cgroup *cgroup, bool frozen)
{
    const char *word, *file = freeze_file(false, &word);
    struct freezing freezing = {.frozen = frozen};
    if (cg_dir(cgroup, CG_FREEZER) == NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "the host has no cgroup freezer: containers can't be paused");
    cg_copy(hull_call_arena(call), cgroup, &freezing.cgroup);
    freezing.dir = cg_dir(&freezing.cgroup, CG_FREEZER);
    int rc = (cg_version() == 2 ? freeze_v2 : freeze_v1)(call, &freezing);
    /* Even of a call that is cancelled, for which no worker would do it. */
    if (rc < 0)
        (void)cg_write(freezing.dir, file, word);
    return rc == -HULL_CONFLICT
               ? rc
               : hull_wrap(call, rc, "the container could not be %s", frozen ? "frozen" : "thawed");
}
