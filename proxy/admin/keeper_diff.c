/* keeper_diff.c - what two generations have not in common: documents, and lines of documents.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper_inside.h"
#include "base/limits.h"
#include "base/memory.h"

/* ---- lines ---- */

struct lines {
    const struct span *all; /* without line feeds */
    uint32_t           n;
};

static bool split(struct conf_arena *arena, struct span text, struct lines *out)
{
    uint32_t n = 0;
    struct span rest = text, line, *all;

    while (span_next(&rest, '\n', &line))
        n++;
    all = conf_arena_array(arena, (size_t)n + 1, sizeof(*all));
    *out = (struct lines){ all, n };
    if (all == NULL)
        return false;
    n = 0;
    while (span_next(&text, '\n', &all[n]))
        n++;
    if (n > 0 && all[n - 1].len == 0) /* What stands behind the last line feed. */
        out->n = n - 1;
    return true;
}

struct hunks {
    uint8_t *at; /* room for all lines of both texts, each with a mark and a line feed */
};

static void put(struct hunks *h, char mark, struct span line)
{
    *h->at++ = (uint8_t)mark;
    if (line.len > 0)
        memcpy(h->at, line.at, line.len);
    h->at += line.len;
    *h->at++ = '\n';
}

/* Longest common subsequence of a and b; [i][j]: of what stands from a[i] and b[j] on. NULL: memory is out. */
static uint16_t *lengths(struct lines a, struct lines b)
{
    size_t wide = (size_t)b.n + 1;
    uint16_t *longest = memory_map(((size_t)a.n + 1) * wide * sizeof(*longest));

    for (uint32_t i = a.n; longest != NULL && i-- > 0;)
        for (uint32_t j = b.n; j-- > 0;) {
            uint16_t down = longest[(i + 1) * wide + j], right = longest[i * wide + j + 1];

            longest[i * wide + j] = span_is(a.all[i], b.all[j]) ? (uint16_t)(longest[(i + 1) * wide + j + 1] + 1)
                                    : down > right              ? down
                                                                : right;
        }
    return longest;
}

/* What is between the common beginning and the common end. */
static bool put_middle(struct hunks *h, struct lines a, struct lines b)
{
    bool is_short = (uint64_t)a.n * b.n <= KEEPER_DIFF_CELLS_MAX && a.n < UINT16_MAX && b.n < UINT16_MAX;
    uint16_t *longest = is_short ? lengths(a, b) : NULL;
    size_t wide = (size_t)b.n + 1;
    uint32_t i = 0, j = 0;

    if (is_short && longest == NULL)
        return false;
    while (i < a.n || j < b.n) {
        if (is_short && i < a.n && j < b.n && span_is(a.all[i], b.all[j])) {
            put(h, ' ', a.all[i++]);
            j++;
        } else if (i < a.n && (!is_short || j == b.n || longest[(i + 1) * wide + j] >= longest[i * wide + j + 1])) {
            put(h, '-', a.all[i++]);
        } else {
            put(h, '+', b.all[j++]);
        }
    }
    memory_unmap(longest, is_short ? ((size_t)a.n + 1) * wide * sizeof(*longest) : 0);
    return true;
}

struct span keeper_lines(struct conf_arena *arena, struct span from, struct span to)
{
    struct lines a, b;
    uint32_t first = 0, last = 0;
    struct hunks h;
    uint8_t *start;

    if (!split(arena, from, &a) || !split(arena, to, &b))
        return SPAN_NONE;
    h.at = start = conf_arena_take(arena, from.len + to.len + 3 * ((size_t)a.n + b.n) + 1);
    if (start == NULL)
        return SPAN_NONE;
    while (first < a.n && first < b.n && span_is(a.all[first], b.all[first]))
        first++;
    while (last < a.n - first && last < b.n - first && span_is(a.all[a.n - 1 - last], b.all[b.n - 1 - last]))
        last++;
    for (uint32_t i = 0; i < first; i++)
        put(&h, ' ', a.all[i]);
    if (!put_middle(&h, (struct lines){ a.all + first, a.n - first - last }, (struct lines){ b.all + first, b.n - first - last }))
        return SPAN_NONE;
    for (uint32_t i = a.n - last; i < a.n; i++)
        put(&h, ' ', a.all[i]);
    return span_of(start, (size_t)(h.at - start));
}

/* ---- documents ---- */

static bool add(struct keeper *k, struct conf_arena *arena, const struct generation_document *from, const struct generation_document *to,
                struct keeper_difference *out)
{
    const struct generation_document *d = to != NULL ? to : from;
    struct span before = SPAN_LIT(""), after = SPAN_LIT("");

    if (from != NULL)
        before = keeper_content_masked(k, from, arena);
    if (to != NULL)
        after = keeper_content_masked(k, to, arena);
    if (before.at == NULL && k->store == NULL && !arena->is_full)
        before = SPAN_LIT(""); /* The store was given up: what it had cannot be shown, and that stops nothing. */
    if (before.at == NULL || after.at == NULL)
        return false;
    *out = (struct keeper_difference){
        .verb = from == NULL ? KEEPER_ADDED : to == NULL ? KEEPER_REMOVED : KEEPER_CHANGED,
        /* Copies: what is removed goes away with the generation that had it, and the result is read after that. */
        .name = { conf_arena_copy(arena, d->type), conf_arena_copy(arena, d->mesh), conf_arena_copy(arena, d->name) },
        .lines = keeper_lines(arena, before, after),
    };
    return out->lines.at != NULL && !arena->is_full;
}

/* The next that is not deleted, or NULL. */
static const struct generation_document *next(const struct generation *g, uint32_t *io_at)
{
    while (*io_at < g->documents_n && g->documents[*io_at].is_deleted)
        ++*io_at;
    return *io_at < g->documents_n ? &g->documents[*io_at] : NULL;
}

bool keeper_compare(struct keeper *k, const struct generation *from, const struct generation *to, struct conf_arena *arena,
                    const struct keeper_difference **out, uint32_t *out_n)
{
    struct keeper_difference *all = conf_arena_array(arena, (size_t)from->documents_n + to->documents_n + 1, sizeof(*all));
    uint32_t i = 0, j = 0, n = 0;
    const struct generation_document *a, *b;

    if (all == NULL)
        return false;
    while ((a = next(from, &i)) != NULL || (b = next(to, &j)) != NULL) {
        int order;

        b = next(to, &j);
        order = a == NULL ? 1 : b == NULL ? -1 : generation_document_order(a, b);
        if (order != 0 || memcmp(a->digest, b->digest, HASH_BYTES) != 0) {
            if (!add(k, arena, order <= 0 ? a : NULL, order >= 0 ? b : NULL, &all[n]))
                return false;
            n++;
        }
        i += order <= 0;
        j += order >= 0;
    }
    *out = all;
    *out_n = n;
    return true;
}
