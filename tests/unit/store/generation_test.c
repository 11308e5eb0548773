/* generation_test.c - documents in order, found by name, and a digest that depends on what is in force only. */
#include "store/generation.h"

#include "lib/check.h"

static struct generation_document document(const char *type, const char *mesh, const char *name, uint8_t content)
{
    struct generation_document d = { .type = span_str(type), .mesh = span_str(mesh), .name = span_str(name), .source = SPAN_LIT("dir") };

    memset(d.digest, content, sizeof(d.digest));
    memset(d.said, content, sizeof(d.said));
    return d;
}

TEST(generation_finds_each_document)
{
    struct generation_document all[] = {
        document("A", "", "x", 1), document("B", "default", "x", 1), document("B", "default", "y", 1), document("B", "other", "x", 1),
    };
    struct generation g = { .documents = all, .documents_n = COUNT(all) };

    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK(generation_find(&g, all[i].type, all[i].mesh, all[i].name) == &all[i], "%zu\n", i);
        CHECK(i == 0 || generation_document_order(&all[i - 1], &all[i]) < 0, "%zu\n", i);
    }
    CHECK(generation_find(&g, SPAN_LIT("B"), SPAN_LIT("default"), SPAN_LIT("z")) == NULL, "found what is not there\n");
    g.documents_n = 0;
    CHECK(generation_find(&g, SPAN_LIT("A"), SPAN_LIT(""), SPAN_LIT("x")) == NULL, "found in nothing\n");
}

TEST(generation_digest_is_of_what_is_in_force)
{
    struct generation_document all[] = { document("A", "", "x", 1), document("B", "", "xy", 2) };
    struct generation g = { .documents = all, .documents_n = 2 };
    uint8_t first[HASH_BYTES], second[HASH_BYTES];

    generation_digest(&g, first);
    all[0].number = 7;
    all[0].source = SPAN_LIT("api");
    generation_digest(&g, second);
    CHECK(hash_is_equal(first, second), "who brought it is part of the digest\n");
    all[0].name = SPAN_LIT("xx");
    generation_digest(&g, second);
    CHECK(!hash_is_equal(first, second), "the name is not\n");
    all[0].name = SPAN_LIT("x");
    all[1].is_deleted = true;
    generation_digest(&g, first);
    g.documents_n = 1;
    generation_digest(&g, second);
    CHECK(hash_is_equal(first, second), "what is deleted is part of the digest\n");
}

TEST(generation_document_drifts_from_its_source)
{
    struct generation_document d = document("A", "", "x", 1);

    CHECK(!generation_document_is_drifted(&d), "as its source said\n");
    d.digest[31] ^= 1;
    CHECK(generation_document_is_drifted(&d), "edited\n");
    d.source = SPAN_LIT("api");
    CHECK(!generation_document_is_drifted(&d), "the API has nothing to drift from\n");
    d = document("A", "", "x", 1);
    d.is_deleted = true;
    CHECK(generation_document_is_drifted(&d), "deleted\n");
}

CHECK_RUN(RUN(generation_finds_each_document), RUN(generation_digest_is_of_what_is_in_force), RUN(generation_document_drifts_from_its_source))
