#include "platform.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include <hull/hull.h>

#define PART "^[A-Za-z0-9_.-]+$"
#define OS_PART "^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$"

/* What an architecture is called elsewhere; VARIANT is what that name says besides. */
static const struct {
    const char *name, *architecture, *variant;
} aliases[] = {
    {"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", ""},
    {"armhf", "arm", ""},    {"armel", "arm", "v6"},  {"armv7l", "arm", ""},
    {"i386", "386", ""},     {"i686", "386", ""},
};
static const char *const architectures[] = {"386",     "amd64",    "arm",    "arm64",
                                            "loong64", "mips64",   "ppc64",  "s390x",
                                            "ppc64le", "mips64le", "riscv64"};
static const char *const systems[] = {"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd"};
/* A variant that the architecture's name alone stands for. */
static const char *const plain[][2] = {
    {"amd64", "v1"}, {"arm64", "v8"}, {"arm64", "8"}, {"arm", "v7"}, {"arm", "7"}};

static bool known(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0)
            return true;
    }
    return false;
}

static void normalize(struct platform *platform)
{
    if (strcmp(platform->os, "macos") == 0)
        platform->os = "darwin";
    for (size_t i = 0; i < HULL_COUNT(aliases); i++) {
        if (strcmp(platform->architecture, aliases[i].name) != 0)
            continue;
        platform->architecture = aliases[i].architecture;
        if (platform->variant[0] == '\0')
            platform->variant = aliases[i].variant;
        break;
    }
    for (size_t i = 0; i < HULL_COUNT(plain); i++) {
        if (strcmp(platform->architecture, plain[i][0]) == 0 &&
            strcmp(platform->variant, plain[i][1]) == 0)
            platform->variant = "";
    }
}

const char *platform_host_architecture(void)
{
    static struct utsname name;
    struct platform host = {"linux", "", ""};

    if (uname(&name) == 0)
        host.architecture = name.machine;
    normalize(&host);
    return host.architecture;
}

/* A part of TEXT, in lower case; NULL when a character can't be in it. */
static char *lower_part(struct hull_arena *arena, const char *text, size_t length)
{
    char *part = hull_arena_strndup(arena, text, length);

    for (char *at = part; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("_.-", *at) == NULL)
            return NULL;
        *at = (char)tolower((unsigned char)*at);
    }
    return length == 0 ? NULL : part;
}

static bool refuse_part(struct hull_problem *problem, const char *text, const char *part,
                        size_t length, bool first)
{
    (void)hull_problem_set(problem, HULL_INVALID,
                           "\"%.*s\" is an invalid %scomponent of \"%.100s\": %s specifier "
                           "component must match \"%s\": invalid argument",
                           (int)(length > 100 ? 100 : length), part, first ? "OS " : "", text,
                           first ? "OSAndVersion" : "platform", first ? OS_PART : PART);
    return false;
}

/* One word is an operating system or an architecture. */
static bool set_word(struct platform *platform, const char *word, struct hull_problem *problem)
{
    struct platform made = {"linux", word, ""};

    if (known(systems, HULL_COUNT(systems), word) || strcmp(word, "macos") == 0) {
        made = (struct platform){word, platform_host_architecture(), ""};
        normalize(&made);
        *platform = made;
        return true;
    }
    normalize(&made);
    *platform = made;
    if (known(architectures, HULL_COUNT(architectures), made.architecture))
        return true;
    (void)hull_problem_set(problem, HULL_INVALID,
                           "\"%.100s\": unknown operating system or architecture: invalid argument",
                           word);
    return false;
}

bool platform_parse(struct hull_arena *arena, const char *text, struct platform *ret,
                    struct hull_problem *problem)
{
    const char *parts[3] = {"", "", ""};
    size_t count = 0;

    for (const char *at = text; at != NULL; count++) {
        size_t length = count == 2 ? strlen(at) : strcspn(at, "/");
        parts[count] = lower_part(arena, at, length);
        if (parts[count] == NULL)
            return refuse_part(problem, text, at, length, count == 0);
        at = at[length] == '/' ? at + length + 1 : NULL;
    }
    if (count == 1)
        return set_word(ret, parts[0], problem);
    *ret = (struct platform){parts[0], parts[1], parts[2]};
    normalize(ret);
    return true;
}

char *platform_string(struct hull_arena *arena, const struct platform *platform)
{
    return hull_arena_printf(arena, "%s/%s%s%s", platform->os, platform->architecture,
                             platform->variant[0] != '\0' ? "/" : "", platform->variant);
}

char *platform_json(struct hull_arena *arena, const struct platform *platform)
{
    return hull_arena_printf(arena, "{\"architecture\":\"%s\",\"os\":\"%s\"%s%s%s}",
                             platform->architecture, platform->os,
                             platform->variant[0] != '\0' ? ",\"variant\":\"" : "",
                             platform->variant, platform->variant[0] != '\0' ? "\"" : "");
}

/* ARM's variants are downward compatible: v7 runs what was made for v6. */
static int arm_version(const char *variant)
{
    return variant[0] == 'v' && isdigit((unsigned char)variant[1]) ? variant[1] - '0' : 7;
}

bool platform_fits(const struct platform *wanted, const struct platform *own)
{
    struct platform w = *wanted, o = *own;

    normalize(&w);
    normalize(&o);
    if (strcmp(w.os, o.os) != 0 || strcmp(w.architecture, o.architecture) != 0)
        return false;
    if (strcmp(w.architecture, "arm") == 0)
        return arm_version(o.variant) <= arm_version(w.variant);
    return w.variant[0] == '\0' || strcmp(w.variant, o.variant) == 0;
}
