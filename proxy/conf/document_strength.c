/* document_strength.c - which of two policies is the stronger.
 *
 * Spec:   kuma-dialect.md 3.8: origin, then role, then the name in inverted alphabet.
 * Layer:  conf.
 */
#include "conf/document_strength.h"

#include "conf/kind.h"
#include "conf/target_select.h"

static int label_rank(const struct conf_document *doc, const char *label, const char *const *values, int n)
{
    struct span value = field_map_find(&doc->labels, label);

    for (int i = 0; i < n; i++)
        if (span_is(value, span_str(values[i])))
            return i;
    return -1;
}

int document_strength_by_origin(const struct conf_document *a, const struct conf_document *b)
{
    static const char *const origins[] = { "global", "zone" };

    return label_rank(a, "kuma.io/origin", origins, 2) - label_rank(b, "kuma.io/origin", origins, 2);
}

int document_strength_by_role(const struct conf_document *a, const struct conf_document *b)
{
    static const char *const roles[] = { "system", "producer", "consumer", "workload-owner" };

    return label_rank(a, "kuma.io/policy-role", roles, 4) - label_rank(b, "kuma.io/policy-role", roles, 4);
}

int document_strength_by_labels(const struct conf_document *a, const struct conf_document *b)
{
    int by_origin = document_strength_by_origin(a, b);

    return by_origin != 0 ? by_origin : document_strength_by_role(a, b);
}

int document_strength_by_name(const struct conf_document *a, const struct conf_document *b)
{
    int by_display = span_order(target_display_name(b), target_display_name(a)); /* "aaa" is stronger than "zzz". */

    return by_display != 0 ? by_display : span_order(b->name, a->name);
}

int document_strength(const struct conf_document *a, const struct conf_document *b)
{
    int by_labels = document_strength_by_labels(a, b);

    return by_labels != 0 ? by_labels : document_strength_by_name(a, b);
}
