/*
 * conf.h: CNI's documents: configuration lists, results, errors. All of it is pure: text in, text
 * out, memory from an arena. Worker-safe.
 */
#ifndef HULL_CNI_CONF_H
#define HULL_CNI_CONF_H

#include <hull/arena.h>
#include <hull/error.h>

struct json_value;

/* Which of a runtime's offers a plugin takes: true in its "capabilities". */
struct cni_capabilities {
    bool port_mappings, ips, mac;
};
struct cni_plugin {
    const char *type;
    const struct json_value *object;
    struct cni_capabilities takes;
};
struct cni_conf {
    const char *version; /* 0.3.1, 0.4.0 or 1.0.0 */
    const char *name;
    bool disable_check;
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

/* What is offered to plugins that take it, each JSON text or NULL. */
struct cni_offers {
    const char *port_mappings, *ips, *mac;
};
/* The standard input of plugin INDEX. PREVIOUS is a result as JSON, or NULL. */
char *cni_conf_input(struct hull_arena *arena, const struct cni_conf *conf, size_t index,
                     const char *previous, const struct cni_offers *offers);

/* What is of interest in a result; NULL where it says nothing. */
struct cni_result {
    const char *address[2]; /* IPv4, IPv6 */
    int64_t length[2];
    const char *gateway[2];
    const char *mac;
    struct hull_strv outside; /* names of interfaces on the host */
};
/* The result TEXT, for the interface IFNAME of the container. -HULL_INVALID. */
int cni_result_parse(struct hull_arena *arena, const char *text, size_t length, const char *ifname,
                     struct cni_result *ret, struct hull_problem *problem) HULL_CHECKED;
/* What a plugin that failed says in TEXT: "msg: details", or NULL when that is no error of CNI. */
const char *cni_error_text(struct hull_arena *arena, const char *text, size_t length);

#endif
