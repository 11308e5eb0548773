/* schema_test.c - schemas agree with the reader.
 *
 * Goal:   a document that a kind's table takes satisfies the schema of that kind, as it was written and in its canonical form; one that
 *         the table refuses does not.
 * Method: the demo, the texts of the other tests, the corpus of Kuma's kinds, the examples and random documents, against a checker of
 *         JSON Schema of our own (lib/schema_check.h); random documents with one fault; one schema is looked at more closely.
 */
#include "conf/schema.h"

#include "conf/canonical.h"
#include "lib/conf_world.h"
#include "lib/kind_random.h"
#include "lib/schema_check.h"

/* A tree of a JSON text. */
static const struct node *parse(struct conf_arena *arena, struct span text)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct document_set set;

    diag_init(diag);
    document_set_init(&set, arena, diag);
    CHECK(text.at != NULL && document_read(&set, "json", text) && set.documents_n == 1, "%s\n", diag->items[0].text);
    free(diag);
    return set.first->root;
}

/* Does the table alone take it? */
static bool is_taken(const struct conf_document *doc, struct conf_arena *arena)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct field_env env = { arena, diag };
    const struct node *fields = NULL;
    bool is_good;

    diag_init(diag);
    memcpy(&fields, doc->spec, sizeof(fields));
    is_good = fields != NULL && field_fill(&env, doc->kind->table, fields, conf_arena_take(arena, doc->kind->table->bytes));
    free(diag);
    return is_good;
}

static uint32_t check_document(const struct conf_document *doc, const char *name)
{
    struct conf_arena *arena = conf_arena_open(1 << 24);
    const struct node *schema = parse(arena, schema_json(doc->kind, arena));
    bool is_universal = node_find(doc->root, "apiVersion") == NULL, good = is_taken(doc, arena);
    struct schema_check as_written = { .wrong = "" }, as_canonical = { .wrong = "" };

    if (is_universal && good && doc->is_valid)
        CHECK(schema_check(&as_written, schema, doc->root), "%s: %s is taken, and not by its schema: %s\n", name, doc->kind->type,
              as_written.wrong);
    if (is_universal && !good)
        CHECK(!schema_check(&as_written, schema, doc->root), "%s: %s, line %u, is not taken, and by its schema it is\n", name, doc->kind->type,
              doc->root->line);
    if (good && doc->is_valid) {
        struct span json = canonical_json(doc, arena, true);
        CHECK(schema_check(&as_canonical, schema, parse(arena, json)), "%s: its canonical form is not taken by its schema: %s\n%s\n",
              name, as_canonical.wrong, (const char *)json.at);
    }
    conf_arena_close(arena);
    return 1;
}

TEST(schema_agrees_with_the_reader)
{
    CHECK(conf_world_dir("proxy/demo", check_document) > 6, "the demo\n");
    CHECK(conf_world_dir("tests/corpus/kuma", check_document) > 120, "the corpus\n");
    CHECK(conf_world_dir("tests/fuzz/corpus/conf_load", check_document) > 250, "the texts of the tests\n");
}

TEST(schema_agrees_with_random_documents)
{
    struct kind_random *k = malloc(sizeof(*k));

    for (uint64_t seed = 1; seed <= 20; seed++)
        for (uint32_t kind = 0; kind < KIND_N; kind++) {
            char name[64];
            struct conf_world w;
            rng_init(&k->rng, seed);
            kind_random_document(k, kind_list[kind]);
            snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
            conf_world_open(&w, span_of(k->text, k->used));
            check_document(conf_world_only(&w), name);
            conf_world_close(&w);
        }
    free(k);
}

TEST(schema_looks_so)
{
    static const char *const want[] = {
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$id\":\"urn:apiforge:kind:MeshGateway\",\"title\":\"MeshGateway\",",
        "\"x-plural\":\"meshgateways\",\"x-scope\":\"Mesh\",\"properties\":{\"type\":{\"const\":\"MeshGateway\",",
        "\"port\":{\"description\":\"TCP port\",\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"x-order\":1,\"x-widget\":\"number\"}",
        "\"crossMesh\":{\"description\":\"for sidecars of other meshes\",\"type\":[\"boolean\",\"null\"],\"default\":false,",
        "\"cross_mesh\":{\"description\":\"for sidecars of other meshes\",\"type\":[\"boolean\",\"null\"],\"default\":false,"
        "\"x-not-enforced\":\"it is for sidecars of other meshes: leave it out\",\"deprecated\":true,"
        "\"x-alias-of\":\"crossMesh\"}",
        "\"writeOnly\":true,\"x-secret\":true",
        "\"required\":[\"port\",\"protocol\"],\"additionalProperties\":false",
    };
    struct conf_arena *arena = conf_arena_open(1 << 20), *small = conf_arena_open(1024);
    struct span schema = schema_json(kind_list[KIND_MESH_GATEWAY], arena), timeout = schema_json(kind_list[KIND_MESH_TIMEOUT], arena);

    for (size_t i = 0; i < COUNT(want); i++)
        CHECK(strstr((const char *)schema.at, want[i]) != NULL, "not in it: %s\n%s\n", want[i], (const char *)schema.at);
    CHECK(strstr((const char *)timeout.at, "\"x-unit\":\"duration\",\"minimum\":0,\"maximum\":0,\"x-minimum\":\"1ms\",\"x-maximum\":\"1000h\"") != NULL,
          "%s\n", (const char *)timeout.at);
    CHECK(strstr((const char *)timeout.at, "\"x-removed\":[{\"name\":\"from\",\"instead\":") != NULL, "%s\n", (const char *)timeout.at);
    CHECK(schema_json(kind_list[KIND_MESH_GATEWAY], small).at == NULL && small->is_full, "fits into 1 KiB\n");
    conf_arena_close(arena);
    conf_arena_close(small);
}

/* For those who have a checker of others at hand: SCHEMA_DIR=DIR writes each schema there. */
TEST(schema_can_be_looked_at)
{
    const char *dir = getenv("SCHEMA_DIR");

    for (uint32_t i = 0; dir != NULL && i < KIND_N; i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        char path[512];
        snprintf(path, sizeof(path), "%s/%s.json", dir, kind_list[i]->type);
        FILE *file = fopen(path, "wb");
        CHECK(file != NULL, "%s\n", path);
        struct span schema = schema_json(kind_list[i], arena);
        fwrite(schema.at, 1, schema.len, file);
        fclose(file);
        conf_arena_close(arena);
    }
}

CHECK_RUN(RUN(schema_agrees_with_the_reader), RUN(schema_agrees_with_random_documents), RUN(schema_looks_so), RUN(schema_can_be_looked_at))
