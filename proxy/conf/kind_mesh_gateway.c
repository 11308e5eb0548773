/* kind_mesh_gateway.c - MeshGateway.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh_gateway.h"

#include "conf/data_source.h"
#include "conf/document.h"

static const struct enum_row protocols[] = {
    { .name = "HTTP", .value = GATEWAY_HTTP },
    { .name = "HTTPS", .value = GATEWAY_HTTPS },
    { .name = "TCP", .value = GATEWAY_TCP, .not_enforced = "only HTTP is routed: write HTTP, or HTTPS with `tls`" },
    { .name = "TLS", .value = GATEWAY_TLS, .not_enforced = "only HTTP is routed: write HTTPS with `tls`" },
    { .name = NULL },
};

static const struct enum_row tls_modes[] = {
    { .name = "TERMINATE", .value = GATEWAY_TERMINATE },
    { .name = "PASSTHROUGH", .value = GATEWAY_PASSTHROUGH,
      .not_enforced = "TLS ends at the gateway: write TERMINATE and certificates" },
    { .name = NULL },
};

static const struct field_row tls_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct gateway_tls, mode), .fallback = "TERMINATE",
      .enums = tls_modes, .doc = "where TLS ends" },
    { .name = "certificates", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_tls, certificates),
      .min = 1, .max = 2, .object = &data_source_table,
      .doc = "one or two PEM texts (chain and key), of different key types; none with PASSTHROUGH" },
    { .name = NULL },
};
static const struct object_table tls_table = {
    .name = "listener's tls", .rows = tls_rows, .bytes = sizeof(struct gateway_tls),
};

static const struct field_row resources_rows[] = {
    { .name = "connectionLimit", .alias = "connection_limit", .type = TYPE_INT,
      .offset = offsetof(struct gateway_resources, connection_limit), .min = 1, .max = 4294967295,
      .doc = "most connections at one time over all workers" },
    { .name = NULL },
};
static const struct object_table resources_table = {
    .name = "listener's resources", .rows = resources_rows, .bytes = sizeof(struct gateway_resources),
};

static const struct field_row listener_rows[] = {
    { .name = "hostname", .type = TYPE_HOST_PATTERN, .offset = offsetof(struct gateway_listener, hostname),
      .doc = "host that it serves, *.x for those below x, absent or * for any" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct gateway_listener, port), .is_required = true, .min = 1,
      .max = 65535, .doc = "TCP port" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct gateway_listener, protocol), .is_required = true,
      .enums = protocols, .doc = "HTTP, HTTPS, TCP or TLS" },
    { .name = "tls", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_listener, tls), .object = &tls_table,
      .doc = "certificates, for HTTPS" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct gateway_listener, tags),
      .doc = "what routes can select it by" },
    { .name = "crossMesh", .alias = "cross_mesh", .type = TYPE_BOOL, .offset = offsetof(struct gateway_listener, cross_mesh),
      .fallback = "false", .doc = "for sidecars of other meshes",
      .not_enforced = "it is for sidecars of other meshes: leave it out", .harmless = "false" },
    { .name = "resources", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_listener, resources),
      .object = &resources_table, .doc = "limits" },
    { .name = NULL },
};
static const struct object_table listener_table = {
    .name = "listener", .rows = listener_rows, .bytes = sizeof(struct gateway_listener),
};

static const struct field_row conf_rows[] = {
    { .name = "listeners", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_conf, listeners),
      .is_required = true, .min = 1, .max = 1024, .object = &listener_table, .doc = "at least one listener" },
    { .name = NULL },
};
static const struct object_table conf_table = {
    .name = "MeshGateway's conf", .rows = conf_rows, .bytes = sizeof(struct gateway_conf),
};

static const struct field_row selector_rows[] = {
    { .name = "match", .type = TYPE_MAP, .offset = offsetof(struct gateway_selector, match), .is_required = true,
      .doc = "tags of the gateway's data plane" },
    { .name = NULL },
};
static const struct object_table selector_table = {
    .name = "selector", .rows = selector_rows, .bytes = sizeof(struct gateway_selector),
};

static const struct field_row rows[] = {
    { .name = "selectors", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_spec, selectors),
      .max = 1024, .object = &selector_table, .doc = "which data planes are this gateway; this node is every gateway" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct gateway_spec, tags), .doc = "tags of all listeners" },
    { .name = "conf", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_spec, conf), .is_required = true,
      .object = &conf_table, .doc = "write `conf:` with `listeners:` below it" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshGateway", .rows = rows, .bytes = sizeof(struct gateway_spec), .doc = "listeners",
};

static bool check_tls(const struct gateway_tls *tls, struct diag *diag)
{
    const struct data_source *sources = tls->certificates.items;
    bool is_good = true;

    if ((tls->mode == GATEWAY_TERMINATE) != (tls->certificates.n > 0)) {
        diag_error(diag, tls->mode == GATEWAY_TERMINATE ? node_place(tls->node) : field_place(tls, "certificates"),
                   tls->mode == GATEWAY_TERMINATE
                       ? "`certificates` is missing: write one or two PEM texts (chain and key), of different key types"
                       : "`certificates` have no meaning with `mode: PASSTHROUGH`: take them out");
        is_good = false;
    }
    for (uint32_t i = 0; i < tls->certificates.n; i++)
        is_good &= data_source_check(&sources[i], diag);
    return is_good;
}

static bool check_listener(const struct gateway_listener *l, struct diag *diag)
{
    bool takes_tls = l->protocol == GATEWAY_HTTPS || l->protocol == GATEWAY_TLS;

    if (!takes_tls && l->tls != NULL) {
        diag_error(diag, field_place(l, "tls"), "`tls` has no meaning with `protocol: %s`: write HTTPS, or take it out",
                   protocols[l->protocol].name);
        return false;
    }
    if (takes_tls && l->tls == NULL) {
        diag_error(diag, field_place(l, "protocol"), "`protocol: %s` needs `tls` with `certificates`",
                   protocols[l->protocol].name);
        return false;
    }
    return l->tls == NULL || check_tls(l->tls, diag);
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct gateway_spec *spec = doc->spec;
    const struct gateway_listener *listeners = spec->conf->listeners.items;
    bool is_good = true;

    for (uint32_t i = 0; i < spec->conf->listeners.n; i++)
        is_good &= check_listener(&listeners[i], diag);
    return is_good;
}

const struct kind kind_mesh_gateway = {
    .type = "MeshGateway", .plural = "meshgateways",
    .has_spec = false, .table = &table, .check = check,
};
