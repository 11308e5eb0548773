/* kind_mesh_trust.c - MeshTrust.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_trust.h"

#include "conf/diag.h"
#include "conf/field_value.h"
#include "conf/pem.h"

struct trust_pem {
    const struct node *node;
    struct span value;
};

struct trust_bundle {
    const struct node *node;
    int64_t type;
    const struct trust_pem *pem;
};

struct trust_spec {
    const struct node *node;
    struct span trust_domain;
    struct list ca_bundles;
};

static const struct enum_row bundle_types[] = {
    { .name = "Pem", .value = 0 },
    { .name = NULL },
};

static const struct field_row trust_pem_rows[] = {
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct trust_pem, value), .is_required = true, .min = 1,
      .max = 1048576, .doc = "the certificates" },
    { .name = NULL },
};
static const struct object_table trust_pem_table = {
    .name = "pem", .rows = trust_pem_rows, .bytes = sizeof(struct trust_pem), .doc = "PEM text",
};

static const struct field_row trust_bundle_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct trust_bundle, type), .is_required = true,
      .enums = bundle_types, .doc = "always Pem" },
    { .name = "pem", .type = TYPE_OBJECT, .offset = offsetof(struct trust_bundle, pem), .is_required = true,
      .object = &trust_pem_table, .doc = "the certificates" },
    { .name = NULL },
};
static const struct object_table trust_bundle_table = {
    .name = "CA bundle", .rows = trust_bundle_rows, .bytes = sizeof(struct trust_bundle),
    .doc = "certificates of authorities",
};

static const struct field_row rows[] = {
    { .name = "trustDomain", .type = TYPE_STRING, .offset = offsetof(struct trust_spec, trust_domain),
      .is_required = true, .min = 1, .max = 253, .doc = "the trust domain: what stands behind spiffe:// in its identities" },
    { .name = "caBundles", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct trust_spec, ca_bundles),
      .is_required = true, .min = 1, .max = 64, .object = &trust_bundle_table, .doc = "its authorities; at least one" },
    { .name = "origin", .type = TYPE_IGNORED, .doc = "set by servers; without meaning here" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTrust", .rows = rows, .bytes = sizeof(struct trust_spec), .doc = "authorities of a trust domain",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct trust_spec *spec = doc->spec;
    const struct trust_bundle *bundles = spec->ca_bundles.items;
    bool is_good = true;

    if (!value_is_name(spec->trust_domain)) {
        diag_error(diag, field_place(spec, "trustDomain"), "`trustDomain` is a name of lower-case letters, digits, `-` and `.`, and "
                   "is \"%.*s\"", SPAN_FMT(spec->trust_domain));
        is_good = false;
    }
    for (uint32_t i = 0; i < spec->ca_bundles.n; i++)
        if (pem_certificates_n(bundles[i].pem->value) == 0) {
            diag_error(diag, field_place(bundles[i].pem, "value"), "`value` has no PEM certificate (-----BEGIN CERTIFICATE-----)");
            is_good = false;
        }
    return is_good;
}

const struct kind kind_mesh_trust = {
    .type = "MeshTrust", .plural = "meshtrusts", .short_name = "mtrust", .has_spec = true,
    .not_enforced = "certificates of a mesh are not asked for; clients prove themselves by a ForgeListener's "
    "`tls.clientCa`", .table = &table, .check = check,
};
