/* access_format.c - compile a format string in Envoy's operators.
 *
 * Spec:   Envoy's access log operators, with Kuma's own (kuma-dialect.md 3.4).
 * Layer:  engine. Runs on control, once per configuration.
 */
#include "engine/access_log.h"

#include "base/limits.h"
#include "base/must.h"
#include "conf/snapshot.h"
#include "conf/suggest.h"

/* Kuma's default for HTTP (kuma-dialect.md 3.4). */
static const char default_text[] =
    "[%START_TIME%] %KUMA_MESH% \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
    "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    "\"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-B3-TRACEID?X-DATADOG-TRACEID)%\" "
    "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%KUMA_SOURCE_SERVICE%\" \"%KUMA_DESTINATION_SERVICE%\" "
    "\"%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%\" \"%UPSTREAM_HOST%\"";

static const struct operator_row {
    const char *name;
    uint8_t     kind;
} operators[] = {
    { "START_TIME", ACCESS_START_TIME },
    { "REQ", ACCESS_REQ },
    { "RESP", ACCESS_RESP },
    { "PROTOCOL", ACCESS_PROTOCOL },
    { "RESPONSE_CODE", ACCESS_RESPONSE_CODE },
    { "RESPONSE_CODE_DETAILS", ACCESS_RESPONSE_CODE_DETAILS },
    { "RESPONSE_FLAGS", ACCESS_RESPONSE_FLAGS },
    { "BYTES_RECEIVED", ACCESS_BYTES_RECEIVED },
    { "BYTES_SENT", ACCESS_BYTES_SENT },
    { "DURATION", ACCESS_DURATION },
    { "RESPONSE_DURATION", ACCESS_RESPONSE_DURATION },
    { "UPSTREAM_HOST", ACCESS_UPSTREAM_HOST },
    { "UPSTREAM_CLUSTER", ACCESS_UPSTREAM_CLUSTER },
    { "UPSTREAM_REQUEST_ATTEMPT_COUNT", ACCESS_UPSTREAM_ATTEMPTS },
    { "DOWNSTREAM_REMOTE_ADDRESS", ACCESS_CLIENT },
    { "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", ACCESS_CLIENT_WITHOUT_PORT },
    { "DOWNSTREAM_REMOTE_PORT", ACCESS_CLIENT_PORT },
    { "DOWNSTREAM_TLS_VERSION", ACCESS_TLS_VERSION },
    { "DOWNSTREAM_TLS_CIPHER", ACCESS_TLS_CIPHER },
    { "ROUTE_NAME", ACCESS_ROUTE_NAME },
    { "STREAM_ID", ACCESS_STREAM_ID },
    { "KUMA_MESH", ACCESS_MESH },
    { "KUMA_SOURCE_SERVICE", ACCESS_LISTENER },
    { "KUMA_DESTINATION_SERVICE", ACCESS_UPSTREAM_CLUSTER },
    { "KUMA_SOURCE_ADDRESS", ACCESS_CLIENT },
    { "KUMA_SOURCE_ADDRESS_WITHOUT_PORT", ACCESS_CLIENT_WITHOUT_PORT },
    { "KUMA_TRAFFIC_DIRECTION", ACCESS_DIRECTION },
    { "FORGE_SHADOW", ACCESS_SHADOW },
    { "FORGE_SHADOW_ROUTE", ACCESS_SHADOW_ROUTE },
    { "KUMA_ZONE", ACCESS_NOTHING },
    { "KUMA_WORKLOAD", ACCESS_NOTHING },
};

/* The compiler's state: where it reads, what it makes. */
struct compiler {
    struct access_format *f;
    struct diag_place     place;
    struct diag          *diag;
    uint32_t              at;      /* next byte of the format, in f->text */
    uint32_t              end;     /* of the format                       */
    bool                  is_good;
};

static struct access_op *op_add(struct compiler *c, uint8_t kind, uint32_t at, uint32_t len)
{
    if (c->f->ops_n == ACCESS_OPS_MAX) {
        if (c->is_good)
            diag_error(c->diag, c->place, "the access log format has more than %d pieces: shorten it", ACCESS_OPS_MAX);
        c->is_good = false;
        return NULL;
    }
    struct access_op *op = &c->f->ops[c->f->ops_n++];
    *op = (struct access_op){ .kind = kind, .at = (uint16_t)at, .len = (uint16_t)len };
    return op;
}

static struct span text_of(const struct compiler *c, uint32_t at, uint32_t len)
{
    return span_of(c->f->text + at, len);
}

/* Positions in sentences count from 1. */
static void refuse_operator(struct compiler *c, uint32_t at, struct span name)
{
    struct suggest near;

    suggest_init(&near, name);
    for (unsigned i = 0; i < COUNT(operators); i++)
        suggest_offer(&near, operators[i].name);
    diag_error(c->diag, c->place, "the access log format has an unknown operator %%%.*s%% at position %u%s%s%s",
               SPAN_FMT(name), at + 1, near.best != NULL ? ": did you mean %" : "",
               near.best != NULL ? near.best : "", near.best != NULL ? "%?" : "");
    c->is_good = false;
}

static void refuse_syntax(struct compiler *c, uint32_t at, const char *what)
{
    diag_error(c->diag, c->place, "the access log format is wrong at position %u: %s", at + 1, what);
    c->is_good = false;
}

static void name_lower(struct compiler *c, uint32_t at, uint32_t len)
{
    for (char *p = c->f->text + at; p < c->f->text + at + len; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
}

/* The part in brackets of REQ and RESP: NAME or NAME?OTHER. */
static void names_read(struct compiler *c, struct access_op *op, uint32_t at, uint32_t len)
{
    size_t mark = span_find(text_of(c, at, len), '?');

    name_lower(c, at, len);
    op->at = (uint16_t)at;
    op->len = (uint16_t)mark;
    if (mark < len) {
        op->other_at = (uint16_t)(at + mark + 1);
        op->other_len = (uint16_t)(len - mark - 1);
    }
    if (op->len == 0 || (mark < len && op->other_len == 0))
        refuse_syntax(c, at, "REQ and RESP want the name of a header, or two with a ? between them");
}

/* What stands behind the operator's name, up to the closing %: (names) and :length. */
static void arguments_read(struct compiler *c, struct access_op *op, uint32_t at, uint32_t end)
{
    bool wants_names = op->kind == ACCESS_REQ || op->kind == ACCESS_RESP;
    uint64_t bytes_max = 0;

    if (at < end && c->f->text[at] == '(') {
        size_t close = span_find(text_of(c, at, end - at), ')');
        if (close == end - at) {
            refuse_syntax(c, at, "the bracket is not closed before the %");
            return;
        }
        if (!wants_names) {
            refuse_syntax(c, at,
                          "only REQ and RESP take something in brackets here; times are written as RFC 3339 has them");
            return;
        }
        names_read(c, op, at + 1, (uint32_t)close - 1);
        at += (uint32_t)close + 1;
    } else if (wants_names) {
        refuse_syntax(c, at, "REQ and RESP want the name of a header in brackets");
        return;
    }
    if (at == end)
        return;
    if (c->f->text[at] != ':' || !span_to_u64(text_of(c, at + 1, end - at - 1), &bytes_max) || bytes_max == 0 ||
        bytes_max > ACCESS_FORMAT_BYTES_MAX) {
        refuse_syntax(c, at, "here only a colon and a length of 1 to 1024 may stand");
        return;
    }
    op->bytes_max = (uint16_t)bytes_max;
}

/* c->at is behind the opening %. */
static void operator_read(struct compiler *c)
{
    uint32_t begin = c->at, name_end;
    size_t close = span_find(text_of(c, begin, c->end - begin), '%');
    uint32_t end = begin + (uint32_t)close;

    if (end == c->end) {
        refuse_syntax(c, begin - 1, "this % begins an operator that does not end; a percent sign is written %%");
        c->at = end;
        return;
    }
    c->at = end + 1;
    for (name_end = begin; name_end < end && c->f->text[name_end] != '(' && c->f->text[name_end] != ':'; name_end++)
        ;
    struct span name = text_of(c, begin, name_end - begin);
    for (unsigned i = 0; i < COUNT(operators); i++) {
        if (!span_is(name, span_str(operators[i].name)))
            continue;
        struct access_op *op = op_add(c, operators[i].kind, 0, 0);
        if (op != NULL)
            arguments_read(c, op, name_end, end);
        return;
    }
    refuse_operator(c, begin - 1, name);
}

static void literal_add(struct compiler *c, uint32_t at, uint32_t end)
{
    for (uint32_t i = at; i < end; i++) {
        if ((uint8_t)c->f->text[i] < ' ' && c->f->text[i] != '\t') {
            refuse_syntax(c, i, "one record is one line: no line breaks or control characters here");
            return;
        }
    }
    if (end > at)
        (void)op_add(c, ACCESS_LITERAL, at, end - at);
}

static void format_read(struct compiler *c)
{
    while (c->at < c->end) {
        uint32_t begin = c->at;
        uint32_t mark = begin + (uint32_t)span_find(text_of(c, begin, c->end - begin), '%');
        if (mark + 1 < c->end && c->f->text[mark + 1] == '%') { /* %% is one percent sign. */
            literal_add(c, begin, mark + 1);
            c->at = mark + 2;
            continue;
        }
        literal_add(c, begin, mark);
        c->at = mark;
        if (mark < c->end) {
            c->at = mark + 1;
            operator_read(c);
        }
    }
}

/* Fields of a JSON object: each key, and its value as a format of its own. */
static void fields_read(struct compiler *c)
{
    uint32_t end = c->end;

    while (c->at < end && c->f->text[c->at] == ACCESS_MARK_FIELD) {
        uint32_t key = c->at + 1, value = key, stop;
        while (c->f->text[value] != ACCESS_MARK_TEXT && c->f->text[value] != ACCESS_MARK_NUMBER)
            value++;
        for (stop = value + 1; c->f->text[stop] != ACCESS_MARK_FIELD && c->f->text[stop] != ACCESS_MARK_END;)
            stop++;
        struct access_op *op = op_add(c, ACCESS_FIELD, key, value - key);
        if (op == NULL)
            return;
        op->bytes_max = c->f->text[value] == ACCESS_MARK_NUMBER;
        c->at = value + 1;
        c->end = stop;
        format_read(c);
        c->at = stop;
    }
    c->end = end;
    (void)op_add(c, ACCESS_FIELDS_END, 0, 0);
}

bool access_format_compile(struct access_format *f, const struct access_log *conf, struct span mesh,
                           struct diag_place place, struct diag *diag)
{
    struct span text = conf->format;
    struct compiler c = { .f = f, .place = place, .diag = diag, .is_good = true };

    *f = (struct access_format){ .is_json = conf->is_json, .omits_empty = conf->omits_empty };
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--; /* Envoy's formats end in a line feed of their own; here the writer puts it. */
    if (text.len == 0 && !conf->is_json)
        text = SPAN_LIT(default_text);
    if (text.len > ACCESS_FORMAT_BYTES_MAX) {
        diag_error(diag, place, "the access log format is longer than %d bytes: shorten it", ACCESS_FORMAT_BYTES_MAX);
        return false;
    }
    if (mesh.len > sizeof(f->text) - ACCESS_FORMAT_BYTES_MAX)
        mesh.len = sizeof(f->text) - ACCESS_FORMAT_BYTES_MAX;
    if (text.len > 0)
        memcpy(f->text, text.at, text.len);
    if (mesh.len > 0)
        memcpy(f->text + text.len, mesh.at, mesh.len);
    f->mesh_at = (uint16_t)text.len;
    f->mesh_len = (uint16_t)mesh.len;
    f->text_len = (uint16_t)(text.len + mesh.len);
    c.end = (uint32_t)text.len;
    if (conf->has_fields)
        fields_read(&c);
    else
        format_read(&c);
    return c.is_good;
}
