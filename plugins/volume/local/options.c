/*
 * options.c: the options type, device, o and size of a volume, as docker checks them.
 */
#include "local.h"

#include <string.h>
#include <sys/mount.h>

#include "units.h"

HULL_MESSAGE_DEFINE(lv_options, LV_OPTIONS_FIELDS)

/* --- of a volume ------------------------------------------------------------------------------ */

static int check_size(struct hull_call *call, const char *size)
{
    int64_t bytes;

    if (!units_parse_bytes(size, &bytes))
        return hull_fail(call, HULL_INVALID, "invalid size: '%s'", size);
    return 0;
}

int64_t lv_options_size(const struct lv_options *options)
{
    int64_t bytes = 0;

    if (options->size != NULL)
        (void)!units_parse_bytes(options->size, &bytes); /* was looked at */
    return bytes;
}

/* What is given needs what. */
static int check_required(struct hull_call *call, const struct hull_map *given)
{
    static const char *const rules[][2] = {
        {"type", "device"}, {"o", "device"}, {"device", "type"}, {"o", "type"}};

    for (size_t i = 0; i < HULL_COUNT(rules); i++)
        if (hull_map_find(given, rules[i][0]) != NULL && hull_map_find(given, rules[i][1]) == NULL)
            return hull_fail(call, HULL_INVALID, "missing required option: \"%s\"", rules[i][1]);
    return 0;
}

int lv_options_parse(struct hull_call *call, const struct hull_map *given, struct lv_options *ret)
{
    *ret = (struct lv_options){.type = NULL};
    for (size_t i = 0; i < given->n; i++) {
        const char *key = given->v[i].key, *value = given->v[i].value;
        const char **member = strcmp(key, "type") == 0     ? &ret->type
                              : strcmp(key, "device") == 0 ? &ret->device
                              : strcmp(key, "o") == 0      ? &ret->o
                              : strcmp(key, "size") == 0   ? &ret->size
                                                           : NULL;
        if (member == NULL)
            return hull_fail(call, HULL_INVALID, "invalid option: \"%s\"", key);
        *member = value == NULL ? "" : value;
    }
    int rc = ret->size == NULL ? 0 : check_size(call, ret->size);
    return rc < 0 ? rc : check_required(call, given);
}

bool lv_options_mount(const struct lv_options *options)
{
    return !hull_streq(options->device, NULL) || !hull_streq(options->type, NULL);
}

/* --- of mount(8) ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    unsigned long set, clear, propagation;
} words[] = {
    {"defaults", 0, 0, 0},
    {"ro", MS_RDONLY, 0, 0},
    {"rw", 0, MS_RDONLY, 0},
    {"nosuid", MS_NOSUID, 0, 0},
    {"suid", 0, MS_NOSUID, 0},
    {"nodev", MS_NODEV, 0, 0},
    {"dev", 0, MS_NODEV, 0},
    {"noexec", MS_NOEXEC, 0, 0},
    {"exec", 0, MS_NOEXEC, 0},
    {"sync", MS_SYNCHRONOUS, 0, 0},
    {"async", 0, MS_SYNCHRONOUS, 0},
    {"dirsync", MS_DIRSYNC, 0, 0},
    {"mand", MS_MANDLOCK, 0, 0},
    {"nomand", 0, MS_MANDLOCK, 0},
    {"noatime", MS_NOATIME, 0, 0},
    {"atime", 0, MS_NOATIME, 0},
    {"nodiratime", MS_NODIRATIME, 0, 0},
    {"diratime", 0, MS_NODIRATIME, 0},
    {"relatime", MS_RELATIME, 0, 0},
    {"norelatime", 0, MS_RELATIME, 0},
    {"strictatime", MS_STRICTATIME, 0, 0},
    {"nostrictatime", 0, MS_STRICTATIME, 0},
    {"bind", MS_BIND, 0, 0},
    {"rbind", MS_BIND | MS_REC, 0, 0},
    {"private", 0, 0, MS_PRIVATE},
    {"rprivate", 0, 0, MS_PRIVATE | MS_REC},
    {"shared", 0, 0, MS_SHARED},
    {"rshared", 0, 0, MS_SHARED | MS_REC},
    {"slave", 0, 0, MS_SLAVE},
    {"rslave", 0, 0, MS_SLAVE | MS_REC},
    {"unbindable", 0, 0, MS_UNBINDABLE},
    {"runbindable", 0, 0, MS_UNBINDABLE | MS_REC},
};

static bool apply(const char *word, struct lv_flags *flags)
{
    for (size_t i = 0; i < HULL_COUNT(words); i++) {
        if (strcmp(words[i].name, word) != 0)
            continue;
        flags->flags = (flags->flags | words[i].set) & ~words[i].clear;
        if (words[i].propagation != 0)
            flags->propagation = words[i].propagation;
        return true;
    }
    return false;
}

struct lv_flags lv_flags_parse(struct hull_arena *arena, const char *o)
{
    struct lv_flags flags = {.flags = 0};
    struct hull_text data = HULL_TEXT(arena);
    char *rest = hull_arena_strdup(arena, o == NULL ? "" : o), *word;

    hull_text_puts(&data, "");
    while ((word = strsep(&rest, ",")) != NULL) {
        if (*word == '\0' || apply(word, &flags))
            continue;
        hull_text_printf(&data, "%s%s", data.length > 0 ? "," : "", word);
    }
    flags.data = data.data;
    return flags;
}

const char *lv_data_shown(struct hull_arena *arena, const char *data)
{
    static const char *const secrets[] = {"password=", "password2=", "pass="};
    struct hull_text shown = HULL_TEXT(arena);
    char *rest = hull_arena_strdup(arena, data), *word;

    hull_text_puts(&shown, "");
    while ((word = strsep(&rest, ",")) != NULL) {
        const char *comma = shown.length > 0 ? "," : "";
        bool hidden = false;
        for (size_t i = 0; i < HULL_COUNT(secrets) && !hidden; i++)
            if (strncmp(word, secrets[i], strlen(secrets[i])) == 0) {
                hull_text_printf(&shown, "%s%s********", comma, secrets[i]);
                hidden = true;
            }
        if (!hidden)
            hull_text_printf(&shown, "%s%s", comma, word);
    }
    return shown.data;
}
