/* document_strength.c - which of two policies is the stronger.
 *
 * Spec:   kuma-dialect.md 3.8: origin, then role, then the name in inverted alphabet.
 * Layer:  conf.
 */
#include "conf/document_strength.h"

#include "conf/kind.h"

static int label_rank(const struct conf_document *doc, const char *label, const char *const *values, int n)
{
    struct span value = field_map_find(&doc->labels, label);

    for (int i = 0; i < n; i++)
        if (span_is(value, span_str(values[i])))
            return i;
    return -1;
}

static int name_order(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int document_strength_by_labels(const struct conf_document *a, const struct conf_document *b)
{
    static const char *const origins[] = { "global", "zone" };
    static const char *const roles[] = { "system", "producer", "consumer", "workload-owner" };
    int by_origin = label_rank(a, "kuma.io/origin", origins, 2) - label_rank(b, "kuma.io/origin", origins, 2);

    if (by_origin != 0)
        return by_origin;
    return label_rank(a, "kuma.io/policy-role", roles, 4) - label_rank(b, "kuma.io/policy-role", roles, 4);
}

int document_strength_by_name(const struct conf_document *a, const struct conf_document *b)
{
    return name_order(b->name, a->name); /* "aaa" is stronger than "zzz". */
}

int document_strength(const struct conf_document *a, const struct conf_document *b)
{
    int by_labels = document_strength_by_labels(a, b);

    return by_labels != 0 ? by_labels : document_strength_by_name(a, b);
}
