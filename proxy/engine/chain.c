/* chain.c - run a route's policies: in order on the way in, reversed on the way out (policy/policy.h has the contract). */
#include <string.h>

#include "base/must.h"
#include "conf/chain.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "policy/policy.h"

static struct policy_view chain_view(struct engine *e, struct exchange *x)
{
    return (struct policy_view){
        .request = &x->request,
        .response = &x->response,
        .queues = &e->shard->queues,
        .rng = &e->shard->rng,
        .now_ns = e->shard->now_ns,
        .request_body_bytes = x->request_body_bytes,
    };
}

static const struct policy *chain_policy(const struct exchange *x, uint32_t at)
{
    MUST(at < x->route->chain_n && x->route->chain[at].policy < POLICY_LIST_N);
    return policy_list[x->route->chain[at].policy];
}

static void *chain_state_of(const struct exchange *x, uint32_t at)
{
    return x->chain_state == NULL ? NULL : x->chain_state + x->route->chain[at].exchange_offset;
}

/* The states are zeroed once, before the first hook. */
static enum why chain_start(struct exchange *x)
{
    if (x->route->chain_bytes == 0 || x->chain_state != NULL)
        return WHY_OK;
    x->chain_state = arena_take(&x->arena, x->route->chain_bytes);
    if (x->chain_state == NULL)
        return WHY_ARENA_FULL;
    memset(x->chain_state, 0, x->route->chain_bytes);
    return WHY_OK;
}

static void chain_note_bodies(struct exchange *x)
{
    for (uint32_t i = 0; i < x->route->chain_n; i++) {
        const struct policy *p = chain_policy(x, i);

        if (p->on_request_body != NULL || p->on_response_body != NULL)
            x->has_body_policy = true;
    }
}

enum why chain_request_head(struct engine *e, struct exchange *x, bool *out_holds, bool *out_cut)
{
    struct policy_view view = chain_view(e, x);
    enum why why;

    *out_holds = *out_cut = false;
    if (x->route == NULL || x->route->chain_n == 0)
        return WHY_OK;
    if (x->chain_at == 0) {
        if ((why = chain_start(x)) != WHY_OK)
            return why;
        chain_note_bodies(x);
    }
    while (x->chain_is_held || x->chain_at < x->route->chain_n) {
        /* A policy counts as started before its first hook, so that on_end follows even if it holds to the end. */
        uint32_t at = x->chain_is_held ? x->chain_at - 1U : x->chain_at++;
        const struct policy *p = chain_policy(x, at);
        enum verdict verdict = POLICY_GO;

        x->chain_is_held = false;
        why = WHY_OK;
        if (p->on_request_head != NULL)
            verdict = p->on_request_head(x->route->chain[at].conf, NULL, chain_state_of(x, at), &view, &why);
        if (verdict == POLICY_HOLD) {
            x->chain_is_held = true;
            *out_holds = true;
            return WHY_OK;
        }
        if (verdict != POLICY_GO) {
            MUST(why != WHY_OK);
            *out_cut = verdict == POLICY_KILL;
            return why;
        }
    }
    return x->arena.is_full ? WHY_ARENA_FULL : WHY_OK;
}

enum why chain_response_head(struct engine *e, struct exchange *x, bool *out_cut)
{
    struct policy_view view = chain_view(e, x);

    *out_cut = false;
    for (uint32_t at = x->chain_at; at-- > 0;) {
        const struct policy *p = chain_policy(x, at);
        enum why why = WHY_OK;

        if (p->on_response_head == NULL)
            continue;
        if (p->on_response_head(x->route->chain[at].conf, NULL, chain_state_of(x, at), &view, &why) != POLICY_GO) {
            MUST(why != WHY_OK);
            return why;
        }
    }
    return WHY_OK;
}

enum why chain_request_body(struct engine *e, struct exchange *x, struct bufq *piece, bool is_end)
{
    struct policy_view view = chain_view(e, x);

    for (uint32_t at = 0; at < x->chain_at; at++) {
        const struct policy *p = chain_policy(x, at);
        enum why why = WHY_OK;

        if (p->on_request_body == NULL)
            continue;
        if (p->on_request_body(x->route->chain[at].conf, NULL, chain_state_of(x, at), &view, piece, is_end, &why) != POLICY_GO) {
            MUST(why != WHY_OK);
            return why;
        }
    }
    return WHY_OK;
}

enum why chain_response_body(struct engine *e, struct exchange *x, struct bufq *piece, bool is_end)
{
    struct policy_view view = chain_view(e, x);

    for (uint32_t at = x->chain_at; at-- > 0;) {
        const struct policy *p = chain_policy(x, at);
        enum why why = WHY_OK;

        if (p->on_response_body == NULL)
            continue;
        if (p->on_response_body(x->route->chain[at].conf, NULL, chain_state_of(x, at), &view, piece, is_end, &why) !=
            POLICY_GO) {
            MUST(why != WHY_OK);
            return why;
        }
    }
    return WHY_OK;
}

void chain_end(struct engine *e, struct exchange *x)
{
    struct policy_view view = chain_view(e, x);

    while (x->chain_at > 0) {
        uint32_t at = --x->chain_at;
        const struct policy *p = chain_policy(x, at);

        if (p->on_end != NULL)
            p->on_end(x->route->chain[at].conf, NULL, chain_state_of(x, at), &view, (enum why)x->why);
    }
}
