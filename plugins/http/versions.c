/*
 * versions.c: what older versions of the API have in their answers and newer ones have not. The
 * engine answers as if all versions were one; what does not belong into the one that was asked
 * for is taken out here.
 */
#include "http.h"

#include <string.h>

#include "image.h"
#include "system.h"

#define VERSION_OLD_COMPOSE 1041
#define VERSION_NO_VIRTUAL_SIZE 1044
#define VERSION_NO_CONTAINER_CONFIG 1045

static void images(int version, struct image_summary *list, size_t count)
{
    for (size_t i = 0; i < count && version >= VERSION_NO_VIRTUAL_SIZE; i++)
        list[i].virtual_size.set = false;
}

static void image_inspect_answer(int version, void *reply)
{
    struct image_inspect_reply *image = reply;

    if (version >= VERSION_NO_VIRTUAL_SIZE)
        image->virtual_size.set = false;
    if (version >= VERSION_NO_CONTAINER_CONFIG)
        image->container_config = NULL;
}

static void image_list_answer(int version, void *reply)
{
    struct image_list_reply *list = reply;

    images(version, list->images.v, list->images.n);
}

static void df_answer(int version, void *reply)
{
    struct system_df_reply *df = reply;

    images(version, df->images.v, df->images.n);
}

static const struct {
    const struct hull_message *message;
    void (*adapt)(int version, void *reply);
} table[] = {
    {&image_inspect_reply_message, image_inspect_answer},
    {&image_list_reply_message, image_list_answer},
    {&system_df_reply_message, df_answer},
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

void http_version_adapt(const struct http_request *request, const struct hull_message *message,
                        void *reply)
{
    int version = known_version(request);

    for (size_t i = 0; i < HULL_COUNT(table); i++)
        if (table[i].message == message)
            table[i].adapt(version, reply);
}
