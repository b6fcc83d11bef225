/*
 * support/tls: TLS over streams, for the server's side of tcp:// and for clients of a daemon.
 *
 * TLS 1.2 at least, no compression, no renegotiation, no session tickets. The server's context is
 * made once per set of files, and again when the configuration is checked.
 */
#include "tls_plugin.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "api/tls.h"

static SSL_CTX *server;
static char *server_files; /* what it was made from */

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    HULL_ASSERT(context != NULL);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

static int load_identity(struct hull_call *call, SSL_CTX *context, const char *cert,
                         const char *key)
{
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        return tls_fail(call, NULL, HULL_INVALID, hull_printf(call, "certificate %s", cert));
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return tls_fail(call, NULL, HULL_INVALID, hull_printf(call, "key %s", key));
    return 0;
}

static int load_authorities(struct hull_call *call, SSL_CTX *context, const char *ca)
{
    int ok = ca ? SSL_CTX_load_verify_locations(context, ca, NULL)
                : SSL_CTX_set_default_verify_paths(context);
    if (ok != 1)
        return tls_fail(call, NULL, HULL_INVALID,
                        hull_printf(call, "authorities %s", ca ? ca : "of the system"));
    return 0;
}

/* --- server ---------------------------------------------------------------------------------- */

static int make_server(struct hull_call *call, const struct tls_accept_request *request,
                       SSL_CTX **ret)
{
    SSL_CTX *context = context_new(TLS_server_method());
    int rc = load_identity(call, context, request->cert, request->key);

    if (rc == 0 && request->verify && !request->ca)
        rc = hull_fail(call, HULL_INVALID, "tlsverify needs tlscacert: the authority of clients");
    if (rc == 0 && request->verify)
        rc = load_authorities(call, context, request->ca);
    if (rc == 0 && request->verify) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(request->ca));
    }
    if (rc < 0)
        SSL_CTX_free(context);
    else
        *ret = context;
    return rc;
}

static int use_server(struct hull_call *call, const struct tls_accept_request *request)
{
    SSL_CTX *context = NULL;
    char *files = hull_printf(call, "%d %s %s %s", request->verify, request->cert, request->key,
                              request->ca ? request->ca : "");

    if (server && request->stream && hull_streq(files, server_files))
        return 0;
    int rc = make_server(call, request, &context);
    if (rc < 0)
        return rc;
    SSL_CTX_free(server); /* connections keep theirs */
    free(server_files);
    server = context;
    server_files = strdup(files);
    HULL_ASSERT(server_files != NULL);
    return 0;
}

/* The last of several names counts, as Go has it. -HULL_IO for one with a NUL in it: whoever reads
 * it would read something else. */
static int common_name(struct hull_call *call, const X509 *certificate, const char **ret)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = -1, next;
    unsigned char *text = NULL;

    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        at = next;
    if (at < 0)
        return 0;
    int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (length < 0 || memchr(text, '\0', (size_t)length)) {
        OPENSSL_free(text);
        return hull_fail(call, HULL_IO, "TLS: the common name of the client can't be read");
    }
    *ret = hull_arena_strndup(hull_call_arena(call), (const char *)text, (size_t)length);
    OPENSSL_free(text);
    return 0;
}

static void add_certificate(struct hull_call *call, X509 *certificate, struct hull_strv *list)
{
    BIO *out = BIO_new(BIO_s_mem());
    const char *data;

    HULL_ASSERT(out != NULL && PEM_write_bio_X509(out, certificate) == 1);
    size_t length = (size_t)BIO_get_mem_data(out, (void *)&data);
    hull_strv_add(hull_call_arena(call), list,
                  hull_arena_strndup(hull_call_arena(call), data, length));
    BIO_free(out);
}

/* The client's certificate, and those that it sent along. */
static int tell_peer(struct hull_call *call, SSL *ssl, struct tls_accept_reply *ret)
{
    X509 *own = SSL_get1_peer_certificate(ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int rc = own ? common_name(call, own, &ret->user) : 0;

    if (own)
        add_certificate(call, own, &ret->certificates);
    for (int i = 0; own && i < sk_X509_num(chain); i++)
        add_certificate(call, sk_X509_value(chain, i), &ret->certificates);
    X509_free(own);
    return rc;
}

static int tls_accept_one(struct hull_call *call, const struct tls_accept_request *request,
                          struct tls_accept_reply *ret_reply)
{
    int rc = use_server(call, request);

    if (rc < 0 || !request->stream) {
        hull_stream_close(request->stream);
        return rc;
    }
    SSL *ssl = SSL_new(server);
    HULL_ASSERT(ssl != NULL);
    SSL_set_accept_state(ssl);
    rc = tls_wrap(call, ssl, request->stream, &ret_reply->stream);
    if (rc == 0 && request->peer)
        rc = tell_peer(call, ssl, ret_reply);
    if (rc < 0)
        ret_reply->stream = hull_stream_close(ret_reply->stream);
    return rc;
}

/* --- client ---------------------------------------------------------------------------------- */

static int make_client(struct hull_call *call, const struct tls_connect_request *request,
                       SSL_CTX **ret)
{
    SSL_CTX *context = context_new(TLS_client_method());
    int rc = request->cert ? load_identity(call, context, request->cert,
                                           request->key ? request->key : request->cert)
                           : 0;
    if (rc == 0 && request->verify) {
        rc = load_authorities(call, context, request->ca);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    }
    if (rc < 0)
        SSL_CTX_free(context);
    else
        *ret = context;
    return rc;
}

/* Whom the certificate must name. */
static int set_host(struct hull_call *call, SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool numeric =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    int ok = numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                     : SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;

    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return ok == 1 ? 0 : tls_fail(call, NULL, HULL_INVALID, hull_printf(call, "TLS: %s", host));
}

static int tls_connect_one(struct hull_call *call, const struct tls_connect_request *request,
                           struct tls_connect_reply *ret_reply)
{
    SSL_CTX *context = NULL;
    int rc = !request->verify || request->host
                 ? make_client(call, request, &context)
                 : hull_fail(call, HULL_INVALID, "TLS: no name to check the certificate against");

    if (rc < 0) {
        hull_stream_close(request->stream);
        return rc;
    }
    SSL *ssl = SSL_new(context);
    HULL_ASSERT(ssl != NULL);
    SSL_CTX_free(context);
    SSL_set_connect_state(ssl);
    rc = request->host ? set_host(call, ssl, request->host) : 0;
    if (rc == 0)
        return tls_wrap(call, ssl, request->stream, &ret_reply->stream);
    SSL_free(ssl);
    hull_stream_close(request->stream);
    return rc;
}

static void fini(void)
{
    SSL_CTX_free(server);
    free(server_files);
    server = NULL;
    server_files = NULL;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(tls, connect, tls_connect_one),
    HULL_HANDLE(tls, accept, tls_accept_one),
    {},
};
HULL_PLUGIN(support_tls, .port = "support/tls", .version = PACKAGE_VERSION, .handlers = handlers,
            .fini = fini);
