/* compile_upstream.c - MeshExternalService -> struct upstream.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "base/limits.h"
#include "base/must.h"
#include "conf/compile.h"
#include "conf/compile_policy.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/data_source.h"
#include "conf/digest.h"
#include "conf/document.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/pem.h"
#include "conf/socket_text.h"

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

static bool compile_endpoints(struct compile *c, const struct service_spec *spec, struct upstream *up)
{
    const struct service_endpoint *items = spec->endpoints.items;
    struct endpoint *endpoints = conf_arena_array(c->arena, spec->endpoints.n, sizeof(*endpoints));

    if (endpoints == NULL)
        return false;
    for (uint32_t i = 0; i < spec->endpoints.n; i++) {
        struct span address = items[i].address;
        /* The one name that needs no DNS (RFC 6761 s6.3). */
        if (span_is(address, SPAN_LIT("localhost")))
            address = SPAN_LIT("127.0.0.1");
        endpoints[i].weight = 1;
        if (!socket_text_read(address, (uint16_t)items[i].port, &endpoints[i].address))
            diag_error(c->set->diag, field_place(&items[i], "address"), "`address: %.*s` is understood but not enforced by this "
                       "version: no DNS is asked, so write an IPv4 or IPv6 address or `localhost`", SPAN_FMT(address));
        endpoints[i].text = conf_arena_format(c->arena, span_find(address, ':') < address.len ? "[%.*s]:%lld" : "%.*s:%lld",
                                              SPAN_FMT(address), (long long)items[i].port);
        if (endpoints[i].text.at == NULL)
            return false;
    }
    up->endpoints = endpoints;
    up->endpoints_n = spec->endpoints.n;
    return true;
}

/* Authorities of the host, when a service names none. Empty where files are not read. */
static bool system_ca(struct compile *c, struct diag_place place, struct span *out_pem)
{
    struct span bytes = SPAN_LIT("");
    const char *wrong;

    if (c->system_ca.at == NULL && c->set->dir != NULL) {
        wrong = conf_file_read(c->set->scratch, SYSTEM_CA_FILE, CONF_SCALAR_BYTES_MAX, &bytes);
        if (wrong != NULL) {
            diag_error(c->set->diag, place, "the service's certificate cannot be verified: " SYSTEM_CA_FILE
                       " %s; write `verification.caCert`", wrong);
            return true;
        }
        c->system_ca = conf_arena_copy(c->arena, bytes);
        if (c->system_ca.at == NULL)
            return false;
    }
    *out_pem = c->system_ca.at != NULL ? c->system_ca : SPAN_LIT("");
    return true;
}

static bool compile_client_certificate(struct compile *c, const struct conf_document *doc,
                                       const struct service_verification *v, struct upstream *up)
{
    struct span chain, key, ignored;

    if (v->client_cert == NULL || !data_source_read(c->set, doc->mesh, v->client_cert, &chain) ||
        !data_source_read(c->set, doc->mesh, v->client_key, &key))
        return true; /* None, or told. */
    if (pem_certificates_n(chain) == 0)
        diag_error(c->set->diag, node_place(v->client_cert->node), "`clientCert` has no PEM certificate "
                   "(-----BEGIN CERTIFICATE-----)");
    if (!pem_has_key(key))
        diag_error(c->set->diag, node_place(v->client_key->node), "`clientKey` has no unencrypted PEM private key "
                   "(-----BEGIN PRIVATE KEY-----)");
    return pem_split(c->arena, chain, &up->client_chain_pem, &ignored) &&
           pem_split(c->arena, key, &ignored, &up->client_key_pem);
}

static bool compile_tls(struct compile *c, const struct conf_document *doc, const struct service_tls *tls, struct upstream *up)
{
    const struct service_verification *v = tls->verification;
    int64_t mode = v != NULL ? v->mode : VERIFY_SECURED;
    struct span ca, ignored;

    up->is_tls = true;
    up->verify_ca = mode == VERIFY_SECURED || mode == VERIFY_SKIP_SAN;
    up->verify_name = mode == VERIFY_SECURED || mode == VERIFY_SKIP_CA;
    up->tls_version_min = 12;
    up->tls_version_max = 13;
    if (tls->version != NULL && tls->version->min != 0)
        up->tls_version_min = (uint8_t)tls->version->min;
    if (tls->version != NULL && tls->version->max != 0)
        up->tls_version_max = (uint8_t)tls->version->max;
    if (v != NULL && v->server_name.at != NULL)
        up->server_name = conf_arena_copy(c->arena, v->server_name);
    if (v != NULL && !compile_client_certificate(c, doc, v, up))
        return false;
    if (!up->verify_ca)
        return true;
    if (v == NULL || v->ca_cert == NULL)
        return system_ca(c, doc->place, &up->ca_pem);
    if (!data_source_read(c->set, doc->mesh, v->ca_cert, &ca))
        return true;
    if (pem_certificates_n(ca) == 0)
        diag_error(c->set->diag, node_place(v->ca_cert->node), "`caCert` has no PEM certificate "
                   "(-----BEGIN CERTIFICATE-----)");
    return pem_split(c->arena, ca, &up->ca_pem, &ignored);
}

static void digest_tls(struct upstream *up)
{
    struct digest d;

    digest_init(&d);
    digest_add_u64(&d, (uint64_t)up->verify_ca | (uint64_t)up->verify_name << 1 | (uint64_t)up->tls_version_min << 8 |
                           (uint64_t)up->tls_version_max << 16 | (uint64_t)up->is_tls << 24);
    digest_add_u64(&d, up->protocol);
    digest_add(&d, up->server_name);
    digest_add(&d, up->ca_pem);
    digest_add(&d, up->client_chain_pem);
    digest_add(&d, up->client_key_pem);
    digest_end(&d, up->tls_digest);
}

static void digest_all(struct upstream *up)
{
    struct digest d;

    digest_tls(up);
    digest_init(&d);
    digest_add(&d, span_of(up->tls_digest, sizeof(up->tls_digest)));
    digest_add(&d, up->name);
    digest_add_u64(&d, up->protocol);
    digest_add_u64(&d, up->balance);
    digest_add_u64(&d, up->connect_timeout_ns);
    digest_add_u64(&d, up->idle_timeout_ns);
    for (uint32_t i = 0; i < up->endpoints_n; i++) {
        digest_add(&d, up->endpoints[i].text);
        digest_add_u64(&d, up->endpoints[i].weight);
    }
    digest_end(&d, up->digest);
}

void compile_upstream_set(struct upstream *up, int64_t protocol, const struct upstream_settings *settings)
{
    static const enum up_protocol protocols[] = {
        [SERVICE_TCP] = UP_TCP, [SERVICE_HTTP] = UP_HTTP1, [SERVICE_HTTP2] = UP_HTTP2, [SERVICE_GRPC] = UP_HTTP2,
    };

    up->protocol = settings->is_echo ? UP_ECHO : protocols[protocol];
    up->balance = (enum balance)settings->balance;
    up->connect_timeout_ns = settings->connect_timeout_ns;
    up->idle_timeout_ns = settings->idle_timeout_ns;
    digest_all(up);
}

static bool compile_upstream(struct compile *c, const struct conf_document *doc, struct upstream *up)
{
    const struct service_spec *spec = doc->spec;
    struct upstream_settings settings;

    up->name = conf_arena_copy(c->arena, doc->name);
    if (!compile_policy_upstream(c, doc->mesh, doc, &settings))
        return false;
    if (!settings.is_echo && spec->endpoints.n == 0)
        diag_error(c->set->diag, doc->place, "this MeshExternalService has no `endpoints`: write at least one, or a "
                   "ForgeUpstream for it with `echo: true`");
    if (up->name.at == NULL || (!settings.is_echo && !compile_endpoints(c, spec, up)))
        return false;
    if (!settings.is_echo && spec->tls != NULL && spec->tls->enabled == 1 && !compile_tls(c, doc, spec->tls, up))
        return false;
    compile_upstream_set(up, spec->match->protocol, &settings);
    return true;
}

/* References that may need an upstream of their own, because no document is the service. */
static uint64_t count_backends(const struct compile *c)
{
    uint64_t n = compile_gateway_backends_n(c);

    for (const struct conf_document *doc = c->set->first[KIND_MESH_HTTP_ROUTE]; doc != NULL; doc = doc->next) {
        const struct http_route_spec *spec = doc->spec;
        const struct route_to_spec *to = compile_shadow_acts(doc) ? spec->to.items : NULL;
        for (uint32_t i = 0; to != NULL && i < spec->to.n; i++) {
            const struct rule_spec *rules = to[i].rules.items;
            for (uint32_t k = 0; k < to[i].rules.n; k++)
                n += rules[k].conf->backends.n;
        }
    }
    return n;
}

bool compile_upstreams(struct compile *c)
{
    uint32_t first = 0;
    uint64_t n;

    for (const struct conf_document *doc = c->set->first[KIND_MESH_EXTERNAL_SERVICE]; doc != NULL; doc = doc->next)
        first += kind_document_acts(doc);
    n = compile_services_number(c, first);
    if (n > UPSTREAMS_A_SNAPSHOT_MAX) {
        diag_error(c->set->diag, (struct diag_place){ NULL, 0, 0 }, "there are %llu services (each port of a MeshService counts), "
                   "and a configuration has 2048 at most", (unsigned long long)n);
        return true;
    }
    n += c->set->n[KIND_DATAPLANE] > 0 ? count_backends(c) : 0;
    c->upstreams_max = n < UPSTREAMS_A_SNAPSHOT_MAX ? (uint32_t)n : UPSTREAMS_A_SNAPSHOT_MAX;
    c->upstreams = conf_arena_array(c->arena, c->upstreams_max, sizeof(*c->upstreams));
    if (c->upstreams == NULL)
        return false;
    for (struct conf_document *doc = c->set->first[KIND_MESH_EXTERNAL_SERVICE]; doc != NULL; doc = doc->next) {
        if (!kind_document_acts(doc))
            continue;
        MUST(doc->index == c->upstreams_n);
        if (!compile_upstream(c, doc, &c->upstreams[c->upstreams_n++]))
            return false;
    }
    return compile_services(c);
}
