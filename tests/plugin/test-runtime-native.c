/*
 * Containers of the class runtime: what runs, what it sees, and how it ends.
 */
#include "box.h"

#include <sys/socket.h>
#include <sys/un.h>

FIBER_TEST(exit_statuses)
{
    struct box box;
    box_new(call, &box);
    BOX_RUN(&box, "sh", "-c", "exit 7");
    CHECK_INT(box_go(&box), 7);
    CHECK(!box.exit.lost && !box.exit.oom_killed && box.exit.time_ns > 0);
    CHECK_INT(box_wait(&box, NULL), 7);
}

FIBER_TEST(true_succeeds)
{
    struct box box;
    box_new(call, &box);
    BOX_RUN(&box, "true");
    CHECK_INT(box_go(&box), 0);
}

FIBER_TEST(missing_program)
{
    struct box box;
    struct hull_empty none;
    box_new(call, &box);
    BOX_RUN(&box, "nosuch");
    CHECK_KIND(box_refused(&box), HULL_INVALID);
    CHECK_HAS(hull_error(call), "unable to start container process: exec: \"nosuch\": executable "
                                "file not found in $PATH");
    CHECK_HAS(hull_error(call), "failed to create task for container: failed to create shim task: "
                                "OCI runtime create failed: ");
#ifndef BOX_PROGRAM
    CHECK_HAS(hull_error(call), "OCI runtime create failed: runc create failed: unable to start");
#endif
    CHECK_OK(runtime_delete(call, PORT, &(struct runtime_process_ref){.id = box.id}, &none));
}

FIBER_TEST(programs_that_cant_run)
{
    static const struct {
        const char *path, *error;
    } cases[] = {
        {"/nosuch", "exec: \"/nosuch\": stat /nosuch: no such file or directory"},
        {"/etc", "exec: \"/etc\": permission denied"},
        {"/etc/passwd", "exec: \"/etc/passwd\": permission denied"},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct box *box = HULL_NEW(hull_call_arena(call), struct box);
        box_new(call, box);
        BOX_RUN(box, cases[i].path);
        CHECK_KIND(box_refused(box), HULL_INVALID);
#ifdef BOX_PROGRAM
        CHECK_HAS(hull_error(call), strrchr(cases[i].error, ':')); /* some do not say of what */
#else
        CHECK_HAS(hull_error(call), cases[i].error);
#endif
    }
}

FIBER_TEST(output_and_log)
{
    struct box box;
    struct stat st;
    char text[1024] = "";
    box_new(call, &box);
    BOX_RUN(&box, "sh", "-c", "echo 'a<b\"'; echo err >&2; printf end");
    CHECK_INT(box_go(&box), 0);
    CHECK_HAS(box.output, "a<b\"\n");
    CHECK_HAS(box.output, "err\n");
    int fd = open(box.request.stdio.log_path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    CHECK_HAS(text, "{\"log\":\"a\\u003cb\\\"\\n\",\"stream\":\"stdout\",\"time\":\"20");
    CHECK_HAS(text, "{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\"20");
    CHECK_HAS(text, "{\"log\":\"end\",\"stream\":\"stdout\",\"time\":\"20");
}

FIBER_TEST(users)
{
    static const struct {
        const char *user, *output;
    } cases[] = {
        {NULL, "uid=0 gid=0 groups=0,10 home=/root"},
        {"www", "uid=33 gid=34 groups=34,10,77 home=/srv"},
        {"33", "uid=33 gid=34 groups=34,10,77 home=/srv"},
        {"www:data", "uid=33 gid=34 groups=34 home=/srv"},
        {"1000", "uid=1000 gid=0 groups=0 home=/"},
        {"1000:2000", "uid=1000 gid=2000 groups=2000 home=/"},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct box *box = HULL_NEW(hull_call_arena(call), struct box);
        box_new(call, box);
        box->request.spec.process.user.username = cases[i].user;
        BOX_RUN(box, "sh", "-c",
                "echo uid=$(id -u) gid=$(id -g) groups=$(id -G | busybox tr ' ' ,) home=$HOME; "
                "grep CapEff "
                "/proc/self/status");
        CHECK_INT(box_go(box), 0);
        CHECK_HAS(box->output, cases[i].output);
        CHECK_HAS(box->output, i == 0 ? "a80425fb" : "CapEff:\t0000000000000000");
    }
}

FIBER_TEST(terminal)
{
    struct box box;
    box_new(call, &box);
    box.request.spec.process.terminal = true;
    box.request.spec.process.console_size = &(struct oci_box){.height = 33, .width = 77};
    BOX_RUN(&box, "sh", "-c", "tty; stty size; echo x > /dev/console");
    CHECK_INT(box_go(&box), 0);
    CHECK_STR(box.output, "/dev/pts/0\r\n33 77\r\nx\r\n");
}

FIBER_TEST(standard_input)
{
    struct box box;
    box_new(call, &box);
    box.request.stdio.open_stdin = true;
    box.request.stdio.stdin_once = true;
    BOX_RUN(&box, "wc", "-c");
    box_create(&box);
    struct hull_stream *stream = box_attach(&box, NULL, true);
    CHECK_OK(box_start(&box, NULL));
    char *data = hull_alloc(call, 100000);
    memset(data, 'x', 100000);
    size_t done = 0;
    while (done < 100000) {
        ssize_t n = hull_stream_write(call, stream, data + done, 100000 - done);
        CHECK_OK(n);
        done += n == 0 ? 100000 : (size_t)n;
    }
    CHECK_OK(hull_stream_shutdown(call, stream));
    CHECK_STR(box_payload(call, stream), "100000\n");
    hull_stream_close(stream);
    CHECK_INT(box_wait(&box, NULL), 0);
}

FIBER_TEST(much_output)
{
    struct box box;
    box_new(call, &box);
    box.request.stdio.log_path = NULL;
    BOX_RUN(&box, "dd", "if=/dev/zero", "bs=65536", "count=64");
    box_create(&box);
    struct hull_stream *stream = box_attach(&box, NULL, false);
    CHECK_OK(box_start(&box, NULL));
    static char buffer[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = hull_stream_read(call, stream, buffer, sizeof(buffer))) > 0)
        total += (size_t)n;
    CHECK_OK(n);
    hull_stream_close(stream);
    CHECK(total > 64 * 65536);
    CHECK_INT(box_wait(&box, NULL), 0);
}

static void exec_request(struct box *box, struct runtime_exec_request *request, const char *process)
{
    *request = (struct runtime_exec_request){.id = box->id, .process = process};
    box_process(box, &request->spec);
}

FIBER_TEST(exec_joins)
{
    struct box box;
    struct runtime_exec_request request;
    struct runtime_create_reply made;
    struct hull_empty none;
    struct stat before, after;
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    exec_request(&box, &request, "x1");
    request.spec.user.username = "www";
    CHECK(stat("/dev/null", &before) == 0);
    box_args(&box, &request.spec,
             (const char *const[]){
                 "sh", "-c",
                 "busybox hostname; id -u; ls /proc/self/fd; busybox cat /proc/1/comm; "
                 "grep -E 'CapEff|CapBnd|Seccomp:' /proc/self/status; exit 3",
                 NULL});
    CHECK_OK(runtime_exec(call, PORT, &request, &made));
    struct hull_stream *stream = box_attach(&box, "x1", false);
    CHECK_OK(box_start(&box, "x1"));
    const char *output = box_payload(call, stream);
    hull_stream_close(stream);
    CHECK_INT(box_wait(&box, "x1"), 3);
    CHECK_HAS(output, "box\n33\n0\n1\n2\n3\nsleep\n");
    /* The host's, where nothing is given as standard input, stays the host's. */
    CHECK(stat("/dev/null", &after) == 0);
    CHECK_INT(after.st_uid, before.st_uid);
    CHECK_INT(after.st_gid, before.st_gid);
    CHECK_HAS(output, "CapEff:\t0000000000000000");
    CHECK_HAS(output, "CapBnd:\t00000000a80425fb");
    CHECK_HAS(output, "Seccomp:\t2");
    struct runtime_pids_reply pids;
    CHECK_OK(runtime_pids(call, PORT, &(struct runtime_process_ref){.id = box.id}, &pids));
    CHECK_INT(pids.pids.n, 1);
    CHECK_OK(runtime_delete(call, PORT,
                            &(struct runtime_process_ref){.id = box.id, .process = "x1"}, &none));
}

FIBER_TEST(exec_with_terminal_and_failure)
{
    struct box box;
    struct runtime_exec_request request;
    struct runtime_create_reply made;
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    exec_request(&box, &request, "x1");
    request.spec.terminal = true;
    box_args(&box, &request.spec, (const char *const[]){"tty", NULL});
    CHECK_OK(runtime_exec(call, PORT, &request, &made));
    struct hull_stream *stream = box_attach(&box, "x1", false);
    CHECK_OK(box_start(&box, "x1"));
    CHECK_STR(box_read(call, stream), "/dev/pts/0\r\n");
    hull_stream_close(stream);
    exec_request(&box, &request, "x2");
    box_args(&box, &request.spec, (const char *const[]){"nosuch", NULL});
    CHECK_OK(runtime_exec(call, PORT, &request, &made));
    CHECK_KIND(box_start(&box, "x2"), HULL_INVALID);
    CHECK_STR(hull_error(call), "OCI runtime exec failed: exec failed: unable to start container "
                                "process: exec: \"nosuch\": executable file not found in $PATH");
}

FIBER_TEST(kill_and_pause)
{
    struct box box;
    struct hull_empty none;
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    struct runtime_process_ref ref = {.id = box.id};
    CHECK_OK(runtime_pause(call, PORT, &ref, &none));
    CHECK_OK(runtime_resume(call, PORT, &ref, &none));
    CHECK_OK(runtime_kill(call, PORT,
                          &(struct runtime_kill_request){.id = box.id, .signal = SIGKILL}, &none));
    CHECK_INT(box_wait(&box, NULL), 137);
    CHECK(!box.exit.lost);
}

/* A volume on /dev whose names lead elsewhere. */
FIBER_TEST(binds)
{
    struct box box;
    struct stat st;
    box_new(call, &box);
    const char *volume = box_folder(&box, "volume");
    box_mount(&box, "/deep/er/volume", "bind", volume, "rbind,ro");
    box_mount(&box, "/deep/rw", "bind", volume, "rbind");
    box_mount(&box, "/etc/file", "bind", box.request.stdio.log_path, "rbind");
    fclose(fopen(box.request.stdio.log_path, "we"));
    BOX_RUN(&box, "sh", "-c",
            "echo x > /deep/er/volume/a; echo y > /deep/rw/b; ls /deep/er/volume; "
            "stat -c %F /etc/file");
    CHECK_INT(box_go(&box), 0);
    CHECK_HAS(box.output, "Read-only file system");
    CHECK_HAS(box.output, "b\n");
    CHECK_HAS(box.output, "regular");
    CHECK_INT(stat(hull_printf(call, "%s/a", volume), &st), -1);
    CHECK_INT(stat(hull_printf(call, "%s/b", volume), &st), 0);
}

FIBER_TEST(working_directory)
{
    struct box box;
    box_new(call, &box);
    box.request.spec.process.cwd = "/new/place";
    BOX_RUN(&box, "pwd");
    CHECK_INT(box_go(&box), 0);
    CHECK_STR(box.output, "/new/place\n");
}

FIBER_TEST(memory_limit_and_oom)
{
    struct box box;
    box_new(call, &box);
    struct oci_memory memory = {.limit = {true, 16 << 20}, .swap = {true, 16 << 20}};
    struct oci_pids pids = {.limit = 50};
    struct oci_resources resources = {.memory = &memory, .pids = &pids};
    box.request.spec.linux_.resources = &resources;
    BOX_RUN(&box, "sh", "-c", "busybox tail /dev/zero");
    int64_t status = box_go(&box);
    CHECK(status != 0);
    CHECK(box.exit.oom_killed);
}

FIBER_TEST(stats_and_update)
{
    struct box box;
    struct container_stats_reply stats = {};
    struct hull_empty none;
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    CHECK_OK(runtime_stats(call, PORT, &(struct runtime_process_ref){.id = box.id}, &stats));
    CHECK(stats.memory_stats.usage.value > 0);
    CHECK(stats.cpu_stats->cpu_usage->total_usage > 0);
    /* The kernel counts a process that made others until it has freed it, after they are there. */
    for (int turn = 0; turn < 500 && stats.pids_stats->current.value != 1; turn++) {
        CHECK_OK(hull_sleep(call, 10));
        CHECK_OK(runtime_stats(call, PORT, &(struct runtime_process_ref){.id = box.id}, &stats));
    }
    CHECK_INT(stats.pids_stats->current.value, 1);
    struct oci_memory memory = {.limit = {true, 64 << 20}};
    struct runtime_update_request update = {.id = box.id, .resources = {.memory = &memory}};
    CHECK_OK(runtime_update(call, PORT, &update, &none));
    CHECK_OK(runtime_stats(call, PORT, &(struct runtime_process_ref){.id = box.id}, &stats));
    CHECK_INT(stats.memory_stats.limit.value, 64 << 20);
}

FIBER_TEST(init_is_process_1)
{
    struct box box;
    box_new(call, &box);
    box.request.init = true;
    BOX_RUN(&box, "sh", "-c", "busybox cat /proc/1/comm; exit 5");
    CHECK_INT(box_go(&box), 5);
    CHECK_STR(box.output, "docker-init\n");
}

/* The shim of a running container is killed: the container dies with it, and nobody waits on. */
FIBER_TEST(without_a_pid_namespace)
{
    struct box box;
    box_new(call, &box);
    struct oci_namespace *v = box.request.spec.linux_.namespaces.v;
    for (size_t i = 0; i < box.request.spec.linux_.namespaces.n; i++) {
        if (strcmp(v[i].type, "pid") == 0)
            v[i] = v[--box.request.spec.linux_.namespaces.n];
    }
    BOX_RUN(&box, "sh", "-c", "sleep 100 & exit 6");
    CHECK_INT(box_go(&box), 6);
}

FIBER_TEST(deleted_while_it_runs)
{
    struct box box;
    struct hull_empty none;
    struct runtime_process_ref ref;
    box_new(call, &box);
    ref = (struct runtime_process_ref){.id = box.id};
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    CHECK_OK(runtime_delete(call, PORT, &ref, &none));
    CHECK_OK(runtime_delete(call, PORT, &ref, &none));
    CHECK_KIND(runtime_wait(call, PORT, &ref, &box.exit), HULL_NOT_FOUND);
}

static pid_t parent_of(struct hull_call *call, int64_t pid)
{
    int parent = 0;
    FILE *file = fopen(hull_printf(call, "/proc/%lld/stat", (long long)pid), "re");
    CHECK(file != NULL);
    CHECK_INT(fscanf(file, "%*d (%*[^)]) %*c %d", &parent), 1);
    fclose(file);
    return parent;
}

/* Ask the shim for connections until it has no room for more; -1 ends RET_FDS. */
static void fill_queue(const struct box *box, int ret_fds[256])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int rc = 0;
    size_t n = 0;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/state/init.sock", box->dir);
    for (; rc == 0 && n < 255; n++) {
        ret_fds[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        rc = connect(ret_fds[n], (struct sockaddr *)&address, sizeof(address));
    }
    CHECK(rc < 0 && errno == EAGAIN);
    ret_fds[n] = -1;
}

FIBER_TEST(a_shim_that_is_stuck_holds_up_nobody)
{
    struct box box;
    struct hull_empty none;
    int fds[256];
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    CHECK_INT(kill(parent_of(call, box.made.pid), SIGSTOP), 0);
    fill_queue(&box, fds);
    CHECK_OK(runtime_delete(call, PORT, &(struct runtime_process_ref){.id = box.id}, &none));
    for (size_t i = 0; fds[i] >= 0; i++)
        close(fds[i]);
}

/*
 * Programs in the place of both shims that do nothing while the file DIR/stuck is there, and are
 * the shim else; a second is enough for all. The plugin must not be loaded yet.
 */
static const char *doubtful_shims(struct hull_call *call, const struct box *box)
{
    static const char *const names[] = {"hull-shim", "hull-shim-oci"};
    const char *real = getenv("HULL_LIBEXEC");
    CHECK(real != NULL);
    const char *folder = box_folder((struct box *)box, "libexec");
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        FILE *file = fopen(hull_printf(call, "%s/%s", folder, names[i]), "we");
        CHECK(file != NULL);
        fprintf(file,
                "#!/bin/busybox sh\nif [ -e %s/stuck ]; then\n  echo $$ > %s/pid\n"
                "  exec /bin/busybox sleep 1000\nfi\nexec %s/%s \"$@\"\n",
                box->dir, box->dir, real, names[i]);
        CHECK_INT(fchmod(fileno(file), 0755), 0);
        fclose(file);
    }
    CHECK_INT(setenv("HULL_LIBEXEC", folder, 1), 0);
    hull_plugin_option_set(PORT, "shim-timeout", "1");
    return hull_printf(call, "%s/stuck", box->dir);
}

/* It was killed, and its end was seen. */
static void check_gone(struct hull_call *call, const struct box *box)
{
    int pid = 0;
    const char *path = hull_printf(call, "%s/pid", box->dir);
    FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    CHECK_INT(fscanf(file, "%d", &pid), 1);
    fclose(file);
    CHECK(kill(pid, 0) < 0 && errno == ESRCH);
    CHECK_INT(unlink(path), 0);
}

/* Who adopts it may not have seen its end yet. */
static bool has_threads(struct hull_call *call, int64_t pid)
{
    char state = 'X';
    FILE *file = fopen(hull_printf(call, "/proc/%lld/stat", (long long)pid), "re");
    if (file == NULL)
        return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X';
    fclose(file);
    return state != 'X' && state != 'Z';
}

/* Each of the three questions has its limit; the client hears of it, and nothing is left. */
FIBER_TEST(a_shim_that_never_answers_is_given_up)
{
    struct box box;
    struct runtime_create_reply made;
    struct hull_empty none;
    box_new(call, &box);
    const struct runtime_process_ref ref = {.id = box.id};
    const char *stuck = doubtful_shims(call, &box);
    BOX_RUN(&box, "sleep", "100");
    CHECK_INT(close(creat(stuck, 0600)), 0);
    CHECK_KIND(runtime_create(call, PORT, &box.request, &box.made), HULL_TIMEOUT);
    CHECK_HAS(hull_error(call), "no process within 1 s: do the servers");
    check_gone(call, &box);
    CHECK_INT(unlink(stuck), 0);
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    CHECK_INT(close(creat(stuck, 0600)), 0);
    struct runtime_exec_request exec = {.id = box.id, .process = "exec1"};
    box_process(&box, &exec.spec);
    box_args(&box, &exec.spec, (const char *const[]){"true", NULL});
    CHECK_KIND(runtime_exec(call, PORT, &exec, &made), HULL_TIMEOUT);
    CHECK_HAS(hull_error(call), "no process within 1 s");
    check_gone(call, &box);
    CHECK_INT(unlink(stuck), 0);
    /* The container did not notice. */
    CHECK_OK(runtime_exec(call, PORT, &exec, &made));
    CHECK_OK(box_start(&box, "exec1"));
    CHECK_INT(box_wait(&box, "exec1"), 0);
    CHECK_OK(runtime_delete(call, PORT, &ref, &none));
    box_create(&box);
    CHECK_INT(kill(parent_of(call, box.made.pid), SIGSTOP), 0);
    CHECK_KIND(box_start(&box, NULL), HULL_TIMEOUT);
    CHECK_KIND(runtime_wait(call, PORT, &ref, &box.exit), HULL_NOT_FOUND);
    CHECK(!has_threads(call, box.made.pid));
}

/* It ends all the same when it has more to say than anybody reads. */
FIBER_TEST(log_rotation)
{
    struct box box;
    struct stat st;
    box_new(call, &box);
    box.request.stdio.log_max_size = 10000;
    box.request.stdio.log_max_files = 3;
    BOX_RUN(&box, "seq", "1", "1000");
    CHECK_INT(box_go(&box), 0);
    const char *log = box.request.stdio.log_path;
    CHECK_INT(stat(log, &st), 0);
    CHECK(st.st_size > 0 && st.st_size < 10200);
    CHECK_INT(stat(hull_printf(call, "%s.2", log), &st), 0);
    CHECK(st.st_size > 9900 && st.st_size < 10200);
    CHECK_INT(stat(hull_printf(call, "%s.3", log), &st), -1);
}

/* --- a daemon that ends, and one that comes ---------------------------------------------- */

static char left_id[64], left_dir[256];

static int leave_one(struct hull_call *call, void *arg)
{
    struct box *box = HULL_NEW(hull_call_arena(call), struct box);
    (void)arg;
    box_new_kept(call, box);
    box->request.stdio.open_stdin = true;
    BOX_RUN(box, "sh", "-c", "read x; echo got $x; exit 9");
    box_create(box);
    CHECK_OK(box_start(box, NULL));
    snprintf(left_id, sizeof(left_id), "%s", box->id);
    snprintf(left_dir, sizeof(left_dir), "%s", box->dir);
    return 0;
}

static int find_it(struct hull_call *call, void *arg)
{
    struct runtime_adopt_reply found = {};
    struct box *box = HULL_NEW(hull_call_arena(call), struct box);
    (void)arg;
    *box = (struct box){.call = call, .id = left_id, .dir = left_dir};
    hull_defer(call, box_remove, box);
    CHECK_OK(runtime_adopt(
        call, PORT,
        &(struct runtime_adopt_request){.id = left_id,
                                        .dir = hull_printf(call, "%s/state", left_dir),
                                        .cgroups_path = box_cgroup(call, left_id)},
        &found));
    CHECK_STR(found.state, "running");
    CHECK(found.pid > 1);
    struct hull_stream *stream = box_attach(box, NULL, true);
    CHECK_OK(hull_stream_write(call, stream, "it\n", 3));
    CHECK_STR(box_payload(call, stream), "got it\n");
    hull_stream_close(stream);
    CHECK_INT(box_wait(box, NULL), 9);
    return 0;
}

TEST(adoption)
{
    CHECK_INT(tap_core(leave_one, NULL), 0);
    CHECK_INT(tap_core(find_it, NULL), 0);
}

TAP_MAIN
