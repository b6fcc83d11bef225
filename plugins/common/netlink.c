#include "netlink.h"

#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* Enough for any answer the kernel gives in one piece. */
#define RECEIVE_SIZE 65536

/* An answer that takes this long will not come. */
#define ANSWER_SECONDS 10
/* How often a list that changes all the time is asked for. */
#define LIST_ATTEMPTS 20

static void set_options(int fd)
{
    int on = 1;
    struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    /* Both only improve error texts and speed: an old kernel works without. */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

int nl_open(int protocol)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    set_options(fd);
    return fd;
}

/* --- in another network namespace ------------------------------------------------------------ */

struct visit {
    enum nl_ipv6 ipv6;
    int fd; /* the socket, or -errno */
};

/* A kernel without IPv6 has nothing to turn off. */
static void write_there(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, value, 1);
    (void)written;
    close(fd);
}

static void open_there(void *arg)
{
    struct visit *visit = arg;
    if (visit->ipv6 != NL_IPV6_AS_IS)
        write_there("/proc/sys/net/ipv6/conf/default/disable_ipv6",
                    visit->ipv6 == NL_IPV6_OFF ? "1" : "0");
    /* On a bridge of ours addresses and MACs are given out once: nobody has to be asked. */
    const char *asks = visit->ipv6 == NL_IPV6_DEAF ? "0" : "1";
    if (visit->ipv6 == NL_IPV6_DEAF || visit->ipv6 == NL_IPV6_ON) {
        write_there("/proc/sys/net/ipv6/conf/default/accept_ra", asks);
        write_there("/proc/sys/net/ipv6/conf/default/accept_dad", asks);
    }
    visit->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (visit->fd < 0)
        visit->fd = -errno;
}

int nl_open_in(int netns_fd, enum nl_ipv6 ipv6)
{
    struct visit visit = {ipv6, -ECHILD};
    int rc = netns_visit(netns_fd, open_there, &visit);
    if (rc < 0)
        return rc;
    if (visit.fd >= 0)
        set_options(visit.fd);
    return visit.fd;
}

/* --- building -------------------------------------------------------------------------------- */

/* SIZE zeroed bytes, padded to four, at the end. */
static void *extend(struct nl_batch *batch, size_t size)
{
    size_t padded = NLMSG_ALIGN(size);
    if (batch->length + padded > batch->capacity) {
        size_t capacity = (batch->length + padded) * 2 + 1024;
        batch->data = realloc(batch->data, capacity);
        HULL_ASSERT(batch->data != NULL);
        batch->capacity = capacity;
    }
    void *place = batch->data + batch->length;
    memset(place, 0, padded);
    batch->length += padded;
    return place;
}

/* The length in the head of the newest request follows what is added. */
static void settle(struct nl_batch *batch)
{
    struct nlmsghdr *head = (void *)(batch->data + batch->last);
    head->nlmsg_len = (uint32_t)(batch->length - batch->last);
}

void nl_begin(struct nl_batch *batch, uint16_t type, uint16_t flags, const void *head,
              size_t head_size)
{
    if (batch->length == 0)
        batch->first = batch->seq + 1;
    batch->last = batch->length;
    struct nlmsghdr *message = extend(batch, sizeof(*message));
    message->nlmsg_type = type;
    message->nlmsg_flags = flags | NLM_F_REQUEST;
    message->nlmsg_seq = ++batch->seq;
    memcpy(extend(batch, head_size), head, head_size);
    settle(batch);
}

void nl_put(struct nl_batch *batch, uint16_t type, const void *data, size_t size)
{
    struct nlattr *attribute = extend(batch, NLA_HDRLEN + size);
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
    if (size > 0)
        memcpy((char *)attribute + NLA_HDRLEN, data, size);
    settle(batch);
}

void nl_put_u8(struct nl_batch *batch, uint16_t type, uint8_t value)
{
    nl_put(batch, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_batch *batch, uint16_t type, uint32_t value)
{
    nl_put(batch, type, &value, sizeof(value));
}

void nl_put_text(struct nl_batch *batch, uint16_t type, const char *value)
{
    nl_put(batch, type, value, strlen(value) + 1);
}

void nl_put_raw(struct nl_batch *batch, const void *data, size_t size)
{
    memcpy(extend(batch, size), data, size);
    settle(batch);
}

size_t nl_nest(struct nl_batch *batch, uint16_t type)
{
    size_t nest = batch->length;
    nl_put(batch, type | NLA_F_NESTED, NULL, 0);
    return nest;
}

void nl_nest_end(struct nl_batch *batch, size_t nest)
{
    struct nlattr *attribute = (void *)(batch->data + nest);
    HULL_ASSERT(batch->length - nest <= UINT16_MAX);
    attribute->nla_len = (uint16_t)(batch->length - nest);
}

void nl_done(struct nl_batch *batch)
{
    free(batch->data);
    *batch = (struct nl_batch){.seq = batch->seq};
}

/* --- reading --------------------------------------------------------------------------------- */

const struct nlattr *nl_find(const void *data, size_t length, uint16_t type)
{
    const char *at = data;
    while (length >= NLA_HDRLEN) {
        const struct nlattr *attribute = (const void *)at;
        if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > length)
            return NULL;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type)
            return attribute;
        size_t step = NLA_ALIGN(attribute->nla_len);
        if (step >= length)
            return NULL;
        at += step;
        length -= step;
    }
    return NULL;
}

const void *nl_data(const struct nlattr *attribute)
{
    return (const char *)attribute + NLA_HDRLEN;
}

size_t nl_size(const struct nlattr *attribute)
{
    return attribute->nla_len - (size_t)NLA_HDRLEN;
}

uint32_t nl_u32(const struct nlattr *attribute)
{
    uint32_t value = 0;
    if (attribute != NULL && nl_size(attribute) >= sizeof(value))
        memcpy(&value, nl_data(attribute), sizeof(value));
    return value;
}

/* How many answers BATCH will get. */
static unsigned count_answers(const struct nl_batch *batch)
{
    unsigned answers = 0;
    for (size_t at = 0; at < batch->length;) {
        const struct nlmsghdr *head = (const void *)(batch->data + at);
        answers += (head->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)) != 0;
        at += NLMSG_ALIGN(head->nlmsg_len);
    }
    return answers;
}

/* The state of one exchange. */
struct exchange {
    uint32_t first;
    unsigned left;
    int rc;
    bool changed; /* what is listed, while it was */
    nl_reply_fn *reply;
    void *ctx;
    struct nl_failure *failure;
};

static void note_failure(struct exchange *exchange, const struct nlmsghdr *message, int error)
{
    exchange->rc = error;
    if (exchange->failure == NULL)
        return;
    exchange->failure->index = message->nlmsg_seq - exchange->first;
    exchange->failure->text[0] = '\0';
    if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
        return;
    size_t skip = NLMSG_ALIGN(sizeof(struct nlmsgerr));
    const struct nlmsgerr *ack = NLMSG_DATA(message);
    if ((message->nlmsg_flags & NLM_F_CAPPED) == 0)
        skip += NLMSG_ALIGN(ack->msg.nlmsg_len) - sizeof(struct nlmsghdr);
    size_t length = NLMSG_PAYLOAD(message, 0);
    if (skip >= length)
        return;
    const struct nlattr *text =
        nl_find((const char *)NLMSG_DATA(message) + skip, length - skip, NLMSGERR_ATTR_MSG);
    if (text != NULL && nl_size(text) > 0) {
        size_t size = nl_size(text) < sizeof(exchange->failure->text)
                          ? nl_size(text)
                          : sizeof(exchange->failure->text);
        memcpy(exchange->failure->text, nl_data(text), size);
        exchange->failure->text[size - 1] = '\0';
    }
}

static void take_message(struct exchange *exchange, const struct nlmsghdr *message)
{
    if (message->nlmsg_seq < exchange->first)
        return; /* a late answer to an exchange that was given up */
    if (message->nlmsg_type != NLMSG_ERROR && message->nlmsg_flags & NLM_F_DUMP_INTR)
        exchange->changed = true;
    if (message->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *ack = NLMSG_DATA(message);
        if (ack->error != 0 && exchange->rc == 0)
            note_failure(exchange, message, ack->error);
        exchange->left--;
        /* One that asked for no answer and failed stands for all: so does nfnetlink. */
        if (ack->error != 0 && (ack->msg.nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)) == 0)
            exchange->left = 0;
    } else if (message->nlmsg_type == NLMSG_DONE) {
        exchange->left--;
    } else if (exchange->reply != NULL) {
        exchange->reply(message, exchange->ctx);
    }
}

/* The kernel takes a batch only whole. */
static void make_room(int fd, size_t size)
{
    int room = 0;
    socklen_t length = sizeof(room);
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &length) == 0 && (size_t)room / 2 > size)
        return;
    room = (int)size + 65536;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
}

static int transact(int fd, struct nl_batch *batch, nl_reply_fn *reply, void *ctx,
                    struct nl_failure *ret_failure, bool *ret_changed)
{
    struct exchange exchange = {.first = batch->first,
                                .left = count_answers(batch),
                                .reply = reply,
                                .ctx = ctx,
                                .failure = ret_failure};
    if (ret_failure != NULL)
        *ret_failure = (struct nl_failure){0};
    make_room(fd, batch->length);
    if (send(fd, batch->data, batch->length, 0) < 0)
        return -errno;
    HULL_AUTO_FREE char *buffer = malloc(RECEIVE_SIZE);
    HULL_ASSERT(buffer != NULL);
    while (exchange.left > 0) {
        ssize_t size = recv(fd, buffer, RECEIVE_SIZE, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -errno;
        int left = (int)size;
        for (const struct nlmsghdr *at = (const void *)buffer; NLMSG_OK(at, left);
             at = NLMSG_NEXT(at, left))
            take_message(&exchange, at);
    }
    *ret_changed = exchange.changed;
    return exchange.rc;
}

int nl_transact(int fd, struct nl_batch *batch, nl_reply_fn *reply, void *ctx,
                struct nl_failure *ret_failure)
{
    bool changed;
    return transact(fd, batch, reply, ctx, ret_failure, &changed);
}

int nl_list(int fd, uint16_t type, const void *head, size_t size, nl_reply_fn *reply, void *ctx)
{
    bool changed = true;
    int rc = 0;
    for (int i = 0; rc == 0 && changed && i < LIST_ATTEMPTS; i++) {
        struct nl_batch batch = {0};
        nl_begin(&batch, type, NLM_F_DUMP, head, size);
        rc = transact(fd, &batch, reply, ctx, NULL, &changed);
        nl_done(&batch);
    }
    return rc;
}

/* --- what the host already uses -------------------------------------------------------------- */

struct networks {
    struct ip_net *v;
    size_t n;
};

static void add_network(struct networks *list, int family, const struct nlattr *address,
                        unsigned length)
{
    if (address == NULL || length == 0 || nl_size(address) < ip_size(family))
        return;
    list->v = realloc(list->v, (list->n + 1) * sizeof(*list->v));
    HULL_ASSERT(list->v != NULL);
    struct ip_net *net = &list->v[list->n++];
    *net = (struct ip_net){.addr.family = family, .length = length};
    memcpy(net->addr.bytes, nl_data(address), ip_size(family));
}

static void take_network(const struct nlmsghdr *message, void *ctx)
{
    const char *body = NLMSG_DATA(message);
    if (message->nlmsg_type == RTM_NEWROUTE) {
        const struct rtmsg *route = (const void *)body;
        size_t skip = NLMSG_ALIGN(sizeof(*route));
        if (route->rtm_table != RT_TABLE_LOCAL && route->rtm_type != RTN_MULTICAST)
            add_network(ctx, route->rtm_family,
                        nl_find(body + skip, NLMSG_PAYLOAD(message, skip), RTA_DST),
                        route->rtm_dst_len);
    } else if (message->nlmsg_type == RTM_NEWADDR) {
        const struct ifaddrmsg *address = (const void *)body;
        size_t skip = NLMSG_ALIGN(sizeof(*address));
        add_network(ctx, address->ifa_family,
                    nl_find(body + skip, NLMSG_PAYLOAD(message, skip), IFA_ADDRESS),
                    address->ifa_prefixlen);
    }
}

int nl_host_networks(int fd, struct ip_net **ret_nets, size_t *ret_count)
{
    struct networks list = {0};
    static const uint16_t kinds[] = {RTM_GETROUTE, RTM_GETADDR};
    int rc = 0;
    for (size_t i = 0; i < HULL_COUNT(kinds) && rc == 0; i++) {
        struct rtmsg any = {.rtm_family = AF_UNSPEC};
        rc = nl_list(fd, kinds[i], &any, sizeof(any), take_network, &list);
    }
    if (rc < 0) {
        free(list.v);
        return rc;
    }
    *ret_nets = list.v;
    *ret_count = list.n;
    return 0;
}
