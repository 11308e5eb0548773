/* kind_mesh_multi_zone_service.c - MeshMultiZoneService.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh_multi_zone_service.h"

#include "conf/document.h"
#include "conf/kind_mesh_external_service.h"

static const struct enum_row protocols[] = {
    { .name = "tcp", .value = SERVICE_TCP },
    { .name = "http", .value = SERVICE_HTTP },
    { .name = "http2", .value = SERVICE_HTTP2 },
    { .name = "grpc", .value = SERVICE_GRPC },
    { .name = "tls", .value = SERVICE_TCP },
    { .name = "kafka", .value = SERVICE_TCP },
    { .name = "mysql", .value = SERVICE_TCP },
    { .name = NULL },
};

static const struct field_row multi_zone_labels_rows[] = {
    { .name = "matchLabels", .type = TYPE_MAP, .offset = offsetof(struct multi_zone_labels, labels),
      .is_required = true, .doc = "labels that they have" },
    { .name = NULL },
};
static const struct object_table multi_zone_labels_table = {
    .name = "meshService", .rows = multi_zone_labels_rows, .bytes = sizeof(struct multi_zone_labels),
    .doc = "MeshServices by their labels",
};

static const struct field_row multi_zone_selector_rows[] = {
    { .name = "meshService", .type = TYPE_OBJECT, .offset = offsetof(struct multi_zone_selector, mesh_service),
      .is_required = true, .object = &multi_zone_labels_table, .doc = "MeshServices by their labels" },
    { .name = NULL },
};
static const struct object_table multi_zone_selector_table = {
    .name = "selector", .rows = multi_zone_selector_rows, .bytes = sizeof(struct multi_zone_selector),
    .doc = "which services",
};

static const struct field_row multi_zone_port_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct multi_zone_port, name), .min = 1, .max = 63,
      .doc = "its name; the number when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct multi_zone_port, port), .is_required = true, .min = 1,
      .max = 65535, .doc = "number that a backendRef names" },
    { .name = "appProtocol", .type = TYPE_ENUM, .offset = offsetof(struct multi_zone_port, app_protocol),
      .fallback = "tcp", .enums = protocols, .doc = "what is spoken" },
    { .name = NULL },
};
static const struct object_table multi_zone_port_table = {
    .name = "port", .rows = multi_zone_port_rows, .bytes = sizeof(struct multi_zone_port),
    .doc = "a port of the services",
};

static const struct field_row rows[] = {
    { .name = "selector", .type = TYPE_OBJECT, .offset = offsetof(struct multi_zone_spec, selector),
      .is_required = true, .object = &multi_zone_selector_table, .doc = "which services" },
    { .name = "ports", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct multi_zone_spec, ports),
      .is_required = true, .min = 1, .max = 64, .object = &multi_zone_port_table, .doc = "their ports; at least one" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshMultiZoneService", .rows = rows, .bytes = sizeof(struct multi_zone_spec),
    .doc = "services that are one",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct multi_zone_spec *spec = doc->spec;
    const struct multi_zone_port *ports = spec->ports.items;
    bool is_good = true;

    for (uint32_t i = 0; i < spec->ports.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (ports[i].port == ports[k].port) {
                diag_error(diag, field_place(&ports[i], "port"), "this service has port %lld already, in line %u",
                           (long long)ports[i].port, ports[k].node->line);
                is_good = false;
            }
    return is_good;
}

const struct kind kind_mesh_multi_zone_service = {
    .type = "MeshMultiZoneService", .plural = "meshmultizoneservices", .short_name = "mzsvc", .has_spec = true,
    .name_is_label = true, .table = &table, .check = check,
};
