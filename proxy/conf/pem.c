/* pem.c - find the blocks of a PEM text.
 *
 * Spec:   RFC 7468 s3.
 * Layer:  conf.
 */
#include "conf/pem.h"

#include "conf/conf_arena.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* Where needle starts in s, or s.len. */
static size_t find(struct span s, struct span needle)
{
    const uint8_t *hit = s.len > 0 ? memmem(s.at, s.len, needle.at, needle.len) : NULL;

    return hit != NULL ? (size_t)(hit - s.at) : s.len;
}

/* Next block off *io_rest: its label, and all of it from BEGIN to behind END with a newline. */
static bool next_block(struct span *io_rest, struct span *out_label, struct span *out_block)
{
    size_t begin, label_end, end, close;
    struct span s;

    for (;;) {
        begin = find(*io_rest, SPAN_LIT(BEGIN));
        if (begin == io_rest->len)
            return false;
        *io_rest = s = span_from(*io_rest, begin);
        label_end = find(span_from(s, sizeof(BEGIN) - 1), SPAN_LIT(DASHES)) + sizeof(BEGIN) - 1;
        end = find(s, SPAN_LIT(END));
        if (label_end >= s.len || end == s.len)
            return false;
        *out_label = span_of(s.at + sizeof(BEGIN) - 1, label_end - (sizeof(BEGIN) - 1));
        close = find(span_from(s, end + sizeof(END) - 1), SPAN_LIT(DASHES)) + end + sizeof(END) - 1;
        if (close >= s.len)
            return false;
        *out_block = span_of(s.at, close + sizeof(DASHES) - 1);
        *io_rest = span_from(s, close + sizeof(DASHES) - 1);
        if (label_end < end)
            return true;
    }
}

static bool is_certificate(struct span label)
{
    return span_is(label, SPAN_LIT("CERTIFICATE")) || span_is(label, SPAN_LIT("X509 CERTIFICATE")) ||
           span_is(label, SPAN_LIT("TRUSTED CERTIFICATE"));
}

static bool is_key(struct span label)
{
    return span_ends(label, SPAN_LIT("PRIVATE KEY")) && !span_starts(label, SPAN_LIT("ENCRYPTED"));
}

uint32_t pem_certificates_n(struct span bytes)
{
    struct span label, block;
    uint32_t n = 0;

    while (next_block(&bytes, &label, &block))
        n += is_certificate(label);
    return n;
}

bool pem_has_key(struct span bytes)
{
    struct span label, block;

    while (next_block(&bytes, &label, &block))
        if (is_key(label) && find(block, SPAN_LIT("Proc-Type: 4,ENCRYPTED")) == block.len)
            return true;
    return false;
}

bool pem_split(struct conf_arena *arena, struct span bytes, struct span *out_chain, struct span *out_key)
{
    uint8_t *chain = conf_arena_take(arena, bytes.len + 1), *key = conf_arena_take(arena, bytes.len + 1);
    struct span label, block;
    size_t chain_bytes = 0, key_bytes = 0;

    if (chain == NULL || key == NULL)
        return false;
    while (next_block(&bytes, &label, &block)) {
        if (is_certificate(label)) {
            memcpy(chain + chain_bytes, block.at, block.len);
            chain_bytes += block.len;
            chain[chain_bytes++] = '\n';
        } else if (is_key(label) && key_bytes == 0) {
            memcpy(key, block.at, block.len);
            key_bytes = block.len;
            key[key_bytes++] = '\n';
        }
    }
    *out_chain = span_of(chain, chain_bytes);
    *out_key = span_of(key, key_bytes);
    return true;
}
