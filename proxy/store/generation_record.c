/* generation_record.c - see generation_record.h. */
#include "store/generation_record.h"

#include "base/limits.h"

enum {
    VERSION = 1,
    FLAG_SEALED = 1,
    FLAG_DELETED = 2,
    HEAD_BYTES = 1 + 4 * 8 + 3 * 4 + 2 * 4 + HASH_BYTES, /* version, numbers, counts, documents and tests, digest */
    DOCUMENT_BYTES = 2 * HASH_BYTES + 3 * 8 + 1,         /* before its texts */
};

/* ---- writing ---- */

static size_t document_bytes(const struct generation_document *d)
{
    return DOCUMENT_BYTES + 4 * 2 + d->type.len + d->mesh.len + d->name.len + d->source.len;
}

size_t generation_record_bytes(const struct generation *g)
{
    size_t n = HEAD_BYTES + 3 * 4 + g->author.len + g->reason.len + g->source.len + HASH_BYTES;

    for (uint32_t i = 0; i < g->documents_n; i++)
        n += document_bytes(&g->documents[i]);
    for (uint32_t i = 0; i < g->tests_n; i++)
        n += 1 + 2 * 4 + g->tests[i].name.len + g->tests[i].sentence.len;
    return n;
}

static void put_number(uint8_t **at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(value >> 8 * i);
}

static void put_bytes(uint8_t **at, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(*at, bytes, n);
    *at += n;
}

static void put_text(uint8_t **at, struct span text, int length_bytes)
{
    MUST(length_bytes == 4 || text.len <= UINT16_MAX); /* Names have 253 bytes at most. */
    put_number(at, text.len, length_bytes);
    put_bytes(at, text.at, text.len);
}

static void put_document(uint8_t **at, const struct generation_document *d)
{
    put_bytes(at, d->digest, HASH_BYTES);
    put_bytes(at, d->said, HASH_BYTES);
    put_number(at, d->number, 8);
    put_number(at, d->created_ns, 8);
    put_number(at, d->changed_ns, 8);
    put_number(at, (d->is_sealed ? FLAG_SEALED : 0) | (d->is_deleted ? FLAG_DELETED : 0), 1);
    put_text(at, d->type, 2);
    put_text(at, d->mesh, 2);
    put_text(at, d->name, 2);
    put_text(at, d->source, 2);
}

void generation_record_write(const struct generation *g, uint8_t *out)
{
    uint8_t *at = out;

    put_number(&at, VERSION, 1);
    put_number(&at, g->number, 8);
    put_number(&at, g->parent, 8);
    put_number(&at, g->rollback_of, 8);
    put_number(&at, g->time_ns, 8);
    put_number(&at, g->added_n, 4);
    put_number(&at, g->changed_n, 4);
    put_number(&at, g->removed_n, 4);
    put_number(&at, g->documents_n, 4);
    put_number(&at, g->tests_n, 4);
    put_bytes(&at, g->digest, HASH_BYTES);
    MUST(at == out + HEAD_BYTES);
    put_text(&at, g->author, 4);
    put_text(&at, g->reason, 4);
    put_text(&at, g->source, 4);
    for (uint32_t i = 0; i < g->documents_n; i++)
        put_document(&at, &g->documents[i]);
    for (uint32_t i = 0; i < g->tests_n; i++) {
        put_number(&at, g->tests[i].has_passed, 1);
        put_text(&at, g->tests[i].name, 4);
        put_text(&at, g->tests[i].sentence, 4);
    }
    hash_of(span_of(out, (size_t)(at - out)), at);
}

/* ---- reading ---- */

/* What is left; short sticks. */
struct reader {
    struct span left;
    bool        is_short;
};

static const uint8_t *get_bytes(struct reader *r, size_t n)
{
    const uint8_t *at = r->left.at;

    if (r->is_short || r->left.len < n) {
        r->is_short = true;
        return NULL;
    }
    r->left = span_from(r->left, n);
    return at;
}

static uint64_t get_number(struct reader *r, int bytes)
{
    const uint8_t *at = get_bytes(r, (size_t)bytes);
    uint64_t value = 0;

    for (int i = bytes; at != NULL && i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void get_digest(struct reader *r, uint8_t out[HASH_BYTES])
{
    const uint8_t *at = get_bytes(r, HASH_BYTES);

    if (at != NULL)
        memcpy(out, at, HASH_BYTES);
}

static struct span get_text(struct reader *r, int length_bytes)
{
    size_t len = (size_t)get_number(r, length_bytes);
    const uint8_t *at = get_bytes(r, len);

    return at != NULL ? span_of(at, len) : SPAN_NONE;
}

static void get_document(struct reader *r, struct generation_document *out)
{
    uint64_t flags;

    get_digest(r, out->digest);
    get_digest(r, out->said);
    out->number = get_number(r, 8);
    out->created_ns = get_number(r, 8);
    out->changed_ns = get_number(r, 8);
    flags = get_number(r, 1);
    out->is_sealed = (flags & FLAG_SEALED) != 0;
    out->is_deleted = (flags & FLAG_DELETED) != 0;
    out->type = get_text(r, 2);
    out->mesh = get_text(r, 2);
    out->name = get_text(r, 2);
    out->source = get_text(r, 2);
}

static void get_head(struct reader *r, struct generation *out)
{
    out->number = get_number(r, 8);
    out->parent = get_number(r, 8);
    out->rollback_of = get_number(r, 8);
    out->time_ns = get_number(r, 8);
    out->added_n = (uint32_t)get_number(r, 4);
    out->changed_n = (uint32_t)get_number(r, 4);
    out->removed_n = (uint32_t)get_number(r, 4);
    out->documents_n = (uint32_t)get_number(r, 4);
    out->tests_n = (uint32_t)get_number(r, 4);
    get_digest(r, out->digest);
    out->author = get_text(r, 4);
    out->reason = get_text(r, 4);
    out->source = get_text(r, 4);
}

/* The body of a record whose hash is right, or an empty span. */
static struct span check_hash(struct span bytes)
{
    uint8_t digest[HASH_BYTES];

    if (bytes.len < HEAD_BYTES + HASH_BYTES)
        return SPAN_NONE;
    hash_of(span_of(bytes.at, bytes.len - HASH_BYTES), digest);
    return hash_is_equal(digest, bytes.at + bytes.len - HASH_BYTES) ? span_of(bytes.at, bytes.len - HASH_BYTES) : SPAN_NONE;
}

/* Sorted, which all who search rely on. */
static bool is_sorted(const struct generation *g)
{
    for (uint32_t i = 1; i < g->documents_n; i++)
        if (generation_document_order(&g->documents[i - 1], &g->documents[i]) >= 0)
            return false;
    return true;
}

enum generation_record_got generation_record_read(struct span bytes, void *(*take)(void *owner, size_t bytes), void *owner,
                                                  struct generation *out)
{
    struct reader r = { check_hash(bytes), false };
    struct generation g = { .number = 0 };
    struct generation_document *documents;
    struct generation_test *tests;

    if (get_number(&r, 1) != VERSION)
        return GENERATION_RECORD_BAD;
    get_head(&r, &g);
    if (r.is_short || g.documents_n > r.left.len / DOCUMENT_BYTES || g.tests_n > r.left.len)
        return GENERATION_RECORD_BAD; /* Before memory is taken for what cannot be there. */
    documents = take(owner, (g.documents_n + (size_t)1) * sizeof(*documents));
    tests = take(owner, (g.tests_n + (size_t)1) * sizeof(*tests));
    if (documents == NULL || tests == NULL)
        return GENERATION_RECORD_MEMORY;
    for (uint32_t i = 0; i < g.documents_n; i++) {
        documents[i] = (struct generation_document){ .is_sealed = false };
        get_document(&r, &documents[i]);
    }
    for (uint32_t i = 0; i < g.tests_n; i++) {
        tests[i].has_passed = get_number(&r, 1) != 0;
        tests[i].name = get_text(&r, 4);
        tests[i].sentence = get_text(&r, 4);
    }
    g.documents = documents;
    g.tests = tests;
    if (r.is_short || r.left.len > 0 || !is_sorted(&g))
        return GENERATION_RECORD_BAD;
    *out = g;
    return GENERATION_RECORD_OK;
}

void generation_record_each(struct span bytes, bool (*on)(void *owner, const uint8_t digest[HASH_BYTES]), void *owner)
{
    struct reader r = { bytes, false };
    struct generation head;

    (void)get_number(&r, 1);
    get_head(&r, &head);
    for (uint32_t i = 0; i < head.documents_n && !r.is_short; i++) {
        struct generation_document d;

        get_document(&r, &d);
        if (!r.is_short && !d.is_deleted && !on(owner, d.digest))
            return;
    }
}
