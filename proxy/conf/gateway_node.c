/* gateway_node.c - see gateway_node.h.
 *
 * Layer:  conf.
 */
#include "conf/gateway_node.h"

#include "conf/conf_arena.h"
#include "conf/document.h"

static struct node *make(struct conf_arena *arena, const struct node *at, enum node_kind kind)
{
    struct node *n = conf_arena_take(arena, sizeof(*n));

    if (n != NULL)
        *n = (struct node){ .kind = kind, .file = at->file, .line = at->line, .column = at->column };
    return n;
}

struct node *gateway_node_map(struct conf_arena *arena, const struct node *at)
{
    return make(arena, at, NODE_MAP);
}

struct node *gateway_node_list(struct conf_arena *arena, const struct node *at)
{
    return make(arena, at, NODE_LIST);
}

struct node *gateway_node_text(struct conf_arena *arena, const struct node *at, struct span text)
{
    struct node *n = make(arena, at, NODE_SCALAR);

    if (n != NULL)
        n->text = conf_arena_copy(arena, text);
    return n != NULL && n->text.at != NULL ? n : NULL;
}

struct node *gateway_node_number(struct conf_arena *arena, const struct node *at, int64_t value)
{
    struct node *n = make(arena, at, NODE_SCALAR);

    if (n == NULL)
        return NULL;
    n->is_plain = true;
    n->text = conf_arena_format(arena, "%lld", (long long)value);
    return n->text.at != NULL ? n : NULL;
}

struct node *gateway_node_copy(struct conf_arena *arena, const struct node *from)
{
    struct node *n = conf_arena_take(arena, sizeof(*n));

    if (n != NULL) {
        *n = *from;
        n->next = NULL;
        n->key = SPAN_NONE;
    }
    return n;
}

void gateway_node_put(struct node *parent, const char *key, struct node *child)
{
    struct node **at;

    if (parent == NULL || child == NULL)
        return;
    for (at = &parent->first; *at != NULL;)
        at = &(*at)->next;
    *at = child;
    parent->children_n++;
    if (key == NULL)
        return;
    child->key = span_str(key);
    child->key_line = child->line;
    child->key_column = child->column;
}
