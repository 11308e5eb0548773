/* diff.c - see diff.h. */
#include "ctl/diff.h"

#include "admin/keeper_diff.h"
#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "ctl/apply.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/offline.h"
#include "ctl/report.h"
#include "proto/json_write.h"

/* ---- two folders ---- */

struct sides {
    struct ctl        *ctl;
    struct offline     from, to;
    struct json_write *json;  /* NULL: as text */
    uint32_t           n;     /* that differ   */
};

static struct conf_document *find(const struct offline *o, const struct conf_document *like)
{
    const struct conf_set *set = candidate_set(o->candidate);

    return conf_set_find(set, kind_find(span_str(like->kind->type)), like->mesh, like->name);
}

static void tell(struct sides *s, const char *verb, const struct conf_document *doc, struct span from, struct span to)
{
    struct span lines = keeper_lines(s->ctl->arena, from, to);

    s->n++;
    if (s->json == NULL) {
        change_print_difference(s->ctl, span_str(verb), span_str(doc->kind->type), doc->mesh, doc->name, lines);
        return;
    }
    json_write_open(s->json, '{');
    json_write_member(s->json, "verb", span_str(verb));
    json_write_member(s->json, "type", span_str(doc->kind->type));
    json_write_member(s->json, "mesh", doc->mesh);
    json_write_member(s->json, "name", doc->name);
    json_write_member(s->json, "lines", lines);
    json_write_close(s->json, '}');
}

static struct span text_of(struct sides *s, const struct conf_document *doc)
{
    return doc != NULL ? canonical_yaml(doc, s->ctl->arena, CANONICAL_SECRETS_MASKED) : SPAN_LIT("");
}

static void compare(struct sides *s)
{
    for (const struct conf_document *d = offline_next(&s->from, NULL); d != NULL; d = offline_next(&s->from, d)) {
        const struct conf_document *other = find(&s->to, d);
        struct span from = text_of(s, d), to = text_of(s, other);

        if (!span_is(from, to))
            tell(s, other != NULL ? "changed" : "removed", d, from, to);
    }
    for (const struct conf_document *d = offline_next(&s->to, NULL); d != NULL; d = offline_next(&s->to, d))
        if (find(&s->from, d) == NULL)
            tell(s, "added", d, SPAN_LIT(""), text_of(s, d));
}

static enum command_exit diff_paths(struct ctl *ctl)
{
    struct sides s = { .ctl = ctl };
    struct json_write j;
    bool is_good = offline_open_path(ctl, ctl->arguments.words[0], &s.from);

    is_good = offline_open_path(ctl, ctl->arguments.words[1], &s.to) && is_good && ctl->diag.errors_n == 0;
    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    if (is_good && ctl_output_is(ctl, "json")) {
        json_write_init(&j, &ctl->out);
        s.json = &j;
        json_write_open(&j, '[');
        compare(&s);
        json_write_close(&j, ']');
        ctl_print(ctl, "\n");
    } else if (is_good) {
        compare(&s);
    }
    offline_close(&s.from);
    offline_close(&s.to);
    if (!is_good || ctl->arena->is_full)
        return EXIT_REFUSED;
    return s.n > 0 ? EXIT_DIFFERENT : EXIT_FINE;
}

/* ---- with a gateway ---- */

static enum command_exit print_answer(struct ctl *ctl, const struct api_answer *answer)
{
    struct yyjson_val *changes = json_member(answer->json, "changes");

    if (!api_print_raw(ctl, changes))
        change_print_differences(ctl, changes, true);
    return json_items_n(changes) > 0 ? EXIT_DIFFERENT : EXIT_FINE;
}

static enum command_exit diff_generations(struct ctl *ctl)
{
    struct api_answer answer;
    struct span target = ctl->arguments.words_n == 2
                             ? api_target(ctl, "/forge/diff?from=%s&to=%s", ctl->arguments.words[0], ctl->arguments.words[1])
                             : api_target(ctl, "/forge/diff?from=%s", ctl->arguments.words[0]);
    enum command_exit code = api_get(ctl, target, &answer);

    return code == EXIT_FINE ? print_answer(ctl, &answer) : code;
}

static enum command_exit diff_files(struct ctl *ctl)
{
    struct api_answer answer;
    struct span body;
    enum command_exit code = apply_body(ctl, true, &body);

    if (code == EXIT_FINE)
        code = api_post(ctl, SPAN_LIT("/forge/apply"), body, &answer);
    if (code != EXIT_FINE)
        return code;
    api_print_problems(ctl, json_member(answer.json, "problems"));
    return print_answer(ctl, &answer);
}

enum command_exit diff_command(struct ctl *ctl)
{
    uint32_t words_n = ctl->arguments.words_n;
    uint64_t number;

    if (ctl_has(ctl, FLAG_FILE) && words_n == 0)
        return diff_files(ctl);
    if (words_n > 0 && !ctl_has(ctl, FLAG_FILE)) {
        bool is_number = span_to_u64(span_str(ctl->arguments.words[0]), &number);

        if (is_number && (words_n == 1 || span_to_u64(span_str(ctl->arguments.words[1]), &number)))
            return diff_generations(ctl);
        if (!is_number && words_n == 2)
            return diff_paths(ctl);
    }
    ctl_say(ctl, "diff what? -f DIR (files with the gateway), or FROM TO: two generations, or two folders");
    return EXIT_WRONG_USE;
}
