/* h1_text.h - reads HTTP/1 messages as strictly as the RFCs let a peer be, for the simulated peers of a worker.
 *
 * Method: bytes go in as they come; out come heads, pieces of payload and ends. Whatever a gateway may not write (bare line
 *         feeds, two lengths, a length beside chunks, bytes that no message explains) is BAD. Nothing here is the gateway's
 *         own code: a fault of its writer must not be forgiven by the same fault in a reader.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { H1_TEXT_IN_BYTES = 65536, H1_TEXT_HEAD_BYTES = 16384 };

enum h1_text_got {
    H1_TEXT_MORE = 0, /* feed it                                          */
    H1_TEXT_HEAD,     /* .head is complete; call h1_text_body before next */
    H1_TEXT_BODY,     /* out_body is payload, valid until the next feed   */
    H1_TEXT_END,      /* message is over                                  */
    H1_TEXT_BAD,      /* .fault says why                                  */
};

enum h1_text_state {
    H1_TEXT_AT_HEAD = 0,
    H1_TEXT_AT_LENGTH,
    H1_TEXT_AT_CHUNK,      /* its size line                    */
    H1_TEXT_AT_CHUNK_DATA,
    H1_TEXT_AT_CHUNK_END,  /* CR LF behind its data            */
    H1_TEXT_AT_TRAILERS,
    H1_TEXT_AT_CLOSE,      /* payload until the peer ends      */
    H1_TEXT_AT_RAW,        /* a tunnel's                       */
    H1_TEXT_AT_END,
};

struct h1_text {
    uint8_t     state;                     /* enum h1_text_state                           */
    bool        is_response;
    bool        is_closing;                /* the head said connection: close              */
    uint64_t    left;                      /* of the length or the chunk                   */
    uint32_t    in_at, in_n;
    char        in[H1_TEXT_IN_BYTES];
    uint32_t    head_n;
    char        head[H1_TEXT_HEAD_BYTES];  /* as on the wire, with a zero behind           */
    uint32_t    trailers_n;
    char        trailers[1024];            /* likewise; empty when there were none         */
    const char *fault;
};

void h1_text_init(struct h1_text *t, bool is_response);
/* Room for more bytes: write there, then say how many with fed. */
char *h1_text_room(struct h1_text *t, uint32_t *out_room);
void h1_text_fed(struct h1_text *t, uint32_t n);
enum h1_text_got h1_text_next(struct h1_text *t, struct span *out_body);
/* After HEAD: how its body ends is read from its fields. has_body: false when the request or the status rules it out.
 * false: .fault says what is wrong with them. */
bool h1_text_body(struct h1_text *t, bool has_body);
/* After HEAD: everything behind it is a tunnel's. */
void h1_text_raw(struct h1_text *t);
/* The peer ended its side: is a message complete that only the end could end? */
bool h1_text_may_end(const struct h1_text *t);
/* Nothing of a message is there: the peer may end. */
bool h1_text_is_between(const struct h1_text *t);
/* Value of a field of a head or of trailers; SPAN_NONE when it is not there. *out_n, NULL-able: how many there are. */
struct span h1_text_field(const char *head, const char *name, uint32_t *out_n);
/* Status of a response's head, 0 when that is not one. */
uint16_t h1_text_status(const struct h1_text *t);
