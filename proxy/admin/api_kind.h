/* api_kind.h - what the admin interface asks about kinds of documents. (conf's tables and the engine's lists are not for one file.)
 *
 * Layer:  admin.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct conf_arena;
struct conf_document;
struct conf_set;

struct api_kind {
    const char *type, *plural, *short_name; /* short_name: "" when there is none */
    uint32_t    index;                      /* in kind_list */
    bool        is_global, is_policy, has_to, has_rules;
};

/* The kind of that number; false: there are no more. */
bool api_kind_at(uint32_t index, struct api_kind *out);
bool api_kind_of_plural(struct span plural, struct api_kind *out);
/* By type, plural or short name, in any case of letters. */
bool api_kind_of_name(struct span name, struct api_kind *out);
/* SPAN_NONE with arena->is_full when memory is out. */
struct span api_kind_schema(uint32_t index, struct conf_arena *arena);
struct span api_kind_manual(uint32_t index, struct conf_arena *arena);
/* Of a set: one of them, or NULL; each behind the other (after NULL: the first). */
const struct conf_document *api_kind_document(const struct conf_set *set, struct span type, struct span mesh, struct span name);
const struct conf_document *api_kind_next(const struct conf_set *set, const struct conf_document *after);
bool api_kind_has_label(const struct conf_document *doc, struct span key, struct span value);
