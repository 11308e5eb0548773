/* h1_server_fuzz.c - can a client and a careless order of events break the HTTP/1 server session?
 *
 * Goal:   no crash, nothing left behind, and what goes to the client is always a row of well-framed answers, in order,
 *         each to its request: the session's own output is read back with the response reader.
 * Input:  steps, each one byte and, for some, what they need: see step().
 * Replay: h1_server_fuzz FILE
 */
#include "lib/h1_world.h"

#include "http/h1_reader.h"

struct fuzz {
    struct h1_world  w;
    const uint8_t   *at, *end;
    /* The client's reading of what it gets. */
    struct h1_reader reader;
    struct bufq      in, body;
    struct arena     arena;
    struct head      head, trailers;
    struct h1_asked  asked;
    bool             is_mid_head, is_mid_body, is_raw;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "h1_server_fuzz: %s\n", what);
    abort();
}

static uint8_t next(struct fuzz *f)
{
    return f->at < f->end ? *f->at++ : 0;
}

/* ---- what the client makes of it ---- */

static enum h1_got client_step(struct fuzz *f)
{
    struct bufq_env *env = &f->w.shard.queues;
    struct h1_facts facts;
    enum why why = WHY_OK;
    enum h1_got got;

    if (f->is_mid_body) {
        got = h1_reader_body(&f->reader, env, &f->in, &f->body, &f->trailers, &why);
        bufq_clear(env, &f->body);
        f->is_mid_body = got != H1_DONE;
    } else if (f->is_mid_head) {
        got = h1_reader_head(&f->reader, env, &f->in, &f->head, &f->asked, &facts, &why);
        f->is_mid_head = got != H1_DONE;
        f->is_mid_body = got == H1_DONE && f->head.has_body;
        f->is_raw = got == H1_DONE && f->head.status == 101;
    } else {
        got = h1_reader_begin(&f->reader, env, &f->in, &why);
        f->is_mid_head = got == H1_DONE;
        arena_fini(&f->arena);
        head_init(&f->head, &f->arena);
        head_init(&f->trailers, &f->arena);
    }
    if (got == H1_BAD)
        fprintf(stderr, "the client refuses with %s\n", why_name(why));
    must(got != H1_BAD, "the client cannot read what it gets");
    return got;
}

static void pull(struct fuzz *f)
{
    struct session *s = f->w.session;
    struct bufq_env *env = &f->w.shard.queues;
    enum why why = WHY_OK;

    /* A stream that answers nothing is the exchange's; its facts are those of the request that was read last. */
    f->asked.is_head = h1_session_of(s)->is_head;
    f->asked.is_upgrade = f->w.x.rx_head.is_upgrade;
    while (why == WHY_OK && s->wants_write) {
        uint32_t before = f->w.out.bytes;
        why = s->type->pull(s, &f->w.out, 1U + (uint32_t)next(f) * 16);
        if (f->w.out.bytes == before)
            break;
    }
    must(why == WHY_OK || s->is_done, "an error that does not end");
    h1_world_count_wakes(&f->w);
    while (f->w.out.bytes > 0) {
        must(bufq_move(env, &f->w.out, &f->in, f->w.out.bytes) == WHY_OK, "move");
    }
    while (!f->is_raw && f->in.bytes > 0)
        client_step(f);
    bufq_clear(env, &f->in);
}

/* ---- what the exchange does ---- */

static bool has_stream(const struct fuzz *f)
{
    return f->w.x.st.session != NULL;
}

static void answer_head(struct fuzz *f)
{
    static const uint16_t statuses[] = { 100, 103, 200, 204, 304, 404, 500, 299 };
    struct h1_exchange *x = &f->w.x;
    uint8_t how = next(f);

    if (!x->st.rx_has_head || (x->st.tx_has_head && !x->st.tx_head_done))
        return;
    if (x->st.tx_head_done && (x->tx_head.status >= 200 || x->st.tx_tunnel))
        return;
    head_init(&x->tx_head, &x->arena);
    x->tx_head.status = statuses[how & 7];
    x->tx_head.has_body = (how & 8) != 0;
    x->tx_head.has_content_length = (how & 16) != 0;
    x->tx_head.content_length = x->tx_head.has_content_length ? next(f) & 15 : 0;
    if (x->rx_head.is_upgrade && (how & 32) != 0)
        x->st.tx_tunnel = true;
    if (!head_add(&x->tx_head, SPAN_LIT("x-a"), SPAN_LIT("b"), 0))
        return;
    h1_world_send_head(&f->w);
}

static void answer_body(struct fuzz *f)
{
    static const char bytes[] = "0123456789abcdef";
    struct h1_exchange *x = &f->w.x;
    uint8_t how = next(f);

    if (!x->st.tx_has_head || x->tx_head.status < 200 || x->st.tx_end)
        return;
    must(bufq_push_copy(&f->w.shard.queues, &x->st.tx, span_of(bytes, how & 15)) == WHY_OK, "push");
    x->st.tx_end = (how & 16) != 0;
    if ((how & 32) != 0 && x->st.tx_end && head_add(&x->tx_trailers, SPAN_LIT("t"), SPAN_LIT("1"), 0))
        x->st.tx_trailers = &x->tx_trailers;
    h1_world_touch(&f->w);
}

static void feed(struct fuzz *f)
{
    size_t len = (size_t)next(f) + 1, left = (size_t)(f->end - f->at);

    len = len < left ? len : left;
    if (len > 0 && !f->w.session->is_done)
        (void)h1_world_feed(&f->w, f->at, len);
    f->at += len;
}

static void step(struct fuzz *f)
{
    struct session *s = f->w.session;
    struct h1_exchange *x = &f->w.x;

    switch (next(f) & 15) {
    case 0: case 1: case 2: case 3:
        feed(f);
        break;
    case 4: case 5:
        answer_head(f);
        break;
    case 6: case 7:
        answer_body(f);
        break;
    case 8: case 9: case 10:
        pull(f);
        break;
    case 11: /* The exchange takes what came. */
        bufq_clear(&f->w.shard.queues, &x->st.rx);
        h1_world_touch(&f->w);
        break;
    case 12: /* It leaves, as it does when all is done, or at any time. */
        if (has_stream(f) && (x->st.tx_done || next(f) > 200))
            h1_world_leave(&f->w, WHY_OK);
        break;
    case 13: /* The connection's turn. */
        (void)h1_world_turn(&f->w);
        break;
    case 14:
        if (next(f) > 200)
            s->type->drain(s);
        break;
    default:
        if (next(f) > 200 && !s->is_done && f->w.wire.bytes == 0)
            (void)s->type->feed_end(s);
        break;
    }
    must(s->streams_n == (has_stream(f) ? 1U : 0U), "streams are counted wrong");
    must(!s->is_idle || !has_stream(f), "idle with a stream");
    must(x->st.rx.bytes <= STREAM_RX_BYTES_HIGH + (1U << 20), "a queue grows");
    if (!has_stream(f) && x->st.gone != WHY_OK)
        h1_world_exchange_close(&f->w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz *f = calloc(1, sizeof(*f));

    must(f != NULL && h1_world_open(&f->w, true), "no memory");
    f->at = data;
    f->end = data + size;
    arena_init(&f->arena, &f->w.shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    h1_reader_init(&f->reader, true);
    while (f->at < f->end)
        step(f);
    pull(f);
    bufq_clear(&f->w.shard.queues, &f->body);
    arena_fini(&f->arena);
    must(h1_world_close(&f->w) == 0, "something is left behind");
    free(f);
    return 0;
}
