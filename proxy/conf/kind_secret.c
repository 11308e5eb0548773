/* kind_secret.c - Secret.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_secret.h"

static const struct field_row rows[] = {
    { .name = "data", .type = TYPE_BASE64, .offset = offsetof(struct secret_spec, data), .is_required = true,
      .is_secret = true, .doc = "the secret bytes in base64, as `base64 -w0 FILE` prints them" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "Secret", .rows = rows, .bytes = sizeof(struct secret_spec), .doc = "bytes by name",
};

const struct kind kind_secret = { .type = "Secret", .plural = "secrets", .has_spec = false, .table = &table };
