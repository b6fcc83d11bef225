/*
 * The answers of one turn, sent. Most of what a question costs is the way of its answer through
 * the kernel; so answers of one size to one socket take that way together, as one message that the
 * kernel cuts into datagrams where they arrive (UDP_SEGMENT). Programs ask for IPv4 and IPv6
 * addresses of a name from one socket, resolvers and web servers for many names.
 */
#include "server.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
/* What one message may carry, with room for heads. */
#define TOGETHER_BYTES_MAX 65000

static struct {
    size_t count;
    struct iovec data[DNS_BATCH];
    struct sockaddr_in to[DNS_BATCH];
    struct mmsghdr messages[DNS_BATCH];
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control[DNS_BATCH];
    uint8_t bytes[DNS_BATCH][DNS_UDP_MAX];
} answers;

uint8_t *dns_answers_next(void)
{
    HULL_ASSERT(answers.count < DNS_BATCH);
    return answers.bytes[answers.count];
}

void dns_answers_add(const struct sockaddr_in *to, size_t size)
{
    answers.data[answers.count] = (struct iovec){dns_answers_next(), size};
    answers.to[answers.count++] = *to;
}

static bool same_socket(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* How many from FIRST on can go together: all of one size but the last, which may be shorter. */
static size_t together(size_t first)
{
    size_t size = answers.data[first].iov_len;
    size_t total = size;
    size_t end = first + 1;
    while (end < answers.count && answers.data[end - 1].iov_len == size &&
           answers.data[end].iov_len <= size && total + size <= TOGETHER_BYTES_MAX &&
           same_socket(&answers.to[first], &answers.to[end]))
        total += answers.data[end++].iov_len;
    return end - first;
}

/* The COUNT answers from FIRST on as message number AT. */
static void put_message(size_t at, size_t first, size_t count)
{
    struct msghdr *head = &answers.messages[at].msg_hdr;
    *head = (struct msghdr){.msg_name = &answers.to[first],
                            .msg_namelen = sizeof(answers.to[first]),
                            .msg_iov = &answers.data[first],
                            .msg_iovlen = count};
    if (count == 1)
        return;
    uint16_t size = (uint16_t)answers.data[first].iov_len;
    head->msg_control = &answers.control[at];
    head->msg_controllen = sizeof(answers.control[at].bytes);
    answers.control[at].head = (struct cmsghdr){CMSG_LEN(sizeof(size)), SOL_UDP, UDP_SEGMENT};
    memcpy(CMSG_DATA(&answers.control[at].head), &size, sizeof(size));
}

/* What can't go together goes alone: the kernel, or the container's loopback, may not have it. */
static void send_alone(int fd, const struct msghdr *message)
{
    for (size_t i = 0; message->msg_iovlen > 1 && i < message->msg_iovlen; i++)
        (void)sendto(fd, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len,
                     MSG_DONTWAIT | MSG_NOSIGNAL, message->msg_name, message->msg_namelen);
}

void dns_answers_send(int fd)
{
    size_t count = 0;
    for (size_t first = 0; first < answers.count;) {
        size_t length = together(first);
        put_message(count++, first, length);
        first += length;
    }
    /* One that can't be sent (its asker has gone) does not hold up those behind it. */
    for (size_t sent = 0; sent < count;) {
        int done = sendmmsg(fd, answers.messages + sent, (unsigned)(count - sent),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done <= 0)
            send_alone(fd, &answers.messages[sent].msg_hdr);
        sent += done > 0 ? (size_t)done : 1;
    }
    answers.count = 0;
}
