/* kind_forge_policies.c - ForgeBodyCap, ForgeAccessLog, ForgeTestPolicies.
 *
 * Layer:  conf.
 */
#include "conf/kind_forge_policies.h"

#include "conf/document.h"
#include "conf/effective.h"

#define ROUTE_TARGETS                                                                                                  \
    (1u << TARGET_MESH | 1u << TARGET_MESH_GATEWAY | 1u << TARGET_MESH_SUBSET | 1u << TARGET_DATAPLANE |               \
     1u << TARGET_MESH_HTTP_ROUTE)

static const struct field_row body_cap_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct body_cap_spec, target),
      .object = &target_ref_table, .doc = "Mesh for all routes, or one MeshHTTPRoute" },
    { .name = "bytes", .type = TYPE_BYTES, .offset = offsetof(struct body_cap_spec, bytes), .is_required = true, .min = 0,
      .max = INT64_MAX, .doc = "longest request body, as 65536, 64Ki or 10Mi; longer ones are answered with 413" },
    { .name = NULL },
};
static const struct object_table body_cap_table = {
    .name = "ForgeBodyCap", .rows = body_cap_rows, .bytes = sizeof(struct body_cap_spec), .doc = "limits request bodies",
};

static bool body_cap_check(const struct conf_document *doc, struct diag *diag)
{
    const struct body_cap_spec *s = doc->spec;

    return target_ref_allow(s->target, ROUTE_TARGETS, diag);
}

static const struct policy_shape body_cap_shape = {
    .conf = &body_cap_table, .top_mask = ROUTE_TARGETS, .is_flat = true, .about_mask = 1u << EFFECTIVE_ROUTE,
};

const struct kind kind_forge_body_cap = {
    .type = "ForgeBodyCap", .plural = "forgebodycaps",
    .has_spec = true, .policy = &body_cap_shape, .table = &body_cap_table, .check = body_cap_check,
};

static const struct enum_row format_types[] = {
    { .name = "Plain", .value = ACCESS_LOG_PLAIN }, { .name = "Json", .value = ACCESS_LOG_JSON }, { .name = NULL },
};
static const struct field_row format_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct access_log_format, type), .is_required = true,
      .enums = format_types, .doc = "Plain or Json" },
    { .name = "plain", .type = TYPE_STRING, .offset = offsetof(struct access_log_format, plain), .min = 1, .max = 4096,
      .doc = "text with operators such as %RESPONSE_CODE%; Kuma's default when absent" },
    { .name = NULL },
};
static const struct object_table format_table = {
    .name = "format", .rows = format_rows, .bytes = sizeof(struct access_log_format),
};
static const struct field_row access_log_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct access_log_spec, target),
      .object = &target_ref_table, .doc = "always Mesh" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct access_log_spec, path), .min = 1, .max = 1024,
      .doc = "file to write to, from its first slash; standard error when absent" },
    { .name = "format", .type = TYPE_OBJECT, .offset = offsetof(struct access_log_spec, format), .object = &format_table,
      .doc = "how a record looks; Json when absent" },
    { .name = NULL },
};
static const struct object_table access_log_table = {
    .name = "ForgeAccessLog", .rows = access_log_rows, .bytes = sizeof(struct access_log_spec), .doc = "logs requests",
};

static bool access_log_check(const struct conf_document *doc, struct diag *diag)
{
    const struct access_log_spec *s = doc->spec;
    bool is_good = target_ref_allow(s->target, 1u << TARGET_MESH, diag);

    if (s->path.at != NULL && s->path.at[0] != '/') {
        diag_error(diag, field_place(s, "path"), "`path` must start with a slash: the gateway's own directory may change");
        is_good = false;
    }
    if (s->format != NULL && s->format->type == ACCESS_LOG_JSON && s->format->plain.at != NULL) {
        diag_error(diag, field_place(s->format, "plain"), "`type: Json` has no `plain`: take one of them out");
        is_good = false;
    }
    return is_good;
}

const struct kind kind_forge_access_log = {
    .type = "ForgeAccessLog", .plural = "forgeaccesslogs",
    .has_spec = true, .table = &access_log_table, .check = access_log_check,
};

static const struct field_row test_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct test_policies_spec, target),
      .object = &target_ref_table, .doc = "Mesh for all routes, or one MeshHTTPRoute" },
    { .name = "pedant", .type = TYPE_BOOL, .offset = offsetof(struct test_policies_spec, pedant), .fallback = "false",
      .doc = "check the contract between the gateway and its policies; ends the process when it is broken" },
    { .name = "chopSeed", .type = TYPE_INT, .offset = offsetof(struct test_policies_spec, chop_seed), .min = 0,
      .max = INT64_MAX, .doc = "cut bodies into pieces of random sizes, drawn from this seed" },
    { .name = NULL },
};
static const struct object_table test_table = {
    .name = "ForgeTestPolicies", .rows = test_rows, .bytes = sizeof(struct test_policies_spec),
    .doc = "for tests of the gateway itself",
};

static bool test_check(const struct conf_document *doc, struct diag *diag)
{
    const struct test_policies_spec *s = doc->spec;

    return target_ref_allow(s->target, ROUTE_TARGETS, diag);
}

static const struct policy_shape test_shape = {
    .conf = &test_table, .top_mask = ROUTE_TARGETS, .is_flat = true, .about_mask = 1u << EFFECTIVE_ROUTE,
};

const struct kind kind_forge_test_policies = {
    .type = "ForgeTestPolicies", .plural = "forgetestpolicies",
    .has_spec = true, .policy = &test_shape, .table = &test_table, .check = test_check,
};
