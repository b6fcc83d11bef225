/*
 * files.c: the files that the engine puts into every container.
 */
#include "files.h"

#include "api/config.h"
#include "ct.h"
#include "links.h"
#include "network.h"
#include "plain.h"
#include "resolv.h"
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char hosts_head[] = "127.0.0.1\tlocalhost\n"
                                 "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                 "fe00::\tip6-localnet\n"
                                 "ff00::\tip6-mcastprefix\n"
                                 "ff02::1\tip6-allnodes\n"
                                 "ff02::2\tip6-allrouters\n";

/* TEXT is what FD holds. */
static bool is_same(int fd, const struct stat *st, const struct hull_text *text)
{
    HULL_AUTO_FREE char *there = NULL;

    if (st->st_size != (off_t)text->length)
        return false;
    there = malloc(text->length + 1);
    HULL_ASSERT(there);
    return pread(fd, there, text->length, 0) == (ssize_t)text->length &&
           memcmp(there, text->data, text->length) == 0;
}

/* In place, for the container has the file itself mounted; and without freeing its blocks first,
 * which a disk that is told of free ones takes milliseconds for. */
static int write_over(int fd, const struct hull_text *text)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || ((st.st_mode & 07777) != 0644 && fchmod(fd, 0644) < 0))
        return -errno;
    if (is_same(fd, &st, text))
        return 0;
    int rc = root_write_full(fd, text->data, text->length);
    return rc == 0 && ftruncate(fd, (off_t)text->length) < 0 ? -errno : rc;
}

static int open_file(const char *path)
{
    int fd = plain_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0644);

    return fd == -EINVAL ? plain_create(AT_FDCWD, path, 0644) : fd;
}

static int write_file(struct hull_call *call, const struct ct_doc *doc, const char *name,
                      const struct hull_text *text)
{
    char *path = hull_printf(call, "%s/%s", ct_dir(hull_call_arena(call), doc->id), name);
    HULL_AUTO_FD fd = open_file(path);
    int err;

    if (fd < 0)
        return hull_fail(call, hull_kind_of_errno(-fd), "opening %s: %s", path, plain_why(-fd));
    err = write_over(fd, text);
    return err < 0 ? hull_fail_errno(call, -err, "writing %s", path) : 0;
}

static bool on_host_network(const struct ct_doc *doc)
{
    return hull_streq(doc->host_config.network_mode, "host");
}

static bool is_own_network(const char *name)
{
    static const char *const others[] = {"bridge", "default", "none", "host"};

    for (size_t i = 0; i < HULL_COUNT(others); i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return !ct_mode_other(name);
}

bool files_has_dns(const struct ct_doc *doc)
{
    for (size_t i = 0; i < doc->networks.n; i++)
        if (is_own_network(doc->networks.keys[i]))
            return true;
    return false;
}

/* --- hosts ------------------------------------------------------------------------------------ */

static int host_gateway(struct hull_call *call, const char **ret)
{
    const struct network_ref request = {.id = "bridge"};
    struct network reply;
    int rc;

    *ret = daemon_config()->host_gateway_ip;
    if (*ret && **ret)
        return 0;
    rc = network_inspect(call, NULL, &request, &reply);
    if (rc < 0)
        return rc;
    *ret = reply.ipam.config.n > 0 ? reply.ipam.config.v[0].gateway : NULL;
    if (!*ret || !**ret)
        return hull_fail(call, HULL_INVALID,
                         "unable to derive the IP value for host-gateway; set host-gateway-ip in "
                         "the daemon's configuration");
    return 0;
}

static int add_extra_hosts(struct hull_call *call, const struct ct_doc *doc, struct hull_text *text)
{
    for (size_t i = 0; i < doc->host_config.extra_hosts.n; i++) {
        const char *entry = doc->host_config.extra_hosts.v[i];
        const char *colon = strpbrk(entry, ":="), *address = colon + 1;
        int rc = 0;

        if (strcmp(address, "host-gateway") == 0)
            rc = host_gateway(call, &address);
        if (rc < 0)
            return rc;
        hull_text_printf(text, "%s\t%.*s\n", address, (int)(colon - entry), entry);
    }
    return 0;
}

static void add_own(const struct ct_doc *doc, const struct network_settings *network,
                    struct hull_text *text)
{
    const char *domain = doc->config.domainname, *name = doc->config.hostname;

    for (size_t i = 0; i < network->networks.n; i++) {
        const struct endpoint_settings *endpoint = &network->networks.v[i];
        const char *addresses[] = {endpoint->ip_address, endpoint->global_ipv6_address};

        for (size_t a = 0; a < HULL_COUNT(addresses); a++) {
            if (!addresses[a] || !*addresses[a])
                continue;
            hull_text_printf(text, "%s\t%s", addresses[a], name);
            if (domain && *domain)
                hull_text_printf(text, ".%s %s", domain, name);
            hull_text_puts(text, "\n");
        }
    }
}

int files_write_hosts(struct hull_call *call, const struct ct_doc *doc,
                      const struct network_settings *network)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    int rc;

    if (on_host_network(doc))
        hull_text_puts(&text, resolv_read_file(hull_call_arena(call), "/etc/hosts"));
    else
        hull_text_puts(&text, hosts_head);
    rc = add_extra_hosts(call, doc, &text);
    if (rc < 0)
        return rc;
    if (network && !on_host_network(doc)) {
        links_hosts(call, doc, &text);
        add_own(doc, network, &text);
    }
    return write_file(call, doc, "hosts", &text);
}

/* --- resolv.conf ------------------------------------------------------------------------------ */

/* In place of LIST: what the container says, the daemon's configuration, or the driver of one of
 * its networks. */
static bool override(struct hull_strv *list, const struct hull_strv *own,
                     const struct hull_strv *daemon, const struct hull_strv *given)
{
    const struct hull_strv *const all[] = {own, daemon, given};

    for (size_t i = 0; i < HULL_COUNT(all); i++) {
        if (all[i]->n > 0) {
            *list = *all[i];
            return true;
        }
    }
    return false;
}

/* What the drivers of NETWORK (may be NULL) say: of each list the first. */
static void take_given(const struct network_settings *network, struct resolv *ret)
{
    for (size_t i = 0; network && i < network->networks.n; i++) {
        const struct endpoint_settings *endpoint = &network->networks.v[i];

        if (ret->servers.n == 0)
            ret->servers = endpoint->dns_servers;
        if (ret->search.n == 0)
            ret->search = endpoint->dns_search;
        if (ret->options.n == 0)
            ret->options = endpoint->dns_options;
    }
}

void files_dns(const struct ct_doc *doc, struct resolv *ret)
{
    static const struct hull_strv none;
    const struct host_config *host = &doc->host_config;
    const struct daemon_config *daemon = daemon_config();

    *ret = (struct resolv){0};
    (void) override(&ret->servers, &host->dns, &daemon->dns, &none);
    (void) override(&ret->search, &host->dns_search, &daemon->dns_search, &none);
    (void) override(&ret->options, &host->dns_options, &daemon->dns_opts, &none);
}

static void add_list(struct hull_text *text, const char *keyword, const struct hull_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        hull_text_printf(text, "%s%s%s", i == 0 ? keyword : "", " ", list->v[i]);
    if (list->n > 0)
        hull_text_puts(text, "\n");
}

static bool has_ndots(const struct hull_strv *options)
{
    for (size_t i = 0; i < options->n; i++)
        if (strncmp(options->v[i], "ndots:", 6) == 0)
            return true;
    return false;
}

/* Whom the embedded server asks; "host(…)" is reached from the host only. */
static void add_external(struct hull_text *text, const struct hull_strv *servers, bool of_host)
{
    hull_text_puts(text, "# ExtServers: [");
    for (size_t i = 0; i < servers->n; i++) {
        bool on_host = of_host && (resolv_is_loopback(servers->v[i]) || strchr(servers->v[i], ':'));

        hull_text_printf(text, on_host ? "%shost(%s)" : "%s%s", i > 0 ? " " : "", servers->v[i]);
    }
    hull_text_puts(text, "]\n");
}

struct written {
    struct resolv resolv;
    struct hull_strv external; /* behind the embedded server */
    struct hull_strv overrides;
    const char *path; /* of the host's file */
    const char *ndots;
    bool embedded;
};

/* What counts for DOC in NETWORK (may be NULL). */
static void choose_resolv(struct hull_call *call, const struct ct_doc *doc,
                          const struct network_settings *network, struct written *ret)
{
    const struct daemon_config *daemon = daemon_config();
    const struct host_config *host = &doc->host_config;
    struct hull_arena *arena = hull_call_arena(call);
    struct resolv *resolv = &ret->resolv;
    struct resolv given = {0};
    bool loopback = on_host_network(doc);

    take_given(network, &given);
    ret->embedded = files_has_dns(doc);
    ret->path = resolv_of_host(arena, loopback || ret->embedded, resolv);
    if (!loopback && !ret->embedded)
        resolv->servers = resolv_reachable(arena, &resolv->servers);
    if (override(&resolv->servers, &host->dns, &daemon->dns, &given.servers))
        hull_strv_add(arena, &ret->overrides, "nameservers");
    if (override(&resolv->search, &host->dns_search, &daemon->dns_search, &given.search))
        hull_strv_add(arena, &ret->overrides, "search");
    ret->ndots = has_ndots(&resolv->options) ? "host" : NULL;
    if (override(&resolv->options, &host->dns_options, &daemon->dns_opts, &given.options)) {
        hull_strv_add(arena, &ret->overrides, "options");
        ret->ndots = has_ndots(&resolv->options) ? "override" : NULL;
    }
    ret->external = resolv->servers;
}

static void embed(struct hull_arena *arena, struct written *written)
{
    struct hull_strv options = {0};

    written->resolv.servers = (struct hull_strv){0};
    hull_strv_add(arena, &written->resolv.servers, "127.0.0.11");
    if (written->ndots)
        return;
    for (size_t i = 0; i < written->resolv.options.n; i++)
        hull_strv_add(arena, &options, written->resolv.options.v[i]);
    hull_strv_add(arena, &options, "ndots:0");
    written->resolv.options = options;
    written->ndots = "internal";
}

static void add_origin(struct hull_text *text, const struct written *written)
{
    bool of_host = !hull_strv_contains(&written->overrides, "nameservers");

    hull_text_printf(text, "\n# Based on host file: '%s'%s\n", written->path,
                     written->embedded ? " (internal resolver)" : "");
    if (written->embedded)
        add_external(text, &written->external, of_host);
    hull_text_puts(text, "# Overrides: [");
    for (size_t i = 0; i < written->overrides.n; i++)
        hull_text_printf(text, "%s%s", i > 0 ? " " : "", written->overrides.v[i]);
    hull_text_puts(text, "]\n");
    if (written->ndots)
        hull_text_printf(text, "# Option ndots from: %s\n", written->ndots);
}

static int write_resolv(struct hull_call *call, const struct ct_doc *doc,
                        const struct network_settings *network)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_text text = HULL_TEXT(arena);
    struct written written = {0};
    struct resolv *resolv = &written.resolv;

    choose_resolv(call, doc, network, &written);
    if (written.embedded)
        embed(arena, &written);
    if (resolv->servers.n == 0) {
        hull_strv_add(arena, &resolv->servers, "8.8.8.8");
        hull_strv_add(arena, &resolv->servers, "8.8.4.4");
    }
    hull_text_puts(&text, "# Written by hull. Edit it as you like: it is made anew when the "
                          "container starts.\n\n");
    for (size_t i = 0; i < resolv->servers.n; i++)
        hull_text_printf(&text, "nameserver %s\n", resolv->servers.v[i]);
    if (resolv->search.n != 1 || strcmp(resolv->search.v[0], ".") != 0)
        add_list(&text, "search", &resolv->search);
    add_list(&text, "options", &resolv->options);
    add_origin(&text, &written);
    return write_file(call, doc, "resolv.conf", &text);
}

/* --- all three -------------------------------------------------------------------------------- */

int files_make(struct hull_call *call, const struct ct_doc *doc)
{
    struct hull_text hostname = HULL_TEXT(hull_call_arena(call));
    int rc;

    hull_text_printf(&hostname, "%s\n", doc->config.hostname);
    rc = write_file(call, doc, "hostname", &hostname);
    if (rc == 0)
        rc = write_resolv(call, doc, NULL);
    if (rc == 0)
        rc = files_write_hosts(call, doc, NULL);
    return rc;
}

int files_write_network(struct hull_call *call, const struct ct_doc *doc,
                        const struct network_settings *network)
{
    int rc = files_write_hosts(call, doc, network);

    return rc < 0 ? rc : write_resolv(call, doc, network);
}

int files_write_joined(struct hull_call *call, const struct ct_doc *doc,
                       const struct network_settings *network)
{
    struct resolv given = {0};

    take_given(network, &given);
    return given.servers.n + given.search.n + given.options.n == 0
               ? files_write_hosts(call, doc, network)
               : files_write_network(call, doc, network);
}

bool files_are_there(struct hull_call *call, const char *id)
{
    char *path = hull_printf(call, "%s/containers/%s", daemon_config()->data_root, id);

    return access(path, F_OK) == 0 || errno != ENOENT;
}

struct removal {
    int fd;
    const char *id;
    int err;
};

static int remove_work(struct hull_work *work, void *arg)
{
    struct removal *removal = arg;

    (void)work;
    removal->err = root_remove_tree(removal->fd, removal->id);
    return 0;
}

int files_remove(struct hull_call *call, const char *id)
{
    char *path = hull_printf(call, "%s/containers", daemon_config()->data_root);
    HULL_AUTO_FD fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct removal removal = {.fd = fd, .id = id};
    int rc;

    if (fd < 0)
        return errno == ENOENT ? 0 : hull_fail_errno(call, errno, "opening %s", path);
    /* A file system takes its time to let go of a large log. */
    rc = hull_work(call, remove_work, &removal);
    if (rc < 0)
        return rc;
    return removal.err < 0 ? hull_fail_errno(call, -removal.err, "removing %s/%s", path, id) : 0;
}

/* What a shim keeps there. Nothing else goes: the configuration may have data and runs in one
 * folder. */
static bool is_of_shim(const char *name)
{
    static const char *const ends[] = {".sock", ".exit", ".exit.new"};
    size_t length = strlen(name);

    for (size_t i = 0; i < HULL_COUNT(ends); i++) {
        size_t end = strlen(ends[i]);

        if (length > end && strcmp(name + length - end, ends[i]) == 0)
            return true;
    }
    return false;
}

void files_remove_run(struct hull_call *call, const char *id)
{
    char *path = ct_run_dir(hull_call_arena(call), id);
    const struct dirent *entry;
    DIR *dir;

    if (rmdir(path) == 0 || errno != ENOTEMPTY)
        return;
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (is_of_shim(entry->d_name))
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}
