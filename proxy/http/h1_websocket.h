/* h1_websocket.h - the two fields of the WebSocket handshake that HTTP/2 does not carry, made where HTTP/1 wants them.
 *
 * Spec:   RFC 6455 s4.1, s4.2.2 (key and accept); RFC 8441 s5 (HTTP/2 has neither).
 * Layer:  http. Pure. The one file here that includes wolfSSL: for SHA-1, which protects nothing, it only shows that
 *         the other side understood.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "base/rng.h"
#include "base/span.h"
#include "http/head.h"

enum { H1_WEBSOCKET_KEY_BYTES = 24, H1_WEBSOCKET_ACCEPT_BYTES = 28 };

/* Is that what the head upgrades to. */
bool h1_websocket_is(const struct head *h);
/* Give a request a key if it has none. false: head or arena is full. */
MUST_CHECK bool h1_websocket_add_key(struct head *request, struct rng *rng);
/* Give an answer what its request's key asks for, if it has none. false: head or arena is full. */
MUST_CHECK bool h1_websocket_add_accept(struct head *answer, const struct head *request);
/* Does the answer fit the request's key. */
bool h1_websocket_fits(const struct head *answer, const struct head *request);
