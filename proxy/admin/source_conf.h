/* source_conf.h - what a ForgeSource document says, made ready: URLs, tokens, keys, all in memory of its own.
 *
 * Layer:  admin.
 * Owner:  whoever opened it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "conf/source_form.h"
#include "store/hash.h"
#include "store/signature.h"

struct conf_arena;
struct keeper;

struct source_conf {
    struct conf_arena *arena;           /* it lies in there itself */
    struct span  name;
    enum forge_source_type type;
    bool         strips;                /* a Git host's archive: one folder around everything */
    struct span  url, signature_url;    /* of an archive */
    struct span  field_name, field_value; /* the token; name empty: none */
    struct span  ca_pem;
    const char  *place, *ref, *path;    /* folder or repository; path "" for all */
    uint64_t     interval_ns, timeout_ns;
    bool         is_broken;             /* it names what is not there, told: only its name counts */
    bool         has_hook, has_key, prunes, reverts;
    enum forge_source_hook hook;
    struct span  hook_secret;
    uint8_t      key[SIGNATURE_KEY_BYTES];
    uint8_t      digest[HASH_BYTES];    /* of all of it */
};

/* Those of all ForgeSource documents in force, at most SOURCES_MAX. false: they cannot be read now. */
MUST_CHECK bool source_conf_read_all(struct keeper *k, struct source_conf **out, uint32_t *out_n);
/* Accepts NULL. */
void source_conf_close(struct source_conf *c);
