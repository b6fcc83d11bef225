/*
 * http.h: the service "http": the server of the Engine API.
 */
#ifndef HULL_API_HTTP_H
#define HULL_API_HTTP_H

#include <hull/call.h>

#define HTTP_LISTEN_REQUEST_FIELDS(F, T) \
    F(T, STRV, _, hosts, "hosts", 0, "unix://PATH, tcp://HOST:PORT, fd:// (socket activation)")
HULL_MESSAGE(http_listen_request, HTTP_LISTEN_REQUEST_FIELDS)
/* Listen at all of them or at none; the group of sockets and TLS are in the configuration. */
HULL_METHOD(http, listen, http_listen_request, hull_empty, 0)

/* Accept no more, end idle connections, and wait for the requests that still run. */
#define HTTP_STOP_REQUEST_FIELDS(F, T) \
    F(T, INT, _, timeout_ms, "timeout_ms", 0, "Wait so long for them")
HULL_MESSAGE(http_stop_request, HTTP_STOP_REQUEST_FIELDS)
HULL_METHOD(http, stop, http_stop_request, hull_empty, 0)

#endif
