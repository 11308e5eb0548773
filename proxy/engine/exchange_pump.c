/* exchange_pump.c - bodies from one stream to the other, by reference, no further ahead than the reader. */
#include "base/limits.h"
#include "base/must.h"
#include "engine/engine.h"
#include "engine/exchange.h"

/* Move what fits; *out_moved bytes. Through the policies when the route has some that look at bodies. */
static enum why pump(struct engine *e, struct exchange *x, struct stream *from, struct stream *to, bool is_request,
                     uint32_t *out_moved)
{
    struct bufq_env *env = &e->shard->queues;
    bool is_shared = to->session != NULL && to->session->type->is_multiplexed;
    uint32_t high = is_shared ? STREAM_TX_SHARED_BYTES_HIGH : STREAM_RX_BYTES_HIGH;
    uint32_t room = to->tx.bytes < high ? high - to->tx.bytes : 0;
    uint32_t n = from->rx.bytes < room ? from->rx.bytes : room;
    bool is_end = from->rx_end && n == from->rx.bytes && !to->tx_end;
    struct bufq piece = { 0 };
    enum why why;

    *out_moved = n;
    if (n == 0 && !is_end)
        return WHY_OK;
    if (!x->has_body_policy)
        return n > 0 ? bufq_move(env, &from->rx, &to->tx, n) : WHY_OK;
    why = n > 0 ? bufq_move(env, &from->rx, &piece, n) : WHY_OK;
    if (why == WHY_OK)
        why = is_request ? chain_request_body(e, x, &piece, is_end) : chain_response_body(e, x, &piece, is_end);
    if (why == WHY_OK && piece.bytes > 0)
        why = bufq_move(env, &piece, &to->tx, piece.bytes);
    bufq_clear(env, &piece);
    return why;
}

/* A session that stopped reading, or one that meters windows, must learn that there is room again. */
static void pump_made_room(struct engine *e, struct stream *st)
{
    if (st->session != NULL && (!st->session->wants_read || st->session->type->is_multiplexed))
        exchange_touch(e, st);
}

static bool pump_ends(const struct stream *from, const struct stream *to)
{
    return from->rx_end && bufq_is_empty(&from->rx) && !to->tx_end;
}

enum why exchange_pump_request(struct engine *e, struct exchange *x)
{
    uint32_t moved = 0;
    enum why why;

    if (x->up.session == NULL || x->up.tx_end) {
        if (x->has_answered && !bufq_is_empty(&x->down.rx))
            bufq_clear(&e->shard->queues, &x->down.rx);
        return WHY_OK;
    }
    if (bufq_is_empty(&x->down.rx) && !x->down.rx_end)
        return WHY_OK;
    why = pump(e, x, &x->down, &x->up, true, &moved);
    x->request_body_bytes += moved;
    if (why != WHY_OK)
        return why;
    if (moved > 0) {
        x->progress_ns = e->shard->now_ns;
        pump_made_room(e, &x->down);
    }
    if (pump_ends(&x->down, &x->up)) {
        x->up.tx_end = true;
        if (x->request_trailers.fields_n > 0)
            x->up.tx_trailers = &x->request_trailers;
    }
    if (moved > 0 || x->up.tx_end)
        exchange_touch(e, &x->up);
    return WHY_OK;
}

enum why exchange_pump_response(struct engine *e, struct exchange *x)
{
    uint32_t moved = 0;
    enum why why;

    if (x->down.tx_end)
        return WHY_OK;
    why = pump(e, x, &x->up, &x->down, false, &moved);
    x->response_body_bytes += moved;
    if (why != WHY_OK)
        return why;
    if (moved > 0) {
        x->progress_ns = e->shard->now_ns;
        pump_made_room(e, &x->up);
    }
    if (pump_ends(&x->up, &x->down)) {
        x->down.tx_end = true;
        if (x->response_trailers.fields_n > 0) {
            head_strip_hop(&x->response_trailers);
            x->down.tx_trailers = &x->response_trailers;
        }
    }
    exchange_touch(e, &x->down);
    return WHY_OK;
}
