/*
 * claims.c: layers and blobs that somebody is working on. The list is as long as there are loads
 * and removals right now.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

struct claim {
    char *key;
    unsigned count; /* of pins; 0: it is a claim */
    struct claim *next;
};

static struct claim *claims;
static struct hull_cond released;

static struct claim **find(const char *key)
{
    struct claim **at = &claims;

    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void add(const char *key, unsigned count)
{
    struct claim *claim = malloc(sizeof(*claim));

    HULL_ASSERT(claim);
    *claim = (struct claim){.key = strdup(key), .count = count, .next = claims};
    HULL_ASSERT(claim->key);
    claims = claim;
}

int img_claim(struct hull_call *call, const char *key)
{
    int rc = 0;

    while (rc == 0 && *find(key))
        rc = hull_cond_wait(call, &released);
    if (rc == 0)
        add(key, 0);
    return rc;
}

int img_pin(struct hull_call *call, const char *key)
{
    struct claim *there;
    int rc = 0;

    while (rc == 0 && (there = *find(key)) && there->count == 0)
        rc = hull_cond_wait(call, &released);
    if (rc < 0)
        return rc;
    if (there)
        there->count++;
    else
        add(key, 1);
    return 0;
}

bool img_claim_idle(const char *key)
{
    if (*find(key))
        return false;
    add(key, 0);
    return true;
}

void img_release(const char *key)
{
    struct claim **at = find(key), *claim = *at;

    HULL_ASSERT(claim);
    if (claim->count > 1) {
        claim->count--;
        return;
    }
    *at = claim->next;
    free(claim->key);
    free(claim);
    hull_cond_broadcast(&released);
}

const char *img_layer_key(struct hull_call *call, const char *chain)
{
    return hull_printf(call, "layer %s", chain);
}
