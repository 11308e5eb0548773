/* span.h - a piece of memory that somebody else owns: where it starts and how long it is.
 *
 * Layer:  base.
 * Owner:  never this; a span is only a view, valid as long as its maker says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *at;
    size_t         len;
};

#define SPAN_LIT(literal) ((struct span){ (const uint8_t *)(literal), sizeof(literal) - 1 })
#define SPAN_NONE ((struct span){ NULL, 0 })
/* For "%.*s". */
#define SPAN_FMT(s) (int)(s).len, (const char *)(s).at

static inline struct span span_of(const void *at, size_t len)
{
    return (struct span){ (const uint8_t *)at, len };
}

static inline struct span span_str(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static inline bool span_is(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline struct span span_from(struct span s, size_t skip)
{
    return (struct span){ s.at + skip, s.len - skip };
}

/* < 0, 0, > 0: bytewise; a beginning comes before what it begins. */
int span_order(struct span a, struct span b);
/* ASCII letters compare equal in either case (RFC 9110 s5.1 field names, s4.2.3 hosts). */
bool span_is_nocase(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);
/* Position of the first byte, or s.len when there is none. */
size_t span_find(struct span s, uint8_t byte);
/* Without blanks and tabs at both ends (OWS, RFC 9110 s5.6.3). */
struct span span_trim(struct span s);
/* Cut the part before the next separator off the front of *io_rest; false when nothing was left.
 * "a,,b" gives "a", "", "b". *out_part is written only when true. */
bool span_next(struct span *io_rest, uint8_t separator, struct span *out_part);
/* All of s is 1..20 decimal digits and fits: true and *out_value. */
bool span_to_u64(struct span s, uint64_t *out_value);
