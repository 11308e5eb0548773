/* merge.c - see merge.h. */
#include "conf/merge.h"

#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_table.h"
#include "conf/target_ref.h"

/* Children of a list or map that is being made. */
struct family {
    struct node *parent, *last;
};

static struct node *copy(struct merge *m, const struct node *n)
{
    struct node *made = conf_arena_take(m->arena, sizeof(*made));

    if (made != NULL) {
        *made = *n;
        made->next = NULL;
    }
    return made;
}

static bool adopt(struct merge *m, struct family *f, const struct node *n)
{
    struct node *child = copy(m, n);

    if (child == NULL)
        return false;
    if (f->last == NULL)
        f->parent->first = child;
    else
        f->last->next = child;
    f->last = child;
    f->parent->children_n++;
    return true;
}

bool merge_is_whole(const struct field_row *row)
{
    return row->is_atomic || row->object == &target_ref_table;
}

/* Two spellings of one field are one field. */
static bool is_same_field(const struct object_table *table, struct span a, struct span b)
{
    const struct field_row *row;

    if (span_is(a, b))
        return true;
    row = table != NULL ? field_find_row(table, a) : NULL;
    return row != NULL && row->alias != NULL && row == field_find_row(table, b);
}

static const struct node *find(struct merge *m, const struct object_table *table, const struct node *map, struct span key)
{
    for (const struct node *child = map->first; child != NULL; child = child->next) {
        m->steps++;
        if (is_same_field(table, child->key, key))
            return child;
    }
    return NULL;
}

/* Deeper than lists do not count: what is in them is replaced whole. */
static bool has_null(struct merge *m, const struct node *map)
{
    for (const struct node *child = map->first; child != NULL; child = child->next) {
        m->steps++;
        if (node_is_null(child) || (child->kind == NODE_MAP && has_null(m, child)))
            return true;
    }
    return false;
}

static const struct node *append(struct merge *m, const struct node *base, const struct node *patch)
{
    struct node *list = copy(m, patch);
    struct family f = { .parent = list };

    if (list == NULL)
        return NULL;
    list->first = NULL;
    list->children_n = 0;
    for (const struct node *item = base->first; item != NULL; item = item->next, m->steps++)
        if (!adopt(m, &f, item))
            return NULL;
    for (const struct node *item = patch->first; item != NULL; item = item->next, m->steps++)
        if (!adopt(m, &f, item))
            return NULL;
    return list;
}

/* The value of a field: row is NULL where no table knows it. */
static const struct node *merge_field(struct merge *m, const struct field_row *row, const struct node *base, const struct node *patch)
{
    if (row != NULL && row->is_appended && base != NULL && base->kind == NODE_LIST && patch->kind == NODE_LIST)
        return append(m, base, patch);
    return merge_over(m, row != NULL && row->type == TYPE_OBJECT ? row->object : NULL,
                      row != NULL && merge_is_whole(row) ? NULL : base, patch);
}

const struct node *merge_over(struct merge *m, const struct object_table *table, const struct node *base, const struct node *patch)
{
    struct node *map;
    struct family f = { .parent = NULL };

    m->steps++;
    if (patch->kind != NODE_MAP)
        return patch;
    if (base != NULL && base->kind != NODE_MAP)
        base = NULL;
    if ((base == NULL || base->first == NULL) && !has_null(m, patch))
        return patch;
    map = f.parent = copy(m, patch);
    if (map == NULL)
        return NULL;
    map->first = NULL;
    map->children_n = 0;
    for (const struct node *child = base != NULL ? base->first : NULL; child != NULL; child = child->next) {
        const struct node *over = find(m, table, patch, child->key), *merged = child;
        if (over != NULL && node_is_null(over))
            continue;
        if (over != NULL)
            merged = merge_field(m, table != NULL ? field_find_row(table, child->key) : NULL, child, over);
        if (merged == NULL || !adopt(m, &f, merged))
            return NULL;
    }
    for (const struct node *child = patch->first; child != NULL; child = child->next) {
        const struct node *merged;
        if (node_is_null(child) || (base != NULL && find(m, table, base, child->key) != NULL))
            continue;
        merged = merge_field(m, table != NULL ? field_find_row(table, child->key) : NULL, NULL, child);
        if (merged == NULL || !adopt(m, &f, merged))
            return NULL;
    }
    return map;
}

bool merge_is_equal(const struct node *a, const struct node *b)
{
    const struct node *other;

    if (a == NULL || b == NULL || a == b)
        return a == b;
    if (a->kind != b->kind || a->children_n != b->children_n)
        return false;
    if (a->kind == NODE_SCALAR)
        return a->is_plain == b->is_plain && span_is(a->text, b->text);
    other = b->first;
    for (const struct node *child = a->first; child != NULL; child = child->next) {
        if (a->kind == NODE_MAP) {
            other = b->first;
            while (other != NULL && !span_is(other->key, child->key))
                other = other->next;
        }
        if (!merge_is_equal(child, other))
            return false;
        if (a->kind == NODE_LIST)
            other = other->next;
    }
    return true;
}
