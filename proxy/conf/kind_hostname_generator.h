/* kind_hostname_generator.h - HostnameGenerator: host names of services, for display.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_hostname_generator;
