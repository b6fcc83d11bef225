/*
 * registry.c: the volumes, kept in memory and written down one document each. All of this runs on
 * the loop's thread.
 */
#include "volume_plugin.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "state.h"

HULL_MESSAGE_DEFINE(volume_doc, VOLUME_DOC_FIELDS)

static struct slot *slots;

static struct slot *find(const char *name)
{
    struct slot *slot;

    HASH_FIND_STR(slots, name, slot);
    return slot;
}

struct slot *slot_first(void)
{
    return slots;
}

bool slot_there(const struct slot *slot)
{
    return slot->arena != NULL && slot->doc.intent == NULL;
}

const struct volume *volume_find(const char *name)
{
    const struct slot *slot = find(name);

    return slot != NULL && slot_there(slot) ? &slot->doc.volume : NULL;
}

struct slot *slot_add(const char *name)
{
    struct slot *slot = calloc(1, sizeof(*slot));

    HULL_ASSERT(slot != NULL && (slot->name = strdup(name)) != NULL);
    HASH_ADD_KEYPTR(hh, slots, slot->name, strlen(slot->name), slot);
    return slot;
}

static void slot_free(struct slot *slot)
{
    HASH_DEL(slots, slot);
    hull_arena_free(slot->arena);
    free(slot->name);
    free(slot);
}

static void put_back(struct hull_call *call, void *arg)
{
    struct slot *slot = arg;

    (void)call;
    if (--slot->refs == 0 && slot->arena == NULL)
        slot_free(slot);
}

int slot_lock(struct hull_call *call, const char *name, struct slot **ret)
{
    struct slot *slot = find(name);

    if (slot == NULL)
        slot = slot_add(name);
    slot->refs++;
    hull_defer(call, put_back, slot);
    int rc = hull_lock(call, &slot->lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &slot->lock);
    *ret = slot;
    return 0;
}

void slot_set(struct slot *slot, const struct volume *volume, const char *intent)
{
    struct hull_arena *before = slot->arena; /* VOLUME may be in it */

    slot->arena = NULL;
    if (volume == NULL) {
        slot->doc = (struct volume_doc){.intent = NULL};
    } else {
        struct volume source = *volume;
        slot->arena = hull_arena_new();
        hull_message_copy(slot->arena, &volume_message, &source, &slot->doc.volume);
        slot->doc.intent = intent == NULL ? NULL : hull_arena_strdup(slot->arena, intent);
    }
    hull_arena_free(before);
}

int slot_store(struct hull_call *call, struct slot *slot, const struct volume *volume,
               const char *intent, bool sync)
{
    const char *text = NULL;

    if (volume != NULL) {
        const struct volume_doc doc = {.volume = *volume, .intent = intent};
        text = json_string(hull_call_arena(call), &volume_doc_message, &doc);
    }
    int rc = state_put(call, NULL, VOLUME_BUCKET, slot->name, text, sync);
    if (rc == 0)
        slot_set(slot, volume, intent);
    return rc;
}

static int by_name(struct slot *a, struct slot *b)
{
    return strcmp(a->name, b->name);
}

struct hull_strv volume_names(struct hull_call *call)
{
    struct hull_strv names = {0};
    const struct slot *slot, *next;

    HASH_SORT(slots, by_name);
    HASH_ITER (hh, slots, slot, next)
        if (slot_there(slot))
            hull_strv_add(hull_call_arena(call), &names, hull_strdup(call, slot->name));
    return names;
}

void slots_done(void)
{
    struct slot *slot, *next;

    HASH_ITER (hh, slots, slot, next)
        slot_free(slot);
}
