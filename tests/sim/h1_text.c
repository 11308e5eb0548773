/* h1_text.c - see h1_text.h. */
#include "sim/h1_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void h1_text_init(struct h1_text *t, bool is_response)
{
    t->state = H1_TEXT_AT_HEAD;
    t->is_response = is_response;
    t->is_closing = false;
    t->left = 0;
    t->in_at = t->in_n = t->head_n = t->trailers_n = 0;
    t->head[0] = t->trailers[0] = '\0';
    t->fault = NULL;
}

char *h1_text_room(struct h1_text *t, uint32_t *out_room)
{
    memmove(t->in, t->in + t->in_at, t->in_n - t->in_at);
    t->in_n -= t->in_at;
    t->in_at = 0;
    *out_room = (uint32_t)sizeof(t->in) - t->in_n;
    return t->in + t->in_n;
}

void h1_text_fed(struct h1_text *t, uint32_t n)
{
    t->in_n += n;
}

static enum h1_text_got bad(struct h1_text *t, const char *fault)
{
    t->fault = fault;
    return H1_TEXT_BAD;
}

/* ---- lines ---- */

/* The next line without CR LF; at == NULL: not complete. A line feed alone, or any other control byte, is a fault. */
static struct span line(struct h1_text *t)
{
    const char *at = t->in + t->in_at;
    const char *end = memchr(at, '\n', t->in_n - t->in_at);

    if (end == NULL)
        return SPAN_NONE;
    if (end == at || end[-1] != '\r') {
        t->fault = "a line feed without its carriage return";
        return SPAN_NONE;
    }
    for (const char *c = at; c < end - 1; c++)
        if ((unsigned char)*c < 32 && *c != '\t')
            t->fault = "a control byte in a line";
    t->in_at += (uint32_t)(end + 1 - at);
    return span_of(at, (size_t)(end - 1 - at));
}

static bool is_field(struct span text)
{
    const uint8_t *colon = memchr(text.at, ':', text.len);

    if (colon == NULL || colon == text.at)
        return false;
    for (const uint8_t *c = text.at; c < colon; c++)
        if (*c <= ' ' || *c >= 127)
            return false;
    return true;
}

/* Lines up to the empty one, kept as text. 1: all there, 0: not yet, -1: bad. */
static int lines(struct h1_text *t, char *text, uint32_t *io_n, uint32_t max, bool has_start)
{
    for (;;) {
        struct span one = line(t);
        if (t->fault != NULL)
            return -1;
        if (one.at == NULL)
            return 0;
        if (one.len == 0)
            return 1;
        if (*io_n + one.len + 3 > max) {
            t->fault = "a head without end";
            return -1;
        }
        if ((*io_n > 0 || !has_start) && !is_field(one)) {
            t->fault = "a line that is no field";
            return -1;
        }
        memcpy(text + *io_n, one.at, one.len);
        memcpy(text + *io_n + one.len, "\r\n", 3);
        *io_n += (uint32_t)one.len + 2;
    }
}

struct span h1_text_field(const char *head, const char *name, uint32_t *out_n)
{
    struct span found = SPAN_NONE;
    size_t len = strlen(name);
    uint32_t n = 0;

    for (const char *at = head; *at != '\0'; at = strstr(at, "\r\n") + 2) {
        if (strncasecmp(at, name, len) != 0 || at[len] != ':')
            continue;
        const char *value = at + len + 1;
        value += strspn(value, " \t");
        if (n++ == 0)
            found = span_of(value, strcspn(value, "\r"));
    }
    if (out_n != NULL)
        *out_n = n;
    return found;
}

uint16_t h1_text_status(const struct h1_text *t)
{
    if (strncmp(t->head, "HTTP/1.1 ", 9) != 0 || strspn(t->head + 9, "0123456789") != 3 || t->head[12] != ' ')
        return 0;
    return (uint16_t)strtoul(t->head + 9, NULL, 10);
}

/* ---- messages ---- */

static enum h1_text_got take_head(struct h1_text *t)
{
    int got;

    if (t->in_at == t->in_n)
        return H1_TEXT_MORE;
    got = lines(t, t->head, &t->head_n, sizeof(t->head), true);
    if (got < 0)
        return H1_TEXT_BAD;
    if (got == 0)
        return H1_TEXT_MORE;
    return t->head_n == 0 ? bad(t, "an empty line where a message should begin") : H1_TEXT_HEAD;
}

bool h1_text_body(struct h1_text *t, bool has_body)
{
    uint32_t lengths_n = 0, codings_n = 0, hosts_n = 0;
    struct span length = h1_text_field(t->head, "content-length", &lengths_n);
    struct span coding = h1_text_field(t->head, "transfer-encoding", &codings_n);
    struct span connection = h1_text_field(t->head, "connection", NULL);

    t->trailers_n = 0;
    t->trailers[0] = '\0';
    t->is_closing = span_is(connection, SPAN_LIT("close"));
    (void)h1_text_field(t->head, "host", &hosts_n);
    if (lengths_n + codings_n > 1 || (codings_n == 1 && !span_is(coding, SPAN_LIT("chunked")))) {
        t->fault = "a body with more than one end";
        return false;
    }
    if (hosts_n != (t->is_response ? 0U : 1U)) {
        t->fault = "not as many Host as there should be";
        return false;
    }
    if (lengths_n == 1 && (length.len == 0 || length.len > 12 || strspn((const char *)length.at, "0123456789") != length.len)) {
        t->fault = "a content-length that is no number";
        return false;
    }
    t->left = lengths_n == 1 ? strtoull((const char *)length.at, NULL, 10) : 0;
    if (!has_body || (lengths_n == 1 && t->left == 0) || (!t->is_response && lengths_n + codings_n == 0))
        t->state = H1_TEXT_AT_END;
    else
        t->state = codings_n == 1 ? H1_TEXT_AT_CHUNK : lengths_n == 1 ? H1_TEXT_AT_LENGTH : H1_TEXT_AT_CLOSE;
    return true;
}

void h1_text_raw(struct h1_text *t)
{
    t->state = H1_TEXT_AT_RAW;
}

static enum h1_text_got take_payload(struct h1_text *t, uint64_t max, struct span *out_body)
{
    uint32_t n = t->in_n - t->in_at;

    if (n > max)
        n = (uint32_t)max;
    if (n == 0)
        return H1_TEXT_MORE;
    *out_body = span_of(t->in + t->in_at, n);
    t->in_at += n;
    return H1_TEXT_BODY;
}

static enum h1_text_got take_counted(struct h1_text *t, enum h1_text_state next, struct span *out_body)
{
    enum h1_text_got got = take_payload(t, t->left, out_body);

    if (got == H1_TEXT_BODY)
        t->left -= out_body->len;
    if (t->left == 0)
        t->state = (uint8_t)next;
    return got;
}

/* A size line; HTTP/1 writers of ours put no extensions there. true: went on. */
static bool take_chunk_line(struct h1_text *t)
{
    struct span size = line(t);

    if (t->fault != NULL || size.at == NULL)
        return false;
    if (size.len == 0 || size.len > 8 || strspn((const char *)size.at, "0123456789abcdefABCDEF") != size.len) {
        t->fault = "a chunk size that is no number";
        return false;
    }
    t->left = strtoull((const char *)size.at, NULL, 16);
    t->state = t->left > 0 ? H1_TEXT_AT_CHUNK_DATA : H1_TEXT_AT_TRAILERS;
    return true;
}

static bool take_chunk_end(struct h1_text *t)
{
    struct span empty = line(t);

    if (t->fault != NULL || empty.at == NULL)
        return false;
    if (empty.len != 0)
        t->fault = "bytes behind a chunk";
    t->state = H1_TEXT_AT_CHUNK;
    return empty.len == 0;
}

static bool take_trailers(struct h1_text *t)
{
    if (lines(t, t->trailers, &t->trailers_n, sizeof(t->trailers), false) != 1)
        return false;
    t->state = H1_TEXT_AT_END;
    return true;
}

static enum h1_text_got take_end(struct h1_text *t)
{
    t->state = H1_TEXT_AT_HEAD;
    t->head_n = 0;
    return H1_TEXT_END;
}

enum h1_text_got h1_text_next(struct h1_text *t, struct span *out_body)
{
    bool goes_on = true;

    while (goes_on) {
        switch ((enum h1_text_state)t->state) {
        case H1_TEXT_AT_HEAD:
            return take_head(t);
        case H1_TEXT_AT_LENGTH:
            return take_counted(t, H1_TEXT_AT_END, out_body);
        case H1_TEXT_AT_CHUNK:
            goes_on = take_chunk_line(t);
            break;
        case H1_TEXT_AT_CHUNK_DATA:
            return take_counted(t, H1_TEXT_AT_CHUNK_END, out_body);
        case H1_TEXT_AT_CHUNK_END:
            goes_on = take_chunk_end(t);
            break;
        case H1_TEXT_AT_TRAILERS:
            goes_on = take_trailers(t);
            break;
        case H1_TEXT_AT_CLOSE:
        case H1_TEXT_AT_RAW:
            return take_payload(t, UINT32_MAX, out_body);
        case H1_TEXT_AT_END:
            return take_end(t);
        }
    }
    return t->fault != NULL ? H1_TEXT_BAD : H1_TEXT_MORE;
}

bool h1_text_may_end(const struct h1_text *t)
{
    return t->state == H1_TEXT_AT_CLOSE || t->state == H1_TEXT_AT_RAW;
}

bool h1_text_is_between(const struct h1_text *t)
{
    return t->state == H1_TEXT_AT_HEAD && t->in_at == t->in_n && t->head_n == 0;
}
