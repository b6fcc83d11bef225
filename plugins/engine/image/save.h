/*
 * save.h: what docker save writes: the plan that save.c makes and save_tar.c writes.
 */
#ifndef ENGINE_IMAGE_SAVE_H
#define ENGINE_IMAGE_SAVE_H

#include "engine.h"

/* A member of the archive, in the order in which they are written. */
struct save_member {
    char *name;
    bool folder;
    int64_t mtime;
    char *text; /* its content; or else the blob DIGEST */
    char *digest;
    int64_t size;
};

/* All of it, in an arena of its own: it is written after the request has been answered. */
struct save_plan {
    struct hull_arena *arena;
    struct hull_stream *to;
    size_t n;
    struct save_member *v;
    struct hull_strv pins;
};

/* A fiber: write the plan ARG to its stream and free it. That the reader has gone is no failure. */
int save_plan_write(struct hull_call *call, void *arg);
/* Let go of the images, close the stream; the plan itself is in its arena. */
void save_plan_free(struct save_plan *plan);

#endif
