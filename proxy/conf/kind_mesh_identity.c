/* kind_mesh_identity.c - MeshIdentity.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_identity.h"

#include "base/clock.h"
#include "base/must.h"
#include "conf/data_source.h"
#include "conf/diag.h"
#include "conf/document.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct identity_dataplane {
    const struct node *node;
    struct list labels;
};

struct identity_selector {
    const struct node *node;
    const struct identity_dataplane *dataplane;
};

struct identity_spiffe_id {
    const struct node *node;
    struct span trust_domain;
    struct span path;
};

struct identity_autogenerate {
    const struct node *node;
    int64_t enabled;
};

struct identity_ca {
    const struct node *node;
    const struct data_source *certificate;
    const struct data_source *private_key;
};

struct identity_parameters {
    const struct node *node;
    int64_t expiry;
};

struct identity_bundled {
    const struct node *node;
    int64_t mesh_trust_creation;
    int64_t insecure_allow_self_signed;
    const struct identity_autogenerate *autogenerate;
    const struct identity_ca *ca;
    const struct identity_parameters *certificate_parameters;
};

struct identity_agent {
    const struct node *node;
    int64_t timeout;
};

struct identity_spire {
    const struct node *node;
    const struct identity_agent *agent;
};

struct identity_extension {
    const struct node *node;
    struct span name;
    const struct node *config;
};

struct identity_provider {
    const struct node *node;
    int64_t type;
    const struct identity_bundled *bundled;
    const struct identity_spire *spire;
    const struct identity_extension *extension;
};

struct identity_spec {
    const struct node *node;
    const struct identity_selector *selector;
    const struct identity_spiffe_id *spiffe_id;
    const struct identity_provider *provider;
};

static const struct enum_row creations[] = {
    { .name = "Enabled", .value = 0 },
    { .name = "Disabled", .value = 1 },
    { .name = NULL },
};

static const struct enum_row provider_types[] = {
    { .name = "Bundled", .value = 0 },
    { .name = "Spire", .value = 1 },
    { .name = "Extension", .value = 2 },
    { .name = NULL },
};

static const struct field_row identity_dataplane_rows[] = {
    { .name = "matchLabels", .type = TYPE_MAP, .offset = offsetof(struct identity_dataplane, labels),
      .doc = "labels that they have; none selects all" },
    { .name = NULL },
};
static const struct object_table identity_dataplane_table = {
    .name = "dataplane", .rows = identity_dataplane_rows, .bytes = sizeof(struct identity_dataplane),
    .doc = "proxies by their labels",
};

static const struct field_row identity_selector_rows[] = {
    { .name = "dataplane", .type = TYPE_OBJECT, .offset = offsetof(struct identity_selector, dataplane),
      .object = &identity_dataplane_table, .doc = "proxies by their labels; absent selects none" },
    { .name = NULL },
};
static const struct object_table identity_selector_table = {
    .name = "selector", .rows = identity_selector_rows, .bytes = sizeof(struct identity_selector),
    .doc = "which proxies",
};

static const struct field_row identity_spiffe_id_rows[] = {
    { .name = "trustDomain", .type = TYPE_STRING, .offset = offsetof(struct identity_spiffe_id, trust_domain), .min = 1,
      .max = 1024, .fallback = "{{ .Mesh }}.{{ .Zone }}.mesh.local", .doc = "template of the trust domain" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct identity_spiffe_id, path), .min = 1, .max = 1024,
      .fallback = "/ns/{{ .Namespace }}/sa/{{ .ServiceAccount }}", .doc = "template of the path" },
    { .name = NULL },
};
static const struct object_table identity_spiffe_id_table = {
    .name = "spiffeID", .rows = identity_spiffe_id_rows, .bytes = sizeof(struct identity_spiffe_id),
    .doc = "how identities are spelled",
};

static const struct field_row identity_autogenerate_rows[] = {
    { .name = "enabled", .type = TYPE_BOOL, .offset = offsetof(struct identity_autogenerate, enabled),
      .fallback = "false", .doc = "true makes one" },
    { .name = NULL },
};
static const struct object_table identity_autogenerate_table = {
    .name = "autogenerate", .rows = identity_autogenerate_rows, .bytes = sizeof(struct identity_autogenerate),
    .doc = "an authority that is made at the first start",
};

static const struct field_row identity_ca_rows[] = {
    { .name = "certificate", .type = TYPE_OBJECT, .offset = offsetof(struct identity_ca, certificate),
      .object = &data_source_table, .doc = "PEM of its certificate" },
    { .name = "privateKey", .type = TYPE_OBJECT, .offset = offsetof(struct identity_ca, private_key),
      .object = &data_source_table, .doc = "PEM of its key" },
    { .name = NULL },
};
static const struct object_table identity_ca_table = {
    .name = "ca", .rows = identity_ca_rows, .bytes = sizeof(struct identity_ca), .doc = "the authority",
};

static const struct field_row identity_parameters_rows[] = {
    { .name = "expiry", .type = TYPE_DURATION, .offset = offsetof(struct identity_parameters, expiry),
      .min = (int64_t)NS_PER_S, .max = LONGEST, .fallback = "24h", .doc = "how long one is valid" },
    { .name = NULL },
};
static const struct object_table identity_parameters_table = {
    .name = "certificateParameters", .rows = identity_parameters_rows, .bytes = sizeof(struct identity_parameters),
    .doc = "what certificates are like",
};

static const struct field_row identity_bundled_rows[] = {
    { .name = "meshTrustCreation", .type = TYPE_ENUM, .offset = offsetof(struct identity_bundled, mesh_trust_creation),
      .fallback = "Enabled", .enums = creations, .doc = "is a MeshTrust made as well" },
    { .name = "insecureAllowSelfSigned", .type = TYPE_BOOL,
      .offset = offsetof(struct identity_bundled, insecure_allow_self_signed), .fallback = "false",
      .doc = "take an authority that signed itself" },
    { .name = "autogenerate", .type = TYPE_OBJECT, .offset = offsetof(struct identity_bundled, autogenerate),
      .object = &identity_autogenerate_table, .doc = "an authority that is made at the first start" },
    { .name = "ca", .type = TYPE_OBJECT, .offset = offsetof(struct identity_bundled, ca), .object = &identity_ca_table,
      .doc = "the authority" },
    { .name = "certificateParameters", .type = TYPE_OBJECT,
      .offset = offsetof(struct identity_bundled, certificate_parameters), .object = &identity_parameters_table,
      .doc = "what certificates are like" },
    { .name = NULL },
};
static const struct object_table identity_bundled_table = {
    .name = "bundled", .rows = identity_bundled_rows, .bytes = sizeof(struct identity_bundled),
    .doc = "certificates that the control plane issues",
};

static const struct field_row identity_agent_rows[] = {
    { .name = "timeout", .type = TYPE_DURATION, .offset = offsetof(struct identity_agent, timeout), .min = 0,
      .max = LONGEST, .fallback = "1s", .doc = "how long it may take to answer" },
    { .name = NULL },
};
static const struct object_table identity_agent_table = {
    .name = "agent", .rows = identity_agent_rows, .bytes = sizeof(struct identity_agent), .doc = "SPIRE's agent",
};

static const struct field_row identity_spire_rows[] = {
    { .name = "agent", .type = TYPE_OBJECT, .offset = offsetof(struct identity_spire, agent),
      .object = &identity_agent_table, .doc = "SPIRE's agent" },
    { .name = NULL },
};
static const struct object_table identity_spire_table = {
    .name = "spire", .rows = identity_spire_rows, .bytes = sizeof(struct identity_spire),
    .doc = "certificates of SPIRE",
};

static const struct field_row identity_extension_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct identity_extension, name), .is_required = true,
      .min = 1, .max = 256, .doc = "its name" },
    { .name = "config", .type = TYPE_NODE, .offset = offsetof(struct identity_extension, config),
      .doc = "its own configuration" },
    { .name = NULL },
};
static const struct object_table identity_extension_table = {
    .name = "extension", .rows = identity_extension_rows, .bytes = sizeof(struct identity_extension),
    .doc = "a provider of somebody else",
};

static const struct field_row identity_provider_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct identity_provider, type), .is_required = true,
      .enums = provider_types, .doc = "who issues them" },
    { .name = "bundled", .type = TYPE_OBJECT, .offset = offsetof(struct identity_provider, bundled),
      .object = &identity_bundled_table, .doc = "of Bundled" },
    { .name = "spire", .type = TYPE_OBJECT, .offset = offsetof(struct identity_provider, spire),
      .object = &identity_spire_table, .doc = "of Spire" },
    { .name = "extension", .type = TYPE_OBJECT, .offset = offsetof(struct identity_provider, extension),
      .object = &identity_extension_table, .doc = "of Extension" },
    { .name = NULL },
};
static const struct object_table identity_provider_table = {
    .name = "provider", .rows = identity_provider_rows, .bytes = sizeof(struct identity_provider),
    .doc = "who issues certificates",
};

static const struct field_row rows[] = {
    { .name = "selector", .type = TYPE_OBJECT, .offset = offsetof(struct identity_spec, selector),
      .object = &identity_selector_table, .doc = "which proxies; all have none without it" },
    { .name = "spiffeID", .type = TYPE_OBJECT, .offset = offsetof(struct identity_spec, spiffe_id),
      .object = &identity_spiffe_id_table, .doc = "how identities are spelled" },
    { .name = "provider", .type = TYPE_OBJECT, .offset = offsetof(struct identity_spec, provider), .is_required = true,
      .object = &identity_provider_table, .doc = "who issues certificates" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshIdentity", .rows = rows, .bytes = sizeof(struct identity_spec), .doc = "identities of proxies",
};

static bool check_bundled(const struct identity_bundled *b, struct diag *diag)
{
    bool has_own = b->ca != NULL, is_made = b->autogenerate != NULL && b->autogenerate->enabled == 1;
    bool is_good = true;

    if (has_own == is_made) {
        diag_error(diag, node_place(b->node), "an authority is made or given, and this one is %s: write `autogenerate: {enabled: "
                   "true}`, or `ca` with `certificate` and `privateKey`", has_own ? "both" : "neither");
        is_good = false;
    }
    if (has_own && (b->ca->certificate == NULL || b->ca->private_key == NULL)) {
        diag_error(diag, node_place(b->ca->node), "`certificate` and `privateKey` stand together: write both");
        return false;
    }
    if (has_own) {
        is_good &= data_source_check(b->ca->certificate, diag);
        is_good &= data_source_check(b->ca->private_key, diag);
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    static const char *const fields[] = { "bundled", "spire", "extension" };
    const struct identity_provider *p = ((const struct identity_spec *)doc->spec)->provider;

    for (size_t i = 0; i < COUNT(fields); i++)
        if (field_is_written(p, fields[i]) && (int64_t)i != p->type) {
            diag_error(diag, field_place(p, fields[i]), "`%s` has no meaning with `type: %s`", fields[i],
                       provider_types[p->type].name);
            return false;
        }
    if (p->type == 2 && p->extension == NULL) {
        diag_error(diag, field_place(p, "type"), "`type: Extension` needs the field `extension` with its `name`");
        return false;
    }
    return p->bundled == NULL || check_bundled(p->bundled, diag);
}

const struct kind kind_mesh_identity = {
    .type = "MeshIdentity", .plural = "meshidentities", .short_name = "mid", .has_spec = true,
    .not_enforced = "no identities are issued, and none is shown to services but a MeshExternalService's `clientCert`",
    .table = &table, .check = check,
};
