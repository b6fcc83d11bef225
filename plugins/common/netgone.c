#include "netgone.h"

#include "netif.h"

#include <errno.h>
#include <hull/error.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Shared by the fiber that asks and the one that deletes; the last one frees it. */
struct removal {
    unsigned refs;
    bool own;
    const char *what; /* a literal */
    int rc;           /* of the whole removal, when DONE_FD is readable */
    int done_fd;
    struct hull_problem problem;
    char name[IFNAMSIZ];
};

static void unref(struct removal *removal)
{
    if (--removal->refs > 0)
        return;
    close(removal->done_fd);
    free(removal);
}

/* --- the removal ------------------------------------------------------------------------------ */

static int run_delete(struct hull_work *work, void *arg)
{
    const struct removal *removal = arg;
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    bool wanted = true;
    int rc = fd < 0 ? fd : 0;
    if (rc == 0 && removal->own)
        rc = nif_is_own(fd, removal->name, &wanted);
    if (rc == 0 && wanted)
        rc = nif_delete(fd, removal->name);
    if (rc == 0 || rc == -ENODEV)
        return 0;
    return nif_fail(work, rc, NULL, removal->what, removal->name);
}

static int delete_task(struct hull_call *call, void *arg)
{
    struct removal *removal = arg;
    removal->rc = hull_work(call, run_delete, removal);
    if (removal->rc < 0)
        (void)hull_problem_set(&removal->problem, (enum hull_kind) - removal->rc, "%s",
                               hull_error(call));
    HULL_ASSERT(eventfd_write(removal->done_fd, 1) == 0);
    unref(removal);
    return 0; /* who asked tells of an error */
}

/* --- what the kernel says about it ------------------------------------------------------------ */

static int open_watch(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        hull_fd_cleanup(&fd);
    return fd;
}

/* Whether MESSAGE says that NAME is gone; that it has left a bridge is said in another family. */
static bool says_gone(const struct nlmsghdr *message, const char *name)
{
    const struct ifinfomsg *head = NLMSG_DATA(message);
    size_t skip = NLMSG_ALIGN(sizeof(*head));
    if (message->nlmsg_type != RTM_DELLINK || message->nlmsg_len < NLMSG_SPACE(sizeof(*head)) ||
        head->ifi_family != AF_UNSPEC)
        return false;
    const struct nlattr *found =
        nl_find((const char *)head + skip, NLMSG_PAYLOAD(message, skip), IFLA_IFNAME);
    return found != NULL && nl_size(found) == strlen(name) + 1 &&
           memcmp(nl_data(found), name, nl_size(found)) == 0;
}

/* Read what has come. What was lost, because too much came, is no harm: the end is told, too. */
static bool heard_gone(int watch_fd, const char *name)
{
    static char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
    ssize_t got;
    while ((got = recv(watch_fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
        int left = (int)got;
        for (const struct nlmsghdr *message = (void *)buffer; NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (says_gone(message, name))
                return true;
        }
    }
    return false;
}

static int wait_gone(struct hull_call *call, const struct removal *removal, int watch_fd)
{
    struct pollfd fds[] = {{removal->done_fd, POLLIN, 0}, {watch_fd, POLLIN, 0}};
    do {
        int rc = hull_wait_fds(call, fds, watch_fd < 0 ? 1 : 2);
        if (rc < 0)
            return rc;
        if (fds[0].revents != 0)
            return removal->rc < 0 ? hull_fail_problem(call, &removal->problem) : 0;
    } while (!heard_gone(watch_fd, removal->name));
    return 0;
}

int netgone_delete(struct hull_call *call, const char *name, bool own, const char *what)
{
    if (strlen(name) >= IFNAMSIZ)
        return 0;
    struct removal *removal = calloc(1, sizeof(*removal));
    HULL_ASSERT(removal != NULL);
    *removal = (struct removal){
        .refs = 2, .own = own, .what = what, .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    memcpy(removal->name, name, strlen(name));
    if (removal->done_fd < 0) {
        free(removal);
        return hull_fail_errno(call, errno, "%s %s", what, name);
    }
    HULL_AUTO_FD watch_fd = open_watch();
    hull_shield(call);
    hull_spawn("interface-delete", delete_task, removal);
    int rc = wait_gone(call, removal, watch_fd);
    hull_unshield(call);
    unref(removal);
    return rc;
}
