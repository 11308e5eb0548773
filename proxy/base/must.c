/* must.c - the last words of a broken promise.
 *
 * Layer:  base.
 * Bounds: one line of at most 512 bytes, from the stack: the heap may be what is broken.
 * Thread: any.
 */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void must_fail(const char *file, int line, const char *func, const char *what)
{
    char text[512];
    int  n = snprintf(text, sizeof text, "forged: broken promise at %s:%d, %s(): %s\n", file, line, func, what);

    if (n > 0) {
        size_t  len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        ssize_t written = write(STDERR_FILENO, text, len);
        UNUSED(written);
    }
    abort();
}
