/*
 * restore.c: at the start: the documents are read, and what was cut off is finished.
 *
 * Whatever was cut off, nobody was told that it was done: a volume that was being made goes, and
 * one that was being removed, too. Its driver is asked behind the start's back, for it may not be
 * running yet.
 */
#include "volume_plugin.h"

#include <string.h>

#include "json.h"
#include "state.h"

struct finding {
    struct hull_strv *local; /* names of local volumes: their folders stay */
    struct hull_arena *arena;
};

static int take_document(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *found = reply;
    struct finding *finding = ctx;
    struct volume_doc doc;

    int rc =
        json_decode_call(call, &volume_doc_message, found->value, strlen(found->value), 0, &doc);
    if (rc == 0)
        rc = state_check_key(call, found, "Name", doc.volume.name);
    if (rc == 0 && doc.volume.driver == NULL)
        rc = hull_fail(call, HULL_INVALID, "Driver is missing");
    if (rc < 0)
        state_leave(call, found);
    /* The files of one that can't be read stay, too. */
    if (rc < 0 || strcmp(doc.volume.driver, VOLUME_LOCAL) == 0)
        hull_strv_add(finding->arena, finding->local,
                      hull_arena_strdup(finding->arena, found->key));
    if (rc == 0)
        slot_set(slot_add(found->key), &doc.volume, doc.intent);
    return 0;
}

static int finish(struct hull_call *call, void *arg)
{
    struct slot *slot = arg;
    struct volume volume;

    int rc = slot_lock(call, slot->name, &slot);
    slot->refs--; /* the one that volume_restore() took */
    if (rc < 0 || slot->arena == NULL || slot->doc.intent == NULL)
        return rc;
    struct volume source = slot->doc.volume;
    bool remove = strcmp(slot->doc.intent, "remove") == 0;
    hull_message_copy(hull_call_arena(call), &volume_message, &source, &volume);
    const struct voldriver_ref request = {.driver = volume.driver, .name = volume.name};
    struct hull_empty reply;
    rc = voldriver_remove(call, driver_port(call, volume.driver), &request, &reply);
    if (rc == 0)
        return slot_store(call, slot, NULL, NULL, false);
    if (!remove)
        return hull_wrap(call, rc, "volume %s, whose making was cut off, is not removed",
                         volume.name);
    /* As if the removal had been refused at once: it is there. */
    hull_log(call, HULL_LOG_WARN, "volume whose removal was cut off stays", "volume", volume.name,
             "error", hull_error(call), NULL);
    hull_error_clear(call);
    return slot_store(call, slot, &volume, NULL, false);
}

int volume_restore(struct hull_call *call)
{
    struct voldriver_settle_request settle = {.driver = VOLUME_LOCAL};
    struct finding finding = {.local = &settle.names, .arena = hull_call_arena(call)};
    const struct state_key all = {.bucket = VOLUME_BUCKET, .key = ""};
    const struct hull_sink sink = {.reply = take_document, .ctx = &finding};
    struct state_document last;
    struct hull_empty reply;

    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last, &sink);
    if (rc == 0)
        rc = voldriver_settle(call, driver_port(call, VOLUME_LOCAL), &settle, &reply);
    if (rc < 0)
        return rc;
    for (struct slot *slot = slot_first(); slot != NULL; slot = slot->hh.next)
        if (slot->doc.intent != NULL) {
            slot->refs++;
            hull_spawn("volume restore", finish, slot);
        }
    return 0;
}
