/* client.h - requests to a gateway's admin listener, one after the other on a kept connection.
 *
 * Layer:  ctl. HTTP is http/h1_client's session: bytes in, bytes out.
 * Owner:  ctl; answers lie in ctl's arena.
 * Bounds: CLIENT_ANSWER_BYTES_MAX of an answer, SERVICE_BODY_BYTES_MAX of a question; --timeout for each.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "ctl/command.h"

struct client;
struct ctl;

enum { CLIENT_ANSWER_BYTES_MAX = 1 << 28 };

struct client_question {
    const char *method;       /* "GET" */
    struct span target;       /* "/forge/status": a path with its query, escaped */
    struct span body;         /* empty: none */
    struct span content_type; /* of the body */
    struct span if_match;     /* or empty */
};

struct client_answer {
    uint16_t    status;
    struct span content_type, etag, body; /* body: a zero behind it */
};

/* EXIT_FINE: there is an answer, whatever its status. EXIT_WRONG_USE, EXIT_UNREACHABLE: told. */
MUST_CHECK enum command_exit client_ask(struct ctl *ctl, const struct client_question *question, struct client_answer *out);
/* The same, silent: what is wrong is in *out_sentence (in ctl's arena). */
MUST_CHECK enum command_exit client_try(struct ctl *ctl, const struct client_question *question, struct client_answer *out,
                                        const char **out_sentence);
/* Accepts NULL. */
void client_close(struct client *c);
