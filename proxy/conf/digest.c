/* digest.c - SipHash-2-4-128, twice.
 *
 * Spec:   Aumasson and Bernstein, "SipHash: a fast short-input PRF", with the 128-bit output of their reference code.
 * Layer:  conf. Pure.
 */
#include "conf/digest.h"

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

static uint64_t sip_end(uint64_t v[4])
{
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void sip_init(uint64_t v[4], uint64_t key0, uint64_t key1)
{
    v[0] = key0 ^ 0x736f6d6570736575u;
    v[1] = key1 ^ 0x646f72616e646f6du ^ 0xee; /* 0xee: 128 bits will be asked for */
    v[2] = key0 ^ 0x6c7967656e657261u;
    v[3] = key1 ^ 0x7465646279746573u;
}

void digest_init(struct digest *d)
{
    /* The reference key for the first half, so that its published vectors test us; another one for the second. */
    sip_init(d->_v[0], 0x0706050403020100u, 0x0f0e0d0c0b0a0908u);
    sip_init(d->_v[1], 0x1716151413121110u, 0x1f1e1d1c1b1a1918u);
    d->_tail = 0;
    d->_bytes = 0;
}

static void add_byte(struct digest *d, uint8_t byte)
{
    d->_tail |= (uint64_t)byte << d->_bytes % 8 * 8;
    if (++d->_bytes % 8 == 0) {
        sip_word(d->_v[0], d->_tail);
        sip_word(d->_v[1], d->_tail);
        d->_tail = 0;
    }
}

void digest_add_u64(struct digest *d, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        add_byte(d, (uint8_t)(value >> i * 8));
}

void digest_add(struct digest *d, struct span bytes)
{
    digest_add_u64(d, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        add_byte(d, bytes.at[i]);
}

void digest_end(struct digest *d, uint8_t out[DIGEST_BYTES])
{
    uint64_t last = d->_tail | d->_bytes << 56;

    for (int half = 0; half < 2; half++) {
        uint64_t *v = d->_v[half], word;
        sip_word(v, last);
        v[2] ^= 0xee;
        word = sip_end(v);
        memcpy(out + half * 16, &word, 8);
        v[1] ^= 0xdd;
        word = sip_end(v);
        memcpy(out + half * 16 + 8, &word, 8);
    }
}
