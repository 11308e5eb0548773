/* explain_text.h - values and references in the words of an explanation.
 *
 * Layer:  conf, internal to explain.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "proto/json_write.h"

struct conf_document;
struct field_row;
struct node;
struct policy_match;
struct target_ref;

/* A value as JSON: numbers, true, false and null as such. n NULL: null. row: whose it is, or NULL; what is secret is "***". */
void explain_write_value(struct json_write *j, const struct field_row *row, const struct node *n);
/* The same for people: texts without quotes. */
void explain_say_value(struct text_write *out, const struct field_row *row, const struct node *n);
/* "Mesh", "MeshGateway edge", "Dataplane {team: a} section 8080". ref NULL: Mesh. */
void explain_say_target(struct text_write *out, const struct target_ref *ref);
/* "spiffe://t/a", "spiffe://t/a/...", "sni x.com". */
void explain_say_match(struct text_write *out, const struct policy_match *match);
/* As far as it has the label; else "". */
struct span explain_label(const struct conf_document *doc, const char *label);
