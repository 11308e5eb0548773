/* h2_session_test.c - a connection as a whole: what ends it, what does not, and a stock peer at the other end.
 *
 * Goal:   each abuse of hardening-cases.md section 3 ends by its name within its limit, and a lawful peer never does.
 * Method: attacks frame by frame until the session has had enough; then nghttp2's own client and server echo bodies through
 *         our sessions with random cuts of the wire and random room for output.
 */
#include "base/clock.h"
#include "http/h2_session.h"
#include "lib/check.h"
#include "lib/h2_lab.h"
#include "lib/h2_peer.h"

#define GET(path) ":method: GET\n:scheme: https\n:authority: a.example\n:path: " path "\n"
#define POST(path) ":method: POST\n:scheme: https\n:authority: a.example\n:path: " path "\n"

static struct h2_wire w;

static struct lab *server(void)
{
    struct lab *l = lab_open(true);

    w.len = 0;
    h2_wire_hello(&w);
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK, "hello: %s\n", why_name(l->ended));
    return l;
}

/* ---- broken framing ---- */

static void ends(struct lab *l, enum why why, unsigned code)
{
    char goaway[32];

    snprintf(goaway, sizeof(goaway), "code=%u\n", code);
    CHECK(l->ended == why, "got %s, want %s\n", why_name(l->ended), why_name(why));
    CHECK(h2_dump_has(&l->dump, goaway), "GOAWAY %u: %s\n", code, l->dump.text);
    CHECK(!l->s->wants_read, "no more input\n");
    lab_close(l);
}

TEST(connection_that_does_not_begin_as_http2)
{
    struct lab *l = lab_open(true);

    lab_feed(l, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 24);
    ends(l, WHY_H2_PREFACE, NGHTTP2_PROTOCOL_ERROR);
    l = lab_open(true);
    w.len = 0;
    h2_wire_bytes(&w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    h2_wire_frame(&w, NGHTTP2_PING, 0, 0, "12345678", 8);
    lab_feed_wire(l, &w);
    ends(l, WHY_H2_PREFACE, NGHTTP2_PROTOCOL_ERROR);
    l = server();
    h2_wire_bytes(&w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24); /* in mid-connection it is a frame of 5 MB */
    lab_feed_wire(l, &w);
    ends(l, WHY_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
}

TEST(frames_that_end_the_connection)
{
    static const struct {
        uint8_t     type, flags;
        uint32_t    id;
        const char *at;
        size_t      len;
        enum why    why;
        unsigned    code;
    } rows[] = {
        { NGHTTP2_PING, 0, 0, "1234567", 7, WHY_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR },
        { NGHTTP2_RST_STREAM, 0, 1, "123", 3, WHY_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR },
        { NGHTTP2_WINDOW_UPDATE, 0, 0, "12345", 5, WHY_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR },
        { NGHTTP2_SETTINGS, 0, 0, "12345", 5, WHY_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR },
        { NGHTTP2_SETTINGS, 0, 1, "", 0, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_SETTINGS, 0, 0, "\0\4\x80\0\0\0", 6, WHY_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR },
        { NGHTTP2_DATA, 0, 0, "x", 1, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_DATA, 0, 9, "x", 1, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\5x", 2, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, "\x82", 1, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0, "\x82", 1, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 9, "\xff\xff\xff\xff\xff\xff", 6, WHY_H2_HPACK, NGHTTP2_COMPRESSION_ERROR },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 9, "\xc0", 1, WHY_H2_HPACK, NGHTTP2_COMPRESSION_ERROR },
        { NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "\x82", 1, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, "\0\0\0\2\x82", 5, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\0", 4, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
        { NGHTTP2_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4, WHY_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR },
        { NGHTTP2_RST_STREAM, 0, 9, "\0\0\0\0", 4, WHY_H2_PROTOCOL, NGHTTP2_PROTOCOL_ERROR },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = server();
        h2_wire_head(&w, 0, 1, POST("/"));
        lab_feed_wire(l, &w);
        h2_wire_frame(&w, rows[i].type, rows[i].flags, rows[i].id, rows[i].at, rows[i].len);
        lab_feed_wire(l, &w);
        CHECK(l->x[0].st.gone == rows[i].why, "%zu: stream %s\n", i, why_name(l->x[0].st.gone));
        ends(l, rows[i].why, rows[i].code);
    }
}

TEST(more_than_the_window_ends_the_connection)
{
    struct lab *l = server();
    static uint8_t body[16384];

    h2_wire_head(&w, 0, 1, POST("/"));
    for (int i = 0; i < 17; i++)
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, sizeof(body));
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.rx.bytes <= H2_STREAM_WINDOW_BYTES, "%u\n", l->x[0].st.rx.bytes);
    ends(l, WHY_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
}

TEST(late_frames_are_judged_by_who_ended_the_stream)
{
    for (int kind = 0; kind < 6; kind++) {
        struct lab *l = server();
        h2_wire_head(&w, kind < 2 ? NGHTTP2_FLAG_END_STREAM : 0, 5, POST("/"));
        lab_feed_wire(l, &w);
        if (kind != 4) {
            lab_answer(l, &l->x[0], 200, "x");
            if (kind == 3)
                h2_wire_u32(&w, NGHTTP2_RST_STREAM, 5, NGHTTP2_CANCEL);
            lab_feed_wire(l, &w);
            lab_leave(l, &l->x[0], WHY_OK); /* kinds 2 and 5: we reset it, the client may not know yet */
            lab_pull(l, CONN_OUT_BYTES_HIGH);
        }
        if (kind == 1 || kind == 5)
            h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 5, GET("/"));
        else if (kind == 4)
            h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
        else
            h2_wire_frame(&w, NGHTTP2_DATA, 0, 5, "x", 1);
        lab_feed_wire(l, &w);
        switch (kind) {
        case 0: /* after both ends: DATA, HEADERS */
        case 1:
        case 3: /* after its own reset */
            ends(l, WHY_H2_STREAM_CLOSED, NGHTTP2_STREAM_CLOSED);
            break;
        case 4: /* a number below one that was used */
            ends(l, WHY_H2_STREAM_ID, NGHTTP2_PROTOCOL_ERROR);
            break;
        default:
            CHECK(l->ended == WHY_OK, "%d: %s\n", kind, why_name(l->ended));
            CHECK(l->x_n == 1, "nothing new\n");
            lab_close(l);
        }
    }
    struct lab *l = server();
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/")); /* half closed, not answered yet */
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "x", 1);
    lab_feed_wire(l, &w);
    ends(l, WHY_H2_STREAM_CLOSED, NGHTTP2_STREAM_CLOSED);
}

/* ---- floods ---- */

TEST(rapid_reset)
{
    struct lab *l = server();
    unsigned resets_n = 0;
    uint32_t id = 1;

    /* The exchanges do not leave: the worst case, an origin that cannot be stopped (CVE-2023-44487). */
    for (; l->ended == WHY_OK && resets_n < 5000; id += 2, resets_n++) {
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
        h2_wire_u32(&w, NGHTTP2_RST_STREAM, id, NGHTTP2_CANCEL);
        lab_feed_wire(l, &w);
    }
    CHECK(l->live_max <= H2_STREAMS_MAX, "%u in progress at once\n", l->live_max);
    CHECK(resets_n <= H2_GLITCHES_BURST + 1, "stopped after %u\n", resets_n);
    CHECK(h2_dump_has(&l->dump, "GOAWAY last=2147483647 code=0\n"), "asked to go before: %s\n", l->dump.text);
    CHECK(l->x[0].st.gone == WHY_H2_CANCELLED, "%s\n", why_name(l->x[0].st.gone));
    ends(l, WHY_H2_RESET_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(cancels_at_a_human_pace_are_fine)
{
    struct lab *l = server();
    uint32_t id = 1;

    for (int i = 0; i < 1000; i++, id += 2) {
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
        h2_wire_u32(&w, NGHTTP2_RST_STREAM, id, NGHTTP2_CANCEL);
        lab_feed_wire(l, &w);
        lab_leave(l, &l->x[i], WHY_H2_CANCELLED);
        l->shard.now_ns += NS_PER_S / H2_GLITCHES_A_SECOND;
        CHECK(l->ended == WHY_OK, "%d: %s\n", i, why_name(l->ended));
        l->sent.len = 0;
    }
    CHECK(l->dump.frames_n[NGHTTP2_GOAWAY] == 0, "no complaint\n");
    lab_close(l);
}

TEST(made_you_reset)
{
    static uint8_t body[8];

    /* Each makes us reset a stream whose exchange works on (CVE-2025-8671). */
    for (int kind = 0; kind < 4; kind++) {
        struct lab *l = server();
        unsigned tries_n = 0;
        for (uint32_t id = 1; l->ended == WHY_OK && tries_n < 5000; id += 2, tries_n++) {
            switch (kind) {
            case 0: /* longer than it said */
                h2_wire_head(&w, 0, id, POST("/") "content-length: 1\n");
                h2_wire_frame(&w, NGHTTP2_DATA, 0, id, body, 8);
                break;
            case 1: /* shorter */
                h2_wire_head(&w, 0, id, POST("/") "content-length: 9\n");
                h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, body, 8);
                break;
            case 2: /* trailers that are none */
                h2_wire_head(&w, 0, id, POST("/"));
                h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, ":path: /\n");
                break;
            default: /* a window that overflows */
                h2_wire_head(&w, 0, id, POST("/"));
                h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, id, 0x7fffffff);
                break;
            }
            lab_feed_wire(l, &w);
            l->sent.len = 0;
        }
        CHECK(tries_n <= H2_GLITCHES_BURST + 1, "%d: stopped after %u\n", kind, tries_n);
        CHECK(l->live_max <= H2_STREAMS_MAX, "%d: %u in progress at once\n", kind, l->live_max);
        CHECK(l->ended == (kind < 3 ? WHY_H2_RESET_FLOOD : WHY_H2_FLOW_CONTROL), "%d: %s\n", kind, why_name(l->ended));
        lab_close(l);
    }
}

TEST(streams_over_the_limit_are_refused)
{
    struct lab *l = server();

    for (uint32_t id = 1; id <= 2 * (H2_STREAMS_MAX + 20); id += 2)
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(l->x_n == H2_STREAMS_MAX && l->s->streams_n == H2_STREAMS_MAX && l->ended == WHY_OK, "%u, %s\n", l->x_n,
          why_name(l->ended));
    CHECK(l->dump.frames_n[NGHTTP2_RST_STREAM] == 20 && h2_dump_has(&l->dump, "201 RST 7\n"), "%s\n", l->dump.text);
    CHECK(counter_get_why(&l->shard.counters, WHY_H2_STREAM_REFUSED) == 20, "counted\n");
    h2_dump_clear(&l->dump);
    lab_answer(l, &l->x[0], 200, "x");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 241, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(h2_dump_has(&l->dump, "241 RST 7\n"), "answered, but its exchange has not left\n");
    lab_leave(l, &l->x[0], WHY_OK);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 243, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(l->x_n == H2_STREAMS_MAX + 1, "now there is room\n");
    lab_close(l);
}

TEST(control_frame_floods)
{
    static const struct {
        uint8_t     type, flags;
        uint32_t    id;
        const char *at;
        size_t      len;
    } rows[] = {
        { NGHTTP2_PING, 0, 0, "12345678", 8 },
        { NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8 },
        { NGHTTP2_SETTINGS, 0, 0, "", 0 },
        { NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\1\0", 6 },
        { NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5 },
        { NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4 },
        { NGHTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\1", 4 },
        { 0xfa, 0, 0, "", 0 },
        { NGHTTP2_RST_STREAM, 0, 3, "\0\0\0\0", 4 }, /* of a stream that has ended */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = server();
        unsigned frames_n = 0;
        h2_wire_head(&w, 0, 1, POST("/"));
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
        h2_wire_u32(&w, NGHTTP2_RST_STREAM, 3, NGHTTP2_CANCEL);
        lab_feed_wire(l, &w);
        /* A client that reads what it gets: only the rate stops it. */
        for (; l->ended == WHY_OK && frames_n < 5000; frames_n++) {
            h2_wire_frame(&w, rows[i].type, rows[i].flags, rows[i].id, rows[i].at, rows[i].len);
            lab_feed_wire(l, &w);
        }
        CHECK(frames_n > H2_CONTROLS_BURST - 10 && frames_n <= H2_CONTROLS_BURST + 2 * H2_CONTROLS_EARNED, "%zu: %u\n", i,
              frames_n);
        ends(l, WHY_H2_CONTROL_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
        /* At the lasting rate it goes on for ever. */
        l = server();
        h2_wire_head(&w, 0, 1, POST("/"));
        lab_feed_wire(l, &w);
        for (frames_n = 0; rows[i].id != 3 && frames_n < 1000; frames_n++) {
            h2_wire_frame(&w, rows[i].type, rows[i].flags, rows[i].id, rows[i].at, rows[i].len);
            lab_feed_wire(l, &w);
            l->shard.now_ns += NS_PER_S / H2_CONTROLS_A_SECOND;
            CHECK(l->ended == WHY_OK, "%zu: %u: %s\n", i, frames_n, why_name(l->ended));
            l->sent.len = 0;
        }
        lab_close(l);
    }
}

TEST(window_updates_of_a_fast_download_are_earned)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];
    static uint8_t body[16384];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    x->response.status = 200;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = true;
    for (int i = 0; i < 2000; i++) {
        lab_tx(l, x, body, sizeof(body));
        lab_touch(l, x);
        h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 0, sizeof(body));
        h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 1, sizeof(body));
        h2_wire_frame(&w, NGHTTP2_PING, 0, 0, "bdp-ping", 8);
        lab_feed_wire(l, &w);
        CHECK(l->ended == WHY_OK, "%d: %s\n", i, why_name(l->ended));
        l->sent.len = 0;
        h2_dump_clear(&l->dump);
    }
    lab_close(l);
}

TEST(continuation_floods)
{
    for (int is_empty = 0; is_empty < 2; is_empty++) {
        struct lab *l = server();
        unsigned frames_n = 0;
        uint8_t block[64];
        size_t n = h2_wire_block(block, "x-a: 1234567890\n");
        h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82", 1);
        lab_feed_wire(l, &w);
        for (; l->ended == WHY_OK && frames_n < 1000; frames_n++) {
            h2_wire_frame(&w, NGHTTP2_CONTINUATION, 0, 1, block, is_empty ? 0 : n);
            lab_feed_wire(l, &w);
        }
        CHECK(frames_n == H2_CONTINUATIONS_MAX + 1, "%u\n", frames_n);
        ends(l, WHY_H2_CONTINUATION_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

TEST(settings_with_thousands_of_entries)
{
    struct lab *l = server();
    static uint8_t entries[6 * (H2_SETTINGS_MAX + 1)];

    for (size_t i = 0; i < sizeof(entries); i += 6)
        entries[i + 1] = 0x77;
    h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, entries, 6 * H2_SETTINGS_MAX);
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK, "%s\n", why_name(l->ended));
    h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, entries, sizeof(entries));
    lab_feed_wire(l, &w);
    ends(l, WHY_H2_SETTINGS_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(empty_data_frames)
{
    for (int is_padded = 0; is_padded < 2; is_padded++) {
        struct lab *l = server();
        unsigned frames_n = 0;
        h2_wire_head(&w, 0, 1, POST("/"));
        lab_feed_wire(l, &w);
        for (; l->ended == WHY_OK && frames_n < 5000; frames_n++) {
            h2_wire_frame(&w, NGHTTP2_DATA, is_padded ? NGHTTP2_FLAG_PADDED : 0, 1, "\0", (size_t)is_padded);
            lab_feed_wire(l, &w);
        }
        CHECK(frames_n <= H2_GLITCHES_BURST + 1, "%u\n", frames_n);
        ends(l, WHY_H2_RESET_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

TEST(replies_that_nobody_reads)
{
    struct lab *l = server();
    unsigned frames_n = 0;

    /* The connection's queue is full, so the session is not asked for output. */
    for (; l->ended == WHY_OK && frames_n < 1000; frames_n++) {
        w.len = 0;
        h2_wire_frame(&w, NGHTTP2_PING, 0, 0, "12345678", 8);
        lab_feed_only(l, w.at, w.len, w.len);
    }
    CHECK(frames_n <= H2_REPLIES_UNSENT_MAX + 1, "%u\n", frames_n);
    CHECK(l->ended == WHY_H2_REPLIES_UNSENT, "%s\n", why_name(l->ended));
    lab_close(l);
    /* Resets at a pace that is allowed, but for minutes. */
    l = server();
    frames_n = 0;
    for (uint32_t id = 1; l->ended == WHY_OK && id < 2000; id += 2, frames_n++) {
        w.len = 0;
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
        lab_feed_only(l, w.at, w.len, w.len);
        l->shard.now_ns += NS_PER_S;
    }
    CHECK(frames_n <= H2_STREAMS_MAX + H2_REPLIES_UNSENT_MAX + 2 * H2_STREAMS_MAX + 1, "%u\n", frames_n);
    CHECK(l->ended == WHY_H2_REPLIES_UNSENT, "%s\n", why_name(l->ended));
    lab_close(l);
}

TEST(late_payload_without_end)
{
    struct lab *l = server();
    static uint8_t body[16384];
    unsigned frames_n = 0;

    h2_wire_head(&w, 0, 1, POST("/"));
    lab_feed_wire(l, &w);
    lab_leave(l, &l->x[0], WHY_POLICY_BODY_CAP);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    /* What was in flight when we reset the stream is welcome; that it goes on is not. */
    for (; l->ended == WHY_OK && frames_n < 5000; frames_n++) {
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, sizeof(body));
        lab_feed_wire(l, &w);
    }
    CHECK(frames_n > 16 && frames_n <= 16 + H2_GLITCHES_BURST + 1, "%u\n", frames_n);
    ends(l, WHY_H2_RESET_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(header_bomb_does_not_grow_memory)
{
    struct lab *l = server();
    struct h2_session *s = (struct h2_session *)l->s;
    static uint8_t block[16384], value[4000];
    size_t n = h2_wire_block(block, GET("/"));
    uint32_t before = s->mem.bytes, most = 0, buffers = 0;

    /* CVE-2016-6581, CVE-2026-49975: one large indexed field, then a reference in each byte. */
    memset(value, 'v', sizeof(value));
    n += h2_wire_field(block + n, 0x40, "x", 1, value, sizeof(value));
    memset(block + n, 0x80 | 62, sizeof(block) - n);
    for (uint32_t id = 1; id < 120 && l->ended == WHY_OK; id += 2) {
        h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, block, sizeof(block));
        lab_feed_only(l, w.at, w.len, w.len);
        w.len = 0;
        most = s->mem.bytes > most ? s->mem.bytes : most;
        buffers = buf_pool_live_n(&l->shard.queues.bufs) > buffers ? buf_pool_live_n(&l->shard.queues.bufs) : buffers;
        CHECK(l->x[l->x_n - 1].st.gone == WHY_H2_HEAD_LARGE, "%s\n", why_name(l->x[l->x_n - 1].st.gone));
        lab_sweep(l);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        l->sent.len = 0;
        h2_dump_clear(&l->dump);
    }
    CHECK(most - before < 32768 && buffers < 64, "nghttp2 took %u bytes more, %u buffers\n", most - before, buffers);
    lab_close(l);
}

TEST(idle_session_is_small)
{
    struct lab *l = server();
    struct h2_session *s = (struct h2_session *)l->s;

    /* Measured 2026: nghttp2's own structures and tables; 16 KiB of it is a frame buffer whose pages stay untouched. */
    CHECK(s->mem.bytes < 32768, "nghttp2 holds %u bytes\n", s->mem.bytes);
    CHECK(h2_session_bytes() <= 1280, "%u\n", h2_session_bytes());
    lab_close(l);
}

/* ---- shortage ---- */

/* The k-th allocation of nghttp2 fails, for every k: a named end, and everything comes back. */
TEST(memory_runs_out_at_every_place)
{
    bool was_reached = true;
    unsigned ends_n = 0;

    for (uint32_t k = 1; was_reached && k < 1000; k++) {
        struct lab *l = server();
        struct h2_session *s = (struct h2_session *)l->s;
        s->mem.fail_after = k;
        h2_wire_head(&w, 0, 1, POST("/") "x-a: b\n");
        h2_wire_frame(&w, NGHTTP2_PING, 0, 0, "12345678", 8);
        h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "abc", 3);
        h2_wire_head(&w, 0, 3, "bad: 1\n");
        lab_feed_wire(l, &w);
        if (l->x_n > 0 && l->x[0].st.gone == WHY_OK && l->x[0].st.rx_has_head) {
            lab_answer(l, &l->x[0], 200, "hello");
            CHECK(head_add(&l->x[0].response_trailers, SPAN_LIT("x"), SPAN_LIT("y"), 0), "no room\n");
            l->x[0].st.tx_trailers = &l->x[0].response_trailers;
            lab_pull(l, CONN_OUT_BYTES_HIGH);
        }
        was_reached = s->mem.fail_after == 0;
        CHECK(!was_reached || l->ended == WHY_H2_MEMORY || l->ended == WHY_OK, "%u: %s\n", k, why_name(l->ended));
        CHECK(was_reached || l->ended == WHY_OK, "%u: %s\n", k, why_name(l->ended));
        ends_n += l->ended == WHY_H2_MEMORY;
        lab_close(l);
    }
    CHECK(!was_reached && ends_n > 10, "%u ends\n", ends_n);
}

/* The k-th chunk or segment is not there. */
TEST(buffers_run_out_at_every_place)
{
    static uint8_t body[40000]; /* split into frames: a piece is held twice */

    for (int which = 0; which < 2; which++) {
        unsigned ends_n = 0;
        uint32_t k = 1;
        for (bool was_reached = true; was_reached && k < 1000; k++) {
            struct lab *l = server();
            struct pool *pool = which == 0 ? &l->shard.queues.segs : &l->shard.queues.bufs._pool[BUF_SMALL];
            h2_wire_head(&w, 0, 1, POST("/") "x-a: b\n");
            h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, 2000);
            h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "abc", 3);
            h2_wire_head(&w, 0, 3, POST("/") "x-a: \x01\n");
            lab_wire(l, w.at, w.len);
            w.len = 0;
            pool_fail_after(pool, k);
            if (which == 1) /* else a large chunk stands in for the small one */
                pool_fail_after(&l->shard.queues.bufs._pool[BUF_LARGE], 1);
            l->ended = l->s->type->feed(l->s, &l->wire);
            if (l->ended == WHY_OK && l->x[0].st.rx_has_head && l->x[0].st.gone == WHY_OK) {
                l->x[0].response.status = 200;
                l->x[0].st.tx_head = &l->x[0].response;
                l->x[0].st.tx_has_head = l->x[0].st.tx_end = true;
                if (bufq_push_copy(&l->shard.queues, &l->x[0].st.tx, span_of(body, sizeof(body))) == WHY_OK)
                    lab_touch(l, &l->x[0]);
                if (which == 1)
                    pool_fail_after(&l->shard.queues.bufs._pool[BUF_LARGE], 1);
            }
            lab_pull(l, CONN_OUT_BYTES_HIGH);
            was_reached = pool->_fail_after == 0;
            pool_fail_after(pool, 0);
            pool_fail_after(&l->shard.queues.bufs._pool[BUF_LARGE], 0);
            CHECK(l->ended == WHY_OK || l->ended == WHY_POOL_BUFFER_EMPTY, "%u: %s\n", k, why_name(l->ended));
            ends_n += l->ended != WHY_OK;
            for (unsigned i = 0; i < l->x_n && l->ended == WHY_OK; i++)
                ends_n += l->x[i].st.gone == WHY_POOL_BUFFER_EMPTY || l->x[i].st.gone == WHY_ARENA_FULL;
            lab_close(l);
        }
        CHECK(k < 1000 && ends_n > 2, "%d: %u ends\n", which, ends_n);
    }
}

/* ---- a stock peer ---- */

/* Move what x has received to what it sends, as an echo upstream would. */
static void echo(struct lab *l, struct lab_exchange *x)
{
    if (!x->is_used || !x->st.rx_has_head || x->st.gone != WHY_OK)
        return;
    if (!x->st.tx_has_head) {
        x->response.status = 200;
        x->st.tx_head = &x->response;
        x->st.tx_has_head = true;
    }
    CHECK(bufq_move(&l->shard.queues, &x->st.rx, &x->st.tx, UINT32_MAX) == WHY_OK, "move\n");
    if (x->st.rx_end && !x->st.tx_end) {
        x->st.tx_end = true;
        x->st.tx_trailers = &x->request_trailers;
    }
    lab_touch(l, x);
    if (x->st.tx_done && x->st.rx_end)
        lab_leave(l, x, WHY_OK);
}

/* Bytes from the peer to us, cut at random; then our answer in random rooms. */
static bool shuttle(struct lab *l, struct h2_peer *p)
{
    const uint8_t *at;
    struct span piece;
    bool moved = false;
    size_t n;

    for (int i = 0; i < 8 && (n = h2_peer_pull(p, &at)) > 0; i++) {
        moved = true;
        for (size_t done = 0; done < n;) {
            size_t cut = 1 + rng_below(&l->shard.rng, 20000);
            cut = cut > n - done ? n - done : cut;
            lab_wire(l, at + done, cut);
            CHECK(l->s->type->feed(l->s, &l->wire) == WHY_OK && bufq_is_empty(&l->wire), "feed\n");
            done += cut;
        }
    }
    if (l->s->wants_write)
        CHECK(l->s->type->pull(l->s, &l->out, 1 + rng_below(&l->shard.rng, 60000)) == WHY_OK, "pull\n");
    while ((piece = bufq_front(&l->out)).len > 0) {
        moved = true;
        h2_peer_feed(p, piece.at, piece.len);
        bufq_eat(&l->shard.queues, &l->out, (uint32_t)piece.len);
    }
    return moved;
}

TEST(stock_client_gets_its_own_bytes_back)
{
    static struct h2_peer p;
    struct lab *l = lab_open(true);
    unsigned asked_n = 0, idle_n = 0;

    h2_peer_open(&p, false);
    while (idle_n < 3) {
        for (int i = 0; i < 7 && asked_n < 400 && l->live_n < 90; i++, asked_n++)
            h2_peer_request(&p, asked_n % 10 == 0 ? rng_below(&l->shard.rng, 400000) : rng_below(&l->shard.rng, 3000));
        idle_n = shuttle(l, &p) || l->live_n > 0 ? 0 : idle_n + 1;
        for (unsigned i = 0; i < l->x_n; i++)
            echo(l, &l->x[i]);
        l->shard.now_ns += NS_PER_MS;
    }
    CHECK(asked_n == 400 && l->x_n == 400 && l->live_n == 0 && p.goaways_n == 0, "%u asked, %u came\n", asked_n, l->x_n);
    for (unsigned i = 0; i < p.streams_n; i++) {
        struct h2_peer_stream *s = &p.streams[i];
        CHECK(s->is_closed && s->code == 0 && s->status == 200 && s->got == s->bytes && s->has_end, "%u: %zu of %zu\n", i,
              s->got, s->bytes);
        CHECK(s->has_trailer == (s->seed % 3 == 0), "%u: trailer\n", i);
    }
    h2_peer_close(&p);
    lab_close(l);
}

TEST(stock_server_gets_ours_and_gives_it_back)
{
    static struct h2_peer p;
    struct lab *l = lab_open(false);
    static size_t want[200], sent[200], got[200];
    unsigned asked_n = 0, done_n = 0, turns_n = 0;
    static uint8_t body[5000];

    memset(sent, 0, sizeof(sent));
    memset(got, 0, sizeof(got));
    h2_peer_open(&p, true);
    while (done_n < 200) {
        CHECK(++turns_n < 100000, "stuck at %u\n", done_n);
        for (; asked_n < 200 && l->live_n < 80 && l->s->may_start; asked_n++) {
            struct lab_exchange *x = lab_exchange_new(l);
            want[asked_n] = asked_n % 10 == 0 ? rng_below(&l->shard.rng, 400000) : rng_below(&l->shard.rng, 3000);
            x->st.rx_head = &x->response;
            x->st.rx_trailers = &x->response_trailers;
            x->st.tx_head = &x->request;
            x->request.method_text = SPAN_LIT("POST");
            x->request.authority = SPAN_LIT("peer.example");
            x->request.target = SPAN_LIT("/");
            x->st.tx_has_head = true;
            CHECK(l->s->type->stream_start(l->s, &x->st) == WHY_OK, "start\n");
        }
        shuttle(l, &p);
        for (unsigned i = 0; i < asked_n; i++) {
            struct lab_exchange *x = &l->x[i];
            struct span piece;
            if (!x->is_used)
                continue;
            CHECK(x->st.gone == WHY_OK, "%u: %s\n", i, why_name(x->st.gone));
            while ((piece = bufq_front(&x->st.rx)).len > 0) {
                for (size_t k = 0; k < piece.len; k++)
                    CHECK(piece.at[k] == h2_peer_byte(i, got[i] + k), "%u differs at %zu\n", i, got[i] + k);
                got[i] += piece.len;
                bufq_eat(&l->shard.queues, &x->st.rx, (uint32_t)piece.len);
            }
            if (x->st.tx.bytes < 40000 && sent[i] < want[i]) {
                size_t n = want[i] - sent[i] < sizeof(body) ? want[i] - sent[i] : sizeof(body);
                for (size_t k = 0; k < n; k++)
                    body[k] = h2_peer_byte(i, sent[i] + k);
                lab_tx(l, x, body, n);
                sent[i] += n;
            }
            x->st.tx_end = sent[i] == want[i];
            lab_touch(l, x);
            if (x->st.rx_end && x->st.tx_done) {
                CHECK(got[i] == want[i] && x->response.status == 200, "%u: %zu of %zu\n", i, got[i], want[i]);
                CHECK(x->response_trailers.fields_n == (x->st.id % 3 == 0), "%u: trailers\n", i);
                lab_leave(l, x, WHY_OK);
                done_n++;
            }
        }
        l->shard.now_ns += NS_PER_MS;
    }
    CHECK(l->s->is_idle && l->s->may_start, "idle\n");
    h2_peer_close(&p);
    lab_close(l);
}

CHECK_RUN(
    RUN(connection_that_does_not_begin_as_http2),
    RUN(frames_that_end_the_connection),
    RUN(more_than_the_window_ends_the_connection),
    RUN(late_frames_are_judged_by_who_ended_the_stream),
    RUN(rapid_reset),
    RUN(cancels_at_a_human_pace_are_fine),
    RUN(made_you_reset),
    RUN(streams_over_the_limit_are_refused),
    RUN(control_frame_floods),
    RUN(window_updates_of_a_fast_download_are_earned),
    RUN(continuation_floods),
    RUN(settings_with_thousands_of_entries),
    RUN(empty_data_frames),
    RUN(replies_that_nobody_reads),
    RUN(late_payload_without_end),
    RUN(header_bomb_does_not_grow_memory),
    RUN(idle_session_is_small),
    RUN(memory_runs_out_at_every_place),
    RUN(buffers_run_out_at_every_place),
    RUN(stock_client_gets_its_own_bytes_back),
    RUN(stock_server_gets_ours_and_gives_it_back))
