/*
 * container.c: the containers that are known to this daemon. The truth is with the shims.
 */
#include "shimmed.h"

#include "hash.h"

#include <stdlib.h>
#include <string.h>

/* Names are long random numbers: a short list in each of many buckets. */
#define BUCKETS 1024
static struct ctr *buckets[BUCKETS];

static struct ctr **bucket(const char *id)
{
    return &buckets[hash_bytes(id, strlen(id)) % BUCKETS];
}

struct ctr *ctr_find(const char *id)
{
    struct ctr *ctr = *bucket(id);
    while (ctr != NULL && strcmp(ctr->id, id) != 0)
        ctr = ctr->next;
    return ctr;
}

int ctr_get(struct hull_call *call, const char *id, struct ctr **ret)
{
    *ret = ctr_find(id);
    return *ret == NULL ? hull_fail(call, HULL_NOT_FOUND, "container %s is not running", id) : 0;
}

struct process *ctr_find_process(const struct ctr *ctr, const char *name)
{
    struct process *process = ctr == NULL ? NULL : ctr->processes;
    while (process != NULL && strcmp(process->name, name) != 0)
        process = process->next;
    return process;
}

int ctr_process(struct hull_call *call, const char *id, const char *process, struct ctr **ret_ctr,
                struct process **ret_process)
{
    const char *name = process == NULL || process[0] == '\0' ? "init" : process;
    int rc = ctr_get(call, id, ret_ctr);
    if (rc < 0)
        return rc;
    *ret_process = ctr_find_process(*ret_ctr, name);
    return *ret_process == NULL ? hull_fail(call, HULL_NOT_FOUND, "No such exec instance: %s", name)
                                : 0;
}

struct ctr *ctr_new(const char *id, const char *dir)
{
    struct hull_arena *arena = hull_arena_new();
    struct ctr *ctr = HULL_NEW(arena, struct ctr);
    struct ctr **head = bucket(id);
    ctr->arena = arena;
    ctr->id = hull_arena_strdup(arena, id);
    ctr->dir = hull_arena_strdup(arena, dir);
    ctr->pidfd = -1;
    ctr->next = *head;
    *head = ctr;
    return ctr;
}

struct process *ctr_add_process(struct ctr *ctr, const char *name)
{
    struct process *process = calloc(1, sizeof(*process));
    HULL_ASSERT(process != NULL);
    process->name = strdup(name);
    HULL_ASSERT(process->name != NULL);
    process->shim = (struct helper){-1, -1};
    process->control = -1;
    process->next = ctr->processes;
    ctr->processes = process;
    return process;
}

void ctr_drop_process(struct ctr *ctr, struct process *process)
{
    struct process **at = &ctr->processes;
    while (*at != NULL && *at != process)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = process->next;
    hull_fd_cleanup(&process->shim.pidfd);
    hull_fd_cleanup(&process->control);
    free(process->name);
    free(process);
}

void ctr_free(struct ctr *ctr)
{
    struct ctr **at = bucket(ctr->id);
    while (*at != NULL && *at != ctr)
        at = &(*at)->next;
    if (*at != NULL)
        *at = ctr->next;
    while (ctr->processes != NULL)
        ctr_drop_process(ctr, ctr->processes);
    hull_fd_cleanup(&ctr->pidfd);
    hull_arena_free(ctr->arena);
}

void ctr_free_all(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (buckets[i] != NULL)
            ctr_free(buckets[i]);
    }
}
