/* kind_forge_policies.h - the small kinds of our own: ForgeBodyCap, ForgeAccessLog, ForgeTestPolicies.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/target_ref.h"

struct body_cap_spec {
    const struct node *node;
    const struct target_ref *target;   /* NULL: Mesh */
    int64_t bytes;
};

struct access_log_format {
    const struct node *node;
    int64_t     type;                  /* enum access_log_type */
    struct span plain;
};
enum access_log_type { ACCESS_LOG_PLAIN = 0, ACCESS_LOG_JSON };

struct access_log_spec {
    const struct node *node;
    const struct target_ref *target;
    struct span path;                  /* at == NULL: standard error */
    const struct access_log_format *format;
};

struct test_policies_spec {
    const struct node *node;
    const struct target_ref *target;
    int64_t pedant, chop_seed;
};

extern const struct kind kind_forge_body_cap;
extern const struct kind kind_forge_access_log;
extern const struct kind kind_forge_test_policies;
