/* compile_upstream_test.c - services become upstreams, and digests tell change from no change.
 *
 * Goal:   each field arrives; the digest changes with each of them and with nothing else.
 * Method: one base and variants of it.
 */
#include "unit/conf/conf_check.h"

#define CERTIFICATE(text) "{inlineString: \"-----BEGIN CERTIFICATE-----\\n" text "\\n-----END CERTIFICATE-----\\n\"}"
#define KEY(text) "{inlineString: \"-----BEGIN PRIVATE KEY-----\\n" text "\\n-----END PRIVATE KEY-----\\n\"}"
#define SERVICE(name, protocol, address, more)                                                                         \
    "---\n{type: MeshExternalService, name: " name ", spec: {match: {port: 80, protocol: " protocol "}, endpoints: [{address: '" \
    address "', port: 81}]" more "}}\n"
#define EXTRA(fields) "---\n{type: ForgeUpstream, name: e, spec: {targetRef: {kind: MeshExternalService, name: a}, " fields "}}\n"

TEST(compile_upstream_protocols)
{
    static const struct { const char *protocol; enum up_protocol want; } rows[] = {
        { "http", UP_HTTP1 }, { "http2", UP_HTTP2 }, { "grpc", UP_HTTP2 }, { "tcp", UP_TCP },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        snprintf(text, sizeof(text), SERVICE("a", "%s", "192.0.2.1", ""), rows[i].protocol);
        struct snapshot *s = conf_check_load(text);
        CHECK(s->upstreams[0].protocol == rows[i].want, "%s: %d\n", rows[i].protocol, s->upstreams[0].protocol);
        CHECK(s->upstreams[0].endpoints_n == 1 && s->upstreams[0].endpoints[0].weight == 1 && !s->upstreams[0].is_tls, "endpoint\n");
        CHECK(span_is(s->upstreams[0].endpoints[0].text, SPAN_LIT("192.0.2.1:81")), "%.*s\n", SPAN_FMT(s->upstreams[0].endpoints[0].text));
        conf_free(s);
    }
    struct snapshot *s = conf_check_load("{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}}}\n" EXTRA("echo: true"));
    CHECK(s->upstreams[0].protocol == UP_ECHO && s->upstreams[0].endpoints_n == 0, "echo\n");
    conf_free(s);
    s = conf_check_load(SERVICE("a", "http", "localhost", ""));
    CHECK(span_is(s->upstreams[0].endpoints[0].text, SPAN_LIT("127.0.0.1:81")), "localhost\n");
    conf_free(s);
}

TEST(compile_upstream_tls)
{
    static const struct { const char *mode; bool ca, name; } rows[] = {
        { "Secured", true, true }, { "SkipSAN", true, false }, { "SkipCA", false, true }, { "SkipAll", false, false },
    };
    struct snapshot *s;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1024];
        snprintf(text, sizeof(text), SERVICE("a", "http", "192.0.2.1", ", tls: {enabled: true, verification: {mode: %s, caCert: "
                 CERTIFICATE("A") "}}"), rows[i].mode);
        s = conf_check_load(text);
        const struct upstream *up = &s->upstreams[0];
        CHECK(up->is_tls && up->verify_ca == rows[i].ca && up->verify_name == rows[i].name, "%s\n", rows[i].mode);
        CHECK((up->ca_pem.len > 0) == rows[i].ca && up->tls_version_min == 12 && up->tls_version_max == 13, "%s\n", rows[i].mode);
        conf_free(s);
    }
    s = conf_check_load(SERVICE("a", "http", "192.0.2.1", ", tls: {enabled: true, version: {min: TLS13, max: TLS13}, verification: "
                        "{mode: SkipAll, serverName: Name.Example, clientCert: " CERTIFICATE("C") ", clientKey: " KEY("K") "}}"));
    CHECK(s->upstreams[0].tls_version_min == 13 && s->upstreams[0].client_chain_pem.len > 0 && s->upstreams[0].client_key_pem.len > 0,
          "client\n");
    CHECK(span_is(s->upstreams[0].server_name, SPAN_LIT("name.example")), "%.*s\n", SPAN_FMT(s->upstreams[0].server_name));
    conf_free(s);
    s = conf_check_load(SERVICE("a", "http", "192.0.2.1", ", tls: {enabled: false}"));
    CHECK(!s->upstreams[0].is_tls, "not enabled\n");
    conf_free(s);
}

TEST(compile_upstream_digests)
{
#define TLS(fields) ", tls: {enabled: true, verification: {mode: SkipAll" fields "}}"
    static const struct { const char *text; bool is_same, is_same_tls; } rows[] = {
        { SERVICE("a", "http", "192.0.2.1", TLS("")), true, true },
        { SERVICE("a", "http", "192.0.2.1", TLS("")) SERVICE("b", "http", "192.0.2.2", ""), true, true },
        { SERVICE("a", "http", "192.0.2.2", TLS("")), false, true },
        { SERVICE("a", "http", "192.0.2.1", TLS("")) EXTRA("balance: LeastRequest"), false, true },
        { SERVICE("a", "http", "192.0.2.1", TLS("")) EXTRA("idleTimeout: 1s"), false, true },
        { SERVICE("a", "http", "192.0.2.1", TLS("")) EXTRA("connectTimeout: 1s"), false, true },
        { SERVICE("a", "http2", "192.0.2.1", TLS("")), false, false },
        { SERVICE("a", "http", "192.0.2.1", TLS(", serverName: x")), false, false },
        { SERVICE("a", "http", "192.0.2.1", TLS(", clientCert: " CERTIFICATE("C") ", clientKey: " KEY("K"))), false, false },
        { SERVICE("a", "http", "192.0.2.1", TLS(", clientCert: " CERTIFICATE("C") ", clientKey: " KEY("L"))), false, false },
        { SERVICE("a", "http", "192.0.2.1", ""), false, false },
    };
    uint8_t digests[COUNT(rows)][32], tls_digests[COUNT(rows)][32];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot *s = conf_check_load(rows[i].text);
        memcpy(digests[i], s->upstreams[0].digest, 32);
        memcpy(tls_digests[i], s->upstreams[0].tls_digest, 32);
        conf_free(s);
        CHECK((memcmp(digests[0], digests[i], 32) == 0) == rows[i].is_same, "row %zu\n", i);
        CHECK((memcmp(tls_digests[0], tls_digests[i], 32) == 0) == rows[i].is_same_tls, "tls of row %zu\n", i);
        for (size_t k = 1; k < i; k++)
            CHECK(rows[i].is_same || memcmp(digests[k], digests[i], 32) != 0, "rows %zu and %zu\n", k, i);
    }
}

TEST(compile_upstream_limit)
{
    struct diag *diag = malloc(sizeof(*diag));
    char *text = malloc(1 << 20);

    for (int n = 2048; n <= 2049; n++) {
        struct snapshot *s = NULL;
        size_t used = 0;
        for (int i = 0; i < n; i++)
            used += (size_t)snprintf(text + used, (1 << 20) - used, "---\n{type: MeshExternalService, name: s%d, spec: {match: {port: 80, "
                                     "protocol: http}, endpoints: [{address: '::1', port: 1}]}}\n", i);
        diag_init(diag);
        enum why why = conf_load_text("t.yaml", span_of(text, used), diag, &s);
        CHECK(why == (n == 2048 ? WHY_OK : WHY_CONF_BAD), "%d: %s\n", n, why_name(why));
        CHECK(n == 2048 || strstr(diag->items[0].text, "2048 at most") != NULL, "%s\n", diag->items[0].text);
        conf_free(s);
    }
    free(text);
    free(diag);
}

CHECK_RUN(RUN(compile_upstream_protocols), RUN(compile_upstream_tls), RUN(compile_upstream_digests), RUN(compile_upstream_limit))
