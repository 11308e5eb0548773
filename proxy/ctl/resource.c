/* resource.c - see resource.h. */
#include "ctl/resource.h"

#include <string.h>

#include "conf/kind.h"
#include "conf/suggest.h"
#include "ctl/ctl.h"

const struct kind *resource_kind(struct ctl *ctl, struct span name)
{
    struct suggest near;

    suggest_init(&near, name);
    for (unsigned i = 0; i < KIND_N; i++) {
        const struct kind *kind = kind_list[i];

        if (span_is_nocase(name, span_str(kind->type)) || span_is_nocase(name, span_str(kind->plural)) ||
            (kind->short_name != NULL && span_is_nocase(name, span_str(kind->short_name))))
            return kind;
        suggest_offer(&near, kind->type);
        suggest_offer(&near, kind->plural);
    }
    if (near.best != NULL)
        ctl_say(ctl, "there is no kind `%.*s`: did you mean `%s`?", SPAN_FMT(name), near.best);
    else
        ctl_say(ctl, "there is no kind `%.*s`; `forgectl manual` lists them", SPAN_FMT(name));
    return NULL;
}

void resource_cut(struct span word, struct span *out_kind, struct span *out_name)
{
    size_t slash = span_find(word, '/');

    *out_kind = span_of(word.at, slash);
    *out_name = slash < word.len ? span_from(word, slash + 1) : SPAN_LIT("");
}
