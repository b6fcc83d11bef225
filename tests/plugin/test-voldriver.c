/*
 * What each driver of the class voldriver promises: one suite, built once for each driver (DRIVER).
 * local mounts a tmpfs where it has to mount something; behind remote there is volplugin.py.
 */
#include "tap.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "api/config.h"
#include "root.h"
#include "volume_driver.h"

#define PORT "volume/" DRIVER

static char root[] = "/tmp/hull-test-vol-XXXXXX";
static struct daemon_config config;

static bool is_remote(void)
{
    return strcmp(DRIVER, "remote") == 0;
}
#define NAME_OF_DRIVER (is_remote() ? "toy" : "local")

/* --- setting up ------------------------------------------------------------------------------- */

static void run(const char *command)
{
    const char *const args[] = {"sh", "-c", command, NULL};
    pid_t pid;
    int status;

    CHECK_INT(posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *const *)(uintptr_t)args, environ), 0);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    if (status != 0)
        FAIL("%s", command);
}

static char *text_of(const char *fmt, ...) HULL_PRINTF(1, 2);
static char *text_of(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, fmt);
    CHECK(vasprintf(&text, fmt, args) >= 0);
    va_end(args);
    return text;
}

static void run_free(char *command)
{
    run(command);
    free(command);
}

static void set_up(void)
{
    const char *source = getenv("srcdir");

    if (geteuid() != 0)
        SKIP("needs root");
    CHECK(mkdtemp(root) != NULL);
    config.data_root = root;
    if (is_remote())
        run_free(text_of("%s/tests/plugin/volplugin.py %s", source == NULL ? "." : source, root));
}

static void tear_down(void)
{
    if (is_remote())
        run_free(text_of("kill $(cat %s/toy.pid) 2>/dev/null || true", root));
    CHECK_INT(root_remove_tree(AT_FDCWD, root), 0);
}

/* One life of a daemon. */
static void live(hull_task_fn *fn)
{
    hull_config_set(&daemon_config_message, &config);
    hull_plugin_alias("state", "state/sqlite");
    if (is_remote()) {
        hull_plugin_option_set(PORT, "plugin-sockets", root);
        hull_plugin_option_set(PORT, "plugin-timeout-ms", "700");
        hull_plugin_option_set(PORT, "plugin-retry-ms", "300");
    }
    CHECK_INT(tap_core(fn, NULL), 0);
}

#define LIFE(name)                                                 \
    static void name##_life(struct hull_call *call);               \
    static int name(struct hull_call *call, void *arg HULL_UNUSED) \
    {                                                              \
        name##_life(call);                                         \
        return 0;                                                  \
    }                                                              \
    static void name##_life(struct hull_call *call)

#define DRIVER_TEST(name)  \
    LIFE(name##_only);     \
    TEST(name)             \
    {                      \
        set_up();          \
        live(name##_only); \
        tear_down();       \
    }                      \
    static void name##_only_life(struct hull_call *call)

/* The same, of what only a plugin can do. */
#define PLUGIN_TEST(name)                \
    LIFE(name##_only);                   \
    TEST(name)                           \
    {                                    \
        if (!is_remote())                \
            SKIP("no plugin behind it"); \
        set_up();                        \
        live(name##_only);               \
        tear_down();                     \
    }                                    \
    static void name##_only_life(struct hull_call *call)

/* The plugin does this to METHOD from now on; NULL: nothing. */
static void misbehave(const char *method, const char *what)
{
    if (method == NULL)
        run_free(text_of("rm -f %s/toy.mode", root));
    else
        run_free(text_of("echo '%s %s' >%s/toy.mode", method, what, root));
}

/* --- calls ------------------------------------------------------------------------------------ */

static int create_with(struct hull_call *call, const char *name, const char *const *options)
{
    struct voldriver_create_request request = {.driver = NAME_OF_DRIVER, .name = name};
    struct hull_empty done;

    for (; options != NULL && *options != NULL; options += 2)
        hull_map_set(hull_call_arena(call), &request.options, options[0], options[1]);
    return voldriver_create(call, PORT, &request, &done);
}

/* One that has something to mount. */
static int create(struct hull_call *call, const char *name)
{
    static const char *const tmpfs[] = {"type", "tmpfs", "device", "tmpfs", "o", "size=1m", NULL};

    return create_with(call, name, is_remote() ? NULL : tmpfs);
}

static struct voldriver_ref ref(const char *name)
{
    return (struct voldriver_ref){.driver = NAME_OF_DRIVER, .name = name};
}

static int remove_it(struct hull_call *call, const char *name)
{
    const struct voldriver_ref request = ref(name);
    struct hull_empty done;

    return voldriver_remove(call, PORT, &request, &done);
}

static int get(struct hull_call *call, const char *name, struct voldriver_volume *ret)
{
    const struct voldriver_ref request = ref(name);

    return voldriver_get(call, PORT, &request, ret);
}

static int mount_it(struct hull_call *call, const char *name, const char *id, const char **ret_path)
{
    const struct voldriver_mount_request request = {
        .driver = NAME_OF_DRIVER, .name = name, .id = id};
    struct voldriver_path_reply reply;
    int rc = voldriver_mount(call, PORT, &request, &reply);

    *ret_path = reply.path;
    return rc;
}

static int unmount_it(struct hull_call *call, const char *name, const char *id)
{
    const struct voldriver_mount_request request = {
        .driver = NAME_OF_DRIVER, .name = name, .id = id};
    struct hull_empty done;

    return voldriver_unmount(call, PORT, &request, &done);
}

/* True while the files of NAME are where a container would see them. */
static bool is_mounted(const char *name)
{
    char *path = is_remote() ? text_of("%s/toy.d/%s", root, name)
                             : text_of("%s/volumes/%s/_data", root, name);
    struct statx st;
    int rc = statx(AT_FDCWD, path, 0, 0, &st);

    free(path);
    if (is_remote())
        return rc == 0;
    return rc == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static size_t count_listed(struct hull_call *call, const char *name)
{
    const struct voldriver_ref request = ref(NULL);
    struct voldriver_list_reply reply;
    size_t found = 0;

    CHECK_OK(voldriver_list(call, PORT, &request, &reply));
    for (size_t i = 0; i < reply.volumes.n; i++)
        found += strcmp(reply.volumes.v[i].name, name) == 0;
    return found;
}

static bool has_file(struct hull_call *call, const char *folder, const char *name)
{
    return access(hull_printf(call, "%s/%s", folder, name), F_OK) == 0;
}

static void put_file(struct hull_call *call, const char *folder, const char *name)
{
    int fd = creat(hull_printf(call, "%s/%s", folder, name), 0644);

    CHECK(fd >= 0);
    close(fd);
}

/* --- what each of them does ------------------------------------------------------------------- */

DRIVER_TEST(it_says_what_it_can_do)
{
    const struct voldriver_ref request = ref(NULL);
    struct voldriver_capabilities_reply reply;
    struct voldriver_drivers_reply drivers;

    CHECK_OK(voldriver_capabilities(call, PORT, &request, &reply));
    CHECK_STR(reply.scope, "local");
    CHECK_OK(voldriver_drivers(call, PORT, &(struct hull_empty){0}, &drivers));
    CHECK_INT(drivers.drivers.n, is_remote() ? 1 : 0);
}

DRIVER_TEST(a_volume_is_made_and_removed_twice_and_leaves_nothing)
{
    struct voldriver_volume volume;

    CHECK_KIND(get(call, "one", &volume), HULL_NOT_FOUND);
    CHECK_OK(create(call, "one"));
    CHECK_OK(create(call, "one"));
    CHECK_OK(get(call, "one", &volume));
    CHECK_STR(volume.name, "one");
    CHECK(volume.created_at != NULL && strlen(volume.created_at) >= strlen("2020-01-02T03:04:05Z"));
    CHECK_INT(count_listed(call, "one"), 1);
    CHECK_OK(remove_it(call, "one"));
    CHECK_OK(remove_it(call, "one"));
    CHECK_KIND(get(call, "one", &volume), HULL_NOT_FOUND);
    CHECK_INT(count_listed(call, "one"), 0);
}

DRIVER_TEST(the_longest_name_can_be_removed)
{
    struct voldriver_volume volume;
    char name[256] = "";

    if (is_remote())
        SKIP("how long names are is the plugin's business");
    memset(name, 'a', sizeof(name) - 1);
    CHECK_OK(create(call, name));
    CHECK_OK(get(call, name, &volume));
    CHECK_OK(remove_it(call, name));
    CHECK_KIND(get(call, name, &volume), HULL_NOT_FOUND);
}

DRIVER_TEST(files_stay_between_uses_and_go_with_the_volume)
{
    const char *path;

    CHECK_OK(create_with(call, "kept", NULL));
    CHECK_OK(mount_it(call, "kept", "a", &path));
    put_file(call, path, "file");
    CHECK_OK(unmount_it(call, "kept", "a"));
    CHECK_OK(mount_it(call, "kept", "b", &path));
    CHECK(has_file(call, path, "file"));
    CHECK_OK(unmount_it(call, "kept", "b"));
    CHECK_OK(remove_it(call, "kept"));
    CHECK_OK(create_with(call, "kept", NULL));
    CHECK_OK(mount_it(call, "kept", "c", &path));
    CHECK(!has_file(call, path, "file"));
    CHECK_OK(unmount_it(call, "kept", "c"));
    CHECK_OK(remove_it(call, "kept"));
}

DRIVER_TEST(the_first_use_mounts_and_the_last_unmounts)
{
    const char *one, *two;

    CHECK_OK(create(call, "shared"));
    CHECK(!is_mounted("shared"));
    CHECK_OK(mount_it(call, "shared", "a", &one));
    CHECK_OK(mount_it(call, "shared", "b", &two));
    CHECK_OK(mount_it(call, "shared", "b", &two));
    CHECK_STR(one, two);
    CHECK(one[0] == '/' && is_mounted("shared"));
    put_file(call, one, "file");
    CHECK_OK(unmount_it(call, "shared", "a"));
    CHECK(is_mounted("shared") && has_file(call, two, "file"));
    CHECK_OK(unmount_it(call, "shared", "a"));
    CHECK_OK(unmount_it(call, "shared", "never"));
    CHECK(is_mounted("shared"));
    CHECK_OK(unmount_it(call, "shared", "b"));
    CHECK(!is_mounted("shared"));
    CHECK_OK(remove_it(call, "shared"));
}

DRIVER_TEST(a_volume_that_is_none_can_not_be_mounted)
{
    const char *path;

    CHECK(mount_it(call, "ghost", "a", &path) < 0);
    CHECK_HAS(hull_error(call), "ghost");
    CHECK_OK(create(call, "ghost"));
    CHECK_OK(unmount_it(call, "ghost", "a"));
    CHECK(!is_mounted("ghost"));
    CHECK_OK(remove_it(call, "ghost"));
}

DRIVER_TEST(an_id_that_is_none_is_refused)
{
    const char *path;

    CHECK_OK(create(call, "picky"));
    CHECK_KIND(mount_it(call, "picky", "a/b", &path), HULL_INVALID);
    CHECK_KIND(mount_it(call, "picky", "", &path), HULL_INVALID);
    CHECK(!is_mounted("picky"));
    CHECK_OK(remove_it(call, "picky"));
}

DRIVER_TEST(a_mount_that_fails_leaves_nothing)
{
    static const char *const nowhere[] = {"type", "none", "device", "/nonexistent/x",
                                          "o",    "bind", NULL};
    const char *path;

    CHECK_OK(create_with(call, "bad", is_remote() ? NULL : nowhere));
    if (is_remote())
        misbehave("VolumeDriver.Mount", "fail");
    CHECK(mount_it(call, "bad", "a", &path) < 0);
    CHECK_HAS(hull_error(call),
              is_remote() ? "plugin \"toy\": VolumeDriver.Mount" : "/nonexistent/x");
    CHECK(!is_mounted("bad"));
    CHECK_OK(unmount_it(call, "bad", "a"));
    misbehave(NULL, NULL);
    CHECK_OK(remove_it(call, "bad"));
}

DRIVER_TEST(an_option_that_it_can_not_do_is_named)
{
    static const char *const wrong[][3] = {{"colour", "red", NULL}, {"size", "1g", NULL}};
    static const char *const told[] = {"fail", "colour", NULL};
    struct voldriver_volume volume;

    for (size_t i = 0; !is_remote() && i < HULL_COUNT(wrong); i++) {
        CHECK_KIND(create_with(call, "odd", wrong[i]), HULL_INVALID);
        CHECK_HAS(hull_error(call), wrong[i][0]);
    }
    if (is_remote()) {
        CHECK(create_with(call, "odd", told) < 0);
        CHECK_HAS(hull_error(call), "plugin \"toy\": VolumeDriver.Create");
        CHECK_HAS(hull_error(call), "colour");
    }
    CHECK_KIND(get(call, "odd", &volume), HULL_NOT_FOUND);
}

/* --- a daemon that was killed ----------------------------------------------------------------- */

LIFE(first_life)
{
    const char *path;

    CHECK_OK(create(call, "lasting"));
    CHECK_OK(mount_it(call, "lasting", "a", &path));
    CHECK_OK(mount_it(call, "lasting", "b", &path));
    put_file(call, path, "file");
    CHECK_OK(unmount_it(call, "lasting", "a"));
}

LIFE(second_life)
{
    const char *path;

    CHECK(is_mounted("lasting"));
    CHECK_OK(mount_it(call, "lasting", "c", &path));
    CHECK(has_file(call, path, "file"));
    CHECK_OK(unmount_it(call, "lasting", "b"));
    CHECK(is_mounted("lasting"));
    CHECK_OK(unmount_it(call, "lasting", "c"));
    CHECK(!is_mounted("lasting"));
    CHECK_OK(remove_it(call, "lasting"));
}

TEST(uses_outlive_the_daemon)
{
    set_up();
    live(first_life);
    live(second_life);
    tear_down();
}

/* A host that was started anew: what was mounted is not, though it is written down. */
LIFE(after_a_reboot)
{
    const char *path;

    CHECK_OK(mount_it(call, "lasting", "d", &path));
    CHECK(is_mounted("lasting"));
    CHECK_OK(unmount_it(call, "lasting", "b"));
    CHECK_OK(unmount_it(call, "lasting", "d"));
    CHECK(!is_mounted("lasting"));
    CHECK_OK(remove_it(call, "lasting"));
}

TEST(what_a_reboot_unmounted_is_mounted_again)
{
    if (is_remote())
        SKIP("the plugin's business");
    set_up();
    live(first_life);
    char *path = text_of("%s/volumes/lasting/_data", root);
    CHECK_INT(umount(path), 0);
    free(path);
    live(after_a_reboot);
    tear_down();
}

/* --- local: what belongs to others ------------------------------------------------------------ */

LIFE(remove_while_bound)
{
    char *device = text_of("%s/others", root);
    const char *const options[] = {"type", "none", "device", device, "o", "bind,ro", NULL};
    const char *path;

    CHECK_OK(create_with(call, "bound", options));
    CHECK_OK(mount_it(call, "bound", "a", &path));
    CHECK(has_file(call, path, "precious"));
    CHECK(creat(hull_printf(call, "%s/more", path), 0644) < 0 && errno == EROFS);
    CHECK_OK(remove_it(call, "bound"));
    CHECK(has_file(call, device, "precious"));
    /* So does what a killed daemon left, when nobody knows of it any more. */
    CHECK_OK(create_with(call, "bound", options));
    CHECK_OK(mount_it(call, "bound", "a", &path));
    const struct voldriver_settle_request settle = {.driver = "local"};
    CHECK_OK(voldriver_settle(call, PORT, &settle, &(struct hull_empty){0}));
    CHECK(!has_file(call, root, "volumes/bound"));
    CHECK(has_file(call, device, "precious"));
    free(device);
}

TEST(removing_a_volume_does_not_touch_what_is_mounted_there)
{
    if (is_remote())
        SKIP("the plugin's business");
    set_up();
    run_free(text_of("mkdir %s/others && touch %s/others/precious", root, root));
    live(remove_while_bound);
    tear_down();
}

/* --- remote: a plugin is somebody else's program ---------------------------------------------- */

static int ask(struct hull_call *call, const char *method)
{
    struct voldriver_volume volume;
    struct voldriver_list_reply list;
    struct voldriver_path_reply where;
    struct voldriver_capabilities_reply capabilities;
    const struct voldriver_ref request = ref("there");
    const char *path;

    if (strcmp(method, "VolumeDriver.Mount") == 0)
        return mount_it(call, "there", "a", &path);
    if (strcmp(method, "VolumeDriver.Get") == 0)
        return get(call, "there", &volume);
    if (strcmp(method, "VolumeDriver.List") == 0)
        return voldriver_list(call, PORT, &request, &list);
    if (strcmp(method, "VolumeDriver.Path") == 0)
        return voldriver_path(call, PORT, &request, &where);
    return voldriver_capabilities(call, PORT, &request, &capabilities);
}

PLUGIN_TEST(a_plugin_that_lies_fails_its_own_call)
{
    static const struct {
        const char *method, *answer, *error;
    } lies[] = {
        {"VolumeDriver.Mount", "{\"Mountpoint\":\"\"}", "no absolute path"},
        {"VolumeDriver.Mount", "{\"Mountpoint\":\"etc\"}", "no absolute path"},
        {"VolumeDriver.Mount", "{\"Mountpoint\":\"/a/../etc\"}", "no absolute path"},
        {"VolumeDriver.Mount", "lie", "Mountpoint"},
        {"VolumeDriver.Mount", "junk", "answer"},
        {"VolumeDriver.Path", "{\"Mountpoint\":\"x\"}", "no absolute path"},
        {"VolumeDriver.Get", "{\"Volume\":{\"Name\":\"other\"}}", "other"},
        {"VolumeDriver.Get", "{\"Volume\":{\"Name\":\"there\",\"Status\":7}}", "status"},
        {"VolumeDriver.Get", "lie", "Volume"},
        {"VolumeDriver.List", "{\"Volumes\":[{\"Name\":\"x\",\"Mountpoint\":\"x\"}]}",
         "no absolute path"},
        {"VolumeDriver.Capabilities", "{\"Capabilities\":{\"Scope\":\"cosmic\"}}", "cosmic"},
    };

    CHECK_OK(create(call, "there"));
    for (size_t i = 0; i < HULL_COUNT(lies); i++) {
        misbehave(lies[i].method, lies[i].answer);
        CHECK(ask(call, lies[i].method) < 0);
        CHECK_HAS(hull_error(call), "plugin \"toy\"");
        CHECK_HAS(hull_error(call), lies[i].error);
        hull_error_clear(call);
        misbehave(NULL, NULL);
        CHECK_OK(ask(call, "VolumeDriver.Get"));
    }
    misbehave("VolumeDriver.List",
              "{\"Volumes\":[{\"Name\":\"../x\"},{\"Name\":\"\"},{\"Name\":\"ok\"}]}");
    CHECK_INT(count_listed(call, "ok"), 1);
    CHECK_INT(count_listed(call, "../x"), 0);
}

PLUGIN_TEST(a_plugin_that_hangs_is_not_waited_for_and_not_asked_for_all_again)
{
    struct voldriver_drivers_reply drivers;

    CHECK_OK(create(call, "there"));
    misbehave("VolumeDriver.Mount", "hang");
    int64_t began = hull_now_ms();
    CHECK_KIND(ask(call, "VolumeDriver.Mount"), HULL_IO);
    CHECK_HAS(hull_error(call), "plugin \"toy\": VolumeDriver.Mount: no answer within");
    CHECK(hull_now_ms() - began < 5000);
    misbehave("VolumeDriver.List", "hang");
    CHECK_KIND(ask(call, "VolumeDriver.List"), HULL_IO);
    began = hull_now_ms();
    CHECK_KIND(ask(call, "VolumeDriver.List"), HULL_IO);
    CHECK_HAS(hull_error(call), "did not answer");
    CHECK(hull_now_ms() - began < 300);
    CHECK_OK(voldriver_drivers(call, PORT, &(struct hull_empty){0}, &drivers));
    CHECK_INT(drivers.drivers.n, 0);
    /* One that answers is asked again. */
    misbehave(NULL, NULL);
    CHECK_OK(ask(call, "VolumeDriver.Get"));
    CHECK_OK(ask(call, "VolumeDriver.List"));
}

PLUGIN_TEST(a_plugin_that_dies_is_found_again)
{
    const char *source = getenv("srcdir");
    const char *path;

    CHECK_OK(create(call, "there"));
    CHECK_OK(mount_it(call, "there", "a", &path));
    misbehave("VolumeDriver.Get", "die");
    CHECK_KIND(ask(call, "VolumeDriver.Get"), HULL_IO);
    CHECK_HAS(hull_error(call), "plugin \"toy\"");
    misbehave(NULL, NULL);
    CHECK_KIND(ask(call, "VolumeDriver.Get"), HULL_IO);
    run_free(text_of("%s/tests/plugin/volplugin.py %s", source == NULL ? "." : source, root));
    CHECK_OK(unmount_it(call, "there", "a"));
    CHECK(!is_mounted("there"));
    CHECK_OK(remove_it(call, "there"));
}

TAP_MAIN
