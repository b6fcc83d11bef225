/* The OCI specification of a container against what docker generates. */
#include "tap.h"

#include "plugins/engine/container/caps.h"
#include "plugins/engine/container/seccomp.h"
#include "plugins/engine/container/spec.h"
#include "plugins/engine/container/tokens.h"

#include "api/config.h"

static struct daemon_config config;

/* The smallest container: sleep 100. */
static struct ct_doc minimal(struct hull_call *call)
{
    struct ct_doc doc = {.id = "a1", .name = "x", .path = "sleep", .cgroups_path = "/hull/a1"};

    hull_config_set(&daemon_config_message, &config);
    hull_strv_add(hull_call_arena(call), &doc.args, "100");
    doc.config.hostname = "a1";
    doc.host_config.network_mode = "bridge";
    doc.host_config.ipc_mode = "private";
    doc.host_config.cgroupns_mode = "host";
    doc.host_config.shm_size = 67108864;
    return doc;
}

static void make(struct hull_call *call, const struct ct_doc *doc,
                 struct runtime_create_request *ret)
{
    const char *sources[8] = {"/src0", "/src1", "/src2"};
    struct spec_input input = {.doc = doc, .dir = "/d", .sources = sources};

    hull_message_init(&runtime_create_request_message, ret);
    CHECK_OK(spec_make(call, &input, ret));
}

static const struct oci_mount *mount_at(const struct oci_spec *spec, const char *destination)
{
    for (size_t i = 0; i < spec->mounts.n; i++)
        if (strcmp(spec->mounts.v[i].destination, destination) == 0)
            return &spec->mounts.v[i];
    return NULL;
}

/* Options with commas between. */
static const char *options_of(struct hull_call *call, const struct oci_spec *spec,
                              const char *destination)
{
    const struct oci_mount *mount = mount_at(spec, destination);
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    hull_text_puts(&text, "");
    for (size_t i = 0; mount && i < mount->options.n; i++)
        hull_text_printf(&text, "%s%s", i ? "," : "", mount->options.v[i]);
    return text.data;
}

static const char *namespaces_of(struct hull_call *call, const struct oci_spec *spec)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    hull_text_puts(&text, "");
    for (size_t i = 0; i < spec->linux_.namespaces.n; i++)
        hull_text_printf(&text, "%s ", spec->linux_.namespaces.v[i].type);
    return text.data;
}

FIBER_TEST(defaults)
{
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);

    make(call, &doc, &request);
    CHECK_INT(request.spec.process.capabilities->bounding.n, 14);
    CHECK_STR(request.spec.process.cwd, "/");
    CHECK_STR(request.spec.process.env.v[1], "HOSTNAME=a1");
    CHECK_STR(namespaces_of(call, &request.spec), "mount network uts pid ipc ");
    CHECK_STR(request.seccomp_mode, "default");
    CHECK_STR(request.spec.mounts.v[0].destination, "/proc");
    CHECK_STR(options_of(call, &request.spec, "/sys"), "nosuid,noexec,nodev,ro");
    CHECK_STR(options_of(call, &request.spec, "/dev/shm"),
              "nosuid,noexec,nodev,mode=1777,size=67108864");
    CHECK_STR(options_of(call, &request.spec, "/etc/hosts"), "rbind,rprivate");
    CHECK_STR(hull_map_find(&request.spec.linux_.sysctl, "net.ipv4.ip_unprivileged_port_start"),
              "0");
    CHECK(!request.spec.linux_.resources->devices.v[0].allow);
}

FIBER_TEST(host_namespaces)
{
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);

    doc.host_config.network_mode = doc.host_config.ipc_mode = "host";
    doc.host_config.pid_mode = doc.host_config.uts_mode = "host";
    make(call, &doc, &request);
    CHECK_STR(namespaces_of(call, &request.spec), "mount ");
    CHECK_INT(request.spec.linux_.sysctl.n, 0);
    CHECK(request.spec.hostname == NULL);
    CHECK_STR(mount_at(&request.spec, "/dev/shm")->source, "/dev/shm");
}

FIBER_TEST(privileged)
{
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);

    doc.host_config.privileged = true;
    make(call, &doc, &request);
    CHECK_STR(request.seccomp_mode, "unconfined");
    CHECK(request.spec.process.capabilities->bounding.n > 14);
    CHECK(request.spec.linux_.resources->devices.v[0].allow);
    CHECK(request.spec.linux_.devices.n > 3);
    CHECK_STR(options_of(call, &request.spec, "/sys"), "nosuid,noexec,nodev");
    CHECK_INT(request.spec.linux_.masked_paths.n, 0);
}

FIBER_TEST(mounts_of_the_client)
{
    struct ct_mount mounts[] = {
        {.point = {.type = "bind", .destination = "/a/b/c", .propagation = "rprivate"}},
        {.point = {.type = "volume", .destination = "/a", .rw = true, .propagation = ""}},
        {.point = {.type = "tmpfs", .destination = "/dev/shm", .rw = true}},
    };
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);
    size_t last;

    doc.mounts.v = mounts;
    doc.mounts.n = HULL_COUNT(mounts);
    hull_map_set(hull_call_arena(call), &doc.host_config.tmpfs, "/t/t", "size=64k,exec");
    make(call, &doc, &request);
    last = request.spec.mounts.n - 1;
    CHECK_STR(request.spec.mounts.v[last].destination, "/a/b/c");
    CHECK_STR(request.spec.mounts.v[last].source, "/src0");
    CHECK_STR(options_of(call, &request.spec, "/a/b/c"), "rbind,rro,rprivate");
    CHECK_STR(options_of(call, &request.spec, "/a"), "rbind");
    CHECK_STR(options_of(call, &request.spec, "/t/t"),
              "noexec,nosuid,nodev,rprivate,size=64k,exec");
    /* The client's replaces ours. */
    CHECK_STR(options_of(call, &request.spec, "/dev/shm"), "noexec,nosuid,nodev,rprivate");
}

FIBER_TEST(environment)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);

    doc.config.tty = true;
    hull_strv_add(arena, &doc.config.env, "X=1");
    hull_strv_add(arena, &doc.config.env, "PATH=/bin");
    hull_strv_add(arena, &doc.config.env, "TERM");
    make(call, &doc, &request);
    CHECK_INT(request.spec.process.env.n, 3);
    CHECK_STR(request.spec.process.env.v[0], "PATH=/bin");
    CHECK_STR(request.spec.process.env.v[2], "X=1");
    CHECK(request.spec.process.terminal);
}

FIBER_TEST(limits)
{
    struct runtime_create_request request;
    struct ct_doc doc = minimal(call);
    struct resources *resources = &doc.host_config.resources;
    struct ulimit ulimit = {.name = "nofile", .soft = 1024, .hard = 2048};

    resources->memory = 64 << 20;
    resources->memory_swap = 128 << 20;
    resources->nano_cpus = 1500000000;
    resources->pids_limit = (struct hull_opt_int){true, 50};
    resources->ulimits.v = &ulimit;
    resources->ulimits.n = 1;
    make(call, &doc, &request);
    CHECK_INT(request.spec.linux_.resources->memory->limit.value, 64 << 20);
    CHECK_INT(request.spec.linux_.resources->cpu->quota.value, 150000);
    CHECK_INT(request.spec.linux_.resources->cpu->period.value, 100000);
    CHECK_INT(request.spec.linux_.resources->pids->limit, 50);
    CHECK_STR(request.spec.process.rlimits.v[0].type, "RLIMIT_NOFILE");
}

TEST(capabilities)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_strv add = {0}, drop = {0}, set;

    CHECK_STR(caps_name("net_admin"), "CAP_NET_ADMIN");
    CHECK_STR(caps_name("CAP_NET_ADMIN"), "CAP_NET_ADMIN");
    CHECK(caps_name("NOPE") == NULL && caps_is_all("all"));
    hull_strv_add(arena, &drop, "ALL");
    hull_strv_add(arena, &add, "chown");
    caps_make(arena, false, &add, &drop, &set);
    CHECK_INT(set.n, 1);
    CHECK_STR(set.v[0], "CAP_CHOWN");
    add.v[0] = "ALL";
    drop.v[0] = "CAP_CHOWN";
    caps_make(arena, false, &add, &drop, &set);
    CHECK(set.n > 14 && !hull_strv_contains(&set, "CAP_CHOWN"));
}

TEST(tokens)
{
    struct oci_device_rule rule;
    int64_t bytes;

    CHECK(token_ip("1.2.3.4") && token_ip("fe80::1") && !token_ip("1.2.3") && !token_ip("a\nb"));
    CHECK(token_domain("a-b.c_d") && !token_domain("a b") && !token_domain("a\nb"));
    CHECK(!token_domain("") && !token_domain("-a"));
    CHECK(token_port("80") && token_port("80/tcp") && token_port("1-9/udp"));
    CHECK(!token_port("x/tcp") && !token_port("80/foo") && !token_port("80/tcp\n"));
    CHECK(token_port_range("80-90") && !token_port_range("90-80") && !token_port_range("65536"));
    CHECK(token_cpu_list("0-3,5") && !token_cpu_list("0-") && !token_cpu_list("0,,1"));
    CHECK(token_sysctl("net.core.somaxconn") && !token_sysctl("kernel.core_pattern"));
    CHECK(!token_sysctl("net/../../kernel/core_pattern") && token_sysctl("kernel.shmmax"));
    CHECK(token_size("10m", &bytes) && bytes == 10 << 20);
    CHECK(token_size("1.5k", &bytes) && bytes == 1536);
    CHECK(!token_size("10q", &bytes) && !token_size("-1", &bytes) && !token_size("", &bytes));
    CHECK(token_device_rule("c 42:* rmw", &rule) && rule.major.value == 42 && !rule.minor.set);
    CHECK(!token_device_rule("c 42 rmw", NULL) && !token_device_rule("x 1:1 r", NULL));
    CHECK(!token_device_rule("c 1:1 rx", NULL) && !token_device_rule("", NULL));
}

FIBER_TEST(docker_profiles)
{
    static const char profile[] =
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
        "\"subArchitectures\":[\"SCMP_ARCH_X86\"]},{\"architecture\":\"SCMP_ARCH_AARCH64\"}],"
        "\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
        "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":"
        "[\"CAP_SYS_ADMIN\"]}},{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":"
        "{\"caps\":[\"CAP_SYS_ADMIN\"]}},{\"name\":\"ptrace\",\"action\":\"SCMP_ACT_ALLOW\","
        "\"includes\":{\"minKernel\":\"4.8\"}},{\"names\":[\"x\"],\"action\":\"SCMP_ACT_ALLOW\","
        "\"includes\":{\"arches\":[\"s390\"]}}]}";
    struct hull_strv caps = {0};
    struct oci_seccomp *seccomp;

    CHECK_OK(seccomp_parse(call, profile, strlen(profile), &caps, &seccomp));
    CHECK_INT(seccomp->syscalls.n, 3);
    CHECK_STR(seccomp->syscalls.v[1].names.v[0], "clone");
    CHECK_STR(seccomp->syscalls.v[2].names.v[0], "ptrace");
    hull_strv_add(hull_call_arena(call), &caps, "CAP_SYS_ADMIN");
    CHECK_OK(seccomp_parse(call, profile, strlen(profile), &caps, &seccomp));
    CHECK_STR(seccomp->syscalls.v[1].names.v[0], "mount");
    CHECK(seccomp_parse(call, "{", 1, &caps, &seccomp) < 0);
    CHECK(seccomp_parse(call, "{}", 2, &caps, &seccomp) < 0);
}

TAP_MAIN
