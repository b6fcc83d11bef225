/* Plugins that can't be loaded; which one, the command line of the compiler says. */
#define HULL_DEFINE_TABLES
#include <stdlib.h>

#include "toys.h"

HULL_UNUSED static int never(struct hull_call *call)
{
    (void)call;
    abort(); /* nothing of a broken plugin runs */
}

#if defined(TOY_OLD_ABI)
HULL_PUBLIC extern const struct hull_plugin hull_plugin_toy_old_abi;
const struct hull_plugin hull_plugin_toy_old_abi = {.magic = HULL_PLUGIN_MAGIC,
                                                    .abi_major = HULL_ABI_MAJOR + 1,
                                                    .size = sizeof(struct hull_plugin),
                                                    .port = "toy/old-abi",
                                                    .init = never};

#elif defined(TOY_ORPHAN)
static const char *const needs[] = {"no/such", NULL};
HULL_PLUGIN(toy_orphan, .port = "toy/orphan", .needs = needs, .init = never);

#elif defined(TOY_UNRESOLVED)
int toy_symbol_that_nobody_has(struct hull_call *call);
HULL_PLUGIN(toy_unresolved, .port = "toy/unresolved", .init = toy_symbol_that_nobody_has);

#elif defined(TOY_NO_TABLE)
HULL_PLUGIN(toy_another, .port = "toy/another", .init = never);

#elif defined(TOY_WRONG_PORT)
HULL_PLUGIN(toy_wrong_port, .port = "toy/other", .init = never);

#elif defined(TOY_FAILING)
static int fails(struct hull_call *call)
{
    int rc = hull_sleep(call, 2);
    return rc < 0 ? rc : hull_fail(call, HULL_NO_SPACE, "no room for toys");
}
HULL_PLUGIN(toy_failing, .port = "toy/failing", .init = fails);

#elif defined(TOY_RING_A)
static const char *const needs[] = {"toy/ring-b", NULL};
HULL_PLUGIN(toy_ring_a, .port = "toy/ring-a", .needs = needs, .init = never);

#elif defined(TOY_RING_B)
static const char *const needs[] = {"toy/ring-a", NULL};
HULL_PLUGIN(toy_ring_b, .port = "toy/ring-b", .needs = needs, .init = never);
#endif
