#include "bind_mode.h"

#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- the words -------------------------------------------------------------------------------- */

enum class { ACCESS, LABEL, PROPAGATION, COPY, CONSISTENCY, CLASSES };

static const struct {
    const char *word;
    enum class class;
} words[] = {
    {"ro", ACCESS},
    {"rw", ACCESS},
    {"z", LABEL},
    {"Z", LABEL},
    {"rprivate", PROPAGATION},
    {"private", PROPAGATION},
    {"rshared", PROPAGATION},
    {"shared", PROPAGATION},
    {"rslave", PROPAGATION},
    {"slave", PROPAGATION},
    {"nocopy", COPY},
    {"consistent", CONSISTENCY},
    {"cached", CONSISTENCY},
    {"delegated", CONSISTENCY},
};

static enum class class_of(const char *word) {
    for (size_t i = 0; i < HULL_COUNT(words);
         i++) if (strcmp(words[i].word, word) == 0) return words[i]
        .class;
    return CLASSES;
}

bool bind_mode_is_propagation(const char *word)
{
    return class_of(word) == PROPAGATION;
}

static int not_for(struct hull_call *call, const char *bind, const char *type, const char *field)
{
    return hull_fail(call, HULL_INVALID,
                     "invalid volume specification: '%s': invalid mount config for type \"%s\": "
                     "field %s must not be specified",
                     bind, type, field);
}

int bind_mode_apply(struct hull_call *call, struct ct_mount *mount, const char *bind,
                    const char *mode)
{
    char *copy = hull_strdup(call, mode), *word;
    bool is_volume = mount->point.source == NULL, seen[CLASSES] = {false};

    mount->point.mode = mode;
    while ((word = strsep(&copy, ",")) != NULL) {
        enum class class = class_of(word);
        if (class == CLASSES || seen[class])
            return hull_fail(call, HULL_INVALID, "invalid mode: %s", mode);
        seen[class] = true;
        if (strcmp(word, "ro") == 0)
            mount->point.rw = false;
        if (class == PROPAGATION)
            mount->point.propagation = hull_strdup(call, word);
    }
    if (seen[COPY] && !is_volume)
        return not_for(call, bind, "bind", "VolumeOptions");
    if (seen[PROPAGATION] && is_volume)
        return not_for(call, bind, "volume", "BindOptions");
    if (seen[COPY])
        mount->populate = false;
    return 0;
}

/* --- the host --------------------------------------------------------------------------------- */

#define PATIENCE_MS 10000
#define PATH_SIZE 4097

struct look {
    char path[PATH_SIZE];
    bool slave_will_do;
    char mounted_on[PATH_SIZE]; /* when it can't be done */
};

/* The optional fields of a line of mountinfo: "36 35 98:0 / /mnt rw,noatime shared:1 - ext3 …". */
static bool passes_on(const char *fields, bool slave_will_do)
{
    const char *end = strstr(fields, " - ");
    const char *shared = strstr(fields, " shared:"), *master = strstr(fields, " master:");

    return end != NULL &&
           ((shared != NULL && shared < end) || (slave_will_do && master != NULL && master < end));
}

/* Judge LINE when it is the mount ID: 1, else 0. */
static int judge(const char *line, unsigned long long id, struct look *look)
{
    unsigned long long found;
    int at = 0, end = 0;

    if (sscanf(line, "%llu %*u %*s %*s %n%*s%n", &found, &at, &end) != 1 || end == 0 || found != id)
        return 0;
    if (!passes_on(line + end, look->slave_will_do))
        snprintf(look->mounted_on, sizeof(look->mounted_on), "%.*s", end - at, line + at);
    return 1;
}

static int look_work(void *arg)
{
    struct look *look = arg;
    struct statx st;
    HULL_AUTO_FREE char *line = NULL;
    size_t size = 0;
    int found = 0;

    if (statx(AT_FDCWD, look->path, 0, STATX_MNT_ID, &st) < 0)
        return errno;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (file == NULL)
        return errno;
    while (found == 0 && getline(&line, &size, file) > 0)
        found = judge(line, st.stx_mnt_id, look);
    fclose(file);
    return found == 0 ? ESTALE : 0;
}

int bind_mode_check_host(struct hull_call *call, const char *path, const char *propagation)
{
    bool shared = propagation != NULL && strstr(propagation, "shared") != NULL;
    bool slave = propagation != NULL && strstr(propagation, "slave") != NULL;
    struct look *look = HULL_NEW(hull_call_arena(call), struct look);

    if (!shared && !slave)
        return 0;
    look->slave_will_do = slave;
    int rc = strlen(path) < PATH_SIZE ? 0 : ENAMETOOLONG;
    if (rc == 0) {
        snprintf(look->path, sizeof(look->path), "%s", path);
        rc = patience_run(call, hull_printf(call, "looking for the mount of %s", path), look_work,
                          look, sizeof(*look), PATIENCE_MS);
    }
    if (rc > 0)
        return hull_fail_errno(call, rc, "the mount of %s", path);
    if (rc == 0 && look->mounted_on[0] != '\0')
        rc = hull_fail(call, HULL_INVALID,
                       "path %s is mounted on %s but it is not a shared%s mount; use mount "
                       "--make-shared %s",
                       path, look->mounted_on, slave ? " or slave" : "", look->mounted_on);
    return rc;
}
