/* effective_test.c - what policies say in the end, and which document said it: each sentence of the merge law.
 *
 * Goal:   kuma-dialect.md 3.8 (order, merge, rules), the policies that every mesh starts with (3.3), whatever order documents come in.
 * Method: documents and one line that says what is in force, field by field, with the name of the document it came from.
 */
#include "base/rng.h"
#include "conf/kind_mesh_timeout.h"
#include "conf/policy_spec.h"
#include "unit/conf/effective_check.h"

#define BASE                                                                                                           \
    "{type: Mesh, name: default, skipCreatingInitialPolicies: ['*']}\n"                                                \
    "---\n{type: MeshGateway, name: edge, labels: {team: a}, tags: {zone: north}, selectors: [{match: {kuma.io/service: edge-svc}}], "  \
    "conf: {listeners: [{port: 80, protocol: HTTP}, {port: 81, protocol: HTTP, tags: {kind: inner}}]}}\n"                                \
    "---\n{type: MeshGateway, name: other, conf: {listeners: [{port: 90, protocol: HTTP}]}}\n"                          \
    "---\n{type: MeshExternalService, name: a, labels: {tier: db}, spec: {match: {port: 80, protocol: http}, endpoints: "  \
    "[{address: '::1', port: 1}]}}\n"                                                                                  \
    "---\n{type: MeshHTTPRoute, name: r, labels: {team: blue, kuma.io/display-name: shown}, spec: {to: [{targetRef: {kind: Mesh}, " \
    "rules: [{matches: [{}], default: {backendRefs: [{kind: MeshExternalService, name: a}]}}]}]}}\n"
#define TIMEOUT(name, labels, top, to, conf)                                                                           \
    "---\n{type: MeshTimeout, name: " name ", labels: {" labels "}, spec: {targetRef: {" top "}, to: [{targetRef: {" to "}, default: {"  \
    conf "}}]}}\n"
#define RULE(name, labels, top, matches, conf)                                                                         \
    "---\n{type: MeshTimeout, name: " name ", labels: {" labels "}, spec: {targetRef: {" top "}, rules: [{" matches "default: {" conf  \
    "}}]}}\n"
#define MESH "kind: Mesh"
#define ROUTE "kind: MeshHTTPRoute, name: r"
#define HTTP(fields) "http: {" fields "}"
#define REQUEST(seconds) HTTP("requestTimeout: " seconds)

struct row {
    const char *name, *text, *want;
};

/* Both ways round, for a text that is not read in its order must not be decided by it. */
static void check_rows(const struct row *rows, size_t n, enum kind_id kind, enum effective_about about, int at)
{
    char got[EFFECTIVE_LINE_BYTES_MAX];

    for (size_t i = 0; i < n; i++)
        for (int turned = 0; turned < 2; turned++) {
            const char *texts[] = { turned ? rows[i].text : BASE, turned ? BASE : rows[i].text };
            struct effective_check c;
            effective_check_open(&c, EFFECTIVE_UNDERSTOOD, texts, COUNT(texts));
            struct effective_subject s = effective_check_subject(&c, about, at, about == EFFECTIVE_ROUTE ? "r" : NULL,
                                                                 about == EFFECTIVE_SERVICE ? "a" : NULL);
            effective_check_line(effective_find(c.set, kind, &s), got);
            CHECK(strcmp(got, rows[i].want) == 0, "%s:\n got: %s\nwant: %s\n", rows[i].name, got, rows[i].want);
            effective_check_close(&c);
        }
}

/* Each pair names the weaker first, with every later criterion against it. */
TEST(effective_order_of_policies)
{
    static const struct row rows[] = {
        { "gateway beats mesh", TIMEOUT("a", "kuma.io/origin: zone", MESH, MESH, REQUEST("1s"))
                                TIMEOUT("z", "", "kind: MeshGateway, name: edge", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "gateway with tags", TIMEOUT("a", "kuma.io/origin: zone", "kind: MeshGateway, name: edge", MESH, REQUEST("1s"))
                               TIMEOUT("z", "", "kind: MeshGateway, name: edge, tags: {zone: north}", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "dataplane beats gateway", TIMEOUT("a", "kuma.io/origin: zone", "kind: MeshGateway, name: edge, tags: {zone: north}", MESH, REQUEST("1s"))
                                     TIMEOUT("z", "", "kind: Dataplane", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "dataplane with labels", TIMEOUT("a", "kuma.io/origin: zone", "kind: Dataplane", MESH, REQUEST("1s"))
                                   TIMEOUT("z", "", "kind: Dataplane, labels: {team: a}", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "section beats labels", TIMEOUT("a", "kuma.io/origin: zone", "kind: Dataplane, labels: {team: a}", MESH, REQUEST("1s"))
                                  TIMEOUT("z", "", "kind: Dataplane, labels: {team: a}, sectionName: '80'", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "name beats section", TIMEOUT("a", "kuma.io/origin: zone", "kind: Dataplane, labels: {team: a}, sectionName: '80'", MESH, REQUEST("1s"))
                                TIMEOUT("z", "", "kind: Dataplane, name: edge", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "name and section", TIMEOUT("a", "kuma.io/origin: zone", "kind: Dataplane, name: edge", MESH, REQUEST("1s"))
                              TIMEOUT("z", "", "kind: Dataplane, name: edge, sectionName: '80'", MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "one route beats all", TIMEOUT("a", "kuma.io/origin: zone", "kind: Dataplane, name: edge, sectionName: '80'", MESH, REQUEST("1s"))
                                 TIMEOUT("z", "", ROUTE, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "zone beats global", TIMEOUT("a", "kuma.io/origin: global, kuma.io/policy-role: workload-owner", MESH, ROUTE, REQUEST("1s"))
                               TIMEOUT("z", "kuma.io/origin: zone, kuma.io/policy-role: system", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "producer beats system", TIMEOUT("a", "kuma.io/policy-role: system", MESH, ROUTE, REQUEST("1s"))
                                   TIMEOUT("z", "kuma.io/policy-role: producer", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "the documented trap: consumer to all beats producer to one", TIMEOUT("a", "kuma.io/policy-role: producer", MESH, ROUTE, REQUEST("1s"))
                                   TIMEOUT("z", "kuma.io/policy-role: consumer", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "owner beats consumer", TIMEOUT("a", "kuma.io/policy-role: consumer", MESH, ROUTE, REQUEST("1s"))
                                  TIMEOUT("z", "kuma.io/policy-role: workload-owner", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "to one beats to all", TIMEOUT("a", "", MESH, MESH, REQUEST("1s")) TIMEOUT("z", "", MESH, ROUTE, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "aaa beats zzz", TIMEOUT("zzz", "", MESH, MESH, REQUEST("1s")) TIMEOUT("aaa", "", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (aaa) " },
        { "by display name", TIMEOUT("a", "kuma.io/display-name: zzz", MESH, MESH, REQUEST("1s"))
                             TIMEOUT("z", "kuma.io/display-name: bbb", MESH, MESH, REQUEST("2s")), "http.requestTimeout=2s (z) " },
        { "later in a document", "---\n{type: MeshTimeout, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 1s}}}, "
                                 "{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 2s}}}]}}\n", "http.requestTimeout=2s (a) " },
        { "most specific entry of a document", "---\n{type: MeshTimeout, name: a, spec: {to: [{targetRef: {" ROUTE "}, default: {http: {requestTimeout: 1s}}}, "
                                 "{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 2s, streamIdleTimeout: 3s}}}]}}\n",
          "http.requestTimeout=1s (a) http.streamIdleTimeout=3s (a) " },
    };

    check_rows(rows, COUNT(rows), KIND_MESH_TIMEOUT, EFFECTIVE_ROUTE, 0);
}

TEST(effective_merges_fields)
{
    static const struct row rows[] = {
        { "nobody", "", "" },
        { "field by field", TIMEOUT("z", "", MESH, MESH, "connectionTimeout: 1s, " HTTP("requestTimeout: 1s, streamIdleTimeout: 2s"))
                            TIMEOUT("a", "", MESH, ROUTE, REQUEST("3s")),
          "connectionTimeout=1s (z) http.requestTimeout=3s (a) http.streamIdleTimeout=2s (z) " },
        { "null removes", TIMEOUT("z", "", MESH, MESH, HTTP("requestTimeout: 1s, streamIdleTimeout: 2s"))
                          TIMEOUT("a", "", MESH, MESH, REQUEST("null")), "http.streamIdleTimeout=2s (z) " },
        { "a removed field comes back", TIMEOUT("z", "", MESH, MESH, REQUEST("1s")) TIMEOUT("m", "", MESH, MESH, REQUEST("null"))
                                        TIMEOUT("a", "", MESH, MESH, REQUEST("3s")), "http.requestTimeout=3s (a) " },
        { "a weak one between", TIMEOUT("z", "kuma.io/policy-role: consumer", MESH, MESH, REQUEST("1s"))
                                TIMEOUT("m", "kuma.io/policy-role: system", MESH, ROUTE, HTTP("requestTimeout: 2s, streamIdleTimeout: 2s"))
                                TIMEOUT("a", "", MESH, MESH, HTTP("requestTimeout: 3s, streamIdleTimeout: 3s")),
          "http.requestTimeout=1s (z) http.streamIdleTimeout=2s (m) " },
        { "another mesh", "---\n{type: MeshTimeout, mesh: west, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]}}\n", "" },
    };

    check_rows(rows, COUNT(rows), KIND_MESH_TIMEOUT, EFFECTIVE_ROUTE, 0);
}

TEST(effective_selects_listeners)
{
    /* At the listener of port 81, with a tag of its own. */
    static const struct row rows[] = {
        { "another gateway", TIMEOUT("a", "", "kind: MeshGateway, name: other", MESH, REQUEST("1s")), "" },
        { "tag of the listener", TIMEOUT("a", "", "kind: MeshGateway, name: edge, tags: {kind: inner}", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "another tag", TIMEOUT("a", "", "kind: MeshGateway, name: edge, tags: {kind: outer}", MESH, REQUEST("1s")), "" },
        { "gateway by label", TIMEOUT("a", "", "kind: MeshGateway, labels: {kuma.io/display-name: edge}", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "subset", TIMEOUT("a", "", "kind: MeshSubset, tags: {zone: north, kind: inner}", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "another subset", TIMEOUT("a", "", "kind: MeshSubset, tags: {zone: south}", MESH, REQUEST("1s")), "" },
        { "dataplane by label", TIMEOUT("a", "", "kind: Dataplane, labels: {team: a}", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "dataplane by two labels", TIMEOUT("a", "", "kind: Dataplane, labels: {team: a, tier: x}", MESH, REQUEST("1s")), "" },
        { "port", TIMEOUT("a", "", "kind: Dataplane, sectionName: '81'", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "another port", TIMEOUT("a", "", "kind: Dataplane, sectionName: '80'", MESH, REQUEST("1s")), "" },
        { "service tag", TIMEOUT("a", "", "kind: MeshService, name: edge-svc", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "another service", TIMEOUT("a", "", "kind: MeshService, name: web", MESH, REQUEST("1s")), "" },
        { "sidecars only", TIMEOUT("a", "", "kind: Mesh, proxyTypes: [Sidecar]", MESH, REQUEST("1s")), "" },
        { "gateways, too", TIMEOUT("a", "", "kind: Mesh, proxyTypes: [Sidecar, Gateway]", MESH, REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "route by label", TIMEOUT("a", "", MESH, "kind: MeshHTTPRoute, labels: {team: blue}", REQUEST("1s")), "http.requestTimeout=1s (a) " },
        { "route by display name", TIMEOUT("a", "", MESH, "kind: MeshHTTPRoute, labels: {kuma.io/display-name: shown, team: blue}", REQUEST("1s")),
          "http.requestTimeout=1s (a) " },
        { "route that is shown otherwise", TIMEOUT("a", "", MESH, "kind: MeshHTTPRoute, labels: {kuma.io/display-name: r}", REQUEST("1s")), "" },
        { "another route", TIMEOUT("a", "", MESH, "kind: MeshHTTPRoute, name: s", REQUEST("1s")), "" },
        { "a route of one listener", TIMEOUT("a", "", "kind: Dataplane, sectionName: '81'", ROUTE, REQUEST("1s"))
                                     TIMEOUT("b", "", "kind: Dataplane, sectionName: '80'", ROUTE, REQUEST("2s")), "http.requestTimeout=1s (a) " },
    };

    check_rows(rows, COUNT(rows), KIND_MESH_TIMEOUT, EFFECTIVE_ROUTE, 1);
}

TEST(effective_selects_services)
{
    static const struct row rows[] = {
        { "all", TIMEOUT("a", "", MESH, MESH, "idleTimeout: 1s"), "idleTimeout=1s (a) " },
        { "by name", TIMEOUT("a", "", MESH, "kind: MeshExternalService, name: a", "idleTimeout: 1s") TIMEOUT("b", "", MESH, MESH, "idleTimeout: 2s"),
          "idleTimeout=1s (a) " },
        { "by label", TIMEOUT("a", "", MESH, "kind: MeshExternalService, labels: {tier: db}", "idleTimeout: 1s"), "idleTimeout=1s (a) " },
        { "by port", TIMEOUT("a", "", MESH, "kind: MeshExternalService, name: a, sectionName: '80'", "idleTimeout: 1s"), "idleTimeout=1s (a) " },
        { "another port", TIMEOUT("a", "", MESH, "kind: MeshExternalService, name: a, sectionName: '81'", "idleTimeout: 1s"), "" },
        { "another kind", TIMEOUT("a", "", MESH, "kind: MeshService, name: a", "idleTimeout: 1s"), "" },
        { "of one gateway: not of all", TIMEOUT("a", "", "kind: MeshGateway, name: edge", MESH, "idleTimeout: 1s"), "" },
    };

    check_rows(rows, COUNT(rows), KIND_MESH_TIMEOUT, EFFECTIVE_SERVICE, -1);
}

TEST(effective_appends_and_replaces)
{
    static const struct row appended[] = {
        { "appended", "---\n{type: MeshPassthrough, name: z, spec: {targetRef: {kind: Mesh}, default: {passthroughMode: All, appendMatch: [{type: Domain, "
                      "value: a.com, port: 443, protocol: tls}]}}}\n---\n{type: MeshPassthrough, name: a, spec: {targetRef: {kind: Mesh}, default: "
                      "{passthroughMode: Matched, appendMatch: [{type: Domain, value: b.com, port: 443, protocol: tls}]}}}\n",
          "passthroughMode=Matched (a) appendMatch.-.type=Domain (z) appendMatch.-.value=a.com (z) appendMatch.-.port=443 (z) appendMatch.-.protocol=tls (z) "
          "appendMatch.-.type=Domain (a) appendMatch.-.value=b.com (a) appendMatch.-.port=443 (a) appendMatch.-.protocol=tls (a) " },
    };
    static const struct row whole[] = {
        { "replaced whole", "---\n{type: MeshRateLimit, name: z, spec: {to: [{targetRef: {kind: Mesh}, default: {local: {http: {requestRate: {num: 1, interval: "
                            "1s}, onRateLimit: {status: 429}}}}}]}}\n---\n{type: MeshRateLimit, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {local: {http: "
                            "{requestRate: {num: 2, interval: 5s}}}}}]}}\n",
          "local.http.requestRate.num=2 (a) local.http.requestRate.interval=5s (a) local.http.onRateLimit.status=429 (z) " },
    };

    check_rows(appended, COUNT(appended), KIND_MESH_PASSTHROUGH, EFFECTIVE_ROUTE, 0);
    check_rows(whole, COUNT(whole), KIND_MESH_RATE_LIMIT, EFFECTIVE_ROUTE, 0);
}

/* ---- rules ---- */

static void rules_line(struct effective_check *c, char *out)
{
    struct effective_subject s = effective_check_subject(c, EFFECTIVE_LISTENER, 0, NULL, NULL);
    const struct effective_rules *rules = effective_find_rules(c->set, KIND_MESH_TIMEOUT, &s);
    char line[EFFECTIVE_LINE_BYTES_MAX];

    CHECK(rules != NULL, "memory\n");
    effective_check_line(&rules->base, out);
    for (uint32_t i = 0; i < rules->items_n; i++) {
        const struct policy_match *m = rules->items[i].match;
        effective_check_line(&rules->items[i].effective, line);
        effective_check_add(out, m->sni != NULL ? SPAN_LIT("| sni ") : m->spiffe_id->type == PATTERN_EXACT ? SPAN_LIT("| exact ") : SPAN_LIT("| prefix "));
        effective_check_add(out, m->sni != NULL ? m->sni->value : m->spiffe_id->value);
        effective_check_add(out, SPAN_LIT(": "));
        effective_check_add(out, span_str(line));
    }
}

#define EXACT(id) "matches: [{spiffeID: {type: Exact, value: 'spiffe://" id "'}}], "
#define PREFIX(id) "matches: [{spiffeID: {type: Prefix, value: 'spiffe://" id "'}}], "

TEST(effective_rules_of_listeners)
{
    static const struct row rows[] = {
        { "none", "", "" },
        { "everybody's merge", RULE("z", "", MESH, "", "idleTimeout: 1s") RULE("a", "", MESH, "", HTTP("requestHeadersTimeout: 2s")),
          "idleTimeout=1s (z) http.requestHeadersTimeout=2s (a) " },
        { "to is not rules", TIMEOUT("a", "", MESH, MESH, "idleTimeout: 1s"), "" },
        { "of another listener", RULE("z", "", "kind: Dataplane, sectionName: '81'", "", "idleTimeout: 1s"), "" },
        { "exact, prefixes, names", RULE("d", "", MESH, "matches: [{sni: {type: Exact, value: x.com}}], ", "idleTimeout: 1s")
                                    RULE("c", "", MESH, PREFIX("t/a"), "idleTimeout: 2s") RULE("b", "", MESH, PREFIX("t/a/b"), "idleTimeout: 3s")
                                    RULE("a", "", MESH, EXACT("t/z"), "idleTimeout: 4s"),
          "| exact spiffe://t/z: idleTimeout=4s (a) | prefix spiffe://t/a/b: idleTimeout=3s (b) | prefix spiffe://t/a: idleTimeout=2s (c) "
          "| sni x.com: idleTimeout=1s (d) " },
        { "base below, wider ones merged in order", RULE("z", "", MESH, "", "idleTimeout: 1s, " HTTP("requestTimeout: 1s, streamIdleTimeout: 1s"))
                                                   RULE("y", "", MESH, EXACT("t/a/b"), HTTP("requestTimeout: 2s"))
                                                   RULE("x", "", MESH, PREFIX("t/a"), HTTP("streamIdleTimeout: 3s")),
          "idleTimeout=1s (z) http.requestTimeout=1s (z) http.streamIdleTimeout=1s (z) | exact spiffe://t/a/b: idleTimeout=1s (z) http.requestTimeout=2s (y) "
          "http.streamIdleTimeout=3s (x) | prefix spiffe://t/a: idleTimeout=1s (z) http.requestTimeout=1s (z) http.streamIdleTimeout=3s (x) " },
        { "a stronger wide one wins", RULE("b", "", MESH, EXACT("t/a/b"), "idleTimeout: 1s") RULE("a", "", MESH, PREFIX("t/a"), "idleTimeout: 2s"),
          "| exact spiffe://t/a/b: idleTimeout=2s (a) | prefix spiffe://t/a: idleTimeout=2s (a) " },
        { "prefixes are of whole segments", RULE("b", "", MESH, EXACT("t/ab"), "idleTimeout: 1s") RULE("a", "", MESH, PREFIX("t/a"), "idleTimeout: 2s"),
          "| exact spiffe://t/ab: idleTimeout=1s (b) | prefix spiffe://t/a: idleTimeout=2s (a) " },
        { "one rule for two clients, two rules for one", RULE("b", "", MESH, "matches: [{spiffeID: {type: Exact, value: 'spiffe://t/a'}}, {spiffeID: {type: Exact, "
                                                      "value: 'spiffe://t/b'}}], ", "idleTimeout: 1s") RULE("a", "", MESH, EXACT("t/b"), HTTP("requestTimeout: 2s")),
          "| exact spiffe://t/a: idleTimeout=1s (b) | exact spiffe://t/b: idleTimeout=1s (b) http.requestTimeout=2s (a) " },
    };
    char got[EFFECTIVE_LINE_BYTES_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *texts[] = { BASE, rows[i].text };
        struct effective_check c;
        effective_check_open(&c, EFFECTIVE_UNDERSTOOD, texts, COUNT(texts));
        rules_line(&c, got);
        CHECK(strcmp(got, rows[i].want) == 0, "%s:\n got: %s\nwant: %s\n", rows[i].name, got, rows[i].want);
        effective_check_close(&c);
    }
}

/* ---- first policies, shadows ---- */

#define PLAIN                                                                                                          \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"                               \
    "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {backendRefs:" \
    " [{kind: MeshExternalService, name: a}]}}]}]}}\n"
#define FIRST                                                                                                          \
    "connectionTimeout=5s (mesh-timeout-to-all-default) idleTimeout=1h (mesh-timeout-to-all-default) "                 \
    "http.requestTimeout=15s (mesh-timeout-to-all-default) http.streamIdleTimeout=30m (mesh-timeout-to-all-default) "

TEST(effective_first_policies)
{
    static const struct row rows[] = {
        { "as Kuma has them", PLAIN, FIRST },
        { "weaker than all", PLAIN TIMEOUT("zzz", "kuma.io/policy-role: system, kuma.io/origin: global", MESH, MESH, REQUEST("1s")),
          "connectionTimeout=5s (mesh-timeout-to-all-default) idleTimeout=1h (mesh-timeout-to-all-default) "
          "http.requestTimeout=1s (zzz) http.streamIdleTimeout=30m (mesh-timeout-to-all-default) " },
        { "replaced by name", PLAIN TIMEOUT("mesh-timeout-to-all-default", "", MESH, MESH, REQUEST("1s")), "http.requestTimeout=1s (mesh-timeout-to-all-default) " },
        { "all skipped", PLAIN "---\n{type: Mesh, name: default, skipCreatingInitialPolicies: ['*']}\n", "" },
        { "one kind skipped", PLAIN "---\n{type: Mesh, name: default, skipCreatingInitialPolicies: [MeshTimeout]}\n", "" },
        { "another kind skipped", PLAIN "---\n{type: Mesh, name: default, skipCreatingInitialPolicies: [MeshRetry]}\n", FIRST },
    };
    char got[EFFECTIVE_LINE_BYTES_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct effective_check c;
        effective_check_open(&c, EFFECTIVE_ENFORCED, &rows[i].text, 1);
        struct effective_subject s = effective_check_subject(&c, EFFECTIVE_ROUTE, 0, "r", NULL);
        effective_check_line(effective_find(c.set, KIND_MESH_TIMEOUT, &s), got);
        CHECK(strcmp(got, rows[i].want) == 0, "%s:\n got: %s\nwant: %s\n", rows[i].name, got, rows[i].want);
        effective_check_close(&c);
    }
}

/* A document with a mesh that cannot be is still read to its end; a mesh with a very long name has first policies, too. */
TEST(effective_first_policies_of_odd_meshes)
{
#define SERVICE "name: s, spec: {match: {port: 80, protocol: http}, endpoints: [{address: '::1', port: 1}]}}\n"
#define LABEL "m23456789-123456789-123456789-123456789-123456789-123456789"
    static const char *const odd = "{type: MeshExternalService, mesh: \"a'}, b: {\", " SERVICE;
    static const char *const longest = "{type: MeshExternalService, mesh: " LABEL "." LABEL "." LABEL "." LABEL ", " SERVICE;
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *snapshot = NULL;
    struct effective_check c;
    uint32_t n;

    diag_init(diag);
    CHECK(conf_load_text("t.yaml", span_str(odd), diag, &snapshot) == WHY_CONF_BAD && diag->errors_n == 1, "%u\n", diag->errors_n);
    free(diag);
    effective_check_open(&c, EFFECTIVE_ENFORCED, &longest, 1);
    const struct effective_statement *s = effective_statements(c.set, KIND_MESH_TIMEOUT, &n);
    CHECK(n == 2 && span_starts(s[0].doc->name, SPAN_LIT("mesh-timeout-")) && s[0].doc->mesh.len > 200, "%u\n", n);
    effective_check_close(&c);
}

TEST(effective_views)
{
    static const char *const text = PLAIN "---\n{type: Mesh, name: default, skipCreatingInitialPolicies: ['*']}\n"
                                    TIMEOUT("z", "", MESH, MESH, REQUEST("1s")) TIMEOUT("a", "kuma.io/effect: shadow", MESH, MESH, REQUEST("2s"));
    static const struct { enum effective_view view; const char *want; } rows[] = {
        { EFFECTIVE_ENFORCED, "http.requestTimeout=1s (z) " },
        { EFFECTIVE_UNDERSTOOD, "http.requestTimeout=1s (z) " },
        { EFFECTIVE_WITH_SHADOW, "http.requestTimeout=2s (a) " },
    };
    char got[EFFECTIVE_LINE_BYTES_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct effective_check c;
        effective_check_open(&c, rows[i].view, &text, 1);
        struct effective_subject s = effective_check_subject(&c, EFFECTIVE_ROUTE, 0, "r", NULL);
        const struct effective *of = effective_find(c.set, KIND_MESH_TIMEOUT, &s);
        effective_check_line(of, got);
        CHECK(strcmp(got, rows[i].want) == 0, "%zu: %s\n", i, got);
        CHECK(effective_is_written(of, effective_node(of, (const char *const[]){ "http", "requestTimeout" }, 2)), "written\n");
        CHECK(effective_node(of, (const char *const[]){ "http", "head" }, 2) == NULL && !effective_is_written(of, NULL), "not there\n");
        effective_check_close(&c);
    }
}

/* ---- properties ---- */

/* Twelve documents, each with chosen labels, targets and fields, in forty orders. */
TEST(effective_is_the_same_in_any_order)
{
    enum { DOCUMENTS_N = 12, ORDERS_N = 40, SEEDS_N = 6 };
    static const char *const roles[] = { "", "kuma.io/policy-role: producer", "kuma.io/policy-role: consumer", "kuma.io/origin: zone" };
    static const char *const tops[] = { MESH, "kind: MeshGateway, name: edge", "kind: Dataplane, labels: {team: a}", ROUTE };
    static const char *const fields[] = { "requestTimeout: %ds", "streamIdleTimeout: %ds", "requestTimeout: %ds, streamIdleTimeout: 9s", "requestTimeout: null" };
    char texts[DOCUMENTS_N][400], field[80], first[EFFECTIVE_LINE_BYTES_MAX], got[EFFECTIVE_LINE_BYTES_MAX];
    const char *order[DOCUMENTS_N + 1];
    struct rng rng;

    for (uint64_t seed = 1; seed <= SEEDS_N; seed++) {
        rng_init(&rng, seed);
        for (int i = 0; i < DOCUMENTS_N; i++) {
            size_t top = rng_below(&rng, COUNT(tops));
            snprintf(field, sizeof(field), fields[rng_below(&rng, COUNT(fields))], i + 1);
            snprintf(texts[i], sizeof(texts[i]), "{type: MeshTimeout, name: p%d, labels: {%s}, spec: {targetRef: {%s}, to: [{targetRef: {%s}, default: {http: {%s}}}]}}\n",
                     i, roles[rng_below(&rng, COUNT(roles))], tops[top], top == 3 || rng_below(&rng, 2) == 0 ? MESH : ROUTE, field);
            order[i] = texts[i];
        }
        order[DOCUMENTS_N] = BASE;
        for (int k = 0; k < ORDERS_N; k++) {
            struct effective_check c;
            for (uint32_t i = DOCUMENTS_N; i > 0; i--) {
                uint32_t j = (uint32_t)rng_below(&rng, i + 1);
                const char *kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
            effective_check_open(&c, EFFECTIVE_UNDERSTOOD, order, DOCUMENTS_N + 1);
            struct effective_subject s = effective_check_subject(&c, EFFECTIVE_ROUTE, 0, "r", NULL);
            effective_check_line(effective_find(c.set, KIND_MESH_TIMEOUT, &s), got);
            if (k == 0)
                memcpy(first, got, sizeof(first));
            CHECK(strcmp(first, got) == 0, "seed %llu:\n%s\n%s\n", (unsigned long long)seed, first, got);
            effective_check_close(&c);
        }
    }
}

/* Nodes looked at for ten times as many routes with a policy each are ten times as many, and few for each. */
TEST(effective_costs_steps_for_own_policies_only)
{
    enum { ROUTES_N = 10000, STEPS_A_ROUTE = 40, TEXT_BYTES_A_ROUTE = 500 };
    char *text = malloc((size_t)ROUTES_N * TEXT_BYTES_A_ROUTE);
    const char *texts[] = { PLAIN, text };
    uint64_t before, after;
    size_t used = 0;
    struct effective_check c;

    for (unsigned i = 0; i < ROUTES_N; i++)
        used += (size_t)snprintf(text + used, TEXT_BYTES_A_ROUTE, "---\n{type: MeshHTTPRoute, name: r%u, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {}}]}]}}\n"
                                TIMEOUT("t%u", "", MESH, "kind: MeshHTTPRoute, name: r%u", REQUEST("%us")), i, i, i % 1000, 1 + i % 60);
    /* Only every tenth route has policies of its own: t%u's names are of 1,000 routes, ten policies each. */
    effective_check_open(&c, EFFECTIVE_ENFORCED, texts, COUNT(texts));
    struct effective_subject s = effective_check_subject(&c, EFFECTIVE_ROUTE, 0, "r", NULL);
    before = effective_steps(c.set);
    CHECK(effective_find(c.set, KIND_MESH_TIMEOUT, &s) != NULL, "memory\n");
    for (const struct conf_document *doc = candidate_set(c.candidate)->first[KIND_MESH_HTTP_ROUTE]; doc != NULL; doc = doc->next) {
        s.route = doc;
        const struct effective *of = effective_find(c.set, KIND_MESH_TIMEOUT, &s);
        CHECK(of != NULL && of == effective_find(c.set, KIND_MESH_TIMEOUT, &s), "answers are kept\n");
    }
    after = effective_steps(c.set);
    CHECK(after - before > ROUTES_N && after - before < (uint64_t)ROUTES_N * STEPS_A_ROUTE, "%llu steps\n", (unsigned long long)(after - before));
    effective_check_close(&c);
    free(text);
}

CHECK_RUN(RUN(effective_order_of_policies), RUN(effective_merges_fields), RUN(effective_selects_listeners), RUN(effective_selects_services),
          RUN(effective_appends_and_replaces), RUN(effective_rules_of_listeners), RUN(effective_first_policies), RUN(effective_first_policies_of_odd_meshes), RUN(effective_views),
          RUN(effective_is_the_same_in_any_order), RUN(effective_costs_steps_for_own_policies_only))
