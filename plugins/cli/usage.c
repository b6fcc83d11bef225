/*
 * --help, at every level, and the line that follows an error of usage.
 */
#include "plugins/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Help for a flag is broken into lines so wide. */
#define HELP_COLUMNS 80

static size_t columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return HELP_COLUMNS;
}

char *usage_line(const struct cli *cli)
{
    const struct command *command = cli->command;
    return hull_arena_printf(cli->arena, "Usage:  hull %s%s%s%s", cli->name,
                             command->flags != NULL && !command->bare ? " [OPTIONS]" : "",
                             command->args[0] != '\0' ? " " : "", command->args);
}

/* The other way to call the command, when it has one. */
static void print_second_form(FILE *file, const struct cli *cli)
{
    if (cli->command->args2 != NULL)
        fprintf(file, "\thull %s [OPTIONS] %s\n", cli->name, cli->command->args2);
}

void usage_error(const struct cli *cli, const char *message, const char *hint)
{
    fprintf(stderr, "%s\n\n%s\n", message, usage_line(cli));
    print_second_form(stderr, cli);
    fprintf(stderr, "\n%s 'hull %s --help' for more information\n", hint, cli->name);
}

static char *flag_head(struct hull_arena *arena, const struct flag *flag)
{
    const char *type = flag_type(flag);
    char letter[8] = "    ";
    if (flag->letter != 0)
        snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
    return hull_arena_printf(arena, "  %s--%s%s%s", letter, flag->name, type[0] != '\0' ? " " : "",
                             type);
}

/* TEXT from column FROM on, broken at blanks. */
static void print_wrapped(const char *text, size_t from, size_t width)
{
    size_t room = width > from + 20 ? width - from : 20;
    while (strlen(text) > room) {
        size_t cut = room;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0)
            cut = strcspn(text, " ");
        printf("%.*s\n%*s", (int)cut, text, (int)from, "");
        text += cut + (text[cut] == ' ');
    }
    printf("%s\n", text);
}

static void print_flags(struct hull_arena *arena, const struct flag *flags, const char *title)
{
    size_t width = 0;
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        size_t length = strlen(flag_head(arena, flag));
        bool refused = flag->kind == FLAG_REFUSED || flag->kind == FLAG_REFUSED_BOOL;
        if (!flag->hidden && !refused && length > width)
            width = length;
    }
    printf("\n%s:\n", title);
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        if (flag->hidden || flag->kind == FLAG_REFUSED || flag->kind == FLAG_REFUSED_BOOL)
            continue;
        const char *help = flag->help;
        if (flag->fallback != NULL && flag->kind != FLAG_BOOL && flag->kind != FLAG_OPT_BOOL)
            help = hull_arena_printf(arena,
                                     flag->kind == FLAG_STRING || flag->kind == FLAG_CUSTOM
                                         ? "%s (default \"%s\")"
                                         : "%s (default %s)",
                                     help, flag->fallback);
        printf("%-*s   ", (int)width, flag_head(arena, flag));
        print_wrapped(help, width + 3, columns());
    }
}

void usage_command(const struct cli *cli)
{
    const struct command *command = cli->command;
    printf("%s\n", usage_line(cli));
    print_second_form(stdout, cli);
    printf("\n%s\n", command->help);
    if (strchr(command->names, '|') != NULL) {
        printf("\nAliases:\n  ");
        for (const char *at = command->names; at != NULL;) {
            size_t length = strcspn(at, "|");
            printf("%shull %.*s", at == command->names ? "" : ", ", (int)length, at);
            at = at[length] == '|' ? at + length + 1 : NULL;
        }
        printf("\n");
    }
    if (command->flags != NULL)
        print_flags(cli->arena, command->flags, "Options");
}

/* The name of COMMAND below GROUP ("" for the top), or NULL. */
static const char *name_in(struct hull_arena *arena, const struct command *command,
                           const char *group)
{
    size_t group_length = strlen(group);
    for (const char *at = command->names; at != NULL;) {
        size_t length = strcspn(at, "|");
        bool nested = memchr(at, ' ', length) != NULL;
        if (group_length == 0 && !nested)
            return hull_arena_strndup(arena, at, length);
        if (group_length > 0 && length > group_length + 1 &&
            strncmp(at, group, group_length) == 0 && at[group_length] == ' ')
            return hull_arena_strndup(arena, at + group_length + 1, length - group_length - 1);
        at = at[length] == '|' ? at + length + 1 : NULL;
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct hull_pair *)a)->key, ((const struct hull_pair *)b)->key);
}

static void print_commands(const char *group)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_map found = {};
    for (size_t i = 0; i < command_count; i++) {
        const char *name = name_in(arena, &commands[i], group);
        if (name != NULL)
            hull_map_set(arena, &found, name, commands[i].help);
    }
    qsort(found.v, found.n, sizeof(*found.v), by_key);
    printf("\nCommands:\n");
    for (size_t i = 0; i < found.n; i++)
        printf("  %-10s  %s\n", found.v[i].key, found.v[i].value);
}

void usage_group(const struct group *group)
{
    printf("Usage:  hull %s COMMAND\n\n%s\n", group->name, group->help);
    print_commands(group->name);
    printf("\nRun 'hull %s COMMAND --help' for more information on a command.\n", group->name);
}

void usage_top(void)
{
    static const char *const globals[] = {
        "      --config string      Folder of the client's configuration",
        "  -c, --context string     Context to use; only \"default\" exists",
        "  -D, --debug              Show what goes on inside the client",
        "  -H, --host list          Daemon to connect to: unix://, tcp:// or ssh://",
        "  -l, --log-level string   Lowest level that is logged: debug, info, warn, error",
        "      --tls                Use TLS; implied by --tlsverify",
        "      --tlscacert string   File with the authorities to trust",
        "      --tlscert string     File with the client's certificate",
        "      --tlskey string      File with the key of that certificate",
        "      --tlsverify          Use TLS and check who the daemon is",
        "  -v, --version            Print the version",
    };
    printf("Usage:  hull [OPTIONS] COMMAND [ARG...]\n\nA container engine's command line\n\n"
           "Management Commands:\n");
    for (size_t i = 0; i < group_count; i++)
        printf("  %-10s  %s\n", groups[i].name, groups[i].help);
    print_commands("");
    printf("\nGlobal Options:\n");
    for (size_t i = 0; i < HULL_COUNT(globals); i++)
        printf("%s\n", globals[i]);
    printf("\nRun 'hull COMMAND --help' for more information on a command.\n");
}
