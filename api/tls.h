/*
 * tls.h: the service "tls" at port support/tls: TLS over a stream, either side of it. A service of
 * its own, so that only who speaks TLS loads the library.
 */
#ifndef HULL_API_TLS_H
#define HULL_API_TLS_H

#include <hull/call.h>

#define TLS_CONNECT_REQUEST_FIELDS(F, T)                                                       \
    F(T, STREAM, _, stream, "stream", 0, "The connection; taken, even when it fails")          \
    F(T, STRING, _, host, "host", 0, "Name or address that the certificate must be for")       \
    F(T, BOOL, _, verify, "verify", 0, "Check the certificate")                                \
    F(T, STRING, _, ca, "ca", 0, "File with the authorities to trust, the system's if absent") \
    F(T, STRING, _, cert, "cert", 0, "File with our certificate, may be absent")               \
    F(T, STRING, _, key, "key", 0, "File with its key")
HULL_MESSAGE(tls_connect_request, TLS_CONNECT_REQUEST_FIELDS)
#define TLS_CONNECT_REPLY_FIELDS(F, T) F(T, STREAM, _, stream, "stream", 0, "What is inside")
HULL_MESSAGE(tls_connect_reply, TLS_CONNECT_REPLY_FIELDS)
HULL_METHOD(tls, connect, tls_connect_request, tls_connect_reply, 0)

#define TLS_ACCEPT_REPLY_FIELDS(F, T)                                                   \
    F(T, STREAM, _, stream, "stream", 0, "What is inside")                              \
    F(T, STRING, _, user, "user", HULL_OMIT, "Common name in the client's certificate") \
    F(T, STRV, _, certificates, "certificates", HULL_OMIT, "Of the client, its own first; PEM")
HULL_MESSAGE(tls_accept_reply, TLS_ACCEPT_REPLY_FIELDS)

/* The server's side. Without a stream the files are checked and read again, and no more. */
#define TLS_ACCEPT_REQUEST_FIELDS(F, T)                                                     \
    F(T, STREAM, _, stream, "stream", 0, "The connection; taken, even when it fails")       \
    F(T, BOOL, _, verify, "verify", 0, "Demand a certificate of the client, signed by ca")  \
    F(T, BOOL, _, peer, "peer", 0, "Tell who the client is, if it has a certificate")       \
    F(T, STRING, _, ca, "ca", 0, "File with the authorities of clients")                    \
    F(T, STRING, _, cert, "cert", HULL_REQUIRED, "File with our certificate and its chain") \
    F(T, STRING, _, key, "key", HULL_REQUIRED, "File with its key")
HULL_MESSAGE(tls_accept_request, TLS_ACCEPT_REQUEST_FIELDS)
HULL_METHOD(tls, accept, tls_accept_request, tls_accept_reply, 0)

#endif
