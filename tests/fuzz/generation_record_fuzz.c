/* generation_record_fuzz.c - records of generations, damaged or made up: an answer, never a fall.
 *
 * The first byte says whether the hash behind the bytes is made right first, so that the fuzzer gets past it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "store/generation_record.h"

enum { MEMORY_BYTES = 1 << 20 };

struct memory {
    char  *bytes;
    size_t used;
};

static void *take(void *owner, size_t bytes)
{
    struct memory *m = owner;
    size_t at = (m->used + 15) & ~(size_t)15;

    if (bytes > MEMORY_BYTES || at + bytes > MEMORY_BYTES)
        return NULL;
    m->used = at + bytes;
    return m->bytes + at;
}

static bool touch(void *owner, const uint8_t digest[HASH_BYTES])
{
    uint8_t *sum = owner;

    *sum ^= digest[0] ^ digest[HASH_BYTES - 1];
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct memory m = { NULL, 0 };
    struct generation g;
    uint8_t *bytes, sum = 0;

    if (n < 1 + HASH_BYTES)
        return 0;
    m.bytes = malloc(MEMORY_BYTES);
    bytes = malloc(n - 1);
    MUST(m.bytes != NULL && bytes != NULL);
    memcpy(bytes, data + 1, n - 1);
    if (data[0] & 1)
        hash_of(span_of(bytes, n - 1 - HASH_BYTES), bytes + n - 1 - HASH_BYTES);
    generation_record_each(span_of(bytes, n - 1), touch, &sum);
    if (generation_record_read(span_of(bytes, n - 1), take, &m, &g) == GENERATION_RECORD_OK) {
        size_t again_n = generation_record_bytes(&g);
        uint8_t *again = malloc(again_n);

        MUST(again != NULL && again_n == n - 1); /* One generation has one form... */
        generation_record_write(&g, again);
        MUST(again[0] == bytes[0]);
        free(again);
    }
    free(bytes);
    free(m.bytes);
    return 0;
}
