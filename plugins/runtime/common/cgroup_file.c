#include "shimmed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Statistics of a host with many processors and devices fit. */
#define FILE_MAX ((size_t)1 << 20)

int cg_open_file(const char *dir, const char *file, int flags)
{
    char path[4096];
    if (dir == NULL || snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path)) {
        errno = ENOENT;
        return -1;
    }
    /* Files of the daemon are read by this, too, and what is in their places may be a FIFO. */
    return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int cg_write(const char *dir, const char *file, const char *value)
{
    HULL_AUTO_FD fd = cg_open_file(dir, file, O_WRONLY);
    if (fd < 0)
        return -errno;
    return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

char *cg_read(struct hull_arena *arena, const char *dir, const char *file)
{
    struct hull_text text = HULL_TEXT(arena);
    char buffer[4096];
    HULL_AUTO_FD fd = cg_open_file(dir, file, O_RDONLY);
    if (fd < 0)
        return NULL;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0 && text.length < FILE_MAX)
        hull_text_add(&text, buffer, (size_t)n);
    if (n < 0)
        return NULL;
    hull_text_add(&text, "", 0);
    if (text.length > 0 && text.data[text.length - 1] == '\n')
        text.data[text.length - 1] = '\0';
    return text.data;
}

int64_t cg_read_int(struct hull_arena *arena, const char *dir, const char *file)
{
    char *text = cg_read(arena, dir, file), *end;
    if (text == NULL)
        return -1;
    errno = 0;
    int64_t value = strtoll(text, &end, 10);
    return end == text || errno != 0 ? -1 : value;
}

int64_t cg_read_key(struct hull_arena *arena, const char *dir, const char *file, const char *key)
{
    size_t length = strlen(key);
    for (char *at = cg_read(arena, dir, file); at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, key, length) == 0 && at[length] == ' ')
            return strtoll(at + length + 1, NULL, 10);
    }
    return -1;
}
