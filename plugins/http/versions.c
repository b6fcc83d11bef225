/*
 * versions.c: what differs between versions of the API. The engine knows one API. What a request of
 * an older version can't mean is left out, or refused where leaving it out would be less safe, and
 * what its client relies on is filled in; what does not belong into its answer is taken out.
 */
#include "http.h"

#include <string.h>

#include "container.h"
#include "ids.h"
#include "image.h"
#include "system.h"

#define VERSION_OLD_COMPOSE 1041
#define VERSION_NO_VIRTUAL_SIZE 1044
#define VERSION_NO_CONTAINER_CONFIG 1045
#define VERSION_PLAIN_ALIASES 1045
#define VERSION_ANNOTATIONS_LISTED 1046
#define VERSION_FIREWALL 1049
#define VERSION_DEVICES 1050
#define VERSION_CONTAINERS_COUNTED 1051

static void images(int version, struct image_summary *list, size_t count)
{
    for (size_t i = 0; i < count && version >= VERSION_NO_VIRTUAL_SIZE; i++)
        list[i].virtual_size.set = false;
}

static void image_inspect_answer(struct hull_call *call, int version, void *reply)
{
    struct image_inspect_reply *image = reply;

    (void)call;
    if (version >= VERSION_NO_VIRTUAL_SIZE)
        image->virtual_size.set = false;
    if (version >= VERSION_NO_CONTAINER_CONFIG)
        image->container_config = NULL;
}

static void image_list_answer(struct hull_call *call, int version, void *reply)
{
    struct image_list_reply *list = reply;

    (void)call;
    images(version, list->images.v, list->images.n);
    for (size_t i = 0; i < list->images.n && version < VERSION_CONTAINERS_COUNTED; i++)
        list->images.v[i].containers = -1;
}

static void df_answer(struct hull_call *call, int version, void *reply)
{
    struct system_df_reply *df = reply;

    (void)call;
    images(version, df->images.v, df->images.n);
}

static void info_answer(struct hull_call *call, int version, void *reply)
{
    struct system_info *info = reply;

    (void)call;
    if (version < VERSION_FIREWALL)
        info->firewall_backend = NULL;
    if (version < VERSION_DEVICES)
        info->discovered_devices.n = 0;
}

static void container_list_answer(struct hull_call *call, int version, void *reply)
{
    struct container_list_reply *list = reply;

    (void)call;
    for (size_t i = 0; i < list->containers.n && version < VERSION_ANNOTATIONS_LISTED; i++)
        list->containers.v[i].host_config.annotations.n = 0;
}

/* The names that a container has by itself were among its aliases. */
static void container_inspect_answer(struct hull_call *call, int version, void *reply)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct container_inspect_reply *container = reply;
    const char *own[] = {id_short(arena, container->id), container->config.hostname};

    for (size_t i = 0;
         i < container->network_settings.networks.n && version < VERSION_PLAIN_ALIASES; i++) {
        const char *name = container->network_settings.networks.keys[i];
        struct hull_strv *aliases = &container->network_settings.networks.v[i].aliases;
        bool user =
            strcmp(name, "bridge") != 0 && strcmp(name, "host") != 0 && strcmp(name, "none") != 0;
        for (size_t k = 0; user && k < HULL_COUNT(own); k++) {
            if (own[k] && *own[k] && !hull_strv_contains(aliases, own[k]))
                hull_strv_add(arena, aliases, own[k]);
        }
    }
}

static const struct {
    const struct hull_message *message;
    void (*adapt)(struct hull_call *call, int version, void *reply);
} table[] = {
    {&image_inspect_reply_message, image_inspect_answer},
    {&image_list_reply_message, image_list_answer},
    {&system_df_reply_message, df_answer},
    {&system_info_message, info_answer},
    {&container_list_reply_message, container_list_answer},
    {&container_inspect_reply_message, container_inspect_answer},
};

/*
 * docker-compose 1.29 asks for the newest version that the daemon has, whatever it knows itself,
 * and fails without ContainerConfig.
 */
static int known_version(const struct http_request *request)
{
    const char *agent = http_header(&request->head, "User-Agent");
    bool old = agent && strncmp(agent, "docker-compose/1.", 17) == 0;

    return old && request->version > VERSION_OLD_COMPOSE ? VERSION_OLD_COMPOSE : request->version;
}

void http_version_adapt(struct hull_call *call, const struct http_request *request,
                        const struct hull_message *message, void *reply)
{
    int version = known_version(request);

    for (size_t i = 0; i < HULL_COUNT(table); i++)
        if (table[i].message == message)
            table[i].adapt(call, version, reply);
}
