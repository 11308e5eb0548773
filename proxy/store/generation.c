/* generation.c - see generation.h. */
#include "store/generation.h"

#include "base/must.h"

int generation_document_order(const struct generation_document *a, const struct generation_document *b)
{
    int by_type = span_order(a->type, b->type), by_mesh = span_order(a->mesh, b->mesh);

    return by_type != 0 ? by_type : by_mesh != 0 ? by_mesh : span_order(a->name, b->name);
}

const struct generation_document *generation_find(const struct generation *g, struct span type, struct span mesh, struct span name)
{
    struct generation_document wanted = { .type = type, .mesh = mesh, .name = name };
    uint32_t low = 0, high = g->documents_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = generation_document_order(&g->documents[middle], &wanted);

        if (order == 0)
            return &g->documents[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool generation_document_is_drifted(const struct generation_document *d)
{
    return !span_is(d->source, SPAN_LIT("api")) && (d->is_deleted || memcmp(d->digest, d->said, HASH_BYTES) != 0);
}

static void add_text(struct hash *h, struct span text)
{
    uint64_t len = text.len;

    hash_add(h, span_of(&len, sizeof(len)));
    hash_add(h, text);
}

void generation_digest(const struct generation *g, uint8_t out[HASH_BYTES])
{
    struct hash h;

    hash_init(&h);
    for (uint32_t i = 0; i < g->documents_n; i++) {
        const struct generation_document *d = &g->documents[i];

        MUST(i == 0 || generation_document_order(d - 1, d) < 0);
        if (d->is_deleted)
            continue;
        add_text(&h, d->type);
        add_text(&h, d->mesh);
        add_text(&h, d->name);
        hash_add(&h, span_of(d->digest, HASH_BYTES));
    }
    hash_end(&h, out);
}
