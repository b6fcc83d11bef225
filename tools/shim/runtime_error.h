/*
 * runtime_error.h: what an OCI runtime says of its failure, for the shim and the daemon.
 */
#ifndef TOOLS_SHIM_RUNTIME_ERROR_H
#define TOOLS_SHIM_RUNTIME_ERROR_H

#include <hull/base.h>

/* What TEXT, the log of a runtime that failed, says, in docker's words; "" when it says nothing.
 * Worker-safe. */
const char *runtime_error(struct hull_arena *arena, const char *text);

#endif
