/* random.h - the kernel's generator: keys, identifiers that must not be guessed.
 *
 * Layer:  base.
 * Thread: any.
 */
#pragma once

#include <stddef.h>

/* Fill with bytes of getrandom(2). Aborts when the kernel has none to give: only possible before early boot ended. */
void random_secure(void *out, size_t len);
