/*
 * bpf_ranges.h: the same seccomp program with fewer instructions.
 */
#ifndef RUNTIME_NATIVE_BPF_RANGES_H
#define RUNTIME_NATIVE_BPF_RANGES_H

#include <hull/arena.h>
#include <linux/filter.h>

/*
 * The kernel checks, translates and compiles a filter anew for each process that installs it, at a
 * cost that grows with the number of its instructions. libseccomp compares with every number it
 * knows; here neighbours with the same answer become one range.
 *
 * *RET_CODE, in ARENA, answers to every input what CODE (COUNT instructions of classic BPF, as
 * seccomp(2) takes them) answers; *RET_COUNT instructions. False, and nothing set, when CODE has
 * something that is not understood here: then it is used as it is. Worker-safe.
 */
bool bpf_ranges(struct hull_arena *arena, const struct sock_filter *code, size_t count,
                struct sock_filter **ret_code, size_t *ret_count);

#endif
