/* h2.h - the client's side of HTTP/2: so many streams always open, each answer's status, length and bytes checked.
 *
 * Spec:   RFC 9113, by nghttp2.
 * Owner:  the connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2_stream {
    size_t body_bytes;
    bool is_ok;   /* status 200 was seen */
};

struct h2 {
    void *_session;
    struct h2_stream *_streams;   /* stream_n of them, each reused for the next request */
    const uint8_t *_body;
    size_t _body_bytes;
    const char *_path;
    uint64_t _done_n;             /* answers since the last h2_feed */
    const char *_why;
};

/* Write the preface and stream_n requests for path; every answer is followed by the next request.
 * body is what each answer must hold. */
void h2_open(struct h2 *h2, unsigned stream_n, const char *path, const uint8_t *body, size_t body_bytes);

bool h2_is_open(const struct h2 *h2);

/* Bytes from the peer. Answers how many answers were completed, or -1 with *out_why. */
int64_t h2_feed(struct h2 *h2, const uint8_t *data, size_t n, const char **out_why);

/* What is to be sent next: 0 when nothing. Valid until the next call. */
size_t h2_pull(struct h2 *h2, const uint8_t **out_data);

void h2_close(struct h2 *h2);
