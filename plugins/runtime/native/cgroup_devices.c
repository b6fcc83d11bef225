/*
 * cgroup_devices.c: which device nodes a container may use. Version 1 has files for it; for
 * version 2 the rules become a small BPF program that looks at each access.
 */
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rule {
    bool allow;
    char type;            /* a, c or b */
    int64_t major, minor; /* -1 is any */
    const char *access;
};

/* What every container needs, whatever its rules say: to make nodes, and its terminals. */
static const struct rule always[] = {
    {true, 'c', -1, -1, "m"},    {true, 'b', -1, -1, "m"}, {true, 'c', 1, 3, "rwm"},
    {true, 'c', 1, 5, "rwm"},    {true, 'c', 1, 7, "rwm"}, {true, 'c', 1, 8, "rwm"},
    {true, 'c', 1, 9, "rwm"},    {true, 'c', 5, 0, "rwm"}, {true, 'c', 5, 2, "rwm"},
    {true, 'c', 136, -1, "rwm"},
};

static struct rule to_rule(const struct oci_device_rule *from)
{
    char type = from->type == NULL || from->type[0] == '\0' ? 'a' : from->type[0];
    return (struct rule){from->allow, type, from->major.set ? from->major.value : -1,
                         from->minor.set ? from->minor.value : -1,
                         from->access == NULL || from->access[0] == '\0' ? "rwm" : from->access};
}

/* A rule for everything makes what came before it void. */
static bool is_total(const struct rule *rule)
{
    return rule->type == 'a' || (rule->major < 0 && rule->minor < 0 && rule->type == 'a');
}

/* All rules in their order, the last total one first and what every container needs behind it. */
static size_t collect(struct hull_arena *arena, const struct oci_resources *resources,
                      struct rule **ret)
{
    size_t first = 0, count = 0;
    for (size_t i = 0; i < resources->devices.n; i++) {
        struct rule rule = to_rule(&resources->devices.v[i]);
        if (is_total(&rule))
            first = i;
    }
    struct rule *rules =
        HULL_NEW_ARRAY(arena, struct rule, resources->devices.n + HULL_COUNT(always));
    for (size_t i = first; i < resources->devices.n; i++) {
        rules[count++] = to_rule(&resources->devices.v[i]);
        if (i == first && !rules[0].allow) {
            memcpy(rules + count, always, sizeof(always));
            count += HULL_COUNT(always);
        }
    }
    *ret = rules;
    return count;
}

static void write_rule(const struct rule *rule, char text[64])
{
    char major[24] = "*", minor[24] = "*";
    if (rule->major >= 0)
        snprintf(major, sizeof(major), "%lld", (long long)rule->major);
    if (rule->minor >= 0)
        snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
    if (rule->type == 'a')
        snprintf(text, 64, "a");
    else
        snprintf(text, 64, "%c %s:%s %.3s", rule->type, major, minor, rule->access);
}

static int put_rule(const char *dir, const char *file, const char *text, int *fd)
{
    if (*fd < 0)
        *fd = cg_open_file(dir, file, O_WRONLY);
    return *fd < 0 || write(*fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int apply_v1(struct hull_arena *arena, const char *dir, const struct rule *rules,
                    size_t count, struct hull_problem *problem)
{
    HULL_AUTO_FD allow_fd = -1;
    HULL_AUTO_FD deny_fd = -1;
    char text[64];
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        bool allow = rules[i].allow;
        write_rule(&rules[i], text);
        int err = put_rule(dir, allow ? "devices.allow" : "devices.deny", text,
                           allow ? &allow_fd : &deny_fd);
        if (err < 0)
            return hull_problem_set(problem, hull_kind_of_errno(-err), "device rule \"%s\": %s",
                                    text, strerror(-err));
    }
    return 0;
}

/* --- version 2 ------------------------------------------------------------------------------ */

struct program {
    struct bpf_insn *code;
    size_t count;
};

static void emit(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
                 int32_t imm)
{
    p->code[p->count++] = (struct bpf_insn){
        .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm};
}

static int32_t access_bits(const char *access)
{
    int32_t bits = 0;
    for (; *access != '\0'; access++)
        bits |= *access == 'r'   ? BPF_DEVCG_ACC_READ
                : *access == 'w' ? BPF_DEVCG_ACC_WRITE
                : *access == 'm' ? BPF_DEVCG_ACC_MKNOD
                                 : 0;
    return bits;
}

/* r2 type, r3 access, r4 major, r5 minor. The rule that applies answers; else go on behind it. */
static void emit_rule(struct program *p, const struct rule *rule)
{
    size_t jumps[4] = {0}, n = 0;
    int32_t bits = access_bits(rule->access);
    if (rule->type != 'a') {
        int32_t type = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        jumps[n++] = p->count;
        emit(p, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, type);
        /* All that is asked has to be in the rule; any of it is enough to be refused. */
        emit(p, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
        emit(p, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, bits);
        jumps[n++] = p->count;
        if (rule->allow)
            emit(p, BPF_JMP | BPF_JNE | BPF_X, 1, 3, 0, 0);
        else
            emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
        if (rule->major >= 0) {
            jumps[n++] = p->count;
            emit(p, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rule->major);
        }
        if (rule->minor >= 0) {
            jumps[n++] = p->count;
            emit(p, BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)rule->minor);
        }
    }
    emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, rule->allow);
    emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    while (n-- > 0)
        p->code[jumps[n]].off = (int16_t)(p->count - jumps[n] - 1);
}

static int attach(const char *dir, const struct program *p, struct hull_problem *problem)
{
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                           .insns = (uint64_t)(uintptr_t)p->code,
                           .insn_cnt = (uint32_t)p->count,
                           .license = (uint64_t)(uintptr_t) "Apache"};
    HULL_AUTO_FD program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
    if (program < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno),
                                "load the program of the device rules: %s", strerror(errno));
    HULL_AUTO_FD cgroup = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    union bpf_attr attach_attr = {.target_fd = (uint32_t)cgroup,
                                  .attach_bpf_fd = (uint32_t)program,
                                  .attach_type = BPF_CGROUP_DEVICE,
                                  .attach_flags = BPF_F_ALLOW_OVERRIDE};
    if (cgroup < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attach_attr, sizeof(attach_attr)) < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno),
                                "attach the program of the device rules: %s", strerror(errno));
    return 0;
}

/* The last rule that matches decides, so that the program asks them from the end. */
static int apply_v2(struct hull_arena *arena, const char *dir, const struct rule *rules,
                    size_t count, struct hull_problem *problem)
{
    struct program p = {HULL_NEW_ARRAY(arena, struct bpf_insn, count * 9 + 8), 0};
    emit(&p, BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
    emit(&p, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
    emit(&p, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
    emit(&p, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
    emit(&p, BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0);
    emit(&p, BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0);
    for (size_t i = count; i-- > 0;) {
        emit_rule(&p, &rules[i]);
        if (rules[i].type == 'a')
            return attach(dir, &p, problem);
    }
    emit(&p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
    emit(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return attach(dir, &p, problem);
}

int cg_limit_devices(struct hull_arena *arena, const struct cgroup *cgroup,
                     const struct oci_resources *resources, struct hull_problem *problem)
{
    struct rule *rules;
    const char *dir = cg_dir(cgroup, CG_DEVICES);
    if (resources == NULL || resources->devices.n == 0 || dir == NULL)
        return 0;
    size_t count = collect(arena, resources, &rules);
    return (cg_version() == 2 ? apply_v2 : apply_v1)(arena, dir, rules, count, problem);
}
