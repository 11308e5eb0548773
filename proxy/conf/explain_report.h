/* explain_report.h - what explain.h says, before it is written down.
 *
 * Layer:  conf, internal to explain.
 * Owner:  the arena.
 */
#pragma once

#include <stdbool.h>

#include "conf/effective.h"
#include "conf/explain.h"

/* Somebody else said something about a field, and lost. */
struct explain_loser {
    const struct node                *value;     /* may be a null */
    const struct effective_statement *statement;
    const char                       *because;
    struct explain_loser             *next;      /* the next weaker */
};

struct explain_field {
    struct span                       path;
    const struct node                *value;     /* NULL: somebody's null took it out */
    const struct node                *place;     /* of the value, or of that null */
    const struct effective_statement *origin;
    const struct field_row           *row;       /* or NULL */
    struct explain_loser             *losers;
    struct explain_field             *next;
};

/* Of one kind, `to` (with `default`, and flat kinds) or the rules of one match. */
struct explain_part {
    const struct kind          *kind;
    bool                        is_rule;
    const struct policy_match  *match;           /* NULL: everybody's */
    struct effective            effective, with_shadow;
    struct explain_field       *fields, *shadow_fields;
    struct explain_part        *next;
};

struct explain_report {
    struct effective_subject    subject;
    const struct conf_document *doc;             /* the gateway, route or service */
    struct span                 listener;        /* "edge:8080", or SPAN_NONE */
    const struct span          *listeners;       /* of a route: all that serve it */
    uint32_t                    listeners_n;
    struct explain_part        *parts;
};

/* NULL: *out_wrong as in explain.h. */
const struct explain_report *explain_report_make(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena,
                                                 const char **out_wrong);
/* What is asked about. NULL: found, or memory is out; else the sentence. */
const char *explain_subject_find(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena,
                                 struct explain_report *out);
/* How many of the fields came from this statement. */
uint32_t explain_fields_of(const struct explain_part *part, const struct effective_statement *s);
