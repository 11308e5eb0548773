/* request_id_test.c - ids are well-formed, carry their time, differ; foreign ones are kept only when clean. */
#include "lib/check.h"

#include "proto/request_id.h"

TEST(request_id_is_a_uuid_v7)
{
    struct rng rng;
    char before[REQUEST_ID_BYTES] = "";

    rng_init(&rng, 1);
    for (unsigned i = 0; i < 1000; i++) {
        char id[REQUEST_ID_BYTES];
        request_id_write(UINT64_C(0x0123456789ab) * 1000000 + i, &rng, id);
        CHECK(memcmp(id, "01234567-89ab-7", 15) == 0, "time or version: %.36s\n", id);
        CHECK(strchr("89ab", id[19]) != NULL && id[18] == '-' && id[23] == '-', "variant: %.36s\n", id);
        for (unsigned k = 0; k < REQUEST_ID_BYTES; k++)
            CHECK(strchr("0123456789abcdef-", id[k]) != NULL &&
                  (id[k] == '-') == (k == 8 || k == 13 || k == 18 || k == 23), "%.36s\n",
                  id);
        CHECK(memcmp(id, before, sizeof(id)) != 0, "twice the same\n");
        CHECK(request_id_may_keep(span_of(id, sizeof(id))), "own id is not clean\n");
        memcpy(before, id, sizeof(id));
    }
}

TEST(request_id_sorts_by_time)
{
    struct rng rng;
    char early[REQUEST_ID_BYTES], late[REQUEST_ID_BYTES];

    rng_init(&rng, 2);
    request_id_write(UINT64_C(1700000000000) * 1000000, &rng, early);
    request_id_write(UINT64_C(1700000000001) * 1000000, &rng, late);
    CHECK(memcmp(early, late, sizeof(early)) < 0, "%.36s after %.36s\n", early, late);
}

TEST(request_id_from_outside)
{
    static const char *bad[] = { "", "a b", "a\"", "a\r\nX: y", "a\x7f", "\xc3\xa9", "a,b", "<a>", "a;b", "a`", "[a]",
                                 "{a}" };
    char longest[REQUEST_ID_KEPT_BYTES + 1];

    CHECK(request_id_may_keep(SPAN_LIT("aZ09-_.:+/=@")), "clean one\n");
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!request_id_may_keep(span_str(bad[i])), "%s: kept\n", bad[i]);
    CHECK(!request_id_may_keep(span_of("a\0b", 3)), "NUL kept\n");
    memset(longest, 'a', sizeof(longest));
    CHECK(request_id_may_keep(span_of(longest, REQUEST_ID_KEPT_BYTES)), "longest\n");
    CHECK(!request_id_may_keep(span_of(longest, REQUEST_ID_KEPT_BYTES + 1)), "too long\n");
}

CHECK_RUN(RUN(request_id_is_a_uuid_v7), RUN(request_id_sorts_by_time), RUN(request_id_from_outside))
