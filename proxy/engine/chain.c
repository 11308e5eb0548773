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

static void chain_note_bodies(struct exchange *x)
{
    for (uint32_t i = 0; i < x->route->chain_n; i++) {
        const struct policy *p = chain_policy(x, i);

        if (p->on_request_body != NULL || p->on_response_body != NULL)
            x->has_body_policy = true;
    }
}

/* The states are zeroed once, before the first hook. */
enum why chain_start(struct exchange *x)
{
    chain_note_bodies(x);
    if (x->route->chain_bytes == 0 || x->chain_state != NULL)
        return WHY_OK;
    x->chain_state = arena_take(&x->arena, x->route->chain_bytes);
    if (x->chain_state == NULL)
        return WHY_ARENA_FULL;
    memset(x->chain_state, 0, x->route->chain_bytes);
    return WHY_OK;
}

/* A policy counts as started before its first hook, so that on_end follows even if it holds to the end. */
static enum verdict ask_head(struct exchange *x, uint32_t at, struct policy_view *view, enum why *out_why)
{
    const struct policy *p = chain_policy(x, at);
    enum verdict verdict = POLICY_GO;

    x->chain_at = (uint8_t)(at + 1);
    *out_why = WHY_OK;
    if (p->on_request_head != NULL)
        verdict = p->on_request_head(x->route->chain[at].conf, NULL, chain_state_of(x, at), view, out_why);
    MUST(verdict == POLICY_GO || verdict == POLICY_HOLD || *out_why != WHY_OK);
    return verdict;
}

enum verdict chain_request_head_at(struct engine *e, struct exchange *x, uint32_t at, enum why *out_why)
{
    struct policy_view view = chain_view(e, x);

    return ask_head(x, at, &view, out_why);
}

enum why chain_request_head(struct engine *e, struct exchange *x, bool *out_holds, bool *out_cut)
{
    struct policy_view view = chain_view(e, x);
    enum why why;

    *out_holds = *out_cut = false;
    if (x->route == NULL || x->route->chain_n == 0)
        return WHY_OK;
    if (x->chain_at == 0 && (why = chain_start(x)) != WHY_OK)
        return why;
    while (x->chain_is_held || x->chain_at < x->route->chain_n) {
        uint32_t at = x->chain_is_held ? x->chain_at - 1U : x->chain_at;
        enum verdict verdict = ask_head(x, at, &view, &why);

        if (verdict != POLICY_GO && x->route->chain[at].is_shadow) {
            if (verdict != POLICY_HOLD)
                exchange_shadow_refuse(e, x, at, why);
            verdict = POLICY_GO; /* It may look, and say, and that is all. */
        }

        x->chain_is_held = verdict == POLICY_HOLD;
        if (verdict == POLICY_HOLD) {
            *out_holds = true;
            return WHY_OK;
        }
        if (verdict != POLICY_GO) {
            x->refused_at = (uint8_t)(at + 1);
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
            if (!x->route->chain[at].is_shadow)
                return why;
            exchange_shadow_refuse(e, x, at, why);
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
            if (!x->route->chain[at].is_shadow) {
                x->refused_at = (uint8_t)(at + 1);
                return why;
            }
            exchange_shadow_refuse(e, x, at, why);
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
            if (!x->route->chain[at].is_shadow)
                return why;
            exchange_shadow_refuse(e, x, at, why);
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
