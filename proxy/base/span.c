/* span.c - comparing, cutting and reading spans.
 *
 * Spec:   RFC 9110 s5.6.3 (OWS).
 * Layer:  base. Pure.
 */
#include "base/span.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

int span_order(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int by_bytes = len > 0 ? memcmp(a.at, b.at, len) : 0;

    return by_bytes != 0 ? by_bytes : (a.len > b.len) - (a.len < b.len);
}

bool span_is_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

bool span_ends(struct span s, struct span suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.at + (s.len - suffix.len), suffix.at, suffix.len) == 0);
}

size_t span_find(struct span s, uint8_t byte)
{
    const uint8_t *hit = s.len > 0 ? memchr(s.at, byte, s.len) : NULL;

    return hit != NULL ? (size_t)(hit - s.at) : s.len;
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = span_from(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool span_next(struct span *io_rest, uint8_t separator, struct span *out_part)
{
    size_t at;

    /* "a," has two parts: NULL, not emptiness, says that the last part was given out. */
    if (io_rest->at == NULL)
        return false;
    at = span_find(*io_rest, separator);
    *out_part = span_of(io_rest->at, at);
    *io_rest = at < io_rest->len ? span_from(*io_rest, at + 1) : SPAN_NONE;
    return true;
}

bool span_to_u64(struct span s, uint64_t *out_value)
{
    uint64_t value = 0;

    if (s.len == 0 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit = (uint64_t)s.at[i] - '0';
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out_value = value;
    return true;
}
