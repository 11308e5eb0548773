/* json.h - JSON that a gateway answered, read and shown again as JSON or YAML.
 *
 * Layer:  ctl. The reading is yyjson's, in ctl's arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct conf_arena;
struct text_write;
struct yyjson_val;

/* NULL: it is no JSON, or memory is out. */
struct yyjson_val *json_read(struct conf_arena *arena, struct span text);
/* Members by name; val may be NULL or anything. */
struct yyjson_val *json_member(struct yyjson_val *val, const char *name);
struct span json_member_text(struct yyjson_val *val, const char *name);      /* empty when it is no text */
uint64_t json_member_number(struct yyjson_val *val, const char *name);       /* 0 when it is none        */
double json_member_real(struct yyjson_val *val, const char *name);
bool json_member_is_true(struct yyjson_val *val, const char *name);
struct span json_text(struct yyjson_val *val);
/* Item of a list, NULL past its end. */
struct yyjson_val *json_item(struct yyjson_val *list, uint32_t at);
uint32_t json_items_n(struct yyjson_val *list);

/* Indented, with a line end. */
void json_pretty(struct yyjson_val *val, struct text_write *out);
/* Block style, with a line end. */
void json_yaml(struct yyjson_val *val, struct text_write *out);
