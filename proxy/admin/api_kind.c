/* api_kind.c - see api_kind.h. */
#include "admin/api_kind.h"

#include "conf/conf_set.h"
#include "conf/kind.h"
#include "conf/manual.h"
#include "conf/schema.h"

bool api_kind_at(uint32_t index, struct api_kind *out)
{
    const struct kind *k;

    if (index >= KIND_N)
        return false;
    k = kind_list[index];
    *out = (struct api_kind){ k->type, k->plural, k->short_name != NULL ? k->short_name : "", index, k->is_global, k->policy != NULL,
                              k->policy != NULL && k->policy->to_mask != 0, k->policy != NULL && k->policy->has_rules };
    return true;
}

bool api_kind_of_plural(struct span plural, struct api_kind *out)
{
    return api_kind_at((uint32_t)kind_find_plural(plural), out);
}

bool api_kind_of_name(struct span name, struct api_kind *out)
{
    for (uint32_t i = 0; api_kind_at(i, out); i++) {
        if (span_is_nocase(name, span_str(out->type)) || span_is_nocase(name, span_str(out->plural)) ||
            (out->short_name[0] != 0 && span_is_nocase(name, span_str(out->short_name))))
            return true;
    }
    return false;
}

struct span api_kind_schema(uint32_t index, struct conf_arena *arena)
{
    return schema_json(kind_list[index], arena);
}

struct span api_kind_manual(uint32_t index, struct conf_arena *arena)
{
    return manual_page(kind_list[index], arena);
}

const struct conf_document *api_kind_document(const struct conf_set *set, struct span type, struct span mesh, struct span name)
{
    enum kind_id id = kind_find(type);

    return id != KIND_N ? conf_set_find(set, id, mesh, name) : NULL;
}

const struct conf_document *api_kind_next(const struct conf_set *set, const struct conf_document *after)
{
    uint32_t k = 0;

    if (after != NULL && after->next != NULL)
        return after->next;
    while (after != NULL && kind_list[k++] != after->kind)
        ;
    while (k < KIND_N && set->first[k] == NULL)
        k++;
    return k < KIND_N ? set->first[k] : NULL;
}

bool api_kind_has_label(const struct conf_document *doc, struct span key, struct span value)
{
    const struct map_item *labels = doc->labels.items;

    for (uint32_t i = 0; i < doc->labels.n; i++) {
        if (span_is(labels[i].key, key) && span_is(labels[i].value, value))
            return true;
    }
    return false;
}
