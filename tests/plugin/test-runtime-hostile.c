/*
 * Containers by runtime/native whose image, volumes, clients or neighbours mean harm.
 */
#include "box.h"

FIBER_TEST(nothing_leaks_into_it)
{
    struct box box;
    box_new(call, &box);
    BOX_RUN(&box, "sh", "-c", "ls /proc/self/fd; grep -E 'Cap|Seccomp:|NoNew' /proc/self/status");
    CHECK_INT(box_go(&box), 0);
    /* ls has one for the folder itself. */
    CHECK_HAS(box.output, "0\n1\n2\n3\nCapInh");
    CHECK_HAS(box.output, "CapInh:\t0000000000000000");
    CHECK_HAS(box.output, "CapPrm:\t00000000a80425fb");
    CHECK_HAS(box.output, "CapEff:\t00000000a80425fb");
    CHECK_HAS(box.output, "CapBnd:\t00000000a80425fb");
    CHECK_HAS(box.output, "CapAmb:\t0000000000000000");
    CHECK_HAS(box.output, "Seccomp:\t2");
}

FIBER_TEST(users_refused)
{
    static const struct {
        const char *user, *error;
    } cases[] = {
        {"nobodyatall", "unable to find user nobodyatall: no matching entries in passwd file"},
        {"1x", "unable to find user 1x: no matching entries in passwd file"},
        {"4294967296", "uids and gids must be in range 0-2147483647"},
        {"-1", "uids and gids must be in range 0-2147483647"},
        {"2147483648", "uids and gids must be in range 0-2147483647"},
        {"big", "uids and gids must be in range 0-2147483647"},
        {"0:nogroup", "unable to find group nogroup: no matching entries in group file"},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct box *box = HULL_NEW(hull_call_arena(call), struct box);
        box_new(call, box);
        box->request.spec.process.user.username = cases[i].user;
        BOX_RUN(box, "true");
        CHECK_KIND(runtime_create(call, PORT, &box->request, &box->made), HULL_INVALID);
        CHECK_HAS(hull_error(call), cases[i].error);
    }
}

FIBER_TEST(masked_and_readonly)
{
    struct box box;
    box_new(call, &box);
    BOX_RUN(
        &box, "sh", "-c",
        "exec 2>&1; wc -c < /proc/keys; ls /sys/firmware | wc -l; echo 1 > "
        "/proc/sys/kernel/domainname || echo ro; stat -c %t:%T /dev/null; mount | grep -c ' / '");
    CHECK_INT(box_go(&box), 0);
    CHECK_HAS(box.output, "0\n0\n");
    CHECK_HAS(box.output, "ro\n1:3\n");
}

FIBER_TEST(hostile_dev)
{
    struct box box;
    struct stat st;
    box_new(call, &box);
    const char *canary = box_folder(&box, "canary");
    const char *dev = hull_printf(call, "%s/rootfs/dev", box.dir);
    CHECK_INT(rmdir(dev), 0);
    CHECK_INT(symlink(canary, dev), 0);
    BOX_RUN(&box, "true");
    /* The link is resolved inside: there is no such folder, or one is made there. */
    (void)!runtime_create(call, PORT, &box.request, &box.made);
    CHECK_INT(stat(hull_printf(call, "%s/null", canary), &st), -1);
    CHECK_INT(stat(hull_printf(call, "%s/ptmx", canary), &st), -1);
}

FIBER_TEST(proc_has_to_be_a_folder)
{
    struct box box;
    box_new(call, &box);
    const char *proc = hull_printf(call, "%s/rootfs/proc", box.dir);
    CHECK_INT(rmdir(proc), 0);
    CHECK_INT(symlink("/tmp", proc), 0);
    BOX_RUN(&box, "true");
    CHECK_KIND(runtime_create(call, PORT, &box.request, &box.made), HULL_INVALID);
    CHECK_HAS(hull_error(call), "must be mounted on ordinary directory");
}

FIBER_TEST(mounts_on_proc_are_refused)
{
    static const char *const targets[] = {"/proc", "/proc/sys", "/link/sys"};
    for (size_t i = 0; i < HULL_COUNT(targets); i++) {
        struct box *box = HULL_NEW(hull_call_arena(call), struct box);
        box_new(call, box);
        CHECK_INT(symlink("/proc", hull_printf(call, "%s/rootfs/link", box->dir)), 0);
        box_mount(box, targets[i], "bind", box_folder(box, "volume"), "rbind");
        BOX_RUN(box, "true");
        CHECK_KIND(runtime_create(call, PORT, &box->request, &box->made), HULL_INVALID);
        CHECK_HAS(hull_error(call), "cannot be mounted because it is inside /proc");
    }
}

FIBER_TEST(proc_replaced_by_a_bind)
{
    struct box box;
    box_new(call, &box);
    box.request.spec.mounts.v[0] =
        (struct oci_mount){.destination = "/proc", .type = "bind", .source = "/proc"};
    BOX_RUN(&box, "true");
    CHECK_KIND(runtime_create(call, PORT, &box.request, &box.made), HULL_INVALID);
    CHECK_HAS(hull_error(call), "cannot be mounted because it is inside /proc");
}

FIBER_TEST(hostile_volume_on_dev)
{
    struct box box;
    box_new(call, &box);
    const char *dev = box_folder(&box, "volume");
    CHECK_INT(symlink("/proc/sys/kernel/core_pattern", hull_printf(call, "%s/null", dev)), 0);
    CHECK_INT(symlink("/proc/sys/kernel/core_pattern", hull_printf(call, "%s/console", dev)), 0);
    box_mount(&box, "/dev", "bind", dev, "rbind");
    box.request.spec.process.terminal = true;
    BOX_RUN(&box, "sh", "-c",
            "wc -c < /proc/keys; wc -c < /proc/sys/kernel/core_pattern; echo x > "
            "/proc/sys/kernel/core_pattern");
    box_go(&box);
    CHECK_HAS(box.output, "0\r\n");
    CHECK_HAS(box.output, "Read-only file system");
}

FIBER_TEST(working_directory_by_descriptor)
{
    for (int fd = 3; fd < 12; fd++) {
        struct box *box = HULL_NEW(hull_call_arena(call), struct box);
        box_new(call, box);
        box->request.spec.process.cwd = hull_printf(call, "/proc/self/fd/%d", fd);
        BOX_RUN(box, "ls");
        CHECK(runtime_create(call, PORT, &box->request, &box->made) < 0);
    }
}

FIBER_TEST(killed_shim)
{
    struct box box;
    box_new(call, &box);
    BOX_RUN(&box, "sleep", "100");
    box.request.spec.process.user.username = "www";
    box_create(&box);
    CHECK_OK(box_start(&box, NULL));
    char *status = hull_printf(call, "/proc/%d/status", (int)box.made.pid), line[256];
    int shim = 0;
    FILE *file = fopen(status, "re");
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL)
        (void)!sscanf(line, "PPid: %d", &shim);
    fclose(file);
    CHECK(shim > 1);
    CHECK_INT(kill(shim, SIGKILL), 0);
    CHECK_INT(box_wait(&box, NULL), 137);
    CHECK(box.exit.lost);
}

FIBER_TEST(client_that_does_not_read)
{
    struct box box;
    struct stat st;
    box_new(call, &box);
    BOX_RUN(&box, "sh", "-c", "seq 1 30000");
    box_create(&box);
    struct hull_stream *stream = box_attach(&box, NULL, false);
    CHECK_OK(box_start(&box, NULL));
    CHECK_INT(box_wait(&box, NULL), 0);
    CHECK_INT(stat(box.request.stdio.log_path, &st), 0);
    CHECK(st.st_size > 30000 * 70);
    const char *output = box_payload(call, stream);
    CHECK_INT(strlen(output), 168894);
    hull_stream_close(stream);
}

FIBER_TEST(client_that_never_reads)
{
    struct box box;
    struct hull_empty none;
    box_new(call, &box);
    box.request.stdio.log_path = NULL;
    BOX_RUN(&box, "dd", "if=/dev/zero", "bs=65536");
    box_create(&box);
    struct hull_stream *stream = box_attach(&box, NULL, false);
    CHECK_OK(box_start(&box, NULL));
    CHECK_OK(hull_sleep(call, 300));
    CHECK_OK(runtime_kill(call, PORT,
                          &(struct runtime_kill_request){.id = box.id, .signal = SIGKILL}, &none));
    CHECK_INT(box_wait(&box, NULL), 137);
    hull_stream_close(stream);
}

TAP_MAIN
