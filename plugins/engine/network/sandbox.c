/* What containers have of networks, in memory and in the state store. */
#include "net.h"

#include "json.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

HULL_MESSAGE_DEFINE(net_sandbox, NET_SANDBOX_FIELDS)

/* By the first three digits of the container's id. */
#define SLOTS 4096
static struct net_sandbox_record *slots[SLOTS];

static struct net_sandbox_record **find_link(const char *container_id)
{
    char head[4] = {0};
    memcpy(head, container_id, strnlen(container_id, 3));
    struct net_sandbox_record **link = &slots[strtoul(head, NULL, 16) % SLOTS];
    while (*link != NULL && strcmp((*link)->sandbox.container_id, container_id) != 0)
        link = &(*link)->next;
    return link;
}

struct net_sandbox_record *net_sandbox_find(const char *container_id)
{
    return *find_link(container_id);
}

static void forget(const char *container_id)
{
    struct net_sandbox_record **link = find_link(container_id);
    struct net_sandbox_record *record = *link;
    if (record == NULL)
        return;
    *link = record->next;
    hull_arena_free(record->arena);
}

static void remember(const struct net_sandbox *sandbox)
{
    struct hull_arena *arena = hull_arena_new();
    struct net_sandbox_record *record = HULL_NEW(arena, struct net_sandbox_record);
    struct net_sandbox copy = *sandbox;
    record->arena = arena;
    hull_message_copy(arena, &net_sandbox_message, &copy, &record->sandbox);
    forget(sandbox->container_id);
    struct net_sandbox_record **link = find_link(sandbox->container_id);
    record->next = *link;
    *link = record;
}

static int commit(struct hull_call *call, const char *key, const char *value)
{
    return state_put(call, NULL, NET_SANDBOX_BUCKET, key, value, false);
}

int net_sandbox_put(struct hull_call *call, const struct net_sandbox *sandbox)
{
    int rc = commit(call, sandbox->container_id,
                    json_string(hull_call_arena(call), &net_sandbox_message, sandbox));
    if (rc == 0)
        remember(sandbox);
    return rc;
}

int net_sandbox_drop(struct hull_call *call, const char *container_id)
{
    const char *id = hull_strdup(call, container_id);
    int rc = commit(call, id, NULL);
    if (rc == 0)
        forget(id);
    return rc;
}

void net_sandbox_each(void (*fn)(const struct net_sandbox *sandbox, void *ctx), void *ctx)
{
    for (size_t i = 0; i < SLOTS; i++) {
        for (struct net_sandbox_record *record = slots[i]; record != NULL; record = record->next)
            fn(&record->sandbox, ctx);
    }
}

/* Each endpoint has to be of a network. */
static int check_networks(struct hull_call *call, const struct network_settings *settings)
{
    for (size_t i = 0; i < settings->networks.n; i++) {
        if (settings->networks.v[i].network_id == NULL)
            return hull_fail(call, HULL_INVALID, "NetworkSettings.Networks.%s.NetworkID is missing",
                             settings->networks.keys[i]);
    }
    return 0;
}

static int load_one(struct hull_call *call, void *ctx, const void *reply)
{
    (void)ctx;
    const struct state_document *document = reply;
    struct net_sandbox sandbox;
    int rc = json_decode_call(call, &net_sandbox_message, document->value, strlen(document->value),
                              0, &sandbox);
    if (rc == 0)
        rc = state_check_key(call, document, "ContainerID", sandbox.container_id);
    if (rc == 0)
        rc = check_networks(call, &sandbox.settings);
    if (rc == 0)
        remember(&sandbox);
    else
        state_leave(call, document);
    return 0;
}

int net_sandbox_load(struct hull_call *call)
{
    static const struct state_key all = {.bucket = NET_SANDBOX_BUCKET};
    struct state_document last;
    return hull_send_many(call, NULL, &state_list_method, &all, &last,
                          &(struct hull_sink){.reply = load_one});
}

void net_sandbox_unload(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        while (slots[i] != NULL)
            forget(slots[i]->sandbox.container_id);
    }
}
