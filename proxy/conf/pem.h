/* pem.h - find the blocks of a PEM text. What is in them is read by conn/tls.
 *
 * Spec:   RFC 7468.
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct conf_arena;

/* Blocks of certificates in bytes. */
uint32_t pem_certificates_n(struct span bytes);
/* Does bytes hold a private key that is not encrypted? */
bool pem_has_key(struct span bytes);
/* Copies of the certificate blocks (in order) and of the first private key; empty where there is none. false: the arena is full. */
bool pem_split(struct conf_arena *arena, struct span bytes, struct span *out_chain, struct span *out_key);
