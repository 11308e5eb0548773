/* list.h - intrusive doubly linked list: no allocation, O(1) removal, a node is in one list or in none.
 *
 * Layer:  base.
 * Owner:  whoever embeds the node. A zeroed node is in no list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"

struct list_node {
    struct list_node *next, *prev;
};

struct list {
    struct list_node head; /* ring through the head; both point to it when empty */
};

static inline void list_init(struct list *l)
{
    l->head.next = l->head.prev = &l->head;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->head.next == &l->head;
}

static inline bool list_has(const struct list_node *n)
{
    return n->next != NULL;
}

static inline void list_push(struct list *l, struct list_node *n)
{
    MUST(n->next == NULL);
    n->prev = l->head.prev;
    n->next = &l->head;
    n->prev->next = n;
    l->head.prev = n;
}

static inline void list_push_front(struct list *l, struct list_node *n)
{
    MUST(n->next == NULL);
    n->next = l->head.next;
    n->prev = &l->head;
    n->next->prev = n;
    l->head.next = n;
}

/* Take out of whichever list; harmless when in none. */
static inline void list_remove(struct list_node *n)
{
    if (n->next == NULL)
        return;
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = NULL;
}

/* First node, taken out; NULL when empty. */
static inline struct list_node *list_pop(struct list *l)
{
    struct list_node *n = l->head.next;

    if (n == &l->head)
        return NULL;
    list_remove(n);
    return n;
}
