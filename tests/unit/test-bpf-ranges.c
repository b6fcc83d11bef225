/*
 * The shorter program of bpf_ranges.h answers what the longer one does: both are run, by an
 * interpreter, on every number that can make a difference, in every architecture.
 */
#include "tap.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "plugins/runtime/native/bpf_ranges.h"

#define BAD 0xbadu /* no action: the program is broken */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;
    CHECK(offset % 4 == 0 && offset + 4 <= sizeof(*data));
    memcpy(&word, (const char *)data + offset, sizeof(word));
    return word;
}

static bool holds(const struct sock_filter *in, uint32_t a)
{
    switch (BPF_OP(in->code)) {
    case BPF_JEQ:
        return a == in->k;
    case BPF_JGT:
        return a > in->k;
    case BPF_JGE:
        return a >= in->k;
    default:
        return (a & in->k) != 0;
    }
}

static uint32_t run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (size_t at = 0; at < count; at++) {
        const struct sock_filter *in = &code[at];
        if (BPF_CLASS(in->code) == BPF_RET)
            return in->k;
        if (BPF_CLASS(in->code) == BPF_LD)
            a = load(data, in->k);
        else if (BPF_CLASS(in->code) == BPF_ALU)
            a &= in->k;
        else if (BPF_OP(in->code) == BPF_JA)
            at += in->k;
        else
            at += holds(in, a) ? in->jt : in->jf;
    }
    return BAD;
}

/* --- comparing ------------------------------------------------------------------------------- */

static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0};
static const uint64_t words[] = {
    0,         1,          2,    3,       4,          8,          0x20000,
    0x20008,   0x7e020000, 0x40, 1 << 28, UINT32_MAX, 1ull << 32, (1ull << 32) + 8,
    UINT64_MAX};

struct pair {
    const struct sock_filter *before, *after;
    size_t before_count, after_count;
};

static void compare(const struct pair *pair, uint32_t number)
{
    for (size_t a = 0; a < HULL_COUNT(arches); a++) {
        for (size_t i = 0; i < HULL_COUNT(words); i++) {
            struct seccomp_data data = {.nr = (int)number, .arch = arches[a]};
            for (size_t k = 0; k < 6; k++)
                data.args[k] = words[(i + 7 * k) % HULL_COUNT(words)];
            uint32_t wanted = run(pair->before, pair->before_count, &data);
            uint32_t got = run(pair->after, pair->after_count, &data);
            if (wanted != got || wanted == BAD)
                FAIL("arch %x number %x first argument %llx: %x, not %x", arches[a], number,
                     (unsigned long long)words[i], got, wanted);
        }
    }
}

/* The whole range of numbers: at each constant of either program, before it and behind it. */
static void compare_all(const struct pair *pair)
{
    const struct sock_filter *code[] = {pair->before, pair->after};
    const size_t count[] = {pair->before_count, pair->after_count};
    for (uint32_t number = 0; number < 600; number++) {
        compare(pair, number);
        compare(pair, 0x40000000u + number);
    }
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < count[p]; i++) {
            for (uint32_t around = 0; around < 3; around++)
                compare(pair, code[p][i].k + around - 1);
        }
    }
}

/* --- programs of libseccomp ------------------------------------------------------------------ */

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void add_rules(scmp_filter_ctx filter, uint64_t *state, unsigned keep)
{
    for (int number = 0; number < 470; number++) {
        if (next(state) % 100 >= keep)
            continue;
        struct scmp_arg_cmp arg = {
            (unsigned)(next(state) % 3), (enum scmp_compare)(SCMP_CMP_NE + next(state) % 7),
            words[next(state) % HULL_COUNT(words)], words[next(state) % HULL_COUNT(words)]};
        bool conditional = next(state) % 20 == 0;
        uint32_t action = next(state) % 30 == 0 ? SCMP_ACT_ERRNO(38) : SCMP_ACT_ALLOW;
        (void)seccomp_rule_add_array(filter, action, number, conditional, &arg);
    }
}

static void *compile(unsigned keep, uint64_t seed, unsigned shape, size_t *ret_count)
{
    uint64_t state = seed;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(1));
    int fd = memfd_create("program", MFD_CLOEXEC);
    CHECK(filter != NULL && fd >= 0);
    CHECK_INT(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, shape), 0);
    (void)seccomp_arch_add(filter, SCMP_ARCH_X86_64);
    CHECK_INT(seccomp_arch_add(filter, SCMP_ARCH_X86), 0);
    CHECK_INT(seccomp_arch_add(filter, SCMP_ARCH_X32), 0);
    add_rules(filter, &state, keep);
    CHECK_INT(seccomp_export_bpf(filter, fd), 0);
    seccomp_release(filter);
    off_t size = lseek(fd, 0, SEEK_END);
    void *code = malloc((size_t)size);
    CHECK(code != NULL && pread(fd, code, (size_t)size, 0) == size);
    close(fd);
    *ret_count = (size_t)size / sizeof(struct sock_filter);
    return code;
}

static void shorten(unsigned keep, uint64_t seed, unsigned shape, size_t most_percent)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct sock_filter *after;
    struct pair pair = {0};
    void *code = compile(keep, seed, shape, &pair.before_count);
    pair.before = code;
    if (bpf_ranges(arena, pair.before, pair.before_count, &after, &pair.after_count)) {
        pair.after = after;
        CHECK(pair.after_count * 100 <= pair.before_count * most_percent);
        compare_all(&pair);
    } else {
        CHECK_INT(most_percent, 100); /* it is as short as it can be */
    }
    free(code);
}

TEST(what_a_policy_allows_is_the_same)
{
    /* Nearly all is allowed, as by the default policy; as a tree and as a list. */
    for (uint64_t seed = 1; seed <= (TAP_SANITIZED ? 1 : 3); seed++) {
        shorten(90, seed, 2, 60);
        shorten(90, seed, 1, 60);
    }
}

TEST(so_it_is_with_few_rules_and_with_many_conditions)
{
    shorten(50, 11, 2, 100);
    shorten(10, 12, 2, 100);
    shorten(2, 13, 1, 100);
    shorten(100, 14, 2, 50);
}

/* --- by hand --------------------------------------------------------------------------------- */

#define STMT(code, k) BPF_STMT(code, k)
#define NUMBER STMT(BPF_LD | BPF_W | BPF_ABS, 0)
#define ALLOW STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO)

TEST(neighbours_become_a_range)
{
    static const struct sock_filter code[] = {NUMBER,
                                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 4, 0),
                                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 3, 0),
                                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 2, 0),
                                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 1, 0),
                                              REFUSE,
                                              ALLOW};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct sock_filter *after;
    struct pair pair = {code, NULL, HULL_COUNT(code), 0};
    CHECK(bpf_ranges(arena, code, HULL_COUNT(code), &after, &pair.after_count));
    pair.after = after;
    CHECK_INT(pair.after_count, 5); /* load, from 3 on, from 7 on, and the two answers */
    compare_all(&pair);
}

static bool understood(const struct sock_filter *code, size_t count)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct sock_filter *after;
    size_t after_count;
    return bpf_ranges(arena, code, count, &after, &after_count);
}

TEST(what_is_not_understood_stays)
{
    const struct sock_filter no_end[] = {NUMBER, NUMBER};
    const struct sock_filter too_far[] = {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 1, 0), ALLOW};
    const struct sock_filter far_away[] = {STMT(BPF_JMP | BPF_JA, UINT32_MAX), ALLOW};
    const struct sock_filter subtracts[] = {NUMBER, STMT(BPF_ALU | BPF_SUB | BPF_K, 1), ALLOW};
    const struct sock_filter by_register[] = {NUMBER, STMT(BPF_RET | BPF_A, 0)};
    const struct sock_filter shortest[] = {ALLOW};
    CHECK(!understood(no_end, HULL_COUNT(no_end)));
    CHECK(!understood(too_far, HULL_COUNT(too_far)));
    CHECK(!understood(far_away, HULL_COUNT(far_away)));
    CHECK(!understood(subtracts, HULL_COUNT(subtracts)));
    CHECK(!understood(by_register, HULL_COUNT(by_register)));
    CHECK(!understood(shortest, HULL_COUNT(shortest)));
    CHECK(!understood(NULL, 0));
}

TAP_MAIN
