/*
 * seccomp_file.c: compiled programs on disk, so that the first start after the daemon's does not
 * wait for a compiler either. A file holds the whole policy it was made from; what does not fit
 * to the byte is made again.
 */
#include "native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "plain.h"

#define FILE_MAGIC 0x31706263u /* "cbp1" */
#define CODE_MAX (1u << 20)
#define MOST_FILES 256

struct head {
    uint32_t magic;
    uint32_t code_size;
    uint64_t key_size;
    uint64_t check; /* of key and code */
};

static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < size; i++)
        h = (h ^ at[i]) * 1099511628211u;
    return h;
}

static uint64_t check_of(const void *key, size_t key_size, const void *code, size_t size)
{
    return hash(hash(14695981039346656037u, key, key_size), code, size);
}

static int open_folder(void)
{
    char path[4096];
    const struct daemon_config *config = daemon_config();
    if (config == NULL || config->data_root == NULL ||
        snprintf(path, sizeof(path), "%s/seccomp", config->data_root) >= (int)sizeof(path))
        return -1;
    (void)mkdir(path, 0700);
    return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Policies that nobody has any more leave their files behind. When there are many, all go: what is
 * in use is made again. */
static void make_room(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t count = 0;
    if (dir == NULL) {
        hull_fd_cleanup(&fd);
        return;
    }
    while (readdir(dir) != NULL)
        count++;
    rewinddir(dir);
    while (count > MOST_FILES && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(folder, entry->d_name, 0);
    }
    closedir(dir);
}

static void name_of(const void *key, size_t size, char name[64])
{
    snprintf(name, 64, "%016llx%016llx", (unsigned long long)hash(14695981039346656037u, key, size),
             (unsigned long long)hash(size, key, size));
}

bool seccomp_file_read(struct hull_arena *arena, const void *key, size_t key_size, void **ret_code,
                       size_t *ret_size)
{
    char name[64];
    struct stat st;
    struct head head;
    HULL_AUTO_FD folder = open_folder();
    name_of(key, key_size, name);
    HULL_AUTO_FD fd = folder < 0 ? -1 : plain_open(folder, name, O_RDONLY, 0);
    if (fd < 0 || fstat(fd, &st) < 0 || read(fd, &head, sizeof(head)) != (ssize_t)sizeof(head))
        return false;
    if (head.magic != FILE_MAGIC || head.key_size != key_size || head.code_size > CODE_MAX ||
        (uint64_t)st.st_size != sizeof(head) + key_size + head.code_size)
        return false;
    char *data = hull_arena_alloc(arena, key_size + head.code_size);
    if (read(fd, data, key_size + head.code_size) != (ssize_t)(key_size + head.code_size) ||
        memcmp(data, key, key_size) != 0 ||
        check_of(key, key_size, data + key_size, head.code_size) != head.check)
        return false;
    *ret_code = data + key_size;
    *ret_size = head.code_size;
    return true;
}

void seccomp_file_write(const void *key, size_t key_size, const void *code, size_t size)
{
    char name[64], temporary[72];
    struct head head = {FILE_MAGIC, (uint32_t)size, key_size, check_of(key, key_size, code, size)};
    HULL_AUTO_FD folder = open_folder();
    name_of(key, key_size, name);
    snprintf(temporary, sizeof(temporary), "%s.new", name);
    if (folder >= 0)
        make_room(folder);
    HULL_AUTO_FD fd = folder < 0 ? -1 : plain_create(folder, temporary, 0600);
    /* Not having it costs time only. */
    if (fd >= 0 && write(fd, &head, sizeof(head)) == (ssize_t)sizeof(head) &&
        write(fd, key, key_size) == (ssize_t)key_size && write(fd, code, size) == (ssize_t)size)
        (void)renameat(folder, temporary, folder, name);
}
