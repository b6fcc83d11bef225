/*
 * truncate.c: who reads, who truncates.
 */
#include "truncate.h"

#include <errno.h>
#include <fcntl.h>
#include <hull/daemon.h>
#include <hull/hull.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 4352

struct truncation {
    const char *path;
    struct truncation *next;
};

static struct reader *readers;
static struct truncation *truncations;
static struct hull_cond changed; /* somebody has read, or truncated */

void truncate_know(struct reader *reader)
{
    reader->next = readers;
    readers = reader;
}

void truncate_forget(struct reader *reader)
{
    struct reader **at = &readers;

    while (*at && *at != reader)
        at = &(*at)->next;
    if (*at)
        *at = reader->next;
}

static bool goes_on(const char *path)
{
    struct truncation *at = truncations;

    while (at && strcmp(at->path, path) != 0)
        at = at->next;
    return at != NULL;
}

static bool is_read(const char *path)
{
    struct reader *at = readers;

    while (at && !(at->filling && strcmp(at->path, path) == 0))
        at = at->next;
    return at != NULL;
}

int truncate_shut_out(struct hull_call *call, struct reader *reader)
{
    int rc = 0;

    while (rc == 0 && goes_on(reader->path))
        rc = hull_cond_wait(call, &changed);
    reader->filling = rc == 0;
    return rc;
}

void truncate_let_in(struct reader *reader)
{
    reader->filling = false;
    hull_cond_broadcast(&changed);
}

static int remove_file(const char *path, size_t number, bool compressed)
{
    char name[NAME_SIZE];

    log_file_name(name, sizeof(name), path, number, compressed);
    return unlink(name) < 0 && errno != ENOENT ? -errno : 0;
}

/* The newest file is emptied where it is: the shim has it open. */
static int remove_all(const char *path)
{
    HULL_AUTO_FD lock = log_folder_lock(path, false);
    int rc = 0;

    if (lock < 0)
        return lock == -ENOENT ? 0 : lock;
    for (size_t number = LOG_FILES_MAX - 1; rc == 0 && number > 0; number--) {
        rc = remove_file(path, number, false);
        if (rc == 0)
            rc = remove_file(path, number, true);
    }
    if (rc == 0 && truncate(path, 0) < 0 && errno != ENOENT)
        rc = -errno;
    return rc;
}

static int truncate_work(struct hull_work *work, void *path)
{
    int rc = remove_all(path);

    return rc == 0 ? 0
                   : hull_problem_set(&work->problem, hull_kind_of_errno(-rc),
                                      "truncating the log: %s", strerror(-rc));
}

int truncate_log(struct hull_call *call, const char *path)
{
    struct truncation own = {.path = path};
    struct truncation **at = &truncations;
    int rc = 0;

    while (rc == 0 && goes_on(path))
        rc = hull_cond_wait(call, &changed);
    if (rc < 0)
        return rc;
    hull_shield(call);
    own.next = truncations;
    truncations = &own;
    while (rc == 0 && is_read(path))
        rc = hull_cond_wait(call, &changed);
    if (rc == 0)
        rc = hull_work(call, truncate_work, hull_arena_strdup(hull_call_arena(call), path));
    for (struct reader *reader = readers; reader; reader = reader->next)
        reader->restart |= rc == 0 && strcmp(reader->path, path) == 0;
    while (*at != &own)
        at = &(*at)->next;
    *at = own.next;
    hull_cond_broadcast(&changed);
    hull_unshield(call);
    return rc;
}
