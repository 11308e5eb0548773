/* hash_test.c - published vectors, and pieces that make a whole.
 *
 * Method: FIPS 180-4 examples and RFC 4231 cases 1, 2 and 6 (a key longer than a block).
 */
#include "store/hash.h"

#include "lib/check.h"
#include "proto/hex.h"

static void check_hex(const char *name, const uint8_t got[HASH_BYTES], const char *want)
{
    char text[2 * HASH_BYTES + 1] = "";

    hex_write(span_of(got, HASH_BYTES), text);
    CHECK(strcmp(text, want) == 0, "%s: %s\n", name, text);
}

TEST(hash_answers_the_published_vectors)
{
    uint8_t out[HASH_BYTES];

    hash_of(SPAN_LIT(""), out);
    check_hex("empty", out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_of(SPAN_LIT("abc"), out);
    check_hex("abc", out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_of(SPAN_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    check_hex("two blocks", out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(hash_keyed_answers_the_published_vectors)
{
    uint8_t key[131], out[HASH_BYTES];

    memset(key, 0x0b, 20);
    hash_keyed(span_of(key, 20), SPAN_LIT("Hi There"), out);
    check_hex("case 1", out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hash_keyed(SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"), out);
    check_hex("case 2", out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    hash_keyed(span_of(key, sizeof(key)), SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    check_hex("case 6", out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(hash_does_not_see_the_pieces)
{
    uint8_t bytes[1000], whole[HASH_BYTES], pieces[HASH_BYTES];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    hash_of(span_of(bytes, sizeof(bytes)), whole);
    for (size_t piece = 1; piece < 130; piece++) {
        struct hash h;

        hash_init(&h);
        for (size_t at = 0; at < sizeof(bytes); at += piece)
            hash_add(&h, span_of(bytes + at, at + piece > sizeof(bytes) ? sizeof(bytes) - at : piece));
        hash_end(&h, pieces);
        CHECK(hash_is_equal(whole, pieces), "pieces of %zu\n", piece);
    }
    pieces[31] ^= 1;
    CHECK(!hash_is_equal(whole, pieces), "the last bit is not looked at\n");
}

CHECK_RUN(RUN(hash_answers_the_published_vectors), RUN(hash_keyed_answers_the_published_vectors), RUN(hash_does_not_see_the_pieces))
