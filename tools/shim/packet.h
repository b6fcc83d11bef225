/*
 * packet.h: packets over a SOCK_SEQPACKET socket, each with a descriptor or without: what the
 * daemon, a shim and its child use alike. Needs nothing but libc.
 */
#ifndef TOOLS_SHIM_PACKET_H
#define TOOLS_SHIM_PACKET_H

#include <stddef.h>
#include <sys/types.h>

/* Send SIZE bytes at DATA as one packet, with a descriptor unless PASSED_FD is -1. 0, or -1 with
 * errno. */
int send_packet(int fd, const void *data, size_t size, int passed_fd);
/* The bytes received, 0 at the end, or -1 with errno. FLAGS as for recvmsg(2). *ret_fd is a
 * descriptor that came along, closed on exec, or -1. */
ssize_t receive_packet(int fd, void *data, size_t size, int flags, int *ret_fd);

#endif
