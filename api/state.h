/*
 * state.h: the service "state": durable documents (JSON text) by bucket and key.
 *
 * What commit() acknowledged survives kill -9 and, with SYNC, power loss.
 */
#ifndef HULL_API_STATE_H
#define HULL_API_STATE_H

#include <hull/call.h>
#include <hull/log.h>
#include <string.h>

#define STATE_KEY_FIELDS(F, T)                                 \
    F(T, STRING, _, bucket, "bucket", HULL_REQUIRED, "Bucket") \
    F(T, STRING, _, key, "key", 0, "Key; in a list, its prefix")
HULL_MESSAGE(state_key, STATE_KEY_FIELDS)
#define STATE_DOCUMENT_FIELDS(F, T)                                                 \
    F(T, STRING, _, bucket, "bucket", 0, "Bucket")                                  \
    F(T, STRING, _, key, "key", 0, "Key")                                           \
    F(T, JSON, _, value, "value", 0,                                                \
      "JSON text; in an operation absent removes, in a watch event it was removed") \
    F(T, INT, _, revision, "revision", 0,                                           \
      "Counts commits of the store; in an operation, not 0: the revision it must still have")
HULL_MESSAGE(state_document, STATE_DOCUMENT_FIELDS)
/* -HULL_NOT_FOUND when there is none. */
HULL_METHOD(state, get, state_key, state_document, 0)
/* Every document of the bucket whose key begins with KEY, in the order of keys. */
HULL_METHOD(state, list, state_key, state_document, HULL_METHOD_MANY)

/* All operations or none. -HULL_CONFLICT when a revision is not the one expected. */
#define STATE_COMMIT_REQUEST_FIELDS(F, T)                                          \
    F(T, LIST, state_document, operations, "operations", 0, "Writes and removals") \
    F(T, BOOL, _, sync, "sync", 0, "Survive power loss: waits for the disk")
HULL_MESSAGE(state_commit_request, STATE_COMMIT_REQUEST_FIELDS)
#define STATE_COMMIT_REPLY_FIELDS(F, T) F(T, INT, _, revision, "revision", 0, "Of this commit")
HULL_MESSAGE(state_commit_reply, STATE_COMMIT_REPLY_FIELDS)
HULL_METHOD(state, commit, state_commit_request, state_commit_reply, 0)

/*
 * Commit one document: VALUE (JSON text) under KEY of BUCKET, or its removal when VALUE is NULL.
 * PORT and SYNC as for state.commit. Yields.
 */
HULL_CHECKED HULL_UNUSED static inline int state_put(struct hull_call *call, const char *port,
                                                     const char *bucket, const char *key,
                                                     const char *value, bool sync)
{
    struct state_document operation = {.bucket = bucket, .key = key, .value = value};
    const struct state_commit_request request = {.operations = {1, &operation}, .sync = sync};
    struct state_commit_reply reply;

    return state_commit(call, port, &request, &reply);
}

/*
 * For who reads a whole bucket: DOCUMENT can't be understood, the call's error says why. That is
 * logged, and the document stays as it is: what is damaged harms nobody else.
 */
HULL_UNUSED static inline void state_leave(struct hull_call *call,
                                           const struct state_document *document)
{
    hull_log(call, HULL_LOG_ERROR, "a document can't be read and is left alone", "bucket",
             document->bucket, "key", document->key, "error", hull_error(call), NULL);
    hull_error_clear(call);
}

/* -HULL_INVALID when FIELD of DOCUMENT, which is VALUE, is not the key, as it has to be. */
HULL_CHECKED HULL_UNUSED static inline int state_check_key(struct hull_call *call,
                                                           const struct state_document *document,
                                                           const char *field, const char *value)
{
    if (value != NULL && strcmp(value, document->key) == 0)
        return 0;
    return hull_fail(call, HULL_INVALID, "%s: \"%s\" is not its key", field,
                     value == NULL ? "" : value);
}

/*
 * The document under KEY of BUCKET, if there is one: *RET_FOUND. PORT as for state.get. Yields.
 */
HULL_CHECKED HULL_UNUSED static inline int state_find(struct hull_call *call, const char *port,
                                                      const char *bucket, const char *key,
                                                      struct state_document *ret_document,
                                                      bool *ret_found)
{
    const struct state_key request = {.bucket = bucket, .key = key};
    int rc = state_get(call, port, &request, ret_document);

    *ret_found = rc == 0;
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        rc = 0;
    }
    return rc;
}

/* Each change of the bucket from now on; says ready when it watches. Ends when cancelled. */
HULL_METHOD(state, watch, state_key, state_document, HULL_METHOD_MANY | HULL_METHOD_READY)

#endif
