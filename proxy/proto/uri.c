/* uri.c - see uri.h: the table there gives each choice with the attack it answers.
 *
 * Spec:   RFC 3986 s3.2, s3.3, s5.2.4, s6.2.2; RFC 9112 s3.2.
 * Layer:  proto. Pure.
 */
#include "proto/uri.h"

#include "base/limits.h"
#include "proto/address.h"
#include "proto/hex.h"

/* What a byte may be part of, and what the fast path of the normaliser must stop at. */
enum byte_class {
    IN_PATH    = 1, /* pchar and '/' (RFC 3986 s3.3), but for %             */
    IN_QUERY   = 2, /* that and '?' and, because browsers send them, [ and ] */
    IN_HOST    = 4, /* unreserved                                           */
    UNRESERVED = 8, /* RFC 3986 s2.3: %XX of these is decoded               */
};

#define ANYWHERE (IN_PATH | IN_QUERY)
#define NAME (ANYWHERE | IN_HOST | UNRESERVED)

static const uint8_t byte_classes[256] = {
    ['a' ... 'z'] = NAME, ['A' ... 'Z'] = NAME, ['0' ... '9'] = NAME,
    ['-'] = NAME, ['.'] = NAME, ['_'] = NAME, ['~'] = NAME,
    ['!'] = ANYWHERE, ['$'] = ANYWHERE, ['&'] = ANYWHERE, ['\''] = ANYWHERE, ['('] = ANYWHERE, [')'] = ANYWHERE,
    ['*'] = ANYWHERE, ['+'] = ANYWHERE, [','] = ANYWHERE, [';'] = ANYWHERE, ['='] = ANYWHERE, [':'] = ANYWHERE,
    ['@'] = ANYWHERE, ['/'] = ANYWHERE,
    ['?'] = IN_QUERY, ['['] = IN_QUERY, [']'] = IN_QUERY,
};

static bool is_in(uint8_t byte, enum byte_class class)
{
    return (byte_classes[byte] & class) != 0;
}

/* Value of the %XX at p, or -1: p is at a %, and end is where the text ends. */
static int percent_value(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 3)
        return -1;
    int high = hex_digit(p[1]), low = hex_digit(p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

enum why uri_check_target(struct span target)
{
    const uint8_t *p = target.at, *end = target.at + target.len;
    enum byte_class class = IN_PATH;

    if (target.len == 1 && target.at[0] == '*')
        return WHY_OK;
    if (target.len == 0 || target.at[0] != '/')
        return WHY_URI_FORM;
    if (target.len > HEAD_LINE_BYTES_MAX)
        return WHY_URI_TOO_LONG;
    for (;;) {
        while (p < end && is_in(*p, class))
            p++;
        if (p == end)
            return WHY_OK;
        if (*p == '%') {
            if (percent_value(p, end) < 0)
                return WHY_URI_PERCENT;
        } else if (*p == '?' && class == IN_PATH) {
            class = IN_QUERY;
        } else {
            return *p == '#' ? WHY_URI_FRAGMENT : WHY_URI_BYTE;
        }
        p++;
    }
}

/* Labels of allowed bytes between dots, none empty; a last dot (the root of DNS) may follow. */
static bool is_host_name(struct span host)
{
    bool was_dot = true;

    if (host.len == 0 || host.len > URI_HOST_BYTES_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        bool is_dot = host.at[i] == '.';
        if (!is_in(host.at[i], IN_HOST) || (is_dot && was_dot))
            return false;
        was_dot = is_dot;
    }
    return true;
}

/* Bytes of a host name at the front, 0 when it has an empty label: one walk, for the usual case of authority_read. */
static size_t host_name_bytes(struct span authority)
{
    bool was_dot = true;
    size_t i = 0;

    for (; i < authority.len && is_in(authority.at[i], IN_HOST); i++) {
        bool is_dot = authority.at[i] == '.';
        if (is_dot && was_dot)
            return 0;
        was_dot = is_dot;
    }
    return i <= URI_HOST_BYTES_MAX ? i : 0;
}

/* The one reader of host[:port] behind both public functions. */
static enum why authority_read(struct span authority, struct span *out_host, uint16_t *out_port)
{
    uint8_t address[ADDRESS_BYTES];
    size_t host_bytes = host_name_bytes(authority);

    *out_host = span_of(authority.at, host_bytes);
    *out_port = 0;
    if (host_bytes > 0 &&
        (host_bytes == authority.len ||
         (authority.at[host_bytes] == ':' && address_parse_port_number(span_from(authority, host_bytes + 1), out_port))))
        return WHY_OK;
    /* An IPv6 address, or something to refuse by its name. */
    if (span_find(authority, '@') < authority.len)
        return WHY_URI_USERINFO;
    if (authority.len > 0 && authority.at[0] == '[') {
        size_t close = span_find(authority, ']');
        struct span inside = span_of(authority.at + 1, close - 1);
        if (close == authority.len || !address_parse(inside, address) || span_find(inside, ':') == inside.len)
            return WHY_URI_HOST;
        host_bytes = close + 1;
        if (host_bytes < authority.len && authority.at[host_bytes] != ':')
            return WHY_URI_HOST;
    } else {
        host_bytes = span_find(authority, ':');
        if (!is_host_name(span_of(authority.at, host_bytes)))
            return WHY_URI_HOST;
    }
    *out_host = span_of(authority.at, host_bytes);
    *out_port = 0;
    if (host_bytes < authority.len && !address_parse_port_number(span_from(authority, host_bytes + 1), out_port))
        return WHY_URI_PORT;
    return WHY_OK;
}

enum why uri_check_authority(struct span authority)
{
    struct span host;
    uint16_t port;

    return authority_read(authority, &host, &port);
}

bool uri_split_host_port(struct span authority, struct span *out_host, uint16_t *out_port)
{
    struct span host;
    uint16_t port;

    if (authority_read(authority, &host, &port) != WHY_OK)
        return false;
    *out_host = host;
    *out_port = port;
    return true;
}

bool uri_split_absolute(struct span target, struct span *out_scheme, struct span *out_authority,
                        struct span *out_origin)
{
    static const struct span schemes[] = { { (const uint8_t *)"http", 4 }, { (const uint8_t *)"https", 5 } };

    for (unsigned i = 0; i < COUNT(schemes); i++) {
        size_t n = schemes[i].len, end;
        if (target.len < n + 4 || !span_is_nocase(span_of(target.at, n), schemes[i]) ||
            memcmp(target.at + n, "://", 3) != 0)
            continue;
        struct span rest = span_from(target, n + 3);
        for (end = 0; end < rest.len && rest.at[end] != '/' && rest.at[end] != '?' && rest.at[end] != '#'; end++)
            ;
        if (end == 0 || (end < rest.len && rest.at[end] != '/'))
            return false;
        *out_scheme = schemes[i];
        *out_authority = span_of(rest.at, end);
        *out_origin = end == rest.len ? SPAN_LIT("/") : span_from(rest, end);
        return true;
    }
    return false;
}

/* Nothing that the slow path would change or refuse: no %, no empty segment, no segment that begins with a dot. */
static bool is_normal(struct span path)
{
    for (size_t i = 0; i < path.len; i++) {
        if (!is_in(path.at[i], IN_PATH))
            return false;
        if (path.at[i] == '/' && i + 1 < path.len && (path.at[i + 1] == '/' || path.at[i + 1] == '.'))
            return false;
    }
    return true;
}

/* May the byte that %XX stands for be in a path, given the byte that stood encoded right before it (0: none did).
 * Overlong UTF-8 shows in its first two bytes (RFC 3629 s3); C0 and C1 begin nothing else. */
static enum why encoded_check(uint8_t byte, uint8_t before)
{
    if (byte < 0x20 || byte == 0x7f)
        return WHY_URI_PATH_CONTROL;
    if (byte == '/' || byte == '\\')
        return WHY_URI_PATH_SEPARATOR;
    if ((byte & 0xc0) == 0x80 && (before == 0xc0 || before == 0xc1 || (before == 0xe0 && byte < 0xa0) ||
                                  (before == 0xf0 && byte < 0x90)))
        return WHY_URI_PATH_OVERLONG;
    return WHY_OK;
}

/* Copy one segment from *io_from (up to '/' or end) to out, decoding what is unreserved; *out_bytes is its length
 * there. */
static enum why segment_copy(const uint8_t **io_from, const uint8_t *end, uint8_t *out, uint32_t *out_bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *p = *io_from;
    uint8_t before = 0, *at = out;

    for (; p < end && *p != '/'; p++) {
        if (*p != '%') {
            if (!is_in(*p, IN_PATH))
                return WHY_URI_BYTE;
            *at++ = *p;
            before = 0;
            continue;
        }
        int value = percent_value(p, end);
        if (value < 0)
            return WHY_URI_PERCENT;
        enum why why = encoded_check((uint8_t)value, before);
        if (why != WHY_OK)
            return why;
        before = (uint8_t)value;
        p += 2;
        if (is_in((uint8_t)value, UNRESERVED)) {
            *at++ = (uint8_t)value;
            continue;
        }
        *at++ = '%';
        *at++ = (uint8_t)digits[value >> 4];
        *at++ = (uint8_t)digits[value & 15];
    }
    *io_from = p;
    *out_bytes = (uint32_t)(at - out);
    return WHY_OK;
}

/* 1 for ".", 2 for "..", else 0. */
static unsigned dots_n(struct span segment)
{
    if (segment.len == 1 && segment.at[0] == '.')
        return 1;
    return segment.len == 2 && segment.at[0] == '.' && segment.at[1] == '.' ? 2 : 0;
}

/* A dot segment in disguise: dots, then a parameter, its semicolon raw or encoded. */
static bool has_dot_parameter(struct span segment)
{
    size_t dots = 0;

    while (dots < segment.len && segment.at[dots] == '.')
        dots++;
    if (dots == 0 || dots > 2 || dots == segment.len)
        return false;
    struct span rest = span_from(segment, dots);
    return rest.at[0] == ';' || span_starts(rest, SPAN_LIT("%3B"));
}

/* Path without dot segments and superfluous escapes into out, which has room for path.len bytes: no step makes it
 * longer. out[0..used) always ends behind a '/' when a segment begins, so ".." goes back to the '/' before. */
static enum why path_rewrite(struct span path, uint8_t *out, uint32_t *out_bytes)
{
    const uint8_t *from = path.at + 1, *end = path.at + path.len;
    uint32_t used = 1;

    out[0] = '/';
    while (from < end) {
        uint32_t bytes = 0;
        if (*from == '/')
            return WHY_URI_PATH_EMPTY_SEGMENT;
        enum why why = segment_copy(&from, end, out + used, &bytes);
        if (why != WHY_OK)
            return why;
        struct span segment = span_of(out + used, bytes);
        if (has_dot_parameter(segment))
            return WHY_URI_PATH_DOT_PARAMETER;
        bool has_slash = from < end; /* segment_copy stops at '/' or at the end. */
        from += has_slash;
        switch (dots_n(segment)) {
        case 2:
            if (used == 1)
                return WHY_URI_PATH_ABOVE_ROOT;
            for (used--; out[used - 1] != '/'; used--)
                ;
            continue;
        case 1:
            continue;
        }
        used += bytes;
        if (has_slash)
            out[used++] = '/';
    }
    MUST(used <= path.len);
    *out_bytes = used;
    return WHY_OK;
}

enum why uri_normalise_path(struct span path, struct arena *arena, struct span *out_path)
{
    uint32_t used = 0;

    if (path.len == 1 && path.at[0] == '*') {
        *out_path = path;
        return WHY_OK;
    }
    if (path.len == 0 || path.at[0] != '/')
        return WHY_URI_FORM;
    if (path.len > HEAD_LINE_BYTES_MAX)
        return WHY_URI_TOO_LONG;
    if (is_normal(path)) {
        *out_path = path;
        return WHY_OK;
    }
    uint8_t *out = arena_take(arena, path.len);
    if (out == NULL)
        return WHY_ARENA_FULL;
    enum why why = path_rewrite(path, out, &used);
    if (why == WHY_OK)
        *out_path = span_of(out, used);
    return why;
}

enum why uri_normalise_path_into(struct span path, uint8_t *out, uint32_t *out_bytes)
{
    *out_bytes = 0;
    if (path.len == 0 || path.at[0] != '/')
        return WHY_URI_FORM;
    if (path.len > HEAD_LINE_BYTES_MAX)
        return WHY_URI_TOO_LONG;
    return path_rewrite(path, out, out_bytes);
}

bool uri_query_next(struct span *io_query, struct span *out_name, struct span *out_value)
{
    struct span pair;

    while (span_next(io_query, '&', &pair)) {
        if (pair.len == 0)
            continue;
        size_t equals = span_find(pair, '=');
        *out_name = span_of(pair.at, equals);
        *out_value = equals == pair.len ? span_from(pair, equals) : span_from(pair, equals + 1);
        return true;
    }
    return false;
}

enum why uri_query_decode(struct span raw, struct arena *arena, struct span *out_text)
{
    const uint8_t *end = raw.at + raw.len;
    uint8_t *out, *at;

    if (span_find(raw, '%') == raw.len && span_find(raw, '+') == raw.len) {
        *out_text = raw;
        return WHY_OK;
    }
    if (raw.len > HEAD_LINE_BYTES_MAX)
        return WHY_ARENA_FULL;
    out = at = arena_take(arena, raw.len);
    if (out == NULL)
        return WHY_ARENA_FULL;
    for (const uint8_t *p = raw.at; p < end; p++) {
        int value = *p == '%' ? percent_value(p, end) : -1;
        if (value >= 0) {
            *at++ = (uint8_t)value;
            p += 2;
        } else {
            *at++ = *p == '+' ? ' ' : *p;
        }
    }
    *out_text = span_of(out, (size_t)(at - out));
    return WHY_OK;
}
