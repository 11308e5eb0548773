/* kind_global_secret.c - GlobalSecret.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_global_secret.h"

#include "conf/kind_secret.h"

static const struct field_row rows[] = {
    { .name = "data", .type = TYPE_BASE64, .offset = offsetof(struct secret_spec, data), .is_required = true,
      .is_secret = true, .doc = "the secret bytes in base64, as `base64 -w0 FILE` prints them" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "GlobalSecret", .rows = rows, .bytes = sizeof(struct secret_spec), .doc = "bytes by name, for all meshes",
};

const struct kind kind_global_secret = {
    .type = "GlobalSecret", .plural = "global-secrets", .has_spec = false, .is_global = true, .table = &table,
};
