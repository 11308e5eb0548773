/* gateway_node.h - nodes that stand for what is written elsewhere: documents of one form made into another keep their places.
 *
 * Layer:  conf, internal.
 * Owner:  the arena. When it is full, NULL goes in and out, and the arena remembers.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

struct conf_arena;
struct node;

/* An empty group or list, placed where at stands. */
struct node *gateway_node_map(struct conf_arena *arena, const struct node *at);
struct node *gateway_node_list(struct conf_arena *arena, const struct node *at);
/* A text, as if in quotes. */
struct node *gateway_node_text(struct conf_arena *arena, const struct node *at, struct span text);
struct node *gateway_node_number(struct conf_arena *arena, const struct node *at, int64_t value);
/* n itself, to stand somewhere else; its children are shared. */
struct node *gateway_node_copy(struct conf_arena *arena, const struct node *n);
/* Put child to the end of a group under a key (a literal), or of a list (key NULL). */
void gateway_node_put(struct node *parent, const char *key, struct node *child);
