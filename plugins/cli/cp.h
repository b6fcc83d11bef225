/*
 * cp.h: a tree of this host to a tar and back, on a worker.
 */
#ifndef CLI_CP_H
#define CLI_CP_H

#include <hull/fiber.h>

/* From the entries of a tar, whose first part is BASE, to NAME in DIR_FD. */
struct cp_unpack {
    int tar_fd;
    int dir_fd;
    const char *base; /* "" when the entries have no first part to replace */
    const char *name; /* "" puts what is below BASE into DIR_FD itself */
    bool owners;      /* keep them */
    uint64_t bytes;
};
/* The file or tree at PATH as a tar whose entries begin with NAME ("." for its content alone). */
struct cp_pack {
    int tar_fd;
    const char *path;
    const char *name;
    bool follow; /* a link at PATH */
    uint64_t bytes;
};

/* ARG is the struct; for hull_work(). */
int cp_unpack_work(struct hull_work *work, void *arg);
int cp_pack_work(struct hull_work *work, void *arg);

#endif
