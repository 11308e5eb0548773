/* h2_client_fuzz.c - any bytes from an upstream: no crash, no leak, each exchange hears of its end.
 *
 * Goal:   as h2_server_fuzz.c, for the other side.
 * Method: see lib/h2_fuzz.h; exchanges start requests of all kinds as long as the session lets them.
 * Replay: h2_client_fuzz FILE
 */
#include "lib/h2_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Requests that begin in this turn. */
static void start_some(struct fuzz *f)
{
    for (uint32_t n = rng_below(&f->rng, 4); n > 0 && f->s->may_start && f->live_n < H2_STREAMS_MAX; n--) {
        struct fuzz_exchange *x = fuzz_exchange_new(f);
        x->out.method = (uint8_t)(rng_below(&f->rng, 3) == 0 ? METHOD_HEAD : METHOD_POST);
        x->out.method_text = method_name((enum method)x->out.method);
        x->out.scheme = SPAN_LIT("https");
        x->out.authority = SPAN_LIT("up.example");
        x->out.target = SPAN_LIT("/");
        x->out.is_upgrade = rng_below(&f->rng, 8) == 0;
        x->out.protocol = SPAN_LIT("websocket");
        x->st.tx_head = &x->out;
        x->st.tx_has_head = true;
        x->st.tx_end = rng_below(&f->rng, 2) == 0;
        FUZZ_CHECK(f->s->type->stream_start(f->s, &x->st) == WHY_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;

    if (size <= 200000)
        fuzz_run(&f, false, data, size, start_some);
    return 0;
}
