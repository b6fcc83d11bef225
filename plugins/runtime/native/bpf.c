/*
 * bpf.c: an OCI policy through libseccomp, with a head of our own for system calls that are newer
 * than that library: those of the policy get their action, and those that are newer than this
 * table answer ENOSYS, so that a C library falls back instead of failing.
 */
#include "native.h"

#include "plugins/runtime/native/bpf_ranges.h"

#ifdef HAVE_SECCOMP
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define X32_BIT 0x40000000u
#define ERRNO_MAX 4095 /* of the kernel */

/* Since 424 all architectures have the same numbers. */
static const struct {
    const char *name;
    unsigned number;
} newer[] = {
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},
};
#define NEWEST 469u

static const struct {
    const char *name;
    uint32_t action;
    bool has_errno;
} actions[] = {
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
};
static const struct {
    const char *name;
    uint32_t arch;
} architectures[] = {
    {"SCMP_ARCH_X86", SCMP_ARCH_X86},         {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    {"SCMP_ARCH_X32", SCMP_ARCH_X32},         {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64}, {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},     {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};
static const struct {
    const char *name;
    enum scmp_compare op;
} compares[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

struct compiler {
    scmp_filter_ctx ctx;
    uint32_t fallback;                        /* the default action */
    uint32_t newer_action[HULL_COUNT(newer)]; /* as the kernel has it */
    struct hull_problem *problem;
};

static int bad(struct compiler *c, const char *what, const char *value)
{
    return hull_problem_set(c->problem, HULL_INVALID, "seccomp: unknown %s \"%s\"", what,
                            value == NULL ? "" : value);
}

static int find_action(struct compiler *c, const char *name, const struct hull_opt_int *errno_ret,
                       uint32_t *ret)
{
    for (size_t i = 0; i < HULL_COUNT(actions); i++) {
        if (!hull_streq(actions[i].name, name))
            continue;
        int64_t value = errno_ret->set ? errno_ret->value : EPERM;
        int64_t most = strcmp(actions[i].name, "SCMP_ACT_ERRNO") == 0 ? ERRNO_MAX : UINT16_MAX;
        *ret = actions[i].action;
        if (!actions[i].has_errno)
            return 0;
        /* The kernel would take another one, and the call may seem to succeed. */
        if (value < 0 || value > most)
            return hull_problem_set(c->problem, HULL_INVALID,
                                    "seccomp: errnoRet %lld of %s: 0 to %lld are possible",
                                    (long long)value, name, (long long)most);
        *ret |= (uint32_t)value;
        return 0;
    }
    return bad(c, "action", name);
}

static int add_architectures(struct compiler *c, const struct hull_strv *names)
{
    for (size_t i = 0; i < names->n; i++) {
        size_t at = 0;
        while (at < HULL_COUNT(architectures) && !hull_streq(architectures[at].name, names->v[i]))
            at++;
        if (at == HULL_COUNT(architectures))
            return bad(c, "architecture", names->v[i]);
        int rc = seccomp_arch_add(c->ctx, architectures[at].arch);
        if (rc < 0 && rc != -EEXIST)
            return hull_problem_set(c->problem, HULL_INVALID, "seccomp: architecture %s: %s",
                                    names->v[i], strerror(-rc));
    }
    return 0;
}

static int fill_args(struct compiler *c, const struct oci_seccomp_rule *rule,
                     struct scmp_arg_cmp args[6])
{
    if (rule->args.n > 6)
        return bad(c, "number of conditions for", rule->names.n > 0 ? rule->names.v[0] : "");
    for (size_t i = 0; i < rule->args.n; i++) {
        const struct oci_seccomp_arg *arg = &rule->args.v[i];
        size_t at = 0;
        while (at < HULL_COUNT(compares) && !hull_streq(compares[at].name, arg->op))
            at++;
        if (at == HULL_COUNT(compares) || arg->index < 0 || arg->index > 5)
            return bad(c, "condition", arg->op);
        args[i] = (struct scmp_arg_cmp){(unsigned)arg->index, compares[at].op, (uint64_t)arg->value,
                                        (uint64_t)arg->value_two};
    }
    return 0;
}

/* Two conditions on one argument can't be in one rule of libseccomp: each becomes its own. */
static bool has_twice(const struct scmp_arg_cmp *args, size_t count)
{
    unsigned seen = 0;
    for (size_t i = 0; i < count; i++) {
        if (seen >> args[i].arg & 1)
            return true;
        seen |= 1u << args[i].arg;
    }
    return false;
}

static int add_call(struct compiler *c, const char *name, uint32_t action,
                    const struct scmp_arg_cmp *args, size_t count)
{
    for (size_t i = 0; i < HULL_COUNT(newer); i++) {
        if (strcmp(newer[i].name, name) == 0 && count == 0)
            c->newer_action[i] = action;
    }
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || action == c->fallback)
        return 0; /* as docker: what the library does not know needs no rule */
    int rc = 0;
    if (has_twice(args, count)) {
        for (size_t i = 0; i < count && rc == 0; i++)
            rc = seccomp_rule_add_array(c->ctx, action, number, 1, &args[i]);
    } else {
        rc = seccomp_rule_add_array(c->ctx, action, number, (unsigned)count, args);
    }
    return rc < 0 && rc != -EEXIST
               ? hull_problem_set(c->problem, HULL_INVALID, "seccomp: rule for %s: %s", name,
                                  strerror(-rc))
               : 0;
}

static int add_rules(struct compiler *c, const struct oci_seccomp *policy)
{
    for (size_t i = 0; i < policy->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &policy->syscalls.v[i];
        struct scmp_arg_cmp args[6];
        uint32_t action;
        int rc = find_action(c, rule->action, &rule->errno_ret, &action);
        if (rc == 0)
            rc = fill_args(c, rule, args);
        for (size_t k = 0; k < rule->names.n && rc == 0; k++)
            rc = add_call(c, rule->names.v[k] == NULL ? "" : rule->names.v[k], action, args,
                          rule->args.n);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* What comes before libseccomp's program. Returns its length. */
static size_t make_head(const struct compiler *c, struct sock_filter *head)
{
    size_t n = 0;
    unsigned first = newer[0].number;
    head[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    head[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT);
    size_t skip = n;
    head[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 0);
    for (size_t i = 0; i < HULL_COUNT(newer); i++) {
        if (c->newer_action[i] == c->fallback)
            continue;
        head[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, newer[i].number, 0, 1);
        head[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, c->newer_action[i]);
    }
    if ((c->fallback & 0xffff0000u) == SCMP_ACT_ERRNO(0)) {
        /* -1 is what a tracer leaves behind to skip a call. */
        head[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ~X32_BIT, 2, 0);
        head[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
        head[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SCMP_ACT_ERRNO(ENOSYS));
    }
    head[skip].jf = (unsigned char)(n - skip - 1);
    return n;
}

static int export(struct compiler *c, struct hull_arena *arena, void **ret_code, size_t *ret_size)
{
    struct sock_filter head[2 * HULL_COUNT(newer) + 8];
    struct stat st;
    HULL_AUTO_FD fd = memfd_create("hull-bpf", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : seccomp_export_bpf(c->ctx, fd);
    if (rc < 0 || fstat(fd, &st) < 0)
        return hull_problem_set(c->problem, HULL_INTERNAL, "seccomp: make the program: %s",
                                strerror(rc < 0 ? -rc : errno));
    size_t length = make_head(c, head) * sizeof(*head), body = (size_t)st.st_size;
    if ((length + body) / sizeof(*head) > BPF_MAXINSNS)
        return hull_problem_set(c->problem, HULL_INVALID, "seccomp: the policy is too large");
    char *code = hull_arena_alloc(arena, length + body);
    memcpy(code, head, length);
    if (pread(fd, code + length, body, 0) != (ssize_t)body)
        return hull_problem_set(c->problem, HULL_IO, "seccomp: read the program");
    struct sock_filter *shorter;
    size_t count;
    bool shortened = bpf_ranges(arena, (const struct sock_filter *)(const void *)code,
                                (length + body) / sizeof(*head), &shorter, &count);
    *ret_code = shortened ? (void *)shorter : code;
    *ret_size = shortened ? count * sizeof(*shorter) : length + body;
    return 0;
}

static void release(scmp_filter_ctx *ctx)
{
    if (*ctx != NULL)
        seccomp_release(*ctx);
}

static int check_flags(struct compiler *c, const struct hull_strv *flags)
{
    for (size_t i = 0; i < flags->n; i++) {
        if (!hull_streq(flags->v[i], "SECCOMP_FILTER_FLAG_LOG"))
            return hull_problem_set(c->problem, HULL_NOT_SUPPORTED,
                                    "seccomp: flag \"%s\" is not supported", flags->v[i]);
    }
    return 0;
}

const char *bpf_version(void)
{
    static char text[32];
    const struct scmp_version *version = seccomp_version();
    if (version != NULL)
        snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor, version->micro);
    return text;
}

int bpf_compile(struct hull_arena *arena, const struct oci_seccomp *policy, void **ret_code,
                size_t *ret_size, struct hull_problem *problem)
{
    struct compiler c = {.problem = problem};
    int rc = find_action(&c, policy->default_action, &policy->default_errno_ret, &c.fallback);
    if (rc == 0)
        rc = check_flags(&c, &policy->flags);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < HULL_COUNT(newer); i++)
        c.newer_action[i] = c.fallback;
    __attribute__((cleanup(release))) scmp_filter_ctx ctx = seccomp_init(c.fallback);
    if (ctx == NULL)
        return hull_problem_set(problem, HULL_INTERNAL, "seccomp: no memory, or a bad action");
    c.ctx = ctx;
    /* A tree instead of a list: a handful of comparisons for each system call. */
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
    rc = add_architectures(&c, &policy->architectures);
    if (rc == 0)
        rc = add_rules(&c, policy);
    return rc < 0 ? rc : export(&c, arena, ret_code, ret_size);
}
#else
const char *bpf_version(void)
{
    return "none";
}

int bpf_compile(struct hull_arena *arena, const struct oci_seccomp *policy, void **ret_code,
                size_t *ret_size, struct hull_problem *problem)
{
    (void)arena, (void)policy, (void)ret_code, (void)ret_size;
    return hull_problem_set(problem, HULL_NOT_SUPPORTED, "hull was built without libseccomp");
}
#endif
