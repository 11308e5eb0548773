/* head.c - fields of a message: adding, finding, taking out, and the fixed texts of HTTP.
 *
 * Spec:   RFC 9110 s5 (fields), s7.6.1 (Connection), s9 (methods), s15 (status codes).
 * Layer:  http. Plain data.
 * Owner:  the head's arena; replaced and removed fields leave their bytes there until the request ends.
 * Bounds: HEAD_* of limits.h.
 */
#include "http/head.h"

#include "base/limits.h"

enum {
    FIELDS_FIRST    = 24, /* a usual head fits: 40 bytes a field are a quarter of the arena's first chunk */
    FIELD_OVERHEAD  = 32, /* RFC 9113 s6.5.2 counts a field as name + value + 32                          */
};

STATIC_MUST(FIELD_N <= 64, "sets of field ids are 64 bits");
#define ID(name) (UINT64_C(1) << FIELD_##name)

/* RFC 9110 s7.6.1 and s11.7, and what clients of old proxies still send. */
static const uint64_t hop_ids = ID(CONNECTION) | ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TE) | ID(TRAILER) |
                                ID(TRANSFER_ENCODING) | ID(UPGRADE) | ID(HTTP2_SETTINGS) | ID(PROXY_AUTHENTICATE) |
                                ID(PROXY_AUTHORIZATION);
/* What a peer may not have us drop by listing it in Connection (Apache CVE-2022-31813). */
static const uint64_t end_to_end_ids = ID(HOST) | ID(CONTENT_LENGTH) | ID(CONTENT_TYPE) | ID(AUTHORIZATION) |
                                       ID(COOKIE) | ID(FORWARDED) | ID(X_FORWARDED_FOR) | ID(X_FORWARDED_HOST) |
                                       ID(X_FORWARDED_PORT) | ID(X_FORWARDED_PROTO);

/* ---- names ---- */

static const struct span field_names[FIELD_N] = {
    [FIELD_OTHER] = { (const uint8_t *)"", 0 },
#define FIELD(name, text) [FIELD_##name] = { (const uint8_t *)(text), sizeof(text) - 1 },
#include "http/field_id.def"
#undef FIELD
};

struct span field_name(enum field_id id)
{
    MUST((unsigned)id < FIELD_N);
    return field_names[id];
}

/* The one id that a name of this length can have, told apart by one letter where there are several. A test asks for
 * every row of field_id.def, so that none can be forgotten here. */
static enum field_id candidate(size_t len, uint8_t first, uint8_t thirteenth)
{
    switch (len) {
    case 2:  return FIELD_TE;
    case 3:  return FIELD_VIA;
    case 4:  return first == 'd' ? FIELD_DATE : FIELD_HOST;
    case 6:  return first == 'c' ? FIELD_COOKIE : first == 'e' ? FIELD_EXPECT : FIELD_SERVER;
    case 7:  return first == 't' ? FIELD_TRAILER : FIELD_UPGRADE;
    case 8:  return FIELD_LOCATION;
    case 9:  return FIELD_FORWARDED;
    case 10: return first == 'c' ? FIELD_CONNECTION : first == 'k' ? FIELD_KEEP_ALIVE :
                    first == 's' ? FIELD_SET_COOKIE : FIELD_USER_AGENT;
    case 11: return FIELD_RETRY_AFTER;
    case 12: return first == 'c' ? FIELD_CONTENT_TYPE : FIELD_X_REQUEST_ID;
    case 13: return FIELD_AUTHORIZATION;
    case 14: return first == 'c' ? FIELD_CONTENT_LENGTH : FIELD_HTTP2_SETTINGS;
    case 15: return first == 'a' ? FIELD_ACCEPT_ENCODING : FIELD_X_FORWARDED_FOR;
    case 16: return first == 'p' ? FIELD_PROXY_CONNECTION :
                    thirteenth == 'h' ? FIELD_X_FORWARDED_HOST : FIELD_X_FORWARDED_PORT;
    case 17: return first == 't' ? FIELD_TRANSFER_ENCODING :
                    first == 's' ? FIELD_SEC_WEBSOCKET_KEY : FIELD_X_FORWARDED_PROTO;
    case 18: return FIELD_PROXY_AUTHENTICATE;
    case 19: return FIELD_PROXY_AUTHORIZATION;
    case 20: return FIELD_SEC_WEBSOCKET_ACCEPT;
    default: return FIELD_OTHER;
    }
}

enum field_id field_id_of(struct span lower_name)
{
    size_t len = lower_name.len;
    enum field_id id = len < 2 ? FIELD_OTHER : candidate(len, lower_name.at[0], lower_name.at[len > 12 ? 12 : 0]);

    return id != FIELD_OTHER && span_is(lower_name, field_names[id]) ? id : FIELD_OTHER;
}

static uint64_t load_8(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

static uint32_t load_4(const uint8_t *at)
{
    uint32_t word;

    memcpy(&word, at, 4);
    return word;
}

/* Eight letters at once: a byte in A..Z gets bit 5. Additions stay within a byte each. */
static uint64_t lower_eight(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = v & (ones * 0x7f);
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t above_z = low + ones * (0x7f - 'Z');

    return v | (((from_a ^ above_z) & ~v & (ones * 0x80)) >> 2);
}

static void lower_few(uint8_t *out, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(at[i] - 'A') < 26 ? (uint8_t)(at[i] | 0x20) : at[i];
}

void field_lower(uint8_t *out, const uint8_t *at, size_t len)
{
    if (len < 8) {
        lower_few(out, at, len);
        return;
    }
    /* The last eight overlap those before; they are read first in case out is at. */
    uint64_t word, last = lower_eight(load_8(at + len - 8));
    for (size_t i = 0; i + 8 < len; i += 8) {
        word = lower_eight(load_8(at + i));
        memcpy(out + i, &word, 8);
    }
    memcpy(out + len - 8, &last, 8);
}

/* What was just stored must not be loaded again in other pieces: the load would wait until the stores are in the cache. So
 * the comparison is with what is in registers. */
static enum field_id settle_long(uint8_t *name, size_t len)
{
    uint64_t front = lower_eight(load_8(name)), back = lower_eight(load_8(name + len - 8));
    uint64_t middle = len > 16 ? lower_eight(load_8(name + 8)) : 0;
    enum field_id id = candidate(len, (uint8_t)front, (uint8_t)(back >> 32));
    const uint8_t *text = field_names[id].at;

    memcpy(name, &front, 8);
    if (len > 16)
        memcpy(name + 8, &middle, 8);
    memcpy(name + len - 8, &back, 8);
    if (id == FIELD_OTHER || load_8(text) != front || load_8(text + len - 8) != back)
        return FIELD_OTHER;
    return len <= 16 || load_8(text + 8) == middle ? id : FIELD_OTHER;
}

static enum field_id settle_short(uint8_t *name, size_t len)
{
    uint64_t both = lower_eight(load_4(name) | (uint64_t)load_4(name + len - 4) << 32);
    uint32_t front = (uint32_t)both, back = (uint32_t)(both >> 32);
    enum field_id id = candidate(len, (uint8_t)front, 0);
    const uint8_t *text = field_names[id].at;

    memcpy(name, &front, 4);
    memcpy(name + len - 4, &back, 4);
    return id != FIELD_OTHER && load_4(text) == front && load_4(text + len - 4) == back ? id : FIELD_OTHER;
}

enum field_id field_settle_name(uint8_t *name, size_t len)
{
    if (len >= 8 && len <= 24)
        return settle_long(name, len);
    if (len >= 4 && len < 8)
        return settle_short(name, len);
    field_lower(name, name, len);
    return field_id_of(span_of(name, len));
}

/* ---- the list of fields ---- */

void head_init(struct head *h, struct arena *arena)
{
    *h = (struct head){ .arena = arena };
}

bool head_room(struct head *h)
{
    uint32_t cap = h->fields_cap == 0 ? FIELDS_FIRST : h->fields_cap * 2U;
    struct field *fields;

    if (h->fields_n < h->fields_cap)
        return true;
    if (h->fields_n > HEAD_FIELDS_MAX)
        return false;
    if (cap > HEAD_FIELDS_MAX + 1)
        cap = HEAD_FIELDS_MAX + 1;
    fields = arena_take(h->arena, cap * sizeof(*fields));
    if (fields == NULL)
        return false;
    if (h->fields_n > 0)
        memcpy(fields, h->fields, h->fields_n * sizeof(*fields));
    h->fields = fields;
    h->fields_cap = (uint16_t)cap;
    return true;
}

static bool has_allowance(const struct head *h, size_t name_bytes, size_t value_bytes)
{
    return name_bytes <= HEAD_NAME_BYTES_MAX && value_bytes <= HEAD_LINE_BYTES_MAX &&
           h->bytes + name_bytes + value_bytes + FIELD_OVERHEAD <= HEAD_BYTES_MAX;
}

bool head_add_static(struct head *h, enum field_id id, struct span name, struct span value)
{
    if (h->fields_n >= HEAD_FIELDS_MAX || !has_allowance(h, name.len, value.len) || !head_room(h))
        return false;
    h->fields[h->fields_n++] = (struct field){ .name = name, .value = value, .id = (uint8_t)id };
    h->bytes += (uint32_t)(name.len + value.len + FIELD_OVERHEAD);
    return true;
}

/* Name in lower case and value, side by side in the arena. */
static bool copy_field(struct head *h, struct span *io_name, struct span *io_value)
{
    uint8_t *at = arena_take(h->arena, io_name->len + io_value->len + 1);

    if (at == NULL)
        return false;
    field_lower(at, io_name->at, io_name->len);
    if (io_value->len > 0)
        memcpy(at + io_name->len, io_value->at, io_value->len);
    *io_name = span_of(at, io_name->len);
    *io_value = span_of(at + io_name->len, io_value->len);
    return true;
}

bool head_add(struct head *h, struct span name, struct span value, uint8_t flags)
{
    value = span_trim(value);
    if (h->fields_n >= HEAD_FIELDS_MAX || !has_allowance(h, name.len, value.len) || !copy_field(h, &name, &value))
        return false;
    if (!head_add_static(h, field_id_of(name), name, value))
        return false;
    h->fields[h->fields_n - 1].flags = flags;
    return true;
}

const struct field *head_find(const struct head *h, enum field_id id)
{
    MUST(id != FIELD_OTHER);
    for (uint32_t i = 0; i < h->fields_n; i++)
        if (h->fields[i].id == id)
            return &h->fields[i];
    return NULL;
}

const struct field *head_find_name(const struct head *h, struct span name)
{
    for (uint32_t i = 0; i < h->fields_n; i++)
        if (span_is(h->fields[i].name, name))
            return &h->fields[i];
    return NULL;
}

bool head_set(struct head *h, struct span name, struct span value)
{
    uint32_t first;

    value = span_trim(value);
    if (!has_allowance(h, name.len, value.len) || !copy_field(h, &name, &value))
        return false;
    for (first = 0; first < h->fields_n; first++)
        if (span_is(h->fields[first].name, name))
            break;
    if (first == h->fields_n)
        return head_add_static(h, field_id_of(name), name, value);
    /* In its old place, so that a changed field does not move; later ones of the name go. */
    struct field *f = &h->fields[first];
    if (h->bytes - f->value.len + value.len > HEAD_BYTES_MAX)
        return false;
    h->bytes = (uint32_t)(h->bytes - f->value.len + value.len);
    *f = (struct field){ .name = name, .value = value, .id = f->id };
    uint32_t kept_n = h->fields_n;
    struct head rest = *h;
    rest.fields = f + 1;
    rest.fields_n = (uint16_t)(kept_n - first - 1);
    kept_n -= head_remove(&rest, name);
    h->bytes = rest.bytes;
    h->fields_n = (uint16_t)kept_n;
    return true;
}

/* Keep the fields whose index is not marked; answers how many went. */
static uint32_t take_out(struct head *h, bool (*is_out)(const struct field *f, const void *what), const void *what)
{
    uint32_t kept_n = 0, out_n;

    for (uint32_t i = 0; i < h->fields_n; i++) {
        const struct field *f = &h->fields[i];
        if (is_out(f, what))
            h->bytes -= (uint32_t)(f->name.len + f->value.len + FIELD_OVERHEAD);
        else if (kept_n++ != i)
            h->fields[kept_n - 1] = *f;
    }
    out_n = h->fields_n - kept_n;
    h->fields_n = (uint16_t)kept_n;
    return out_n;
}

static bool has_name(const struct field *f, const void *name)
{
    return span_is(f->name, *(const struct span *)name);
}

static bool has_id_of(const struct field *f, const void *ids)
{
    return (*(const uint64_t *)ids >> f->id & 1) != 0;
}

uint32_t head_remove(struct head *h, struct span name)
{
    return take_out(h, has_name, &name);
}

uint32_t head_remove_id(struct head *h, enum field_id id)
{
    uint64_t ids = UINT64_C(1) << id;

    MUST(id != FIELD_OTHER);
    return take_out(h, has_id_of, &ids);
}

/* ---- hop by hop ---- */

/* One option of Connection names a field that ends here, unless it is one that no peer may have us drop. */
static void strip_option(struct head *h, struct span option)
{
    uint8_t lower[HEAD_NAME_BYTES_MAX];
    struct span name;

    if (option.len == 0 || option.len > sizeof(lower))
        return;
    field_lower(lower, option.at, option.len);
    name = span_of(lower, option.len);
    if ((end_to_end_ids >> field_id_of(name) & 1) == 0)
        (void)head_remove(h, name);
}

/* Does a Connection field list anything but what nearly all of them do. */
static bool names_fields(const struct head *h)
{
    for (uint32_t i = 0; i < h->fields_n; i++)
        if (h->fields[i].id == FIELD_CONNECTION && !span_is(h->fields[i].value, SPAN_LIT("keep-alive")) &&
            !span_is(h->fields[i].value, SPAN_LIT("close")))
            return true;
    return false;
}

static void strip_listed(struct head *h, struct span options)
{
    struct span option;

    for (uint32_t n = 0; n < HEAD_CONNECTION_OPTIONS_MAX && span_next(&options, ',', &option); n++)
        strip_option(h, span_trim(option));
}

static bool lists_trailers(struct span te)
{
    struct span part;

    while (span_next(&te, ',', &part))
        if (span_is_nocase(span_trim(part), SPAN_LIT("trailers")))
            return true;
    return false;
}

void head_strip_hop(struct head *h)
{
    uint64_t seen = 0;

    for (uint32_t i = 0; i < h->fields_n; i++) {
        seen |= UINT64_C(1) << h->fields[i].id;
        if (h->fields[i].id == FIELD_TE && lists_trailers(h->fields[i].value))
            h->accepts_trailers = true;
    }
    if ((seen & hop_ids) == 0)
        return;
    if ((seen & ID(CONNECTION)) == 0 || !names_fields(h)) {
        (void)take_out(h, has_id_of, &hop_ids);
        return;
    }
    /* Connection fields first, each taken out before its options are looked for: the walk restarts on what is left. */
    for (uint32_t i = 0; i < h->fields_n;) {
        struct span options = h->fields[i].value;
        if (h->fields[i].id != FIELD_CONNECTION) {
            i++;
            continue;
        }
        h->bytes -= (uint32_t)(h->fields[i].name.len + options.len + FIELD_OVERHEAD);
        h->fields_n--;
        memmove(&h->fields[i], &h->fields[i + 1], (h->fields_n - i) * sizeof(struct field));
        uint32_t before_n = h->fields_n;
        strip_listed(h, options);
        if (h->fields_n != before_n)
            i = 0;
    }
    if ((seen & hop_ids & ~ID(CONNECTION)) != 0)
        (void)take_out(h, has_id_of, &hop_ids);
}

/* ---- target ---- */

struct span head_path(const struct head *h)
{
    return span_of(h->target.at, span_find(h->target, '?'));
}

struct span head_query(const struct head *h)
{
    size_t mark = span_find(h->target, '?');

    return mark < h->target.len ? span_from(h->target, mark + 1) : SPAN_NONE;
}

/* ---- methods and status codes ---- */

static const struct span method_texts[METHOD_N] = {
#define METHOD(name) [METHOD_##name] = { (const uint8_t *)#name, sizeof(#name) - 1 }
    METHOD(GET), METHOD(HEAD), METHOD(POST), METHOD(PUT), METHOD(DELETE), METHOD(PATCH), METHOD(OPTIONS), METHOD(TRACE),
    METHOD(CONNECT),
#undef METHOD
};

enum method method_of(struct span text)
{
    for (unsigned m = METHOD_OTHER + 1; m < METHOD_N; m++)
        if (span_is(text, method_texts[m]))
            return (enum method)m;
    return METHOD_OTHER;
}

struct span method_name(enum method m)
{
    MUST(m != METHOD_OTHER && (unsigned)m < METHOD_N);
    return method_texts[m];
}

bool method_is_idempotent(enum method m)
{
    return m == METHOD_GET || m == METHOD_HEAD || m == METHOD_PUT || m == METHOD_DELETE || m == METHOD_OPTIONS ||
           m == METHOD_TRACE;
}

/* IANA's HTTP status code registry, without the unused 306 and 418. */
static const struct status_row {
    uint16_t    status;
    struct span phrase;
} status_rows[] = {
#define STATUS(number, text) { number, { (const uint8_t *)(text), sizeof(text) - 1 } }
    STATUS(100, "Continue"), STATUS(101, "Switching Protocols"), STATUS(102, "Processing"), STATUS(103, "Early Hints"),
    STATUS(200, "OK"), STATUS(201, "Created"), STATUS(202, "Accepted"), STATUS(203, "Non-Authoritative Information"),
    STATUS(204, "No Content"), STATUS(205, "Reset Content"), STATUS(206, "Partial Content"),
    STATUS(207, "Multi-Status"), STATUS(208, "Already Reported"), STATUS(226, "IM Used"),
    STATUS(300, "Multiple Choices"), STATUS(301, "Moved Permanently"), STATUS(302, "Found"), STATUS(303, "See Other"),
    STATUS(304, "Not Modified"), STATUS(305, "Use Proxy"), STATUS(307, "Temporary Redirect"),
    STATUS(308, "Permanent Redirect"),
    STATUS(400, "Bad Request"), STATUS(401, "Unauthorized"), STATUS(402, "Payment Required"), STATUS(403, "Forbidden"),
    STATUS(404, "Not Found"), STATUS(405, "Method Not Allowed"), STATUS(406, "Not Acceptable"),
    STATUS(407, "Proxy Authentication Required"), STATUS(408, "Request Timeout"), STATUS(409, "Conflict"),
    STATUS(410, "Gone"), STATUS(411, "Length Required"), STATUS(412, "Precondition Failed"),
    STATUS(413, "Content Too Large"), STATUS(414, "URI Too Long"), STATUS(415, "Unsupported Media Type"),
    STATUS(416, "Range Not Satisfiable"), STATUS(417, "Expectation Failed"), STATUS(421, "Misdirected Request"),
    STATUS(422, "Unprocessable Content"), STATUS(423, "Locked"), STATUS(424, "Failed Dependency"),
    STATUS(425, "Too Early"), STATUS(426, "Upgrade Required"), STATUS(428, "Precondition Required"),
    STATUS(429, "Too Many Requests"), STATUS(431, "Request Header Fields Too Large"),
    STATUS(451, "Unavailable For Legal Reasons"),
    STATUS(500, "Internal Server Error"), STATUS(501, "Not Implemented"), STATUS(502, "Bad Gateway"),
    STATUS(503, "Service Unavailable"), STATUS(504, "Gateway Timeout"), STATUS(505, "HTTP Version Not Supported"),
    STATUS(506, "Variant Also Negotiates"), STATUS(507, "Insufficient Storage"), STATUS(508, "Loop Detected"),
    STATUS(511, "Network Authentication Required"),
#undef STATUS
};

struct span head_status_phrase(uint16_t status)
{
    size_t from = 0, to = COUNT(status_rows);

    if (status == 200) /* Nearly all. */
        return SPAN_LIT("OK");
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (status_rows[mid].status == status)
            return status_rows[mid].phrase;
        if (status_rows[mid].status < status)
            from = mid + 1;
        else
            to = mid;
    }
    return SPAN_LIT("");
}
