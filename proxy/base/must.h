/* must.h - always-on assertions for our own mistakes, and nothing else.
 *
 * Layer:  base.
 * Bounds: a MUST that a client, upstream, peer node, operator or empty pool can
 *         make false is a bug by definition: it should have been an enum why.
 */
#pragma once

#include <stddef.h>

/* Print the place and the broken promise, then abort. Never returns. */
_Noreturn void must_fail(const char *file, int line, const char *func, const char *what);

#define MUST(x) \
    (__builtin_expect(!(x), 0) ? must_fail(__FILE__, __LINE__, __func__, #x) : (void)0)

#define must_not_reach(what) must_fail(__FILE__, __LINE__, __func__, what)

/* Checks too dear for production: on in simulation, fuzz and sanitizer builds. */
#ifdef FORGE_PARANOID
#define PARANOID(x) MUST(x)
#else
#define PARANOID(x) ((void)0)
#endif

#define STATIC_MUST(x, what) _Static_assert(x, what)
#define UNUSED(x) ((void)(x))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
