/* export.c - see export.h. */
#include "ctl/export.h"

#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/kind.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/offline.h"
#include "ctl/report.h"

/* All documents of -f, one behind the other. */
static void print_documents(struct ctl *ctl, const struct offline *o)
{
    bool is_json = ctl_output_is(ctl, "json");
    const char *between = is_json ? "[\n" : "";

    for (const struct conf_document *d = offline_next(o, NULL); d != NULL; d = offline_next(o, d)) {
        struct span text = is_json ? canonical_json(d, ctl->arena, CANONICAL_SECRETS_LEFT_OUT)
                                   : canonical_yaml(d, ctl->arena, CANONICAL_SECRETS_LEFT_OUT);

        ctl_print(ctl, "%s", between);
        text_write_span(&ctl->out, text);
        between = is_json ? ",\n" : "---\n";
    }
    if (is_json)
        ctl_print(ctl, "%s\n]\n", offline_next(o, NULL) != NULL ? "" : "[");
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
