/* kind_secret.h - Secret: bytes by name, for certificates and keys.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

struct secret_spec {
    const struct node *node;
    struct span data;
};

extern const struct kind kind_secret;
