/* offline.c - see offline.h. */
#include "ctl/offline.h"

#include <string.h>

#include "conf/candidate.h"
#include "conf/conf_set.h"
#include "conf/load.h"
#include "ctl/ctl.h"

/* What was gathered, into a candidate. */
static bool fill(struct ctl *ctl, struct offline *out)
{
    struct candidate_options options = { .dir = out->files.dir };

    out->candidate = candidate_open(&options, &ctl->diag);
    if (out->candidate == NULL)
        return false;
    for (uint32_t i = 0; i < out->files.n; i++)
        candidate_add(out->candidate, out->files.items[i].name, out->files.items[i].text);
    return candidate_fill(out->candidate);
}

bool offline_open(struct ctl *ctl, struct offline *out)
{
    *out = (struct offline){ 0 };
    files_read(ctl, &out->files); /* What could not be read is told, and does not hide what is wrong with the rest. */
    return out->files.items != NULL && fill(ctl, out);
}

bool offline_open_path(struct ctl *ctl, const char *path, struct offline *out)
{
    *out = (struct offline){ 0 };
    if (!files_init(ctl, &out->files))
        return false;
    files_add(ctl, &out->files, path);
    return fill(ctl, out);
}

bool offline_compile(struct ctl *ctl, struct offline *o)
{
    enum why why = candidate_compile(o->candidate, 1, &o->snapshot);

    return why == WHY_OK && ctl->diag.errors_n == 0;
}

void offline_close(struct offline *o)
{
    if (o->snapshot != NULL)
        conf_free(o->snapshot);
    candidate_close(o->candidate);
    *o = (struct offline){ 0 };
}

struct conf_document *offline_next(const struct offline *o, const struct conf_document *doc)
{
    const struct conf_set *set = candidate_set(o->candidate);
    unsigned kind = 0;

    if (doc != NULL) {
        if (doc->next != NULL)
            return doc->next;
        while (kind < KIND_N && kind_list[kind] != doc->kind)
            kind++;
        kind++;
    }
    while (kind < KIND_N && set->first[kind] == NULL)
        kind++;
    return kind < KIND_N ? set->first[kind] : NULL;
}
