/* kind_hostname_generator.c - HostnameGenerator.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_hostname_generator.h"

#include "conf/diag.h"

struct generator_labels {
    const struct node *node;
    struct list labels;
};

struct generator_selector {
    const struct node *node;
    const struct generator_labels *mesh_service;
    const struct generator_labels *mesh_external_service;
    const struct generator_labels *mesh_multi_zone_service;
};

struct generator_extension {
    const struct node *node;
    struct span type;
    const struct node *config;
};

struct generator_spec {
    const struct node *node;
    const struct generator_selector *selector;
    struct span template;
    const struct generator_extension *extension;
};

static const struct field_row generator_labels_rows[] = {
    { .name = "matchLabels", .type = TYPE_MAP, .offset = offsetof(struct generator_labels, labels),
      .doc = "labels that they have; none selects all" },
    { .name = NULL },
};
static const struct object_table generator_labels_table = {
    .name = "label selector", .rows = generator_labels_rows, .bytes = sizeof(struct generator_labels),
    .doc = "services by their labels",
};

static const struct field_row generator_selector_rows[] = {
    { .name = "meshService", .type = TYPE_OBJECT, .offset = offsetof(struct generator_selector, mesh_service),
      .object = &generator_labels_table, .doc = "MeshServices" },
    { .name = "meshExternalService", .type = TYPE_OBJECT,
      .offset = offsetof(struct generator_selector, mesh_external_service), .object = &generator_labels_table,
      .doc = "MeshExternalServices" },
    { .name = "meshMultiZoneService", .type = TYPE_OBJECT,
      .offset = offsetof(struct generator_selector, mesh_multi_zone_service), .object = &generator_labels_table,
      .doc = "MeshMultiZoneServices" },
    { .name = NULL },
};
static const struct object_table generator_selector_table = {
    .name = "selector", .rows = generator_selector_rows, .bytes = sizeof(struct generator_selector),
    .doc = "which services",
};

static const struct field_row generator_extension_rows[] = {
    { .name = "type", .type = TYPE_STRING, .offset = offsetof(struct generator_extension, type), .is_required = true,
      .min = 1, .max = 256, .doc = "its name" },
    { .name = "config", .type = TYPE_NODE, .offset = offsetof(struct generator_extension, config),
      .doc = "its own configuration" },
    { .name = NULL },
};
static const struct object_table generator_extension_table = {
    .name = "extension", .rows = generator_extension_rows, .bytes = sizeof(struct generator_extension),
    .doc = "a generator of somebody else",
};

static const struct field_row rows[] = {
    { .name = "selector", .type = TYPE_OBJECT, .offset = offsetof(struct generator_spec, selector), .is_required = true,
      .object = &generator_selector_table, .doc = "which services" },
    { .name = "template", .type = TYPE_STRING, .offset = offsetof(struct generator_spec, template), .is_required = true,
      .min = 1, .max = 1024, .doc = "the host name, such as {{ .DisplayName }}.extsvc.mesh.local" },
    { .name = "extension", .type = TYPE_OBJECT, .offset = offsetof(struct generator_spec, extension),
      .object = &generator_extension_table, .doc = "a generator of somebody else",
      .not_enforced = "host names are made from `template`" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "HostnameGenerator", .rows = rows, .bytes = sizeof(struct generator_spec),
    .doc = "host names of services, for display: this gateway routes to services by reference",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct generator_spec *spec = doc->spec;
    const struct generator_selector *s = spec->selector;
    int named_n = (s->mesh_service != NULL) + (s->mesh_external_service != NULL) + (s->mesh_multi_zone_service != NULL);

    if (named_n == 1)
        return true;
    diag_error(diag, field_place(spec, "selector"), "a selector names one of meshService, meshExternalService and "
               "meshMultiZoneService, and this one names %d", named_n);
    return false;
}

const struct kind kind_hostname_generator = {
    .type = "HostnameGenerator", .plural = "hostnamegenerators", .has_spec = true, .is_global = true, .table = &table,
    .check = check,
};
