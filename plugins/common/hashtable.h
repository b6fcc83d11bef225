/*
 * hashtable.h: uthash, which would end the process without a word when there is no memory.
 */
#ifndef HULL_COMMON_HASHTABLE_H
#define HULL_COMMON_HASHTABLE_H

#include <hull/error.h>

#define uthash_fatal(what) hull_bug(__FILE__, __LINE__, what)
#include <uthash.h>

#endif
