/* random.c - getrandom(2), until it has given all.
 *
 * Layer:  base.
 */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/must.h"

void random_secure(void *out, size_t len)
{
    uint8_t *at = out;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        MUST(n > 0);
        at += n;
        len -= (size_t)n;
    }
}
