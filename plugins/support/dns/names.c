#include "names.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* A network that a container is in. */
struct dns_net {
    struct dns_net *next;
    size_t refs; /* endpoints in it */
    bool internal;
    char id[65];
    char name[DNS_TEXT_MAX];
};

/* A name or, without one, an address: one row for each endpoint that has it. */
struct row {
    struct row *next;
    uint32_t hash;
    const char *name;
    struct ip_addr addr;
    const struct endpoint *endpoint;
};

struct endpoint {
    struct dns_net *net;
    const char *called; /* what its addresses are called */
    struct ip_addr v4;
    struct ip_addr v6;
    struct hull_map links; /* alias to target */
};

struct dns_view {
    struct hull_arena *arena;
    struct endpoint *endpoints;
    size_t count;
    struct row *rows;
    size_t row_count;
    size_t row_room;
    size_t turn[2]; /* which address goes first, IPv4 and IPv6 */
};

static struct dns_net *nets;
/* Every row of every view. */
static struct {
    struct row **slots;
    size_t size; /* a power of two */
    size_t count;
} table;

/* --- networks -------------------------------------------------------------------------------- */

/* The newest word about a network counts: its name may have changed with its id the same. */
static struct dns_net *take_net(const struct dns_endpoint *from)
{
    struct dns_net *net = nets;
    while (net != NULL && strcmp(net->id, from->network_id) != 0)
        net = net->next;
    if (net == NULL) {
        net = calloc(1, sizeof(*net));
        HULL_ASSERT(net != NULL);
        snprintf(net->id, sizeof(net->id), "%s", from->network_id);
        net->next = nets;
        nets = net;
    }
    snprintf(net->name, sizeof(net->name), "%s", from->network);
    net->internal = from->internal;
    net->refs++;
    return net;
}

static void release_net(struct dns_net *net)
{
    if (--net->refs > 0)
        return;
    struct dns_net **link = &nets;
    while (*link != net)
        link = &(*link)->next;
    *link = net->next;
    free(net);
}

/* --- the table ------------------------------------------------------------------------------- */

/* Over the network and the name or address. */
static uint32_t hash_of(const struct dns_net *net, const char *name, const struct ip_addr *addr)
{
    uint32_t hash = hash_add(HASH_START, &net, sizeof(net));
    if (name != NULL)
        hash = hash_add(hash, name, strlen(name));
    else
        hash = hash_add(hash, addr->bytes, ip_size(addr->family));
    return hash ^ hash >> 15;
}

static struct row **slot_of(uint32_t hash)
{
    return &table.slots[hash & (table.size - 1)];
}

static void put_row(struct row *row)
{
    struct row **slot = slot_of(row->hash);
    row->next = *slot;
    *slot = row;
}

static void grow_table(void)
{
    struct row **old = table.slots;
    size_t size = table.size;
    table.size = size == 0 ? 64 : size * 2;
    table.slots = calloc(table.size, sizeof(*table.slots));
    HULL_ASSERT(table.slots != NULL);
    for (size_t i = 0; i < size; i++) {
        while (old[i] != NULL) {
            struct row *row = old[i];
            old[i] = row->next;
            put_row(row);
        }
    }
    free(old);
}

static void add_row(struct dns_view *view, const struct endpoint *endpoint, const char *name,
                    const struct ip_addr *addr)
{
    struct row *row = &view->rows[view->row_count++];
    HULL_ASSERT(view->row_count <= view->row_room);
    row->name = name;
    row->endpoint = endpoint;
    if (addr != NULL)
        row->addr = *addr;
    row->hash = hash_of(endpoint->net, name, addr);
    if (table.count++ >= table.size)
        grow_table();
    put_row(row);
}

static void remove_row(struct row *row)
{
    struct row **link = slot_of(row->hash);
    while (*link != row)
        link = &(*link)->next;
    *link = row->next;
    table.count--;
    if (table.count > 0)
        return;
    free(table.slots);
    table.slots = NULL;
    table.size = 0;
}

/* The next row from ROW on with this name, or this address, in NET. */
static const struct row *match(const struct row *row, uint32_t hash, const struct dns_net *net,
                               const char *name, const struct ip_addr *addr)
{
    for (; row != NULL; row = row->next) {
        if (row->hash != hash || row->endpoint->net != net || (row->name == NULL) != (name == NULL))
            continue;
        if (name != NULL ? strcmp(row->name, name) == 0
                         : row->addr.family == addr->family && ip_compare(&row->addr, addr) == 0)
            return row;
    }
    return NULL;
}

static const struct row *first_match(const struct dns_net *net, const char *name,
                                     const struct ip_addr *addr, uint32_t *ret_hash)
{
    if (table.size == 0)
        return NULL;
    *ret_hash = hash_of(net, name, addr);
    return match(*slot_of(*ret_hash), *ret_hash, net, name, addr);
}

/* --- views ----------------------------------------------------------------------------------- */

static const char *lowered(struct hull_arena *arena, const char *text, size_t length)
{
    char *copy = hull_arena_strndup(arena, text, length);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    return copy;
}

static void add_links(struct dns_view *view, struct endpoint *endpoint,
                      const struct hull_strv *links)
{
    for (size_t i = 0; i < links->n; i++) {
        const char *colon = strchr(links->v[i], ':');
        size_t length = colon == NULL ? strlen(links->v[i]) : (size_t)(colon - links->v[i]);
        const char *alias = colon == NULL ? links->v[i] : colon + 1;
        hull_map_set(view->arena, &endpoint->links, lowered(view->arena, alias, strlen(alias)),
                     lowered(view->arena, links->v[i], length));
    }
}

static void add_endpoint(struct dns_view *view, const struct dns_endpoint *from)
{
    struct endpoint *endpoint = &view->endpoints[view->count++];
    const struct ip_addr *const addrs[] = {&endpoint->v4, &endpoint->v6};
    endpoint->net = take_net(from);
    endpoint->called = "";
    (void)ip_parse(from->ip_address, &endpoint->v4);
    (void)ip_parse(from->global_ipv6_address, &endpoint->v6);
    add_links(view, endpoint, &from->links);
    for (size_t i = 0; i < from->names.n; i++) {
        const char *name = lowered(view->arena, from->names.v[i], strlen(from->names.v[i]));
        struct dns_name wire;
        if (*name == '\0' || !dns_name_read(name, &wire))
            continue;
        if (*endpoint->called == '\0')
            endpoint->called = name;
        add_row(view, endpoint, name, NULL);
    }
    for (size_t i = 0; i < HULL_COUNT(addrs); i++) {
        if (addrs[i]->family != 0)
            add_row(view, endpoint, NULL, addrs[i]);
    }
}

struct dns_view *dns_view_new(const char *container_id, const struct dns_endpoint *endpoints,
                              size_t count)
{
    struct hull_arena *arena = hull_arena_new();
    struct dns_view *view = HULL_NEW(arena, struct dns_view);
    view->arena = arena;
    view->endpoints = HULL_NEW_ARRAY(arena, struct endpoint, count + 1);
    for (size_t i = 0; i < count; i++)
        view->row_room += endpoints[i].names.n + 2;
    view->rows = HULL_NEW_ARRAY(arena, struct row, view->row_room + 1);
    /* Not all containers begin with the same one of several. */
    view->turn[0] = hash_bytes(container_id, strlen(container_id));
    view->turn[1] = view->turn[0];
    for (size_t i = 0; i < count; i++)
        add_endpoint(view, &endpoints[i]);
    return view;
}

struct dns_view *dns_view_free(struct dns_view *view)
{
    if (view == NULL)
        return NULL;
    for (size_t i = 0; i < view->row_count; i++)
        remove_row(&view->rows[i]);
    for (size_t i = 0; i < view->count; i++)
        release_net(view->endpoints[i].net);
    hull_arena_free(view->arena);
    return NULL;
}

bool dns_view_forwards(const struct dns_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        if (!view->endpoints[i].net->internal)
            return true;
    }
    return false;
}

/* --- questions ------------------------------------------------------------------------------- */

static void collect(const struct dns_net *net, const char *name, int family, struct dns_found *ret)
{
    uint32_t hash;
    for (const struct row *row = first_match(net, name, NULL, &hash);
         row != NULL && ret->count < DNS_ADDRESSES_MAX;
         row = match(row->next, hash, net, name, NULL)) {
        const struct ip_addr *addr = family == AF_INET6 ? &row->endpoint->v6 : &row->endpoint->v4;
        ret->known = true;
        if (addr->family == family)
            ret->addresses[ret->count++] = *addr;
    }
}

/* NAME in the one network of ENDPOINT: what it is linked to goes first. */
static void find_in(const struct endpoint *endpoint, const char *name, int family,
                    struct dns_found *ret)
{
    const char *target = hull_map_find(&endpoint->links, name);
    if (target != NULL)
        collect(endpoint->net, target, family, ret);
    if (!ret->known)
        collect(endpoint->net, name, family, ret);
}

/* "name.network", wherever the dot between them is: both may have more of them. */
static void find_scoped(const struct dns_view *view, const char *name, int family,
                        struct dns_found *ret)
{
    char front[DNS_TEXT_MAX];
    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        for (size_t i = 0; i < view->count; i++) {
            if (strcasecmp(view->endpoints[i].net->name, dot + 1) != 0)
                continue;
            memcpy(front, name, (size_t)(dot - name));
            front[dot - name] = '\0';
            find_in(&view->endpoints[i], front, family, ret);
            if (ret->known)
                return;
        }
    }
}

static void rotate(struct dns_found *found, size_t *turn)
{
    size_t first = found->count > 1 ? (*turn)++ % found->count : 0;
    if (first == 0)
        return;
    struct ip_addr *moved = malloc(first * sizeof(*moved));
    HULL_ASSERT(moved != NULL);
    memcpy(moved, found->addresses, first * sizeof(*moved));
    memmove(found->addresses, found->addresses + first, (found->count - first) * sizeof(*moved));
    memcpy(found->addresses + found->count - first, moved, first * sizeof(*moved));
    free(moved);
}

void dns_find_name(struct dns_view *view, const char *name, int family, struct dns_found *ret)
{
    ret->known = false;
    ret->count = 0;
    for (size_t i = 0; i < view->count && !ret->known; i++)
        find_in(&view->endpoints[i], name, family, ret);
    if (!ret->known)
        find_scoped(view, name, family, ret);
    rotate(ret, &view->turn[family == AF_INET6]);
}

bool dns_find_address(const struct dns_view *view, const struct ip_addr *addr,
                      struct dns_name *ret_name)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct dns_net *net = view->endpoints[i].net;
        uint32_t hash;
        const struct row *row = first_match(net, NULL, addr, &hash);
        if (row == NULL || *row->endpoint->called == '\0')
            continue;
        char text[2 * DNS_TEXT_MAX];
        snprintf(text, sizeof(text), "%s.%s", row->endpoint->called, net->name);
        return dns_name_read(text, ret_name) || dns_name_read(row->endpoint->called, ret_name);
    }
    return false;
}

size_t dns_name_count(void)
{
    return table.count;
}

size_t dns_net_count(void)
{
    size_t count = 0;
    for (const struct dns_net *net = nets; net != NULL; net = net->next)
        count++;
    return count;
}
