/* chop.c - test-only: cut bodies into pieces of random sizes, so that no code above or below can rely on how bytes
 * arrive.
 *
 * Layer:  policy.
 * Hooks:  on_request_body, on_response_body. Never holds, drops or reorders a byte.
 * State:  exchange: its generator. With a seed in the configuration each request is cut alike (replay); with seed 0 the
 *         worker's generator is asked.
 * Bounds: CUTS_MAX more segments a piece; with the pool of segments empty the rest goes on as it is.
 */
#include "base/must.h"
#include "policy/policy_list.h"

enum { CUTS_MAX = 64 };

struct chop_state {
    struct rng rng;
    bool       is_seeded;
};

/* Small sizes are where the bugs are: half of the cuts are of 1 to 8 bytes. */
static uint32_t size_draw(struct rng *rng)
{
    return rng_below(rng, 2) == 0 ? 1 + rng_below(rng, 8) : 1 + rng_below(rng, 3000);
}

/* Split seg behind its first len bytes; false when there is no segment for the rest. */
static bool seg_split(struct bufq_env *env, struct bufq *piece, struct bufseg *seg, uint32_t len)
{
    MUST(len > 0 && len < seg->len);
    struct bufseg *rest = pool_take(&env->segs);
    if (rest == NULL)
        return false;
    buf_hold(seg->buf);
    *rest = (struct bufseg){ .next = seg->next, .buf = seg->buf, .at = seg->at + len, .len = seg->len - len };
    seg->next = rest;
    seg->len = len;
    if (piece->last == seg)
        piece->last = rest;
    piece->segs++;
    return true;
}

static enum verdict chop_piece(const struct chop_conf *conf, struct chop_state *s, struct policy_view *view,
                               struct bufq *piece)
{
    uint32_t bytes = piece->bytes;

    if (!s->is_seeded) {
        rng_init(&s->rng, conf->seed != 0 ? conf->seed : rng_u64(view->rng));
        s->is_seeded = true;
    }
    struct bufseg *seg = piece->first;
    for (uint32_t cuts = 0; cuts < CUTS_MAX && seg != NULL; seg = seg->next) {
        uint32_t len = size_draw(&s->rng);
        if (len >= seg->len)
            continue;
        if (!seg_split(view->queues, piece, seg, len))
            break;
        cuts++;
    }
    MUST(piece->bytes == bytes);
    return POLICY_GO;
}

static enum verdict chop_request(const void *conf, void *worker, void *state, struct policy_view *view,
                                 struct bufq *piece, bool is_end, enum why *out_why)
{
    UNUSED(worker);
    UNUSED(is_end);
    UNUSED(out_why);
    return chop_piece(conf, state, view, piece);
}

static enum verdict chop_response(const void *conf, void *worker, void *state, struct policy_view *view,
                                  struct bufq *piece, bool is_end, enum why *out_why)
{
    UNUSED(worker);
    UNUSED(is_end);
    UNUSED(out_why);
    return chop_piece(conf, state, view, piece);
}

const struct policy chop_policy = {
    .name = "chop",
    .exchange_bytes = sizeof(struct chop_state),
    .on_request_body = chop_request,
    .on_response_body = chop_response,
};
