/* conn_turn_test.c - what a connection's first bytes make of it, TLS between two of ours, and ends that let the last answer arrive.
 *
 * Method: rows of bytes, sent whole and byte by byte; a TLS client is a connection of the same table, joined by the simulated wire.
 */
#include "unit/conn/conn_world.h"

#include "io/ring_sim.h"
#include "io/socket_address.h"
#include "lib/tls_pair.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\x04" /* What the first frame's type says; its length is three zeros. */

TEST(conn_turn_first_bytes)
{
    static const struct { const char *name, *sent; bool is_tls; enum conn_proxy proxy; bool is_over; enum why why; const char *says; } rows[] = {
        { "HTTP/1", GET, false, CONN_PROXY_NONE, false, WHY_OK, "HTTP/1.1 200 OK" },
        { "not HTTP", "\x01\x02\x03\r\n\r\n", false, CONN_PROXY_NONE, true, WHY_H1_NOT_HTTP, "HTTP/1.1 400 " },
        { "HTTP/1 that begins like a preface", "PRI * HTTP/1.1\r\nHost: a\r\n\r\n", false, CONN_PROXY_NONE, true, WHY_H1_METHOD, "HTTP/1.1 501 " },
        { "plain HTTP to a TLS port", GET, true, CONN_PROXY_NONE, true, WHY_TLS_PLAIN_HTTP, "HTTP/1.1 400 " },
        { "neither TLS nor HTTP", "\x01\x02\x03\x04\x05\x06", true, CONN_PROXY_NONE, true, WHY_TLS_NOT_TLS, "" },
        { "PROXY header, then HTTP/1", "PROXY TCP4 203.0.113.5 192.0.2.2 77 80\r\n" GET, false, CONN_PROXY_WANTED, false, WHY_OK, "HTTP/1.1 200 OK" },
        { "PROXY header is missing", GET, false, CONN_PROXY_WANTED, true, WHY_PROXY_ABSENT, "" },
        { "PROXY header is malformed", "PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n", false, CONN_PROXY_WANTED, true, WHY_PROXY_BAD, "" },
        { "nobody here may send a PROXY header", "", false, CONN_PROXY_REFUSED, true, WHY_PROXY_UNTRUSTED, "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int in_bytes = 0; in_bytes < 2; in_bytes++) {
            struct world *w = world_open(NULL);
            w->lab.is_tls = rows[i].is_tls;
            w->proxy = rows[i].proxy;
            int peer = lab_connect(&w->lab);
            for (size_t at = 0, len = strlen(rows[i].sent); at < len; at += in_bytes ? 1 : len) {
                (void)ring_sim_peer_send(peer, rows[i].sent + at, in_bytes ? 1 : (uint32_t)len);
                lab_run(&w->lab);
            }
            int32_t end = lab_read(&w->lab, peer, w->text);
            CHECK(strstr(w->text, rows[i].says) == w->text && (rows[i].says[0] != 0 || w->text[0] == 0), "%s: %s\n", rows[i].name, w->text);
            CHECK((end != RING_SIM_NOTHING) == rows[i].is_over, "%s: %d\n", rows[i].name, end);
            CHECK(rows[i].why == WHY_OK || lab_why(&w->lab, rows[i].why) == 1, "%s: counted %llu times\n", rows[i].name,
                  (unsigned long long)lab_why(&w->lab, rows[i].why));
            CHECK(lab_metric(&w->lab, METRIC_TLS_FAILED) == (rows[i].is_tls ? 1 : 0), "%s: TLS_FAILED\n", rows[i].name);
            ring_sim_peer_close(peer);
            world_close(w);
        }
    }
}

TEST(conn_turn_plain_http_is_told_where_it_is)
{
    struct world *w = world_open(NULL);
    size_t body_bytes = 0;

    w->lab.is_tls = true;
    int peer = lab_connect(&w->lab);
    lab_send(&w->lab, peer, GET);
    (void)lab_read(&w->lab, peer, w->text);
    const char *body = strstr(w->text, "\r\n\r\n"), *length = strstr(w->text, "content-length: ");
    CHECK(body != NULL && length != NULL && sscanf(length, "content-length: %zu", &body_bytes) == 1, "%s\n", w->text);
    CHECK(strlen(body + 4) == body_bytes && strstr(body, "urn:apiforge:why:tls-plain-http") != NULL, "%s\n", w->text);
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(conn_turn_proxy_names_the_client)
{
    static const struct { const char *sent, *client; uint16_t port; } rows[] = {
        { "PROXY TCP4 203.0.113.5 192.0.2.2 77 80\r\n", "203.0.113.5", 77 },
        { "PROXY TCP6 2001:db8::7 2001:db8::8 77 80\r\n", "2001:db8::7", 77 },
        { "PROXY UNKNOWN\r\n", "127.0.0.1", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        uint8_t address[ADDRESS_BYTES], want[ADDRESS_BYTES];
        uint16_t port;
        w->proxy = CONN_PROXY_WANTED;
        int peer = lab_connect(&w->lab);
        lab_send(&w->lab, peer, rows[i].sent);
        socket_address_split(&lab_client(&w->lab)->peer, address, &port);
        CHECK(address_parse(span_str(rows[i].client), want) && memcmp(address, want, sizeof(want)) == 0, "%s\n", rows[i].sent);
        CHECK(rows[i].port == 0 || port == rows[i].port, "%s: %u\n", rows[i].sent, port);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

TEST(conn_turn_preface_is_http2)
{
    static const char wire[] = PREFACE "\0\0\0" SETTINGS "\0\0\0\0\0";

    for (int in_bytes = 0; in_bytes < 2; in_bytes++) {
        struct world *w = world_open(NULL);
        int peer = lab_connect(&w->lab);
        for (size_t at = 0; at < sizeof(wire) - 1; at += in_bytes ? 1 : sizeof(wire)) {
            (void)ring_sim_peer_send(peer, wire + at, in_bytes ? 1 : (uint32_t)sizeof(wire) - 1);
            lab_run(&w->lab);
        }
        CHECK(ring_sim_peer_recv(peer, w->text, 4096) >= 9 && w->text[3] == SETTINGS[0], "no SETTINGS come back\n");
        CHECK(lab_client(&w->lab)->session->type->is_multiplexed, "%s\n", lab_client(&w->lab)->session->type->name);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

TEST(conn_turn_ends_before_anything_was_said)
{
    static const struct { const char *sent; bool is_tls; enum conn_proxy proxy; } rows[] = {
        { "", false, CONN_PROXY_NONE }, { "PRI * HTT", false, CONN_PROXY_NONE }, { "", true, CONN_PROXY_NONE },
        { "\x16\x03\x01", true, CONN_PROXY_NONE }, { "PROXY TC", false, CONN_PROXY_WANTED },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        w->lab.is_tls = rows[i].is_tls;
        w->proxy = rows[i].proxy;
        int peer = lab_connect(&w->lab);
        (void)ring_sim_peer_send(peer, rows[i].sent, (uint32_t)strlen(rows[i].sent));
        ring_sim_peer_finish(peer);
        lab_run(&w->lab);
        CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_END && w->text[0] == 0, "row %zu: %s\n", i, w->text);
        CHECK(w->gone_n == 1 && w->gone_why == WHY_IO_EOF, "row %zu: %s\n", i, why_name(w->gone_why));
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* A refusal must not be overtaken by a reset for bytes that nobody reads: RFC 9112 s9.6. */
TEST(conn_turn_lingers_until_the_client_has_read)
{
    static const char bad[] = "GET / HTTP/9.9\r\n\r\n";
    static const struct { const char *name; uint32_t more_bytes, then_ms; bool finishes; bool is_gone; } rows[] = {
        { "waits for the client's end", 50000, 100, false, false }, { "which comes", 50000, 100, true, true },
        { "not for ever", 1000, CONN_LINGER_MS_MAX + 100, false, true }, { "nor for any number of bytes", CONN_LINGER_BYTES_MAX + 100000, 0, false, true },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        int peer = lab_connect(&w->lab);
        lab_send(&w->lab, peer, bad);
        for (uint32_t sent = 0; sent < rows[i].more_bytes && w->gone_n == 0;) {
            uint32_t n = rows[i].more_bytes - sent < 50000 ? rows[i].more_bytes - sent : 50000;
            sent += ring_sim_peer_send(peer, w->text, n);
            lab_run(&w->lab);
        }
        if (rows[i].finishes)
            ring_sim_peer_finish(peer);
        lab_pass(&w->lab, rows[i].then_ms * NS_PER_MS);
        CHECK((w->gone_n == 1) == rows[i].is_gone, "%s: %u\n", rows[i].name, w->gone_n);
        (void)lab_read(&w->lab, peer, w->text);
        CHECK(strstr(w->text, "HTTP/1.1 505 ") == w->text || rows[i].more_bytes > CONN_LINGER_BYTES_MAX, "%s: %s\n", rows[i].name, w->text);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* ---- TLS ---- */

struct shaken {
    struct world           *w;
    struct pair_host        host;
    struct tls_ticket_keys *keys;
    struct tls_client      *client;
};

static void shaken_open(struct shaken *s, const char *ca)
{
    CHECK(tls_init() == WHY_OK && tls_ticket_keys_open(&s->keys) == WHY_OK, "no TLS\n");
    pair_host_init(&s->host, "ecdsa", NULL);
    s->w = world_open(NULL);
    s->w->lab.is_tls = true;
    s->w->alpn = TLS_ALPN_H1;
    s->w->tls_server = pair_server(&s->host, s->keys);
    s->client = pair_client(ca, NULL, true, false);
}

static void shaken_close(struct shaken *s)
{
    struct tls_server *server = s->w->tls_server;

    world_close(s->w);
    tls_server_close(server);
    tls_client_close(s->client);
    tls_ticket_keys_close(s->keys);
    pair_host_fini(&s->host);
}

/* A request over TLS from a connection of ours to our own listener. */
static struct conn *shaken_ask(struct shaken *s)
{
    struct socket_address addr = ring_sim_address(LAB_PORT);
    struct conn_target target = { .address = &addr, .tls = s->client, .server_name = SPAN_LIT("localhost"), .endpoint_key = 1,
                                  .connect_timeout_ns = NS_PER_S, .idle_timeout_ns = 60 * NS_PER_S };
    struct conn *c = NULL;
    struct call *call = world_call(s->w);

    CHECK(call != NULL && conn_connect(&s->w->lab.conns, &target, NULL, &c) == WHY_OK, "connect\n");
    call->tx_head.method = METHOD_GET;
    call->tx_head.method_text = SPAN_LIT("GET");
    call->tx_head.target = SPAN_LIT("/");
    call->tx_head.authority = SPAN_LIT("a");
    call->st.tx_head = &call->tx_head;
    call->st.tx_has_head = call->st.tx_end = true;
    CHECK(c->session->type->stream_start(c->session, &call->st) == WHY_OK, "no room\n");
    s->w->up_status = 0;
    lab_run(&s->w->lab);
    return c;
}

TEST(conn_turn_tls_both_ends)
{
    struct shaken s = { 0 };

    shaken_open(&s, "root.pem");
    s.w->answer_bytes = 100000; /* More than one record, more than one turn. */
    struct conn *c = shaken_ask(&s);
    CHECK(s.w->up_status == 200 && s.w->requests_n == 1 && s.w->gone_n == 0, "%u, %s\n", s.w->up_status, why_name(s.w->up_why));
    CHECK(lab_metric(&s.w->lab, METRIC_TLS_HANDSHAKES) == 2 && lab_metric(&s.w->lab, METRIC_TLS_RESUMED) == 0, "%llu\n",
          (unsigned long long)lab_metric(&s.w->lab, METRIC_TLS_HANDSHAKES));
    conn_close(&s.w->lab.conns, c, WHY_CONN_DRAIN);
    lab_run(&s.w->lab);
    (void)shaken_ask(&s);
    CHECK(s.w->up_status == 200 && lab_metric(&s.w->lab, METRIC_TLS_HANDSHAKES) == 4, "%u\n", s.w->up_status);
    CHECK(lab_metric(&s.w->lab, METRIC_TLS_RESUMED) == 2 && lab_metric(&s.w->lab, METRIC_TLS_FAILED) == 0, "both ends resume\n");
    lab_pass(&s.w->lab, 70 * NS_PER_S);
    shaken_close(&s);
}

TEST(conn_turn_tls_is_refused)
{
    struct shaken s = { 0 };

    shaken_open(&s, "stranger.pem"); /* An authority that did not sign it. */
    (void)shaken_ask(&s);
    CHECK(s.w->up_status == 0 && s.w->up_why == WHY_UP_TLS_CERT_UNTRUSTED, "%s\n", why_name(s.w->up_why));
    CHECK(lab_metric(&s.w->lab, METRIC_TLS_FAILED) == 2 && lab_metric(&s.w->lab, METRIC_TLS_HANDSHAKES) == 0, "%llu\n",
          (unsigned long long)lab_metric(&s.w->lab, METRIC_TLS_FAILED));
    lab_pass(&s.w->lab, 70 * NS_PER_S);
    shaken_close(&s);
}

/* OpenSSL says that it does not trust us and closes at once; what it left unread makes that a reset. Both arrive together. */
TEST(conn_turn_tls_hears_an_alert_before_a_reset)
{
    static const uint8_t unknown_ca[] = { 0x15, 3, 3, 0, 2, 2, 48 };
    static uint8_t hello[4096];
    static const struct { bool says; uint64_t alerts_n; } rows[] = { { true, 1 }, { false, 0 } };
    struct pair p;
    struct shaken s = { 0 };

    shaken_open(&s, "root.pem");
    pair_begin(&p);
    pair_connect(&p, s.client, s.w->tls_server, "localhost", false, true);
    pair_feed(&p, &p.client);
    uint32_t n = bufq_peek(&p.client.out, hello, sizeof(hello));
    pair_drop(&p);
    pair_end(&p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t before = lab_why(&s.w->lab, WHY_TLS_ALERT_CERT);
        int peer = lab_connect(&s.w->lab);
        CHECK(ring_sim_peer_send(peer, hello, n) == n, "no room\n");
        lab_run(&s.w->lab);
        if (rows[i].says)
            CHECK(ring_sim_peer_send(peer, unknown_ca, sizeof(unknown_ca)) == sizeof(unknown_ca), "no room\n");
        ring_sim_peer_reset(peer);
        lab_run(&s.w->lab);
        CHECK(lab_why(&s.w->lab, WHY_TLS_ALERT_CERT) - before == rows[i].alerts_n, "says %d\n", rows[i].says);
        CHECK(s.w->gone_n == i + 1, "it stays\n");
    }
    shaken_close(&s);
}

TEST(conn_turn_tls_of_no_host)
{
    struct shaken s = { 0 };

    shaken_open(&s, "root.pem");
    struct tls_server *server = s.w->tls_server;
    s.w->tls_server = NULL;
    (void)shaken_ask(&s);
    CHECK(lab_why(&s.w->lab, WHY_TLS_NO_HOST) == 1 && s.w->up_status == 0 && s.w->lab.conns.clients_n == 0, "served\n");
    s.w->tls_server = server;
    lab_pass(&s.w->lab, 70 * NS_PER_S);
    shaken_close(&s);
}

CHECK_RUN(RUN(conn_turn_first_bytes), RUN(conn_turn_plain_http_is_told_where_it_is), RUN(conn_turn_proxy_names_the_client),
          RUN(conn_turn_preface_is_http2), RUN(conn_turn_ends_before_anything_was_said), RUN(conn_turn_lingers_until_the_client_has_read),
          RUN(conn_turn_tls_both_ends), RUN(conn_turn_tls_is_refused), RUN(conn_turn_tls_hears_an_alert_before_a_reset), RUN(conn_turn_tls_of_no_host))
