/* kind_mesh_service.c - MeshService.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh_service.h"

#include "conf/document.h"
#include "conf/field_value.h"
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

static const struct enum_row identity_types[] = {
    { .name = "SpiffeID", .value = 0 },
    { .name = "ServiceTag", .value = 1, .older = "write `type: SpiffeID` with the workload's identity" },
    { .name = NULL },
};

static const struct enum_row states[] = {
    { .name = "Available", .value = 0 },
    { .name = "Unavailable", .value = 1 },
    { .name = NULL },
};

static const struct field_row mesh_service_dataplane_rows[] = {
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct mesh_service_dataplane, name), .is_required = true,
      .doc = "its name" },
    { .name = NULL },
};
static const struct object_table mesh_service_dataplane_table = {
    .name = "dataplaneRef", .rows = mesh_service_dataplane_rows, .bytes = sizeof(struct mesh_service_dataplane),
    .doc = "one Dataplane",
};

static const struct field_row mesh_service_labels_rows[] = {
    { .name = "matchLabels", .type = TYPE_MAP, .offset = offsetof(struct mesh_service_labels, labels),
      .is_required = true, .doc = "labels that they have" },
    { .name = NULL },
};
static const struct object_table mesh_service_labels_table = {
    .name = "dataplaneLabels", .rows = mesh_service_labels_rows, .bytes = sizeof(struct mesh_service_labels),
    .doc = "Dataplanes by their labels",
};

static const struct field_row mesh_service_selector_rows[] = {
    { .name = "dataplaneRef", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_service_selector, dataplane_ref),
      .object = &mesh_service_dataplane_table, .doc = "one Dataplane" },
    { .name = "dataplaneLabels", .type = TYPE_OBJECT,
      .offset = offsetof(struct mesh_service_selector, dataplane_labels), .object = &mesh_service_labels_table,
      .doc = "those with these labels" },
    { .name = "dataplaneTags", .type = TYPE_MAP, .offset = offsetof(struct mesh_service_selector, dataplane_tags),
      .doc = "those whose inbounds have these tags; the older form of dataplaneLabels" },
    { .name = NULL },
};
static const struct object_table mesh_service_selector_table = {
    .name = "selector", .rows = mesh_service_selector_rows, .bytes = sizeof(struct mesh_service_selector),
    .doc = "which Dataplanes are the service",
};

static const struct field_row mesh_service_port_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct mesh_service_port, name), .min = 1, .max = 63,
      .doc = "its name; the number when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct mesh_service_port, port), .is_required = true,
      .min = 1, .max = 65535, .doc = "number that a backendRef names" },
    { .name = "targetPort", .type = TYPE_INT_OR_STRING, .offset = offsetof(struct mesh_service_port, target_port),
      .doc = "number or name of the inbound; as `port` when absent" },
    { .name = "appProtocol", .type = TYPE_ENUM, .offset = offsetof(struct mesh_service_port, app_protocol),
      .fallback = "tcp", .enums = protocols, .doc = "what is spoken" },
    { .name = NULL },
};
static const struct object_table mesh_service_port_table = {
    .name = "port", .rows = mesh_service_port_rows, .bytes = sizeof(struct mesh_service_port),
    .doc = "a port of the service",
};

static const struct field_row mesh_service_identity_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct mesh_service_identity, type), .is_required = true,
      .enums = identity_types, .doc = "what `value` is" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct mesh_service_identity, value),
      .is_required = true, .min = 1, .max = 2048, .doc = "the identity" },
    { .name = NULL },
};
static const struct object_table mesh_service_identity_table = {
    .name = "identity", .rows = mesh_service_identity_rows, .bytes = sizeof(struct mesh_service_identity),
    .doc = "an identity of the service",
};

static const struct field_row rows[] = {
    { .name = "selector", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_service_spec, selector),
      .object = &mesh_service_selector_table, .doc = "which Dataplanes are the service" },
    { .name = "ports", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct mesh_service_spec, ports),
      .is_required = true, .min = 1, .max = 64, .object = &mesh_service_port_table, .doc = "its ports; at least one" },
    { .name = "identities", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct mesh_service_spec, identities), .min = 1, .max = 256,
      .object = &mesh_service_identity_table, .doc = "identities of the service; shown to clients by sidecars" },
    { .name = "state", .type = TYPE_ENUM, .offset = offsetof(struct mesh_service_spec, state), .enums = states,
      .doc = "set by servers: are there ready endpoints" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshService", .rows = rows, .bytes = sizeof(struct mesh_service_spec), .doc = "a service of Dataplanes",
};

static bool check_ports(const struct mesh_service_spec *spec, struct diag *diag)
{
    const struct mesh_service_port *ports = spec->ports.items;
    bool is_good = true;
    int64_t number;

    for (uint32_t i = 0; i < spec->ports.n; i++) {
        const struct span target = ports[i].target_port;
        if (target.at != NULL && value_int(target, &number) && (number < 1 || number > 65535)) {
            diag_error(diag, field_place(&ports[i], "targetPort"), "`targetPort` must be between 1 and 65535, or a name, and is "
                       "%.*s", SPAN_FMT(target));
            is_good = false;
        }
        for (uint32_t k = 0; k < i; k++)
            if (ports[i].port == ports[k].port ||
                (ports[i].name.at != NULL && ports[k].name.at != NULL && span_is(ports[i].name, ports[k].name))) {
                diag_error(diag, node_place(ports[i].node), "this service has a port of that number or name already, in line %u",
                           ports[k].node->line);
                is_good = false;
            }
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct mesh_service_spec *spec = doc->spec;
    const struct mesh_service_selector *s = spec->selector;
    int named_n = s == NULL ? 0 : (s->dataplane_ref != NULL) + (s->dataplane_labels != NULL) + (s->dataplane_tags.node != NULL);
    bool is_good = check_ports(spec, diag);

    if (s == NULL || named_n == 1)
        return is_good;
    diag_error(diag, field_place(spec, "selector"), "a selector names one of dataplaneLabels, dataplaneRef and dataplaneTags, and "
               "this one names %d", named_n);
    return false;
}

const struct kind kind_mesh_service = {
    .type = "MeshService", .plural = "meshservices", .short_name = "msvc", .has_spec = true, .name_is_label = true,
    .table = &table, .check = check,
};
