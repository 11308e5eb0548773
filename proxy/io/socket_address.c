/* socket_address.c - see socket_address.h. */
#include "io/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/must.h"

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

STATIC_MUST(sizeof(struct sockaddr_in6) <= sizeof(((struct socket_address *)0)->bytes), "both families must fit");

void socket_address_split(const struct socket_address *a, uint8_t out_address[16], uint16_t *out_port)
{
    memset(out_address, 0, 16);
    *out_port = 0;
    if (a->bytes_n >= sizeof(struct sockaddr_in) && a->any.sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, a->bytes, sizeof(in));
        memcpy(out_address, v4_prefix, sizeof(v4_prefix));
        memcpy(out_address + 12, &in.sin_addr, 4);
        *out_port = ntohs(in.sin_port);
    } else if (a->bytes_n >= sizeof(struct sockaddr_in6) && a->any.sa_family == AF_INET6) {
        struct sockaddr_in6 in;

        memcpy(&in, a->bytes, sizeof(in));
        memcpy(out_address, &in.sin6_addr, 16);
        *out_port = ntohs(in.sin6_port);
    }
}

void socket_address_join(const uint8_t address[16], uint16_t port, struct socket_address *out)
{
    memset(out, 0, sizeof(*out));
    if (memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

        memcpy(&in.sin_addr, address + 12, 4);
        memcpy(out->bytes, &in, sizeof(in));
        out->bytes_n = sizeof(in);
    } else {
        struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

        memcpy(&in.sin6_addr, address, 16);
        memcpy(out->bytes, &in, sizeof(in));
        out->bytes_n = sizeof(in);
    }
}
