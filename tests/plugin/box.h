/*
 * box.h: a small container for the tests of the class runtime: busybox in a folder. BOX_PROGRAM
 * makes it one of runtime/oci, by the runtime of that name.
 */
#ifndef TESTS_PLUGIN_BOX_H
#define TESTS_PLUGIN_BOX_H

#include "tap.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "runtime.h"

#ifdef BOX_PROGRAM
#define PORT "runtime/oci"
#else
#define PORT "runtime/native"
#endif

/* One container on its way: a folder with rootfs/, state/ and log. */
struct box {
    struct hull_call *call;
    const char *dir, *id;
    struct runtime_create_request request;
    struct runtime_create_reply made;
    struct runtime_exit exit;
    const char *output, *log;
};

static const char *const box_caps[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

/* Make DIR below the box, or end the test. */
static inline const char *box_folder(struct box *box, const char *name)
{
    const char *path = hull_printf(box->call, "%s/%s", box->dir, name);
    CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
    return path;
}

static inline void box_file(struct box *box, const char *name, const char *content)
{
    const char *path = hull_printf(box->call, "%s/rootfs/%s", box->dir, name);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    fputs(content, file);
    fclose(file);
}

static inline void box_mount(struct box *box, const char *destination, const char *type,
                             const char *source, const char *options)
{
    struct hull_arena *arena = hull_call_arena(box->call);
    struct oci_mount *mount = HULL_LIST_ADD(arena, &box->request.spec.mounts);
    *mount = (struct oci_mount){.destination = destination, .type = type, .source = source};
    char *copy = hull_strdup(box->call, options), *part;
    while ((part = strsep(&copy, ",")) != NULL)
        hull_strv_add(arena, &mount->options, part);
}

static inline void box_args(struct box *box, struct oci_process *process, const char *const *args)
{
    process->args = (struct hull_strv){};
    for (; *args != NULL; args++)
        hull_strv_add(hull_call_arena(box->call), &process->args, *args);
}
#define BOX_RUN(box, ...) \
    box_args(box, &(box)->request.spec.process, (const char *const[]){__VA_ARGS__, NULL})

static inline void box_process(struct box *box, struct oci_process *process)
{
    struct hull_arena *arena = hull_call_arena(box->call);
    hull_strv_add(arena, &process->env, "PATH=/bin:/usr/bin");
    process->cwd = "/";
    process->capabilities = HULL_NEW(arena, struct oci_capabilities);
    for (size_t i = 0; i < HULL_COUNT(box_caps); i++)
        hull_strv_add(arena, &process->capabilities->bounding, box_caps[i]);
    process->capabilities->effective = process->capabilities->bounding;
    process->capabilities->permitted = process->capabilities->bounding;
}

/* The parent goes with the core that used it: a program whose tests run beside has its own. */
static inline const char *box_cgroup(struct hull_call *call, const char *id)
{
    return hull_printf(call, "/hull-test-%d/%s", (int)getpid(), id);
}

static inline void box_spec(struct box *box)
{
    static const char *const namespaces[] = {"mount", "network", "uts", "pid", "ipc"};
    static const char *const masked[] = {"/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware",
                                         "/proc/timer_list"};
    static const char *const readonly[] = {"/proc/sys", "/proc/bus", "/proc/sysrq-trigger"};
    struct hull_arena *arena = hull_call_arena(box->call);
    struct oci_spec *spec = &box->request.spec;
    spec->root.path = hull_printf(box->call, "%s/rootfs", box->dir);
    spec->hostname = "box";
    box_process(box, &spec->process);
    for (size_t i = 0; i < HULL_COUNT(namespaces); i++)
        HULL_LIST_ADD(arena, &spec->linux_.namespaces)->type = namespaces[i];
    for (size_t i = 0; i < HULL_COUNT(masked); i++)
        hull_strv_add(arena, &spec->linux_.masked_paths, masked[i]);
    for (size_t i = 0; i < HULL_COUNT(readonly); i++)
        hull_strv_add(arena, &spec->linux_.readonly_paths, readonly[i]);
    spec->linux_.cgroups_path = box_cgroup(box->call, box->id);
    hull_map_set(arena, &spec->linux_.sysctl, "net.ipv4.ip_unprivileged_port_start", "0");
    box_mount(box, "/proc", "proc", "proc", "nosuid,noexec,nodev");
    box_mount(box, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
    box_mount(box, "/dev/pts", "devpts", "devpts",
              "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
    box_mount(box, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
    box_mount(box, "/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev");
    box_mount(box, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
    box_mount(box, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864");
    box->request.id = box->id;
    box->request.dir = box_folder(box, "state");
    box->request.rootfs_fd = -1;
    box->request.stdio.log_path = hull_printf(box->call, "%s/log", box->dir);
}

#ifdef BOX_PROGRAM
/* crun refuses a host that has both versions of cgroups; it need not see the second. */
static inline void box_hide_cgroup2(void)
{
    static bool hidden;
    if (hidden || strcmp(BOX_PROGRAM, "crun") != 0 || access("/sys/fs/cgroup/unified", F_OK) < 0)
        return;
    CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0);
    CHECK(umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0 || errno == EINVAL);
    hidden = true;
}

static inline void box_program(struct box *box)
{
    static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                          "/usr/bin"};
    for (size_t i = 0; i < HULL_COUNT(folders); i++) {
        const char *path = hull_printf(box->call, "%s/" BOX_PROGRAM, folders[i]);
        if (access(path, X_OK) == 0)
            box->request.program = path;
    }
    if (box->request.program == NULL)
        SKIP("there is no " BOX_PROGRAM);
    box_hide_cgroup2();
}
#else
static inline void box_program(struct box *box)
{
    (void)box;
}
#endif

static inline void box_remove(struct hull_call *call, void *arg)
{
    struct box *box = arg;
    struct hull_empty none;
    (void)call;
    if (runtime_delete(box->call, PORT, &(struct runtime_process_ref){.id = box->id}, &none) < 0)
        printf("# delete: %s\n", hull_error(box->call));
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", box->dir, NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
}

/* It stays when the test's call ends. */
static inline void box_new_kept(struct hull_call *call, struct box *box)
{
    static const char *const folders[] = {"rootfs",     "rootfs/bin", "rootfs/etc", "rootfs/proc",
                                          "rootfs/sys", "rootfs/dev", "rootfs/tmp"};
    static const char *const programs[] = {"sh",   "true", "false", "cat",   "ls",   "id",  "sleep",
                                           "echo", "tty",  "stty",  "mount", "grep", "pwd", "kill",
                                           "head", "dd",   "seq",   "stat",  "env",  "wc"};
    if (geteuid() != 0)
        SKIP("needs root");
    if (access("/bin/busybox", X_OK) < 0)
        SKIP("no static busybox at /bin/busybox");
    const char *base = getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR");
    char *dir = hull_printf(call, "%s/hull-rt-XXXXXX", base);
    *box = (struct box){.call = call};
    box_program(box);
    CHECK(mkdtemp(dir) != NULL);
    box->dir = dir;
    box->id = strrchr(dir, '/') + 1;
    for (size_t i = 0; i < HULL_COUNT(folders); i++)
        box_folder(box, folders[i]);
    const char *busybox = hull_printf(call, "%s/rootfs/bin/busybox", dir);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", "/bin/busybox", busybox, NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
    for (size_t i = 0; i < HULL_COUNT(programs); i++)
        CHECK_INT(symlink("busybox", hull_printf(call, "%s/rootfs/bin/%s", dir, programs[i])), 0);
    box_file(box, "etc/passwd",
             "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:w:/srv:/bin/sh\nbig:x:4294967296:0::/:\n");
    box_file(box, "etc/group", "root:x:0:\nwheel:x:10:root,www\ndata:x:34:\nextra:x:77:www\n");
    box_spec(box);
}

static inline void box_new(struct hull_call *call, struct box *box)
{
    struct box *copy = HULL_NEW(hull_call_arena(call), struct box);
    box_new_kept(call, box);
    /* The test's own is gone by then. */
    *copy = (struct box){.call = call, .id = box->id, .dir = box->dir};
    hull_defer(call, box_remove, copy);
}

/* What comes out of a stream until its end. */
static inline const char *box_read(struct hull_call *call, struct hull_stream *stream)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    char buffer[4096];
    ssize_t n;
    hull_text_puts(&text, "");
    while ((n = hull_stream_read(call, stream, buffer, sizeof(buffer))) > 0)
        hull_text_add(&text, buffer, (size_t)n);
    CHECK_OK(n);
    return text.data;
}

/* Raw output without the heads of the frames. */
static inline const char *box_payload(struct hull_call *call, struct hull_stream *stream)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    unsigned char head[8];
    hull_text_puts(&text, "");
    for (;;) {
        size_t have = 0;
        while (have < sizeof(head)) {
            ssize_t n = hull_stream_read(call, stream, head + have, sizeof(head) - have);
            CHECK_OK(n);
            if (n == 0)
                return text.data;
            have += (size_t)n;
        }
        size_t left =
            (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
        char buffer[4096];
        while (left > 0) {
            ssize_t n = hull_stream_read(call, stream, buffer,
                                         left < sizeof(buffer) ? left : sizeof(buffer));
            CHECK_OK(n);
            CHECK(n > 0);
            hull_text_add(&text, buffer, (size_t)n);
            left -= (size_t)n;
        }
    }
}

static inline struct hull_stream *box_attach(struct box *box, const char *process, bool in)
{
    struct hull_call *call = box->call;
    struct container_stream_reply reply = {};
    CHECK_OK(runtime_attach(
        call, PORT,
        &(struct runtime_attach_request){
            .id = box->id, .process = process, .stdin_ = in, .stdout_ = true, .stderr_ = true},
        &reply));
    return reply.stream;
}

static inline void box_create(struct box *box)
{
    struct hull_call *call = box->call;
    CHECK_OK(runtime_create(call, PORT, &box->request, &box->made));
    if (box->made.netns_fd >= 0)
        close(box->made.netns_fd);
}

static inline int box_start(struct box *box, const char *process)
{
    struct runtime_start_reply none;
    return runtime_start(box->call, PORT,
                         &(struct runtime_process_ref){.id = box->id, .process = process}, &none);
}

/* Make and start what can't be started: a runtime may say so at either step. */
static inline int box_refused(struct box *box)
{
    int rc = runtime_create(box->call, PORT, &box->request, &box->made);
    if (rc < 0)
        return rc;
    hull_message_release(&runtime_create_reply_message, &box->made);
    return box_start(box, NULL);
}

static inline int64_t box_wait(struct box *box, const char *process)
{
    struct hull_call *call = box->call;
    CHECK_OK(runtime_wait(
        call, PORT, &(struct runtime_process_ref){.id = box->id, .process = process}, &box->exit));
    return box->exit.status;
}

/* Create, start and wait, with the output in box->output. Returns the exit status. */
static inline int64_t box_go(struct box *box)
{
    struct hull_call *call = box->call;
    box_create(box);
    struct hull_stream *stream = box_attach(box, NULL, false);
    CHECK_OK(box_start(box, NULL));
    box->output =
        box->request.spec.process.terminal ? box_read(call, stream) : box_payload(call, stream);
    hull_stream_close(stream);
    return box_wait(box, NULL);
}

#endif
