/*
 * Which sanitizers this is compiled with, and what to tell them. Without one all of it is empty.
 */
#ifndef CORE_SANITIZER_H
#define CORE_SANITIZER_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define CORE_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
#define CORE_ASAN 0
#define ASAN_POISON_MEMORY_REGION(data, size) ((void)(data), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(data, size) ((void)(data), (void)(size))
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define CORE_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define CORE_TSAN 0
#endif

#endif
