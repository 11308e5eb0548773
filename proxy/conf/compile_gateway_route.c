/* compile_gateway_route.c - MeshGatewayRoute -> the rules that a MeshHTTPRoute would have.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 *
 * Matches are the same structs already; filters and backends are written over, with the places of what was written. From there on
 * nobody knows which of the two kinds a rule came from.
 */
#include "base/must.h"
#include "conf/compile.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/kind_mesh_gateway_route.h"
#include "conf/kind_mesh_http_route_check.h"
#include "conf/kind_mesh_service.h"

static bool is_written(const struct gateway_route_rewrite *r)
{
    return r != NULL && (r->replace_full.at != NULL || r->replace_prefix_match.at != NULL);
}

/* NULL with the arena full, or when the path stays. */
static const struct path_change_spec *path_change(struct compile *c, const struct gateway_route_rewrite *r)
{
    struct path_change_spec *change = is_written(r) ? conf_arena_take(c->set->scratch, sizeof(*change)) : NULL;

    if (change != NULL)
        *change = (struct path_change_spec){ .node = r->node, .full = r->replace_full, .prefix = r->replace_prefix_match,
                                             .type = r->replace_full.at != NULL ? PATH_REPLACE_FULL : PATH_REPLACE_PREFIX };
    return change;
}

static bool write_redirect(struct compile *c, const struct gateway_route_redirect *from, struct filter_spec *out)
{
    struct redirect_spec *redirect = conf_arena_take(c->set->scratch, sizeof(*redirect));

    if (redirect == NULL)
        return false;
    *redirect = (struct redirect_spec){ .node = from->node, .scheme = from->scheme, .hostname = from->hostname,
                                        .path = path_change(c, from->path), .port = from->port, .status = from->status_code };
    out->type = FILTER_REQUEST_REDIRECT;
    out->redirect = redirect;
    return true;
}

static bool write_rewrite(struct compile *c, const struct gateway_route_rewrite *from, struct filter_spec *out)
{
    struct rewrite_spec *rewrite = conf_arena_take(c->set->scratch, sizeof(*rewrite));

    if (rewrite == NULL)
        return false;
    *rewrite = (struct rewrite_spec){ .node = from->node, .path = path_change(c, from),
                                      .host_to_backend = from->host_to_backend_hostname };
    out->type = FILTER_URL_REWRITE;
    out->rewrite = rewrite;
    return true;
}

static bool write_filters(struct compile *c, const struct list *from, struct list *out)
{
    const struct gateway_route_filter *items = from->items;
    struct filter_spec *filters = conf_arena_array(c->set->scratch, from->n, sizeof(*filters));

    if (filters == NULL)
        return false;
    for (uint32_t i = 0; i < from->n; i++) {
        filters[i].node = items[i].node;
        if (items[i].redirect != NULL ? !write_redirect(c, items[i].redirect, &filters[i])
                                      : items[i].rewrite != NULL && !write_rewrite(c, items[i].rewrite, &filters[i]))
            return false;
        filters[i].request = items[i].request_header;
        filters[i].response = items[i].response_header;
        if (items[i].request_header != NULL)
            filters[i].type = FILTER_REQUEST_HEADER_MODIFIER;
        else if (items[i].response_header != NULL)
            filters[i].type = FILTER_RESPONSE_HEADER_MODIFIER;
    }
    *out = (struct list){ filters, from->n, from->node };
    return true;
}

/* Which service a tag kuma.io/service means: a document of that name, else the Dataplanes that are tagged so. */
static int64_t kind_of(const struct compile *c, const struct conf_document *doc, struct span name, bool has_more_tags)
{
    const struct conf_document *service = conf_set_find(c->set, KIND_MESH_SERVICE, doc->mesh, name);

    if (has_more_tags)
        return TARGET_MESH_SERVICE_SUBSET;
    if (conf_set_find(c->set, KIND_MESH_EXTERNAL_SERVICE, doc->mesh, name) != NULL)
        return TARGET_MESH_EXTERNAL_SERVICE;
    /* A destination cannot say which of several ports it means. */
    return service != NULL && service->is_valid && ((const struct mesh_service_spec *)service->spec)->ports.n == 1
               ? TARGET_MESH_SERVICE : TARGET_MESH_SERVICE_SUBSET;
}

static bool write_backends(struct compile *c, const struct conf_document *doc, const struct list *from, struct list *out)
{
    const struct gateway_route_backend *items = from->items;
    struct backend_spec *backends = conf_arena_array(c->set->scratch, from->n, sizeof(*backends));

    if (backends == NULL)
        return false;
    for (uint32_t i = 0; i < from->n; i++) {
        const struct map_item *tags = items[i].destination.items;
        struct map_item *others = conf_arena_array(c->set->scratch, items[i].destination.n, sizeof(*others));
        uint32_t n = 0;
        if (others == NULL)
            return false;
        for (uint32_t k = 0; k < items[i].destination.n; k++)
            if (!span_is(tags[k].key, SPAN_LIT("kuma.io/service")))
                others[n++] = tags[k];
        backends[i] = (struct backend_spec){ .weight = items[i].weight, .port = FIELD_ABSENT };
        backends[i].ref.node = items[i].node;
        backends[i].ref.name = field_map_find(&items[i].destination, "kuma.io/service");
        backends[i].ref.kind = kind_of(c, doc, backends[i].ref.name, n > 0);
        backends[i].ref.tags = (struct list){ others, n, items[i].destination.node };
    }
    *out = (struct list){ backends, from->n, from->node };
    return true;
}

static bool write_rule(struct compile *c, const struct conf_document *doc, const struct gateway_route_rule *from,
                       struct rule_spec *out)
{
    struct rule_default_spec *conf = conf_arena_take(c->set->scratch, sizeof(*conf));

    if (conf == NULL || !write_filters(c, &from->filters, &conf->filters) ||
        !write_backends(c, doc, &from->backends, &conf->backends))
        return false;
    conf->node = from->node;
    *out = (struct rule_spec){ .node = from->node, .matches = from->matches, .conf = conf };
    return true;
}

/* The selectors as the tags of references: listeners have those of their gateway's data planes as well. */
static bool add_selectors(struct compile *c, const struct conf_document *doc, const struct route_to_spec *to)
{
    const struct gateway_route_spec *spec = doc->spec;
    const struct gateway_route_selector *selectors = spec->selectors.items;

    for (uint32_t i = 0; i < spec->selectors.n; i++) {
        struct target_ref *target = conf_arena_take(c->set->scratch, sizeof(*target));
        if (target == NULL)
            return false;
        *target = (struct target_ref){ .node = selectors[i].node, .kind = TARGET_MESH_GATEWAY, .tags = selectors[i].match };
        if (!compile_to(c, doc, to, 0, target, &c->tos[c->tos_n++]))
            return false;
    }
    return true;
}

uint32_t compile_gateway_routes_n(const struct compile *c)
{
    uint32_t n = 0;

    for (const struct conf_document *doc = c->set->first[KIND_MESH_GATEWAY_ROUTE]; doc != NULL; doc = doc->next)
        if (compile_shadow_acts(doc))
            n += ((const struct gateway_route_spec *)doc->spec)->selectors.n;
    return n;
}

uint32_t compile_gateway_backends_n(const struct compile *c)
{
    uint32_t n = 0;

    for (const struct conf_document *doc = c->set->first[KIND_MESH_GATEWAY_ROUTE]; doc != NULL; doc = doc->next) {
        const struct gateway_route_http *http = compile_shadow_acts(doc)
                                                    ? ((const struct gateway_route_spec *)doc->spec)->conf->http : NULL;
        for (uint32_t i = 0; http != NULL && i < http->rules.n; i++)
            n += ((const struct gateway_route_rule *)http->rules.items)[i].backends.n;
    }
    return n;
}

bool compile_gateway_routes(struct compile *c)
{
    for (const struct conf_document *doc = c->set->first[KIND_MESH_GATEWAY_ROUTE]; doc != NULL; doc = doc->next) {
        const struct gateway_route_http *http = compile_shadow_acts(doc)
                                                    ? ((const struct gateway_route_spec *)doc->spec)->conf->http : NULL;
        struct route_to_spec *to = http != NULL ? conf_arena_take(c->set->scratch, sizeof(*to)) : NULL;
        struct rule_spec *rules = http != NULL ? conf_arena_array(c->set->scratch, http->rules.n, sizeof(*rules)) : NULL;
        bool is_good = true;
        if (http == NULL)
            continue;
        if (to == NULL || rules == NULL)
            return false;
        for (uint32_t i = 0; i < http->rules.n; i++) {
            if (!write_rule(c, doc, &((const struct gateway_route_rule *)http->rules.items)[i], &rules[i]))
                return false;
            is_good &= kind_mesh_http_route_check_rule(&rules[i], c->set->diag);
        }
        *to = (struct route_to_spec){ .node = http->node, .hostnames = http->hostnames,
                                      .rules = { rules, http->rules.n, http->rules.node } };
        if (is_good && !add_selectors(c, doc, to))
            return false;
    }
    return true;
}
