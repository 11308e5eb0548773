/* h2_mem.h - the heap that one HTTP/2 session may use, mostly through nghttp2: counted, with an end.
 *
 * Layer:  http.
 * Owner:  the session embeds one; it must outlive the nghttp2_session made with it.
 * Bounds: bytes_max; past it nghttp2 hears "no memory" and the session ends with WHY_H2_MEMORY.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

struct h2_mem {
    uint32_t bytes;      /* in use, as the allocator rounds them    */
    uint32_t bytes_max;
    uint32_t fail_after; /* torture: allocations left before one fails; 0: never */
    bool     was_denied; /* an allocation failed, by the cap or by the system    */
};

void h2_mem_init(struct h2_mem *m, uint32_t bytes_max);
/* For what the session itself keeps on the same account. NULL: no more. */
void *h2_mem_take(struct h2_mem *m, size_t bytes);
void h2_mem_give(struct h2_mem *m, void *at);
/* What nghttp2_session_*_new3 wants; it copies the answer. */
nghttp2_mem h2_mem_hooks(struct h2_mem *m);
