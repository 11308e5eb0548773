/* h2_mem_test.c - the capped heap counts what it gives and says no at its end.
 *
 * Method: through the hooks, as nghttp2 calls them.
 */
#include "http/h2_mem.h"
#include "lib/check.h"

TEST(bytes_are_counted_until_they_come_back)
{
    struct h2_mem m;
    nghttp2_mem h;
    void *a, *b;
    uint32_t before;

    h2_mem_init(&m, 10000);
    h = h2_mem_hooks(&m);
    a = h.malloc(100, h.mem_user_data);
    b = h.calloc(10, 20, h.mem_user_data);
    CHECK(a != NULL && b != NULL && m.bytes >= 300 && m.bytes < 400, "%u\n", m.bytes);
    for (int i = 0; i < 200; i++)
        CHECK(((char *)b)[i] == 0, "not zeroed\n");
    before = m.bytes;
    a = h.realloc(a, 1000, h.mem_user_data);
    CHECK(a != NULL && m.bytes >= before + 850, "%u\n", m.bytes);
    h.free(NULL, h.mem_user_data);
    h.free(a, h.mem_user_data);
    h.free(b, h.mem_user_data);
    CHECK(m.bytes == 0 && !m.was_denied, "%u left\n", m.bytes);
}

TEST(cap_is_an_answer)
{
    struct h2_mem m;
    nghttp2_mem h;
    void *a;

    h2_mem_init(&m, 1000);
    h = h2_mem_hooks(&m);
    CHECK(h.malloc(1001, h.mem_user_data) == NULL && m.was_denied, "too much\n");
    CHECK(h.calloc(SIZE_MAX / 2, 4, h.mem_user_data) == NULL, "overflow\n");
    a = h.malloc(600, h.mem_user_data);
    CHECK(a != NULL && h.malloc(600, h.mem_user_data) == NULL, "sum\n");
    CHECK(h.realloc(a, 1200, h.mem_user_data) == NULL, "grown past the cap\n");
    a = h.realloc(a, 900, h.mem_user_data);
    CHECK(a != NULL, "what is given back counts\n");
    h.free(a, h.mem_user_data);
    CHECK(m.bytes == 0, "%u left\n", m.bytes);
}

TEST(torture_fails_once)
{
    struct h2_mem m;
    nghttp2_mem h;
    void *a, *b;

    h2_mem_init(&m, 1000);
    h = h2_mem_hooks(&m);
    m.fail_after = 2;
    a = h.malloc(1, h.mem_user_data);
    CHECK(a != NULL && h.malloc(1, h.mem_user_data) == NULL && m.was_denied, "the second\n");
    b = h.malloc(1, h.mem_user_data);
    CHECK(b != NULL, "and no other\n");
    h.free(a, h.mem_user_data);
    h.free(b, h.mem_user_data);
}

CHECK_RUN(
    RUN(bytes_are_counted_until_they_come_back),
    RUN(cap_is_an_answer),
    RUN(torture_fails_once))
