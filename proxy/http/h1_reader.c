/* h1_reader.c - see h1_reader.h. llhttp is asked for tokens only: it pauses behind each head, what the fields mean is
 * settled in h1_check.c, and payload with a known length does not pass through it.
 *
 * Spec:   RFC 9112 s2.2, s3, s4, s5, s7.1.
 * Layer:  http. No I/O.
 * Owner:  the embedder; struct parse lives for one call of llhttp_execute.
 */
#include "http/h1_reader.h"

#include "base/limits.h"
#include "proto/uri.h"

enum stage {
    AWAIT_MESSAGE = 0,
    AWAIT_HEAD_END,
    AWAIT_LENGTH,       /* payload of _left_bytes            */
    AWAIT_CHUNK_LINE,
    AWAIT_CHUNK_DATA,
    AWAIT_TRAILERS_END,
    AWAIT_EOF,
};

enum reader_flag {
    IS_RESPONSE    = 1,
    HAS_TARGET     = 2,  /* request line is read up to the version   */
    HAS_PROTOCOL   = 4,
    ODD_BLANKS     = 8,  /* more than one blank around the target    */
    ODD_PROTOCOL   = 16, /* RTSP, ICE                                */
    FLAGS_KEPT     = IS_RESPONSE,
};

enum { HEAD_COPY_BYTES_MAX = 8192 }; /* a longer head is copied token by token: it may not fit one chunk of the arena */

/* One call of llhttp_execute: where its bytes are and where what it finds goes. */
struct parse {
    struct h1_reader *r;
    struct head      *head;    /* of the message, or of its trailers             */
    struct field     *field;   /* that is being read: fields[fields_n]; NULL: there is no list yet */
    struct bufq_env  *env;
    struct bufq      *body;
    struct buf       *buf;     /* that holds the slice                           */
    const uint8_t    *at, *end;
    const uint8_t    *run_at;  /* run of bytes that are no payload: where it began in the slice; NULL: in payload   */
    uint32_t          run_before; /* ... and its bytes before the slice           */
    enum why          why;     /* set by the callback that refuses               */
};

static int refuse(struct parse *x, enum why request_why, enum why response_why)
{
    x->why = (x->r->_flags & IS_RESPONSE) != 0 ? response_why : request_why;
    return -1;
}

static enum h1_got bad(enum why why, enum why *out_why)
{
    *out_why = why;
    return H1_BAD;
}

/* ---- tokens: spans into the slice until settle() ---- */

/* Add a further piece to a token. Past max it only needs to be seen to be too long, so that nothing grows. */
static __attribute__((noinline)) int extend(struct parse *x, struct span *token, const char *piece, size_t len,
                                            size_t max)
{
    const uint8_t *at = (const uint8_t *)piece;

    if (token->at >= x->at && token->at + token->len == at) {
        token->len += len;
        return 0;
    }
    if (token->len > max)
        return 0;
    if (len > max + 1 - token->len)
        len = max + 1 - token->len;
    *token = arena_append(x->head->arena, *token, span_of(at, len));
    return token->at != NULL ? 0 : refuse(x, WHY_ARENA_FULL, WHY_ARENA_FULL);
}

static inline int take(struct parse *x, struct span *token, const char *piece, size_t len, size_t max)
{
    if (token->len != 0)
        return extend(x, token, piece, len, max);
    *token = span_of(piece, len);
    return 0;
}

static int on_method_complete(llhttp_t *p)
{
    static const uint8_t methods[] = {
        [HTTP_DELETE] = METHOD_DELETE, [HTTP_GET] = METHOD_GET, [HTTP_HEAD] = METHOD_HEAD, [HTTP_POST] = METHOD_POST,
        [HTTP_PUT] = METHOD_PUT, [HTTP_CONNECT] = METHOD_CONNECT, [HTTP_OPTIONS] = METHOD_OPTIONS,
        [HTTP_TRACE] = METHOD_TRACE, [HTTP_PATCH] = METHOD_PATCH,
    };
    struct parse *x = p->data;
    enum method method = p->method < COUNT(methods) ? (enum method)methods[p->method] : METHOD_OTHER;

    if (method == METHOD_OTHER || method == METHOD_CONNECT)
        return refuse(x, method == METHOD_CONNECT ? WHY_H1_CONNECT : WHY_H1_METHOD, WHY_H1_ANSWER_HEAD);
    x->head->method = (uint8_t)method;
    x->head->method_text = method_name(method);
    return 0;
}

/* llhttp skips any number of blanks on the request line; this must be at a certain byte of the message. */
static void expect_at(struct parse *x, const char *at, size_t offset)
{
    if ((x->r->_flags & IS_RESPONSE) == 0 && x->r->_run_bytes + (size_t)((const uint8_t *)at - x->at) != offset)
        x->r->_flags |= ODD_BLANKS;
}

static int on_url(llhttp_t *p, const char *at, size_t len)
{
    struct parse *x = p->data;

    if (x->head->target.len == 0)
        expect_at(x, at, x->head->method_text.len + 1);
    return take(x, &x->head->target, at, len, HEAD_LINE_BYTES_MAX);
}

static int on_url_complete(llhttp_t *p)
{
    struct parse *x = p->data;

    x->r->_flags |= HAS_TARGET;
    if (x->head->target.len > HEAD_LINE_BYTES_MAX)
        return refuse(x, WHY_URI_TOO_LONG, WHY_H1_ANSWER_HEAD);
    return 0;
}

static int on_protocol(llhttp_t *p, const char *at, size_t len)
{
    struct parse *x = p->data;

    if (len == 0 || (x->r->_flags & HAS_PROTOCOL) != 0)
        return 0;
    expect_at(x, at, x->head->method_text.len + 1 + x->head->target.len + 1);
    x->r->_flags |= *at == 'H' ? HAS_PROTOCOL : HAS_PROTOCOL | ODD_PROTOCOL;
    return 0;
}

/* A place for the next field; the list grows when it is full. */
static __attribute__((noinline)) int make_room(struct parse *x)
{
    struct head *h = x->head;

    if (h->fields_n > HEAD_FIELDS_MAX)
        return refuse(x, WHY_H1_FIELDS_MANY, WHY_H1_ANSWER_LONG);
    if (!head_room(h))
        return refuse(x, WHY_ARENA_FULL, WHY_ARENA_FULL);
    x->field = &h->fields[h->fields_n];
    x->field->name.len = x->field->value.len = 0;
    return 0;
}

static int on_header_field(llhttp_t *p, const char *at, size_t len)
{
    struct parse *x = p->data;

    if (x->field == NULL && make_room(x) != 0)
        return -1;
    return take(x, &x->field->name, at, len, HEAD_NAME_BYTES_MAX);
}

static int on_header_value(llhttp_t *p, const char *at, size_t len)
{
    struct parse *x = p->data;

    return take(x, &x->field->value, at, len, HEAD_LINE_BYTES_MAX);
}

static int on_header_value_complete(llhttp_t *p)
{
    struct parse *x = p->data;
    struct head *h = x->head;
    struct field *f = x->field;

    if (f->name.len > HEAD_NAME_BYTES_MAX || f->value.len > HEAD_LINE_BYTES_MAX)
        return refuse(x, WHY_H1_FIELD_LONG, WHY_H1_ANSWER_LONG);
    while (f->value.len > 0 && (f->value.at[f->value.len - 1] == ' ' || f->value.at[f->value.len - 1] == '\t'))
        f->value.len--;
    if (f->value.len == 0)
        f->value = SPAN_LIT("");
    h->bytes += (uint32_t)(f->name.len + f->value.len + 32);
    if (h->bytes > HEAD_BYTES_MAX)
        return refuse(x, WHY_H1_HEAD_LONG, WHY_H1_ANSWER_LONG);
    if (++h->fields_n >= h->fields_cap)
        return make_room(x);
    x->field = f + 1;
    x->field->name.len = x->field->value.len = 0;
    return 0;
}

/* Stop here: whether a body or another protocol follows is not llhttp's to say. */
static int on_headers_complete(llhttp_t *p)
{
    UNUSED(p);
    return HPE_PAUSED;
}

static int on_chunk_header(llhttp_t *p)
{
    struct parse *x = p->data;

    x->r->_left_bytes = p->content_length;
    x->r->_stage = p->content_length > 0 ? AWAIT_CHUNK_DATA : AWAIT_TRAILERS_END;
    return 0;
}

/* A chunk line ended where its payload begins: what it has beyond a usual one is charged to the message. */
static int charge_chunk_line(struct parse *x, const uint8_t *payload)
{
    uint32_t bytes = x->run_before + (uint32_t)(payload - x->run_at);

    if (bytes <= H1_CHUNK_USUAL_BYTES)
        return 0;
    x->r->_excess_bytes = (uint16_t)(x->r->_excess_bytes + (bytes - H1_CHUNK_USUAL_BYTES));
    return x->r->_excess_bytes <= H1_CHUNK_EXCESS_BYTES_MAX ? 0 : refuse(x, WHY_H1_CHUNK_LINE, WHY_H1_ANSWER_CHUNK);
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
    struct parse *x = p->data;
    const uint8_t *payload = (const uint8_t *)at;
    enum why why;

    if (len == 0)
        return 0;
    if (x->run_at != NULL && charge_chunk_line(x, payload) != 0)
        return -1;
    buf_hold(x->buf);
    why = bufq_push_buf(x->env, x->body, x->buf, x->buf->mem + (payload - x->buf->mem), (uint32_t)len);
    if (why != WHY_OK)
        return refuse(x, why, why);
    x->r->_left_bytes -= len;
    x->run_at = NULL;
    x->run_before = 0;
    if (x->r->_left_bytes == 0) {
        x->r->_stage = AWAIT_CHUNK_LINE;
        x->run_at = payload + len;
    }
    return 0;
}

static int on_message_complete(llhttp_t *p)
{
    UNUSED(p);
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_method_complete = on_method_complete,
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_protocol = on_protocol,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- llhttp's errors ---- */

static bool is_token_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What a request and an answer break when llhttp stops with an error. */
static const struct error_row {
    uint8_t  error; /* llhttp_errno_t */
    enum why request, response;
} error_rows[] = {
    { HPE_INVALID_METHOD,            WHY_H1_METHOD,       WHY_H1_ANSWER_HEAD },
    { HPE_INVALID_URL,               WHY_H1_TARGET,       WHY_H1_ANSWER_HEAD },
    { HPE_INVALID_CONSTANT,          WHY_H1_REQUEST_LINE, WHY_H1_ANSWER_HEAD },
    { HPE_INVALID_VERSION,           WHY_H1_VERSION,      WHY_H1_ANSWER_VERSION },
    { HPE_INVALID_STATUS,            WHY_H1_NOT_HTTP,     WHY_H1_ANSWER_STATUS },
    { HPE_INVALID_HEADER_TOKEN,      WHY_H1_FIELD,        WHY_H1_ANSWER_HEAD },
    { HPE_UNEXPECTED_SPACE,          WHY_H1_FIELD,        WHY_H1_ANSWER_HEAD },
    { HPE_UNEXPECTED_CONTENT_LENGTH, WHY_H1_LENGTH,       WHY_H1_ANSWER_LENGTH },
    { HPE_INVALID_CONTENT_LENGTH,    WHY_H1_LENGTH,       WHY_H1_ANSWER_LENGTH },
    { HPE_INVALID_TRANSFER_ENCODING, WHY_H1_CODING,       WHY_H1_ANSWER_CODING },
    { HPE_INVALID_CHUNK_SIZE,        WHY_H1_CHUNK,        WHY_H1_ANSWER_CHUNK },
};
/* The others: ends of lines, and in a body what stands around the chunks. */
static const struct error_row line_row = { 0, WHY_H1_LINE_END, WHY_H1_ANSWER_HEAD };
static const struct error_row chunk_row = { 0, WHY_H1_CHUNK, WHY_H1_ANSWER_CHUNK };
/* A method that stops at a byte which no method has, and a length beside a coding, whichever came first. */
static const struct error_row no_method_row = { 0, WHY_H1_NOT_HTTP, WHY_H1_ANSWER_HEAD };
static const struct error_row both_row = { 0, WHY_H1_LENGTH_AND_CODING, WHY_H1_ANSWER_LENGTH_AND_CODING };

/* pos is the byte that llhttp stopped at. */
static enum why why_of(const struct h1_reader *r, llhttp_errno_t error, const uint8_t *pos)
{
    const struct error_row *row = r->_stage == AWAIT_HEAD_END ? &line_row : &chunk_row;
    uint16_t flags = r->_llhttp.flags;

    for (size_t i = 0; i < COUNT(error_rows); i++)
        if (error_rows[i].error == error)
            row = &error_rows[i];
    if (error == HPE_INVALID_METHOD && !is_token_byte(*pos))
        row = &no_method_row;
    if ((error == HPE_INVALID_CONTENT_LENGTH && (flags & F_TRANSFER_ENCODING) != 0) ||
        (error == HPE_INVALID_TRANSFER_ENCODING && (flags & F_CONTENT_LENGTH) != 0))
        row = &both_row;
    return (r->_flags & IS_RESPONSE) != 0 ? row->response : row->request;
}

/* Give a slice of the front piece to llhttp. DONE: it paused; *out_used bytes were read. */
static enum h1_got execute(struct parse *x, struct bufq *wire, size_t bytes_max, uint32_t *out_used, enum why *out_why)
{
    struct span piece = bufq_front(wire);
    llhttp_errno_t err;

    if (piece.len > bytes_max)
        piece.len = bytes_max;
    x->field = x->head->fields_cap > 0 ? &x->head->fields[x->head->fields_n] : NULL;
    x->at = piece.at;
    x->end = piece.at + piece.len;
    x->buf = wire->first->buf;
    x->run_at = x->r->_stage == AWAIT_CHUNK_DATA && x->r->_run_bytes == 0 ? NULL : x->at;
    x->run_before = x->r->_run_bytes;
    x->why = WHY_OK;
    x->r->_llhttp.data = x;
    err = llhttp_execute(&x->r->_llhttp, (const char *)piece.at, piece.len);
    if (err == HPE_OK) {
        *out_used = (uint32_t)piece.len;
        return H1_MORE;
    }
    const uint8_t *pos = (const uint8_t *)llhttp_get_error_pos(&x->r->_llhttp);
    if (err != HPE_PAUSED)
        return bad(x->why != WHY_OK ? x->why : why_of(x->r, err, pos), out_why);
    *out_used = (uint32_t)(pos - piece.at);
    return H1_DONE;
}

/* ---- out of the slice, into the arena ---- */

static bool is_in_slice(const struct parse *x, struct span token)
{
    return token.len > 0 && token.at >= x->at && token.at < x->end;
}

/* Of a token that is too long, as much as shows it. */
static void copy_token(const struct parse *x, struct span *token, size_t max)
{
    if (is_in_slice(x, *token))
        *token = arena_copy(x->head->arena, span_of(token->at, token->len <= max ? token->len : max + 1));
}

/* Tokens one by one; first is the field that the slice began in. The last of them may be unfinished. */
static enum why settle_tokens(const struct parse *x, uint32_t first)
{
    struct head *h = x->head;

    copy_token(x, &h->target, HEAD_LINE_BYTES_MAX);
    for (uint32_t i = first; h->fields_cap > 0 && i <= h->fields_n; i++) {
        copy_token(x, &h->fields[i].name, HEAD_NAME_BYTES_MAX);
        copy_token(x, &h->fields[i].value, HEAD_LINE_BYTES_MAX);
    }
    return h->arena->is_full ? WHY_ARENA_FULL : WHY_OK;
}

/* All of a head that lay in one slice, which is nearly every head: one copy, then the spans move over. */
static enum why settle_whole(const struct parse *x, uint32_t bytes)
{
    struct head *h = x->head;
    struct span copy = arena_copy(h->arena, span_of(x->at, bytes));

    if (copy.at == NULL)
        return WHY_ARENA_FULL;
    if (h->target.len > 0)
        h->target.at = copy.at + (h->target.at - x->at);
    for (uint32_t i = 0; i < h->fields_n; i++) {
        struct field *f = &h->fields[i];
        f->name.at = copy.at + (f->name.at - x->at);
        if (f->value.len > 0)
            f->value.at = copy.at + (f->value.at - x->at);
    }
    return WHY_OK;
}

/* ---- the steps ---- */

void h1_reader_init(struct h1_reader *r, bool is_response)
{
    *r = (struct h1_reader){ ._flags = is_response ? IS_RESPONSE : 0 };
}

enum h1_got h1_reader_begin(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, enum why *out_why)
{
    bool is_response = (r->_flags & IS_RESPONSE) != 0;

    MUST(r->_stage == AWAIT_MESSAGE);
    while (wire->bytes > 0) {
        uint8_t c = *bufq_front(wire).at;
        bool is_mid = (r->_run_bytes & 1) != 0;
        if (is_response && c != 'H')
            return bad(WHY_H1_ANSWER_HEAD, out_why);
        if (c != (is_mid ? '\n' : '\r')) {
            if (is_mid || c == '\n')
                return bad(WHY_H1_LINE_END, out_why);
            r->_run_bytes = 0;
            r->_flags &= FLAGS_KEPT;
            r->_stage = AWAIT_HEAD_END;
            llhttp_init(&r->_llhttp, is_response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
            return H1_DONE;
        }
        if (r->_run_bytes == 2 * H1_BLANK_LINES_MAX)
            return bad(WHY_H1_BLANK_LINES, out_why);
        r->_run_bytes++;
        bufq_eat(env, wire, 1);
    }
    return H1_MORE;
}

static enum why finish_head(struct h1_reader *r, struct head *h, const struct h1_asked *asked, struct h1_facts *facts)
{
    bool is_response = (r->_flags & IS_RESPONSE) != 0;
    unsigned version = r->_llhttp.http_major * 10U + r->_llhttp.http_minor;
    enum why why;

    if ((r->_flags & ODD_BLANKS) != 0)
        return WHY_H1_REQUEST_LINE;
    if ((r->_flags & ODD_PROTOCOL) != 0 || (version != HTTP_VERSION_10 && version != HTTP_VERSION_11))
        return is_response ? WHY_H1_ANSWER_VERSION : WHY_H1_VERSION;
    h->version = (uint8_t)version;
    h->status = is_response ? r->_llhttp.status_code : 0;
    why = is_response ? h1_check_response(h, asked, facts) : h1_check_request(h, facts);
    if (why != WHY_OK)
        return why;
    r->_run_bytes = 0;
    r->_excess_bytes = 0;
    r->_left_bytes = h->content_length;
    if (!h->has_body) {
        r->_stage = AWAIT_MESSAGE;
    } else if (facts->is_chunked) {
        /* Two readers, one framing: if llhttp sees another one than the fields say, nobody knows where this ends. */
        if ((r->_llhttp.flags & F_CHUNKED) == 0)
            return is_response ? WHY_H1_ANSWER_CODING : WHY_H1_CODING;
        r->_stage = AWAIT_CHUNK_LINE;
        llhttp_resume(&r->_llhttp);
    } else {
        r->_stage = facts->until_eof ? AWAIT_EOF : AWAIT_LENGTH;
    }
    return WHY_OK;
}

enum h1_got h1_reader_head(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, struct head *head,
                           const struct h1_asked *asked, struct h1_facts *out_facts, enum why *out_why)
{
    struct parse x = { .r = r, .head = head, .env = env };
    enum h1_got got = H1_MORE;
    enum why why = WHY_OK;

    MUST(r->_stage == AWAIT_HEAD_END);
    while (got == H1_MORE && wire->bytes > 0) {
        bool is_first = r->_run_bytes == 0;
        uint32_t used, field = head->fields_n;
        if (r->_run_bytes == H1_HEAD_WIRE_BYTES_MAX) {
            if ((r->_flags & IS_RESPONSE) != 0)
                return bad(WHY_H1_ANSWER_LONG, out_why);
            return bad((r->_flags & HAS_TARGET) != 0 ? WHY_H1_HEAD_LONG : WHY_URI_TOO_LONG, out_why);
        }
        got = execute(&x, wire, H1_HEAD_WIRE_BYTES_MAX - r->_run_bytes, &used, out_why);
        if (got == H1_BAD)
            return H1_BAD;
        why = got == H1_DONE && is_first && used <= HEAD_COPY_BYTES_MAX ? settle_whole(&x, used)
                                                                        : settle_tokens(&x, field);
        if (why != WHY_OK)
            return bad(why, out_why);
        r->_run_bytes += used;
        bufq_eat(env, wire, used);
    }
    if (got == H1_MORE)
        return H1_MORE;
    why = finish_head(r, head, asked, out_facts);
    return why == WHY_OK ? H1_DONE : bad(why, out_why);
}

/* How far llhttp may look: to where a chunk line, or the trailers, would be too long; 0: they are. */
static size_t chunk_bytes_max(const struct h1_reader *r)
{
    switch ((enum stage)r->_stage) {
    case AWAIT_CHUNK_LINE:
        return H1_CHUNK_LINE_BYTES_MAX - r->_run_bytes;
    case AWAIT_CHUNK_DATA:
        return r->_left_bytes < UINT32_MAX ? r->_left_bytes + H1_CHUNK_LINE_BYTES_MAX : UINT32_MAX;
    case AWAIT_TRAILERS_END:
        return H1_CHUNK_LINE_BYTES_MAX + H1_TRAILER_WIRE_BYTES_MAX - r->_run_bytes;
    case AWAIT_MESSAGE:
    case AWAIT_HEAD_END:
    case AWAIT_LENGTH:
    case AWAIT_EOF:
        break;
    }
    must_not_reach("chunk_bytes_max: no chunks here");
}

static enum why too_long(const struct h1_reader *r)
{
    bool is_response = (r->_flags & IS_RESPONSE) != 0;

    if (r->_stage == AWAIT_TRAILERS_END)
        return is_response ? WHY_H1_ANSWER_LONG : WHY_H1_TRAILERS_LONG;
    return is_response ? WHY_H1_ANSWER_CHUNK : WHY_H1_CHUNK_LINE;
}

static enum h1_got read_chunks(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, struct bufq *body,
                               struct head *trailers, enum why *out_why)
{
    struct parse x = { .r = r, .head = trailers, .env = env, .body = body };
    enum h1_got got = H1_MORE;

    while (got == H1_MORE && wire->bytes > 0) {
        size_t bytes_max = chunk_bytes_max(r);
        uint32_t used, field = trailers->fields_n;
        if (bytes_max == 0)
            return bad(too_long(r), out_why);
        if (body->bytes >= STREAM_RX_BYTES_HIGH)
            return H1_FULL;
        got = execute(&x, wire, bytes_max, &used, out_why);
        if (got == H1_BAD)
            return H1_BAD;
        enum why why = settle_tokens(&x, field);
        if (why != WHY_OK)
            return bad(why, out_why);
        r->_run_bytes = x.run_at != NULL ? x.run_before + (uint32_t)(x.at + used - x.run_at) : 0;
        bufq_eat(env, wire, used);
    }
    if (got == H1_DONE) {
        h1_check_trailers(trailers);
        r->_stage = AWAIT_MESSAGE;
        r->_run_bytes = 0;
    }
    return got;
}

enum h1_got h1_reader_body(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, struct bufq *body,
                           struct head *trailers, enum why *out_why)
{
    uint32_t bytes;
    enum why why;

    MUST(r->_stage > AWAIT_HEAD_END);
    if (r->_stage != AWAIT_LENGTH && r->_stage != AWAIT_EOF)
        return read_chunks(r, env, wire, body, trailers, out_why);
    if (wire->bytes == 0)
        return H1_MORE;
    if (body->bytes >= STREAM_RX_BYTES_HIGH)
        return H1_FULL;
    bytes = r->_stage == AWAIT_LENGTH && r->_left_bytes < wire->bytes ? (uint32_t)r->_left_bytes : wire->bytes;
    why = bufq_move(env, wire, body, bytes);
    if (why != WHY_OK)
        return bad(why, out_why);
    if (r->_stage == AWAIT_EOF)
        return H1_MORE;
    r->_left_bytes -= bytes;
    if (r->_left_bytes > 0)
        return H1_MORE;
    r->_stage = AWAIT_MESSAGE;
    return H1_DONE;
}

bool h1_reader_is_between(const struct h1_reader *r)
{
    return r->_stage == AWAIT_MESSAGE;
}

bool h1_reader_may_end(const struct h1_reader *r)
{
    return r->_stage == AWAIT_EOF;
}
