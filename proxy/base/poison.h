/* poison.h - tell AddressSanitizer which of our own memory is free; nothing in other builds.
 *
 * Layer:  base.
 */
#pragma once

#include <stddef.h>

#include "base/must.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_IS_ON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(POISON_IS_ON)
#define POISON_IS_ON 1
#endif

#ifdef POISON_IS_ON
#include <sanitizer/asan_interface.h>
enum { POISON_GAP_BYTES = 64 }; /* never-valid bytes behind each slot */
static inline void poison_set(void *at, size_t bytes)
{
    ASAN_POISON_MEMORY_REGION(at, bytes);
}
static inline void poison_clear(void *at, size_t bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
}
#else
enum { POISON_GAP_BYTES = 0 };
static inline void poison_set(void *at, size_t bytes)
{
    UNUSED(at);
    UNUSED(bytes);
}
static inline void poison_clear(void *at, size_t bytes)
{
    UNUSED(at);
    UNUSED(bytes);
}
#endif
