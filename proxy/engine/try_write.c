/* try_write.c - what became of a request, as JSON and as text for a terminal.
 *
 * Layer:  engine.
 *
 * All values are escaped in both: what a request says cannot move a cursor.
 */
#include "engine/try.h"

#include <stdio.h>
#include <string.h>

#include "proto/json_write.h"

static const char *const step_names[] = {
    [TRY_LISTENER] = "listener", [TRY_TLS] = "tls", [TRY_HEAD] = "head", [TRY_PATH] = "path", [TRY_HOST] = "host",
    [TRY_ROUTE] = "route", [TRY_SHADOW] = "shadow", [TRY_FORWARD] = "forwarded", [TRY_POLICY] = "policy", [TRY_REDIRECT] = "redirect",
    [TRY_UPSTREAM] = "upstream", [TRY_REWRITE] = "rewrite", [TRY_ANSWER] = "answer",
};
static const char *const change_names[] = { [TRY_ADDED] = "added", [TRY_CHANGED] = "changed", [TRY_REMOVED] = "removed" };
static const char *const miss_names[] = {
    [ROUTER_MISS_NONE] = "nothing", [ROUTER_MISS_PATH] = "path", [ROUTER_MISS_METHOD] = "method",
    [ROUTER_MISS_HEADER] = "header", [ROUTER_MISS_QUERY] = "query",
};
static const char *const match_names[] = {
    [MATCH_EXACT] = "Exact", [MATCH_PREFIX] = "Prefix", [MATCH_REGEX] = "RegularExpression", [MATCH_PRESENT] = "Present",
    [MATCH_ABSENT] = "Absent",
};

const char *try_outcome(const struct try_result *r)
{
    if (r->why != WHY_OK)
        return r->status != 0 ? "refused" : "cut";
    return r->location.len > 0 ? "redirect" : "upstream";
}

const char *try_policy_verdict(const struct try_policy *p)
{
    if (p->is_held)
        return "hold";
    return p->why == WHY_OK ? "go" : p->is_shadow ? "would-refuse" : "refuse";
}

const char *try_where(const struct rule_origin *o, char out[TRY_WHERE_BYTES])
{
    if (strcmp(o->type, "MeshGatewayRoute") == 0)
        snprintf(out, TRY_WHERE_BYTES, "%s %.*s, conf.http.rules[%u]", o->type, SPAN_FMT(o->document), o->rule);
    else
        snprintf(out, TRY_WHERE_BYTES, "%s %.*s, spec.to[%u].rules[%u]", o->type, SPAN_FMT(o->document), o->to, o->rule);
    return out;
}

/* What a match wants of a path, as its document says it. */
static struct span wanted_path(const struct route_match *m)
{
    return !m->has_path || m->path.len == 0 ? SPAN_LIT("/") : m->path;
}

/* What the failing condition wants: its type and its value. */
static void wanted(const struct try_near *near, const char **out_type, struct span *out_value)
{
    const struct route_match *m = &near->route->match;

    *out_type = "";
    *out_value = SPAN_NONE;
    switch (near->missed.first) {
    case ROUTER_MISS_NONE:
        return;
    case ROUTER_MISS_PATH:
        *out_type = m->path_type == MATCH_PREFIX ? "PathPrefix" : match_names[m->path_type];
        *out_value = wanted_path(m);
        return;
    case ROUTER_MISS_METHOD:
        *out_type = "Exact";
        *out_value = method_name((enum method)m->method);
        return;
    case ROUTER_MISS_HEADER:
    case ROUTER_MISS_QUERY:
        *out_type = match_names[near->missed.value->type];
        *out_value = near->missed.value->value;
        return;
    }
    must_not_reach("miss");
}

/* ---- JSON ---- */

static void key(struct json_write *j, const char *name)
{
    json_write_key(j, span_str(name));
}

static void member_or_null(struct json_write *j, const char *name, struct span value)
{
    key(j, name);
    if (value.at == NULL)
        json_write_null(j);
    else
        json_write_string(j, value);
}

static void origin_json(struct json_write *j, const char *name, const struct route *route)
{
    key(j, name);
    if (route == NULL) {
        json_write_null(j);
        return;
    }
    json_write_open(j, '{');
    json_write_member(j, "type", span_str(route->origin->type));
    json_write_member(j, "mesh", route->origin->mesh);
    json_write_member(j, "name", route->origin->document);
    json_write_member_u64(j, "to", route->origin->to);
    json_write_member_u64(j, "rule", route->origin->rule);
    json_write_member(j, "file", route->origin->file);
    json_write_member_u64(j, "line", route->origin->line);
    json_write_close(j, '}');
}

static void changes_json(struct json_write *j, const char *name, const struct try_changes *changes)
{
    key(j, name);
    json_write_open(j, '[');
    for (uint32_t i = 0; i < changes->n; i++) {
        const struct try_change *c = &changes->items[i];
        json_write_open(j, '{');
        json_write_member(j, "change", span_str(change_names[c->kind]));
        json_write_member(j, "name", c->name);
        member_or_null(j, "value", c->value);
        member_or_null(j, "was", c->was);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void near_json(struct json_write *j, const struct try_result *r)
{
    key(j, "nearMisses");
    json_write_open(j, '[');
    for (uint32_t i = 0; i < r->near_n; i++) {
        const struct try_near *near = &r->near[i];
        const char *type;
        struct span value;
        wanted(near, &type, &value);
        json_write_open(j, '{');
        origin_json(j, "route", near->route);
        json_write_member(j, "failed", span_str(miss_names[near->missed.first]));
        if (near->missed.value != NULL)
            json_write_member(j, "name", near->missed.value->name);
        json_write_member(j, "wantedType", span_str(type));
        member_or_null(j, "wanted", value);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void policies_json(struct json_write *j, const struct try_result *r)
{
    key(j, "policies");
    json_write_open(j, '[');
    for (uint32_t i = 0; i < r->policies_n; i++) {
        const struct try_policy *p = &r->policies[i];
        json_write_open(j, '{');
        json_write_member(j, "name", span_str(p->name));
        json_write_member(j, "verdict", span_str(try_policy_verdict(p)));
        json_write_member(j, "why", span_str(why_name(p->why)));
        json_write_member_bool(j, "isShadow", p->is_shadow);
        json_write_member_bool(j, "isByBody", p->is_by_body);
        changes_json(j, "changes", &p->changes);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void upstreams_json(struct json_write *j, const struct try_result *r, const struct snapshot *snapshot)
{
    uint32_t n = r->route != NULL ? r->route->backends_n : 0;

    key(j, "upstreams");
    json_write_open(j, '[');
    for (uint32_t i = 0; i < n && i < TRY_BACKENDS_MAX; i++) {
        const struct upstream *u = &snapshot->upstreams[r->route->backends[i].upstream];
        json_write_open(j, '{');
        json_write_member(j, "name", u->name);
        json_write_member_u64(j, "weight", r->route->backends[i].weight);
        json_write_member_bool(j, "isDrawn", u == r->upstream);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void request_json(struct json_write *j, const struct head *request)
{
    key(j, "request");
    if (request == NULL) {
        json_write_null(j);
        return;
    }
    json_write_open(j, '{');
    json_write_member(j, "method", request->method_text);
    json_write_member(j, "authority", request->authority);
    json_write_member(j, "target", request->target);
    key(j, "headers");
    json_write_open(j, '[');
    for (uint32_t i = 0; i < request->fields_n; i++) {
        json_write_open(j, '[');
        json_write_string(j, request->fields[i].name);
        json_write_string(j, request->fields[i].value);
        json_write_close(j, ']');
    }
    json_write_close(j, ']');
    json_write_close(j, '}');
}

static void steps_json(struct json_write *j, const struct try_result *r)
{
    key(j, "steps");
    json_write_open(j, '[');
    for (uint32_t i = 0; i < r->steps_n; i++) {
        json_write_open(j, '{');
        json_write_member(j, "step", span_str(step_names[r->steps[i].kind]));
        json_write_member(j, "why", span_str(why_name(r->steps[i].why)));
        json_write_member(j, "says", r->steps[i].says);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

void try_json(const struct try_result *r, const struct snapshot *snapshot, struct text_write *out)
{
    struct json_write j;

    json_write_init(&j, out);
    json_write_open(&j, '{');
    json_write_member_u64(&j, "generation", snapshot->generation);
    json_write_member(&j, "outcome", span_str(try_outcome(r)));
    json_write_member(&j, "why", span_str(why_name(r->why)));
    json_write_member(&j, "detail", span_str(r->why != WHY_OK ? why_sentence(r->why) : ""));
    key(&j, "status");
    if (r->status == 0)
        json_write_null(&j);
    else
        json_write_u64(&j, r->status);
    member_or_null(&j, "location", r->location);
    member_or_null(&j, "listener", r->listener != NULL ? r->listener->name : SPAN_NONE);
    member_or_null(&j, "host", r->host != NULL ? r->host->hostname : SPAN_NONE);
    member_or_null(&j, "path", r->path);
    member_or_null(&j, "client", r->client.len > 0 ? r->client : SPAN_NONE);
    origin_json(&j, "route", r->route);
    origin_json(&j, "shadowRoute", r->shadow_route);
    near_json(&j, r);
    changes_json(&j, "forwarded", &r->forwarded);
    policies_json(&j, r);
    upstreams_json(&j, r, snapshot);
    member_or_null(&j, "upstream", r->upstream != NULL ? r->upstream->name : SPAN_NONE);
    changes_json(&j, "rewritten", &r->rewritten);
    request_json(&j, r->request);
    steps_json(&j, r);
    json_write_close(&j, '}');
}

/* ---- text ---- */

static void safe(struct text_write *out, struct span value)
{
    json_write_escaped(out, value);
}

static void changes_text(struct text_write *out, const struct try_changes *changes)
{
    static const char marks[] = { [TRY_ADDED] = '+', [TRY_CHANGED] = '~', [TRY_REMOVED] = '-' };

    for (uint32_t i = 0; i < changes->n; i++) {
        const struct try_change *c = &changes->items[i];
        text_write_str(out, "               ");
        text_write_byte(out, marks[c->kind]);
        text_write_byte(out, ' ');
        safe(out, c->name);
        text_write_str(out, ": ");
        safe(out, c->kind == TRY_REMOVED ? c->was : c->value);
        if (c->kind == TRY_CHANGED) {
            text_write_str(out, "  (was ");
            safe(out, c->was);
            text_write_byte(out, ')');
        }
        text_write_byte(out, '\n');
    }
}

static void near_text(struct text_write *out, const struct try_near *near)
{
    char where[TRY_WHERE_BYTES];
    const char *type;
    struct span value;

    wanted(near, &type, &value);
    text_write_str(out, "               near: ");
    safe(out, span_str(try_where(near->route->origin, where)));
    text_write_str(out, ", ");
    if (near->missed.n == 0) {
        text_write_str(out, "matches as well, and is weaker\n");
        return;
    }
    text_write_str(out, "but wants ");
    text_write_str(out, miss_names[near->missed.first]);
    text_write_byte(out, ' ');
    if (near->missed.value != NULL) {
        safe(out, near->missed.value->name);
        text_write_byte(out, ' ');
    }
    text_write_str(out, type);
    text_write_byte(out, ' ');
    safe(out, value);
    text_write_byte(out, '\n');
}

static void request_text(struct text_write *out, const struct head *request)
{
    safe(out, request->method_text);
    text_write_byte(out, ' ');
    safe(out, request->target);
    text_write_str(out, "\nhost: ");
    safe(out, request->authority);
    text_write_byte(out, '\n');
    for (uint32_t i = 0; i < request->fields_n; i++) {
        safe(out, request->fields[i].name);
        text_write_str(out, ": ");
        safe(out, request->fields[i].value);
        text_write_byte(out, '\n');
    }
}

static void upstreams_text(struct text_write *out, const struct try_result *r, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; r->route->backends_n > 1 && i < r->route->backends_n && i < TRY_BACKENDS_MAX; i++) {
        const struct upstream *u = &snapshot->upstreams[r->route->backends[i].upstream];
        text_write_str(out, u == r->upstream ? "               > " : "                 ");
        safe(out, u->name);
        text_write_str(out, ", ");
        text_write_u64(out, r->route->backends[i].weight);
        text_write_str(out, " of ");
        text_write_u64(out, r->route->weight_sum);
        text_write_byte(out, '\n');
    }
}

static void step_text(struct text_write *out, const struct try_step *step)
{
    static const char pad[] = "          ";
    struct span name = span_str(step_names[step->kind]);

    text_write_str(out, step->why == WHY_OK ? "ok   " : "no   ");
    text_write_span(out, name);
    text_write_span(out, span_of(pad, name.len < 10 ? 10 - name.len : 1));
    safe(out, step->says);
    if (step->why != WHY_OK && step->kind != TRY_ANSWER) {
        text_write_str(out, " [");
        text_write_str(out, why_name(step->why));
        text_write_byte(out, ']');
    }
    text_write_byte(out, '\n');
}

void try_text(const struct try_result *r, const struct snapshot *snapshot, struct text_write *out)
{
    uint32_t policy = 0;

    for (uint32_t i = 0; i < r->steps_n; i++) {
        step_text(out, &r->steps[i]);
        switch (r->steps[i].kind) {
        case TRY_ROUTE:
            for (uint32_t k = 0; k < r->near_n; k++)
                near_text(out, &r->near[k]);
            break;
        case TRY_FORWARD:
            changes_text(out, &r->forwarded);
            break;
        case TRY_POLICY:
            if (policy < r->policies_n)
                changes_text(out, &r->policies[policy++].changes);
            break;
        case TRY_UPSTREAM:
            if (r->route != NULL)
                upstreams_text(out, r, snapshot);
            break;
        case TRY_REWRITE:
            changes_text(out, &r->rewritten);
            break;
        case TRY_LISTENER:
        case TRY_TLS:
        case TRY_HEAD:
        case TRY_PATH:
        case TRY_SHADOW:
        case TRY_HOST:
        case TRY_REDIRECT:
        case TRY_ANSWER:
            break;
        }
    }
    if (r->request != NULL) {
        text_write_byte(out, '\n');
        request_text(out, r->request);
    }
}
