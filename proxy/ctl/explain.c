/* explain.c - see explain.h. */
#include "ctl/explain.h"

#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/explain.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/offline.h"
#include "ctl/report.h"
#include "ctl/resource.h"

/* "KIND NAME", "KIND/NAME", or a name alone. */
static struct explain_ask read_ask(struct ctl *ctl)
{
    struct explain_ask ask = { .mesh = span_str(ctl_text(ctl, FLAG_MESH)), .listener = SPAN_LIT("") };
    const char *listener = ctl_text(ctl, FLAG_LISTENER);
    struct span first = span_str(ctl->arguments.words[0]);

    if (ctl->arguments.words_n == 2) {
        ask.kind = first;
        ask.name = span_str(ctl->arguments.words[1]);
    } else {
        resource_cut(first, &ask.kind, &ask.name);
        if (ask.name.len == 0) {
            ask.name = ask.kind;
            ask.kind = SPAN_LIT("");
        }
    }
    if (listener != NULL)
        ask.listener = span_str(listener);
    return ask;
}

static enum command_exit explain_files(struct ctl *ctl, const struct explain_ask *ask)
{
    bool is_json = ctl_output_is(ctl, "json");
    struct span text = SPAN_NONE;
    const char *wrong = NULL;
    struct offline o;

    if (offline_open(ctl, &o))
        text = is_json ? explain_json(candidate_set(o.candidate), ask, ctl->arena, &wrong)
                       : explain_text(candidate_set(o.candidate), ask, ctl->arena, &wrong);
    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    if (text.at != NULL) {
        text_write_span(&ctl->out, text);
        if (is_json)
            ctl_print(ctl, "\n");
    } else if (wrong != NULL) {
        ctl_say(ctl, "%.*s: %s", SPAN_FMT(ask->name), wrong);
    }
    offline_close(&o);
    return text.at != NULL && ctl->diag.errors_n == 0 ? EXIT_FINE : EXIT_REFUSED;
}

static const char *text_of(struct ctl *ctl, struct span text)
{
    struct span copy = conf_arena_copy(ctl->arena, text);

    return copy.at != NULL ? (const char *)copy.at : "";
}

enum command_exit explain_command(struct ctl *ctl)
{
    struct explain_ask ask = read_ask(ctl);
    struct api_answer answer;
    enum command_exit code;

    if (ctl_has(ctl, FLAG_FILE))
        return explain_files(ctl, &ask);
    code = api_get(ctl, api_target(ctl, "/forge/explain?kind=%s&mesh=%s&name=%s&listener=%s&format=%s", text_of(ctl, ask.kind),
                                   text_of(ctl, ask.mesh), text_of(ctl, ask.name), text_of(ctl, ask.listener),
                                   ctl_output_is(ctl, "json") ? "json" : "text"), &answer);
    if (code != EXIT_FINE)
        return code;
    if (answer.json != NULL)
        json_pretty(answer.json, &ctl->out);
    else
        ctl_print_safe(ctl, answer.http.body);
    return EXIT_FINE;
}
