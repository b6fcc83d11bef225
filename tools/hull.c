/*
 * hull: the command line. It reads the options that come before the command, gives the plugin
 * remote the address of the daemon, lets the engine's services go there, and hands the rest to the
 * plugin cli.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hull/daemon.h>
#include <hull/log.h>
#include <hull/plugin.h>

#include "api/cli.h"
#include "tools/sanitized.h"

/* Linked in. */
extern const struct hull_plugin hull_plugin_cli, hull_plugin_remote;

#define DEFAULT_SOCKET "unix://" RUNSTATEDIR "/hull.sock"

struct options {
    struct cli_run_request request;
    const char *level, *ca, *cert, *key;
    bool debug, tls, verify, version, help;
    int status;
};

static const char *env(const char *name, const char *other)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0')
        value = other == NULL ? NULL : getenv(other);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static int complain(const char *text, const char *what)
{
    fprintf(stderr,
            "%s%s\n\nUsage:  hull [OPTIONS] COMMAND [ARG...]\n\nRun 'hull --help' for more "
            "information\n",
            text, what);
    return 125;
}

/* --- the options before the command ---------------------------------------------------------- */

enum kind { SWITCH, TEXT, CONTEXT };
static const struct row {
    const char *name;
    char letter;
    enum kind kind;
    size_t offset;
} rows[] = {
#define AT(member) offsetof(struct options, member)
    {"config", 0, TEXT, AT(request.config_dir)},
    {"context", 'c', CONTEXT, 0},
    {"debug", 'D', SWITCH, AT(debug)},
    {"help", 'h', SWITCH, AT(help)},
    {"host", 'H', TEXT, AT(request.host)},
    {"log-level", 'l', TEXT, AT(level)},
    {"tls", 0, SWITCH, AT(tls)},
    {"tlscacert", 0, TEXT, AT(ca)},
    {"tlscert", 0, TEXT, AT(cert)},
    {"tlskey", 0, TEXT, AT(key)},
    {"tlsverify", 0, SWITCH, AT(verify)},
    {"version", 'v', SWITCH, AT(version)},
#undef AT
};

static const struct row *find(const char *text, size_t *ret_used)
{
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        size_t length = strlen(rows[i].name);
        bool named = strncmp(text, "--", 2) == 0 && strncmp(text + 2, rows[i].name, length) == 0 &&
                     (text[2 + length] == '\0' || text[2 + length] == '=');
        bool lettered = text[0] == '-' && text[1] != '-' && text[1] == rows[i].letter;
        if (named || lettered) {
            *ret_used = named ? 2 + length : 2;
            return &rows[i];
        }
    }
    return NULL;
}

/* One option at ARGV[*AT]; 0 or an exit status. */
static int parse_one(struct options *options, int argc, char **argv, int *at)
{
    size_t used;
    const char *text = argv[*at];
    const struct row *row = find(text, &used);
    if (row == NULL)
        return text[1] == '-' ? complain("unknown flag: ", text)
                              : complain("unknown shorthand flag: ", text);
    const char *value = text + used;
    if (row->kind == SWITCH) {
        bool off = strcmp(value, "=false") == 0 || strcmp(value, "=0") == 0;
        if (value[0] != '\0' && value[0] != '=')
            return complain("unknown shorthand flag: ", text);
        *(bool *)(void *)((char *)options + row->offset) = !off;
        return 0;
    }
    if (value[0] == '=')
        value++;
    else if (value[0] == '\0' && *at + 1 < argc)
        value = argv[++*at];
    else if (value[0] == '\0')
        return complain("flag needs an argument: ", text);
    if (row->kind == CONTEXT)
        return strcmp(value, "default") == 0
                   ? 0
                   : complain(
                         "hull: contexts are not supported yet; use --host instead of --context ",
                         value);
    *(const char **)(void *)((char *)options + row->offset) = value;
    return 0;
}

static int parse(struct options *options, int argc, char **argv)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        int status = parse_one(options, argc, argv, &at);
        if (status != 0)
            return status;
    }
    options->request.args.n = (size_t)(argc - at);
    options->request.args.v = (const char **)argv + at;
    return 0;
}

/* --- the daemon ------------------------------------------------------------------------------ */

static void set(const char *key, const char *value)
{
    if (value != NULL)
        hull_plugin_option_set("remote", key, value);
}

/* Where docker looks for certificates when nothing else is said. */
static void set_tls(struct hull_call *call, struct options *options)
{
    const char *folder = env("DOCKER_CERT_PATH", NULL);
    options->verify = options->verify || env("DOCKER_TLS_VERIFY", NULL) != NULL;
    options->tls = options->tls || options->verify || env("DOCKER_TLS", NULL) != NULL;
    if (!options->tls)
        return;
    if (folder == NULL)
        folder = options->request.config_dir;
    if (folder != NULL && options->ca == NULL && options->verify)
        options->ca = hull_printf(call, "%s/%s", folder, "ca.pem");
    if (folder != NULL && options->cert == NULL)
        options->cert = hull_printf(call, "%s/%s", folder, "cert.pem");
    if (folder != NULL && options->key == NULL)
        options->key = hull_printf(call, "%s/%s", folder, "key.pem");
    set("tls", "true");
    set("tls-verify", options->verify ? "true" : "false");
    set("tls-ca", options->ca);
    set("tls-cert", options->cert);
    set("tls-key", options->key);
}

static int run(struct hull_call *call, void *arg)
{
    static const char *const services[] = {"container", "exec",   "image", "network",
                                           "volume",    "system", "events"};
    struct options *options = arg;
    struct cli_run_reply reply;
    hull_plugin_register(&hull_plugin_cli);
    hull_plugin_register(&hull_plugin_remote);
    for (size_t i = 0; i < HULL_COUNT(services); i++)
        hull_plugin_alias(services[i], "remote");
    set("host", options->request.host);
    if (options->request.config_dir == NULL && getenv("HOME") != NULL)
        options->request.config_dir = hull_printf(call, "%s/.docker", getenv("HOME"));
    set("api-version", env("HULL_API_VERSION", "DOCKER_API_VERSION"));
    set_tls(call, options);
    int rc = cli_run(call, NULL, &options->request, &reply);
    if (rc < 0)
        fprintf(stderr, "hull: %s\n", hull_error(call));
    options->status = rc < 0 ? 1 : (int)reply.status;
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {};
    struct hull_core_options core = {.stall_ms = INT64_MAX};
    enum hull_level level = HULL_LOG_ERROR;
    int status = parse(&options, argc, argv);
    if (status != 0)
        return status;
    if (options.version) {
        printf("Hull version " PACKAGE_VERSION "\n");
        return 0;
    }
    if (options.help)
        options.request.args.n = 0;
    if (options.request.host == NULL)
        options.request.host = env("HULL_HOST", "DOCKER_HOST");
    if (options.request.host == NULL)
        options.request.host = DEFAULT_SOCKET;
    if (options.request.config_dir == NULL)
        options.request.config_dir = env("HULL_CONFIG", "DOCKER_CONFIG");
    if (options.level != NULL && !hull_log_level_parse(options.level, &level))
        return complain("unable to parse logging level: ", options.level);
    hull_log_set_level(options.debug ? HULL_LOG_DEBUG : level);
    core.plugin_path = env("HULL_PLUGIN_PATH", NULL);
    if (core.plugin_path == NULL)
        core.plugin_path = PLUGINDIR;
    hull_core_run(&core, run, &options);
    return options.status;
}
