/* tls_connection_test.c - handshakes and records of both versions, with every certificate, over cut wires.
 *
 * Goal:   what one end says the other hears, however the bytes travel; every breach ends in its own name and takes
 *         nothing with it.
 * Method: both ends in one thread (lib/tls_pair.h). Breaches are made with the sender's own keys, or on the wire.
 */
#include "conn/tls_connection.h"

#include "base/clock.h"
#include "conn/tls_error.h"
#include "conn/tls_thread.h"
#include "lib/tls_pair.h"

/* What most tests need: one ECDSA host of both versions, a client that verifies it. */
struct bench {
    struct pair p;
    struct tls_ticket_keys *keys;
    struct tls_server *server;
    struct tls_client *client;
};

static void init(void)
{
    enum why why = tls_init();
    CHECK(why == WHY_OK, "tls_init: %s\n", why_name(why));
}

static void open_bench(struct bench *b, const char *certificate, uint8_t version_max)
{
    struct pair_host h;

    init();
    CHECK(tls_ticket_keys_open(&b->keys) == WHY_OK, "no keys\n");
    pair_begin(&b->p);
    pair_host_init(&h, certificate, NULL);
    h.host.version_max = version_max;
    b->server = pair_server(&h, b->keys);
    b->client = pair_client("root.pem", NULL, true, true);
    pair_host_fini(&h);
}

static void close_bench(struct bench *b)
{
    pair_end(&b->p);
    tls_client_close(b->client);
    tls_server_close(b->server);
    tls_ticket_keys_close(b->keys);
}

static void shake(struct bench *b)
{
    pair_shake(&b->p, b->client, b->server, "a.example.com");
}

/* ---- talking ---- */

TEST(tls_talks_in_each_version_with_each_certificate)
{
    static const struct row {
        const char *certificate;
        uint8_t     version_max;
        const char *version, *cipher;
    } rows[] = {
        { "ecdsa",   13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "rsa",     13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "p384",    13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "ed25519", 13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "ecdsa",   12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
        { "rsa",     12, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
        { "p384",    12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;
        open_bench(&b, rows[i].certificate, rows[i].version_max);
        pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
        CHECK(strcmp(tls_version_name(b.p.client.tls), "-") == 0 && strcmp(tls_cipher_name(b.p.client.tls), "-") == 0,
              "a name before there is one\n");
        pair_run(&b.p);
        CHECK(pair_is_ready(&b.p), "%s: client %s, server %s\n", rows[i].certificate, why_name(b.p.client.why),
              why_name(b.p.server.why));
        CHECK(strcmp(tls_version_name(b.p.server.tls), rows[i].version) == 0, "%s: %s\n", rows[i].certificate,
              tls_version_name(b.p.server.tls));
        CHECK(strcmp(tls_cipher_name(b.p.client.tls), rows[i].cipher) == 0, "%s: %s\n", rows[i].certificate,
              tls_cipher_name(b.p.client.tls));
        CHECK(!tls_was_resumed(b.p.client.tls) && !tls_was_resumed(b.p.server.tls), "resumed what?\n");
        for (int k = 0; k < 3; k++)
            pair_talk(&b.p, rows[i].certificate);
        CHECK(b.p.client.tls->shake == NULL && b.p.server.tls->shake == NULL, "the library is still held\n");
        close_bench(&b);
    }
}

TEST(tls_talks_over_every_cut_of_the_wire)
{
    static const uint32_t cuts[] = { 1, 2, 3, 4, 5, 6, 7, 11, 16, 17, 21, 22, 23, 64, 100, 1000, 1400, 4096 };

    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        open_bench(&b, "ecdsa", version);
        for (size_t i = 0; i < COUNT(cuts); i++)
            for (int by_reference = 0; by_reference < 2; by_reference++) {
                b.p.cut = cuts[i];
                b.p.by_reference = by_reference != 0;
                shake(&b);
                pair_talk(&b.p, "cut");
                pair_talk(&b.p, "cut");
                pair_drop(&b.p);
            }
        close_bench(&b);
    }
}

/* ---- bulk ---- */

enum { BULK_BYTES = 700000 };

static uint8_t bulk[BULK_BYTES];

static void send_bulk(struct pair *p, struct pair_end *from, struct pair_end *to)
{
    for (size_t i = 0; i < sizeof(bulk); i++)
        bulk[i] = (uint8_t)(i * 2654435761U >> 13);
    pair_say(p, from, bulk, sizeof(bulk));
    pair_feed(p, from);
    pair_run(p);
    pair_heard(p, to, bulk, sizeof(bulk), "bulk");
}

TEST(tls_carries_bulk_both_ways)
{
    static const uint32_t cuts[] = { 0, 1460, 16000, 16406, 65536 };

    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        open_bench(&b, "ecdsa", version);
        for (size_t i = 0; i < COUNT(cuts); i++)
            for (int by_reference = 0; by_reference < 2; by_reference++) {
                b.p.cut = cuts[i];
                b.p.by_reference = by_reference != 0;
                shake(&b);
                send_bulk(&b.p, &b.p.client, &b.p.server);
                send_bulk(&b.p, &b.p.server, &b.p.client);
                pair_talk(&b.p, "after bulk");
                pair_drop(&b.p);
            }
        close_bench(&b);
    }
}

/* Lengths of the records that wait in out. */
static uint32_t record_lengths(const struct bufq *out, uint32_t *lengths, uint32_t max)
{
    static uint8_t bytes[1000000];
    uint32_t len = bufq_peek(out, bytes, sizeof(bytes)), n = 0;

    for (uint32_t at = 0; at < len && n < max; n++) {
        lengths[n] = (uint32_t)bytes[at + 3] << 8 | bytes[at + 4];
        at += 5 + lengths[n];
    }
    return n;
}

TEST(tls_records_are_small_first_and_full_later)
{
    static uint32_t lengths[1000];
    struct bench b;
    uint32_t n, small_n = 0, full_n = 0;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_say(&b.p, &b.p.server, bulk, 400000);
    CHECK(tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, UINT32_MAX) == WHY_OK, "pull\n");
    n = record_lengths(&b.p.server.out, lengths, COUNT(lengths));
    for (uint32_t i = 0; i < n; i++) {
        small_n += lengths[i] == TLS_RECORD_SMALL_BYTES + 17;
        full_n += lengths[i] == TLS_RECORD_CONTENT_MAX + 17;
        CHECK(full_n == 0 || i + 1 == n || lengths[i] == TLS_RECORD_CONTENT_MAX + 17, "record %u: %u\n", i, lengths[i]);
    }
    CHECK(small_n == (TLS_RECORD_SMALL_FIRST + TLS_RECORD_SMALL_BYTES - 1) / TLS_RECORD_SMALL_BYTES, "%u\n", small_n);
    CHECK(full_n == (400000 - small_n * TLS_RECORD_SMALL_BYTES) / TLS_RECORD_CONTENT_MAX, "%u full\n", full_n);

    /* Short of the pause it goes on with full ones, after it with small ones. */
    for (int pause = 0; pause < 2; pause++) {
        bufq_clear(&b.p.shard.queues, &b.p.server.out);
        b.p.shard.now_ns += TLS_RECORD_IDLE_MS * NS_PER_MS + (pause == 0 ? 0 : 1);
        pair_say(&b.p, &b.p.server, bulk, 20000);
        CHECK(tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, UINT32_MAX) == WHY_OK, "pull\n");
        (void)record_lengths(&b.p.server.out, lengths, COUNT(lengths));
        CHECK(lengths[0] == (pause == 0 ? TLS_RECORD_CONTENT_MAX : TLS_RECORD_SMALL_BYTES) + 17U, "%u\n", lengths[0]);
    }
    close_bench(&b);
}

TEST(tls_stops_at_the_watermarks)
{
    struct bench b;
    uint32_t before;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_say(&b.p, &b.p.server, bulk, 300000);
    CHECK(tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, 50000) == WHY_OK, "pull\n");
    CHECK(b.p.server.out.bytes >= 50000 && b.p.server.out.bytes < 50000 + 17000, "%u\n", b.p.server.out.bytes);
    CHECK(tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, UINT32_MAX) == WHY_OK, "pull\n");
    while (pair_travel(&b.p, &b.p.server, &b.p.client, 0) > 0)
        continue;
    CHECK(tls_feed(b.p.client.tls, &b.p.client.wire, &b.p.client.plain_in, 20000, &b.p.client.out) == WHY_OK, "feed\n");
    before = b.p.client.plain_in.bytes;
    CHECK(before >= 20000 && before < 20000 + TLS_RECORD_CONTENT_MAX, "%u\n", before);
    CHECK(tls_feed(b.p.client.tls, &b.p.client.wire, &b.p.client.plain_in, 20000, &b.p.client.out) == WHY_OK, "feed\n");
    CHECK(b.p.client.plain_in.bytes == before, "it went on above the mark\n");
    pair_feed(&b.p, &b.p.client);
    pair_heard(&b.p, &b.p.client, bulk, 300000, "after the marks");
    close_bench(&b);
}

TEST(tls_established_connection_holds_no_library_memory)
{
    struct bench b;
    uint64_t before;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "first");
    pair_drop(&b.p);
    before = tls_heap_bytes(); /* with a cached session */
    shake(&b);
    CHECK(b.p.server.tls->shake == NULL, "the server is done with the library as soon as the keys are agreed\n");
    pair_talk(&b.p, "second");
    uint64_t held = tls_heap_bytes() > before ? tls_heap_bytes() - before : 0;
    CHECK(held < 512, "two ends hold %llu bytes\n", (unsigned long long)held);
    CHECK(tls_slot_bytes() <= 1024, "a slot takes %u bytes\n", tls_slot_bytes());
    close_bench(&b);
    CHECK(tls_heap_bytes() < 100000, "%llu bytes are left over\n", (unsigned long long)tls_heap_bytes());
}

/* ---- endings ---- */

TEST(tls_close_is_told_from_a_cut)
{
    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        open_bench(&b, "ecdsa", version);
        pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
        CHECK(tls_eof(b.p.client.tls) == WHY_UP_TLS_CUT, "client in its handshake\n");
        pair_run(&b.p);
        CHECK(tls_eof(b.p.client.tls) == WHY_UP_TLS_CUT && tls_eof(b.p.server.tls) == WHY_TLS_CUT, "open\n");
        pair_say(&b.p, &b.p.client, "bye", 3);
        pair_feed(&b.p, &b.p.client);
        tls_goodbye(b.p.client.tls, &b.p.client.out);
        tls_goodbye(b.p.client.tls, &b.p.client.out); /* said once */
        pair_run(&b.p);
        pair_heard(&b.p, &b.p.server, "bye", 3, "before the close");
        CHECK(b.p.server.why == WHY_IO_EOF, "server: %s\n", why_name(b.p.server.why));
        CHECK(tls_eof(b.p.server.tls) == WHY_IO_EOF, "a close is no cut\n");
        CHECK(bufq_is_empty(&b.p.server.wire), "%u bytes after the close\n", b.p.server.wire.bytes);
        /* The other direction stays open. */
        pair_say(&b.p, &b.p.server, "last words", 10);
        CHECK(tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, UINT32_MAX) == WHY_OK, "half open\n");
        tls_goodbye(b.p.server.tls, &b.p.server.out);
        pair_run(&b.p);
        pair_heard(&b.p, &b.p.client, "last words", 10, "half open");
        CHECK(b.p.client.why == WHY_IO_EOF, "client: %s\n", why_name(b.p.client.why));
        close_bench(&b);
    }
}

TEST(tls_client_says_goodbye_before_it_heard_anything)
{
    struct bench b;

    open_bench(&b, "ecdsa", 13);
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    tls_goodbye(b.p.client.tls, &b.p.client.out);
    CHECK(bufq_is_empty(&b.p.client.out), "there is nothing to close yet\n");
    pair_feed(&b.p, &b.p.client);
    (void)pair_travel(&b.p, &b.p.client, &b.p.server, 0);
    pair_feed(&b.p, &b.p.server);
    (void)pair_travel(&b.p, &b.p.server, &b.p.client, 0);
    pair_feed(&b.p, &b.p.client);
    CHECK(b.p.client.tls->state == TLS_AWAIT_TICKET, "state %u\n", b.p.client.tls->state);
    tls_goodbye(b.p.client.tls, &b.p.client.out);
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_IO_EOF, "server: %s\n", why_name(b.p.server.why));
    close_bench(&b);
}

/* ---- breaches, with good keys ---- */

/* A record of any type and content, sealed as from's next one. */
static void inject(struct bench *b, struct pair_end *from, unsigned type, const void *content, uint32_t bytes)
{
    static uint8_t record[TLS_RECORD_CONTENT_MAX + 64];
    uint32_t length;

    CHECK(from->tls->shake == NULL, "keys are not ours yet\n");
    memcpy(record + tls_half_before(&from->tls->write), content, bytes);
    length = tls_half_seal(&from->tls->write, (enum tls_content)type, record, bytes);
    CHECK(length > 0 && bufq_push_copy(&b->p.shard.queues, &from->out, span_of(record, length)) == WHY_OK, "inject\n");
}

static void breach(const char *what, uint8_t version, unsigned type, const void *content, uint32_t bytes,
                   unsigned times, enum why of_client, enum why of_upstream)
{
    for (int to_client = 0; to_client < 2; to_client++) {
        struct bench b;
        open_bench(&b, "ecdsa", version);
        shake(&b);
        pair_talk(&b.p, what);
        struct pair_end *from = to_client ? &b.p.server : &b.p.client, *to = to_client ? &b.p.client : &b.p.server;
        for (unsigned i = 0; i < times; i++)
            inject(&b, from, type, content, bytes);
        pair_run(&b.p);
        enum why want = to_client ? of_upstream : of_client;
        CHECK(to->why == want, "%s, TLS 1.%u, to the %s: %s\n", what, version - 10U, to_client ? "client" : "server",
              why_name(to->why));
        if (want != WHY_OK) {
            CHECK(tls_feed(to->tls, &to->wire, &to->plain_in, UINT32_MAX, &to->out) == want, "%s: it sticks\n", what);
            CHECK(tls_eof(to->tls) == want && to->tls->shake == NULL, "%s: it sticks\n", what);
        }
        close_bench(&b);
    }
}

TEST(tls_breaches_of_order_have_names)
{
    static const uint8_t hello_request[4] = { 0 }, update_long[6] = { 24, 0, 0, 2, 0, 0 };
    static const uint8_t update_of_two[10] = { 24, 0, 0, 1, 0, 24, 0, 0, 1, 0 }, update_odd[5] = { 24, 0, 0, 1, 2 };
    static const uint8_t ticket_huge[4] = { 4, 0xff, 0xff, 0xff };

    breach("CCS", 13, TLS_CONTENT_CCS, "\x01", 1, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("CCS", 12, TLS_CONTENT_CCS, "\x01", 1, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("unknown type", 13, 99, "x", 1, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("type 0", 13, 0, "\0\0\0", 3, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("renegotiation", 12, TLS_CONTENT_HANDSHAKE, hello_request, 4, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("hello request", 13, TLS_CONTENT_HANDSHAKE, hello_request, 4, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("empty handshake", 13, TLS_CONTENT_HANDSHAKE, "", 0, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("long update", 13, TLS_CONTENT_HANDSHAKE, update_long, 6, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("two updates", 13, TLS_CONTENT_HANDSHAKE, update_of_two, 10, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("odd update", 13, TLS_CONTENT_HANDSHAKE, update_odd, 5, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("huge ticket", 13, TLS_CONTENT_HANDSHAKE, ticket_huge, 4, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
    breach("short alert", 13, TLS_CONTENT_ALERT, "\x01", 1, 1, WHY_TLS_RECORD, WHY_UP_TLS_RECORD);
}

TEST(tls_alerts_have_names)
{
    breach("alert", 13, TLS_CONTENT_ALERT, "\x02\x28", 2, 1, WHY_TLS_ALERT, WHY_UP_TLS_ALERT);
    breach("alert", 12, TLS_CONTENT_ALERT, "\x02\x28", 2, 1, WHY_TLS_ALERT, WHY_UP_TLS_ALERT);
    breach("warning in 1.3 is fatal", 13, TLS_CONTENT_ALERT, "\x01\x28", 2, 1, WHY_TLS_ALERT, WHY_UP_TLS_ALERT);
    breach("warning in 1.2 is not", 12, TLS_CONTENT_ALERT, "\x01\x28", 2, 1, WHY_OK, WHY_OK);
    breach("user canceled", 13, TLS_CONTENT_ALERT, "\x01\x5a", 2, 1, WHY_OK, WHY_OK);
    breach("unknown authority", 13, TLS_CONTENT_ALERT, "\x02\x30", 2, 1, WHY_TLS_ALERT_CERT, WHY_UP_TLS_ALERT_CERT);
    breach("certificate required", 13, TLS_CONTENT_ALERT, "\x02\x74", 2, 1, WHY_TLS_ALERT_CERT, WHY_UP_TLS_ALERT_CERT);
    breach("close", 13, TLS_CONTENT_ALERT, "\x01\x00", 2, 1, WHY_IO_EOF, WHY_IO_EOF);
}

TEST(tls_floods_have_a_name)
{
    breach("empty records", 13, TLS_CONTENT_DATA, "", 0, TLS_EMPTY_RECORDS_MAX, WHY_OK, WHY_OK);
    breach("empty records", 13, TLS_CONTENT_DATA, "", 0, TLS_EMPTY_RECORDS_MAX + 1, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD);
    breach("empty records", 12, TLS_CONTENT_DATA, "", 0, TLS_EMPTY_RECORDS_MAX + 1, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD);
    breach("warnings", 12, TLS_CONTENT_ALERT, "\x01\x28", 2, TLS_EMPTY_RECORDS_MAX + 1, WHY_TLS_FLOOD,
           WHY_UP_TLS_RECORD);
    breach("cancels", 13, TLS_CONTENT_ALERT, "\x01\x5a", 2, TLS_EMPTY_RECORDS_MAX + 1, WHY_TLS_FLOOD,
           WHY_UP_TLS_RECORD);
}

/* What the kernel delivers is not what was sent. */
TEST(tls_forged_records_do_not_decrypt)
{
    static const struct row {
        const char *what;
        uint32_t    at;      /* byte of the record to change; -1 from the end by wrapping */
        enum why    of_client, of_upstream;
    } rows[] = {
        { "first byte of the body", 5,          WHY_TLS_DECRYPT, WHY_UP_TLS_RECORD },
        { "last byte of the tag",   UINT32_MAX, WHY_TLS_DECRYPT, WHY_UP_TLS_RECORD },
        { "type",                   0,          WHY_TLS_RECORD,  WHY_UP_TLS_RECORD },
        { "version",                1,          WHY_TLS_RECORD,  WHY_UP_TLS_RECORD },
        { "length, far too long",   3,          WHY_TLS_RECORD,  WHY_UP_TLS_RECORD },
    };

    for (uint8_t version = 12; version <= 13; version++)
        for (size_t i = 0; i < COUNT(rows); i++)
            for (int to_client = 0; to_client < 2; to_client++) {
                struct bench b;
                uint8_t record[256];
                open_bench(&b, "ecdsa", version);
                shake(&b);
                pair_talk(&b.p, "before");
                struct pair_end *from = to_client ? &b.p.server : &b.p.client;
                struct pair_end *to = to_client ? &b.p.client : &b.p.server;
                pair_say(&b.p, from, "good bytes", 10);
                pair_feed(&b.p, from);
                uint32_t len = bufq_peek(&from->out, record, sizeof(record));
                bufq_eat(&b.p.shard.queues, &from->out, len);
                record[rows[i].at == UINT32_MAX ? len - 1 : rows[i].at] ^= 0x80;
                pair_deliver(&b.p, &to->wire, record, len);
                pair_feed(&b.p, to);
                CHECK(to->why == (to_client ? rows[i].of_upstream : rows[i].of_client), "%s: %s\n", rows[i].what,
                      why_name(to->why));
                CHECK(to->plain_in.bytes == 0, "%s: forged bytes were passed on\n", rows[i].what);
                pair_run(&b.p); /* the alert that it answers with */
                CHECK(from->why == (to_client ? WHY_TLS_ALERT : WHY_UP_TLS_ALERT), "%s: %s\n", rows[i].what,
                      why_name(from->why));
                close_bench(&b);
            }
}

TEST(tls_records_too_short_for_their_tag_are_bad)
{
    static const uint8_t tiny[] = { 0x17, 3, 3, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    struct bench b;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_deliver(&b.p, &b.p.server.wire, tiny, sizeof(tiny));
    pair_feed(&b.p, &b.p.server);
    CHECK(b.p.server.why == WHY_TLS_RECORD, "%s\n", why_name(b.p.server.why));
    close_bench(&b);
}

TEST(tls_padding_is_taken_off)
{
    struct bench b;
    uint8_t content[300] = "padded";

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    content[6] = TLS_CONTENT_DATA; /* "padded", its type, and then a record's worth of zeros with type 0 */
    inject(&b, &b.p.client, 0, content, sizeof(content));
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_OK, "%s\n", why_name(b.p.server.why));
    pair_heard(&b.p, &b.p.server, "padded", 6, "padding");
    close_bench(&b);
}

/* ---- key updates ---- */

static void update_keys(struct bench *b, struct pair_end *from, bool wants_answer)
{
    uint8_t message[5] = { 24, 0, 0, 1, wants_answer };

    inject(b, from, TLS_CONTENT_HANDSHAKE, message, sizeof(message));
    CHECK(tls_half_rekey(&from->tls->write), "rekey\n");
}

TEST(tls_key_updates_are_followed_and_answered)
{
    struct bench b;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    for (int i = 0; i < TLS_KEY_UPDATES_MAX; i++) {
        update_keys(&b, i % 2 ? &b.p.client : &b.p.server, i % 3 == 0);
        pair_run(&b.p);
        pair_talk(&b.p, "after an update");
    }
    close_bench(&b);
}

TEST(tls_key_updates_without_end_are_a_flood)
{
    struct bench b;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    for (int i = 0; i <= TLS_KEY_UPDATES_MAX; i++)
        update_keys(&b, &b.p.client, true);
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_TLS_FLOOD, "%s\n", why_name(b.p.server.why));
    close_bench(&b);
}

TEST(tls_worn_keys_are_changed)
{
    struct bench b;

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    /* Both ends as if so many records had gone by. */
    b.p.server.tls->write._seq = b.p.client.tls->read._seq = TLS_RECORDS_A_KEY_MAX - 1;
    for (int i = 0; i < 3; i++)
        pair_talk(&b.p, "around the change");
    CHECK(b.p.server.tls->write._seq < 3, "the keys were not changed\n");
    CHECK(b.p.client.tls->updates_n == 1, "%u updates\n", b.p.client.tls->updates_n);
    close_bench(&b);
}

TEST(tls_client_lets_later_tickets_go)
{
    struct bench b;
    static const uint8_t tickets[] = { 4, 0, 0, 3, 1, 2, 3, 4, 0, 0, 2, 1, 2 };
    static const uint8_t begun[] = { 4, 0, 0, 5, 1, 2 }, ended[] = { 3, 4, 5 };

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    inject(&b, &b.p.server, TLS_CONTENT_HANDSHAKE, tickets, sizeof(tickets));
    inject(&b, &b.p.server, TLS_CONTENT_HANDSHAKE, begun, sizeof(begun));
    inject(&b, &b.p.server, TLS_CONTENT_HANDSHAKE, ended, sizeof(ended));
    pair_run(&b.p);
    CHECK(b.p.client.why == WHY_OK, "%s\n", why_name(b.p.client.why));
    pair_talk(&b.p, "after tickets");
    inject(&b, &b.p.server, TLS_CONTENT_HANDSHAKE, begun, sizeof(begun));
    inject(&b, &b.p.server, TLS_CONTENT_DATA, "x", 1);
    pair_run(&b.p);
    CHECK(b.p.client.why == WHY_UP_TLS_RECORD, "%s\n", why_name(b.p.client.why));
    close_bench(&b);
}

/* RFC 8446 s5.1: what belongs to no message may not come in the middle of one, not even a close. */
TEST(tls_messages_are_not_interleaved)
{
    struct bench b;
    static const uint8_t begun[] = { 4, 0, 0, 5, 1, 2 };

    open_bench(&b, "ecdsa", 13);
    shake(&b);
    pair_talk(&b.p, "before");
    inject(&b, &b.p.server, TLS_CONTENT_HANDSHAKE, begun, sizeof(begun));
    inject(&b, &b.p.server, TLS_CONTENT_ALERT, "\x01\x00", 2);
    pair_run(&b.p);
    CHECK(b.p.client.why == WHY_UP_TLS_RECORD, "%s\n", why_name(b.p.client.why));
    close_bench(&b);
}

/* ---- out of everything ---- */

/* Whichever take fails, the connection ends in a name, and every slot comes back (pair_drop checks that). */
TEST(tls_survives_each_pool_that_runs_dry)
{
    for (int which = 0; which < 4; which++) {
        bool done = false;
        for (uint32_t k = 1; !done && k < 400; k++) {
            struct bench b;
            open_bench(&b, "ecdsa", k % 2 ? 13 : 12);
            struct pool *pools[] = { &b.p.shard.queues.segs, &b.p.shard.queues.bufs._pool[BUF_SMALL],
                                     &b.p.shard.queues.bufs._pool[BUF_LARGE], &b.p.pool };
            b.p.host = b.server;
            struct tls *t = NULL;
            if (which == 3)
                pool_fail_after(pools[which], k);
            enum why why = tls_connect_open(&b.p.pool, &b.p.shard, b.client, SPAN_LIT("a.example.com"), 1, false, false,
                                            &t);
            if (why != WHY_OK) {
                CHECK(why == WHY_POOL_SESSION_EMPTY && t == NULL, "%s\n", why_name(why));
                close_bench(&b);
                continue;
            }
            tls_close(t);
            pool_fail_after(pools[which], 0);
            shake(&b);
            pair_say(&b.p, &b.p.server, bulk, 50000);
            pool_fail_after(pools[which], k);
            why = tls_pull(b.p.server.tls, &b.p.server.plain_out, &b.p.server.out, UINT32_MAX);
            if (why == WHY_OK) {
                uint8_t wire[60000];
                uint32_t len = bufq_peek(&b.p.server.out, wire, sizeof(wire));
                bool went_in = bufq_push_copy(&b.p.shard.queues, &b.p.client.wire, span_of(wire, len)) == WHY_OK;
                b.p.client.why = tls_feed(b.p.client.tls, &b.p.client.wire, &b.p.client.plain_in, UINT32_MAX,
                                          &b.p.client.out);
                why = went_in ? b.p.client.why : WHY_POOL_BUFFER_EMPTY;
            }
            CHECK(why == WHY_OK || why == WHY_POOL_BUFFER_EMPTY, "pool %d take %u: %s\n", which, k, why_name(why));
            pool_fail_after(pools[which], 0);
            done = why == WHY_OK;
            close_bench(&b);
        }
        CHECK(done || which == 3, "pool %d always fails\n", which);
    }
}

TEST(tls_survives_each_allocation_that_fails)
{
    for (uint8_t version = 12; version <= 13; version++) {
        unsigned named_n = 0;
        bool done = false;
        for (uint32_t k = 1; !done && k < 2000; k++) {
            struct bench b;
            open_bench(&b, "ecdsa", version);
            b.p.host = b.server;
            memset(&b.p.client, 0, sizeof(b.p.client));
            memset(&b.p.server, 0, sizeof(b.p.server));
            tls_thread_fail_after(k);
            enum why why = tls_connect_open(&b.p.pool, &b.p.shard, b.client, SPAN_LIT("a.example.com"), 1, true, true,
                                            &b.p.client.tls);
            /* The server half of pair_feed insists on a slot, so the hello travels by hand here. */
            if (why == WHY_OK)
                why = tls_feed(b.p.client.tls, &b.p.client.wire, &b.p.client.plain_in, UINT32_MAX, &b.p.client.out);
            if (why == WHY_OK) {
                struct tls_hello hello;
                (void)pair_travel(&b.p, &b.p.client, &b.p.server, 0);
                CHECK(tls_hello_read(&b.p.server.wire, &hello, &why) == TLS_HELLO_DONE, "hello\n");
                why = tls_accept_open(&b.p.pool, &b.p.shard, b.server, &hello, TLS_ALPN_H1, &b.p.server.tls);
            }
            if (why == WHY_OK) {
                pair_feed(&b.p, &b.p.server);
                pair_run(&b.p);
                done = pair_is_ready(&b.p);
                named_n += b.p.client.why == WHY_TLS_NO_MEMORY || b.p.server.why == WHY_TLS_NO_MEMORY;
                CHECK(done || b.p.client.why != WHY_OK || b.p.server.why != WHY_OK, "allocation %u: stuck\n", k);
            } else {
                CHECK(why == WHY_TLS_NO_MEMORY, "allocation %u: %s\n", k, why_name(why));
            }
            tls_thread_fail_after(0);
            close_bench(&b);
        }
        /* The library hides a few behind errors of its own. */
        CHECK(done && named_n > 50, "it never succeeds, or only %u failures were named\n", named_n);
    }
}

CHECK_RUN(RUN(tls_talks_in_each_version_with_each_certificate), RUN(tls_talks_over_every_cut_of_the_wire),
          RUN(tls_carries_bulk_both_ways), RUN(tls_records_are_small_first_and_full_later),
          RUN(tls_stops_at_the_watermarks), RUN(tls_established_connection_holds_no_library_memory),
          RUN(tls_close_is_told_from_a_cut), RUN(tls_client_says_goodbye_before_it_heard_anything),
          RUN(tls_breaches_of_order_have_names), RUN(tls_alerts_have_names), RUN(tls_floods_have_a_name),
          RUN(tls_forged_records_do_not_decrypt), RUN(tls_records_too_short_for_their_tag_are_bad),
          RUN(tls_padding_is_taken_off), RUN(tls_key_updates_are_followed_and_answered),
          RUN(tls_key_updates_without_end_are_a_flood), RUN(tls_worn_keys_are_changed),
          RUN(tls_client_lets_later_tickets_go), RUN(tls_messages_are_not_interleaved),
          RUN(tls_survives_each_pool_that_runs_dry),
          RUN(tls_survives_each_allocation_that_fails))
