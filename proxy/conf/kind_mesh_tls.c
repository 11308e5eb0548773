/* kind_mesh_tls.c - MeshTLS.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_tls.h"

#include "conf/document.h"
#include "conf/policy_spec.h"

struct mesh_tls_version {
    const struct node *node;
    int64_t min;
    int64_t max;
};

struct mesh_tls_conf {
    const struct node *node;
    int64_t mode;
    const struct mesh_tls_version *tls_version;
    struct list tls_ciphers;
};

static const struct enum_row modes[] = {
    { .name = "Strict", .value = 0 },
    { .name = "Permissive", .value = 1 },
    { .name = NULL },
};

static const struct enum_row versions[] = {
    { .name = "TLSAuto", .value = 0 },
    { .name = "TLS10", .value = 10 },
    { .name = "TLS11", .value = 11 },
    { .name = "TLS12", .value = 12 },
    { .name = "TLS13", .value = 13 },
    { .name = NULL },
};

static const struct enum_row ciphers[] = {
    { .name = "ECDHE-ECDSA-AES128-GCM-SHA256", .value = 0 },
    { .name = "ECDHE-ECDSA-AES256-GCM-SHA384", .value = 1 },
    { .name = "ECDHE-ECDSA-CHACHA20-POLY1305", .value = 2 },
    { .name = "ECDHE-RSA-AES128-GCM-SHA256", .value = 3 },
    { .name = "ECDHE-RSA-AES256-GCM-SHA384", .value = 4 },
    { .name = "ECDHE-RSA-CHACHA20-POLY1305", .value = 5 },
    { .name = NULL },
};

static const struct field_row mesh_tls_version_rows[] = {
    { .name = "min", .type = TYPE_ENUM, .offset = offsetof(struct mesh_tls_version, min), .fallback = "TLSAuto",
      .enums = versions, .doc = "lowest version" },
    { .name = "max", .type = TYPE_ENUM, .offset = offsetof(struct mesh_tls_version, max), .fallback = "TLSAuto",
      .enums = versions, .doc = "highest version" },
    { .name = NULL },
};
static const struct object_table mesh_tls_version_table = {
    .name = "tlsVersion", .rows = mesh_tls_version_rows, .bytes = sizeof(struct mesh_tls_version),
    .doc = "versions of TLS",
};

static const struct field_row mesh_tls_conf_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct mesh_tls_conf, mode), .fallback = "Strict",
      .enums = modes, .doc = "Strict takes only clients with a certificate of the mesh, Permissive others, too" },
    { .name = "tlsVersion", .type = TYPE_OBJECT, .offset = offsetof(struct mesh_tls_conf, tls_version),
      .object = &mesh_tls_version_table, .doc = "versions of TLS" },
    { .name = "tlsCiphers", .type = TYPE_LIST, .of = TYPE_ENUM, .offset = offsetof(struct mesh_tls_conf, tls_ciphers),
      .min = 1, .max = 16, .enums = ciphers, .doc = "cipher suites of TLS 1.2" },
    { .name = NULL },
};
static const struct object_table mesh_tls_conf_table = {
    .name = "MeshTLS's default", .rows = mesh_tls_conf_rows, .bytes = sizeof(struct mesh_tls_conf),
    .doc = "how sidecars speak with each other",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_DEFAULT_ROW(&mesh_tls_conf_table),
    { .name = NULL },
};
static const struct object_table rule_table = {
    .name = "rule", .rows = rule_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests that come in",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_RULES_ROW(&rule_table),
    POLICY_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTLS", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "TLS between the proxies of a mesh",
};

static const struct policy_shape shape = {
    .conf = &mesh_tls_conf_table, .top_mask = POLICY_TOP_KINDS, .has_rules = true,
};

static bool check_conf(const void *of, struct diag *diag)
{
    const struct mesh_tls_version *version = ((const struct mesh_tls_conf *)of)->tls_version;

    if (version == NULL || version->max == 0 || version->min <= version->max)
        return true;
    diag_error(diag, field_place(version, "min"), "`min` is above `max`: no version is left");
    return false;
}

/* Kuma: all proxies of a mesh agree on what they offer, so that is set for all of them only. */
static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *rules = spec->rules.items;
    bool is_good = policy_spec_check(doc, diag, check_conf);

    for (uint32_t i = 0; i < spec->rules.n; i++) {
        const struct mesh_tls_conf *conf = rules[i].conf;
        if (spec->target != NULL && spec->target->kind != TARGET_MESH && (conf->tls_version != NULL || conf->tls_ciphers.n > 0)) {
            diag_error(diag, node_place(conf->node), "`tlsVersion` and `tlsCiphers` hold for the whole mesh: write them with "
                       "`targetRef: {kind: Mesh}`");
            is_good = false;
        }
    }
    return is_good;
}

const struct kind kind_mesh_tls = {
    .type = "MeshTLS", .plural = "meshtlses", .short_name = "mtls", .has_spec = true,
    .not_enforced = "it is about TLS between sidecars; TLS of this gateway's listeners is a ForgeListener's `tls`, "
    "and towards a service a MeshExternalService's", .policy = &shape, .table = &table, .check = check,
};
