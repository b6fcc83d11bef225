#include "core/switch.h"

#include <stdint.h>
#include <string.h>

#if SWITCH_ASSEMBLER

/* rdi: where to leave the stack pointer, rsi: the new one. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl switch_stack\n"
        ".hidden switch_stack\n"
        ".type switch_stack, @function\n"
        "switch_stack:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size switch_stack, . - switch_stack\n");

void *switch_prepare(void *stack, size_t size, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
    /* Six registers, where to return to, and a zero where a debugger stops unwinding. */
    uintptr_t *sp = (uintptr_t *)top - 8;
    memset(sp, 0, 8 * sizeof(*sp));
    sp[6] = (uintptr_t)entry;
    return sp;
}

#else

#include <stdlib.h>
#include <ucontext.h>

#include <hull/error.h>

/* The context of a stack that is left lies on that stack. */
void *switch_prepare(void *stack, size_t size, void (*entry)(void))
{
    uintptr_t end = ((uintptr_t)stack + size - sizeof(ucontext_t)) & ~(uintptr_t)63;
    ucontext_t *context = (ucontext_t *)end;
    HULL_ASSERT(getcontext(context) == 0);
    context->uc_link = NULL;
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = end - (uintptr_t)stack;
    makecontext(context, entry, 0);
    return context;
}

void switch_stack(void **from, void *to)
{
    ucontext_t here;
    /* HERE is read only while this function has not returned. */
    /* cppcheck-suppress autoVariables */
    *from = &here;
    HULL_ASSERT(swapcontext(&here, to) == 0);
}

#endif
