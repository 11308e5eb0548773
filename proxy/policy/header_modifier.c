/* header_modifier.c - set, add and remove fields of the request and of its answer.
 *
 * Spec:   Gateway API HTTPHeaderFilter, as Kuma's RequestHeaderModifier and ResponseHeaderModifier (kuma-dialect.md
 *         3.3).
 * Layer:  policy.
 * Hooks:  on_request_head, on_response_head.
 * State:  none.
 *
 * Names and values stay where the snapshot has them, which lives as long as the request: nothing is copied. Conf
 * refuses names that belong to the connection or its framing, and two actions on one name, so the order of the three
 * does not show.
 */
#include "base/must.h"
#include "conf/snapshot.h"
#include "policy/policy_list.h"

static bool field_put(struct head *head, const struct name_value *pair)
{
    return head_add_static(head, field_id_of(pair->name), pair->name, pair->value);
}

static bool head_modify(struct head *head, const struct header_modifier *modifier)
{
    for (uint32_t i = 0; i < modifier->remove_n; i++)
        (void)head_remove(head, modifier->remove[i]);
    for (uint32_t i = 0; i < modifier->set_n; i++) {
        (void)head_remove(head, modifier->set[i].name);
        if (!field_put(head, &modifier->set[i]))
            return false;
    }
    for (uint32_t i = 0; i < modifier->add_n; i++) {
        if (!field_put(head, &modifier->add[i]))
            return false;
    }
    return true;
}

static enum verdict modify_request(const void *conf, void *worker, void *state, struct policy_view *view,
                                   enum why *out_why)
{
    const struct header_modifier_conf *c = conf;

    UNUSED(worker);
    UNUSED(state);
    if (c->request == NULL || head_modify(view->request, c->request))
        return POLICY_GO;
    *out_why = view->request->arena->is_full ? WHY_ARENA_FULL : WHY_POLICY_REQUEST_HEAD_FULL;
    return POLICY_ANSWER;
}

static enum verdict modify_response(const void *conf, void *worker, void *state, struct policy_view *view,
                                    enum why *out_why)
{
    const struct header_modifier_conf *c = conf;

    UNUSED(worker);
    UNUSED(state);
    if (c->response == NULL || head_modify(view->response, c->response))
        return POLICY_GO;
    *out_why = view->response->arena->is_full ? WHY_ARENA_FULL : WHY_POLICY_RESPONSE_HEAD_FULL;
    return POLICY_ANSWER;
}

const struct policy header_modifier_policy = {
    .name = "header-modifier",
    .on_request_head = modify_request,
    .on_response_head = modify_response,
};
