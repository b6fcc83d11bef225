/*
 * restore.c: after a restart of the daemon, and what was left over. Attachments of containers that
 * run are checked (CHECK), those of containers that left without their DEL are deleted, and plugins
 * of 1.1.0 and later are told which are still in use (GC).
 */
#include "cni.h"

#include "json.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cni_daemon(void)
{
    static char name[48];
    if (name[0] == '\0')
        snprintf(name, sizeof(name), "%d/%lld", (int)getpid(), (long long)hull_time_ns());
    return name;
}

/* --- one at a time ---------------------------------------------------------------------------- */

/*
 * GC deletes what it is not told of, so that nothing may be added to the network meanwhile. A gate
 * is there while somebody is at it.
 */
struct gate {
    char *network_id;
    unsigned users, inside;
    bool closed;
    struct gate *next;
};
static struct gate *gates;
static struct hull_cond gates_changed;

static struct gate *take_gate(const char *network_id)
{
    struct gate *gate = gates;
    while (gate != NULL && strcmp(gate->network_id, network_id) != 0)
        gate = gate->next;
    if (gate == NULL) {
        gate = calloc(1, sizeof(*gate));
        HULL_ASSERT(gate != NULL && (gate->network_id = strdup(network_id)) != NULL);
        gate->next = gates;
        gates = gate;
    }
    gate->users++;
    return gate;
}

static void drop_gate(struct gate *gate)
{
    hull_cond_broadcast(&gates_changed);
    if (--gate->users > 0)
        return;
    struct gate **at = &gates;
    while (*at != gate)
        at = &(*at)->next;
    *at = gate->next;
    free(gate->network_id);
    free(gate);
}

static void go_out(struct hull_call *call, void *arg)
{
    struct gate *gate = arg;
    (void)call;
    gate->inside--;
    drop_gate(gate);
}

/* The gate of NETWORK_ID, when it is open. */
static int open_gate(struct hull_call *call, const char *network_id, struct gate **ret)
{
    struct gate *gate = take_gate(network_id);
    int rc = 0;
    while (rc == 0 && gate->closed)
        rc = hull_cond_wait(call, &gates_changed);
    if (rc < 0)
        drop_gate(gate);
    *ret = gate;
    return rc;
}

int cni_enter(struct hull_call *call, const char *network_id)
{
    struct gate *gate;
    int rc = open_gate(call, network_id, &gate);
    if (rc < 0)
        return rc;
    gate->inside++;
    hull_defer(call, go_out, gate);
    return 0;
}

static void open_again(struct hull_call *call, void *arg)
{
    struct gate *gate = arg;
    (void)call;
    gate->closed = false;
    drop_gate(gate);
}

/* Nobody else adds or deletes until CALL ends. */
static int close_gate(struct hull_call *call, const char *network_id)
{
    struct gate *gate;
    int rc = open_gate(call, network_id, &gate);
    if (rc < 0)
        return rc;
    gate->closed = true;
    hull_defer(call, open_again, gate);
    while (rc == 0 && gate->inside > 0)
        rc = hull_cond_wait(call, &gates_changed);
    return rc;
}

/* --- what is on record ------------------------------------------------------------------------ */

struct rest {
    const char *key;
    struct cni_attachment attachment;
};
struct rests {
    size_t n;
    struct rest *v;
};

static int note_rest(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct rest *rest = HULL_LIST_ADD(hull_call_arena(call), (struct rests *)ctx);
    const char *slash = strchr(document->key, '/');
    rest->key = hull_strdup(call, document->key);
    rest->attachment.container_id = slash == NULL ? "" : hull_strdup(call, slash + 1);
    return cni_read_record(call, hull_strdup(call, document->value), &rest->attachment);
}

static int list_rests(struct hull_call *call, const char *network_id, const struct cni_conf *conf,
                      struct rests *ret)
{
    struct state_key all = {.bucket = CNI_ENDPOINTS, .key = hull_printf(call, "%s/", network_id)};
    struct state_document last;
    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last,
                            &(struct hull_sink){.reply = note_rest, .ctx = ret});
    for (size_t i = 0; i < ret->n; i++)
        ret->v[i].attachment.conf = conf;
    return rc;
}

/* One that says no is told to the log: nobody else waits for the answer. Only the end of CALL is a
 * failure. */
static int warn(struct hull_call *call, int rc, const char *what, const char *container_id)
{
    if (rc == 0 || hull_check(call) < 0)
        return rc;
    hull_log(call, HULL_LOG_WARN, what, "container", container_id, "error", hull_error(call), NULL);
    hull_error_clear(call);
    return 0;
}

int cni_remove_rests(struct hull_call *call, const char *network_id, const struct cni_conf *conf)
{
    struct rests rests = {0};
    int rc = list_rests(call, network_id, conf, &rests);
    for (size_t i = 0; rc == 0 && i < rests.n; i++) {
        struct cni_attachment *a = &rests.v[i].attachment;
        rc = warn(call, cni_detach(call, a, -1), "CNI plugins did not take back what they added",
                  a->container_id);
        if (rc == 0)
            rc = state_put(call, NULL, CNI_ENDPOINTS, rests.v[i].key, NULL, false);
    }
    return rc;
}

/* --- restore ---------------------------------------------------------------------------------- */

/* The process 1 of the container, or 0 when it does not run. */
static int64_t pid_of(const struct netdriver_restore_request *request, const char *container_id)
{
    for (size_t i = 0; i < request->live.n && i < request->pids.n; i++) {
        if (strcmp(request->live.v[i], container_id) == 0)
            return request->pids.v[i];
    }
    return 0;
}

/* A container that left while its plugins could not delete. */
static int delete_late(struct hull_call *call, struct rest *rest)
{
    int rc = cni_detach(call, &rest->attachment, -1);
    if (rc == 0)
        rc = state_put(call, NULL, CNI_ENDPOINTS, rest->key, NULL, false);
    return warn(call, rc, "CNI plugins did not take back what they added",
                rest->attachment.container_id);
}

static int check_one(struct hull_call *call, const struct netdriver_restore_request *request,
                     struct cni_attachment *a, int64_t pid)
{
    const char *wish = hull_map_find(&request->network.options, CNI_OPTION_CHECK);
    if (pid == 0 || a->result == NULL || hull_streq(wish, "false"))
        return 0;
    a->netns = hull_printf(call, "/proc/%lld/ns/net", (long long)pid);
    return warn(call, cni_check(call, a), "the container's network is not as it was made",
                a->container_id);
}

static void put_attachment(struct hull_text *out, const struct cni_attachment *a)
{
    hull_text_puts(out, out->length > 1 ? ",{\"containerID\":" : "{\"containerID\":");
    json_quote(out, a->container_id, strlen(a->container_id));
    hull_text_puts(out, ",\"ifname\":");
    json_quote(out, a->ifname, strlen(a->ifname));
    hull_text_puts(out, "}");
}

int cni_restore(struct hull_call *call, const struct netdriver_restore_request *request,
                struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct hull_text valid = HULL_TEXT(hull_call_arena(call));
    struct rests rests = {0};
    struct cni_conf conf;
    bool found = false;
    int rc = close_gate(call, request->network.id);
    if (rc == 0)
        rc = cni_load_conf(call, &request->network, &conf, &found);
    if (rc == 0 && found)
        rc = list_rests(call, request->network.id, &conf, &rests);
    if (rc < 0 || !found)
        return rc;
    hull_text_puts(&valid, "[");
    for (size_t i = 0; rc == 0 && i < rests.n; i++) {
        struct cni_attachment *a = &rests.v[i].attachment;
        int64_t pid = pid_of(request, a->container_id);
        if (pid == 0 && !hull_streq(a->daemon, cni_daemon())) {
            rc = delete_late(call, &rests.v[i]);
            continue;
        }
        put_attachment(&valid, a);
        rc = check_one(call, request, a, pid);
    }
    hull_text_puts(&valid, "]");
    return rc < 0 ? rc
                  : warn(call, cni_gc(call, &conf, valid.data),
                         "CNI plugins did not collect what is not in use", "");
}
