/* export.c - see export.h. */
#include "ctl/export.h"

#include <stdlib.h>
#include <string.h>

#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/kind.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/offline.h"
#include "ctl/report.h"

static int by_name(const void *left, const void *right)
{
    const struct conf_document *a = *(const struct conf_document *const *)left, *b = *(const struct conf_document *const *)right;
    int order = strcmp(a->kind->type, b->kind->type);

    order = order != 0 ? order : span_order(a->mesh, b->mesh);
    return order != 0 ? order : span_order(a->name, b->name);
}

/* All documents of -f, in the order in which a gateway has them. */
static void print_documents(struct ctl *ctl, const struct offline *o)
{
    uint32_t documents_n = candidate_set(o->candidate)->documents_n, n = 0;
    const struct conf_document **all = conf_arena_array(ctl->arena, (size_t)documents_n + 1, sizeof(*all));
    bool is_json = ctl_output_is(ctl, "json");

    for (const struct conf_document *d = offline_next(o, NULL); all != NULL && d != NULL && n < documents_n; d = offline_next(o, d))
        all[n++] = d;
    if (n > 0)
        qsort(all, n, sizeof(*all), by_name);
    if (is_json)
        ctl_print(ctl, "[\n");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            ctl_print(ctl, is_json ? ",\n" : "---\n");
        text_write_span(&ctl->out, is_json ? canonical_json(all[i], ctl->arena, CANONICAL_SECRETS_LEFT_OUT)
                                           : canonical_yaml(all[i], ctl->arena, CANONICAL_SECRETS_LEFT_OUT));
    }
    if (is_json)
        ctl_print(ctl, "\n]\n");
}

static enum command_exit export_files(struct ctl *ctl)
{
    struct offline o;
    bool is_good = offline_open(ctl, &o);

    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    is_good = is_good && ctl->diag.errors_n == 0;
    if (is_good)
        print_documents(ctl, &o);
    offline_close(&o);
    return is_good && !ctl->arena->is_full ? EXIT_FINE : EXIT_REFUSED;
}

enum command_exit export_command(struct ctl *ctl)
{
    const char *form = ctl_output_is(ctl, "json") ? "json" : "yaml", *generation = ctl_text(ctl, FLAG_GENERATION);
    struct api_answer answer;
    enum command_exit code;

    if (ctl_has(ctl, FLAG_FILE))
        return export_files(ctl);
    code = api_get(ctl, generation != NULL ? api_target(ctl, "/forge/export?format=%s&generation=%s", form, generation)
                                           : api_target(ctl, "/forge/export?format=%s", form), &answer);
    if (code == EXIT_FINE)
        text_write_span(&ctl->out, answer.http.body);
    return code;
}
