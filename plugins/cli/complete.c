/*
 * What could come next on the command line, for completion by the shell: hull __complete WORDS…,
 * of which the last is the one that is being typed.
 */
#include <stdio.h>
#include <string.h>

#include "plugins/cli/flags.h"

static void offer(const char *word, const char *typed)
{
    if (word != NULL && strncmp(word, typed, strlen(typed)) == 0)
        printf("%s\n", word);
}

/* The first word, or the second behind GROUP. */
static void offer_commands(struct cli *cli, const char *group, const char *typed)
{
    size_t length = strlen(group);
    for (size_t i = 0; i < command_count; i++) {
        for (const char *at = commands[i].names; at != NULL;) {
            size_t size = strcspn(at, "|");
            const char *name = hull_arena_strndup(cli->arena, at, size);
            if (length == 0 && strchr(name, ' ') == NULL)
                offer(name, typed);
            else if (length > 0 && strncmp(name, group, length) == 0 && name[length] == ' ')
                offer(name + length + 1, typed);
            at = at[size] == '|' ? at + size + 1 : NULL;
        }
    }
    for (size_t i = 0; length == 0 && i < group_count; i++)
        offer(groups[i].name, typed);
}

static void offer_flags(struct cli *cli, const struct command *command, const char *typed)
{
    for (const struct flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        bool refused = flag->kind == FLAG_REFUSED || flag->kind == FLAG_REFUSED_BOOL;
        if (!flag->hidden && !refused)
            offer(hull_arena_printf(cli->arena, "--%s", flag->name), typed);
    }
    offer("--help", typed);
}

static void offer_containers(struct cli *cli, const char *typed)
{
    struct container_list_request request = {.all = true};
    struct container_list_reply reply;
    if (container_list(cli->call, NULL, &request, &reply) < 0)
        return;
    for (size_t i = 0; i < reply.containers.n; i++) {
        const struct hull_strv *names = &reply.containers.v[i].names;
        for (size_t j = 0; j < names->n; j++)
            offer(names->v[j] + (names->v[j][0] == '/'), typed);
    }
}

static void offer_images(struct cli *cli, const char *typed)
{
    struct image_list_request request = {};
    struct image_list_reply reply;
    if (image_list(cli->call, NULL, &request, &reply) < 0)
        return;
    for (size_t i = 0; i < reply.images.n; i++) {
        for (size_t j = 0; j < reply.images.v[i].repo_tags.n; j++)
            offer(reply.images.v[i].repo_tags.v[j], typed);
    }
}

static void offer_networks(struct cli *cli, const char *typed)
{
    struct network_list_request request = {};
    struct network_list_reply reply;
    if (network_list(cli->call, NULL, &request, &reply) < 0)
        return;
    for (size_t i = 0; i < reply.networks.n; i++)
        offer(reply.networks.v[i].name, typed);
}

static void offer_volumes(struct cli *cli, const char *typed)
{
    struct volume_list_request request = {};
    struct volume_list_reply reply;
    if (volume_list(cli->call, NULL, &request, &reply) < 0)
        return;
    for (size_t i = 0; i < reply.volumes.n; i++)
        offer(reply.volumes.v[i].name, typed);
}

/* What the arguments of a command are called in its usage, and what there is of it. */
static const struct {
    const char *word;
    void (*offer)(struct cli *cli, const char *typed);
} kinds[] = {{"CONTAINER", offer_containers}, {"NAME|ID", offer_containers},
             {"IMAGE", offer_images},         {"SOURCE_IMAGE", offer_images},
             {"NETWORK", offer_networks},     {"VOLUME", offer_volumes}};

void complete(struct cli *cli, const struct hull_strv *words)
{
    const char *typed = words->n == 0 ? "" : words->v[words->n - 1];
    struct hull_strv before = {words->n == 0 ? 0 : words->n - 1, words->v};
    size_t used;
    const char *name;
    const struct command *command = command_find(cli->arena, &before, &used, &name);
    if (command == NULL) {
        if (before.n == 0 || (before.n == 1 && group_find(before.v[0]) != NULL))
            offer_commands(cli, before.n == 0 ? "" : before.v[0], typed);
        return;
    }
    if (typed[0] == '-') {
        offer_flags(cli, command, typed);
        return;
    }
    for (size_t i = 0; i < HULL_COUNT(kinds); i++) {
        const char *args = command->args[0] == '[' ? command->args + 1 : command->args;
        if (strncmp(args, kinds[i].word, strlen(kinds[i].word)) == 0) {
            kinds[i].offer(cli, typed);
            break;
        }
    }
}
