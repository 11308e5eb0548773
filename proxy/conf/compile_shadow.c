/* compile_shadow.c - see compile_shadow.h.
 *
 * Layer:  conf.
 */
#include "conf/compile_shadow.h"

#include "base/limits.h"
#include "conf/chain.h"
#include "conf/compile.h"
#include "conf/conf_arena.h"

enum {
    REASON_TIMEOUT = POLICY_LIST_N, /* before it: policies */
    REASON_ROUTE,
    REASONS_N,
};

bool compile_shadow_acts(const struct conf_document *doc)
{
    return doc->is_valid && !doc->is_refused;
}

bool compile_shadow_begin(struct compile *c)
{
    struct shadow_plan plan = { .cells_n = 0 };
    uint32_t orders_n = 0;

    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next) {
            orders_n = doc->order >= orders_n ? doc->order + 1 : orders_n;
            if (!doc->is_shadow || !compile_shadow_acts(doc))
                continue;
            plan.has_routes |= kind == KIND_MESH_HTTP_ROUTE || kind == KIND_MESH_GATEWAY_ROUTE;
            plan.has_policies |= kind == KIND_FORGE_BODY_CAP || kind == KIND_MESH_TIMEOUT;
        }
    if (!plan.has_routes && !plan.has_policies)
        return true;
    /* Address space for the worst case; what is not used is not touched. */
    plan.cells = conf_arena_array(c->set->scratch,
                                  ((size_t)c->set->n[KIND_MESH_HTTP_ROUTE] + c->set->n[KIND_MESH_GATEWAY_ROUTE]) * REASONS_N,
                                  sizeof(*plan.cells));
    plan.by_document = conf_arena_array(c->set->scratch, (size_t)orders_n * REASONS_N, sizeof(*plan.by_document));
    c->shadow = conf_arena_take(c->set->scratch, sizeof(*c->shadow));
    if (plan.cells == NULL || plan.by_document == NULL || c->shadow == NULL)
        return false;
    *c->shadow = plan;
    return true;
}

uint32_t compile_shadow_cell(struct compile *c, const struct conf_document *route, enum shadow_what what, uint32_t policy)
{
    struct shadow_plan *plan = c->shadow;
    uint32_t reason = what == SHADOW_POLICY ? policy : what == SHADOW_TIMEOUT ? REASON_TIMEOUT : REASON_ROUTE;
    uint32_t *number;

    MUST(reason < REASONS_N);
    number = &plan->by_document[(size_t)route->order * REASONS_N + reason];
    if (*number == 0) {
        plan->cells[plan->cells_n++] = (struct shadow_cell){ .what = what, .policy = policy, .mesh = route->mesh, .route = route->name };
        *number = plan->cells_n;
    }
    return *number - 1;
}

bool compile_shadow_end(struct compile *c)
{
    struct snapshot *s = c->snapshot;
    struct shadow_cell *cells;
    uint32_t n = c->shadow != NULL ? c->shadow->cells_n : 0;

    if (n == 0)
        return true;
    cells = conf_arena_array(c->arena, n, sizeof(*cells));
    s->shadow_counts = conf_arena_array(c->arena, (size_t)n * (WORKERS_MAX + 1), sizeof(*s->shadow_counts));
    if (cells == NULL || s->shadow_counts == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        cells[i] = c->shadow->cells[i];
        cells[i].mesh = conf_arena_copy(c->arena, cells[i].mesh);
        cells[i].route = conf_arena_copy(c->arena, cells[i].route);
        if (cells[i].mesh.at == NULL || cells[i].route.at == NULL)
            return false;
    }
    s->shadow_cells = cells;
    s->shadow_cells_n = n;
    return true;
}
