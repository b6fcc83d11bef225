/*
 * summary.c: making the summary of a container from its document.
 */
#include "summary.h"

#include "timefmt.h"

#include <stdlib.h>
#include <string.h>

char *summary_status(struct hull_arena *arena, const struct ct *ct, int64_t now_ns)
{
    const char *health = ct_health_status(ct);
    char *up, *ago;

    switch (ct->state) {
    case CT_RUNNING:
    case CT_PAUSED:
        up = hull_arena_printf(arena, "Up %s", time_human(arena, now_ns - ct->doc.started_ns));
        if (ct->state == CT_PAUSED)
            return hull_arena_printf(arena, "%s (Paused)", up);
        if (strcmp(health, "starting") == 0)
            return hull_arena_printf(arena, "%s (health: starting)", up);
        return *health ? hull_arena_printf(arena, "%s (%s)", up, health) : up;
    case CT_RESTARTING:
    case CT_EXITED:
        if (ct->doc.finished_ns == TIME_NEVER)
            return hull_arena_strdup(arena, "Created");
        ago = time_human(arena, now_ns - ct->doc.finished_ns);
        return hull_arena_printf(arena, "%s (%lld) %s ago",
                                 ct->state == CT_EXITED ? "Exited" : "Restarting",
                                 (long long)ct->doc.exit_code, ago);
    case CT_REMOVING:
        return hull_arena_strdup(arena, "Removal In Progress");
    case CT_DEAD:
        return hull_arena_strdup(arena, "Dead");
    case CT_CREATING:
    case CT_CREATED:
    case CT_GONE:
        break;
    }
    return hull_arena_strdup(arena, "Created");
}

static char *command(struct hull_arena *arena, const struct ct_doc *doc)
{
    struct hull_text text = HULL_TEXT(arena);

    hull_text_puts(&text, doc->path ? doc->path : "");
    for (size_t i = 0; i < doc->args.n; i++) {
        bool quoted = strchr(doc->args.v[i], ' ') != NULL;

        hull_text_printf(&text, quoted ? " '%s'" : " %s", doc->args.v[i]);
    }
    return text.data;
}

static int compare_ports(const void *a, const void *b)
{
    const struct port *left = a, *right = b;

    if (left->private_port != right->private_port)
        return left->private_port < right->private_port ? -1 : 1;
    if (strcmp(left->type, right->type) != 0)
        return strcmp(left->type, right->type);
    return strcmp(left->ip ? left->ip : "", right->ip ? right->ip : "");
}

static void ports(struct hull_arena *arena, const struct ct *ct, struct container_summary *ret)
{
    const struct network_settings *network = ct->doc.network;

    ret->ports.v = HULL_NEW(arena, struct port);
    for (size_t i = 0; ct_is_running(ct) && network && i < network->ports.n; i++) {
        const char *key = network->ports.keys[i], *slash = strchr(key, '/');
        const struct port port = {.private_port = strtol(key, NULL, 10),
                                  .type = hull_arena_strdup(arena, slash ? slash + 1 : "tcp")};

        if (network->ports.v[i].n == 0)
            *HULL_LIST_ADD(arena, &ret->ports) = port;
        for (size_t b = 0; b < network->ports.v[i].n; b++) {
            const struct port_binding *binding = &network->ports.v[i].v[b];
            struct port *added = HULL_LIST_ADD(arena, &ret->ports);

            *added = port;
            added->ip = hull_arena_strdup(arena, binding->host_ip);
            added->public_port = binding->host_port ? strtol(binding->host_port, NULL, 10) : 0;
        }
    }
    if (ret->ports.n > 1)
        qsort(ret->ports.v, ret->ports.n, sizeof(*ret->ports.v), compare_ports);
}

void summary_networks(const struct ct *ct, struct network_settings *ret)
{
    if (ct->doc.network) {
        *ret = *ct->doc.network;
        return;
    }
    memset(ret, 0, sizeof(*ret));
    memcpy(&ret->networks, &ct->doc.networks, sizeof(ret->networks));
}

void summary_make(struct hull_arena *arena, struct ct *ct, int64_t now_ns,
                  struct container_summary *ret)
{
    struct container_summary own = {
        .id = ct->doc.id,
        .image = ct->doc.config.image ? ct->doc.config.image : "",
        .image_id = ct->doc.image_id,
        .command = command(arena, &ct->doc),
        .created = ct->doc.created_ns / TIME_SECOND,
        .labels = ct->doc.config.labels,
        .state = ct_state_name(ct->state),
        .status = summary_status(arena, ct, now_ns),
        .host_config = {.network_mode = ct->doc.host_config.network_mode,
                        .annotations = ct->doc.host_config.annotations},
    };
    struct network_settings network;

    hull_strv_add(arena, &own.names, hull_arena_printf(arena, "/%s", ct->doc.name));
    summary_networks(ct, &network);
    memcpy(&own.network_settings.networks, &network.networks, sizeof(network.networks));
    own.mounts.v = HULL_NEW(arena, struct mount_point);
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        *HULL_LIST_ADD(arena, &own.mounts) = ct->doc.mounts.v[i].point;
    ports(arena, ct, &own);
    hull_message_copy(arena, &container_summary_message, &own, ret);
    /* Lists leave these out, as docker's do. */
    for (size_t i = 0; i < ret->network_settings.networks.n; i++) {
        ret->network_settings.networks.v[i].aliases = (struct hull_strv){0};
        ret->network_settings.networks.v[i].dns_names = (struct hull_strv){0};
    }
}
