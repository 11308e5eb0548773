/* kind_global_secret.h - GlobalSecret: a Secret of no mesh; it answers to names that the document's own mesh has no Secret for.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_global_secret;
