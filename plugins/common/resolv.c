#include "resolv.h"

#include "address.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Of the host's files; more is not read. */
#define FILE_MAX ((size_t)64 * 1024)
#define WORD_MAX 255
#define STUB "127.0.0.53"

/* One word of printable ASCII. */
static bool is_word(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > WORD_MAX)
        return false;
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

void resolv_parse(struct hull_arena *arena, char *text, struct resolv *ret)
{
    char *line;
    while ((line = strsep(&text, "\n")) != NULL) {
        char *word;
        const char *keyword = strsep(&line, " \t");
        struct hull_strv *list = NULL;
        if (strcmp(keyword, "nameserver") == 0)
            list = &ret->servers;
        else if (strcmp(keyword, "search") == 0 || strcmp(keyword, "domain") == 0)
            list = &ret->search;
        else if (strcmp(keyword, "options") == 0)
            list = &ret->options;
        if (list == &ret->search) /* the last line of these counts */
            *list = (struct hull_strv){0};
        while (list != NULL && (word = strsep(&line, " \t\r")) != NULL) {
            struct ip_addr addr;
            if (is_word(word) && (list != &ret->servers || ip_parse(word, &addr)))
                hull_strv_add(arena, list, word);
        }
    }
}

char *resolv_read_file(struct hull_arena *arena, const char *path)
{
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char *data = hull_arena_alloc(arena, FILE_MAX + 1);
    ssize_t got = fd < 0 ? 0 : read(fd, data, FILE_MAX);
    data[got > 0 ? got : 0] = '\0';
    return data;
}

const char *resolv_of_host(struct hull_arena *arena, bool stub, struct resolv *ret)
{
    static const char plain[] = "/etc/resolv.conf";
    static const char behind[] = "/run/systemd/resolve/resolv.conf";
    *ret = (struct resolv){0};
    resolv_parse(arena, resolv_read_file(arena, plain), ret);
    if (stub || ret->servers.n != 1 || strcmp(ret->servers.v[0], STUB) != 0 ||
        access(behind, R_OK) != 0)
        return plain;
    *ret = (struct resolv){0};
    resolv_parse(arena, resolv_read_file(arena, behind), ret);
    return behind;
}

bool resolv_is_loopback(const char *address)
{
    struct ip_addr addr;
    return ip_parse(address, &addr) && ip_is_loopback(&addr);
}

struct hull_strv resolv_reachable(struct hull_arena *arena, const struct hull_strv *list)
{
    struct hull_strv reachable = {0};
    for (size_t i = 0; i < list->n; i++) {
        if (!resolv_is_loopback(list->v[i]))
            hull_strv_add(arena, &reachable, list->v[i]);
    }
    return reachable;
}
