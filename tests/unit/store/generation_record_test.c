/* generation_record_test.c - what is written is read again, and damage anywhere is seen.
 *
 * Method: one record with all there is; every byte flipped, every length cut.
 */
#include "store/generation_record.h"

#include <stdlib.h>

#include "lib/check.h"

static const struct generation_document documents[] = {
    { .type = SPAN_LIT("Mesh"), .mesh = SPAN_LIT(""), .name = SPAN_LIT("default"), .source = SPAN_LIT("api"), .digest = { 1 }, .number = 1,
      .created_ns = 2, .changed_ns = 3 },
    { .type = SPAN_LIT("Secret"), .mesh = SPAN_LIT("default"), .name = SPAN_LIT("key"), .source = SPAN_LIT("git:main"), .digest = { 2 },
      .said = { 3 }, .number = UINT64_MAX, .is_sealed = true },
    { .type = SPAN_LIT("Secret"), .mesh = SPAN_LIT("default"), .name = SPAN_LIT("old"), .source = SPAN_LIT("dir"), .is_deleted = true },
};
static const struct generation_test tests[] = { { SPAN_LIT("first"), SPAN_LIT(""), true }, { SPAN_LIT("second"), SPAN_LIT("404 came"), false } };

static struct generation sample(void)
{
    struct generation g = { .number = 7, .parent = 6, .rollback_of = 3, .time_ns = 1234567890123, .author = SPAN_LIT("ann"),
                            .reason = SPAN_LIT(""), .source = SPAN_LIT("api"), .digest = { 9 }, .added_n = 1, .changed_n = 2, .removed_n = 3,
                            .documents_n = COUNT(documents), .tests_n = COUNT(tests), .documents = documents, .tests = tests };

    return g;
}

struct memory {
    char   bytes[8192];
    size_t used, bytes_max;
};

static void *take(void *owner, size_t bytes)
{
    struct memory *m = owner;
    size_t at = (m->used + 15) & ~(size_t)15;

    if (at + bytes > m->bytes_max)
        return NULL;
    m->used = at + bytes;
    return m->bytes + at;
}

static uint8_t *written(size_t *out_n)
{
    struct generation g = sample();
    uint8_t *bytes = malloc(*out_n = generation_record_bytes(&g));

    CHECK(bytes != NULL, "no memory\n");
    generation_record_write(&g, bytes);
    return bytes;
}

TEST(generation_record_reads_what_it_wrote)
{
    struct memory *m = calloc(1, sizeof(*m));
    struct generation want = sample(), got;
    size_t n;
    uint8_t *bytes = written(&n);

    m->bytes_max = sizeof(m->bytes);
    CHECK(generation_record_read(span_of(bytes, n), take, m, &got) == GENERATION_RECORD_OK, "bad\n");
    CHECK(got.number == 7 && got.parent == 6 && got.rollback_of == 3 && got.time_ns == want.time_ns && got.digest[0] == 9, "head\n");
    CHECK(got.added_n == 1 && got.changed_n == 2 && got.removed_n == 3 && span_is(got.author, want.author) && got.reason.len == 0, "head\n");
    CHECK(got.documents_n == 3 && got.tests_n == 2, "%u documents\n", got.documents_n);
    for (uint32_t i = 0; i < 3; i++) {
        const struct generation_document *a = &documents[i], *b = &got.documents[i];
        CHECK(generation_document_order(a, b) == 0 && span_is(a->source, b->source), "%u\n", i);
        CHECK(memcmp(a->digest, b->digest, HASH_BYTES) == 0 && memcmp(a->said, b->said, HASH_BYTES) == 0, "%u\n", i);
        CHECK(a->number == b->number && a->created_ns == b->created_ns && a->changed_ns == b->changed_ns, "%u\n", i);
        CHECK(a->is_sealed == b->is_sealed && a->is_deleted == b->is_deleted && b->text.at == NULL, "%u\n", i);
    }
    CHECK(got.tests[0].has_passed && !got.tests[1].has_passed && span_is(got.tests[1].sentence, SPAN_LIT("404 came")), "tests\n");
    for (m->bytes_max = 0; m->bytes_max < 600; m->bytes_max += 16) {
        m->used = 0;
        enum generation_record_got why = generation_record_read(span_of(bytes, n), take, m, &got);
        CHECK(why == (m->bytes_max < 640 ? GENERATION_RECORD_MEMORY : GENERATION_RECORD_OK), "in %zu bytes: %d\n", m->bytes_max, why);
    }
    free(bytes);
    free(m);
}

TEST(generation_record_sees_damage_everywhere)
{
    struct memory *m = calloc(1, sizeof(*m));
    struct generation got;
    size_t n;
    uint8_t *bytes = written(&n);

    m->bytes_max = sizeof(m->bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= (uint8_t)(1 << i % 8);
        CHECK(generation_record_read(span_of(bytes, n), take, m, &got) == GENERATION_RECORD_BAD, "byte %zu\n", i);
        bytes[i] ^= (uint8_t)(1 << i % 8);
        CHECK(generation_record_read(span_of(bytes, i), take, m, &got) == GENERATION_RECORD_BAD, "cut at %zu\n", i);
    }
    free(bytes);
    free(m);
}

/* A hash can be made by whoever made the bytes: what they say is looked at all the same. */
TEST(generation_record_believes_no_number)
{
    struct memory *m = calloc(1, sizeof(*m));
    struct generation got;
    size_t n, refused_n = 0;
    uint8_t *bytes = written(&n);

    m->bytes_max = sizeof(m->bytes);
    for (size_t i = 0; i + HASH_BYTES < n; i++)
        for (int value = 0; value < 256; value += 51) {
            uint8_t before = bytes[i];
            bytes[i] = (uint8_t)value;
            hash_of(span_of(bytes, n - HASH_BYTES), bytes + n - HASH_BYTES);
            m->used = 0;
            refused_n += generation_record_read(span_of(bytes, n), take, m, &got) != GENERATION_RECORD_OK;
            bytes[i] = before;
        }
    CHECK(refused_n > 100, "only %zu refused\n", refused_n);
    free(bytes);
    free(m);
}

static bool count(void *owner, const uint8_t digest[HASH_BYTES])
{
    uint8_t *seen = owner;

    *seen = (uint8_t)(*seen * 10 + digest[0]);
    return *seen != 1 || seen[1] == 0;
}

TEST(generation_record_tells_addresses)
{
    uint8_t seen[2] = { 0, 0 };
    size_t n;
    uint8_t *bytes = written(&n);

    generation_record_each(span_of(bytes, n), count, seen);
    CHECK(seen[0] == 12, "%u\n", seen[0]); /* The deleted one stands nowhere. */
    seen[0] = 0;
    seen[1] = 1;
    generation_record_each(span_of(bytes, n), count, seen);
    CHECK(seen[0] == 1, "did not stop: %u\n", seen[0]);
    generation_record_each(span_of(bytes, 20), count, seen);
    free(bytes);
}

CHECK_RUN(RUN(generation_record_reads_what_it_wrote), RUN(generation_record_sees_damage_everywhere),
          RUN(generation_record_believes_no_number), RUN(generation_record_tells_addresses))
