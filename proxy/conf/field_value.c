/* field_value.c - one scalar's text -> a value.
 *
 * Spec:   YAML 1.2.2 s10.3.2 (core schema), RFC 1123 s2.1, RFC 9110 s5.1 and s5.5.
 * Layer:  conf. Pure but for the arena.
 */
#include "conf/field_value.h"

#include "base/must.h"
#include "conf/conf_arena.h"
#include "proto/base64.h"
#include "proto/duration.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alnum(uint8_t c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(struct span text, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (span_is(text, span_str(names[i])))
            return true;
    return false;
}

static size_t digits(struct span s)
{
    size_t n = 0;

    while (n < s.len && is_digit(s.at[n]))
        n++;
    return n;
}

static enum plain_kind number_kind(struct span s)
{
    size_t whole, fraction = 0;

    if (s.len > 2 && s.at[0] == '0' && (s.at[1] == 'x' || s.at[1] == 'o')) {
        for (size_t i = 2; i < s.len; i++)
            if (!is_digit(s.at[i]) && !((s.at[i] | 32) >= 'a' && (s.at[i] | 32) <= 'f'))
                return PLAIN_TEXT;
        return PLAIN_INT;
    }
    if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+'))
        s = span_from(s, 1);
    whole = digits(s);
    s = span_from(s, whole);
    if (s.len == 0)
        return whole > 0 ? PLAIN_INT : PLAIN_TEXT;
    if (s.at[0] == '.') {
        s = span_from(s, 1);
        fraction = digits(s);
        s = span_from(s, fraction);
    }
    if (whole + fraction == 0)
        return PLAIN_TEXT;
    if (s.len > 1 && (s.at[0] | 32) == 'e') {
        s = span_from(s, 1);
        if (s.at[0] == '-' || s.at[0] == '+')
            s = span_from(s, 1);
        return s.len > 0 && digits(s) == s.len ? PLAIN_FLOAT : PLAIN_TEXT;
    }
    return s.len == 0 ? PLAIN_FLOAT : PLAIN_TEXT;
}

enum plain_kind value_plain_kind(struct span text)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
    static const char *const bools[] = { "true", "True", "TRUE", "false", "False", "FALSE" };
    static const char *const old_bools[] = { "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF" };

    if (is_one_of(text, nulls, COUNT(nulls)))
        return PLAIN_NULL;
    if (is_one_of(text, bools, COUNT(bools)))
        return PLAIN_BOOL;
    if (is_one_of(text, old_bools, COUNT(old_bools)))
        return PLAIN_OLD_BOOL;
    return number_kind(text);
}

bool value_int(struct span text, int64_t *out_value)
{
    bool is_negative = text.len > 0 && text.at[0] == '-';
    uint64_t value;

    if (is_negative)
        text = span_from(text, 1);
    if (!span_to_u64(text, &value) || value > INT64_MAX)
        return false;
    *out_value = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Digits with an optional fraction off the front. */
static bool take_decimal(struct span *io_text, int64_t *out_whole, int64_t *out_billionths)
{
    int64_t whole = 0, billionths = 0, digit_worth = 100000000;
    size_t n = digits(*io_text), fraction = 0;

    if (n > 18)
        return false;
    for (size_t i = 0; i < n; i++)
        whole = whole * 10 + (io_text->at[i] - '0');
    *io_text = span_from(*io_text, n);
    if (io_text->len > 0 && io_text->at[0] == '.') {
        *io_text = span_from(*io_text, 1);
        fraction = digits(*io_text);
        for (size_t i = 0; i < fraction; i++, digit_worth /= 10)
            billionths += (io_text->at[i] - '0') * digit_worth;
        *io_text = span_from(*io_text, fraction);
    }
    *out_whole = whole;
    *out_billionths = billionths;
    return n + fraction > 0;
}

bool value_duration(struct span text, int64_t *out_ns)
{
    uint64_t ns;

    if (!duration_read(text, &ns) || ns > INT64_MAX)
        return false;
    *out_ns = (int64_t)ns;
    return true;
}

bool value_bytes(struct span text, int64_t *out_bytes)
{
    static const struct { const char *name; int64_t bytes; } units[] = {
        { "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 },
        { "Ki", 1024 }, { "Mi", 1048576 }, { "Gi", 1073741824 },
    };
    size_t n = digits(text);
    int64_t value;

    if (n == 0 || !value_int(span_of(text.at, n), &value))
        return false;
    for (size_t i = 0; i < COUNT(units); i++)
        if (span_is(span_from(text, n), span_str(units[i].name)))
            return !__builtin_mul_overflow(value, units[i].bytes, out_bytes);
    return false;
}

bool value_percentage(struct span text, int64_t *out_millionths)
{
    int64_t whole, billionths;

    if (!take_decimal(&text, &whole, &billionths) || text.len > 0 || whole > 100 || billionths % 100000 != 0)
        return false;
    *out_millionths = whole * 10000 + billionths / 100000;
    return *out_millionths <= 1000000;
}

bool value_is_label(struct span text)
{
    if (text.len == 0 || text.len > 63 || !is_lower(text.at[0]) || text.at[text.len - 1] == '-')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_lower(text.at[i]) && !is_digit(text.at[i]) && text.at[i] != '-')
            return false;
    return true;
}

/* Labels of letters, digits and inner dashes (underscores where allowed), with dots between. */
static bool is_dotted(struct span text, bool with_upper)
{
    struct span rest = text, label;

    if (text.len == 0 || text.len > 253)
        return false;
    while (span_next(&rest, '.', &label)) {
        if (label.len == 0 || label.len > 63 || label.at[0] == '-' || label.at[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++) {
            uint8_t c = label.at[i];
            if (c != '-' && !(with_upper ? is_alnum(c) : is_lower(c) || is_digit(c)))
                return false;
        }
    }
    return true;
}

bool value_is_name(struct span text)
{
    return is_dotted(text, false);
}

bool value_is_hostname(struct span text, bool with_wildcards)
{
    size_t last = 0;

    if (with_wildcards && span_is(text, SPAN_LIT("*")))
        return true;
    if (with_wildcards && span_starts(text, SPAN_LIT("*.")))
        text = span_from(text, 2);
    if (!is_dotted(text, true))
        return false;
    /* The last label of an address in numbers is a number, that of a name is not. */
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '.')
            last = i + 1;
    return digits(span_from(text, last)) < text.len - last;
}

bool value_is_header_name(struct span text)
{
    if (text.len == 0 || text.len > 256)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_lower(text.at[i]) && !is_digit(text.at[i]) && memchr("!#$%&'*+-.^_`|~", text.at[i], 15) == NULL)
            return false;
    return true;
}

bool value_is_header_value(struct span text)
{
    if (text.len > 0 && span_trim(text).len != text.len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 0x7f)
            return false;
    return true;
}

struct span value_base64(struct conf_arena *arena, struct span text)
{
    uint8_t *out = conf_arena_take(arena, text.len + 1);
    size_t used = 0, bytes;

    if (out == NULL)
        return SPAN_NONE;
    /* `base64 FILE` breaks its lines, and YAML keeps or folds the breaks: they are no part of the value. */
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\n' && text.at[i] != '\r' && text.at[i] != ' ')
            out[used++] = text.at[i];
    return base64_read(BASE64_PADDED, span_of(out, used), out, used, &bytes) ? span_of(out, bytes) : SPAN_NONE;
}

struct span value_lower(struct conf_arena *arena, struct span text)
{
    uint8_t *out = conf_arena_take(arena, text.len + 1);

    if (out == NULL)
        return SPAN_NONE;
    for (size_t i = 0; i < text.len; i++)
        out[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (uint8_t)(text.at[i] + 32) : text.at[i];
    return span_of(out, text.len);
}
