/* socket_address_test.c - both families there and back; an absent address is zero. */
#include "io/socket_address.h"

#include "lib/check.h"

TEST(socket_address_goes_there_and_back)
{
    static const uint8_t rows[][16] = {
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 },
        { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
    };
    static const int families[] = { AF_INET, AF_INET6 };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct socket_address a;
        uint8_t back[16];
        uint16_t port;

        socket_address_join(rows[i], 8443, &a);
        CHECK(a.any.sa_family == families[i], "row %zu: family %d\n", i, a.any.sa_family);
        socket_address_split(&a, back, &port);
        CHECK(memcmp(back, rows[i], 16) == 0 && port == 8443, "row %zu: port %u\n", i, port);
    }
}

TEST(socket_address_that_is_not_there_is_zero)
{
    struct socket_address a = { .bytes_n = 0 };
    static const uint8_t zero[16];
    uint8_t back[16];
    uint16_t port = 1;

    memset(back, 0xff, sizeof(back));
    socket_address_split(&a, back, &port);
    CHECK(memcmp(back, zero, 16) == 0 && port == 0, "port %u\n", port);
}

CHECK_RUN(RUN(socket_address_goes_there_and_back), RUN(socket_address_that_is_not_there_is_zero))
