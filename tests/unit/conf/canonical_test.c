/* canonical_test.c - what the canonical form looks like, and that reading and writing it again changes no byte.
 *
 * Goal:   canonical.h: order, types, aliases, envelopes, secrets; stability in JSON, YAML and the envelope of Kubernetes.
 * Method: pairs of texts; then the demo, the texts of the other tests (the corpus of conf_load) and random documents of every kind
 *         are written, read, written: the bytes are the same, and the reader says the same of both.
 * Replay: random documents print their seed.
 */
#include "conf/canonical.h"

#include "lib/conf_world.h"
#include "lib/kind_random.h"
#include "unit/conf/conf_check.h"

/* ---- how it looks ---- */

static const struct row {
    const char *name, *text;
    enum canonical_secrets secrets;
    const char *json, *yaml; /* NULL: not looked at */
} rows[] = {
    { "order, aliases and types",
      "conf:\n  listeners:\n  - {protocol: HTTP, cross_mesh: False, port: 0080, hostname: SHOP.example.com, resources: {connection_limit: 9}}\n"
      "name: edge\nlabels: {b: \"1\", a: x}\ntype: MeshGateway\ncreationTime: 2026-01-01T00:00:00Z\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"MeshGateway\",\"mesh\":\"default\",\"name\":\"edge\",\"labels\":{\"a\":\"x\",\"b\":\"1\"},\"conf\":{\"listeners\":[{\"hostname\":"
      "\"shop.example.com\",\"port\":80,\"protocol\":\"HTTP\",\"crossMesh\":false,\"resources\":{\"connectionLimit\":9}}]}}",
      "type: MeshGateway\nmesh: default\nname: edge\nlabels:\n  a: x\n  b: \"1\"\nconf:\n  listeners:\n  - hostname: shop.example.com\n"
      "    port: 80\n    protocol: HTTP\n    crossMesh: false\n    resources:\n      connectionLimit: 9\n" },
    { "statuses are numbers, durations and shares as written, empty lists",
      "type: MeshHTTPRoute\nname: r\nspec: {to: [{rules: [{matches: [{path: {value: /, type: PathPrefix}}], default: {backendRefs: [], filters: "
      "[{type: RequestRedirect, requestRedirect: {statusCode: \"301\"}}]}}], targetRef: {kind: Mesh}}]}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      NULL,
      "type: MeshHTTPRoute\nmesh: default\nname: r\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    rules:\n    - matches:\n      - path:\n"
      "          type: PathPrefix\n          value: /\n      default:\n        filters:\n        - type: RequestRedirect\n"
      "          requestRedirect:\n            statusCode: 301\n        backendRefs: []\n" },
    { "a size is a number when it can be",
      "type: ForgeBodyCap\nname: cap\nspec: {bytes: \"0065536\"}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"ForgeBodyCap\",\"mesh\":\"default\",\"name\":\"cap\",\"spec\":{\"bytes\":65536}}",
      "type: ForgeBodyCap\nmesh: default\nname: cap\nspec:\n  bytes: 65536\n" },
    { "a size with a unit is a text",
      "type: ForgeBodyCap\nname: cap\nspec: {bytes: 64Ki}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"ForgeBodyCap\",\"mesh\":\"default\",\"name\":\"cap\",\"spec\":{\"bytes\":\"64Ki\"}}", NULL },
    { "a secret left out", "type: Secret\nname: s\ndata: aGk=\n", CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"Secret\",\"mesh\":\"default\",\"name\":\"s\"}", "type: Secret\nmesh: default\nname: s\n" },
    { "a secret shown", "type: Secret\nname: s\ndata: aGk=\n", CANONICAL_SECRETS_SHOWN,
      "{\"type\":\"Secret\",\"mesh\":\"default\",\"name\":\"s\",\"data\":\"aGk=\"}", NULL },
    { "a secret masked", "type: Secret\nname: s\ndata: aGk=\n", CANONICAL_SECRETS_MASKED,
      "{\"type\":\"Secret\",\"mesh\":\"default\",\"name\":\"s\",\"data\":\"***\"}", NULL },
    { "a key inside a field, left out",
      "type: MeshGateway\nname: e\nconf: {listeners: [{port: 1, protocol: HTTPS, tls: {certificates: [{inlineString: KEY}]}}]}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"MeshGateway\",\"mesh\":\"default\",\"name\":\"e\",\"conf\":{\"listeners\":[{\"port\":1,\"protocol\":\"HTTPS\",\"tls\":"
      "{\"certificates\":[{}]}}]}}",
      NULL },
    { "a key of several lines",
      "type: MeshGateway\nname: e\nconf: {listeners: [{port: 1, protocol: HTTPS, tls: {certificates: [{inlineString: \"A\\nB\\n\"}]}}]}\n",
      CANONICAL_SECRETS_SHOWN, NULL,
      "type: MeshGateway\nmesh: default\nname: e\nconf:\n  listeners:\n  - port: 1\n    protocol: HTTPS\n    tls:\n      certificates:\n"
      "      - inlineString: |\n          A\n          B\n" },
    { "the envelope of Kubernetes is taken off",
      "apiVersion: kuma.io/v1alpha1\nkind: ForgeBodyCap\nmetadata: {name: cap, namespace: kuma-system, labels: {kuma.io/mesh: m, t: a}, "
      "uid: x, annotations: {b: c}}\nspec: {bytes: 1}\nstatus: {}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"ForgeBodyCap\",\"mesh\":\"m\",\"name\":\"cap\",\"labels\":{\"t\":\"a\"},\"spec\":{\"bytes\":1}}", NULL },
    { "odd letters in JSON",
      "type: ForgeAccessLog\nname: l\nspec: {format: {type: Plain, plain: \"a\\N\\L\\P\\uFEFF\\uFFFE\\t\\\"\\\\\\x7f\"}}\n",
      CANONICAL_SECRETS_LEFT_OUT,
      "{\"type\":\"ForgeAccessLog\",\"mesh\":\"default\",\"name\":\"l\",\"spec\":{\"format\":{\"type\":\"Plain\",\"plain\":"
      "\"a\\u0085\\u2028\\u2029\\ufeff\\ufffe\\t\\\"\\\\\\u007f\"}}}", NULL },
};

TEST(canonical_looks_so)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        struct conf_world w;
        conf_world_open(&w, span_str(rows[i].text));
        CHECK(w.diag->errors_n == 0, "%s: %s\n", rows[i].name, w.diag->items[0].text);
        const struct conf_document *doc = conf_world_only(&w);
        struct span json = canonical_json(doc, arena, rows[i].secrets), yaml = canonical_yaml(doc, arena, rows[i].secrets);
        CHECK(rows[i].json == NULL || span_is(json, span_str(rows[i].json)), "%s: %s\n", rows[i].name, (const char *)json.at);
        CHECK(rows[i].yaml == NULL || span_is(yaml, span_str(rows[i].yaml)), "%s:\n%s", rows[i].name, (const char *)yaml.at);
        conf_world_close(&w);
        conf_arena_close(arena);
    }
}

TEST(canonical_kubernetes_looks_so)
{
    static const struct { const char *text, *want; } pairs[] = {
        { "type: ForgeBodyCap\nmesh: m\nname: cap\nlabels: {t: a}\nspec: {bytes: 1}\n",
          "apiVersion: kuma.io/v1alpha1\nkind: ForgeBodyCap\nmetadata:\n  name: cap\n  namespace: kuma-system\n  labels:\n"
          "    kuma.io/mesh: m\n    t: a\nspec:\n  bytes: 1\n" },
        { "type: MeshGateway\nmesh: m\nname: e\nconf: {listeners: [{port: 80, protocol: HTTP}]}\n",
          "apiVersion: kuma.io/v1alpha1\nkind: MeshGateway\nmesh: m\nmetadata:\n  name: e\nspec:\n  conf:\n    listeners:\n"
          "    - port: 80\n      protocol: HTTP\n" },
        { "type: Secret\nmesh: m\nname: s\ndata: aGk=\n",
          "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: kuma-system\n  labels:\n    kuma.io/mesh: m\n"
          "type: system.kuma.io/secret\ndata:\n  value: aGk=\n" },
    };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        struct conf_world w;
        conf_world_open(&w, span_str(pairs[i].text));
        struct span yaml = canonical_kubernetes_yaml(conf_world_only(&w), arena, CANONICAL_SECRETS_SHOWN);
        CHECK(span_is(yaml, span_str(pairs[i].want)), "%s", (const char *)yaml.at);
        conf_world_close(&w);
        conf_arena_close(arena);
    }
}

/* ---- that it is stable ---- */

static void check_says_same(const struct conf_world *a, const struct conf_world *b, const char *name, struct span text)
{
    CHECK(a->diag->errors_n == b->diag->errors_n, "%s: %u errors, then %u: %s\n%s\n", name, a->diag->errors_n, b->diag->errors_n,
          b->diag->errors_n > 0 ? b->diag->items[0].text : a->diag->items[0].text, (const char *)text.at);
}

/* A text with one document: written in three ways, read again, written: same bytes. */
static void check_document(const struct conf_document *doc, const char *name, const struct conf_world *only)
{
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct span json = canonical_json(doc, arena, true), yaml = canonical_yaml(doc, arena, true);
    struct span forms[] = { json, yaml, canonical_kubernetes_yaml(doc, arena, true) };

    for (size_t i = 0; i < COUNT(forms); i++) {
        struct conf_world w;
        conf_world_open(&w, forms[i]);
        if (only != NULL)
            check_says_same(only, &w, name, forms[i]);
        else
            CHECK(w.diag->errors_n == 0, "%s: %s\n%s\n", name, w.diag->items[0].text, (const char *)forms[i].at);
        const struct conf_document *again = conf_world_only(&w);
        CHECK(again != NULL && again->is_valid == doc->is_valid, "%s:\n%s\n", name, (const char *)forms[i].at);
        struct span json_again = canonical_json(again, arena, true), yaml_again = canonical_yaml(again, arena, true);
        CHECK(span_is(json, json_again), "%s\n%s\n%s\n", name, (const char *)json.at, (const char *)json_again.at);
        CHECK(span_is(yaml, yaml_again), "%s\n%s\n%s\n", name, (const char *)yaml.at, (const char *)yaml_again.at);
        conf_world_close(&w);
    }
    conf_arena_close(arena);
}

static uint32_t check_good(const struct conf_document *doc, const char *path)
{
    if (doc->is_valid)
        check_document(doc, path, NULL);
    return doc->is_valid;
}

TEST(canonical_is_stable_for_all_texts_at_hand)
{
    CHECK(conf_world_dir("proxy/demo", check_good) >= 6, "the demo\n");
    CHECK(conf_world_dir("tests/corpus/kuma", check_good) >= 50, "the corpus of Kuma's kinds\n");
    CHECK(conf_world_dir("tests/fuzz/corpus/conf_load", check_good) >= 200, "the texts of the tests\n");
}

TEST(canonical_is_stable_for_random_documents)
{
    struct kind_random *k = malloc(sizeof(*k));

    for (uint64_t seed = 1; seed <= 40; seed++)
        for (uint32_t kind = 0; kind < KIND_N; kind++) {
            char name[64];
            struct conf_world w;
            rng_init(&k->rng, seed);
            kind_random_document(k, kind_list[kind]);
            snprintf(name, sizeof(name), "%s seed %llu", kind_list[kind]->type, (unsigned long long)seed);
            conf_world_open(&w, span_of(k->text, k->used));
            const struct conf_document *doc = conf_world_only(&w);
            CHECK(doc != NULL, "%s: %s\n%s", name, w.diag->items[0].text, k->text);
            check_document(doc, name, &w);
            conf_world_close(&w);
        }
    free(k);
}

TEST(canonical_ends_with_the_arena)
{
    struct conf_world w;

    conf_world_open(&w, SPAN_LIT("type: ForgeBodyCap\nname: cap\nspec: {bytes: 1}\n"));
    for (size_t bytes = 64; bytes <= 256; bytes += 8) {
        struct conf_arena *arena = conf_arena_open(bytes);
        struct span json = canonical_json(conf_world_only(&w), arena, false);
        CHECK((json.at == NULL) == arena->is_full, "%zu\n", bytes);
        CHECK(bytes > 64 || arena->is_full, "fits into %zu\n", bytes);
        CHECK(bytes < 256 || !arena->is_full, "does not fit into %zu\n", bytes);
        conf_arena_close(arena);
    }
    conf_world_close(&w);
}

CHECK_RUN(RUN(canonical_looks_so), RUN(canonical_kubernetes_looks_so), RUN(canonical_is_stable_for_all_texts_at_hand),
          RUN(canonical_is_stable_for_random_documents), RUN(canonical_ends_with_the_arena))
