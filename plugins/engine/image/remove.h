/*
 * remove.h: taking names and images away, for remove and prune.
 */
#ifndef HULL_IMAGE_REMOVE_H
#define HULL_IMAGE_REMOVE_H

#include "engine.h"

/* One request that removes. Under img_lock from its first look to its commit. */
struct removal {
    struct hull_call *call;
    bool force;
    bool stopped_user;              /* the last conflict was about a container that is stopped */
    bool prune;                     /* parents without a name go too */
    struct image_deleted_list list; /* what was done, in docker's order */
    struct img_change change;
    struct image_doc_list untagged; /* for the events after the commit, one per name */
    struct image_doc_list deleted;
    struct hull_strv blobs, chains; /* to collect after it */
    bool any_blob;                  /* a damaged one goes: nothing tells which were its */
    int64_t space;                  /* bytes of the layers that go */
};

/* Take NAME from DOC. */
void removal_untag(struct removal *removal, struct image_doc *doc, const char *name);
/* Delete DOC with the names it still has, unless something keeps it: then the conflict, or 0 when
 * QUIET. */
int removal_delete(struct removal *removal, struct image_doc *doc, bool quiet) HULL_CHECKED;
/* Commit, clean up and tell. Gives img_lock back. */
int removal_finish(struct removal *removal, int rc) HULL_CHECKED;

#endif
