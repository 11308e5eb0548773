/* canonical_write.h - one tree of values as compact JSON or block YAML, value by value, always the same bytes for the same values.
 *
 * Spec:   RFC 8259; YAML 1.2.2 chapters 7 and 8, and the types of YAML 1.1 (int, float, bool, timestamp, merge ...).
 * Layer:  conf. Pure.
 * Bounds: the text_write's, and CONF_DEPTH_MAX + 4 levels.
 *
 * JSON and YAML are written so that our reader gives the same texts back: JSON escapes what libyaml takes for a line end or
 * refuses. YAML texts are quoted when a reader of YAML 1.1 or of 1.2 would take them for something else than that text (`no`,
 * `1e3`, `0x1`, `2001-12-14`, `010` ...), or could not read them plain; texts of several lines stand as literal blocks where that
 * keeps every byte. Lists start in the column of their key, as kubectl and kumactl write them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "proto/text_write.h"

struct canonical_level {
    bool     is_list;
    uint32_t indent;
};

struct canonical_write {
    struct text_write     *_out;
    struct canonical_level _levels[CONF_DEPTH_MAX + 4];
    uint32_t               _depth;
    bool                   _is_yaml;
    bool                   _needs_comma; /* JSON */
    bool                   _is_after_key, _is_after_dash; /* YAML */
};

void canonical_write_init(struct canonical_write *w, struct text_write *out, bool is_yaml);
/* '{' or '['. is_empty must tell the truth; an empty one is closed, too. */
void canonical_write_open(struct canonical_write *w, char bracket, bool is_empty);
void canonical_write_close(struct canonical_write *w, char bracket, bool is_empty);
void canonical_write_key(struct canonical_write *w, struct span key);
void canonical_write_string(struct canonical_write *w, struct span value);
/* A number, true, false or null, as JSON has it: the text as it is. */
void canonical_write_plain(struct canonical_write *w, struct span value);

/* Would some reader of YAML not give exactly this text back if it stood there without quotes? */
bool canonical_needs_quotes(struct span text);
