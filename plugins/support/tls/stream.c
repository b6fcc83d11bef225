/*
 * A stream inside TLS inside a stream.
 *
 * OpenSSL works on memory only, and never waits: what it wants to send is taken out of it and
 * written, what it wants to read is read and put in. So one fiber may read while another writes;
 * a lock keeps the records in their order.
 */
#include "tls_plugin.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define RECORD 16384

struct tls {
    SSL *ssl;
    BIO *in, *out; /* of the SSL */
    struct hull_stream *stream;
    struct hull_lock writing;
};

int tls_fail(struct hull_call *call, SSL *ssl, enum hull_kind kind, const char *what)
{
    unsigned long code = ERR_get_error();
    long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *why = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    if (verdict != X509_V_OK)
        why = X509_verify_cert_error_string(verdict);
    return hull_fail(call, kind, "%s: %s", what, why ? why : "not understood");
}

/* Send what OpenSSL has made. */
static int flush(struct hull_call *call, struct tls *tls)
{
    char record[RECORD];
    int size, rc = hull_lock(call, &tls->writing);

    if (rc < 0)
        return rc;
    while (rc == 0 && (size = BIO_read(tls->out, record, sizeof(record))) > 0)
        rc = hull_stream_write(call, tls->stream, record, (size_t)size);
    hull_unlock(&tls->writing);
    return rc;
}

/* What reading made has to be sent: an alert, a step of the handshake. Whoever writes at this
 * moment takes it along, and may wait for a peer who wants to be read first. */
static int flush_own(struct hull_call *call, struct tls *tls)
{
    return BIO_ctrl_pending(tls->out) == 0 || tls->writing.owner != NULL ? 0 : flush(call, tls);
}

/* Give OpenSSL more: 1, or 0 at the end. */
static int fill(struct hull_call *call, struct tls *tls)
{
    char record[RECORD];
    int rc = flush_own(call, tls);

    if (rc < 0)
        return rc;
    ssize_t got = hull_stream_read(call, tls->stream, record, sizeof(record));
    if (got <= 0)
        return (int)got;
    if (BIO_write(tls->in, record, (int)got) != got)
        return tls_fail(call, NULL, HULL_INTERNAL, "TLS");
    return 1;
}

static ssize_t tls_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct tls *tls = ctx;

    for (;;) {
        ERR_clear_error();
        int got = SSL_read(tls->ssl, buffer, size > RECORD ? RECORD : (int)size);
        if (got > 0)
            return got;
        int error = SSL_get_error(tls->ssl, got);
        if (error == SSL_ERROR_ZERO_RETURN)
            return 0;
        if (error != SSL_ERROR_WANT_READ)
            return tls_fail(call, NULL, HULL_IO, "TLS");
        int rc = fill(call, tls);
        if (rc == 0)
            return hull_fail(call, HULL_IO, "TLS: the connection was cut off");
        if (rc < 0)
            return rc;
    }
}

static ssize_t tls_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct tls *tls = ctx;

    ERR_clear_error();
    int put = SSL_write(tls->ssl, data, size > RECORD ? RECORD : (int)size);
    if (put <= 0)
        return tls_fail(call, NULL, HULL_IO, "TLS");
    int rc = flush(call, tls);
    return rc < 0 ? rc : put;
}

static int tls_shutdown(struct hull_call *call, void *ctx)
{
    struct tls *tls = ctx;

    ERR_clear_error();
    if (SSL_shutdown(tls->ssl) < 0)
        return tls_fail(call, NULL, HULL_IO, "TLS");
    return flush(call, tls);
}

static void tls_close(void *ctx)
{
    struct tls *tls = ctx;

    SSL_free(tls->ssl);
    hull_stream_close(tls->stream);
    free(tls);
}

static const struct hull_stream_ops ops = {
    .read = tls_read, .write = tls_write, .shutdown = tls_shutdown, .close = tls_close};

static int handshake(struct hull_call *call, struct tls *tls)
{
    for (;;) {
        ERR_clear_error();
        int done = SSL_do_handshake(tls->ssl);
        if (done == 1)
            return flush(call, tls);
        if (SSL_get_error(tls->ssl, done) != SSL_ERROR_WANT_READ) {
            int rc = tls_fail(call, tls->ssl, HULL_IO, "TLS handshake");
            if (flush(call, tls) < 0) /* the alert, for the other side */
                return -HULL_IO;
            return rc;
        }
        int rc = fill(call, tls);
        if (rc <= 0)
            return rc < 0 ? rc : hull_fail(call, HULL_IO, "TLS handshake: cut off");
    }
}

int tls_wrap(struct hull_call *call, SSL *ssl, struct hull_stream *stream,
             struct hull_stream **ret_stream)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    HULL_ASSERT(tls != NULL);
    tls->ssl = ssl;
    tls->stream = stream;
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    HULL_ASSERT(tls->in != NULL && tls->out != NULL);
    SSL_set_bio(ssl, tls->in, tls->out);
    int rc = handshake(call, tls);
    if (rc < 0)
        tls_close(tls);
    else
        *ret_stream = hull_stream_new(&ops, tls);
    return rc;
}
