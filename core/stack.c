#include "core/stack.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hull/error.h>

#include "core/sanitizer.h"

/* The address sanitizer makes frames several times larger. */
#define STACK_SIZE ((size_t)(CORE_ASAN || CORE_TSAN ? 1024 : 256) * 1024)
#define GUARD_SIZE ((size_t)sysconf(_SC_PAGESIZE))
/* Kept warm; with it a fiber costs no system call. */
#define POOL_SIZE 64

/* Linux 6.13: a guard that does not split the mapping, of which a process has only 65,530. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static void *pool[POOL_SIZE];
static size_t pool_count;

void *stack_new(size_t *ret_size)
{
    size_t guard = GUARD_SIZE;
    *ret_size = STACK_SIZE - guard;
    if (pool_count > 0)
        return pool[--pool_count];
    char *map = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    HULL_ASSERT(map != MAP_FAILED);
    if (madvise(map, guard, MADV_GUARD_INSTALL) < 0)
        HULL_ASSERT(mprotect(map, guard, PROT_NONE) == 0);
    return map + guard;
}

static void unmap(void *stack)
{
    munmap((char *)stack - GUARD_SIZE, STACK_SIZE);
}

void stack_free(void *stack, size_t size)
{
    ASAN_UNPOISON_MEMORY_REGION(stack, size);
    if (pool_count < POOL_SIZE)
        pool[pool_count++] = stack;
    else
        unmap(stack);
}

void stack_pool_done(void)
{
    while (pool_count > 0)
        unmap(pool[--pool_count]);
}
