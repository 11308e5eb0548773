/* schema.h - JSON Schema of a kind, generated from its field tables: for editors, pipelines and the forms of the admin pages.
 *
 * Spec:   JSON Schema 2020-12; what it has no word for stands in members that start with `x-`.
 * Layer:  conf.
 *
 * It describes the universal form of a document as the reader takes it, aliases and nulls included. What only a kind's check
 * knows (two fields that exclude each other, a name that must exist) it does not know.
 *
 *     x-order, x-widget   where and how a form shows the field         x-secret     never shown again once written
 *     x-unit              duration, bytes or percent                   x-alias-of   another spelling of that field
 *     x-minimum/-maximum  range of a duration, as one writes it        x-min-bytes  least length, when JSON Schema counts otherwise
 *     x-removed           fields and values that are not taken (any more): name, and what to write instead
 *     x-not-enforced      read and checked, and refused when compiled: why, and what to do
 *     x-older             the next Kuma will not read it: what to write instead
 */
#pragma once

#include "base/span.h"

struct conf_arena;
struct kind;

/* SPAN_NONE with arena->is_full when memory is out. */
struct span schema_json(const struct kind *kind, struct conf_arena *arena);
