/* socket_text.h - texts of addresses and networks -> what the snapshot holds.
 *
 * Layer:  conf. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "io/ring.h"

struct cidr;

/* "127.0.0.1" or "::1", without brackets, port and zone. */
bool socket_text_read(struct span text, uint16_t port, struct socket_address *out_address);
/* "10.0.0.0/8", "::1/128", or an address alone. NULL, or what is wrong as the end of a sentence: also bits that are set behind
 * the prefix, which are a slip of the pen more often than not. */
const char *socket_text_read_cidr(struct span text, struct cidr *out_cidr);
