/* self_signed.h - the certificate of the first start: made once, kept in the state folder.
 *
 * Layer:  worker.
 */
#pragma once

#include <stdbool.h>

/* <state>/self-signed.pem exists afterwards (chain and key in one file, mode 0600). false: said why. */
bool self_signed_ensure(const char *state_dir);
