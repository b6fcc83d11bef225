/*
 * tls_plugin.h: what the files of plugins/support/tls share.
 */
#ifndef TLS_TLS_PLUGIN_H
#define TLS_TLS_PLUGIN_H

#include <hull/hull.h>
#include <openssl/ssl.h>

/* Fail with what OpenSSL says, SSL (may be NULL) having the verdict on a certificate. */
int tls_fail(struct hull_call *call, SSL *ssl, enum hull_kind kind, const char *what) HULL_CHECKED;
/* Shake hands over STREAM, which is taken, as SSL, which is taken too. Yields. */
int tls_wrap(struct hull_call *call, SSL *ssl, struct hull_stream *stream,
             struct hull_stream **ret_stream) HULL_CHECKED;

#endif
