/*
 * filters.h: the filters of lists and prunes. Values under one key are alternatives, keys are
 * all demanded.
 *
 * The filters in a message have a type without a name; filters_of() gives it one.
 */
#ifndef HULL_COMMON_FILTERS_H
#define HULL_COMMON_FILTERS_H

#include <hull/call.h>

struct HULL_MAY_ALIAS filters {
    size_t n;
    const char **keys;
    struct hull_strv *v;
};
#define filters_of(member) ((const struct filters *)(const void *)&(member))

/* -HULL_INVALID "invalid filter 'x'" for a key that is not in ALLOWED (ended by NULL). */
int filters_check(struct hull_call *call, const struct filters *filters, const char *const *allowed)
    HULL_CHECKED;
/* The values under KEY; NULL when the key is absent or has none. */
const struct hull_strv *filters_get(const struct filters *filters, const char *key);
/* True when KEY is absent or one of its values is VALUE. */
bool filters_exact(const struct filters *filters, const char *key, const char *value);
/* The same for a value that matches VALUE as a regular expression anywhere, or is part of it. An
 * expression that is long, repeats much or refers back matches as a part only. */
bool filters_match(const struct filters *filters, const char *key, const char *value);
/* True for an expression that is neither long, nor repeats much, nor refers back. Worker-safe. */
bool filters_is_cheap(const char *pattern);
/* The same as filters_exact() for a value that VALUE begins with. */
bool filters_prefix(const struct filters *filters, const char *key, const char *value);
/* "label": every value, "k" or "k=v", is in LABELS; "label!": none is. */
bool filters_labels(const struct filters *filters, const struct hull_map *labels);
/* A boolean under KEY: *RET is unchanged when the key is absent. -HULL_INVALID "invalid filter
 * 'key=[x]'" for what is none. */
int filters_bool(struct hull_call *call, const struct filters *filters, const char *key, bool *ret)
    HULL_CHECKED;

#endif
