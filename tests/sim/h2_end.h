/* h2_end.h - one end of an HTTP/2 connection in the simulated world: nghttp2 between a scripted peer's bytes and callbacks.
 *
 * Method: bytes are read and written in pieces of any size. Whatever nghttp2 finds wrong with the other end fails the test: the
 *         gateway has no excuse for breaking HTTP/2. Windows open only when the owner says that something was read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

#include "base/span.h"
#include "lib/check.h"

enum { H2_END_OUT_BYTES = 32768, H2_END_FIELDS_MAX = 16 };

/* What the owner wants to hear; user is passed back. */
struct h2_end_hooks {
    void (*on_field)(void *user, int32_t id, struct span name, struct span value);
    /* A block of fields is complete. category: NGHTTP2_HCAT_*. */
    void (*on_fields)(void *user, int32_t id, nghttp2_headers_category category, bool is_end);
    void (*on_data)(void *user, int32_t id, struct span bytes);
    void (*on_end)(void *user, int32_t id);
    void (*on_close)(void *user, int32_t id, uint32_t code);
    void (*on_goaway)(void *user);
    /* Bytes of a body: as nghttp2_data_source_read_callback2. */
    nghttp2_ssize (*on_read)(void *user, int32_t id, uint8_t *at, size_t room, uint32_t *flags);
};

struct h2_end {
    nghttp2_session *ng;
    const struct h2_end_hooks *hooks;
    void            *user;
    uint64_t         seed;
    bool             has_settings; /* the other end's */
    bool             connects;     /* ... allow extended CONNECT */
    uint8_t          out[H2_END_OUT_BYTES];
    uint32_t         out_at, out_n;
};

void h2_end_open(struct h2_end *e, bool is_server, const struct h2_end_hooks *hooks, void *user, uint64_t seed);
/* Accepts a closed one. */
void h2_end_close(struct h2_end *e);
/* Move some bytes; max: at most so many each way. Answers whether any moved, and in *out_end what a receive said that was no
 * bytes (RING_SIM_END, RING_SIM_RESET) or 0. */
bool h2_end_move(struct h2_end *e, int peer, uint32_t max, int32_t *out_end);

/* Fields of a head to submit. */
struct h2_end_fields {
    nghttp2_nv nv[H2_END_FIELDS_MAX];
    char       text[H2_END_FIELDS_MAX][64];
    size_t     n;
};
void h2_end_field(struct h2_end_fields *f, const char *name, struct span value);
/* One that is not copied: it must live until the fields are submitted. */
void h2_end_field_at(struct h2_end_fields *f, const char *name, struct span value);
/* A provider that asks hooks.on_read. */
nghttp2_data_provider2 h2_end_source(struct h2_end *e);
