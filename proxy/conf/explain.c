/* explain.c - the explanation as JSON.
 *
 * Layer:  conf.
 */
#include "conf/explain.h"

#include "conf/conf_arena.h"
#include "conf/conf_text.h"
#include "conf/document.h"
#include "conf/explain_report.h"
#include "conf/explain_text.h"
#include "conf/policy_spec.h"

enum { WORDS_BYTES_MAX = 4096 };

static void put_place(struct json_write *j, struct diag_place place)
{
    json_write_member(j, "file", span_str(place.file));
    json_write_member_u64(j, "line", place.line);
    json_write_member_u64(j, "column", place.column);
}

/* Members of a document, with the place of what it says. */
static void put_source(struct json_write *j, const struct effective_statement *s, struct diag_place place)
{
    json_write_member(j, "kind", span_str(s->doc->kind->type));
    json_write_member(j, "mesh", s->doc->mesh);
    json_write_member(j, "name", s->doc->name);
    json_write_member_bool(j, "builtIn", s->is_initial);
    put_place(j, place);
}

static void put_field(struct json_write *j, const struct explain_field *f)
{
    json_write_open(j, '{');
    json_write_member(j, "path", f->path);
    json_write_key(j, SPAN_LIT("value"));
    explain_write_value(j, f->row, f->value);
    json_write_key(j, SPAN_LIT("document"));
    json_write_open(j, '{');
    put_source(j, f->origin, node_place(f->place));
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("lost"));
    json_write_open(j, '[');
    for (const struct explain_loser *l = f->losers; l != NULL; l = l->next) {
        json_write_open(j, '{');
        json_write_key(j, SPAN_LIT("value"));
        explain_write_value(j, f->row, l->value);
        json_write_key(j, SPAN_LIT("document"));
        json_write_open(j, '{');
        put_source(j, l->statement, node_place(l->value));
        json_write_close(j, '}');
        json_write_member(j, "because", span_str(l->because));
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
    json_write_close(j, '}');
}

static void put_target(struct json_write *j, const char *key, const struct target_ref *ref)
{
    char words[WORDS_BYTES_MAX];
    struct text_write out;

    text_write_init(&out, words, sizeof(words));
    explain_say_target(&out, ref);
    json_write_member(j, key, span_of(words, text_write_length(&out)));
}

static void put_document(struct json_write *j, const struct explain_part *part, const struct effective_statement *s)
{
    json_write_open(j, '{');
    put_source(j, s, s->is_initial ? node_place(s->conf) : s->doc->place);
    put_target(j, "about", s->top);
    if (part->kind->policy->to_mask != 0 && !s->is_rule)
        put_target(j, "to", s->to);
    json_write_member(j, "origin", explain_label(s->doc, "kuma.io/origin"));
    json_write_member(j, "role", explain_label(s->doc, "kuma.io/policy-role"));
    json_write_member(j, "effect", s->doc->is_shadow ? SPAN_LIT("shadow") : SPAN_LIT("enforced"));
    json_write_member_u64(j, "fieldsInForce", explain_fields_of(part, s));
    json_write_close(j, '}');
}

static void put_part(struct json_write *j, const struct explain_part *part)
{
    char words[WORDS_BYTES_MAX];
    struct text_write out;

    json_write_open(j, '{');
    json_write_member(j, "kind", span_str(part->kind->type));
    json_write_member(j, "way", part->is_rule ? SPAN_LIT("rules") : SPAN_LIT("to"));
    if (part->match != NULL) {
        text_write_init(&out, words, sizeof(words));
        explain_say_match(&out, part->match);
        json_write_member(j, "match", span_of(words, text_write_length(&out)));
    }
    if (part->kind->not_enforced != NULL)
        json_write_member(j, "notEnforced", span_str(part->kind->not_enforced));
    json_write_key(j, SPAN_LIT("fields"));
    json_write_open(j, '[');
    for (const struct explain_field *f = part->fields; f != NULL; f = f->next)
        put_field(j, f);
    json_write_close(j, ']');
    json_write_key(j, SPAN_LIT("shadow"));
    json_write_open(j, '[');
    for (const struct explain_field *f = part->shadow_fields; f != NULL; f = f->next)
        put_field(j, f);
    json_write_close(j, ']');
    json_write_key(j, SPAN_LIT("documents"));
    json_write_open(j, '[');
    for (uint32_t i = part->with_shadow.statements_n; i > 0; i--)
        put_document(j, part, part->with_shadow.statements[i - 1]);
    json_write_close(j, ']');
    json_write_close(j, '}');
}

static void put_report(struct json_write *j, const struct explain_report *r)
{
    bool is_listener = r->subject.about == EFFECTIVE_LISTENER;

    json_write_open(j, '{');
    json_write_key(j, SPAN_LIT("subject"));
    json_write_open(j, '{');
    json_write_member(j, "kind", span_str(r->doc->kind->type));
    json_write_member(j, "mesh", r->subject.mesh);
    json_write_member(j, "name", is_listener ? r->listener : r->doc->name);
    if (r->listener.at != NULL)
        json_write_member(j, "listener", r->listener);
    put_place(j, r->doc->place);
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("listeners"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < r->listeners_n; i++)
        json_write_string(j, r->listeners[i]);
    json_write_close(j, ']');
    json_write_key(j, SPAN_LIT("policies"));
    json_write_open(j, '[');
    for (const struct explain_part *part = r->parts; part != NULL; part = part->next)
        put_part(j, part);
    json_write_close(j, ']');
    json_write_close(j, '}');
}

struct span explain_json(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena, const char **out_wrong)
{
    const struct explain_report *r = explain_report_make(set, ask, arena, out_wrong);
    struct conf_text text;
    struct json_write j;

    if (r == NULL)
        return SPAN_NONE;
    conf_text_open(&text, arena);
    json_write_init(&j, &text.out);
    put_report(&j, r);
    return conf_text_close(&text);
}
