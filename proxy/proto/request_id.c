/* request_id.c - see request_id.h.
 *
 * Spec:   RFC 9562 s5.7.
 * Layer:  proto. Pure.
 */
#include "proto/request_id.h"

#include "base/clock.h"
#include "proto/hex.h"

void request_id_write(uint64_t wall_ns, struct rng *rng, char *out)
{
    uint64_t ms = wall_ns / NS_PER_MS, first = rng_u64(rng), second = rng_u64(rng);
    uint8_t id[16];

    for (unsigned i = 0; i < 6; i++)
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(id + 6, &first, 2);
    memcpy(id + 8, &second, 8);
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f)); /* version */
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f)); /* variant */
    static const struct { uint8_t from, bytes, to; } groups[] = {
        { 0, 4, 0 }, { 4, 2, 9 }, { 6, 2, 14 }, { 8, 2, 19 }, { 10, 6, 24 },
    };
    for (unsigned i = 0; i < 5; i++)
        hex_write(span_of(id + groups[i].from, groups[i].bytes), out + groups[i].to);
    out[8] = out[13] = out[18] = out[23] = '-';
}

bool request_id_may_keep(struct span text)
{
    if (text.len == 0 || text.len > REQUEST_ID_KEPT_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i], lower = c | 0x20;
        if (!((c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || memchr("-_.:+/=@", c, 8) != NULL))
            return false;
    }
    return true;
}
