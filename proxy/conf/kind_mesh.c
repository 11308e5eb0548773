/* kind_mesh.c - Mesh.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh.h"

struct mesh_outbound {
    const struct node *node;
    int64_t passthrough;
};

struct mesh_networking {
    const struct node *node;
    const struct mesh_outbound *outbound;
};

struct mesh_routing {
    const struct node *node;
    int64_t locality_aware_load_balancing;
    int64_t zone_egress;
    int64_t default_forbid_mesh_external_service_access;
};

struct mesh_services {
    const struct node *node;
    int64_t mode;
};

struct mesh_spec {
    const struct node *node;
    struct list skip_creating_initial_policies;
    const struct node *mtls;
    const struct node *tracing;
    const struct node *logging;
    const struct node *metrics;
    const struct mesh_networking *networking;
    const struct mesh_routing *routing;
    const struct node *constraints;
    const struct mesh_services *mesh_services;
};

static const struct enum_row service_modes[] = {
    { .name = "Disabled", .value = 0 },
    { .name = "Everywhere", .value = 1 },
    { .name = "ReachableBackends", .value = 2 },
    { .name = "Exclusive", .value = 3 },
    { .name = NULL },
};

static const struct field_row mesh_outbound_rows[] = {
    { .name = "passthrough", .type = TYPE_BOOL, .offset = offsetof(struct mesh_outbound, passthrough),
      .doc = "is it let out" },
    { .name = NULL },
};
static const struct object_table mesh_outbound_table = {
    .name = "outbound", .rows = mesh_outbound_rows, .bytes = sizeof(struct mesh_outbound),
    .doc = "what leaves sidecars without being a service",
};

static const struct field_row mesh_networking_rows[] = {
    { .name = "outbound", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_networking, outbound),
      .object = &mesh_outbound_table,
      .doc = "what leaves sidecars without being a service; without meaning for a gateway" },
    { .name = NULL },
};
static const struct object_table mesh_networking_table = {
    .name = "networking", .rows = mesh_networking_rows, .bytes = sizeof(struct mesh_networking),
    .doc = "what leaves sidecars",
};

static const struct field_row mesh_routing_rows[] = {
    { .name = "localityAwareLoadBalancing", .type = TYPE_BOOL,
      .offset = offsetof(struct mesh_routing, locality_aware_load_balancing),
      .doc = "prefer the own zone; all endpoints count as near here" },
    { .name = "zoneEgress", .type = TYPE_BOOL, .offset = offsetof(struct mesh_routing, zone_egress),
      .doc = "leave the zone through its egress", .not_enforced = "services are asked directly: leave it out",
      .harmless = "false" },
    { .name = "defaultForbidMeshExternalServiceAccess", .type = TYPE_BOOL,
      .offset = offsetof(struct mesh_routing, default_forbid_mesh_external_service_access),
      .doc = "services outside are forbidden to sidecars unless allowed",
      .not_enforced = "services outside are reached by whatever route names them: leave it out", .harmless = "false" },
    { .name = NULL },
};
static const struct object_table mesh_routing_table = {
    .name = "routing", .rows = mesh_routing_rows, .bytes = sizeof(struct mesh_routing), .doc = "ways between zones",
};

static const struct field_row mesh_services_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct mesh_services, mode), .fallback = "Disabled",
      .enums = service_modes, .doc = "which of them count" },
    { .name = NULL },
};
static const struct object_table mesh_services_table = {
    .name = "meshServices", .rows = mesh_services_rows, .bytes = sizeof(struct mesh_services),
    .doc = "are MeshServices made from Dataplanes",
};

static const struct field_row rows[] = {
    { .name = "skipCreatingInitialPolicies", .type = TYPE_LIST, .of = TYPE_STRING,
      .offset = offsetof(struct mesh_spec, skip_creating_initial_policies), .min = 0, .max = 64,
      .doc = "kinds of which no first policy is made, * for all; here the first ones are the gateway's own defaults" },
    { .name = "mtls", .type = TYPE_NODE, .offset = offsetof(struct mesh_spec, mtls),
      .doc = "certificates that proxies of the mesh show each other",
      .not_enforced = "no certificates of a mesh are shown or asked for: leave it out; TLS of listeners is a "
      "MeshGateway's, towards a service a MeshExternalService's" },
    { .name = "tracing", .type = TYPE_NODE, .offset = offsetof(struct mesh_spec, tracing),
      .doc = "the older form of a MeshTrace", .older = "write a MeshTrace", .not_enforced = "write a MeshTrace" },
    { .name = "logging", .type = TYPE_NODE, .offset = offsetof(struct mesh_spec, logging),
      .doc = "the older form of a MeshAccessLog", .older = "write a MeshAccessLog",
      .not_enforced = "write a MeshAccessLog" },
    { .name = "metrics", .type = TYPE_NODE, .offset = offsetof(struct mesh_spec, metrics),
      .doc = "the older form of a MeshMetric", .older = "write a MeshMetric",
      .not_enforced = "metrics are served at /metrics: leave it out" },
    { .name = "networking", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_spec, networking),
      .object = &mesh_networking_table, .doc = "what leaves sidecars" },
    { .name = "routing", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_spec, routing),
      .object = &mesh_routing_table, .doc = "ways between zones" },
    { .name = "constraints", .type = TYPE_NODE, .offset = offsetof(struct mesh_spec, constraints),
      .doc = "which Dataplanes may join",
      .not_enforced = "Dataplanes are documents here, and whoever may write documents may add them: leave it out" },
    { .name = "meshServices", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_spec, mesh_services),
      .object = &mesh_services_table, .doc = "are MeshServices made from Dataplanes" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "Mesh", .rows = rows, .bytes = sizeof(struct mesh_spec), .doc = "what belongs together",
};

const struct kind kind_mesh = {
    .type = "Mesh", .plural = "meshes", .short_name = "m", .has_spec = false, .name_is_label = true, .is_global = true,
    .table = &table,
};
