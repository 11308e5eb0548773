/* socket_address.h - a socket's address as the 16 bytes and the port that the rest of the program compares and prints.
 *
 * Spec:   RFC 4291 s2.5.5.2: IPv4 is ::ffff:a.b.c.d.
 * Layer:  io.
 */
#pragma once

#include <stdint.h>

#include "io/socket.h"

/* All zero for an address that is not there (bytes_n == 0) or of another family. */
void socket_address_split(const struct socket_address *a, uint8_t out_address[16], uint16_t *out_port);
/* An IPv4 address becomes a sockaddr_in. */
void socket_address_join(const uint8_t address[16], uint16_t port, struct socket_address *out);
