/*
 * version, info, events, prune, dial-stdio.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
#include "plugins/common/json.h"
#include "plugins/common/platform.h"
#include "plugins/common/template.h"
#include "plugins/common/timefmt.h"
#include "plugins/common/units.h"

/* --- version --------------------------------------------------------------------------------- */

#define VERSION_CLIENT_FIELDS(F, T)                                  \
    F(T, STRING, _, version, "Version", 0, "")                       \
    F(T, STRING, _, api_version, "ApiVersion", 0, "")                \
    F(T, STRING, _, default_api_version, "DefaultAPIVersion", 0, "") \
    F(T, STRING, _, api_version2, "APIVersion", 0, "")               \
    F(T, STRING, _, compiler, "Compiler", 0, "")                     \
    F(T, STRING, _, git_commit, "GitCommit", 0, "")                  \
    F(T, STRING, _, go_version, "GoVersion", 0, "")                  \
    F(T, STRING, _, build_time, "BuildTime", 0, "")                  \
    F(T, STRING, _, os, "Os", 0, "")                                 \
    F(T, STRING, _, arch, "Arch", 0, "")                             \
    F(T, STRING, _, context, "Context", 0, "")
HULL_MESSAGE_DECLARE(version_client, VERSION_CLIENT_FIELDS)
HULL_MESSAGE_DEFINE(version_client, VERSION_CLIENT_FIELDS)
#define VERSION_BOTH_FIELDS(F, T)                          \
    F(T, MESSAGE, version_client, client, "Client", 0, "") \
    F(T, POINTER, version_info, server, "Server", 0, "")
HULL_MESSAGE_DECLARE(version_both, VERSION_BOTH_FIELDS)
HULL_MESSAGE_DEFINE(version_both, VERSION_BOTH_FIELDS)

#define VERSION_TEMPLATE                                                           \
    "Client:\n"                                                                    \
    " Version:           {{.Client.Version}}\n"                                    \
    " API version:       {{.Client.APIVersion}}"                                   \
    "{{if ne .Client.APIVersion .Client.DefaultAPIVersion}} (downgraded from "     \
    "{{.Client.DefaultAPIVersion}}){{end}}\n"                                      \
    " Compiler:          {{.Client.Compiler}}\n"                                   \
    " OS/Arch:           {{.Client.Os}}/{{.Client.Arch}}\n"                        \
    " Context:           {{.Client.Context}}"                                      \
    "{{with .Server}}\n\nServer:{{if .Platform.Name}} {{.Platform.Name}}{{end}}\n" \
    " Engine:\n"                                                                   \
    "  Version:          {{.Version}}\n"                                           \
    "  API version:      {{.ApiVersion}} (minimum version {{.MinAPIVersion}})\n"   \
    "  Go version:       {{.GoVersion}}\n"                                         \
    "  Git commit:       {{.GitCommit}}\n"                                         \
    "  Built:            {{.BuildTime}}\n"                                         \
    "  OS/Arch:          {{.Os}}/{{.Arch}}"                                        \
    "{{range .Components}}{{if ne .Name \"Engine\"}}\n {{.Name}}:\n"               \
    "  Version:          {{.Version}}{{end}}{{end}}{{end}}"

static unsigned minor_of(const char *version)
{
    return version != NULL && strncmp(version, "1.", 2) == 0
               ? (unsigned)strtoul(version + 2, NULL, 10)
               : 0;
}

static struct version_client client_info(const char *api)
{
    return (struct version_client){.version = PACKAGE_VERSION,
                                   .api_version = api,
                                   .api_version2 = api,
                                   .default_api_version = HULL_API_VERSION_MAX,
                                   .compiler = "gcc " __VERSION__,
                                   .os = "linux",
                                   .arch = platform_host_architecture(),
                                   .context = "default"};
}

static const struct output_type version_type = {
    "version", "system.versionInfo",
    (const struct template_type[]){
        {"Client", "system.clientVersion"}, {"Server", "*types.Version"}, {}},
    false};

int cmd_version(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct version_info server;
    int rc = system_version(cli->call, NULL, &(struct hull_empty){}, &server);
    const char *api = HULL_API_VERSION_MAX;
    if (rc == 0 && minor_of(server.api_version) < minor_of(api))
        api = server.api_version;
    int64_t built;
    if (rc == 0 && server.build_time != NULL && time_parse(server.build_time, &built))
        server.build_time = row_time(cli, built / TIME_SECOND, "%a %b %e %H:%M:%S %Y");
    struct version_both both = {.client = client_info(api), .server = rc == 0 ? &server : NULL};
    struct json_value *value = output_value(cli, &version_both_message, &both);
    int status =
        output_struct(cli, o->format != NULL ? o->format : VERSION_TEMPLATE, value, &version_type);
    return rc < 0 ? cli_failed(cli, rc) : status;
}

/* --- info ------------------------------------------------------------------------------------ */

#define INFO_CLIENT                                                                  \
    "Client:\n Version:    " PACKAGE_VERSION "\n Context:    default\n Debug Mode: " \
    "false\n\nServer:\n"
#define INFO_SERVER                                                                              \
    " Containers: {{.Containers}}\n  Running: {{.ContainersRunning}}\n  Paused: "                \
    "{{.ContainersPaused}}\n  Stopped: {{.ContainersStopped}}\n Images: {{.Images}}\n"           \
    " Server Version: {{.ServerVersion}}\n Storage Driver: {{.Driver}}\n"                        \
    "{{range .DriverStatus}}  {{index . 0}}: {{index . 1}}\n{{end}}"                             \
    " Logging Driver: {{.LoggingDriver}}\n Cgroup Driver: {{.CgroupDriver}}\n"                   \
    " Cgroup Version: {{.CgroupVersion}}\n Plugins:\n  Volume: {{join .Plugins.Volume \" \"}}\n" \
    "  Network: {{join .Plugins.Network \" \"}}\n  Log: {{join .Plugins.Log \" \"}}\n"           \
    "{{if .CDISpecDirs}} CDI spec directories:\n{{range .CDISpecDirs}}  {{.}}\n{{end}}{{end}}"   \
    " Swarm: {{with .Swarm}}{{.LocalNodeState}}{{else}}inactive{{end}}\n"                        \
    " Runtimes:{{range $name, $r := .Runtimes}} {{$name}}{{end}}\n"                              \
    " Default Runtime: {{.DefaultRuntime}}\n Init Binary: {{.InitBinary}}\n"                     \
    "{{if .SecurityOptions}} Security Options:\n{{range .SecurityOptions}}"                      \
    "{{range $i, $kv := split . \",\"}}{{$p := split $kv \"=\"}}{{if eq (index $p 0) \"name\"}}" \
    "  {{index $p 1}}\n{{else}}   {{title (index $p 0)}}: {{index $p 1}}\n{{end}}{{end}}{{end}}" \
    "{{end}}"                                                                                    \
    " Kernel Version: {{.KernelVersion}}\n Operating System: {{.OperatingSystem}}\n"             \
    " OSType: {{.OSType}}\n Architecture: {{.Architecture}}\n CPUs: {{.NCPU}}\n"
#define INFO_HOST                                                                      \
    " Name: {{.Name}}\n ID: {{.ID}}\n Docker Root Dir: {{.DockerRootDir}}\n"           \
    " Debug Mode: {{.Debug}}\n"                                                        \
    "{{if .Debug}}  File Descriptors: {{.NFd}}\n  Goroutines: {{.NGoroutines}}\n"      \
    "  System Time: {{.SystemTime}}\n  EventsListeners: {{.NEventsListener}}\n{{end}}" \
    "{{if .Labels}} Labels:\n{{range .Labels}}  {{.}}\n{{end}}{{end}}"                 \
    " Experimental: {{.ExperimentalBuild}}\n"                                          \
    "{{with .RegistryConfig}}{{if .InsecureRegistryCIDRs}} Insecure Registries:\n"     \
    "{{range .InsecureRegistryCIDRs}}  {{.}}\n{{end}}{{end}}{{end}}"                   \
    " Live Restore Enabled: {{.LiveRestoreEnabled}}\n"

#define INFO_BOTH_FIELDS(F, T)                \
    F(T, EMBED, system_info, info, "", 0, "") \
    F(T, MESSAGE, version_client, client, "ClientInfo", 0, "")
HULL_MESSAGE_DECLARE(info_both, INFO_BOTH_FIELDS)
HULL_MESSAGE_DEFINE(info_both, INFO_BOTH_FIELDS)

static const struct output_type info_type = {
    NULL, "system.dockerInfo",
    (const struct template_type[]){{"Plugins", "system.PluginsInfo"},
                                   {"Swarm", "swarm.Info"},
                                   {"RegistryConfig", "*registry.ServiceConfig"},
                                   {"ClientInfo", "*system.clientInfo"},
                                   {}},
    false};

int cmd_system_info(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct info_both both;
    struct system_info info;
    int rc = system_info(cli->call, NULL, &(struct hull_empty){}, &info);
    if (rc < 0) {
        if (o->format == NULL)
            printf(INFO_CLIENT);
        return cli_complain(cli, "%s\nerrors pretty printing info", cli_error_text(cli, rc));
    }
    both = (struct info_both){.info = info, .client = client_info(HULL_API_VERSION_MAX)};
    struct json_value *value = output_value(cli, &info_both_message, &both);
    if (o->format != NULL)
        return output_struct(cli, o->format, value, &info_type);
    char *format =
        hull_arena_printf(cli->arena, "%s%s Total Memory: %s\n%s", INFO_CLIENT, INFO_SERVER,
                          units_binary(cli->arena, (double)info.mem_total), INFO_HOST);
    int status = output_template(cli, format, value);
    for (size_t i = 0; i < info.warnings.n; i++)
        fprintf(stderr, "%s\n", info.warnings.v[i]);
    return status;
}

/* --- events ---------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct hull_pair *)a)->key, ((const struct hull_pair *)b)->key);
}

static void print_event(struct cli *cli, const struct event_message *event)
{
    char when[48], zone[8];
    struct tm tm;
    time_t seconds = (time_t)(event->time_nano / TIME_SECOND);
    const struct hull_map *map = &event->actor.attributes;
    struct hull_text out = HULL_TEXT(cli->arena);
    localtime_r(&seconds, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof(zone), "%z", &tm);
    hull_text_printf(&out, "%s.%09" PRId64, when, event->time_nano % TIME_SECOND);
    if (tm.tm_gmtoff == 0)
        hull_text_puts(&out, "Z");
    else
        hull_text_printf(&out, "%.3s:%s", zone, zone + 3);
    hull_text_printf(&out, " %s %s %s", event->type, event->action,
                     event->actor.id == NULL ? "" : event->actor.id);
    if (map->n > 0)
        qsort(map->v, map->n, sizeof(*map->v), by_key);
    for (size_t i = 0; i < map->n; i++)
        hull_text_printf(&out, "%s%s=%s", i == 0 ? " (" : ", ", map->v[i].key, map->v[i].value);
    hull_text_puts(&out, map->n > 0 ? ")\n" : "\n");
    output_text(out.data, out.length);
}

static const struct output_type event_type = {
    NULL, "*events.Message", (const struct template_type[]){{"Actor", "events.Actor"}, {}}, false};

/* What an event never has is said at once, not when one comes. */
static int check_format(struct cli *cli, const char *format)
{
    struct event_message empty = {};
    const char *problem =
        output_problem(cli, format, output_value(cli, &event_message_message, &empty), &event_type);
    if (problem == NULL)
        return 0;
    cli_complain(cli, "Error parsing format: %s", problem);
    return 64;
}

static int event_reply(struct hull_call *call, void *ctx, const void *reply)
{
    struct cli cli = *(struct cli *)ctx;
    const struct format_options *o = cli.options;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    cli.arena = arena;
    int status = 0;
    if (o->format != NULL && o->format[0] != '\0')
        status = output_struct(&cli, o->format, output_value(&cli, &event_message_message, reply),
                               &event_type);
    else
        print_event(&cli, reply);
    if (fflush(stdout) != 0 || status != 0)
        return hull_fail(call, HULL_CANCELED, "nobody reads");
    return 0;
}

int cmd_system_events(struct cli *cli)
{
    struct format_options *o = cli->options;
    struct hull_sink sink = {.reply = event_reply, .ctx = cli};
    if (!moment(cli, &o->events.since) || !moment(cli, &o->events.until))
        return cli_complain(cli, "%s", cli->problem);
    int rc = o->format == NULL ? 0 : check_format(cli, o->format);
    if (rc != 0)
        return rc;
    rc = hull_send_many(cli->call, NULL, &events_watch_method, &o->events, NULL, &sink);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

/* --- prune ----------------------------------------------------------------------------------- */

static void print_section(const char *title, const struct hull_strv *names)
{
    if (names->n == 0)
        return;
    printf("%s\n", title);
    for (size_t i = 0; i < names->n; i++)
        printf("%s\n", names->v[i]);
    printf("\n");
}

static int prune_images(struct cli *cli, const struct prune_options *o, int64_t *space)
{
    struct prune_request request = {};
    struct image_prune_reply images;
    for (size_t i = 0; i < o->request.filters.n; i++)
        *HULL_MSGMAP_ADD(cli->arena, &request.filters, o->request.filters.keys[i]) =
            o->request.filters.v[i];
    prune_dangling(cli, &request, !o->all);
    int rc = image_prune(cli->call, NULL, &request, &images);
    struct hull_strv lines = {};
    for (size_t i = 0; rc == 0 && i < images.images_deleted.n; i++) {
        const struct image_deleted *d = &images.images_deleted.v[i];
        bool deleted = !hull_streq(d->deleted, "");
        hull_strv_add(cli->arena, &lines,
                      hull_arena_printf(cli->arena, "%s: %s", deleted ? "deleted" : "untagged",
                                        deleted ? d->deleted : d->untagged));
    }
    print_section("Deleted Images:", &lines);
    if (rc == 0)
        *space += images.space_reclaimed;
    return rc;
}

/* The filters, one a line, as system prune names them. */
static const char *filter_lines(struct cli *cli, const struct prune_request *request)
{
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text,
                   request->filters.n > 0 ? "\n  Items to be pruned will be filtered with:\n" : "");
    for (size_t i = 0; i < request->filters.n; i++)
        for (size_t j = 0; j < request->filters.v[i].n; j++)
            hull_text_printf(&text, "  - %s=%s\n", request->filters.keys[i],
                             request->filters.v[i].v[j]);
    return text.data;
}

int cmd_system_prune(struct cli *cli)
{
    const struct prune_options *o = cli->options;
    struct container_prune_reply containers;
    struct network_prune_reply networks;
    struct volume_prune_reply volumes;
    const char *warning = hull_arena_printf(
        cli->arena,
        "WARNING! This will remove:\n  - all stopped containers\n"
        "  - all networks not used by at least one container\n%s  - %s\n%s\n"
        "Are you sure you want to continue?",
        o->volumes ? "  - all anonymous volumes not used by at least one container\n" : "",
        o->all ? "all images without at least one container associated to them"
               : "all dangling images",
        filter_lines(cli, &o->request));
    if (o->volumes && HULL_MSGMAP_FIND(&o->request.filters, "until") != NULL)
        return cli_complain(cli, "ERROR: The \"until\" filter is not supported with \"--volumes\"");
    if (!o->force && !cli_confirm(cli, warning))
        return 0;
    int64_t space = 0;
    int rc = container_prune(cli->call, NULL, &o->request, &containers);
    if (rc < 0)
        return cli_failed(cli, rc);
    print_section("Deleted Containers:", &containers.containers_deleted);
    space += containers.space_reclaimed;
    rc = network_prune(cli->call, NULL, &o->request, &networks);
    if (rc < 0)
        return cli_failed(cli, rc);
    print_section("Deleted Networks:", &networks.networks_deleted);
    if (o->volumes) {
        rc = volume_prune(cli->call, NULL, &o->request, &volumes);
        if (rc < 0)
            return cli_failed(cli, rc);
        print_section("Deleted Volumes:", &volumes.volumes_deleted);
        space += volumes.space_reclaimed;
    }
    rc = prune_images(cli, o, &space);
    if (rc < 0)
        return cli_failed(cli, rc);
    print_reclaimed(space);
    return 0;
}

/* --- dial-stdio ------------------------------------------------------------------------------ */

static int dial_input(struct hull_call *call, void *arg)
{
    struct hull_stream *stream = arg;
    char data[16384];
    for (;;) {
        ssize_t n = io_read(call, STDIN_FILENO, data, sizeof(data));
        int rc = n < 0    ? (int)n
                 : n == 0 ? hull_stream_shutdown(call, stream)
                          : hull_stream_write(call, stream, data, (size_t)n);
        if (rc < 0 || n == 0)
            return rc;
    }
}

/* Standard input and output are the daemon's socket: the far end of ssh:// addresses. */
int cmd_system_dial_stdio(struct cli *cli)
{
    static const char scheme[] = "unix://";
    const char *host = cli->request->host;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path =
        host != NULL && strncmp(host, scheme, strlen(scheme)) == 0 ? host + strlen(scheme) : NULL;
    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return cli_complain(cli, "hull: system dial-stdio needs a unix:// address, not %s", host);
    memcpy(address.sun_path, path, strlen(path) + 1);
    HULL_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return cli_complain(
            cli, "Cannot connect to the hull daemon at %s. Is the hull daemon running?", host);
    struct hull_stream *stream = hull_stream_from_fd(HULL_TAKE_FD(fd));
    hull_defer(cli->call, hull_stream_close_cleanup, stream);
    hull_task_start(cli->call, "input", dial_input, stream);
    int rc = io_copy_out(cli->call, stream, STDOUT_FILENO);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}
