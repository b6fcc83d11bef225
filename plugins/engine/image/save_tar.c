/*
 * save_tar.c: the tar of docker save, written from its plan (save.h).
 */
#include "save.h"

#include <stdio.h>
#include <string.h>

#define TAR_BLOCK_SIZE 512

static void octal(char *field, size_t size, int64_t value)
{
    /* Larger than the digits hold: base 256, as every tar of today reads. */
    if (value >> (3 * (size - 1))) {
        for (size_t i = size; i > 0; i--, value >>= 8)
            field[i - 1] = (char)(value & 0xff);
        field[0] = (char)0x80;
        return;
    }
    snprintf(field, size, "%0*llo", (int)size - 1, (unsigned long long)value);
}

static void make_header(const struct save_member *member, char block[TAR_BLOCK_SIZE])
{
    unsigned sum = 0;

    memset(block, 0, TAR_BLOCK_SIZE);
    snprintf(block, 100, "%s%s", member->name, member->folder ? "/" : "");
    octal(block + 100, 8, member->folder ? 0755 : 0644);
    octal(block + 108, 8, 0);
    octal(block + 116, 8, 0);
    octal(block + 124, 12, member->size);
    octal(block + 136, 12, member->mtime);
    memset(block + 148, ' ', 8);
    block[156] = member->folder ? '5' : '0';
    memcpy(block + 257, "ustar\00000", 8);
    for (size_t i = 0; i < TAR_BLOCK_SIZE; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
}

static int write_content(struct hull_call *call, struct save_plan *plan,
                         const struct save_member *member)
{
    struct content_blob request = {.digest = member->digest, .fd = -1}, blob;
    struct hull_stream *from;
    uint64_t bytes;
    int rc;

    if (member->folder)
        return 0;
    if (member->text)
        return hull_stream_write(call, plan->to, member->text, (size_t)member->size);
    rc = content_open(call, IMG_CONTENT, &request, &blob);
    if (rc < 0)
        return rc;
    from = hull_stream_from_fd(blob.fd);
    rc = hull_stream_copy(call, from, plan->to, &bytes);
    hull_stream_close(from);
    if (rc == 0 && (int64_t)bytes != member->size)
        return hull_fail(call, HULL_IO, "blob %s changed its size", member->digest);
    return rc;
}

static int write_plan(struct hull_call *call, struct save_plan *plan)
{
    static const char zeros[2 * TAR_BLOCK_SIZE];
    char block[TAR_BLOCK_SIZE];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < plan->n; i++) {
        const struct save_member *member = &plan->v[i];
        size_t over = (size_t)member->size % TAR_BLOCK_SIZE;
        make_header(member, block);
        rc = hull_stream_write(call, plan->to, block, sizeof(block));
        if (rc == 0)
            rc = write_content(call, plan, member);
        if (rc == 0 && over)
            rc = hull_stream_write(call, plan->to, zeros, TAR_BLOCK_SIZE - over);
    }
    return rc < 0 ? rc : hull_stream_write(call, plan->to, zeros, sizeof(zeros));
}

void save_plan_free(struct save_plan *plan)
{
    for (size_t i = 0; i < plan->pins.n; i++)
        img_release(plan->pins.v[i]);
    hull_stream_close(plan->to);
    hull_arena_free(plan->arena);
}

int save_plan_write(struct hull_call *call, void *arg)
{
    struct save_plan *plan = arg;
    int rc = write_plan(call, plan);

    if (rc == 0)
        rc = hull_stream_shutdown(call, plan->to);
    save_plan_free(plan);
    if (rc == -HULL_IO || rc == -HULL_CANCELED)
        hull_error_clear(call);
    return rc == -HULL_IO || rc == -HULL_CANCELED ? 0 : rc;
}
