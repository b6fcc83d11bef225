/*
 * links.c: the document keeps "id:alias" of each link on the default bridge, so that the other may
 * be renamed. In networks of one's own the name service knows the aliases.
 */
#include "links.h"

#include "files.h"
#include "tokens.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool on_default_bridge(const struct ct_doc *doc)
{
    return strcmp(doc->host_config.network_mode, "bridge") == 0;
}

/* The container of LINK, or NULL when it is gone, and the alias. */
static struct ct *other_of(const char *link, const char **ret_alias)
{
    const char *colon = strchr(link, ':');
    struct ct *const *all;
    size_t n = ct_all(&all);

    *ret_alias = colon + 1;
    for (size_t i = 0; i < n; i++)
        if (strncmp(all[i]->doc.id, link, (size_t)(colon - link)) == 0)
            return all[i];
    return NULL;
}

/* --- create ----------------------------------------------------------------------------------- */

static int resolve_one(struct hull_call *call, struct ct_doc *doc, const char *link)
{
    const char *colon = strchr(link, ':');
    char *name = colon ? hull_arena_strndup(hull_call_arena(call), link, (size_t)(colon - link))
                       : hull_strdup(call, link);
    const char *alias = colon ? colon + 1 : name + (*name == '/');
    const char *slash = strrchr(alias, '/');
    struct ct *other;

    alias = slash ? slash + 1 : alias;
    if (!token_domain(alias))
        return hull_fail(call, HULL_INVALID, "bad format for links: %s", link);
    if (*name == '\0')
        return hull_fail(call, HULL_INVALID,
                         "could not get container for : invalid name or ID supplied: \"\"");
    /* Not NOT_FOUND: docker's command line would take it for the image's, and pull that. */
    if (ct_find(call, name, &other) < 0) {
        const char *text = hull_strdup(call, hull_error(call));
        hull_error_clear(call);
        return hull_fail(call, HULL_INVALID, "could not get container for %s: %s", name, text);
    }
    if (hull_streq(other->doc.host_config.network_mode, "host"))
        return hull_fail(call, HULL_INVALID,
                         "conflicting options: host type networking can't be used with links. This "
                         "would result in undefined behavior");
    link = hull_printf(call, "%s:%s", other->doc.id, alias);
    if (!hull_strv_contains(&doc->links, link))
        hull_strv_add(hull_call_arena(call), &doc->links, link);
    return 0;
}

int links_resolve(struct hull_call *call, struct ct_doc *doc)
{
    const struct hull_strv *own = &doc->host_config.links;
    const char *mode = doc->host_config.network_mode;
    int rc = 0;

    if (own->n > 0 && (strcmp(mode, "host") == 0 || ct_mode_other(mode)))
        return hull_fail(call, HULL_INVALID,
                         "conflicting options: %s can't be used with links. This would result in "
                         "undefined behavior",
                         *mode == 'h' ? "host type networking" : "container type network");
    for (size_t i = 0; rc == 0 && on_default_bridge(doc) && i < own->n; i++)
        rc = resolve_one(call, doc, own->v[i]);
    return rc;
}

int links_check(struct hull_call *call, const struct ct_doc *doc)
{
    for (size_t i = 0; i < doc->links.n; i++) {
        const char *alias;
        const struct ct *other = other_of(doc->links.v[i], &alias);

        if (other && !ct_is_running(other))
            return hull_fail(call, HULL_CONFLICT,
                             "Cannot link to a non running container: /%s AS /%s/%s",
                             other->doc.name, doc->name, alias);
    }
    return 0;
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* The address of OTHER in a network that both are in, or NULL. */
static const char *address_of(const struct ct *other, const struct ct_doc *doc)
{
    const struct network_settings *theirs = other->doc.network;

    for (size_t i = 0; theirs && ct_is_running(other) && i < theirs->networks.n; i++) {
        const struct endpoint_settings *endpoint = &theirs->networks.v[i];

        if (HULL_MSGMAP_FIND(&doc->networks, theirs->networks.keys[i]) && endpoint->ip_address &&
            *endpoint->ip_address)
            return endpoint->ip_address;
    }
    return NULL;
}

void links_hosts(struct hull_call *call, const struct ct_doc *doc, struct hull_text *text)
{
    (void)call;
    for (size_t i = 0; i < doc->links.n; i++) {
        const char *alias, *address;
        const struct ct *other = other_of(doc->links.v[i], &alias);

        address = other ? address_of(other, doc) : NULL;
        if (!address)
            continue;
        hull_text_printf(text, "%s\t%s %s", address, alias, other->doc.config.hostname);
        if (strcmp(alias, other->doc.name) != 0)
            hull_text_printf(text, " %s", other->doc.name);
        hull_text_puts(text, "\n");
    }
}

static bool links_to(const struct ct *ct, const char *id)
{
    size_t length = strlen(id);

    for (size_t i = 0; i < ct->doc.links.n; i++)
        if (strncmp(ct->doc.links.v[i], id, length) == 0 && ct->doc.links.v[i][length] == ':')
            return true;
    return false;
}

void links_refresh(struct hull_call *call, const struct ct *ct)
{
    struct ct *const *all;
    size_t n = ct_all(&all), found = 0;
    struct ct **users = HULL_NEW_ARRAY(hull_call_arena(call), struct ct *, n + 1);

    for (size_t i = 0; i < n; i++)
        if (ct_is_running(all[i]) && all[i]->doc.network && links_to(all[i], ct->doc.id))
            users[found++] = ct_ref(all[i]);
    for (size_t i = 0; i < found; i++) {
        if (ct_is_running(users[i]) && users[i]->doc.network &&
            files_write_hosts(call, &users[i]->doc, users[i]->doc.network) < 0) {
            hull_log(call, HULL_LOG_WARN, "renewing a link", "container", users[i]->doc.id, "error",
                     hull_error(call), NULL);
            hull_error_clear(call);
        }
        ct_unref(users[i]);
    }
}

/* --- variables -------------------------------------------------------------------------------- */

struct exposed {
    long number;
    char protocol[8];
};

static int compare_exposed(const void *a, const void *b)
{
    const struct exposed *left = a, *right = b;

    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    /* tcp before udp */
    return strcmp(left->protocol, right->protocol);
}

static size_t exposed_ports(struct hull_arena *arena, const struct ct_doc *doc,
                            struct exposed **ret)
{
    const struct hull_strv *ports = &doc->config.exposed_ports;

    *ret = HULL_NEW_ARRAY(arena, struct exposed, ports->n + 1);
    for (size_t i = 0; i < ports->n; i++) {
        const char *slash = strchr(ports->v[i], '/');

        (*ret)[i].number = strtol(ports->v[i], NULL, 10);
        snprintf((*ret)[i].protocol, sizeof((*ret)[i].protocol), "%s", slash ? slash + 1 : "tcp");
    }
    if (ports->n > 1)
        qsort(*ret, ports->n, sizeof(**ret), compare_exposed);
    return ports->n;
}

static void add_env(struct hull_arena *arena, struct hull_strv *env, const char *entry)
{
    size_t length = strcspn(entry, "=") + 1;

    for (size_t i = 0; i < env->n; i++)
        if (strncmp(env->v[i], entry, length) == 0)
            return;
    hull_strv_add(arena, env, entry);
}

static const char *upper(struct hull_arena *arena, const char *text)
{
    char *copy = hull_arena_strdup(arena, text);

    for (char *at = copy; *at; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    return copy;
}

/* ALIAS_PORT_80_TCP and what belongs to it; SUFFIX is "" or, for three and more in a row,
 * "_START" or "_END". */
static void add_port(struct hull_arena *arena, struct hull_strv *env, const char *prefix,
                     const char *ip, const struct exposed *port, const char *suffix)
{
    const char *url = hull_arena_printf(arena, "%s://%s:%ld", port->protocol, ip, port->number);

    add_env(arena, env, hull_arena_printf(arena, "%s%s=%s", prefix, suffix, url));
    add_env(arena, env, hull_arena_printf(arena, "%s_ADDR=%s", prefix, ip));
    add_env(arena, env, hull_arena_printf(arena, "%s_PROTO=%s", prefix, port->protocol));
    add_env(arena, env, hull_arena_printf(arena, "%s_PORT%s=%ld", prefix, suffix, port->number));
}

static const char *port_prefix(struct hull_arena *arena, const char *alias,
                               const struct exposed *port)
{
    return hull_arena_printf(arena, "%s_PORT_%ld_%s", alias, port->number,
                             upper(arena, port->protocol));
}

static void add_ports(struct hull_arena *arena, struct hull_strv *env, const char *alias,
                      const char *ip, const struct exposed *ports, size_t n)
{
    if (n > 0)
        add_env(arena, env,
                hull_arena_printf(arena, "%s_PORT=%s://%s:%ld", alias, ports[0].protocol, ip,
                                  ports[0].number));
    for (size_t i = 0, j; i < n; i = j + 1) {
        for (j = i; j + 1 < n && ports[j + 1].number == ports[j].number + 1 &&
                    strcmp(ports[j + 1].protocol, ports[i].protocol) == 0;)
            j++;
        if (j > i + 1) {
            const char *prefix = port_prefix(arena, alias, &ports[i]);

            add_port(arena, env, prefix, ip, &ports[i], "_START");
            add_port(arena, env, prefix, ip, &ports[j], "_END");
        }
    }
    for (size_t i = 0; i < n; i++)
        add_port(arena, env, port_prefix(arena, alias, &ports[i]), ip, &ports[i], "");
}

static void add_link_env(struct hull_arena *arena, const struct ct *other, const char *alias,
                         const struct ct_doc *doc, struct hull_strv *env)
{
    const char *ip = address_of(other, doc), *name = upper(arena, alias);
    struct exposed *ports;
    size_t n = exposed_ports(arena, &other->doc, &ports);

    if (!ip)
        return;
    add_ports(arena, env, name, ip, ports, n);
    add_env(arena, env, hull_arena_printf(arena, "%s_NAME=/%s/%s", name, doc->name, alias));
    for (size_t i = 0; i < other->doc.config.env.n; i++) {
        const char *entry = other->doc.config.env.v[i];

        if (strncmp(entry, "PATH=", 5) != 0 && strncmp(entry, "HOME=", 5) != 0 &&
            strchr(entry, '='))
            add_env(arena, env, hull_arena_printf(arena, "%s_ENV_%s", name, entry));
    }
}

void links_env(struct hull_call *call, const struct ct_doc *doc, struct hull_strv *env)
{
    for (size_t i = 0; i < doc->links.n; i++) {
        const char *alias;
        const struct ct *other = other_of(doc->links.v[i], &alias);

        if (other)
            add_link_env(hull_call_arena(call), other, alias, doc, env);
    }
}

/* --- inspect, rm ------------------------------------------------------------------------------ */

void links_show(struct hull_arena *arena, const struct ct_doc *doc, struct hull_strv *ret)
{
    if (!on_default_bridge(doc))
        return;
    *ret = (struct hull_strv){0};
    for (size_t i = 0; i < doc->links.n; i++) {
        const char *alias;
        const struct ct *other = other_of(doc->links.v[i], &alias);

        if (other)
            hull_strv_add(
                arena, ret,
                hull_arena_printf(arena, "/%s:/%s/%s", other->doc.name, doc->name, alias));
    }
}

int links_remove(struct hull_call *call, const char *name)
{
    const char *slash = strchr(name + (*name == '/'), '/');
    struct hull_strv old, kept = {0};
    struct ct *ct;
    int rc;

    if (!slash)
        return hull_fail(call, HULL_INVALID, "Cannot get parent / for name /%s", name);
    rc = ct_find_locked(
        call, hull_arena_strndup(hull_call_arena(call), name, (size_t)(slash - name)), &ct);
    if (rc < 0)
        return rc;
    old = ct->doc.links;
    for (size_t i = 0; i < old.n; i++)
        if (strcmp(strchr(old.v[i], ':') + 1, slash + 1) != 0)
            hull_strv_add(ct->arena, &kept, old.v[i]);
    if (kept.n == old.n)
        return hull_fail(call, HULL_NOT_FOUND, "No such link: %s", name);
    ct->doc.links = kept;
    rc = ct_save(call, ct, NULL, true);
    if (rc < 0)
        ct->doc.links = old;
    else if (ct_is_running(ct) && ct->doc.network)
        rc = files_write_hosts(call, &ct->doc, ct->doc.network);
    return rc;
}
