/* admin_token.h - who may use the admin interface from afar: one secret of the state folder.
 *
 * Spec:   RFC 6750 s2.1, s3.
 * Layer:  admin.
 * Owner:  the caller embeds it. The secret is never printed, logged or answered.
 * Thread: control's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
    ADMIN_TOKEN_BYTES       = 32,      /* of chance, in one that is made */
    ADMIN_TOKEN_TEXT_MAX    = 256,
    ADMIN_TOKEN_TEXT_MIN    = 20,
    ADMIN_TOKEN_DELAY_MS    = 100,     /* of an answer, for each failure that went before */
    ADMIN_TOKEN_DELAYS_MAX  = 30,      /* ... at most 3 s */
    ADMIN_TOKEN_FORGIVE_S   = 60,      /* without another failure, and they are forgotten */
};

struct admin_token {
    uint8_t  text[ADMIN_TOKEN_TEXT_MAX];
    uint32_t bytes;
    uint32_t failures_n;
    uint64_t failed_ns;                /* the last time */
};

/* Read <state>/admin-token; make it (mode 0600) if it is not there. false: *out_error is a sentence. */
bool admin_token_open(struct admin_token *t, const char *state_dir, char *out_error, uint32_t out_error_bytes);
/* Value of an Authorization field. Takes the same time whatever it has. */
bool admin_token_fits(const struct admin_token *t, struct span authorization);
/* Somebody had a wrong one: how long to let them wait for the answer. */
uint64_t admin_token_failed(struct admin_token *t, uint64_t now_ns);
