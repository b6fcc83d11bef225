/*
 * Changing from one stack to another: a few instructions where we know the machine, ucontext
 * (a system call per switch) elsewhere. Only what a called function must keep is saved; the
 * compiler takes care of the rest, as with any call.
 */
#ifndef CORE_SWITCH_H
#define CORE_SWITCH_H

#include <stddef.h>

/* A shadow stack would have to be switched as well. */
#if defined(__CET__) && (__CET__ & 2)
#define SWITCH_ASSEMBLER 0
#elif defined(__x86_64__) && defined(__LP64__) && !defined(SWITCH_PORTABLE)
#define SWITCH_ASSEMBLER 1
#else
#define SWITCH_ASSEMBLER 0
#endif

/* Make SIZE bytes at STACK ready to run ENTRY, which never returns. Returns what switch_stack()
 * takes as TO. */
void *switch_prepare(void *stack, size_t size, void (*entry)(void));
/* Leave the running stack, described in *FROM, and go on with TO. */
void switch_stack(void **from, void *to);

#endif
