/* h1_writer.c - see h1_writer.h.
 *
 * Spec:   RFC 9112 s3.2, s4, s6.1 to s6.3, s7.1, s9.3, s9.6; RFC 8441 s5.
 * Layer:  http. No I/O.
 */
#include "http/h1_writer.h"

#include "base/limits.h"
#include "proto/decimal.h"

#define ID(name) (UINT64_C(1) << FIELD_##name)

/* Written from the head's members, or never: they end at this hop. */
static const uint64_t not_copied = ID(HOST) | ID(CONTENT_LENGTH) | ID(TRANSFER_ENCODING) | ID(CONNECTION) |
                                   ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TE) | ID(TRAILER) | ID(UPGRADE) |
                                   ID(HTTP2_SETTINGS) | ID(PROXY_AUTHENTICATE) | ID(PROXY_AUTHORIZATION);

enum {
    OWN_LINES_BYTES = 192, /* start line without texts, framing and connection lines: at most about 150 */
    CHUNK_LINE_BYTES = 10, /* 8 hex digits of 32 bits, CR LF                                            */
};

/* ---- text into the queue ---- */

/* Room at the end of out, being filled. */
struct put {
    struct bufq_env *env;
    struct bufq     *out;
    uint8_t         *start, *at, *end;
    uint32_t         lines_n;  /* written     */
    uint32_t         breaks_n; /* CR and LF seen in what was committed */
    enum why         why;
};

typedef uint8_t lanes __attribute__((vector_size(16)));

static lanes load_lanes(const uint8_t *at)
{
    lanes text;

    memcpy(&text, at, sizeof(text));
    return text;
}

static uint32_t sum_lanes(lanes counts)
{
    const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t half[2];
    uint32_t n = 0;

    memcpy(half, &counts, sizeof(half));
    for (unsigned i = 0; i < 2; i++)
        n += (uint32_t)((((half[i] & low) + (half[i] >> 8 & low)) * UINT64_C(0x0001000100010001)) >> 48);
    return n;
}

/* CR and LF in a text, 16 bytes at a time: heads are built from many hands, and this one look costs 15 ns. */
static uint32_t count_breaks(const uint8_t *at, const uint8_t *end)
{
    static const lanes place = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    size_t blocks_n = (size_t)(end - at) / 16, rest = (size_t)(end - at) % 16;
    uint32_t n = 0;

    if (blocks_n == 0) {
        for (; at < end; at++)
            n += *at == '\r' || *at == '\n';
        return n;
    }
    while (blocks_n > 0) {
        size_t part = blocks_n < 254 ? blocks_n : 254; /* A lane counts to 255. */
        lanes seen = { 0 };
        blocks_n -= part;
        for (; part > 0; part--, at += 16) {
            lanes text = load_lanes(at);
            seen -= (lanes)((text == '\r') | (text == '\n'));
        }
        if (blocks_n == 0) {
            /* The rest with the bytes before it that were counted already, those left out. */
            lanes text = load_lanes(end - 16);
            seen -= (lanes)((text == '\r') | (text == '\n')) & (lanes)(place >= (uint8_t)(16 - rest));
        }
        n += sum_lanes(seen);
    }
    return n;
}

static void put_flush(struct put *p)
{
    p->breaks_n += count_breaks(p->start, p->at);
    if (p->at != p->start)
        bufq_commit(p->out, (uint32_t)(p->at - p->start));
    p->start = p->at;
}

/* Room for bytes, or for as many as fit one chunk; false: no buffers, which sticks. */
static bool put_refill(struct put *p, size_t bytes)
{
    uint32_t room = 0;

    if (p->start != NULL)
        put_flush(p);
    if (bytes > BUF_LARGE_BYTES)
        bytes = BUF_LARGE_BYTES;
    p->at = p->why == WHY_OK ? bufq_reserve(p->env, p->out, (uint32_t)bytes, &room) : NULL;
    p->start = p->at;
    p->end = p->at != NULL ? p->at + room : NULL;
    if (p->at == NULL)
        p->why = WHY_POOL_BUFFER_EMPTY;
    return p->at != NULL;
}

static struct put put_begin(struct bufq_env *env, struct bufq *out, size_t bytes)
{
    struct put p = { .env = env, .out = out };

    (void)put_refill(&p, bytes);
    return p;
}

static inline bool put_has_room(const struct put *p, size_t bytes)
{
    return (size_t)(p->end - p->at) >= bytes;
}

static enum why put_end(struct put *p)
{
    if (p->why != WHY_OK)
        return p->why;
    put_flush(p);
    MUST(p->breaks_n == 2 * p->lines_n); /* Nobody split our head. */
    return WHY_OK;
}

/* Names and values are mostly short: two overlapping loads of a fixed size beat a call. */
static inline uint8_t *copy(uint8_t *to, const uint8_t *at, size_t len)
{
    if (len > 32) {
        memcpy(to, at, len);
    } else if (len >= 16) {
        memcpy(to, at, 16);
        memcpy(to + len - 16, at + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, at, 8);
        memcpy(to + len - 8, at + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, at, 4);
        memcpy(to + len - 4, at + len - 4, 4);
    } else {
        for (size_t i = 0; i < len; i++)
            to[i] = at[i];
    }
    return to + len;
}

/* What does not fit the room goes on in the next chunk. */
static void put_span_slow(struct put *p, struct span s)
{
    while (s.len > 0 && p->why == WHY_OK) {
        size_t part = (size_t)(p->end - p->at);
        if (part == 0) {
            (void)put_refill(p, s.len);
            continue;
        }
        part = part < s.len ? part : s.len;
        memcpy(p->at, s.at, part);
        p->at += part;
        s = span_from(s, part);
    }
}

static inline void put_span(struct put *p, struct span s)
{
    if (put_has_room(p, s.len))
        p->at = copy(p->at, s.at, s.len);
    else
        put_span_slow(p, s);
}

static void put_line(struct put *p, struct span text)
{
    put_span(p, text);
    put_span(p, SPAN_LIT("\r\n"));
    p->lines_n++;
}

static void put_field(struct put *p, struct span name, struct span value)
{
    if (put_has_room(p, name.len + value.len + 4)) {
        p->at = copy(p->at, name.at, name.len);
        memcpy(p->at, ": ", 2);
        p->at = copy(p->at + 2, value.at, value.len);
        memcpy(p->at, "\r\n", 2);
        p->at += 2;
        p->lines_n++;
        return;
    }
    put_span(p, name);
    put_span(p, SPAN_LIT(": "));
    put_line(p, value);
}

static inline bool is_pair(const uint8_t *at, char first, char second)
{
    return at[0] == (uint8_t)first && at[1] == (uint8_t)second;
}

/* Does "name: value" stand in memory as it goes on the wire. What is looked at lies between two parts of the field. */
static inline bool is_line(const struct field *f)
{
    const uint8_t *colon = f->name.at + f->name.len;

    return f->value.at == colon + 2 && is_pair(colon, ':', ' ');
}

static inline bool is_next_line(const struct field *f, const struct field *next)
{
    const uint8_t *end = f->value.at + f->value.len;

    return next->name.at == end + 2 && is_pair(end, '\r', '\n') && is_line(next);
}

static inline bool is_copied(const struct field *f)
{
    return (not_copied >> f->id & 1) == 0;
}

/* A head that is passed on lies in memory as it came, but for the fields that end here: its lines go out in runs. */
static void put_fields(struct put *p, const struct head *h)
{
    const struct field *f = h->fields, *end = f + h->fields_n;

    while (f < end) {
        const struct field *last = f;
        if (!is_copied(f)) {
            f++;
            continue;
        }
        if (!is_line(f)) {
            put_field(p, f->name, f->value);
            f++;
            continue;
        }
        while (last + 1 < end && is_copied(last + 1) && is_next_line(last, last + 1))
            last++;
        p->lines_n += (uint32_t)(last - f);
        put_line(p, span_of(f->name.at, (size_t)(last->value.at + last->value.len - f->name.at)));
        f = last + 1;
    }
}

static void put_length(struct put *p, uint64_t length)
{
    char digits[DECIMAL_BYTES_MAX];

    put_field(p, SPAN_LIT("content-length"), span_of(digits, decimal_write(length, digits)));
}

/* Bytes of the fields as lines: head->bytes counts 32 for each, a line has 4. */
static size_t lines_bytes(const struct head *h)
{
    return h->bytes > 28U * h->fields_n ? h->bytes - 28U * h->fields_n : 0;
}

/* ---- plans ---- */

static struct h1_plan plan_payload(const struct head *h, const struct h1_queued *queued)
{
    struct h1_plan plan = { .mode = H1_MODE_LENGTH, .says_length = true };

    if (h->has_content_length)
        plan.length = h->content_length;
    else if (queued->is_all && !queued->has_trailers)
        plan.length = queued->bytes;
    else if (h->has_body || queued->bytes > 0 || queued->has_trailers)
        plan = (struct h1_plan){ .mode = H1_MODE_CHUNKED };
    return plan;
}

struct h1_plan h1_writer_plan_request(const struct head *h, const struct h1_queued *queued)
{
    struct h1_plan plan;

    if (h->is_upgrade)
        return (struct h1_plan){ .mode = H1_MODE_RAW };
    plan = plan_payload(h, queued);
    /* RFC 9110 s8.6: zero is said for methods that have a use for content, and for others it is noise. */
    if (plan.mode == H1_MODE_LENGTH && plan.length == 0)
        plan.says_length = h->has_content_length || h->method == METHOD_POST || h->method == METHOD_PUT ||
                           h->method == METHOD_PATCH;
    return plan;
}

struct h1_plan h1_writer_plan_response(const struct head *h, const struct h1_client_asked *asked,
                                       const struct h1_queued *queued)
{
    struct h1_plan plan;

    if (asked->is_tunnel)
        return (struct h1_plan){ .mode = H1_MODE_RAW };
    if (h->status < 200)
        return (struct h1_plan){ .mode = H1_MODE_NONE };
    if (asked->is_head || h->status == 204 || h->status == 304)
        plan = (struct h1_plan){ .mode = H1_MODE_NONE, .says_length = h->has_content_length && h->status != 204,
                                 .length = h->content_length };
    else
        plan = plan_payload(h, queued);
    if (plan.mode == H1_MODE_CHUNKED && asked->version == HTTP_VERSION_10)
        plan.mode = H1_MODE_CLOSE;
    plan.says_close = !asked->keeps || plan.mode == H1_MODE_CLOSE;
    plan.says_keep_alive = !plan.says_close && asked->version == HTTP_VERSION_10;
    return plan;
}

/* ---- heads ---- */

static void put_framing(struct put *p, const struct h1_plan *plan)
{
    if (plan->says_length)
        put_length(p, plan->length);
    else if (plan->mode == H1_MODE_CHUNKED)
        put_line(p, SPAN_LIT("transfer-encoding: chunked"));
    if (plan->says_close)
        put_line(p, SPAN_LIT("connection: close"));
    else if (plan->says_keep_alive)
        put_line(p, SPAN_LIT("connection: keep-alive"));
}

static void put_upgrade(struct put *p, struct span protocol)
{
    put_line(p, SPAN_LIT("connection: upgrade"));
    put_field(p, SPAN_LIT("upgrade"), protocol);
}

enum why h1_writer_request(struct bufq_env *env, struct bufq *out, const struct head *h, const struct h1_plan *plan)
{
    bool is_upgrade = plan->mode == H1_MODE_RAW;
    struct span method = h->method == METHOD_CONNECT ? SPAN_LIT("GET") : h->method_text;
    struct put p = put_begin(env, out, h->target.len + h->authority.len + lines_bytes(h) + OWN_LINES_BYTES);

    MUST(h->method != METHOD_CONNECT || is_upgrade);
    put_span(&p, method);
    put_span(&p, SPAN_LIT(" "));
    put_span(&p, h->target);
    put_line(&p, SPAN_LIT(" HTTP/1.1"));
    put_field(&p, SPAN_LIT("host"), h->authority);
    put_fields(&p, h);
    put_framing(&p, plan);
    if (is_upgrade) {
        put_upgrade(&p, h->protocol);
    } else if (h->accepts_trailers) {
        put_line(&p, SPAN_LIT("te: trailers"));
        put_line(&p, SPAN_LIT("connection: te")); /* RFC 9110 s10.1.4 */
    }
    put_line(&p, SPAN_LIT(""));
    return put_end(&p);
}

enum why h1_writer_response(struct bufq_env *env, struct bufq *out, const struct head *h, const struct h1_plan *plan)
{
    bool is_tunnel = plan->mode == H1_MODE_RAW;
    unsigned status = is_tunnel ? 101 : h->status;
    struct put p = put_begin(env, out, lines_bytes(h) + h->protocol.len + OWN_LINES_BYTES);
    char digits[4] = { '0', '0', '0', ' ' };

    MUST(status >= 100 && status <= 599);
    decimal_write_3(status, digits);
    put_span(&p, SPAN_LIT("HTTP/1.1 "));
    put_span(&p, span_of(digits, sizeof(digits)));
    put_line(&p, head_status_phrase((uint16_t)status));
    put_fields(&p, h);
    put_framing(&p, plan);
    if (is_tunnel)
        put_upgrade(&p, h->protocol);
    put_line(&p, SPAN_LIT(""));
    return put_end(&p);
}

/* ---- payload ---- */

/* Size of a chunk in hex, CR LF; answers how many bytes. */
static uint32_t print_chunk_line(uint8_t out[CHUNK_LINE_BYTES], uint32_t bytes)
{
    uint32_t digits_n = (35U - (uint32_t)__builtin_clz(bytes)) / 4U;

    for (uint32_t i = digits_n; i > 0; bytes >>= 4)
        out[--i] = (uint8_t)"0123456789abcdef"[bytes & 15];
    out[digits_n] = '\r';
    out[digits_n + 1] = '\n';
    return digits_n + 2;
}

static enum why put_chunk(struct bufq_env *env, struct bufq *out, struct bufq *payload, uint32_t bytes)
{
    uint8_t line[CHUNK_LINE_BYTES];
    enum why why = bufq_push_copy(env, out, span_of(line, print_chunk_line(line, bytes)));

    if (why == WHY_OK)
        why = bufq_move(env, payload, out, bytes);
    if (why == WHY_OK)
        why = bufq_push_copy(env, out, SPAN_LIT("\r\n"));
    return why;
}

enum why h1_writer_payload(struct bufq_env *env, struct bufq *out, struct bufq *payload, uint32_t bytes_max,
                           enum h1_mode mode, uint64_t *io_left_bytes)
{
    uint32_t bytes = payload->bytes < bytes_max ? payload->bytes : bytes_max;

    if (bytes == 0)
        return WHY_OK;
    switch (mode) {
    case H1_MODE_NONE:
        bufq_clear(env, payload);
        return WHY_OK;
    case H1_MODE_LENGTH:
        if (bytes > *io_left_bytes)
            return WHY_H1_BODY_LENGTH;
        *io_left_bytes -= bytes;
        return bufq_move(env, payload, out, bytes);
    case H1_MODE_CHUNKED:
        return put_chunk(env, out, payload, bytes);
    case H1_MODE_CLOSE:
    case H1_MODE_RAW:
        return bufq_move(env, payload, out, bytes);
    }
    must_not_reach("h1_writer_payload: no such mode");
}

enum why h1_writer_end(struct bufq_env *env, struct bufq *out, const struct head *trailers, enum h1_mode mode,
                       uint64_t left_bytes)
{
    struct put p;

    if (mode == H1_MODE_LENGTH && left_bytes > 0)
        return WHY_H1_BODY_LENGTH;
    if (mode != H1_MODE_CHUNKED)
        return WHY_OK;
    if (trailers == NULL || trailers->fields_n == 0)
        return bufq_push_copy(env, out, SPAN_LIT("0\r\n\r\n"));
    p = put_begin(env, out, lines_bytes(trailers) + OWN_LINES_BYTES);
    put_line(&p, SPAN_LIT("0"));
    put_fields(&p, trailers);
    put_line(&p, SPAN_LIT(""));
    return put_end(&p);
}
