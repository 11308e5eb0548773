/* body_cap.c - refuse request bodies longer than the route allows.
 *
 * Spec:   RFC 9110 s15.5.14 (413 Content Too Large).
 * Layer:  policy.
 * Hooks:  on_request_head when a length is declared, so that nothing of it goes upstream; on_request_body when it is
 *         not.
 * State:  none: the engine counts.
 */
#include "base/must.h"
#include "policy/policy_list.h"

static enum verdict body_cap_head(const void *conf, void *worker, void *state, struct policy_view *view,
                                  enum why *out_why)
{
    const struct body_cap_conf *c = conf;

    UNUSED(worker);
    UNUSED(state);
    if (!view->request->has_content_length || view->request->content_length <= c->body_bytes_max)
        return POLICY_GO;
    *out_why = WHY_POLICY_BODY_CAP;
    return POLICY_ANSWER;
}

static enum verdict body_cap_body(const void *conf, void *worker, void *state, struct policy_view *view,
                                  struct bufq *piece, bool is_end, enum why *out_why)
{
    const struct body_cap_conf *c = conf;

    UNUSED(worker);
    UNUSED(state);
    UNUSED(is_end);
    /* Written without a sum, which a cap near 2^64 would overflow. */
    if (view->request_body_bytes <= c->body_bytes_max && piece->bytes <= c->body_bytes_max - view->request_body_bytes)
        return POLICY_GO;
    *out_why = WHY_POLICY_BODY_CAP; /* The upstream has a prefix by now; aborting it is the engine's part. */
    return POLICY_ANSWER;
}

const struct policy body_cap_policy = {
    .name = "body-cap",
    .on_request_head = body_cap_head,
    .on_request_body = body_cap_body,
};
