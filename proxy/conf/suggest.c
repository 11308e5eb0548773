/* suggest.c - edit distance with swaps (optimal string alignment), cut off early.
 *
 * Layer:  conf. Pure.
 */
#include "conf/suggest.h"

#include "base/limits.h"

static uint8_t fold(uint8_t c)
{
    /* Dashes and underscores are what people mistake for each other. */
    if (c == '_')
        return '-';
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static uint32_t edits(struct span a, struct span b)
{
    uint32_t rows[3][CONF_SUGGEST_BYTES_MAX + 1];

    for (uint32_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint8_t x = fold(a.at[i - 1]), y = fold(b.at[j - 1]);
            row[j] = min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold(b.at[j - 2]) && fold(a.at[i - 2]) == y && up2[j - 2] + 1 < row[j])
                row[j] = up2[j - 2] + 1;
        }
    }
    return rows[a.len % 3][b.len];
}

/* "Prefix" for PathPrefix, "match" for matches. */
static bool contains(struct span whole, struct span part)
{
    for (size_t i = 0; part.len >= 4 && i + part.len <= whole.len; i++) {
        size_t k = 0;
        while (k < part.len && fold(whole.at[i + k]) == fold(part.at[k]))
            k++;
        if (k == part.len)
            return true;
    }
    return false;
}

void suggest_init(struct suggest *s, struct span want)
{
    /* A third of the letters may be wrong, and one in a short name. */
    *s = (struct suggest){ .want = want, ._edits_max = (uint32_t)(want.len < 3 ? 1 : want.len / 3) };
    s->_best_edits = s->_edits_max + 1;
}

void suggest_offer(struct suggest *s, const char *name)
{
    struct span offer = span_str(name);
    uint32_t n;

    if (s->want.len == 0 || s->want.len > CONF_SUGGEST_BYTES_MAX || offer.len > CONF_SUGGEST_BYTES_MAX)
        return;
    n = edits(s->want, offer);
    if (n > s->_edits_max && (contains(offer, s->want) || contains(s->want, offer)))
        n = s->_edits_max;
    if (n < s->_best_edits) {
        s->_best_edits = n;
        s->best = name;
    }
}
