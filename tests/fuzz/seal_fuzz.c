/* seal_fuzz.c - sealed bytes and key files that somebody made up: never opened, never a fall.
 *
 * The bytes are opened as they are; and what was sealed with their first half as text opens, unless the second half changes it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "store/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
    struct seal s = { .keys_n = 0 };
    size_t text_n = n / 2, sealed_n = text_n + SEAL_OVERHEAD_BYTES, opened_n = 0;
    uint8_t *opened = malloc(n + SEAL_OVERHEAD_BYTES), *sealed = malloc(sealed_n);
    bool is_changed = false;

    MUST(opened != NULL && sealed != NULL && seal_add_key(&s, key));
    MUST(seal_open(&s, SPAN_LIT("x"), span_of(data, n), opened, &opened_n) != WHY_OK);
    seal_close(&s, SPAN_LIT("x"), span_of(data, text_n), sealed);
    for (size_t i = text_n; i + 1 < n; i += 2) {
        sealed[data[i] % sealed_n] ^= data[i + 1];
        is_changed = is_changed || data[i + 1] != 0;
    }
    if (!is_changed)
        MUST(seal_open(&s, SPAN_LIT("x"), span_of(sealed, sealed_n), opened, &opened_n) == WHY_OK && opened_n == text_n &&
             memcmp(opened, data, text_n) == 0);
    else
        (void)(seal_open(&s, SPAN_LIT("x"), span_of(sealed, sealed_n), opened, &opened_n) == WHY_OK); /* Two changes may undo each other. */
    free(opened);
    free(sealed);
    return 0;
}
