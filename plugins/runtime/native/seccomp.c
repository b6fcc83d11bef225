/*
 * seccomp.c: from a policy to the program that the kernel runs, each made once. A program is kept
 * in a sealed memfd, under the encoded policy itself: equal policies, equal program, no checksum
 * to trust.
 */
#include "native.h"

#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Beyond this many the one that was not used for longest is forgotten. */
#define MOST_PROGRAMS 64
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct program {
    struct program *next;
    char *key;
    size_t key_size;
    int fd;
};
static struct program *programs;
static struct hull_lock lock;

static void free_program(struct program *program)
{
    close(program->fd);
    free(program->key);
    free(program);
}

void seccomp_fini(void)
{
    while (programs != NULL) {
        struct program *next = programs->next;
        free_program(programs);
        programs = next;
    }
}

/* The program under KEY, which becomes the newest, or NULL. */
static const struct program *find(const char *key, size_t size)
{
    for (struct program **at = &programs; *at != NULL; at = &(*at)->next) {
        struct program *p = *at;
        if (p->key_size != size || memcmp(p->key, key, size) != 0)
            continue;
        *at = p->next;
        p->next = programs;
        programs = p;
        return p;
    }
    return NULL;
}

static void keep(const char *key, size_t size, int fd)
{
    struct program *program = calloc(1, sizeof(*program));
    char *copy = malloc(size);
    HULL_ASSERT(program != NULL && copy != NULL);
    memcpy(copy, key, size);
    *program = (struct program){programs, copy, size, fd};
    programs = program;
    struct program **last = &programs;
    size_t count = 0;
    for (; *last != NULL && ++count <= MOST_PROGRAMS;)
        last = &(*last)->next;
    if (*last != NULL)
        free_program(HULL_TAKE(*last));
}

struct compile {
    struct hull_arena *arena;
    const struct oci_seccomp *policy;
    int fd;
};

static int compile(struct hull_work *work, void *arg)
{
    struct compile *c = arg;
    void *code, *key;
    size_t size, key_size;
    /* Another version of hull or of the library may make another program of it. */
    struct oci_seccomp keyed = *c->policy;
    struct hull_text version = HULL_TEXT(c->arena);
    hull_text_printf(&version, "%s %s %s", keyed.default_action, PACKAGE_VERSION, bpf_version());
    keyed.default_action = version.data;
    int rc =
        wire_encode(c->arena, &oci_seccomp_message, &keyed, &key, &key_size, NULL, &work->problem);
    if (rc == 0 && !seccomp_file_read(c->arena, key, key_size, &code, &size)) {
        rc = bpf_compile(c->arena, c->policy, &code, &size, &work->problem);
        if (rc == 0)
            seccomp_file_write(key, key_size, code, size);
    }
    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = memfd_create("hull-seccomp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write(fd, code, size) != (ssize_t)size || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
        return hull_problem_set(&work->problem, HULL_IO, "seccomp: keep the program: %s",
                                strerror(errno));
    c->fd = HULL_TAKE_FD(fd);
    return 0;
}

/* The key of the default policy is the capabilities that shape it, of another one itself. */
static int make_key(struct hull_call *call, const struct oci_seccomp *policy,
                    const struct oci_capabilities *capabilities, char **ret, size_t *ret_size)
{
    static const struct oci_capabilities none = {};
    struct hull_problem problem = {};
    void *data;
    const struct hull_message *message =
        policy != NULL ? &oci_seccomp_message : &oci_capabilities_message;
    const struct oci_capabilities shape = {
        .bounding = (capabilities == NULL ? &none : capabilities)->bounding};
    int rc =
        wire_encode(hull_call_arena(call), message, policy != NULL ? (const void *)policy : &shape,
                    &data, ret_size, NULL, &problem);
    *ret = data;
    return rc < 0 ? hull_fail_problem(call, &problem) : 0;
}

static int make_locked(struct hull_call *call, const struct oci_seccomp *policy,
                       const struct oci_capabilities *capabilities, const char *key, size_t size)
{
    struct oci_seccomp standard;
    int rc = 0;
    if (find(key, size) != NULL)
        return 0;
    if (policy == NULL) {
        rc = policy_default(call, capabilities, &standard);
        policy = &standard;
    }
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct compile job = {arena, policy, -1};
    if (rc == 0)
        rc = hull_work(call, compile, &job);
    if (rc < 0) {
        hull_fd_cleanup(&job.fd);
        return rc;
    }
    keep(key, size, job.fd);
    return 0;
}

/* Many who want the same new program wait for one compiler. */
static int make(struct hull_call *call, const struct oci_seccomp *policy,
                const struct oci_capabilities *capabilities, const char *key, size_t size)
{
    int rc = hull_lock(call, &lock);
    if (rc < 0)
        return rc;
    rc = make_locked(call, policy, capabilities, key, size);
    hull_unlock(&lock);
    return rc;
}

int seccomp_program(struct hull_call *call, const char *mode, const struct oci_seccomp *policy,
                    const struct oci_capabilities *capabilities, int *ret_fd, bool *ret_log)
{
    char *key;
    size_t size;
    *ret_fd = -1;
    *ret_log = false;
    if (hull_streq(mode, "unconfined"))
        return 0;
    if (mode == NULL || mode[0] == '\0' || strcmp(mode, "default") == 0)
        policy = NULL;
    else if (strcmp(mode, "spec") != 0)
        return hull_fail(call, HULL_INVALID, "unknown seccomp mode \"%s\"", mode);
    else if (policy == NULL)
        return 0;
#ifndef HAVE_SECCOMP
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "seccomp: hull was built without libseccomp; use --security-opt "
                     "seccomp=unconfined");
#endif
    if (policy != NULL)
        *ret_log = hull_strv_contains(&policy->flags, "SECCOMP_FILTER_FLAG_LOG");
    int rc = make_key(call, policy, capabilities, &key, &size);
    if (rc < 0)
        return rc;
    if (find(key, size) == NULL)
        rc = make(call, policy, capabilities, key, size);
    if (rc < 0)
        return rc;
    /* A copy: the cache may forget the program while a shim starts with it. */
    *ret_fd = fcntl(find(key, size)->fd, F_DUPFD_CLOEXEC, 3);
    return *ret_fd < 0 ? hull_fail_errno(call, errno, "seccomp: open the program") : 0;
}
