/*
 * conf.h: CNI's documents: configuration lists, results, errors. All of it is pure: text in, text
 * out, memory from an arena. Worker-safe.
 */
#ifndef HULL_CNI_CONF_H
#define HULL_CNI_CONF_H

#include <hull/arena.h>
#include <hull/error.h>

struct json_value;

/* What a runtime offers; a plugin takes what is true in its "capabilities". */
enum cni_capability {
    CNI_PORT_MAPPINGS,
    CNI_IPS,
    CNI_MAC,
    CNI_BANDWIDTH,
    CNI_ALIASES,
    CNI_DNS,
    CNI_IP_RANGES,
    CNI_GUID,
    CNI_DEVICE,
    CNI_CAPABILITY_COUNT,
};
/* As configurations and plugins call it. */
const char *cni_capability_name(enum cni_capability which);

struct cni_plugin {
    const char *type;
    const struct json_value *object;
    bool takes[CNI_CAPABILITY_COUNT];
};
struct cni_conf {
    const char *version; /* 0.3.1, 0.4.0, 1.0.0 or 1.1.0 */
    const char *name;
    bool disable_check, disable_gc;
    struct cni_plugin *plugins;
    size_t count;
};
/* A configuration list, or a single configuration as a list of one. -HULL_INVALID. */
int cni_conf_parse(struct hull_arena *arena, const char *text, size_t length, struct cni_conf *ret,
                   struct hull_problem *problem) HULL_CHECKED;
/* True when TEXT can be a plugin's type or a network's name: [a-zA-Z0-9][a-zA-Z0-9._-]* */
bool cni_name_valid(const char *text);
/* True when CONF is of 0.4.0 or later, which have CHECK, and DEL with the result. */
bool cni_conf_checks(const struct cni_conf *conf);
/* True when CONF is of 1.1.0 or later, which have STATUS and GC. */
bool cni_conf_collects(const struct cni_conf *conf);

/* What is offered to plugins that take it, each JSON text or NULL. */
struct cni_offers {
    const char *v[CNI_CAPABILITY_COUNT];
};
/* What a plugin gets besides its configuration, each JSON text or NULL. */
struct cni_given {
    struct cni_offers offers;
    const char *previous;    /* a result */
    const char *attachments; /* for GC: those that are still in use */
};
/* The standard input of plugin INDEX. */
char *cni_conf_input(struct hull_arena *arena, const struct cni_conf *conf, size_t index,
                     const struct cni_given *given);

/* What is of interest in a result; NULL where it says nothing. */
struct cni_result {
    const char *address[2]; /* IPv4, IPv6 */
    int64_t length[2];
    const char *gateway[2];
    const char *mac;
    struct hull_strv outside;                              /* names of interfaces on the host */
    struct hull_strv dns_servers, dns_search, dns_options; /* for resolv.conf */
};
/* The result TEXT, for the interface IFNAME of the container. -HULL_INVALID. */
int cni_result_parse(struct hull_arena *arena, const char *text, size_t length, const char *ifname,
                     struct cni_result *ret, struct hull_problem *problem) HULL_CHECKED;
/* What a plugin that failed says in TEXT: "msg: details (code 7)", or NULL when that is no error of
 * CNI. *RET_CODE is 0 when it gives none. */
const char *cni_error_text(struct hull_arena *arena, const char *text, size_t length,
                           int64_t *ret_code);
/* The code of one that asks to be tried again. */
#define CNI_TRY_AGAIN 11

#endif
