/* explain_text.c - see explain_text.h; and the explanation for a terminal.
 *
 * Layer:  conf.
 */
#include "conf/explain_text.h"

#include <stdio.h>

#include "conf/conf_arena.h"
#include "conf/conf_text.h"
#include "conf/document.h"
#include "conf/explain_report.h"
#include "conf/field_value.h"
#include "conf/policy_spec.h"
#include "conf/target_ref.h"

enum { PATH_COLUMNS = 34, VALUE_COLUMNS = 14 };

/* ---- words ---- */

void explain_write_value(struct json_write *j, const struct field_row *row, const struct node *n)
{
    const struct object_table *table = row != NULL ? row->object : NULL;
    int64_t number;

    if (n == NULL || node_is_null(n)) {
        json_write_null(j);
    } else if (row != NULL && row->is_secret) {
        json_write_string(j, SPAN_LIT("***"));
    } else if (n->kind == NODE_MAP || n->kind == NODE_LIST) {
        json_write_open(j, n->kind == NODE_MAP ? '{' : '[');
        for (const struct node *child = n->first; child != NULL; child = child->next) {
            if (n->kind == NODE_MAP)
                json_write_key(j, child->key);
            explain_write_value(j, n->kind == NODE_LIST ? row : table != NULL ? field_find_row(table, child->key) : NULL, child);
        }
        json_write_close(j, n->kind == NODE_MAP ? '}' : ']');
    } else if (n->is_plain && value_plain_kind(n->text) == PLAIN_BOOL) {
        json_write_bool(j, (n->text.at[0] | 32) == 't');
    } else if (n->is_plain && value_plain_kind(n->text) == PLAIN_INT && value_int(n->text, &number) && number >= 0) {
        json_write_u64(j, (uint64_t)number);
    } else {
        json_write_string(j, n->text);
    }
}

void explain_say_value(struct text_write *out, const struct field_row *row, const struct node *n)
{
    struct json_write j;

    if (n != NULL && n->kind == NODE_SCALAR && (row == NULL || !row->is_secret)) {
        json_write_escaped(out, n->text);
        return;
    }
    json_write_init(&j, out);
    explain_write_value(&j, row, n);
}

static void say_pairs(struct text_write *out, const struct list *pairs)
{
    const struct map_item *items = pairs->items;

    for (uint32_t i = 0; i < pairs->n; i++) {
        text_write_str(out, i == 0 ? " {" : ", ");
        json_write_escaped(out, items[i].key);
        text_write_str(out, ": ");
        json_write_escaped(out, items[i].value);
    }
    if (pairs->n > 0)
        text_write_byte(out, '}');
}

void explain_say_target(struct text_write *out, const struct target_ref *ref)
{
    text_write_str(out, ref != NULL ? target_kinds[ref->kind].name : "Mesh");
    if (ref == NULL)
        return;
    if (ref->name.at != NULL) {
        text_write_byte(out, ' ');
        text_write_span(out, ref->name);
    }
    say_pairs(out, &ref->labels);
    say_pairs(out, &ref->tags);
    if (ref->section_name.at != NULL) {
        text_write_str(out, " section ");
        json_write_escaped(out, ref->section_name);
    }
}

void explain_say_match(struct text_write *out, const struct policy_match *match)
{
    if (match->sni != NULL)
        text_write_str(out, "sni ");
    json_write_escaped(out, match->sni != NULL ? match->sni->value : match->spiffe_id->value);
    if (match->spiffe_id != NULL && match->spiffe_id->type == PATTERN_PREFIX)
        text_write_str(out, "/...");
}

struct span explain_label(const struct conf_document *doc, const char *label)
{
    struct span value = field_map_find(&doc->labels, label);

    return value.at != NULL ? value : SPAN_LIT("");
}

/* ---- for a terminal ---- */

static void pad(struct text_write *out, size_t used, size_t columns)
{
    do
        text_write_byte(out, ' ');
    while (++used < columns);
}

static void say_source(struct text_write *out, const struct effective_statement *s, const struct node *place)
{
    text_write_str(out, s->doc->kind->type);
    text_write_byte(out, ' ');
    text_write_span(out, s->doc->name);
    if (s->is_initial) {
        text_write_str(out, " (built in)");
        return;
    }
    text_write_str(out, "  ");
    json_write_escaped(out, span_str(place->file));
    text_write_byte(out, ':');
    text_write_u64(out, place->line);
    text_write_byte(out, ':');
    text_write_u64(out, place->column);
}

static void say_field(struct text_write *out, const struct explain_field *f, const char *indent)
{
    const char *start;

    text_write_str(out, indent);
    text_write_span(out, f->path);
    pad(out, f->path.len, PATH_COLUMNS);
    start = out->at;
    if (f->value == NULL)
        text_write_str(out, "(taken out)");
    else
        explain_say_value(out, f->row, f->value);
    pad(out, (size_t)(out->at - start), VALUE_COLUMNS);
    say_source(out, f->origin, f->place);
    text_write_byte(out, '\n');
    for (const struct explain_loser *l = f->losers; l != NULL; l = l->next) {
        text_write_str(out, indent);
        text_write_str(out, "    not ");
        explain_say_value(out, f->row, l->value);
        text_write_str(out, " of ");
        say_source(out, l->statement, l->value);
        text_write_str(out, ": ");
        text_write_str(out, l->because);
        text_write_byte(out, '\n');
    }
}

static void say_document(struct text_write *out, const struct explain_part *part, const struct effective_statement *s)
{
    uint32_t n = explain_fields_of(part, s);

    text_write_str(out, "    ");
    say_source(out, s, s->conf);
    text_write_str(out, ", about ");
    explain_say_target(out, s->top);
    if (part->kind->policy->to_mask != 0 && !s->is_rule) {
        text_write_str(out, ", to ");
        explain_say_target(out, s->to);
    }
    if (s->doc->is_shadow)
        text_write_str(out, ": shadow, changes nothing");
    else if (n == 0)
        text_write_str(out, ": nothing of it is in force");
    text_write_byte(out, '\n');
}

static void say_part(struct text_write *out, const struct explain_part *part)
{
    text_write_str(out, "\n");
    text_write_str(out, part->kind->type);
    if (part->is_rule)
        text_write_str(out, part->match != NULL ? ", clients " : ", rules for all clients");
    if (part->match != NULL)
        explain_say_match(out, part->match);
    if (part->kind->not_enforced != NULL) {
        text_write_str(out, "  (not enforced by this version: ");
        text_write_str(out, part->kind->not_enforced);
        text_write_byte(out, ')');
    }
    text_write_byte(out, '\n');
    for (const struct explain_field *f = part->fields; f != NULL; f = f->next)
        say_field(out, f, "  ");
    if (part->shadow_fields != NULL)
        text_write_str(out, "  with its shadows enforced:\n");
    for (const struct explain_field *f = part->shadow_fields; f != NULL; f = f->next)
        say_field(out, f, "    ");
    text_write_str(out, "  documents, the strongest first:\n");
    for (uint32_t i = part->with_shadow.statements_n; i > 0; i--)
        say_document(out, part, part->with_shadow.statements[i - 1]);
}

static void say_report(struct text_write *out, const struct explain_report *r)
{
    bool is_listener = r->subject.about == EFFECTIVE_LISTENER;

    text_write_str(out, is_listener ? "listener" : r->doc->kind->type);
    text_write_byte(out, ' ');
    json_write_escaped(out, is_listener ? r->listener : r->doc->name);
    text_write_str(out, " in mesh ");
    text_write_span(out, r->subject.mesh);
    if (!is_listener && r->listener.at != NULL) {
        text_write_str(out, ", as ");
        json_write_escaped(out, r->listener);
        text_write_str(out, " serves it");
    }
    text_write_byte(out, '\n');
    for (uint32_t i = 0; i < r->listeners_n && r->listeners_n > 1; i++) {
        text_write_str(out, i == 0 ? "served by " : ", ");
        json_write_escaped(out, r->listeners[i]);
    }
    if (r->listeners_n > 1)
        text_write_byte(out, '\n');
    if (r->parts == NULL)
        text_write_str(out, "\nno policy says anything about it\n");
    for (const struct explain_part *part = r->parts; part != NULL; part = part->next)
        say_part(out, part);
}

struct span explain_text(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena, const char **out_wrong)
{
    const struct explain_report *r = explain_report_make(set, ask, arena, out_wrong);
    struct conf_text text;

    if (r == NULL)
        return SPAN_NONE;
    conf_text_open(&text, arena);
    say_report(&text.out, r);
    return conf_text_close(&text);
}
