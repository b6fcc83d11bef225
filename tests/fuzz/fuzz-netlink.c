/*
 * fuzz-netlink.c: attributes of the kernel's answers: none reaches beyond the bytes it is in, and
 * what was put into a request is found in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_all(const uint8_t *data, size_t size, int depth)
{
    for (unsigned type = 0; type < 64; type++) {
        const struct nlattr *found = nl_find(data, size, (uint16_t)type);
        if (found == NULL)
            continue;
        const uint8_t *content = nl_data(found);
        HULL_ASSERT(content >= data && nl_size(found) <= size &&
                    content + nl_size(found) <= data + size);
        if (nl_size(found) >= 4)
            (void)nl_u32(found);
        if (depth > 0)
            check_all(content, nl_size(found), depth - 1);
    }
}

static void put_and_find(const uint8_t *data, size_t size)
{
    struct nl_batch batch = {0};
    uint32_t head = 0;
    size_t skip = NLMSG_HDRLEN + sizeof(head);
    nl_begin(&batch, 16, 0, &head, sizeof(head));
    nl_put_u32(&batch, 1, (uint32_t)size);
    size_t nest = nl_nest(&batch, 2);
    nl_put(&batch, 3, data, size);
    nl_nest_end(&batch, nest);
    const struct nlattr *outer = nl_find(batch.data + skip, batch.length - skip, 2);
    HULL_ASSERT(outer != NULL);
    const struct nlattr *inner = nl_find(nl_data(outer), nl_size(outer), 3);
    HULL_ASSERT(inner != NULL && nl_size(inner) == size);
    HULL_ASSERT(memcmp(nl_data(inner), data, size) == 0);
    nl_done(&batch);
}

/* The copy is aligned, as what a socket's buffer holds is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    HULL_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    check_all(copy, size, 2);
    if (size < 30000)
        put_and_find(copy, size);
    free(copy);
    return 0;
}
