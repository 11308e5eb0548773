/* socket_text_test.c - addresses with ports, networks without stray bits. */
#include <arpa/inet.h>

#include "lib/check.h"

#include "conf/socket_text.h"
#include "proto/address.h"

TEST(socket_text_addresses)
{
    struct socket_address a;
    char text[64];

    CHECK(socket_text_read(SPAN_LIT("192.0.2.1"), 8080, &a) && a.any.sa_family == AF_INET, "IPv4\n");
    CHECK(a.bytes_n == sizeof(struct sockaddr_in) && ntohs(a.raw.port_be) == 8080, "%u\n", a.bytes_n);
    inet_ntop(AF_INET, a.bytes + 4, text, sizeof(text));
    CHECK(strcmp(text, "192.0.2.1") == 0, "%s\n", text);
    CHECK(socket_text_read(SPAN_LIT("2001:db8::1"), 443, &a) && a.any.sa_family == AF_INET6, "IPv6\n");
    CHECK(a.bytes_n == sizeof(struct sockaddr_in6) && ntohs(a.raw.port_be) == 443, "%u\n", a.bytes_n);
    inet_ntop(AF_INET6, a.bytes + 8, text, sizeof(text));
    CHECK(strcmp(text, "2001:db8::1") == 0, "%s\n", text);
    CHECK(!socket_text_read(SPAN_LIT("[::1]"), 1, &a) && !socket_text_read(SPAN_LIT("localhost"), 1, &a) &&
          !socket_text_read(SPAN_LIT(""), 1, &a), "taken\n");
}

TEST(socket_text_networks)
{
    static const struct { const char *text, *wrong; uint8_t bits; } rows[] = {
        { "10.0.0.0/8", NULL, 104 }, { "0.0.0.0/0", NULL, 96 }, { "192.0.2.1", NULL, 128 }, { "fd00::/8", NULL, 8 },
        { "::/0", NULL, 0 }, { "10.0.0.1/8", "bits set", 0 }, { "fd00::1/64", "bits set", 0 }, { "10.0.0.0/33", "is not", 0 },
        { "x", "is not", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cidr network;
        const char *wrong = socket_text_read_cidr(span_str(rows[i].text), &network);
        CHECK((wrong == NULL) == (rows[i].wrong == NULL), "%s: %s\n", rows[i].text, wrong != NULL ? wrong : "taken");
        CHECK(wrong == NULL ? network.bits == rows[i].bits : strstr(wrong, rows[i].wrong) != NULL, "%s: %u\n", rows[i].text,
              network.bits);
    }
}

CHECK_RUN(RUN(socket_text_addresses), RUN(socket_text_networks))
