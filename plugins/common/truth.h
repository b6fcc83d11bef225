/*
 * truth.h: truths as Go reads them.
 */
#ifndef HULL_COMMON_TRUTH_H
#define HULL_COMMON_TRUTH_H

#include <stdbool.h>

/* "1", "t", "T", "true", "True", "TRUE", or the same of false. False when TEXT is none of them;
 * *RET is then as it was. Worker-safe. */
bool truth_parse(const char *text, bool *ret);

#endif
