/* The name service on a bus of its own, with containers that are network namespaces. */
#include "net.h"

#include "dns.h"
#include "plugins/common/netns.h"
#include "plugins/support/dns/packet.h"

#include <sys/timerfd.h>

#define PORT "support/dns"
#define ID "c0ffee"

struct asker {
    int type;
    int fd;
};

/* In the child of netns_visit(): system calls only. */
static void open_asker(void *arg)
{
    static const struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = 0x3500, .sin_addr.s_addr = 0x0b00007f};
    struct asker *asker = arg;
    asker->fd = socket(AF_INET, asker->type | SOCK_CLOEXEC, 0);
    if (connect(asker->fd, (const struct sockaddr *)&server, sizeof(server)) < 0) {
        close(asker->fd);
        asker->fd = -1;
    }
}

/* A new namespace whose loopback is up. */
static struct place box_new(struct hull_call *call)
{
    struct place box = place_new(0);
    run(call, hull_printf(call, "nsenter -t %d -n ip link set lo up", (int)box.pid));
    return box;
}

/* Wait for an answer, a second at most. */
static bool is_answered(struct hull_call *call, int fd)
{
    const struct itimerspec limit = {.it_value.tv_sec = 1};
    HULL_AUTO_FD timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct pollfd fds[] = {{fd, POLLIN, 0}, {timer_fd, POLLIN, 0}};
    CHECK_INT(timerfd_settime(timer_fd, 0, &limit, NULL), 0);
    return hull_wait_fds(call, fds, 2) > 0 && fds[0].revents != 0;
}

/* The code of the answer to NAME, -1 when there is none. */
static int rcode_of(struct hull_call *call, const struct place *box, const char *name)
{
    struct asker asker = {SOCK_DGRAM, -1};
    struct dns_query query = {.id = 7, .type = DNS_A, .class = 1, .recursion = true};
    struct dns_reply reply;
    uint8_t data[DNS_UDP_MAX];
    int rc = -1;
    CHECK(dns_name_read(name, &query.name));
    CHECK_INT(netns_visit(box->netns_fd, open_asker, &asker), 0);
    size_t size = dns_query_write(&query, query.id, data);
    if (send(asker.fd, data, size, 0) == (ssize_t)size && is_answered(call, asker.fd)) {
        ssize_t got = recv(asker.fd, data, sizeof(data), MSG_DONTWAIT);
        if (got > 0 && dns_reply_read(data, (size_t)got, &query, query.id, &reply))
            rc = reply.rcode;
    }
    close(asker.fd);
    return rc;
}

static void set_name(struct hull_call *call, const char *name)
{
    const char *names[] = {name};
    struct dns_endpoint endpoint = {.network_id = "n1",
                                    .network = "net",
                                    .internal = true,
                                    .names = {1, names},
                                    .ip_address = "10.0.0.1"};
    const struct dns_container container = {.container_id = ID, .endpoints = {1, &endpoint}};
    struct hull_empty done;
    CHECK_OK(dns_set(call, PORT, &container, &done));
}

static void begin(void)
{
    if (geteuid() != 0)
        SKIP("needs root");
    if (unshare(CLONE_NEWNET) < 0)
        SKIP("needs network namespaces");
}

FIBER_TEST(a_server_is_opened_closed_and_opened_again)
{
    begin();
    struct place box = box_new(call);
    const struct dns_attach_request attach = {ID, box.netns_fd};
    const struct dns_drop_request drop = {ID};
    struct dns_status status;
    struct hull_empty done;
    for (int i = 0; i < 2; i++) {
        set_name(call, "one");
        CHECK_OK(dns_attach(call, PORT, &attach, &done));
        CHECK_OK(dns_attach(call, PORT, &attach, &done));
        CHECK_INT(rcode_of(call, &box, "one"), DNS_NOERROR);
        CHECK_INT(rcode_of(call, &box, "other"), DNS_SERVFAIL);
        set_name(call, "other");
        CHECK_INT(rcode_of(call, &box, "One"), DNS_SERVFAIL);
        CHECK_INT(rcode_of(call, &box, "Other.Net"), DNS_NOERROR);
        CHECK_OK(dns_status(call, PORT, &(struct hull_empty){0}, &status));
        CHECK_INT(status.containers, 1);
        CHECK_INT(status.names, 2);
        CHECK_OK(dns_drop(call, PORT, &drop, &done));
        CHECK_INT(rcode_of(call, &box, "other"), -1);
    }
    CHECK_OK(dns_drop(call, PORT, &drop, &done));
    CHECK_OK(dns_status(call, PORT, &(struct hull_empty){0}, &status));
    CHECK_INT(status.names, 0);
    place_end(&box);
}

FIBER_TEST(sockets_that_were_kept_are_served_when_names_are_known)
{
    begin();
    struct place box = box_new(call);
    const struct dns_attach_request attach = {ID, box.netns_fd};
    struct dns_sockets_reply kept;
    struct hull_empty done;
    set_name(call, "one");
    CHECK_OK(dns_sockets(call, PORT, &(struct dns_sockets_request){ID}, &kept));
    CHECK_INT(kept.udp_fd, -1);
    CHECK_OK(dns_attach(call, PORT, &attach, &done));
    CHECK_OK(dns_sockets(call, PORT, &(struct dns_sockets_request){ID}, &kept));
    CHECK_OK(dns_drop(call, PORT, &(struct dns_drop_request){ID}, &done));
    CHECK_OK(
        dns_adopt(call, PORT, &(struct dns_adopt_request){ID, kept.udp_fd, kept.tcp_fd}, &done));
    set_name(call, "two");
    CHECK_OK(dns_attach(call, PORT, &attach, &done));
    CHECK_INT(rcode_of(call, &box, "two"), DNS_NOERROR);
    CHECK_OK(dns_drop(call, PORT, &(struct dns_drop_request){ID}, &done));
    /* Not everything that is a descriptor. */
    struct dns_adopt_request wrong = {ID, dup(box.netns_fd), dup(box.netns_fd)};
    CHECK_KIND(dns_adopt(call, PORT, &wrong, &done), HULL_INVALID);
    place_end(&box);
}

FIBER_TEST(a_namespace_that_is_none_is_an_error)
{
    begin();
    HULL_AUTO_FD fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const struct dns_attach_request attach = {ID, fd};
    struct hull_empty done;
    set_name(call, "one");
    CHECK(dns_attach(call, PORT, &attach, &done) < 0);
    CHECK_HAS(hull_error(call), "127.0.0.11");
    CHECK_OK(dns_drop(call, PORT, &(struct dns_drop_request){ID}, &done));
}

TAP_MAIN
