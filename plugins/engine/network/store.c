/* The networks, in memory and in the state store. */
#include "net.h"

#include "json.h"
#include "state.h"

#include <string.h>

struct net_record *net_records;

struct net_record *net_find_name(const char *name)
{
    struct net_record *record = net_records;
    while (record != NULL && !hull_streq(record->network.name, name))
        record = record->next;
    return record;
}

int net_find(struct hull_call *call, const char *reference, struct net_record **ret)
{
    struct net_record *found = net_find_name(reference);
    size_t matches = found != NULL;
    size_t length = strlen(reference);
    for (struct net_record *record = net_records; matches == 0 && record != NULL;
         record = record->next) {
        if (strcmp(record->network.id, reference) == 0) {
            found = record;
            matches = 1;
        }
    }
    bool exact = matches > 0;
    for (struct net_record *record = net_records; !exact && length > 0 && record != NULL;
         record = record->next) {
        if (strncmp(record->network.id, reference, length) == 0) {
            found = record;
            matches++;
        }
    }
    if (matches == 0)
        return hull_fail(call, HULL_NOT_FOUND, "network %s not found", reference);
    if (matches > 1)
        return hull_fail(call, HULL_INVALID,
                         "network %s is ambiguous (%zu matches found based on ID prefix)",
                         reference, matches);
    *ret = found;
    return 0;
}

static int commit(struct hull_call *call, const char *key, const char *value, bool sync)
{
    return state_put(call, NULL, NET_BUCKET, key, value, sync);
}

static bool is_predefined(const char *name)
{
    return hull_streq(name, "bridge") || hull_streq(name, "host") || hull_streq(name, "none");
}

static struct net_record *new_record(const struct network *network)
{
    struct hull_arena *arena = hull_arena_new();
    struct net_record *record = HULL_NEW(arena, struct net_record);
    struct network copy = *network;
    record->arena = arena;
    hull_message_copy(arena, &network_message, &copy, &record->network);
    record->predefined = is_predefined(network->name);
    struct net_record **link = &net_records;
    while (*link != NULL && ((*link)->predefined || !record->predefined))
        link = &(*link)->next;
    record->next = *link;
    *link = record;
    return record;
}

static void forget(struct net_record *record)
{
    struct net_record **link = &net_records;
    while (*link != record)
        link = &(*link)->next;
    *link = record->next;
    hull_arena_free(record->arena);
}

int net_add(struct hull_call *call, const struct network *network, bool predefined,
            struct net_record **ret)
{
    struct net_record *record = new_record(network);
    record->predefined = predefined;
    *ret = record;
    int rc = commit(call, network->id,
                    json_string(hull_call_arena(call), &network_message, network), !predefined);
    if (rc < 0)
        forget(record);
    return rc;
}

int net_update(struct hull_call *call, const struct net_record *record)
{
    return commit(call, record->network.id,
                  json_string(hull_call_arena(call), &network_message, &record->network), false);
}

int net_drop(struct hull_call *call, struct net_record *record)
{
    int rc = commit(call, record->network.id, NULL, true);
    if (rc == 0)
        forget(record);
    return rc;
}

struct loading {
    struct hull_arena *arena;
    struct hull_strv *unreadable;
};

static int load_one(struct hull_call *call, void *ctx, const void *reply)
{
    const struct loading *loading = ctx;
    const struct state_document *document = reply;
    struct network network;
    int rc = json_decode_call(call, &network_message, document->value, strlen(document->value), 0,
                              &network);
    if (rc == 0)
        rc = state_check_key(call, document, "Id", network.id);
    if (rc == 0) {
        new_record(&network);
        return 0;
    }
    state_leave(call, document);
    hull_strv_add(loading->arena, loading->unreadable,
                  hull_arena_strdup(loading->arena, document->key));
    return 0;
}

int net_load(struct hull_call *call, struct hull_strv *ret_unreadable)
{
    struct loading loading = {hull_call_arena(call), ret_unreadable};
    static const struct state_key all = {.bucket = NET_BUCKET};
    struct state_document last;
    return hull_send_many(call, NULL, &state_list_method, &all, &last,
                          &(struct hull_sink){.reply = load_one, .ctx = &loading});
}

void net_unload(void)
{
    while (net_records != NULL)
        forget(net_records);
}
