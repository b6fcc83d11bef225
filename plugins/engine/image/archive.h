/*
 * archive.h: what an archive of images holds, after it was read once from end to end.
 *
 * Its members are blobs in the content store by then, pinned by the session, but for the few
 * documents that describe it, which are in memory.
 */
#ifndef HULL_IMAGE_ARCHIVE_H
#define HULL_IMAGE_ARCHIVE_H

#include "engine.h"

struct archive_member {
    const char *name;   /* without "./" in front */
    const char *link;   /* the name of another member, or NULL */
    const char *digest; /* of its content, when it is in the store */
    const char *text;   /* its content, when it is in memory */
    int64_t size;
};

struct archive {
    size_t n;
    struct archive_member *v;
};

/* Read BODY, a tar, compressed or not. Takes BODY. */
int archive_read(struct img_session *session, struct hull_stream *body, struct archive *ret)
    HULL_CHECKED;
/* The member NAME, through links inside the archive; NULL when there is none. */
const struct archive_member *archive_find(const struct archive *archive, const char *name);
/* Decode the document NAME, which archive_find() finds in memory. */
int archive_decode(struct hull_call *call, const struct archive_member *member,
                   const struct hull_message *message, void *ret) HULL_CHECKED;

/* Read BODY, a tar, compressed or not, into one blob, uncompressed. Takes BODY. */
int archive_spool(struct img_session *session, struct hull_stream *body, char ret[DIGEST_SIZE],
                  int64_t *ret_size) HULL_CHECKED;

#endif
