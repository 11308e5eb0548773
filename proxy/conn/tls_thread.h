/* tls_thread.h - what the TLS library's callbacks need of the thread they run in: memory and random bytes.
 *
 * Layer:  conn (tls_*).
 * Owner:  each thread has its own, made at first use; nothing to open or close.
 * Bounds: TLS_HEAP_BYTES_MAX of live memory a thread; past it the library is told that there is none.
 * Thread: any. Memory may be freed by another thread than took it: only the sum of all threads is exact then.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of the kernel's generator, from this thread's pool. */
void tls_thread_random(void *out, size_t bytes);
/* As malloc, realloc and free, counted. NULL when the bound is reached. */
void *tls_thread_malloc(size_t bytes);
void *tls_thread_realloc(void *at, size_t bytes);
void tls_thread_free(void *at);
/* Live bytes that this thread took and did not free; 0 when it freed more than it took. */
uint64_t tls_thread_heap_bytes(void);
/* Torture: let the n-th allocation of this thread from now fail once (1 = the next). 0 turns it off. */
void tls_thread_fail_after(uint32_t n);
