/* duration.c - see duration.h.
 *
 * Layer:  proto. Pure.
 */
#include "proto/duration.h"

#include "base/clock.h"
#include "base/must.h"
#include "proto/decimal.h"

static const uint64_t NS_MAX = INT64_MAX;

static const struct unit {
    const char *name;
    uint64_t    ns;
} units[] = {
    { "ns", 1 }, { "us", NS_PER_US }, { "\xc2\xb5s", NS_PER_US }, { "\xce\xbcs", NS_PER_US }, { "ms", NS_PER_MS },
    { "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
};

static bool is_digit(struct span s)
{
    return s.len > 0 && s.at[0] >= '0' && s.at[0] <= '9';
}

/* Digits at the front of *io_text; false when the number does not fit. No digits: 0 and *out_n == 0. */
static bool whole_read(struct span *io_text, uint64_t *out_value, uint32_t *out_n)
{
    uint64_t value = 0;

    for (*out_n = 0; is_digit(*io_text); *io_text = span_from(*io_text, 1), (*out_n)++) {
        uint64_t digit = (uint64_t)(io_text->at[0] - '0');
        if (value > (NS_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out_value = value;
    return true;
}

/* Digits behind the point as *out_value / *out_scale; those past what can matter are dropped, as in Go. */
static uint32_t fraction_read(struct span *io_text, uint64_t *out_value, uint64_t *out_scale)
{
    uint32_t n;

    *out_value = 0;
    *out_scale = 1;
    for (n = 0; is_digit(*io_text); *io_text = span_from(*io_text, 1), n++) {
        if (n >= 15) /* 10^15 of an hour is below a nanosecond. */
            continue;
        *out_value = *out_value * 10 + (uint64_t)(io_text->at[0] - '0');
        *out_scale *= 10;
    }
    return n;
}

/* The unit at the front: letters up to the next digit or point. */
static uint64_t unit_read(struct span *io_text)
{
    size_t n = 0;

    while (n < io_text->len && io_text->at[n] != '.' && !is_digit(span_from(*io_text, n)))
        n++;
    for (unsigned i = 0; i < COUNT(units); i++) {
        if (span_is(span_of(io_text->at, n), span_str(units[i].name))) {
            *io_text = span_from(*io_text, n);
            return units[i].ns;
        }
    }
    return 0;
}

bool duration_read(struct span text, uint64_t *out_ns)
{
    uint64_t total = 0;

    if (span_is(text, SPAN_LIT("0"))) {
        *out_ns = 0;
        return true;
    }
    if (text.len == 0)
        return false;
    while (text.len > 0) {
        uint64_t whole, fraction = 0, scale = 1, ns;
        uint32_t whole_n, fraction_n = 0;
        if (!whole_read(&text, &whole, &whole_n))
            return false;
        if (text.len > 0 && text.at[0] == '.') {
            text = span_from(text, 1);
            fraction_n = fraction_read(&text, &fraction, &scale);
        }
        uint64_t unit_ns = unit_read(&text);
        if (whole_n + fraction_n == 0 || unit_ns == 0 || whole > NS_MAX / unit_ns)
            return false;
        ns = whole * unit_ns + (uint64_t)((unsigned __int128)fraction * unit_ns / scale);
        if (ns > NS_MAX || total > NS_MAX - ns)
            return false;
        total += ns;
    }
    *out_ns = total;
    return true;
}

/* whole.fraction without zeros at the end, of ns in units of unit_ns (a power of ten). */
static uint32_t decimal_fraction_write(uint64_t ns, uint64_t unit_ns, char *out)
{
    uint32_t n = decimal_write(ns / unit_ns, out);
    uint64_t rest = ns % unit_ns;

    if (rest == 0)
        return n;
    out[n++] = '.';
    while (rest > 0) {
        unit_ns /= 10;
        out[n++] = (char)('0' + rest / unit_ns);
        rest %= unit_ns;
    }
    return n;
}

uint32_t duration_write(uint64_t ns, char *out)
{
    const uint64_t minute_ns = 60 * NS_PER_S, hour_ns = 60 * minute_ns;
    uint32_t n = 0;

    if (ns > 0 && ns < NS_PER_S) {
        const struct unit *unit = ns < NS_PER_US ? &units[0] : ns < NS_PER_MS ? &units[1] : &units[4];
        n = decimal_fraction_write(ns, unit->ns, out);
        memcpy(out + n, unit->name, 2);
        return n + 2;
    }
    if (ns >= hour_ns) {
        n += decimal_write(ns / hour_ns, out);
        out[n++] = 'h';
    }
    if (ns >= minute_ns) {
        n += decimal_write(ns % hour_ns / minute_ns, out + n);
        out[n++] = 'm';
    }
    n += decimal_fraction_write(ns % minute_ns, NS_PER_S, out + n);
    out[n++] = 's';
    MUST(n <= DURATION_TEXT_BYTES_MAX);
    return n;
}
