/* h2_mem.c - see h2_mem.h. Sizes are asked of the allocator, so that no block needs a header of ours.
 *
 * Layer:  http.
 */
#include "http/h2_mem.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/must.h"

void h2_mem_init(struct h2_mem *m, uint32_t bytes_max)
{
    *m = (struct h2_mem){ .bytes_max = bytes_max };
}

static bool mem_fits(struct h2_mem *m, size_t bytes, size_t instead_of)
{
    bool fails = m->fail_after > 0 && --m->fail_after == 0;

    MUST(instead_of <= m->bytes);
    if (!fails && bytes <= m->bytes_max && m->bytes - instead_of <= m->bytes_max - bytes)
        return true;
    m->was_denied = true;
    return false;
}

static void *mem_count(struct h2_mem *m, void *at)
{
    if (at != NULL)
        m->bytes += (uint32_t)malloc_usable_size(at);
    else
        m->was_denied = true;
    return at;
}

static void *mem_malloc(size_t size, void *user)
{
    if (!mem_fits(user, size, 0))
        return NULL;
    return mem_count(user, malloc(size)); /* tidy: banned-calls: because nghttp2 wants a heap, and this one is capped */
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || !mem_fits(user, bytes, 0))
        return NULL;
    return mem_count(user, calloc(n, size)); /* tidy: banned-calls: because nghttp2 wants a heap, and this one is capped */
}

static void mem_free(void *at, void *user)
{
    struct h2_mem *m = user;

    if (at == NULL)
        return;
    m->bytes -= (uint32_t)malloc_usable_size(at);
    free(at); /* tidy: banned-calls: because nghttp2 wants a heap, and this one is capped */
}

static void *mem_realloc(void *at, size_t size, void *user)
{
    struct h2_mem *m = user;
    size_t had = at != NULL ? malloc_usable_size(at) : 0;
    void *now;

    if (!mem_fits(m, size, had))
        return NULL;
    now = realloc(at, size); /* tidy: banned-calls: because nghttp2 wants a heap, and this one is capped */
    if (now == NULL) {
        m->was_denied = true;
        return NULL;
    }
    m->bytes = (uint32_t)(m->bytes - had + malloc_usable_size(now));
    return now;
}

void *h2_mem_take(struct h2_mem *m, size_t bytes)
{
    return mem_malloc(bytes, m);
}

void h2_mem_give(struct h2_mem *m, void *at)
{
    mem_free(at, m);
}

nghttp2_mem h2_mem_hooks(struct h2_mem *m)
{
    return (nghttp2_mem){
        .mem_user_data = m, .malloc = mem_malloc, .free = mem_free, .calloc = mem_calloc, .realloc = mem_realloc
    };
}
