/* kind_mesh_external_service.c - MeshExternalService.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh_external_service.h"

#include "base/limits.h"
#include "conf/data_source.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/socket_text.h"

#define OLD_TLS "versions below 1.2 are broken and not offered: write TLS12"

static const struct enum_row match_types[] = { { .name = "HostnameGenerator" }, { .name = NULL } };

static const struct enum_row protocols[] = {
    { .name = "tcp", .value = SERVICE_TCP },
    { .name = "http", .value = SERVICE_HTTP },
    { .name = "http2", .value = SERVICE_HTTP2 },
    { .name = "grpc", .value = SERVICE_GRPC },
    { .name = NULL },
};

static const struct enum_row versions[] = {
    { .name = "TLSAuto", .value = 0 },
    { .name = "TLS12", .value = 12 },
    { .name = "TLS13", .value = 13 },
    { .name = "TLS10", .refusal = OLD_TLS },
    { .name = "TLS11", .refusal = OLD_TLS },
    { .name = NULL },
};

static const struct enum_row modes[] = {
    { .name = "Secured", .value = VERIFY_SECURED },
    { .name = "SkipSAN", .value = VERIFY_SKIP_SAN },
    { .name = "SkipCA", .value = VERIFY_SKIP_CA },
    { .name = "SkipAll", .value = VERIFY_SKIP_ALL },
    { .name = NULL },
};

static const struct field_row match_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct service_match, type), .fallback = "HostnameGenerator",
      .enums = match_types, .doc = "always HostnameGenerator" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct service_match, port), .is_required = true, .min = 1,
      .max = 65535, .doc = "the port that a backendRef may name" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct service_match, protocol), .fallback = "tcp",
      .enums = protocols, .doc = "what the service speaks" },
    { .name = NULL },
};
static const struct object_table match_table = {
    .name = "match", .rows = match_rows, .bytes = sizeof(struct service_match),
};

static const struct field_row endpoint_rows[] = {
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct service_endpoint, address), .is_required = true,
      .min = 1, .max = 253, .doc = "an IPv4 or IPv6 address" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct service_endpoint, port), .is_required = true, .min = 1,
      .max = 65535, .doc = "TCP port" },
    { .name = "priority", .type = TYPE_INT, .offset = offsetof(struct service_endpoint, priority), .fallback = "0",
      .min = 0, .max = 128, .doc = "0 is used first",
      .not_enforced = "all endpoints are used alike: leave out those that are not to be used first", .harmless = "0" },
    { .name = NULL },
};
static const struct object_table endpoint_table = {
    .name = "endpoint", .rows = endpoint_rows, .bytes = sizeof(struct service_endpoint),
};

static const struct field_row version_rows[] = {
    { .name = "min", .type = TYPE_ENUM, .offset = offsetof(struct service_tls_version, min), .fallback = "TLSAuto",
      .enums = versions, .doc = "lowest version" },
    { .name = "max", .type = TYPE_ENUM, .offset = offsetof(struct service_tls_version, max), .fallback = "TLSAuto",
      .enums = versions, .doc = "highest version" },
    { .name = NULL },
};
static const struct object_table version_table = {
    .name = "tls version", .rows = version_rows, .bytes = sizeof(struct service_tls_version),
};

static const struct enum_row alt_name_types[] = {
    { .name = "Exact", .value = ALT_NAME_EXACT }, { .name = "Prefix", .value = ALT_NAME_PREFIX }, { .name = NULL },
};
static const struct field_row alt_name_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct service_alt_name, type), .fallback = "Exact",
      .enums = alt_name_types, .doc = "how names are compared" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct service_alt_name, value), .is_required = true,
      .min = 1, .max = 2048, .doc = "the name" },
    { .name = NULL },
};
static const struct object_table alt_name_table = {
    .name = "subject alternative name", .rows = alt_name_rows, .bytes = sizeof(struct service_alt_name),
    .doc = "a name of the service",
};

static const struct field_row verification_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct service_verification, mode), .fallback = "Secured",
      .enums = modes, .doc = "what of the service's certificate is checked" },
    { .name = "serverName", .type = TYPE_HOSTNAME, .offset = offsetof(struct service_verification, server_name),
      .doc = "name to ask for (SNI) and to find in the certificate; the request's host when absent" },
    { .name = "subjectAltNames", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct service_verification, alt_names), .min = 1, .max = 64, .object = &alt_name_table,
      .doc = "names of which the certificate must have one; `serverName` when absent",
      .not_enforced = "one name is checked: write it as `serverName`" },
    { .name = "caCert", .type = TYPE_OBJECT, .offset = offsetof(struct service_verification, ca_cert),
      .object = &data_source_table, .doc = "PEM of the authorities; the system's when absent" },
    { .name = "clientCert", .type = TYPE_OBJECT, .offset = offsetof(struct service_verification, client_cert),
      .object = &data_source_table, .doc = "PEM chain that we show" },
    { .name = "clientKey", .type = TYPE_OBJECT, .offset = offsetof(struct service_verification, client_key),
      .object = &data_source_table, .doc = "PEM key of clientCert" },
    { .name = NULL },
};
static const struct object_table verification_table = {
    .name = "verification", .rows = verification_rows, .bytes = sizeof(struct service_verification),
};

static const struct field_row tls_rows[] = {
    { .name = "enabled", .type = TYPE_BOOL, .offset = offsetof(struct service_tls, enabled), .fallback = "false",
      .doc = "speak TLS to the service" },
    { .name = "version", .type = TYPE_OBJECT, .offset = offsetof(struct service_tls, version), .object = &version_table,
      .doc = "versions to offer" },
    { .name = "allowRenegotiation", .type = TYPE_BOOL, .offset = offsetof(struct service_tls, allow_renegotiation),
      .fallback = "false", .doc = "never true" },
    { .name = "verification", .type = TYPE_OBJECT, .offset = offsetof(struct service_tls, verification),
      .object = &verification_table, .doc = "how the service proves itself, and we to it" },
    { .name = NULL },
};
static const struct object_table tls_table = {
    .name = "service's tls", .rows = tls_rows, .bytes = sizeof(struct service_tls),
};

static const struct field_row extension_rows[] = {
    { .name = "type", .type = TYPE_STRING, .offset = offsetof(struct service_extension, type), .is_required = true,
      .min = 1, .max = 256, .doc = "its name" },
    { .name = "config", .type = TYPE_NODE, .offset = offsetof(struct service_extension, config),
      .doc = "its own configuration" },
    { .name = NULL },
};
static const struct object_table extension_table = {
    .name = "extension", .rows = extension_rows, .bytes = sizeof(struct service_extension),
    .doc = "somebody else's way to the service",
};

static const struct field_row rows[] = {
    { .name = "match", .type = TYPE_OBJECT, .offset = offsetof(struct service_spec, match), .is_required = true,
      .object = &match_table, .doc = "write `match:` with `port:` and `protocol:` below it" },
    { .name = "extension", .type = TYPE_OBJECT, .offset = offsetof(struct service_spec, extension),
      .object = &extension_table, .doc = "somebody else's way to the service",
      .not_enforced = "there are no extensions here: write `endpoints`" },
    { .name = "endpoints", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct service_spec, endpoints),
      .min = 1, .max = UP_ENDPOINTS_MAX, .object = &endpoint_table, .doc = "where it listens" },
    { .name = "tls", .type = TYPE_OBJECT, .offset = offsetof(struct service_spec, tls), .object = &tls_table,
      .doc = "TLS towards the service" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshExternalService", .rows = rows, .bytes = sizeof(struct service_spec), .doc = "an upstream",
};

static bool check_endpoint(const struct service_endpoint *e, struct diag *diag)
{
    struct socket_address address;
    bool is_good = true;

    if (span_starts(e->address, SPAN_LIT("unix:"))) {
        diag_error(diag, field_place(e, "address"), "unix sockets are not connected to: write an IP address");
        is_good = false;
    } else if (!socket_text_read(e->address, (uint16_t)e->port, &address) && !value_is_hostname(e->address, false)) {
        diag_error(diag, field_place(e, "address"), "`address` must be an IPv4 or IPv6 address or a host name, and is \"%.*s\"",
                   SPAN_FMT(e->address));
        is_good = false;
    }
    return is_good;
}

static bool check_verification(const struct service_verification *v, struct diag *diag)
{
    bool is_good = true;

    if ((v->client_cert == NULL) != (v->client_key == NULL)) {
        diag_error(diag, node_place(v->node), "`clientCert` and `clientKey` stand together: write both or none");
        is_good = false;
    }
    if (v->ca_cert != NULL)
        is_good &= data_source_check(v->ca_cert, diag);
    if (v->client_cert != NULL)
        is_good &= data_source_check(v->client_cert, diag);
    if (v->client_key != NULL)
        is_good &= data_source_check(v->client_key, diag);
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct service_spec *spec = doc->spec;
    const struct service_endpoint *endpoints = spec->endpoints.items;
    const struct service_tls *tls = spec->tls;
    bool is_good = true;

    for (uint32_t i = 0; i < spec->endpoints.n; i++)
        is_good &= check_endpoint(&endpoints[i], diag);
    if (tls == NULL)
        return is_good;
    if (tls->allow_renegotiation == 1) {
        diag_error(diag, field_place(tls, "allowRenegotiation"), "renegotiation is never allowed: leave it out");
        is_good = false;
    }
    if (tls->version != NULL && tls->version->max != 0 && tls->version->min > tls->version->max) {
        diag_error(diag, field_place(tls->version, "min"), "`min` is above `max`: no version is left");
        is_good = false;
    }
    if (tls->verification != NULL)
        is_good &= check_verification(tls->verification, diag);
    return is_good;
}

const struct kind kind_mesh_external_service = {
    .type = "MeshExternalService", .plural = "meshexternalservices", .short_name = "extsvc",
    .has_spec = true, .name_is_label = true, .table = &table, .check = check,
};
