/* compile_tls.c - certificates and TLS settings of the listeners of one port.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include <stdlib.h>

#include "conf/compile.h"
#include "conf/compile_policy.h"
#include "conf/conf_arena.h"
#include "conf/data_source.h"
#include "conf/digest.h"
#include "conf/document.h"
#include "conf/host_index.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/pem.h"

static bool build_certificates(struct compile *c, const struct listener_plan *l, struct tls_host *out)
{
    const struct data_source *sources = l->spec->tls->certificates.items;
    struct tls_certificate *certificates = conf_arena_array(c->arena, l->spec->tls->certificates.n, sizeof(*certificates));
    struct diag *diag = c->set->diag;

    if (certificates == NULL)
        return false;
    for (uint32_t i = 0; i < l->spec->tls->certificates.n; i++) {
        struct span pem;
        if (!data_source_read(c->set, l->doc->mesh, &sources[i], &pem))
            continue;
        if (!pem_split(c->arena, pem, &certificates[i].chain_pem, &certificates[i].key_pem))
            return false;
        if (pem.len > 0 && certificates[i].chain_pem.len == 0)
            diag_error(diag, node_place(sources[i].node), "this certificate has no PEM block -----BEGIN CERTIFICATE-----");
        if (pem.len > 0 && !pem_has_key(pem))
            diag_error(diag, node_place(sources[i].node), "this certificate has no unencrypted private key beside it: put both "
                       "PEM blocks into one text");
    }
    out->certificates = certificates;
    out->certificates_n = l->spec->tls->certificates.n;
    return true;
}

static void digest_tls_host(struct tls_host *h)
{
    struct digest d;

    digest_init(&d);
    digest_add(&d, h->hostname);
    for (uint32_t i = 0; i < h->certificates_n; i++) {
        digest_add(&d, h->certificates[i].chain_pem);
        digest_add(&d, h->certificates[i].key_pem);
    }
    digest_add_u64(&d, (uint64_t)h->version_min | (uint64_t)h->version_max << 8 |
                           (uint64_t)h->client_certificate_required << 16 | (uint64_t)h->allows_h2 << 17);
    digest_add(&d, h->client_ca_pem);
    digest_add(&d, h->ocsp_response);
    digest_end(&d, h->digest);
}

static int tls_host_order(const void *left, const void *right)
{
    return host_order(((const struct tls_host *)left)->hostname, ((const struct tls_host *)right)->hostname);
}

/* Client certificates, where authorities are named. false: memory is out. */
static bool apply_client_ca(struct compile *c, const struct listener_plan *l, const struct forge_listener_tls *tls, struct tls_host *h)
{
    struct span pem, ignored;

    if (tls->client_ca == NULL || tls->client_certificate == CLIENT_CERTIFICATE_NONE)
        return true;
    h->client_certificate_required = tls->client_certificate == FIELD_ABSENT || tls->client_certificate == CLIENT_CERTIFICATE_REQUIRED;
    if (!data_source_read(c->set, l->doc->mesh, tls->client_ca, &pem)) /* Policies are of the listener's mesh. */
        return true;
    if (pem_certificates_n(pem) == 0)
        diag_error(c->set->diag, field_place(tls, "clientCa"), "`clientCa` has no PEM certificate "
                   "(-----BEGIN CERTIFICATE-----)");
    return pem_split(c->arena, pem, &h->client_ca_pem, &ignored);
}

/* What ForgeListeners say. false: memory is out. */
static bool apply_settings(struct compile *c, const struct listener_plan *l, struct tls_host *h)
{
    const struct forge_listener_tls *tls;
    struct listener_settings s;
    struct span answer;

    h->version_min = 12;
    h->version_max = 13;
    h->allows_h2 = true;
    if (!compile_policy_listener(c, l, &s))
        return false;
    tls = s.spec != NULL ? s.spec->tls : NULL;
    if (tls == NULL)
        return true;
    if (tls->version_min != FIELD_ABSENT)
        h->version_min = (uint8_t)tls->version_min;
    if (tls->version_max != FIELD_ABSENT)
        h->version_max = (uint8_t)tls->version_max;
    h->allows_h2 = tls->http2 != 0;
    if (h->version_min > h->version_max)
        diag_error(c->set->diag, field_place(tls, "versionMin"), "`versionMin` is above the `versionMax` of another "
                   "ForgeListener for the same listener: no version is left");
    if (tls->ocsp_file.at != NULL && conf_set_file(c->set, field_place(tls, "ocspFile"), tls->ocsp_file, &answer) &&
        (h->ocsp_response = conf_arena_copy(c->arena, answer)).at == NULL)
        return false;
    return apply_client_ca(c, l, tls, h);
}

bool compile_tls_hosts(struct compile *c, const struct listener_plan *plans, uint32_t n, struct listener *listener)
{
    struct tls_host *hosts = conf_arena_array(c->arena, n, sizeof(*hosts));
    struct span *names = conf_arena_array(c->set->scratch, n, sizeof(*names));

    if (hosts == NULL || names == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (plans[i].spec->tls == NULL)
            continue; /* Told: a port has one protocol. */
        hosts[i] = (struct tls_host){ .listener_key = plans[i].key };
        hosts[i].hostname = conf_arena_copy(c->arena, plans[i].hostname);
        if (hosts[i].hostname.at == NULL || !build_certificates(c, &plans[i], &hosts[i]) ||
            !apply_settings(c, &plans[i], &hosts[i]))
            return false;
        digest_tls_host(&hosts[i]);
    }
    qsort(hosts, n, sizeof(*hosts), tls_host_order);
    for (uint32_t i = 0; i < n; i++)
        names[i] = hosts[i].hostname;
    listener->is_tls = true;
    listener->tls_hosts = hosts;
    listener->tls_hosts_n = n;
    listener->tls_host_index = host_index_build(c->arena, names, n);
    return listener->tls_host_index != NULL;
}
