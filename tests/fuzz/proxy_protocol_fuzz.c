/* proxy_protocol_fuzz.c - the first bytes of a connection, any of them.
 *
 * Goal:   no byte string breaks the reader; a header never reaches past what was there; the verdict does not depend on
 *         the cut.
 * Method: the input is read whole and at each shorter length: DONE is DONE at each length from its own on, BAD stays
 *         BAD.
 * Replay: proxy_protocol_fuzz FILE
 */
#include "base/must.h"
#include "proto/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_protocol whole, part;
    enum why why_whole = WHY_OK, why_part = WHY_OK;
    enum proxy_protocol_got answer = proxy_protocol_read(span_of(data, size), &whole, &why_whole);

    MUST(answer != PROXY_PROTOCOL_DONE || (whole.bytes > 0 && whole.bytes <= size &&
                                           whole.bytes <= PROXY_PROTOCOL_BYTES_MAX));
    MUST(answer != PROXY_PROTOCOL_MORE || size < PROXY_PROTOCOL_BYTES_MAX);
    MUST((answer == PROXY_PROTOCOL_BAD) == (why_whole != WHY_OK));
    for (size_t len = 0; len < size && len < 300; len++) {
        switch (proxy_protocol_read(span_of(data, len), &part, &why_part)) {
        case PROXY_PROTOCOL_MORE: MUST(answer != PROXY_PROTOCOL_DONE || len < whole.bytes); break;
        case PROXY_PROTOCOL_DONE: MUST(answer == PROXY_PROTOCOL_DONE && part.bytes == whole.bytes); break;
        case PROXY_PROTOCOL_BAD:  MUST(answer == PROXY_PROTOCOL_BAD && why_part == why_whole); break;
        }
    }
    return 0;
}
