/*
 * fuzz-seccomp.c: a user's seccomp profile: what is taken is a filter that says what happens to
 * the rest, whatever the capabilities.
 */
#include <stdint.h>
#include <string.h>

#include "plugins/engine/container/seccomp.h"
#include <hull/daemon.h>
#include <hull/hull.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *text;
    size_t length;
};

static int check(struct hull_call *call, void *arg)
{
    const struct input *in = arg;
    const char *words[] = {"CAP_SYS_ADMIN"};
    struct hull_strv none = {0}, one = {1, words};
    struct oci_seccomp *bare, *more;
    int rc = seccomp_parse(call, in->text, in->length, &none, &bare);

    if (rc < 0) {
        HULL_ASSERT(hull_error(call)[0]);
        HULL_ASSERT(seccomp_parse(call, in->text, in->length, &one, &more) == rc);
        return 0;
    }
    HULL_ASSERT(seccomp_parse(call, in->text, in->length, &one, &more) == 0);
    HULL_ASSERT(bare->default_action[0] && strcmp(bare->default_action, more->default_action) == 0);
    HULL_ASSERT(bare->architectures.n == more->architectures.n);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hull_core_options options = {.stall_ms = 60000};
    struct input in = {(const char *)data, size};
    HULL_ASSERT(hull_core_run(&options, check, &in) == 0);
    return 0;
}
