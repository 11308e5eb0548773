/* self_signed.h - the certificate of the first start: made once, kept in the state folder.
 *
 * Layer:  worker.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

struct conf_arena;

/* <state>/self-signed.pem exists afterwards (chain and key in one file, mode 0600). false: said why. */
bool self_signed_ensure(const char *state_dir);
/* Its bytes, in the arena. false: they cannot be read. */
bool self_signed_read(const char *state_dir, struct conf_arena *arena, struct span *out);
