/* conf_arena.c - one reserved block, bump allocation.
 *
 * Layer:  conf.
 */
#include "conf/conf_arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

enum { ALIGN_BYTES = 16 };

struct conf_arena *conf_arena_open(size_t bytes_max)
{
    struct conf_arena *a;

    MUST(bytes_max > sizeof(*a));
    a = memory_map(bytes_max);
    if (a == NULL)
        return NULL;
    a->bytes = sizeof(*a);
    a->bytes_max = bytes_max;
    return a;
}

void conf_arena_close(struct conf_arena *a)
{
    memory_unmap(a, a != NULL ? a->bytes_max : 0);
}

void *conf_arena_take(struct conf_arena *a, size_t bytes)
{
    size_t at = (a->bytes + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);

    if (a->is_full || at > a->bytes_max || bytes > a->bytes_max - at) {
        a->is_full = true;
        return NULL;
    }
    a->bytes = at + bytes;
    return (uint8_t *)a + at; /* Zero: fresh pages of the kernel's, never given out twice. */
}

void *conf_arena_array(struct conf_arena *a, size_t count, size_t size)
{
    if (size != 0 && count > a->bytes_max / size) {
        a->is_full = true;
        return NULL;
    }
    return conf_arena_take(a, count * size);
}

struct span conf_arena_copy(struct conf_arena *a, struct span s)
{
    uint8_t *copy = conf_arena_take(a, s.len + 1);

    if (copy == NULL)
        return SPAN_NONE;
    if (s.len > 0)
        memcpy(copy, s.at, s.len);
    return span_of(copy, s.len);
}

struct span conf_arena_format(struct conf_arena *a, const char *format, ...)
{
    va_list args, again;
    char *text;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MUST(len >= 0);
    text = conf_arena_take(a, (size_t)len + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text != NULL ? span_of(text, (size_t)len) : SPAN_NONE;
}
