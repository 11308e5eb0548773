/* json_write.c - see json_write.h.
 *
 * Spec:   RFC 8259 s7, RFC 3629 s4 (well-formed UTF-8).
 * Layer:  proto. Pure.
 */
#include "proto/json_write.h"

/* Does one of 8 bytes need a look: below 0x20, a quote, a backslash, DEL or above. May say yes too often, never too
 * seldom. */
static bool needs_look(uint64_t x)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    uint64_t quote = x ^ ones * '"', back = x ^ ones * '\\', del = x ^ ones * 0x7f;

    return ((x | (x - ones * 0x20) | (quote - ones) | (back - ones) | (del - ones)) & high) != 0;
}

/* Bytes of the well-formed sequence at p, 0 when there is none. Pre: *p >= 0x80. */
static uint32_t utf8_bytes(const uint8_t *p, const uint8_t *end)
{
    uint32_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;

    if (*p < 0xc2 || *p > 0xf4 || (size_t)(end - p) < n)
        return 0;
    for (uint32_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static char *escape_control(char *at, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    static const char shorts[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

    *at++ = '\\';
    if (byte < 0x20 && shorts[byte] != 0) {
        *at++ = shorts[byte];
        return at;
    }
    memcpy(at, "u00", 3);
    at[3] = digits[byte >> 4];
    at[4] = digits[byte & 15];
    return at + 5;
}

/* One character at *io_p, whatever it is. Pre: room for 6. */
static char *escape_one(char *at, const uint8_t **io_p, const uint8_t *end)
{
    const uint8_t *p = *io_p;
    uint32_t n;

    *io_p = p + 1;
    if (*p == '"' || *p == '\\') {
        *at++ = '\\';
        *at++ = (char)*p;
        return at;
    }
    if (*p < 0x20 || *p == 0x7f)
        return escape_control(at, *p);
    if (*p < 0x7f) {
        *at++ = (char)*p;
        return at;
    }
    n = utf8_bytes(p, end);
    if (n == 0) {
        memcpy(at, "\\ufffd", 6);
        return at + 6;
    }
    *io_p = p + n;
    if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) /* U+0080..U+009F */
        return escape_control(at, p[1]);
    memcpy(at, p, n);
    return at + n;
}

/* The last 2..7 bytes at once, as two overlapping halves; false when one of them needs a look. */
static bool escape_tail(char *at, const uint8_t *p, size_t n)
{
    if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        if (needs_look((uint64_t)last << 32 | first))
            return false;
        memcpy(at, &first, 4);
        memcpy(at + n - 4, &last, 4);
        return true;
    }
    uint16_t first, last;
    memcpy(&first, p, 2);
    memcpy(&last, p + n - 2, 2);
    if (needs_look(UINT64_C(0x2020202000000000) | (uint64_t)last << 16 | first))
        return false;
    memcpy(at, &first, 2);
    memcpy(at + n - 2, &last, 2);
    return true;
}

/* As much of [p, end) as fits while 8 bytes of room are left; answers where it stopped, and *io_at moved on. */
static const uint8_t *escape_run(char **io_at, const char *at_end, const uint8_t *p, const uint8_t *end)
{
    char *at = *io_at;

    while (p < end && at_end - at >= 8) {
        uint64_t eight;
        if (end - p >= 8) {
            memcpy(&eight, p, 8);
            if (!needs_look(eight)) {
                memcpy(at, &eight, 8);
                at += 8;
                p += 8;
                continue;
            }
        } else if (end - p >= 2 && escape_tail(at, p, (size_t)(end - p))) {
            at += end - p;
            p = end;
            break;
        }
        at = escape_one(at, &p, end);
    }
    *io_at = at;
    return p;
}

void json_write_escaped(struct text_write *out, struct span value)
{
    const uint8_t *p = value.at, *end = value.at + value.len;

    while (p < end && text_write_room(out, 8))
        p = escape_run(&out->at, out->_end, p, end);
}

char *json_write_escape(char *at, const char *end, struct span value)
{
    const uint8_t *value_end = value.at + value.len;

    return escape_run(&at, end, value.at, value_end) == value_end ? at : NULL;
}

static void comma(struct json_write *j)
{
    if (j->_needs_comma)
        text_write_byte(j->_out, ',');
    j->_needs_comma = true;
}

void json_write_init(struct json_write *j, struct text_write *out)
{
    *j = (struct json_write){ ._out = out };
}

void json_write_open(struct json_write *j, char bracket)
{
    MUST(bracket == '{' || bracket == '[');
    comma(j);
    text_write_byte(j->_out, bracket);
    j->_needs_comma = false;
}

void json_write_close(struct json_write *j, char bracket)
{
    MUST(bracket == '}' || bracket == ']');
    text_write_byte(j->_out, bracket);
    j->_needs_comma = true;
}

void json_write_key(struct json_write *j, struct span key)
{
    json_write_string(j, key);
    text_write_byte(j->_out, ':');
    j->_needs_comma = false;
}

void json_write_string(struct json_write *j, struct span value)
{
    comma(j);
    text_write_byte(j->_out, '"');
    json_write_escaped(j->_out, value);
    text_write_byte(j->_out, '"');
}

void json_write_u64(struct json_write *j, uint64_t value)
{
    comma(j);
    text_write_u64(j->_out, value);
}

void json_write_bool(struct json_write *j, bool value)
{
    comma(j);
    text_write_span(j->_out, value ? SPAN_LIT("true") : SPAN_LIT("false"));
}

void json_write_null(struct json_write *j)
{
    comma(j);
    text_write_span(j->_out, SPAN_LIT("null"));
}

void json_write_member(struct json_write *j, const char *key, struct span value)
{
    json_write_key(j, span_str(key));
    json_write_string(j, value);
}

void json_write_member_u64(struct json_write *j, const char *key, uint64_t value)
{
    json_write_key(j, span_str(key));
    json_write_u64(j, value);
}

void json_write_member_bool(struct json_write *j, const char *key, bool value)
{
    json_write_key(j, span_str(key));
    json_write_bool(j, value);
}
