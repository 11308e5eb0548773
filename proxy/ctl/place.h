/* place.h - which gateway is meant: the state folder's socket, or an address with token and authority.
 *
 * Layer:  ctl.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "ctl/wire.h"

struct ctl;

struct place {
    struct wire_place wire;
    char              authority[300]; /* of requests: "localhost", "gateway.example.com:5682" */
    struct span       bearer;         /* "Bearer ..."; empty: none, the socket's mode is enough */
};

/* From flags, then the environment, then where ./build.sh run puts it. NULL, or what is wrong with the command line. */
const char *place_find(struct ctl *ctl, struct place *out);
/* A sentence in ctl's arena: what went wrong with it, and what to do. */
const char *place_complain(struct ctl *ctl, const struct place *place, bool is_connected, const char *wrong);
/* "https://host:port" or "http://..." (loopback only) into out. NULL, or a sentence. */
const char *place_read_url(const char *url, struct place *out);
