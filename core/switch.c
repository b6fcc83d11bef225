#include "core/switch.h"

#include <stdint.h>
#include <string.h>

#if SWITCH_ASSEMBLER && defined(__x86_64__)

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

#elif SWITCH_ASSEMBLER && defined(__aarch64__)

__asm__(".text\n"
        ".p2align 4\n"
        ".globl switch_stack\n"
        ".hidden switch_stack\n"
        ".type switch_stack, %function\n"
        "switch_stack:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size switch_stack, . - switch_stack\n");

void *switch_prepare(void *stack, size_t size, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
    uintptr_t *sp = (uintptr_t *)(top - 160);
    memset(sp, 0, 160);
    sp[11] = (uintptr_t)entry; /* x30 */
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
