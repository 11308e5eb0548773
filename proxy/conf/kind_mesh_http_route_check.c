/* kind_mesh_http_route_check.c - what the tables of MeshHTTPRoute cannot say.
 *
 * Spec:   kuma-dialect.md 3.3 (validation), RFC 3986 s3.3 (path), RFC 9110 s5.5 (field values).
 * Layer:  conf.
 */
#include "conf/kind_mesh_http_route_check.h"

#include "base/must.h"
#include "conf/diag.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/kind_mesh_http_route.h"
#include "conf/policy_spec.h"
#include "conf/snapshot.h"

/* A path that a normalised request can have: from its slash, without query, fragment, blank, control or dot segments. */
static const char *path_wrong(struct span path)
{
    struct span rest = path, segment;

    if (path.len == 0 || path.at[0] != '/')
        return "must start with a slash";
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '?' || path.at[i] == '#')
            return "must be a path alone, without `?` or `#`: use `queryParams` for the query";
        if (path.at[i] <= ' ' || path.at[i] >= 0x7f)
            return "must have no blank, control or non-ASCII byte: write it percent-encoded";
    }
    while (span_next(&rest, '/', &segment))
        if (span_is(segment, SPAN_LIT(".")) || span_is(segment, SPAN_LIT("..")))
            return "must have no `.` or `..` segment: requests lose theirs before they are matched, so it never matches";
    return NULL;
}

static bool check_path(const struct path_match_spec *path, struct diag *diag)
{
    const char *wrong = NULL;

    if (path->type == MATCH_REGEX)
        return true; /* Compiled, and so checked, later. */
    wrong = path_wrong(path->value);
    if (wrong == NULL && path->type == MATCH_PREFIX && path->value.len > 1 && path->value.at[path->value.len - 1] == '/')
        wrong = "must not end with a slash: a prefix matches whole segments, so /a matches /a and /a/b";
    if (wrong != NULL)
        diag_error(diag, field_place(path, "value"), "`value` \"%.*s\" %s", SPAN_FMT(path->value), wrong);
    return wrong == NULL;
}

static bool check_header(const struct value_match_spec *h, struct diag *diag)
{
    bool takes_value = h->type != MATCH_PRESENT && h->type != MATCH_ABSENT;

    if (takes_value == (h->value.at != NULL))
        return true;
    diag_error(diag, field_place(h, takes_value ? "name" : "value"),
               takes_value ? "`value` is missing in this header match: only Present and Absent have none"
                           : "Present and Absent have no `value`: take it out");
    return false;
}

static bool check_match(const struct match_spec *match, struct diag *diag)
{
    const struct value_match_spec *headers = match->headers.items, *queries = match->queries.items;
    bool is_good = match->path == NULL || check_path(match->path, diag);

    for (uint32_t i = 0; i < match->headers.n; i++)
        is_good &= check_header(&headers[i], diag);
    for (uint32_t i = 0; i < match->queries.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (span_is(queries[i].name, queries[k].name)) {
                diag_error(diag, field_place(&queries[i], "name"),
                           "the query parameter `%.*s` is matched twice: keep one", SPAN_FMT(queries[i].name));
                is_good = false;
            }
    return is_good;
}

/* Headers that are the connection's own, or that we make: a filter that changed them would break framing. */
static const char *header_reserved(struct span name)
{
    static const struct { const char *name, *why; } rows[] = {
        { "host", "`host` is changed by a URLRewrite's `hostname`" },
        { "connection", NULL }, { "keep-alive", NULL }, { "proxy-connection", NULL }, { "transfer-encoding", NULL },
        { "upgrade", NULL }, { "te", NULL }, { "trailer", NULL }, { "content-length", NULL },
        { "http2-settings", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (span_is(name, span_str(rows[i].name)))
            return rows[i].why != NULL ? rows[i].why : "it belongs to the connection, which the gateway frames itself";
    return NULL;
}

struct seen_names {
    struct span names[64];
    uint32_t n;
};

static bool check_header_name(struct seen_names *seen, struct span name, struct diag_place place, struct diag *diag)
{
    const char *reserved = header_reserved(name);

    if (reserved != NULL) {
        diag_error(diag, place, "the header `%.*s` cannot be changed by a filter: %s", SPAN_FMT(name), reserved);
        return false;
    }
    for (uint32_t i = 0; i < seen->n; i++)
        if (span_is(seen->names[i], name)) {
            diag_error(diag, place, "the header `%.*s` has a second action in this filter: keep one", SPAN_FMT(name));
            return false;
        }
    if (seen->n < COUNT(seen->names))
        seen->names[seen->n++] = name;
    return true;
}

static bool check_name_values(struct seen_names *seen, const struct list *list, struct diag *diag)
{
    const struct name_value_spec *items = list->items;
    bool is_good = true;

    for (uint32_t i = 0; i < list->n; i++) {
        is_good &= check_header_name(seen, items[i].name, field_place(&items[i], "name"), diag);
        if (!value_is_header_value(items[i].value)) {
            diag_error(diag, field_place(&items[i], "value"),
                       "`value` cannot be sent: it has a control byte, or a blank at one of its ends");
            is_good = false;
        }
    }
    return is_good;
}

static bool check_modifier(const struct modifier_spec *m, struct diag *diag)
{
    const struct span *remove = m->remove.items;
    struct seen_names seen = { .n = 0 };
    bool is_good = true;

    is_good &= check_name_values(&seen, &m->set, diag);
    is_good &= check_name_values(&seen, &m->add, diag);
    for (uint32_t i = 0; i < m->remove.n; i++)
        is_good &= check_header_name(&seen, remove[i], node_place(m->remove.node), diag);
    return is_good;
}

static bool check_path_change(const struct path_change_spec *change, bool all_prefixes, struct diag *diag)
{
    bool is_full;
    const char *wrong;
    struct span path;

    if (change == NULL)
        return true;
    is_full = change->type == PATH_REPLACE_FULL;
    if ((is_full ? change->full.at : change->prefix.at) == NULL || (is_full ? change->prefix.at : change->full.at) != NULL) {
        diag_error(diag, field_place(change, "type"), "`type: %s` needs the field `%s`, and that one only",
                   is_full ? "ReplaceFullPath" : "ReplacePrefixMatch", is_full ? "replaceFullPath" : "replacePrefixMatch");
        return false;
    }
    if (!is_full && !all_prefixes) {
        diag_error(diag, field_place(change, "type"),
                   "`ReplacePrefixMatch` needs a PathPrefix in each of the rule's matches: write ReplaceFullPath");
        return false;
    }
    path = is_full ? change->full : change->prefix;
    wrong = path.len == 0 && !is_full ? NULL : path_wrong(path); /* "" takes the prefix away, as "/" does. */
    if (wrong != NULL)
        diag_error(diag, field_place(change, is_full ? "replaceFullPath" : "replacePrefixMatch"), "\"%.*s\" %s",
                   SPAN_FMT(path), wrong);
    return wrong == NULL;
}

static bool all_matches_are_prefixes(const struct rule_spec *rule)
{
    const struct match_spec *matches = rule->matches.items;

    for (uint32_t i = 0; i < rule->matches.n; i++)
        if (matches[i].path == NULL || matches[i].path->type != MATCH_PREFIX)
            return false;
    return true;
}

static bool check_filter(const struct filter_spec *f, const struct rule_spec *rule, struct diag *diag)
{
    static const char *const fields[FILTER_N] = {
        "requestHeaderModifier", "responseHeaderModifier", "requestRedirect", "urlRewrite", "requestMirror",
    };
    const bool is_there[FILTER_N] = {
        f->request != NULL, f->response != NULL, f->redirect != NULL, f->rewrite != NULL, f->mirror != NULL,
    };
    bool is_prefix = all_matches_are_prefixes(rule);
    bool is_good = true;

    for (uint32_t i = 0; i < FILTER_N; i++)
        if (is_there[i] != (i == f->type)) {
            diag_error(diag, field_place(f, "type"), "this filter's type needs the field `%s`, and that one only",
                       fields[f->type]);
            return false;
        }
    if (f->request != NULL)
        is_good &= check_modifier(f->request, diag);
    if (f->response != NULL)
        is_good &= check_modifier(f->response, diag);
    if (f->redirect != NULL)
        is_good &= check_path_change(f->redirect->path, is_prefix, diag);
    if (f->rewrite != NULL) {
        is_good &= check_path_change(f->rewrite->path, is_prefix, diag);
        if (f->rewrite->hostname.at != NULL && f->rewrite->host_to_backend == 1) {
            diag_error(diag, field_place(f->rewrite, "hostToBackendHostname"),
                       "`hostname` and `hostToBackendHostname` exclude each other: keep one");
            is_good = false;
        }
    }
    return is_good;
}

bool kind_mesh_http_route_check_rule(const struct rule_spec *rule, struct diag *diag)
{
    const struct match_spec *matches = rule->matches.items;
    const struct filter_spec *filters = rule->conf->filters.items;
    uint32_t seen = 0;
    bool is_good = true;

    for (uint32_t i = 0; i < rule->matches.n; i++)
        is_good &= check_match(&matches[i], diag);
    for (uint32_t i = 0; i < rule->conf->filters.n; i++) {
        if ((seen & (1u << filters[i].type)) != 0) {
            diag_error(diag, field_place(&filters[i], "type"), "this rule has a filter of that type already: join them");
            is_good = false;
        }
        seen |= 1u << filters[i].type;
        is_good &= check_filter(&filters[i], rule, diag);
    }
    if ((seen & (1u << FILTER_REQUEST_REDIRECT)) != 0 && (seen & (1u << FILTER_URL_REWRITE)) != 0) {
        diag_error(diag, node_place(rule->conf->filters.node),
                   "a redirect and a rewrite exclude each other: a redirected request reaches no backend");
        is_good = false;
    }
    return backend_spec_check(&rule->conf->backends, diag) && is_good;
}

bool kind_mesh_http_route_check(const struct conf_document *doc, struct diag *diag)
{
    const struct http_route_spec *spec = doc->spec;
    const struct route_to_spec *to = spec->to.items;
    bool is_good = target_ref_allow(spec->target, POLICY_TOP_KINDS & ~(1u << TARGET_MESH_HTTP_ROUTE), diag);

    for (uint32_t i = 0; i < spec->to.n; i++) {
        const struct rule_spec *rules = to[i].rules.items;
        is_good &= target_ref_allow(to[i].target, POLICY_TO_KINDS, diag);
        for (uint32_t k = 0; k < to[i].rules.n; k++)
            is_good &= kind_mesh_http_route_check_rule(&rules[k], diag);
    }
    return is_good;
}
