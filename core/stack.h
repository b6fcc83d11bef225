/*
 * Stacks of fibers: 256 KB with a guard page below, of which only what is touched costs memory.
 */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include <stddef.h>

/* The usable part; *ret_size is its size. */
void *stack_new(size_t *ret_size);
void stack_free(void *stack, size_t size);
/* Unmap those kept for later. */
void stack_pool_done(void);

#endif
