/* kind_forge_listener.c - ForgeListener.
 *
 * Layer:  conf.
 */
#include "conf/kind_forge_listener.h"

#include "base/clock.h"
#include "conf/data_source.h"
#include "conf/document.h"
#include "conf/effective.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/snapshot.h"
#include "conf/socket_text.h"

#define LISTENER_TARGETS                                                                                               \
    (1u << TARGET_MESH | 1u << TARGET_MESH_GATEWAY | 1u << TARGET_MESH_SUBSET | 1u << TARGET_DATAPLANE)

static const struct enum_row versions[] = {
    { .name = "TLS12", .value = 12 },
    { .name = "TLS13", .value = 13 },
    { .name = "TLSAuto", .refusal = "leave the field out: TLS 1.2 and 1.3 are what there is" },
    { .name = "TLS10", .refusal = "versions below 1.2 are broken and not offered: write TLS12" },
    { .name = "TLS11", .refusal = "versions below 1.2 are broken and not offered: write TLS12" },
    { .name = NULL },
};
static const struct enum_row client_modes[] = {
    { .name = "Required", .value = CLIENT_CERTIFICATE_REQUIRED },
    { .name = "Optional", .value = CLIENT_CERTIFICATE_OPTIONAL },
    { .name = "None", .value = CLIENT_CERTIFICATE_NONE },
    { .name = NULL },
};

static const struct field_row proxy_rows[] = {
    { .name = "enabled", .type = TYPE_BOOL, .offset = offsetof(struct forge_proxy_protocol, enabled), .fallback = "true",
      .doc = "connections start with a PROXY header, version 1 or 2" },
    { .name = "trusted", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct forge_proxy_protocol, trusted),
      .min = 1, .max = 256, .doc = "networks that may send it; others are refused" },
    { .name = NULL },
};
static const struct object_table proxy_table = {
    .name = "proxyProtocol", .rows = proxy_rows, .bytes = sizeof(struct forge_proxy_protocol),
};

static const struct field_row forwarded_rows[] = {
    { .name = "trustedHops", .type = TYPE_INT, .offset = offsetof(struct forge_forwarded, hops), .is_required = true,
      .min = 0, .max = 16, .doc = "how many proxies in front of this one are yours; 0 believes nobody" },
    { .name = "trusted", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct forge_forwarded, trusted),
      .min = 1, .max = 256, .doc = "networks that those proxies are in; any when absent" },
    { .name = NULL },
};
static const struct object_table forwarded_table = {
    .name = "forwarded", .rows = forwarded_rows, .bytes = sizeof(struct forge_forwarded),
};

static const struct field_row tls_rows[] = {
    { .name = "versionMin", .type = TYPE_ENUM, .offset = offsetof(struct forge_listener_tls, version_min),
      .enums = versions, .doc = "lowest version offered; TLS12 when absent" },
    { .name = "versionMax", .type = TYPE_ENUM, .offset = offsetof(struct forge_listener_tls, version_max),
      .enums = versions, .doc = "highest version offered; TLS13 when absent" },
    { .name = "clientCa", .type = TYPE_OBJECT, .offset = offsetof(struct forge_listener_tls, client_ca),
      .is_atomic = true, .object = &data_source_table, .doc = "PEM of the authorities that client certificates must come from" },
    { .name = "clientCertificate", .type = TYPE_ENUM, .offset = offsetof(struct forge_listener_tls, client_certificate),
      .enums = client_modes, .doc = "is a client certificate asked for; Required when there is a clientCa" },
    { .name = "ocspFile", .type = TYPE_STRING, .offset = offsetof(struct forge_listener_tls, ocsp_file), .min = 1,
      .max = 1024, .doc = "file with the OCSP answer (DER) to staple" },
    { .name = "http2", .type = TYPE_BOOL, .offset = offsetof(struct forge_listener_tls, http2),
      .doc = "offer HTTP/2; true when absent" },
    { .name = NULL },
};
static const struct object_table tls_table = {
    .name = "ForgeListener's tls", .rows = tls_rows, .bytes = sizeof(struct forge_listener_tls),
};

static const struct field_row rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct forge_listener_spec, target),
      .is_required = true, .object = &target_ref_table, .doc = "write `targetRef: {kind: MeshGateway, name: ...}`" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct forge_listener_spec, port), .min = 1, .max = 65535,
      .doc = "the listeners of that port only" },
    { .name = "hostname", .type = TYPE_HOST_PATTERN, .offset = offsetof(struct forge_listener_spec, hostname),
      .doc = "the listener of exactly that hostname only, for its tls" },
    { .name = "addresses", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct forge_listener_spec, addresses),
      .min = 1, .max = 16, .doc = "addresses to listen on; all of IPv4 and IPv6 when absent" },
    { .name = "proxyProtocol", .type = TYPE_OBJECT, .offset = offsetof(struct forge_listener_spec, proxy_protocol),
      .object = &proxy_table, .doc = "PROXY headers of a load balancer in front" },
    { .name = "forwarded", .type = TYPE_OBJECT, .offset = offsetof(struct forge_listener_spec, forwarded),
      .object = &forwarded_table, .doc = "whose X-Forwarded-For and Forwarded are believed" },
    { .name = "tls", .type = TYPE_OBJECT, .offset = offsetof(struct forge_listener_spec, tls), .object = &tls_table,
      .doc = "TLS beyond certificates" },
    { .name = "idleTimeout", .type = TYPE_DURATION, .offset = offsetof(struct forge_listener_spec, idle_timeout),
      .min = (int64_t)NS_PER_S, .max = 3600000 * (int64_t)NS_PER_S,
      .doc = "how long a silent client is kept; as the `rules` of a MeshTimeout say when absent, 1h" },
    { .name = "headTimeout", .type = TYPE_DURATION, .offset = offsetof(struct forge_listener_spec, head_timeout),
      .min = 100 * (int64_t)NS_PER_MS, .max = 3600 * (int64_t)NS_PER_S,
      .doc = "how long a request head may take; as the `rules` of a MeshTimeout say when absent, 10s" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "ForgeListener", .rows = rows, .bytes = sizeof(struct forge_listener_spec), .doc = "extras of listeners",
};

static bool check_networks(const struct list *list, struct diag *diag)
{
    const struct span *items = list->items;
    bool is_good = true;
    struct cidr network;

    for (uint32_t i = 0; i < list->n; i++) {
        const char *wrong = socket_text_read_cidr(items[i], &network);
        if (wrong != NULL) {
            diag_error(diag, node_place(list->node), "`trusted`: \"%.*s\" %s", SPAN_FMT(items[i]), wrong);
            is_good = false;
        }
    }
    return is_good;
}

static bool check_addresses(const struct list *list, struct diag *diag)
{
    const struct span *items = list->items;
    bool is_good = true;
    struct socket_address address;

    for (uint32_t i = 0; i < list->n; i++) {
        bool is_twice = false;
        for (uint32_t k = 0; k < i; k++)
            is_twice |= span_is(items[i], items[k]);
        if (!is_twice && socket_text_read(items[i], 1, &address))
            continue;
        diag_error(diag, node_place(list->node), "`addresses`: \"%.*s\" %s", SPAN_FMT(items[i]),
                   is_twice ? "stands twice" : "is not an IPv4 or IPv6 address");
        is_good = false;
    }
    return is_good;
}

static bool check_tls(const struct forge_listener_tls *tls, struct diag *diag)
{
    bool is_good = tls->client_ca == NULL || data_source_check(tls->client_ca, diag);

    if (tls->client_certificate != FIELD_ABSENT && tls->client_certificate != CLIENT_CERTIFICATE_NONE &&
        tls->client_ca == NULL) {
        diag_error(diag, field_place(tls, "clientCertificate"), "a client certificate cannot be verified without `clientCa`");
        is_good = false;
    }
    if (tls->version_min == 13 && tls->version_max == 12) {
        diag_error(diag, field_place(tls, "versionMin"), "`versionMin` is above `versionMax`: no version is left");
        is_good = false;
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct forge_listener_spec *s = doc->spec;
    bool is_good = target_ref_allow(s->target, LISTENER_TARGETS, diag);

    is_good &= check_addresses(&s->addresses, diag);
    if (s->proxy_protocol != NULL) {
        is_good &= check_networks(&s->proxy_protocol->trusted, diag);
        if (s->proxy_protocol->enabled == 1 && s->proxy_protocol->trusted.n == 0) {
            diag_error(diag, node_place(s->proxy_protocol->node), "`trusted` is missing: a PROXY header is believed from "
                       "networks that you name only");
            is_good = false;
        }
    }
    if (s->forwarded != NULL)
        is_good &= check_networks(&s->forwarded->trusted, diag);
    if (s->tls != NULL)
        is_good &= check_tls(s->tls, diag);
    if (s->hostname.at != NULL && (s->addresses.n > 0 || s->proxy_protocol != NULL || s->forwarded != NULL ||
                                   s->idle_timeout != FIELD_ABSENT || s->head_timeout != FIELD_ABSENT)) {
        diag_error(diag, field_place(s, "hostname"), "with `hostname` only `tls` can be set: everything else is settled before "
                   "a connection names its host; put it into a ForgeListener without `hostname`");
        is_good = false;
    }
    return is_good;
}

static bool selects(const void *of, const struct gateway_listener *l)
{
    const struct forge_listener_spec *s = of;
    struct span hostname = l->hostname.at != NULL ? l->hostname : SPAN_LIT("");

    if (span_is(hostname, SPAN_LIT("*")))
        hostname = SPAN_LIT("");
    return (s->port == FIELD_ABSENT || s->port == l->port) &&
           (s->hostname.at == NULL || span_is(span_is(s->hostname, SPAN_LIT("*")) ? SPAN_LIT("") : s->hostname, hostname));
}

/* A host name tells more apart than a port, and that more than any targetRef. */
static int rank(const void *of)
{
    const struct forge_listener_spec *s = of;

    return (s->hostname.at != NULL) * 200 + (s->port != FIELD_ABSENT) * 100;
}

static const char *const selectors[] = { "port", "hostname", NULL };
static const struct policy_shape shape = {
    .conf = &table, .top_mask = LISTENER_TARGETS, .is_flat = true, .about_mask = 1u << EFFECTIVE_LISTENER, .selectors = selectors,
    .selects = selects, .rank = rank,
};

const struct kind kind_forge_listener = {
    .type = "ForgeListener", .plural = "forgelisteners",
    .has_spec = true, .policy = &shape, .table = &table, .check = check,
};
