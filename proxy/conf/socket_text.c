/* socket_text.c - texts of addresses and networks -> what the snapshot holds.
 *
 * Layer:  conf. Pure.
 */
#include "conf/socket_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "proto/address.h"

bool socket_text_read(struct span text, uint16_t port, struct socket_address *out_address)
{
    uint8_t bytes[ADDRESS_BYTES];

    if (!address_parse(text, bytes))
        return false;
    memset(out_address, 0, sizeof(*out_address));
    if (address_is_v4(bytes)) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
        memcpy(&in.sin_addr, bytes + 12, 4);
        memcpy(out_address->bytes, &in, sizeof(in));
        out_address->bytes_n = sizeof(in);
    } else {
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        memcpy(&in6.sin6_addr, bytes, sizeof(bytes));
        memcpy(out_address->bytes, &in6, sizeof(in6));
        out_address->bytes_n = sizeof(in6);
    }
    return true;
}

const char *socket_text_read_cidr(struct span text, struct cidr *out_cidr)
{
    if (!address_parse_cidr(text, out_cidr))
        return "is not an address with a prefix length, such as 10.0.0.0/8 or fd00::/8";
    for (uint32_t i = out_cidr->bits; i < 128; i++)
        if ((out_cidr->address[i / 8] & (0x80 >> i % 8)) != 0)
            return "has bits set behind its prefix length: write the network's own address";
    return NULL;
}
