/* json_read.h - JSON that a client sent, read by yyjson inside memory and depth that are known before.
 *
 * Spec:   RFC 8259.
 * Layer:  proto. Pure; the only place besides command lines and tests that calls yyjson.
 * Owner:  values lie in the caller's memory; texts are copies there.
 * Bounds: JSON_DEPTH_MAX (yyjson has no bound of its own), json_read_memory bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct yyjson_val;

enum { JSON_DEPTH_MAX = 64 };

/* Memory that a text of so many bytes needs at most. */
size_t json_read_memory(size_t text_bytes);
/* The one value of text; NULL: *out_sentence says what is wrong, and *out_offset where. */
struct yyjson_val *json_read_value(struct span text, void *memory, size_t memory_bytes, const char **out_sentence, size_t *out_offset);
/* Members by name; object may be NULL or anything. Empty, 0 and false when there is none of that sort. */
struct span json_read_text(struct yyjson_val *object, const char *name);
uint64_t json_read_u64(struct yyjson_val *object, const char *name);
bool json_read_is_true(struct yyjson_val *object, const char *name);
