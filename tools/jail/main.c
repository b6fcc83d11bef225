/*
 * hull-jail: packs and unpacks tars of trees that belong to containers.
 *
 *     hull-jail unpack|pack|mount [KEY=VALUE ...]
 *
 * Started by hulld (plugins/common/jail.h) with these descriptors: 0 the tar to unpack, not
 * compressed; 1 where to write the one it packs; 3 the tree; 4 where the result goes; 5 with
 * list=1 the paths to pack; 6 with mntns=1 a mount namespace whose root is the tree; from 7 on the
 * detached mounts that "mount" puts at the paths of place= (of which sub= shows a part), in a
 * namespace of its own, that stays until 0 ends.
 *
 * The tree is hostile and so is the tar. The process therefore first leaves everything behind:
 * its own namespaces, the tree as root by pivot_root, a handful of capabilities, a list of
 * system calls, no environment. It is static and converts no names, so nothing in the tree can
 * become code. On top of that it takes no path further than one part at a time: a layer's
 * entries are made through descriptors of folders opened without following links.
 *
 * There is no process id namespace, which would cost a fork: no system call that names another
 * process is allowed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HULL_DEFINE_TABLES
#include "jail-int.h"
#include "wire.h"

static const char *const whiteout_names[] = {"none", "overlay", "apply"};

static int set_whiteouts(struct options *options, const char *value)
{
    for (size_t i = 0; i < HULL_COUNT(whiteout_names); i++) {
        if (strcmp(whiteout_names[i], value) == 0) {
            options->whiteouts = (enum whiteouts)i;
            return 0;
        }
    }
    return -1;
}

/* What KEY sets: text, a number, or a flag. */
static int set_option(struct options *options, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **text;
        int64_t *number;
        bool *flag;
    } table[] = {
        {"path", &options->path, NULL, NULL},
        {"rename", &options->rename, NULL, NULL},
        {"entries", NULL, &options->max_entries, NULL},
        {"bytes", NULL, &options->max_bytes, NULL},
        {"uid", NULL, &options->uid, NULL},
        {"gid", NULL, &options->gid, NULL},
        {"owner", NULL, NULL, &options->set_owner},
        {"keep-type", NULL, NULL, &options->keep_type},
        {"compressed", NULL, NULL, &options->compressed},
        {"layer", NULL, NULL, &options->layer},
        {"list", NULL, NULL, &options->list},
        {"mntns", NULL, NULL, &options->mntns},
    };
    if (strcmp(key, "place") == 0) {
        options->mounts[options->mount_count++] = (struct mount_place){.path = value};
        return 0;
    }
    if (strcmp(key, "sub") == 0 && options->mount_count > 0) {
        options->mounts[options->mount_count - 1].subpath = value;
        return 0;
    }
    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        if (strcmp(table[i].key, key) != 0)
            continue;
        if (table[i].text != NULL)
            *table[i].text = value;
        else if (table[i].flag != NULL)
            *table[i].flag = strcmp(value, "1") == 0;
        else {
            char *end;
            errno = 0;
            *table[i].number = strtoll(value, &end, 10);
            return errno != 0 || end == value || *end != '\0' ? -1 : 0;
        }
        return 0;
    }
    return strcmp(key, "whiteouts") == 0 ? set_whiteouts(options, value) : -1;
}

static int parse(int argc, char **argv, struct options *options, struct hull_problem *problem)
{
    bool unpack = argc > 1 && strcmp(argv[1], "unpack") == 0;
    options->pack = argc > 1 && strcmp(argv[1], "pack") == 0;
    options->mount = argc > 1 && strcmp(argv[1], "mount") == 0;
    if (!unpack && !options->pack && !options->mount)
        return hull_problem_set(problem, HULL_INVALID,
                                "usage: hull-jail unpack|pack|mount KEY=VALUE...");
    options->mounts = calloc((size_t)argc, sizeof(*options->mounts));
    if (options->mounts == NULL)
        return hull_problem_set(problem, HULL_INTERNAL, "hull-jail: out of memory");
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals != NULL)
            *equals = '\0';
        if (equals == NULL || set_option(options, argv[i], equals + 1) < 0)
            return hull_problem_set(problem, HULL_INVALID, "hull-jail: bad option %s", argv[i]);
    }
    return 0;
}

/* *RET_STAY: others look at what was made for as long as they want to. */
static int work(int argc, char **argv, struct counts *counts, bool *ret_stay,
                struct hull_problem *problem)
{
    struct options options = {.max_entries = 1000000, .max_bytes = (int64_t)1 << 40};
    int top_fd;
    int rc = parse(argc, argv, &options, problem);
    if (rc == 0 && options.mount) {
        *ret_stay = true;
        return jail_run_mount(&options, problem);
    }
    if (rc == 0)
        rc = jail_enter(&options, &top_fd, problem);
    if (rc < 0)
        return rc;
    return options.pack ? jail_run_pack(&options, top_fd, counts, problem)
                        : jail_run_unpack(&options, top_fd, counts, problem);
}

int jail_errno(struct hull_problem *problem, int err, const char *path, const char *what)
{
    enum hull_kind kind = hull_kind_of_errno(err);
    return hull_problem_set(problem, kind, "%.300s: %s: %s", path, what, strerror(err));
}

/* The bytes of a character of UTF-8 at TEXT, or 0 when there is none. */
static size_t character(const unsigned char *text)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (length == 1)
        return text[0] >= ' ' && text[0] != 0x7f;
    /* Too long a form, a surrogate, beyond the last character. */
    if (text[0] < 0xc2 || text[0] > 0xf4 || (text[0] == 0xe0 && text[1] < 0xa0) ||
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
        (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

/* Names in the text are bytes of somebody else: no control characters, and whole UTF-8. */
static void clean(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0';) {
        size_t length = character(at);
        if (length == 0)
            *at = '?';
        at += length > 0 ? length : 1;
    }
}

int main(int argc, char **argv)
{
    struct counts counts = {};
    struct hull_problem problem = {};
    bool stay = false;
    int rc = work(argc, argv, &counts, &stay, &problem);
    clean(problem.text);
    struct jail_result result = {
        .kind = -rc,
        .error = rc < 0 ? problem.text : NULL,
        .entries = counts.entries,
        .bytes = counts.bytes,
        .written = counts.written,
        .top = counts.top,
    };
    struct hull_arena *arena = hull_arena_new();
    void *data;
    size_t size;
    if (wire_encode(arena, &jail_result_message, &result, &data, &size, NULL, &problem) < 0 ||
        root_write_full(FD_RESULT, data, size) < 0)
        return 2;
    close(FD_RESULT);
    if (rc == 0 && stay)
        while (read(FD_IN, &(char){0}, 1) > 0 || errno == EINTR)
            errno = 0;
    return rc < 0 ? 1 : 0;
}
