/* upgrade.h - WebSocket between the two HTTP versions: what one side's handshake has and the other's lacks.
 *
 * Spec:   RFC 6455 s4 (HTTP/1.1: Sec-WebSocket-Key and -Accept), RFC 8441 s5 (HTTP/2: extended CONNECT, neither of them).
 * Layer:  engine. The writers turn GET into CONNECT and 101 into 200; the fields are ours.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "base/why.h"

struct exchange;

/* Before the request goes up. Errors: WHY_ARENA_FULL, WHY_TLS_FAILED. Nothing to do for requests that do not upgrade. */
MUST_CHECK enum why upgrade_request(struct exchange *x, bool up_is_h2);
/* Before the upstream's yes goes down. Errors: WHY_ARENA_FULL. */
MUST_CHECK enum why upgrade_response(struct exchange *x);
