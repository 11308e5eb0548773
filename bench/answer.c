/* answer.c - read HTTP/1.1 answers off a byte stream and check each. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A whole head, with its empty line: 200 and the right Content-Length? NULL when good. */
static const char *answer_head_check(const struct answer_want *want, const char *head, size_t n)
{
    const char *end = head + n;
    const char *line = memchr(head, '\n', n);
    size_t length = SIZE_MAX;

    if (n < 13 || memcmp(head, "HTTP/1.1 200 ", 13) != 0)
        return "status is not 200";
    while (line != NULL && ++line < end) {
        if (end - line > 15 && (*line | 0x20) == 'c' && strncasecmp(line, "content-length:", 15) == 0)
            length = (size_t)strtoull(line + 15, NULL, 10);
        else if (end - line > 18 && (*line | 0x20) == 't' && strncasecmp(line, "transfer-encoding:", 18) == 0)
            return "answer is chunked though its length was known";
        line = memchr(line, '\n', (size_t)(end - line));
    }
    return length == want->body_bytes ? NULL : "length is not the one expected";
}

/* The head at the front of the slice, whole or not. */
static enum answer_got answer_head(struct answer_rd *rd, struct answer_want *want, const uint8_t **io_data,
                                   size_t *io_bytes, const char **out_why)
{
    const char *stop = memmem(*io_data, *io_bytes, "\r\n\r\n", 4);
    size_t n = stop == NULL ? *io_bytes : (size_t)(stop + 4 - (const char *)*io_data);

    if (stop == NULL) {
        if (rd->head == NULL)
            rd->head = malloc(ANSWER_HEAD_BYTES_MAX);
        if (rd->head == NULL || n > ANSWER_HEAD_BYTES_MAX) {
            *out_why = "head is too long";
            return ANSWER_BAD;
        }
        memcpy(rd->head, *io_data, n);
        rd->head_bytes = (uint32_t)n;
        *io_bytes = 0;
        return ANSWER_MORE;
    }
    if (n != want->known_bytes || memcmp(*io_data, want->known, n) != 0) {
        *out_why = answer_head_check(want, (const char *)*io_data, n);
        if (*out_why != NULL)
            return ANSWER_BAD;
        if (n <= ANSWER_KNOWN_BYTES_MAX) {
            memcpy(want->known, *io_data, n);
            want->known_bytes = n;
        }
    }
    rd->body_left_bytes = want->body_bytes;
    *io_data += n;
    *io_bytes -= n;
    return ANSWER_END;
}

/* The rest of a head whose first piece is kept: byte by byte, because it is rare. */
static enum answer_got answer_head_rest(struct answer_rd *rd, struct answer_want *want, const uint8_t **io_data,
                                        size_t *io_bytes, const char **out_why)
{
    while (*io_bytes > 0 && rd->head_bytes < ANSWER_HEAD_BYTES_MAX) {
        rd->head[rd->head_bytes++] = (char)*(*io_data)++;
        --*io_bytes;
        if (rd->head_bytes >= 4 && memcmp(rd->head + rd->head_bytes - 4, "\r\n\r\n", 4) == 0) {
            *out_why = answer_head_check(want, rd->head, rd->head_bytes);
            rd->head_bytes = 0;
            rd->body_left_bytes = want->body_bytes;
            return *out_why == NULL ? ANSWER_END : ANSWER_BAD;
        }
    }
    *out_why = "head is too long";
    return rd->head_bytes == ANSWER_HEAD_BYTES_MAX ? ANSWER_BAD : ANSWER_MORE;
}

enum answer_got answer_next(struct answer_rd *rd, struct answer_want *want, const uint8_t **io_data,
                            size_t *io_bytes, const char **out_why)
{
    size_t n = 0;

    if (rd->body_left_bytes == 0) {
        enum answer_got got = ANSWER_MORE;

        if (*io_bytes == 0)
            return ANSWER_MORE;
        if (rd->head_bytes > 0)
            got = answer_head_rest(rd, want, io_data, io_bytes, out_why);
        else
            got = answer_head(rd, want, io_data, io_bytes, out_why);
        if (got != ANSWER_END)
            return got;
    }
    n = *io_bytes < rd->body_left_bytes ? *io_bytes : rd->body_left_bytes;
    if (memcmp(*io_data, want->body + (want->body_bytes - rd->body_left_bytes), n) != 0) {
        *out_why = "body is not the one expected";
        return ANSWER_BAD;
    }
    rd->body_left_bytes -= n;
    *io_data += n;
    *io_bytes -= n;
    return rd->body_left_bytes == 0 ? ANSWER_END : ANSWER_MORE;
}

enum answer_got answer_skip(struct answer_rd *rd, size_t bytes)
{
    rd->body_left_bytes -= bytes < rd->body_left_bytes ? bytes : rd->body_left_bytes;
    return rd->body_left_bytes == 0 ? ANSWER_END : ANSWER_MORE;
}

void answer_fini(struct answer_rd *rd)
{
    free(rd->head);
    memset(rd, 0, sizeof *rd);
}
