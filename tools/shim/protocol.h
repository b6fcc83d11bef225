/*
 * protocol.h: what the daemon and a shim say to each other over a SOCK_SEQPACKET socket.
 *
 * One packet is one request, and has one answer with the same operation. A shim lives through
 * upgrades of the daemon: numbers keep their meaning for ever, new ones are added at the end.
 */
#ifndef TOOLS_SHIM_PROTOCOL_H
#define TOOLS_SHIM_PROTOCOL_H

#include <stdint.h>

#define SHIM_MAGIC 0x316d6873u /* "shm1" */

/*                     request                      answer                                      */
enum shim_op {
    SHIM_CREATE = 1, /* cgroups are ready           a: pid; with a pidfd                        */
    SHIM_START,      /*                             a: pid; after execve, or with an error      */
    SHIM_ATTACH,     /* a: SHIM_STD*; with a socket once output goes there                      */
    SHIM_RESIZE,     /* a: rows, b: columns                                                     */
    SHIM_KILL,       /* a: signal                                                               */
    SHIM_WAIT,       /*                             at the end: a: status, b: time, c: oom      */
    SHIM_STATUS,     /*                             a: shim_state, b: pid, c: tty, text: the
                                                 shim's own pid; with a pidfd               */
    SHIM_QUIT,       /* kill, and go                the end of the connection                   */
    SHIM_KEEP, /* a: place, below SHIM_KEPT_MAX; with a descriptor to keep for the next daemon */
    SHIM_KEPT, /* a: place                    with what was kept there, if anything       */
};

enum shim_state { SHIM_NEW, SHIM_CREATED, SHIM_RUNNING, SHIM_EXITED, SHIM_FAILED };

#define SHIM_STDIN 1
#define SHIM_STDOUT 2
#define SHIM_STDERR 4

#define SHIM_KEPT_MAX 4

#define SHIM_TEXT_MAX 1024

struct shim_packet {
    uint32_t magic;
    uint32_t op;
    int32_t kind; /* of an answer: 0, or what enum hull_kind the error in text is */
    uint32_t reserved;
    int64_t a, b, c;
    char text[SHIM_TEXT_MAX]; /* only what is used is sent, with its NUL */
};

#endif
