/* answer.h - read HTTP/1.1 answers off a byte stream and check each: status 200, the length and the bytes expected.
 *
 * Spec:   RFC 9112 s4 and s6.2; only Content-Length framing, which is what every proxy here must keep.
 * Owner:  one struct answer_rd per connection, one struct answer_want for all.
 * Bounds: ANSWER_HEAD_BYTES_MAX per head; a longer one is BAD.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { ANSWER_HEAD_BYTES_MAX = 2048, ANSWER_KNOWN_BYTES_MAX = 1024 };

enum answer_got {
    ANSWER_MORE = 0,  /* the slice is eaten, the answer is not over        */
    ANSWER_END,       /* one whole answer; the slice holds what follows it */
    ANSWER_BAD,       /* not the answer expected; *out_why says how        */
};

struct answer_want {
    const uint8_t *body;      /* the bytes expected                                  */
    size_t body_bytes;
    size_t known_bytes;       /* the last good head: an equal one is good unread     */
    uint8_t known[ANSWER_KNOWN_BYTES_MAX];
};

struct answer_rd {
    size_t body_left_bytes;   /* 0 while a head is awaited */
    uint32_t head_bytes;      /* of a head that came in pieces */
    char *head;               /* ANSWER_HEAD_BYTES_MAX, made when the first piece comes */
};

/* Eat from the front of *io_data. Post: for MORE *io_bytes is 0. */
enum answer_got answer_next(struct answer_rd *rd, struct answer_want *want, const uint8_t **io_data,
                            size_t *io_bytes, const char **out_why);

/* The body's bytes were thrown away unseen (MSG_TRUNC): count them. END or MORE. */
enum answer_got answer_skip(struct answer_rd *rd, size_t bytes);

void answer_fini(struct answer_rd *rd);
