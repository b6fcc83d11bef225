/*
 * sanitized.h: what the sanitizers of a build with them have to know; for the file with main().
 *
 * The address sanitizer watches __tls_get_addr() to find the thread-local variables of loaded
 * plugins. It takes a block of them whose address ends in 0x010 for one with a header of an old C
 * library before it, and what stands there for the bounds of the block: the leak checker then reads
 * anywhere and dies. The C library has these blocks from malloc() and refers to them from what is
 * searched anyway, so that nothing is lost without.
 */
#ifndef TOOLS_SANITIZED_H
#define TOOLS_SANITIZED_H

#ifdef HULL_SANITIZED
const char *__asan_default_options(void);
__attribute__((visibility("default"), used)) const char *__asan_default_options(void)
{
    return "intercept_tls_get_addr=0";
}
#endif

#endif
