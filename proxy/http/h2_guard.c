/* h2_guard.c - see h2_guard.h.
 *
 * Spec:   RFC 9113 s5.1, s5.1.1, s6.5, s6.9, s10.5; CVE-2023-44487, CVE-2025-8671, CVE-2019-9512, -9513, -9515, -9518.
 * Layer:  http.
 */
#include "http/h2_guard.h"

#include "base/clock.h"

static const struct h2_guard_rates rates_client = {
    .odd_burst = H2_GLITCHES_BURST, .odd_a_second = H2_GLITCHES_A_SECOND,
    .control_burst = H2_CONTROLS_BURST, .control_a_second = H2_CONTROLS_A_SECOND,
};
static const struct h2_guard_rates rates_upstream = {
    .odd_burst = H2_UP_GLITCHES_BURST, .odd_a_second = H2_UP_GLITCHES_A_SECOND,
    .control_burst = H2_CONTROLS_BURST, .control_a_second = H2_UP_CONTROLS_A_SECOND,
};

void h2_guard_init(struct h2_guard *g, bool is_server)
{
    *g = (struct h2_guard){ ._rates = is_server ? &rates_client : &rates_upstream, ._is_server = is_server };
}

/* ---- allowances ---- */

static bool bucket_take(struct h2_bucket *b, uint32_t n, uint32_t burst, uint32_t a_second, uint64_t now_ns)
{
    MUST(a_second > 0 && n <= burst);
    uint64_t cost_ns = NS_PER_S / a_second;
    uint64_t from_ns = b->full_ns > now_ns ? b->full_ns : now_ns;

    b->full_ns = from_ns + n * cost_ns;
    return b->full_ns - now_ns <= burst * cost_ns;
}

enum why h2_guard_odd(struct h2_guard *g, uint32_t n, uint64_t now_ns)
{
    return bucket_take(&g->_odd, n, g->_rates->odd_burst, g->_rates->odd_a_second, now_ns) ? WHY_OK : WHY_H2_RESET_FLOOD;
}

bool h2_guard_is_strained(const struct h2_guard *g, uint64_t now_ns)
{
    uint64_t cost_ns = NS_PER_S / g->_rates->odd_a_second;

    return g->_odd.full_ns > now_ns && g->_odd.full_ns - now_ns > g->_rates->odd_burst * cost_ns / 4 * 3;
}

static enum why guard_control(struct h2_guard *g, uint64_t now_ns)
{
    if (g->_earned > 0) {
        g->_earned--;
        return WHY_OK;
    }
    return bucket_take(&g->_control, 1, g->_rates->control_burst, g->_rates->control_a_second, now_ns)
               ? WHY_OK : WHY_H2_CONTROL_FLOOD;
}

void h2_guard_earn(struct h2_guard *g)
{
    g->_earned += H2_CONTROLS_EARNED;
    if (g->_earned > H2_CONTROLS_EARNED_MAX)
        g->_earned = H2_CONTROLS_EARNED_MAX;
}

/* ---- ended streams ---- */

void h2_guard_closed(struct h2_guard *g, uint32_t id, bool by_us)
{
    uint32_t *slot = &g->_closed[g->_closed_at % H2_CLOSED_IDS_N];

    if (*slot >> 1 > g->_floor_id)
        g->_floor_id = *slot >> 1;
    *slot = id << 1 | (by_us ? 1 : 0);
    g->_closed_at++;
    /* What its window let the peer send before it heard of our reset. */
    if (by_us && g->_late_bytes <= (uint32_t)H2_STREAMS_MAX * H2_STREAM_WINDOW_BYTES)
        g->_late_bytes += H2_STREAM_WINDOW_BYTES;
}

/* A late frame that may have been sent in good faith: payload within the windows of the streams that we reset is free, more
 * of it and header blocks cost. */
static enum why guard_forgive(struct h2_guard *g, const struct h2_frame *f, uint64_t now_ns)
{
    if (f->type == H2_HEADERS || f->length > g->_late_bytes)
        return h2_guard_odd(g, 1, now_ns);
    g->_late_bytes -= f->length;
    return WHY_OK;
}

/* HEADERS or DATA for a stream that is not open. A client that did not get our RST_STREAM yet is not wrong; one that goes on
 * after its own END_STREAM or RST_STREAM, or that begins a stream below an earlier one, is (RFC 9113 s5.1, s5.1.1). An id
 * that may have been forgotten gets the benefit of the doubt. */
static enum why guard_late(struct h2_guard *g, const struct h2_frame *f, uint64_t now_ns)
{
    uint32_t kept_n = g->_closed_at < H2_CLOSED_IDS_N ? g->_closed_at : H2_CLOSED_IDS_N;

    for (uint32_t i = 0; i < kept_n; i++) {
        if (g->_closed[i] >> 1 != f->id)
            continue;
        if ((g->_closed[i] & 1) == 0)
            return WHY_H2_STREAM_CLOSED;
        return guard_forgive(g, f, now_ns);
    }
    return f->id > g->_floor_id ? WHY_H2_STREAM_ID : guard_forgive(g, f, now_ns);
}

/* ---- one frame ---- */

static enum why guard_stream_frame(struct h2_guard *g, const struct h2_frame *f, enum h2_guard_stream stream,
                                   uint64_t now_ns)
{
    if (!g->_is_server || (f->id & 1) == 0)
        return WHY_OK; /* Even and zero ids are for nghttp2 to refuse. */
    if (stream == H2_GUARD_NONE && f->id <= g->_highest_id)
        return guard_late(g, f, now_ns);
    if (f->type == H2_HEADERS && f->id > g->_highest_id) {
        g->_highest_id = f->id;
        h2_guard_earn(g);
    }
    return WHY_OK;
}

enum why h2_guard_frame(struct h2_guard *g, const struct h2_frame *f, enum h2_guard_stream stream, uint64_t now_ns)
{
    enum why why;

    MUST(g->_rates != NULL && f->id <= 0x7fffffffU);
    if (f->length > H2_FRAME_BYTES_MAX)
        return WHY_H2_FRAME_SIZE;
    switch (f->type) {
    case H2_DATA:
        why = guard_stream_frame(g, f, stream, now_ns);
        /* Empty and not the end: it says nothing (CVE-2019-9518). With padding only it is the same at a higher price. */
        if (why == WHY_OK && (f->flags & H2_END_STREAM) == 0 && (f->length == 0 || ((f->flags & H2_PADDED) && f->length == 1)))
            why = h2_guard_odd(g, 1, now_ns);
        return why;
    case H2_HEADERS:
        return guard_stream_frame(g, f, stream, now_ns);
    case H2_CONTINUATION: /* nghttp2 counts them, and refuses those that do not belong. */
        return WHY_OK;
    case H2_RST_STREAM:
        return stream == H2_GUARD_OPEN ? h2_guard_odd(g, 1, now_ns) : guard_control(g, now_ns);
    case H2_SETTINGS:
        if (f->length > H2_SETTINGS_MAX * 6)
            return WHY_H2_SETTINGS_FLOOD;
        return guard_control(g, now_ns);
    }
    return guard_control(g, now_ns); /* PING, PRIORITY, WINDOW_UPDATE, GOAWAY, and types that nobody knows. */
}
