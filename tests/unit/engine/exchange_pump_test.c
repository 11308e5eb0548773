/* exchange_pump_test.c - bodies arrive whole and in order, through policies that cut them, and no further ahead than the reader.
 *
 * Method: a body whose bytes count up, from a client that is fast to an upstream that reads a little at a time, and back.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

enum { BODY_BYTES = 2000000 };

#define DOCUMENTS(more) WORLD_GATEWAY("") WORLD_UPSTREAM("one", WORLD_ENDPOINT("9001")) WORLD_ROUTE("all", "/", "one") more

static char byte_at(uint32_t at)
{
    return (char)(at % 251);
}

/* Bytes of the body from at on, as many as peer takes. */
static uint32_t give(struct world *w, int peer, uint32_t at)
{
    uint32_t n = BODY_BYTES - at < 5000 ? BODY_BYTES - at : 5000;

    for (uint32_t i = 0; i < n; i++)
        w->text[i] = byte_at(at + i);
    return ring_sim_peer_send(peer, w->text, n);
}

/* ... and on the other side; skips what stands before a head's end. */
static uint32_t take(struct world *w, int peer, uint32_t at, bool *io_in_body)
{
    int32_t n = ring_sim_peer_recv(peer, w->text, 3000);
    char *body = w->text;

    if (n <= 0)
        return 0;
    if (!*io_in_body) {
        w->text[n] = 0;
        body = memmem(w->text, (size_t)n, "\r\n\r\n", 4);
        CHECK(body != NULL, "a head in pieces\n");
        body += 4;
        *io_in_body = true;
    }
    uint32_t len = (uint32_t)(w->text + n - body);
    for (uint32_t i = 0; i < len; i++)
        CHECK(body[i] == byte_at(at + i), "byte %u\n", at + i);
    return len;
}

static void carry(struct world *w, int giver, int taker)
{
    bool in_body = false;

    for (uint32_t given = 0, taken = 0, rounds = 0; taken < BODY_BYTES; rounds++) {
        CHECK(rounds < 20000, "stuck: %u given, %u taken\n", given, taken);
        given += given < BODY_BYTES ? give(w, giver, given) : 0;
        given += given < BODY_BYTES ? give(w, giver, given) : 0;
        lab_run(&w->lab);
        CHECK(lab_client(&w->lab)->wire_in.bytes <= STREAM_RX_BYTES_HIGH + 65536, "%u bytes wait for a turn: the tap is open\n",
              lab_client(&w->lab)->wire_in.bytes);
        taken += take(w, taker, taken, &in_body);
    }
}

TEST(pump_both_ways)
{
    static const char *const documents[] = { DOCUMENTS(""), DOCUMENTS(WORLD_PEDANT) };

    for (size_t i = 0; i < COUNT(documents); i++) {
        struct world *w = world_open(documents[i], NULL);
        char head[128];
        int client = lab_connect(&w->lab);
        snprintf(head, sizeof(head), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);
        lab_send(&w->lab, client, head);
        int up = world_accept(w);
        carry(w, client, up);
        snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);
        lab_send(&w->lab, up, head);
        carry(w, up, client);
        lab_run(&w->lab);
        CHECK(w->records_n == 1 && w->why == WHY_OK, "%s\n", why_name(w->why));
        /* One queue each way at its mark, and what one turn may add to it. */
        CHECK(w->queue_max >= STREAM_RX_BYTES_LOW && w->queue_max <= 2 * STREAM_RX_BYTES_HIGH + 2 * 65536, "%u bytes were queued\n", w->queue_max);
        ring_sim_peer_close(client);
        world_close(w);
    }
}

TEST(pump_stops_at_a_cap)
{
    struct world *w = world_open(DOCUMENTS("---\n{type: ForgeBodyCap, name: c, spec: {targetRef: {kind: MeshHTTPRoute, name: all}, bytes: 10}}\n" WORLD_PEDANT), NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n");
    int up = world_accept(w);
    world_expect(w, up, "PUT / ");
    lab_send(&w->lab, client, "1\r\nx\r\n");
    world_expect(w, client, "HTTP/1.1 413 ");
    CHECK(w->records_n <= 1 && lab_read(&w->lab, up, w->text) != RING_SIM_NOTHING, "the upstream waits for more\n");
    CHECK(strchr(w->text, 'x') == NULL, "the byte too much went on: %s\n", w->text);
    ring_sim_peer_close(client);
    lab_run(&w->lab);
    CHECK(w->records_n == 1 && w->why == WHY_POLICY_BODY_CAP, "%s\n", why_name(w->why));
    world_close(w);
}

TEST(pump_carries_trailers)
{
    struct world *w = world_open(DOCUMENTS(WORLD_PEDANT), NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "PUT / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n");
    int up = world_accept(w);
    world_expect(w, up, "PUT / ");
    CHECK(strstr(w->text, "\r\n0\r\nx-sum: 7\r\n\r\n") != NULL, "%s\n", w->text);
    lab_send(&w->lab, up, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Up: 1\r\nConnection: close\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 200 ");
    CHECK(strstr(w->text, "\r\n0\r\nx-up: 1\r\n\r\n") != NULL, "%s\n", w->text);
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(pump_both_ways), RUN(pump_stops_at_a_cap), RUN(pump_carries_trailers))
