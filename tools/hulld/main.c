/*
 * main.c: hulld, the daemon. It reads its configuration, starts the core, lets the plugin http
 * listen, and waits for a signal. All else happens in plugins when a message asks for it.
 */
#include "tools/hulld/hulld.h"
#include "tools/sanitized.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failpoint.h"
#include "http.h"
#include "log.h"

#define STOP_SECONDS 15
/* So long after the last request the memory it needed is given back. */
#define TRIM_MS 3000
/* Those of some hundred containers. */
#define DESCRIPTORS_SOON 4000

/* Tell the service manager, when there is one (sd_notify(3)'s protocol). */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    HULL_AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (fd >= 0)
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, length);
}

/* Find the containers that a daemon before us left running. Not on the way of the first client. */
static int restore(struct hull_call *call, void *arg)
{
    (void)arg;
    int rc = hull_plugin_load(call, "events"); /* keeps the history from here on */
    return rc < 0 ? rc : hull_plugin_load(call, "container");
}

/*
 * Each container takes a few descriptors of the daemon: use what the service manager allows.
 * Containers get limits of their own.
 */
static void raise_descriptors(void)
{
    struct rlimit limit;
    int high;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
    }
    /* With threads the kernel waits for all of them each time that the table grows: once, now. */
    high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, DESCRIPTORS_SOON);
    if (high >= 0)
        close(high);
}

static void configure(struct hulld *hulld)
{
    const struct daemon_config *config = &hulld->config;

    hull_log_set_level(hulld_log_level(config));
    hull_config_set(&daemon_config_message, config);
    hull_plugin_alias("state", "state/sqlite");
    for (size_t i = 0; i < config->plugin_opts.n; i++) {
        const struct hull_map *options = &config->plugin_opts.v[i].options;
        for (size_t j = 0; j < options->n; j++)
            hull_plugin_option_set(config->plugin_opts.keys[i], options->v[j].key,
                                   options->v[j].value);
    }
}

/* The driver that containers get is known, and its options are right, before there is one. */
static int check_log_driver(struct hull_call *call, const struct daemon_config *config)
{
    const char *driver = config->log_driver != NULL ? config->log_driver : "json-file";
    const char *port = hull_printf(call, "log/%s", driver);
    const struct log_check_request request = {.options = config->log_opts};
    struct hull_empty empty;

    if ((config->log_driver == NULL && config->log_opts.n == 0) || strcmp(driver, "none") == 0)
        return 0;
    if (strchr(driver, '/') != NULL || !hull_plugin_exists(port))
        return hull_fail(call, HULL_INVALID, "log-driver: no log driver named '%s' is registered",
                         driver);
    int rc = log_check(call, port, &request, &empty);
    return rc < 0 ? hull_wrap(call, rc, "log-opts") : 0;
}

/* Requests that run get half of the time to end by themselves, the plugins the rest. */
static int stop(struct hull_call *call, const struct hulld *hulld)
{
    int64_t seconds = hulld->config.shutdown_timeout;
    int64_t ms = (seconds > 0 ? seconds : STOP_SECONDS) * 500;
    struct http_stop_request request = {.timeout_ms = ms};
    struct hull_empty empty;

    if (http_stop(call, NULL, &request, &empty) < 0)
        hull_error_clear(call);
    return hull_core_stop(call, ms);
}

static int trim(struct hull_call *call, void *arg)
{
    (void)arg;
    return hull_trim_when_idle(call, TRIM_MS);
}

/* The signal that ends the daemon. */
static int wait_end(struct hull_call *call, void *arg)
{
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, 0};
    int number;

    while ((number = hull_wait_signal(call, signals)) == SIGHUP)
        hulld_reload(arg);
    return number;
}

static int serve(struct hull_call *call, void *arg)
{
    struct hulld *hulld = arg;
    struct http_listen_request listen = {.hosts = hulld->config.hosts};
    struct hull_empty empty;

    configure(hulld);
    hull_spawn("trim", trim, NULL);
    /* Signals first: whoever hears that we are ready may send one at once. */
    struct hull_task *end = hull_task_start(call, "signals", wait_end, hulld);
    int rc = hull_yield(call);
    if (rc == 0)
        rc = check_log_driver(call, &hulld->config);
    if (rc == 0)
        rc = http_listen(call, NULL, &listen, &empty);
    if (rc < 0)
        return rc;
    hull_log(call, HULL_LOG_INFO, "hulld is ready", "version", PACKAGE_VERSION, "data",
             hulld->config.data_root, "host", hulld->config.hosts.v[0], NULL);
    notify("READY=1");
    hull_spawn("restore", restore, NULL);
    rc = hull_task_join(call, end);
    notify("STOPPING=1");
    hull_log(call, HULL_LOG_INFO, "hulld ends", "signal", rc > 0 ? sigabbrev_np(rc) : NULL, NULL);
    return stop(call, hulld);
}

static int run(struct hull_call *call, void *arg)
{
    int rc = serve(call, arg);

    if (rc < 0)
        fprintf(stderr, "hulld: %s\n", hull_error(call));
    return rc;
}

static int prepare(struct hulld *hulld, int argc, char **argv, struct hull_problem *problem)
{
    struct daemon_config file;

    int rc = hulld_flags(hulld, argc, argv, problem);
    if (rc < 0 || hulld->help || hulld->version)
        return rc;
    rc = hulld_config_read(hulld, &file, NULL, problem);
    if (rc == 0)
        rc = hulld_config_merge(hulld, &file, problem);
    if (rc == 0)
        rc = hulld_config_finish(hulld, problem);
    if (rc < 0 || hulld->validate)
        return rc;
    if (geteuid() != 0)
        return hull_problem_set(problem, HULL_FORBIDDEN,
                                "hulld needs to be started with root privileges");
    return hulld_root_prepare(hulld, problem);
}

int main(int argc, char **argv)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hulld hulld = {.arena = arena, .pid_fd = -1};
    struct hull_problem problem = {0};
    const char *plugins = getenv("HULL_PLUGIN_PATH");
    const struct hull_core_options options = {.plugin_path = plugins ? plugins : PLUGINDIR};

    /* One thread does almost all: more arenas only cost memory; and big buffers go back at once. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    raise_descriptors();
    if (!failpoint_valid()) {
        fprintf(stderr, "hulld: HULL_FAILPOINT is not NAME or NAME:NUMBER with a name that "
                        "\"hull debug failpoints\" lists\n");
        return 1;
    }
    if (prepare(&hulld, argc, argv, &problem) < 0) {
        fprintf(stderr, "hulld: %s\n", problem.text);
        return 1;
    }
    if (hulld.help)
        hulld_usage(stdout);
    else if (hulld.version)
        printf("hulld version %s\n", PACKAGE_VERSION);
    else if (hulld.validate)
        printf("configuration OK\n");
    if (hulld.help || hulld.version || hulld.validate)
        return 0;
    int rc = hull_core_run(&options, run, &hulld);
    hulld_root_leave(&hulld);
    return rc < 0 ? 1 : 0;
}
