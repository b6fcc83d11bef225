/*
 * platform.h: which machine an image is for: "linux/arm/v7", as people write it, as clients send
 * it, and whether an image fits.
 */
#ifndef HULL_COMMON_PLATFORM_H
#define HULL_COMMON_PLATFORM_H

#include <stdbool.h>

#include <hull/arena.h>
#include <hull/error.h>

/* A part that was not named is "". */
struct platform {
    const char *os, *architecture, *variant;
};

/* This host's, in OCI's words: "amd64". Worker-safe. */
const char *platform_host_architecture(void);

/*
 * "os", "architecture", "os/architecture" or "os/architecture/variant", any case, with the names
 * that compilers and kernels use ("x86_64", "aarch64", "armhf"). What is left out is this host's.
 * False: PROBLEM says why in docker's words. Worker-safe.
 */
bool platform_parse(struct hull_arena *arena, const char *text, struct platform *ret,
                    struct hull_problem *problem);
/* "linux/arm/v7" Worker-safe. */
char *platform_string(struct hull_arena *arena, const struct platform *platform);
/* {"architecture":"arm","os":"linux","variant":"v7"}. Worker-safe. */
char *platform_json(struct hull_arena *arena, const struct platform *platform);
/* True when something for OWN is what was asked for by WANTED. Worker-safe. */
bool platform_fits(const struct platform *wanted, const struct platform *own);

#endif
