/*
 * authz.h: the service "authz" at port support/authz: the authorization plugins of the
 * configuration, which are asked before a request is acted on and before it is answered.
 */
#ifndef HULL_API_AUTHZ_H
#define HULL_API_AUTHZ_H

#include <hull/call.h>

/* The message that docker's protocol has for both; the names are those on the wire. */
#define AUTHZ_EXCHANGE_FIELDS(F, T)                                                         \
    F(T, STRING, _, user, "User", HULL_OMIT, "Common name of the client's certificate")     \
    F(T, STRING, _, method_of_user, "UserAuthNMethod", HULL_OMIT, "TLS")                    \
    F(T, STRING, _, method, "RequestMethod", HULL_OMIT, "GET")                              \
    F(T, STRING, _, uri, "RequestUri", HULL_OMIT, "As it was sent, with the query")         \
    F(T, STRING, _, body, "RequestBody", HULL_OMIT | HULL_SECRET, "JSON, in base64")        \
    F(T, MAP, _, headers, "RequestHeaders", HULL_OMIT, "Without credentials")               \
    F(T, STRV, _, certificates, "RequestPeerCertificates", HULL_OMIT, "PEM, in base64")     \
    F(T, STRING, _, reply_body, "ResponseBody", HULL_OMIT | HULL_SECRET, "JSON, in base64") \
    F(T, INT, _, reply_status, "ResponseStatusCode", HULL_OMIT, "200")                      \
    F(T, MAP, _, reply_headers, "ResponseHeaders", HULL_OMIT, "Those that come with the body")
HULL_MESSAGE(authz_exchange, AUTHZ_EXCHANGE_FIELDS)

/* May this be done, and may this be answered? Returns 0, -HULL_FORBIDDEN when a plugin denies it,
 * and -HULL_INTERNAL when one can't be asked, with its name in the error. Yields. */
HULL_METHOD(authz, request, authz_exchange, hull_empty, 0)
HULL_METHOD(authz, response, authz_exchange, hull_empty, 0)
/* Each of these is there and says that it is one; one that is not there yet is given some seconds.
 * -HULL_INVALID for a name that is none, or what is wrong with the first that fails. Yields. */
#define AUTHZ_CHECK_REQUEST_FIELDS(F, T) F(T, STRV, _, plugins, "plugins", 0, "Names")
HULL_MESSAGE(authz_check_request, AUTHZ_CHECK_REQUEST_FIELDS)
HULL_METHOD(authz, check, authz_check_request, hull_empty, 0)

#endif
