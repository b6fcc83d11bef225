/*
 * content.h: the service "content": blobs by digest, in an OCI image layout below the data root
 * (image/blobs/sha256/<hex>). A blob is visible only when it is complete, verified and durable.
 */
#ifndef HULL_API_CONTENT_H
#define HULL_API_CONTENT_H

#include <hull/call.h>

#define CONTENT_BLOB_FIELDS(F, T)                                                        \
    F(T, STRING, _, digest, "digest", 0, "sha256:<64 hex>; ingest: expected, or absent") \
    F(T, INT, _, size, "size", 0, "Bytes; ingest: expected, or 0")                       \
    F(T, FD, _, fd, "fd", 0, "ingest: read from here; open: a regular file, read-only")  \
    F(T, INT, _, limit, "limit", 0, "ingest: refuse more bytes than this; 0: no limit")
HULL_MESSAGE(content_blob, CONTENT_BLOB_FIELDS)
/* Read the descriptor to its end on a worker, hash and store. Someone else storing the same
 * digest is joined. -HULL_INVALID when digest or size differ from what was expected. */
HULL_METHOD(content, ingest, content_blob, content_blob, 0)
/* An ingest by the caller's own hand: create gives an unnamed file to write; commit takes it back
 * with the digest that the caller computed while writing, and makes it durable and visible.
 * Closing it instead forgets it. */
HULL_METHOD(content, create, hull_empty, content_blob, 0)
HULL_METHOD(content, commit, content_blob, content_blob, 0)
/* A descriptor of the blob with its size, or only the size. -HULL_NOT_FOUND when there is none. */
HULL_METHOD(content, open, content_blob, content_blob, 0)
HULL_METHOD(content, stat, content_blob, content_blob, 0)
/* Read a blob on a worker and hash it; its size. -HULL_IO when it is not what its name says, or
 * has another size than the request's (0: any). */
HULL_METHOD(content, verify, content_blob, content_blob, 0)
/* Idempotent. The caller knows that nothing refers to it; who has it open reads on. */
HULL_METHOD(content, remove, content_blob, hull_empty, 0)
/* Every blob: digest and size. */
HULL_METHOD(content, list, hull_empty, content_blob, HULL_METHOD_MANY)

#endif
