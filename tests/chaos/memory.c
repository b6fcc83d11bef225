/*
 * memory.c: preloaded into a daemon by test_memory.py: there is no memory when it is asked for it
 * the n-th time, and perhaps some times more. What is to happen is in the file HULL_TEST_MEMORY,
 * which may change at any time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static struct plan {
    _Atomic int64_t count; /* how often it was asked */
    _Atomic int64_t left;  /* it fails when this is 1, and goes on to fail until ... */
    _Atomic int64_t until; /* ... it is this. Nothing happens where that is above "left" */
    _Atomic int64_t failed;
} * plan;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("HULL_TEST_MEMORY");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        abort();
    plan = map;
    close(fd);
}

static int none(void)
{
    if (!plan)
        return 0;
    atomic_fetch_add(&plan->count, 1);
    int64_t left = atomic_fetch_sub(&plan->left, 1);
    if (left > 1 || left <= atomic_load(&plan->until))
        return 0;
    atomic_fetch_add(&plan->failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return none() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return none() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return none() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, count * size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *made = none() ? NULL : __libc_memalign(alignment, size);

    if (made)
        *ret = made;
    return made ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return none() ? NULL : __libc_memalign(alignment, size);
}
