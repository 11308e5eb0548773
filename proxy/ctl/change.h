/* change.h - what a change did, or would do: documents, their lines, tests, as apply, delete, diff and rollback show it.
 *
 * Layer:  ctl.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"
#include "ctl/api.h"

/* Post and print. As -o says: text has a line a document (and its lines, of a dry run), then one about the whole; json and yaml the
 * answer as it came. */
enum command_exit change_post(struct ctl *ctl, struct span target, struct span json);
/* A line a document that differs, and the lines below it; answers how many there are. */
uint32_t change_print_differences(struct ctl *ctl, struct yyjson_val *differences, bool has_lines);
/* One document: verb is "added", "changed" or "removed"; lines begin with " ", "-" or "+". */
void change_print_difference(struct ctl *ctl, struct span verb, struct span type, struct span mesh, struct span name, struct span lines);
