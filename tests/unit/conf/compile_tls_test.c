/* compile_tls_test.c - TLS of listeners: what ForgeListeners say of them, and digests that tell change from no change.
 *
 * Goal:   each field arrives; the digest of a host changes with each of them and with nothing else.
 * Method: one base and variants of it.
 */
#include "unit/conf/conf_check.h"

#include "conf/host_index.h"

#define PEM(text) "-----BEGIN CERTIFICATE-----\\n" text "\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nK\\n-----END PRIVATE KEY-----\\n"
#define SOURCE(text) "{inlineString: \"" PEM(text) "\"}"
#define LISTENER(hostname, certificates) "{port: 443, protocol: HTTPS, hostname: " hostname ", tls: {certificates: [" certificates "]}}"
#define GATEWAY(listeners) "{type: MeshGateway, name: edge, conf: {listeners: [" listeners "]}}\n"
#define EXTRA(name, fields) "---\n{type: ForgeListener, name: " name ", spec: {targetRef: {kind: MeshGateway, name: edge}, " fields "}}\n"

TEST(compile_tls_arrives)
{
    struct snapshot *s = conf_check_load(
        GATEWAY(LISTENER("'*.x'", SOURCE("A") ", " SOURCE("B")) ", " LISTENER("a.x", SOURCE("C")) ", " LISTENER("''", SOURCE("D")))
        EXTRA("all", "tls: {versionMin: TLS13, http2: false}")
        EXTRA("one", "hostname: a.x, tls: {versionMin: TLS12, versionMax: TLS12, clientCertificate: Optional, clientCa: " SOURCE("CA") "}")
        EXTRA("any", "hostname: '*', tls: {clientCa: " SOURCE("CB") "}"));
    const struct listener *l = &s->listeners[0];
    const struct tls_host *one = &l->tls_hosts[0], *wild = &l->tls_hosts[1], *any = &l->tls_hosts[2];

    CHECK(l->is_tls && l->tls_hosts_n == 3 && l->tls_hosts == s->listeners[1].tls_hosts, "%u\n", l->tls_hosts_n);
    CHECK(span_is(one->hostname, SPAN_LIT("a.x")) && span_is(wild->hostname, SPAN_LIT("*.x")) && any->hostname.len == 0, "order\n");
    CHECK(one->listener_key == l->hosts[0].listener_key && wild->listener_key == l->hosts[1].listener_key &&
          any->listener_key == l->hosts[2].listener_key && one->listener_key != wild->listener_key, "owners\n");
    CHECK(host_index_find(l->tls_host_index, SPAN_LIT("b.x")) == 1 && host_index_find(l->tls_host_index, SPAN_LIT("")) == 2, "index\n");
    CHECK(one->version_min == 12 && one->version_max == 12 && wild->version_min == 13 && wild->version_max == 13, "versions\n");
    CHECK(!one->allows_h2 && !wild->allows_h2, "h2\n");
    CHECK(one->client_ca_pem.len > 0 && !one->client_certificate_required && wild->client_ca_pem.len == 0, "optional\n");
    CHECK(any->client_ca_pem.len > 0 && any->client_certificate_required, "required\n");
    CHECK(strstr((const char *)any->client_ca_pem.at, "KEY") == NULL, "a key among authorities\n");
    CHECK(wild->certificates_n == 2 && strstr((const char *)wild->certificates[1].chain_pem.at, "\nB\n") != NULL, "%u\n",
          wild->certificates_n);
    conf_free(s);
}

TEST(compile_tls_client_certificate_none)
{
    struct snapshot *s = conf_check_load(GATEWAY(LISTENER("a", SOURCE("A")))
                                         EXTRA("weak", "tls: {clientCa: " SOURCE("CA") "}")
                                         EXTRA("strong", "port: 443, tls: {clientCertificate: None}"));

    CHECK(s->listeners[0].tls_hosts[0].client_ca_pem.len == 0 && !s->listeners[0].tls_hosts[0].client_certificate_required, "asked\n");
    conf_free(s);
}

TEST(compile_tls_digests)
{
    static const struct { const char *text; bool is_same; } rows[] = {
        { GATEWAY(LISTENER("a", SOURCE("A"))), true },
        { GATEWAY(LISTENER("a", SOURCE("A")) ", " LISTENER("b", SOURCE("B"))), true },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "idleTimeout: 1s"), true },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "tls: {versionMin: TLS12, http2: true}"), true },
        { GATEWAY(LISTENER("a", SOURCE("B"))), false },
        { GATEWAY(LISTENER("a", SOURCE("A") ", " SOURCE("B"))), false },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "tls: {versionMin: TLS13}"), false },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "tls: {http2: false}"), false },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "tls: {clientCa: " SOURCE("C") "}"), false },
        { GATEWAY(LISTENER("a", SOURCE("A"))) EXTRA("e", "tls: {clientCa: " SOURCE("C") ", clientCertificate: Optional}"), false },
    };
    uint8_t digests[COUNT(rows)][32];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot *s = conf_check_load(rows[i].text);
        memcpy(digests[i], s->listeners[0].tls_hosts[0].digest, 32);
        conf_free(s);
        CHECK((memcmp(digests[0], digests[i], 32) == 0) == rows[i].is_same, "row %zu\n", i);
        for (size_t k = 1; k < i; k++)
            CHECK(rows[i].is_same || memcmp(digests[k], digests[i], 32) != 0, "rows %zu and %zu\n", k, i);
    }
}

CHECK_RUN(RUN(compile_tls_arrives), RUN(compile_tls_client_certificate_none), RUN(compile_tls_digests))
