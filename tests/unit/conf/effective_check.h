/* effective_check.h - what the tests of effective policies share: documents -> one line that says what is in force and who said it. */
#pragma once

#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/effective.h"
#include "conf/kind_mesh_gateway.h"
#include "unit/conf/conf_check.h"

enum { EFFECTIVE_LINE_BYTES_MAX = 4096 };

struct effective_check {
    struct diag       *diag;
    struct candidate  *candidate;
    struct conf_arena *arena;
    struct effective_set *set;
};

/* The texts are added in the order that is given; each may hold several documents. */
static inline void effective_check_open(struct effective_check *c, enum effective_view view, const char *const *texts, uint32_t n)
{
    char file[16];

    c->diag = malloc(sizeof(*c->diag));
    diag_init(c->diag);
    c->candidate = candidate_open(&(struct candidate_options){ .dir = NULL }, c->diag);
    c->arena = conf_arena_open(64 << 20);
    CHECK(c->candidate != NULL && c->arena != NULL, "memory\n");
    for (uint32_t i = 0; i < n; i++) {
        snprintf(file, sizeof(file), "%u.yaml", i);
        candidate_add(c->candidate, file, span_str(texts[i]));
    }
    CHECK(candidate_fill(c->candidate), "memory\n");
    if (c->diag->errors_n > 0)
        diag_print(c->diag, 2);
    CHECK(c->diag->errors_n == 0, "errors\n");
    c->set = effective_open(candidate_set(c->candidate), view, c->arena);
    CHECK(c->set != NULL, "memory\n");
}

static inline void effective_check_close(struct effective_check *c)
{
    conf_arena_close(c->arena);
    candidate_close(c->candidate);
    free(c->diag);
}

static inline const struct conf_document *effective_check_find(const struct effective_check *c, enum kind_id kind, const char *name)
{
    const struct conf_document *doc = conf_set_find(candidate_set(c->candidate), kind, SPAN_LIT("default"), span_str(name));

    CHECK(doc != NULL, "no document %s\n", name);
    return doc;
}

/* What is said about a thing at listener number `at` of the gateway `edge`; at < 0: at none. */
static inline struct effective_subject effective_check_subject(const struct effective_check *c, enum effective_about about, int at,
                                                               const char *route, const char *service)
{
    struct effective_subject s = { .about = about, .mesh = SPAN_LIT("default") };

    if (at >= 0) {
        s.gateway = effective_check_find(c, KIND_MESH_GATEWAY, "edge");
        s.listener = (const struct gateway_listener *)((const struct gateway_spec *)s.gateway->spec)->conf->listeners.items + at;
    }
    if (route != NULL)
        s.route = effective_check_find(c, KIND_MESH_HTTP_ROUTE, route);
    if (service != NULL)
        s.service = effective_check_find(c, KIND_MESH_EXTERNAL_SERVICE, service);
    return s;
}

static inline void effective_check_add(char *out, struct span text)
{
    size_t used = strlen(out);

    CHECK(used + text.len < EFFECTIVE_LINE_BYTES_MAX, "a line too long\n");
    memcpy(out + used, text.at, text.len);
    out[used + text.len] = '\0';
}

static inline void effective_check_walk(const struct effective *of, const struct node *n, const char *path, char *out)
{
    char below[EFFECTIVE_LINE_BYTES_MAX];

    for (const struct node *child = n->first; child != NULL; child = child->next) {
        below[0] = '\0';
        effective_check_add(below, span_str(path));
        effective_check_add(below, path[0] != '\0' ? SPAN_LIT(".") : SPAN_LIT(""));
        effective_check_add(below, n->kind == NODE_MAP ? child->key : SPAN_LIT("-"));
        if (strcmp(below, "targetRef") == 0)
            continue;
        if (child->kind != NODE_SCALAR) {
            effective_check_walk(of, child, below, out);
            continue;
        }
        const struct effective_statement *origin = effective_origin(of, child);
        CHECK(origin != NULL, "%s comes from nowhere\n", below);
        effective_check_add(out, span_str(below));
        effective_check_add(out, SPAN_LIT("="));
        effective_check_add(out, child->text);
        effective_check_add(out, SPAN_LIT(" ("));
        effective_check_add(out, origin->doc->name);
        effective_check_add(out, SPAN_LIT(") "));
    }
}

/* "http.requestTimeout=1s (name of the document) ..." */
static inline void effective_check_line(const struct effective *of, char *out)
{
    out[0] = '\0';
    CHECK(of != NULL, "memory\n");
    if (of->tree != NULL)
        effective_check_walk(of, of->tree, "", out);
    CHECK((of->tree == NULL) == (of->conf == NULL), "a tree and its struct go together\n");
}
