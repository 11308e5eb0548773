/* pedant.c - test-only: stops the program when the engine breaks the contract of policy.h.
 *
 * Layer:  policy.
 * Hooks:  all. Changes nothing.
 * State:  exchange: what it was told so far.
 *
 * Everything here is a MUST on purpose: whatever a peer does, the engine owes each policy this order, so a broken one
 * is a bug of ours. on_end that never came is seen from outside, by pools that are not empty after a test.
 */
#include "base/must.h"
#include "policy/policy_list.h"

struct pedant_state {
    uint64_t request_bytes, response_bytes;
    bool     has_request_head, has_request_end;
    bool     has_response_head, has_response_end;
    bool     has_ended;
};

static void view_check(const struct policy_view *view)
{
    MUST(view != NULL && view->request != NULL && view->queues != NULL && view->rng != NULL);
    MUST(view->now_ns > 0);
    MUST(view->request->fields_n <= view->request->fields_cap);
}

/* A queue that is what it says. */
static void piece_check(const struct bufq *piece)
{
    uint32_t bytes = 0, segs = 0;

    for (const struct bufseg *seg = piece->first; seg != NULL; seg = seg->next) {
        MUST(seg->buf != NULL && seg->buf->refs > 0);
        MUST(seg->at >= seg->buf->mem && seg->at + seg->len <= seg->buf->mem + seg->buf->bytes);
        MUST(seg->next != NULL || piece->last == seg);
        bytes += seg->len;
        segs++;
    }
    MUST(bytes == piece->bytes && segs == piece->segs);
}

static enum verdict pedant_request_head(const void *conf, void *worker, void *state, struct policy_view *view,
                                        enum why *out_why)
{
    struct pedant_state *s = state;

    UNUSED(conf);
    UNUSED(worker);
    MUST(!s->has_request_head && !s->has_response_head && !s->has_ended);
    view_check(view);
    MUST(view->request->method != METHOD_OTHER && view->request->target.len > 0);
    MUST(view->request_body_bytes == 0 && *out_why == WHY_OK);
    s->has_request_head = true;
    return POLICY_GO;
}

static enum verdict pedant_request_body(const void *conf, void *worker, void *state, struct policy_view *view,
                                        struct bufq *piece, bool is_end, enum why *out_why)
{
    struct pedant_state *s = state;

    UNUSED(conf);
    UNUSED(worker);
    MUST(s->has_request_head && !s->has_request_end && !s->has_ended);
    view_check(view);
    piece_check(piece);
    /* Policies before us may have eaten, none may have added. */
    MUST(s->request_bytes <= view->request_body_bytes && *out_why == WHY_OK);
    s->request_bytes += piece->bytes;
    s->has_request_end = is_end;
    return POLICY_GO;
}

static enum verdict pedant_response_head(const void *conf, void *worker, void *state, struct policy_view *view,
                                         enum why *out_why)
{
    struct pedant_state *s = state;

    UNUSED(conf);
    UNUSED(worker);
    MUST(s->has_request_head && !s->has_response_head && !s->has_ended);
    view_check(view);
    MUST(view->response != NULL && view->response->status >= 101 && view->response->status <= 599);
    MUST(s->response_bytes == 0 && *out_why == WHY_OK);
    s->has_response_head = true;
    return POLICY_GO;
}

static enum verdict pedant_response_body(const void *conf, void *worker, void *state, struct policy_view *view,
                                         struct bufq *piece, bool is_end, enum why *out_why)
{
    struct pedant_state *s = state;

    UNUSED(conf);
    UNUSED(worker);
    MUST(s->has_response_head && !s->has_response_end && !s->has_ended);
    view_check(view);
    piece_check(piece);
    MUST(*out_why == WHY_OK);
    s->response_bytes += piece->bytes;
    s->has_response_end = is_end;
    return POLICY_GO;
}

static void pedant_end(const void *conf, void *worker, void *state, const struct policy_view *view, enum why why)
{
    struct pedant_state *s = state;

    UNUSED(conf);
    UNUSED(worker);
    MUST(s->has_request_head && !s->has_ended);
    view_check(view);
    MUST((unsigned)why < WHY_N);
    s->has_ended = true;
}

const struct policy pedant_policy = {
    .name = "pedant",
    .exchange_bytes = sizeof(struct pedant_state),
    .on_request_head = pedant_request_head,
    .on_request_body = pedant_request_body,
    .on_response_head = pedant_response_head,
    .on_response_body = pedant_response_body,
    .on_end = pedant_end,
};
