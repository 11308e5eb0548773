/* tls_connection.c - one connection: handshake by the library, then records by ourselves, over queues.
 *
 * Spec:   RFC 8446 s5 (records), s4.6.3 (KeyUpdate), s6 (alerts), s4.6.1 (tickets); RFC 5246 s6, s7.2.
 * Layer:  conn (tls_*).
 * Bounds: TLS_EMPTY_RECORDS_MAX in a row, TLS_KEY_UPDATES_MAX more than the data explains.
 * Thread: one worker.
 *
 * A record that lies in one piece of the wire is decrypted where it lies, and its plaintext moves on by reference; one
 * that is cut over two pieces is gathered first. Data is gathered behind a record's header and encrypted there.
 */
#include "conn/tls_connection.h"

#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "base/clock.h"
#include "base/limits.h"
#include "conn/tls_error.h"
#include "conn/tls_thread.h"

enum {
    MESSAGE_HEADER_BYTES  = 4,
    MESSAGE_NEW_TICKET    = 4,
    MESSAGE_KEY_UPDATE    = 24,
    KEY_UPDATE_BYTES      = 5,
    RECORDS_AN_UPDATE_LOG = 10,  /* one more key update for each 1,024 records of data */
    ALERT_BYTES           = 2,
    ALERT_WARNING         = 1,
    ALERT_FATAL           = 2,
    OVERHEAD_BYTES_MAX    = TLS_RECORD_HEADER_BYTES + TLS_RECORD_EXPLICIT_BYTES + 1 + TLS_RECORD_TAG_BYTES,
};

STATIC_MUST(sizeof(struct tls) <= 1024, "tls_connection.h says what a connection costs");
STATIC_MUST(TLS_RECORD_CONTENT_MAX + OVERHEAD_BYTES_MAX <= BUF_LARGE_BYTES, "a full record fits a large chunk");

enum why tls_init(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
        return WHY_TLS_CPU;
    if (wolfSSL_SetAllocators(tls_thread_malloc, tls_thread_free, tls_thread_realloc) != 0)
        return WHY_TLS_FAILED;
    return wolfSSL_Init() == WOLFSSL_SUCCESS ? WHY_OK : WHY_TLS_FAILED;
}

uint64_t tls_heap_bytes(void)
{
    return tls_thread_heap_bytes();
}

/* ---- life ---- */

uint32_t tls_slot_bytes(void)
{
    return sizeof(struct tls);
}

static struct tls *take(struct pool *pool, struct shard *shard, bool is_client)
{
    struct tls *t = pool_take(pool);

    if (t == NULL)
        return NULL;
    t->pool = pool;
    t->shard = shard;
    t->is_client = is_client;
    t->state = TLS_AWAIT_HANDSHAKE;
    return t;
}

static enum why opened(struct tls *t, enum why why, struct tls **out_tls)
{
    if (why != WHY_OK) {
        pool_give(t->pool, t);
        return why;
    }
    t->shake->queues = &t->shard->queues;
    *out_tls = t;
    return WHY_OK;
}

enum why tls_accept_open(struct pool *pool, struct shard *shard, struct tls_server *server,
                         const struct tls_hello *hello, enum tls_alpn alpn, struct tls **out_tls)
{
    struct tls *t = take(pool, shard, false);
    enum why judged = tls_server_judge(server, hello);

    if (t == NULL)
        return WHY_POOL_SESSION_EMPTY;
    if (judged != WHY_OK) {
        t->state = TLS_AWAIT_REFUSAL;
        t->why = (uint16_t)judged;
        *out_tls = t;
        return WHY_OK;
    }
    return opened(t, tls_shake_open_server(server, hello, alpn, &t->shake), out_tls);
}

enum why tls_connect_open(struct pool *pool, struct shard *shard, struct tls_client *client, struct span server_name,
                          uint64_t endpoint_key, bool offer_h2, bool offer_h1, struct tls **out_tls)
{
    struct tls *t = take(pool, shard, true);

    if (t == NULL)
        return WHY_POOL_SESSION_EMPTY;
    return opened(t, tls_shake_open_client(client, server_name, endpoint_key, offer_h2, offer_h1, &t->shake), out_tls);
}

void tls_close(struct tls *t)
{
    if (t == NULL)
        return;
    tls_shake_close(t->shake);
    tls_half_fini(&t->read);
    tls_half_fini(&t->write);
    pool_give(t->pool, t);
}

static enum why die(struct tls *t, enum why why)
{
    tls_shake_close(t->shake);
    t->shake = NULL;
    t->state = TLS_DEAD;
    t->why = (uint16_t)why;
    return why;
}

/* ---- sending ---- */

/* A record of a few bytes that is not data. */
static enum why send_small(struct tls *t, enum tls_content type, const uint8_t *content, uint32_t bytes,
                           struct bufq *out)
{
    uint32_t room, length;
    uint8_t *at = bufq_reserve(&t->shard->queues, out, bytes + OVERHEAD_BYTES_MAX, &room);

    if (at == NULL)
        return WHY_POOL_BUFFER_EMPTY;
    memcpy(at + tls_half_before(&t->write), content, bytes);
    length = tls_half_seal(&t->write, type, at, bytes);
    bufq_commit(out, length);
    return length > 0 ? WHY_OK : WHY_TLS_FAILED;
}

/* End it with an alert, which is left out when there is no room for it. */
static enum why refuse(struct tls *t, enum tls_alert alert, enum why why, struct bufq *out)
{
    const uint8_t content[ALERT_BYTES] = { ALERT_FATAL, (uint8_t)alert };

    (void)send_small(t, TLS_CONTENT_ALERT, content, sizeof(content), out);
    return die(t, why);
}

static enum why refuse_record(struct tls *t, enum tls_alert alert, struct bufq *out)
{
    return refuse(t, alert, tls_error_side(t->is_client, WHY_TLS_RECORD, WHY_UP_TLS_RECORD), out);
}

static enum why send_key_update(struct tls *t, struct bufq *out)
{
    static const uint8_t message[KEY_UPDATE_BYTES] = { MESSAGE_KEY_UPDATE, 0, 0, 1, 0 };
    enum why why = send_small(t, TLS_CONTENT_HANDSHAKE, message, sizeof(message), out);

    if (why != WHY_OK)
        return why;
    return tls_half_rekey(&t->write) ? WHY_OK : WHY_TLS_FAILED;
}

/* Small records first, so that a client on a slow path can decrypt each segment as it comes; after 64 KiB without a
 * pause the path is known to be fast, and full records cost least. */
static uint32_t content_max(struct tls *t)
{
    uint64_t now = t->shard->now_ns;

    if (now - t->wrote_ns > TLS_RECORD_IDLE_MS * NS_PER_MS)
        t->burst_bytes = 0;
    t->wrote_ns = now;
    return t->burst_bytes < TLS_RECORD_SMALL_FIRST ? TLS_RECORD_SMALL_BYTES : TLS_RECORD_CONTENT_MAX;
}

static enum why send_data(struct tls *t, struct bufq *plain, uint32_t bytes, struct bufq *out)
{
    struct bufq_env *queues = &t->shard->queues;
    uint32_t room, length;

    if (tls_half_is_worn(&t->write)) {
        enum why why = send_key_update(t, out);
        if (why != WHY_OK)
            return why;
    }
    uint8_t *at = bufq_reserve(queues, out, bytes + OVERHEAD_BYTES_MAX, &room);
    if (at == NULL)
        return WHY_POOL_BUFFER_EMPTY;
    (void)bufq_peek(plain, at + tls_half_before(&t->write), bytes);
    length = tls_half_seal(&t->write, TLS_CONTENT_DATA, at, bytes);
    bufq_commit(out, length);
    bufq_eat(queues, plain, bytes);
    return length > 0 ? WHY_OK : WHY_TLS_FAILED;
}

/* Pieces as they lie: this lasts for a client's first request only. */
static enum why send_by_library(struct tls *t, struct bufq *plain, uint32_t bytes, struct bufq *out)
{
    struct span piece = bufq_front(plain);

    if (piece.len > bytes)
        piece.len = bytes;
    enum why why = tls_shake_write(t->shake, piece, out);
    bufq_eat(&t->shard->queues, plain, (uint32_t)piece.len);
    return why;
}

enum why tls_pull(struct tls *t, struct bufq *plain, struct bufq *cipher_out, uint32_t cipher_bytes_max)
{
    enum why why = WHY_OK;

    if (t->state == TLS_DEAD)
        return (enum why)t->why;
    MUST(t->suite != NULL);
    while (plain->bytes > 0 && cipher_out->bytes < cipher_bytes_max) {
        uint32_t bytes = content_max(t);
        if (bytes > plain->bytes)
            bytes = plain->bytes;
        t->burst_bytes += t->burst_bytes < TLS_RECORD_SMALL_FIRST ? bytes : 0;
        if (t->shake != NULL)
            why = send_by_library(t, plain, bytes, cipher_out);
        else
            why = send_data(t, plain, bytes, cipher_out);
        if (why != WHY_OK)
            return die(t, why);
    }
    return WHY_OK;
}

void tls_goodbye(struct tls *t, struct bufq *cipher_out)
{
    static const uint8_t content[ALERT_BYTES] = { ALERT_WARNING, TLS_ALERT_CLOSE_NOTIFY };

    if (t->suite == NULL || t->state == TLS_DEAD || t->said_goodbye)
        return;
    t->said_goodbye = true;
    if (t->shake != NULL)
        tls_shake_goodbye(t->shake, cipher_out);
    else
        (void)send_small(t, TLS_CONTENT_ALERT, content, sizeof(content), cipher_out);
}

/* ---- what is not data ---- */

static enum why take_alert(struct tls *t, const uint8_t *content, uint32_t bytes, struct bufq *out)
{
    if (bytes != ALERT_BYTES)
        return refuse_record(t, TLS_ALERT_DECODE_ERROR, out);
    if (content[1] == TLS_ALERT_CLOSE_NOTIFY) {
        t->state = TLS_AWAIT_OUR_END;
        return WHY_IO_EOF;
    }
    /* RFC 8446 s6.1: the announcement of a close. TLS 1.2 has warnings that change nothing; they count as empty. */
    if (content[1] == TLS_ALERT_USER_CANCELED || (!t->suite->is_tls13 && content[0] == ALERT_WARNING)) {
        if (++t->empty_n <= TLS_EMPTY_RECORDS_MAX)
            return WHY_OK;
        return refuse(t, TLS_ALERT_UNEXPECTED, tls_error_side(t->is_client, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD), out);
    }
    return die(t, tls_error_alert(content[1], t->is_client));
}

/* RFC 8446 s4.6.3: it must end its record, because what follows has other keys. The answer goes out before data. */
static enum why take_key_update(struct tls *t, const uint8_t *message, uint32_t bytes, struct bufq *out)
{
    enum why why = WHY_OK;

    if (bytes != KEY_UPDATE_BYTES || message[3] != 1)
        return refuse_record(t, TLS_ALERT_UNEXPECTED, out);
    if (message[4] > 1)
        return refuse_record(t, TLS_ALERT_ILLEGAL_PARAMETER, out);
    if (++t->updates_n > TLS_KEY_UPDATES_MAX + (t->data_records_n >> RECORDS_AN_UPDATE_LOG))
        return refuse(t, TLS_ALERT_UNEXPECTED, tls_error_side(t->is_client, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD), out);
    if (!tls_half_rekey(&t->read))
        return refuse(t, TLS_ALERT_INTERNAL_ERROR, WHY_TLS_FAILED, out);
    if (message[4] == 1 && t->state == TLS_OPEN && !t->said_goodbye)
        why = send_key_update(t, out);
    return why == WHY_OK ? WHY_OK : die(t, why);
}

/* After the hand-over: key updates, and for a client more tickets, which are let go. TLS 1.2 has renegotiation here,
 * which we refuse. */
static enum why take_messages(struct tls *t, const uint8_t *content, uint32_t bytes, struct bufq *out)
{
    if (!t->suite->is_tls13)
        return refuse_record(t, TLS_ALERT_NO_RENEGOTIATION, out);
    if (bytes == 0)
        return refuse_record(t, TLS_ALERT_UNEXPECTED, out); /* RFC 8446 s5.1 */
    while (bytes > 0) {
        if (t->skip_bytes > 0) {
            uint32_t part = t->skip_bytes < bytes ? t->skip_bytes : bytes;
            t->skip_bytes -= part;
            content += part;
            bytes -= part;
            continue;
        }
        if (content[0] == MESSAGE_KEY_UPDATE)
            return take_key_update(t, content, bytes, out);
        if (!t->is_client || content[0] != MESSAGE_NEW_TICKET || bytes < MESSAGE_HEADER_BYTES)
            return refuse_record(t, TLS_ALERT_UNEXPECTED, out);
        t->skip_bytes = (uint32_t)content[1] << 16 | (uint32_t)content[2] << 8 | content[3];
        if (t->skip_bytes > TLS_RECORD_CONTENT_MAX)
            return refuse_record(t, TLS_ALERT_DECODE_ERROR, out);
        content += MESSAGE_HEADER_BYTES;
        bytes -= MESSAGE_HEADER_BYTES;
    }
    /* Each costs the peer as much as us, but says nothing: the bound on empty records holds for these as well. */
    if (++t->empty_n > TLS_EMPTY_RECORDS_MAX)
        return refuse(t, TLS_ALERT_UNEXPECTED, tls_error_side(t->is_client, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD), out);
    return WHY_OK;
}

static enum why take_other(struct tls *t, uint8_t type, const uint8_t *content, uint32_t bytes, struct bufq *out)
{
    if (t->skip_bytes > 0 && type != TLS_CONTENT_HANDSHAKE)
        return refuse_record(t, TLS_ALERT_UNEXPECTED, out); /* RFC 8446 s5.1: messages are not interleaved. */
    if (type == TLS_CONTENT_ALERT)
        return take_alert(t, content, bytes, out);
    if (type == TLS_CONTENT_HANDSHAKE)
        return take_messages(t, content, bytes, out);
    return refuse_record(t, TLS_ALERT_UNEXPECTED, out);
}

static enum why take_empty(struct tls *t, struct bufq *out)
{
    if (++t->empty_n <= TLS_EMPTY_RECORDS_MAX)
        return WHY_OK;
    return refuse(t, TLS_ALERT_UNEXPECTED, tls_error_side(t->is_client, WHY_TLS_FLOOD, WHY_UP_TLS_RECORD), out);
}

static void count_data(struct tls *t)
{
    t->empty_n = 0;
    if (t->data_records_n != UINT32_MAX)
        t->data_records_n++;
}

/* ---- receiving ---- */

static enum why refuse_forged(struct tls *t, struct bufq *out)
{
    return refuse(t, TLS_ALERT_BAD_RECORD_MAC, tls_error_side(t->is_client, WHY_TLS_DECRYPT, WHY_UP_TLS_RECORD), out);
}

struct record {
    uint8_t  header[TLS_RECORD_HEADER_BYTES];
    uint8_t  nonce[TLS_RECORD_EXPLICIT_BYTES];
    uint32_t nonce_bytes;
    uint32_t body_bytes;       /* ciphertext and tag */
};

/* Look at the next record's header; false when the record is not whole yet or *out_why says that it is a bad one. */
static bool next_record(struct tls *t, const struct bufq *wire, struct record *r, struct bufq *out, enum why *out_why)
{
    *out_why = WHY_OK;
    if (bufq_peek(wire, r->header, sizeof(r->header)) < sizeof(r->header))
        return false;
    uint32_t bytes = (uint32_t)r->header[3] << 8 | r->header[4];
    bool is_tls13 = t->suite->is_tls13;
    bool is_known = is_tls13 ? r->header[0] == TLS_CONTENT_DATA
                             : r->header[0] >= TLS_CONTENT_CCS && r->header[0] <= TLS_CONTENT_DATA;
    uint32_t extra = TLS_RECORD_TAG_BYTES + (is_tls13 ? 1 : 0);

    r->nonce_bytes = tls_half_explicit(&t->read);
    if (!is_known || r->header[1] != 3)
        *out_why = refuse_record(t, TLS_ALERT_UNEXPECTED, out);
    else if (bytes > r->nonce_bytes + TLS_RECORD_CONTENT_MAX + extra)
        *out_why = refuse_record(t, TLS_ALERT_RECORD_OVERFLOW, out);
    else if (bytes < r->nonce_bytes + extra)
        *out_why = refuse_record(t, TLS_ALERT_BAD_RECORD_MAC, out);
    if (*out_why != WHY_OK || wire->bytes < sizeof(r->header) + bytes)
        return false;
    r->body_bytes = bytes - r->nonce_bytes;
    return true;
}

/* The whole body lies in one piece. */
static bool is_in_one_piece(const struct bufq *wire, uint32_t bytes)
{
    return wire->first->len >= bytes;
}

/* Decrypt at the front of wire (header and nonce are eaten) and let the content go on by reference. */
static enum why take_in_place(struct tls *t, const struct record *r, struct bufq *wire, struct bufq *plain,
                              struct bufq *out)
{
    struct bufq_env *queues = &t->shard->queues;
    uint8_t *body = wire->first->at;
    uint8_t  type;
    uint32_t bytes;
    enum why why = WHY_OK;

    if (!tls_half_unseal(&t->read, r->header, r->nonce_bytes > 0 ? r->nonce : NULL, body, r->body_bytes, &type, &bytes))
        return refuse_forged(t, out);
    if (type != TLS_CONTENT_DATA || t->skip_bytes > 0)
        why = take_other(t, type, body, bytes, out);
    else if (bytes == 0)
        why = take_empty(t, out);
    else
        count_data(t);
    if (type == TLS_CONTENT_DATA && why == WHY_OK && bytes > 0) {
        why = bufq_move(queues, wire, plain, bytes);
        if (why != WHY_OK)
            return die(t, why);
    } else {
        bytes = 0;
    }
    bufq_eat(queues, wire, r->body_bytes - bytes);
    return why;
}

/* Gather a body that is cut over pieces into room behind plain, and decrypt it there. */
static enum why take_gathered(struct tls *t, const struct record *r, struct bufq *wire, struct bufq *plain,
                              struct bufq *out)
{
    struct bufq_env *queues = &t->shard->queues;
    uint32_t room, bytes;
    uint8_t  type;
    uint8_t *body = bufq_reserve(queues, plain, r->body_bytes, &room);

    if (body == NULL)
        return die(t, WHY_POOL_BUFFER_EMPTY);
    (void)bufq_peek(wire, body, r->body_bytes);
    bufq_eat(queues, wire, r->body_bytes);
    if (!tls_half_unseal(&t->read, r->header, r->nonce_bytes > 0 ? r->nonce : NULL, body, r->body_bytes, &type, &bytes))
        return refuse_forged(t, out);
    if (type != TLS_CONTENT_DATA || t->skip_bytes > 0)
        return take_other(t, type, body, bytes, out);
    if (bytes == 0)
        return take_empty(t, out);
    count_data(t);
    bufq_commit(plain, bytes);
    return WHY_OK;
}

static enum why take_records(struct tls *t, struct bufq *wire, struct bufq *plain, uint32_t plain_bytes_max,
                             struct bufq *out)
{
    struct bufq_env *queues = &t->shard->queues;
    struct record r;
    enum why why = WHY_OK;

    while (plain->bytes < plain_bytes_max && next_record(t, wire, &r, out, &why)) {
        bufq_eat(queues, wire, sizeof(r.header));
        if (r.nonce_bytes > 0) {
            (void)bufq_peek(wire, r.nonce, r.nonce_bytes);
            bufq_eat(queues, wire, r.nonce_bytes);
        }
        why = is_in_one_piece(wire, r.body_bytes) ? take_in_place(t, &r, wire, plain, out)
                                                  : take_gathered(t, &r, wire, plain, out);
        if (why != WHY_OK)
            break;
    }
    return why;
}

/* ---- handshake ---- */

static enum why hand_over(struct tls *t)
{
    if (!tls_shake_hand_over(t->shake, t->suite, &t->read, &t->write))
        return die(t, WHY_TLS_FAILED);
    tls_shake_close(t->shake);
    t->shake = NULL;
    t->state = TLS_OPEN;
    return WHY_OK;
}

static enum why shake(struct tls *t, struct bufq *wire, struct bufq *out)
{
    struct tls_agreed agreed;
    enum why why = WHY_OK;

    t->has_begun = true;
    switch (tls_shake_step(t->shake, wire, out, &why)) {
    case TLS_SHAKE_MORE:
        return WHY_OK;
    case TLS_SHAKE_CLOSED:
    case TLS_SHAKE_BAD:
        tls_shake_forget(t->shake);
        return die(t, why);
    case TLS_SHAKE_DONE:
        break;
    }
    if (!tls_shake_agreed(t->shake, &agreed))
        return die(t, WHY_TLS_FAILED);
    t->suite = agreed.suite;
    t->alpn = (uint8_t)agreed.alpn;
    t->was_resumed = agreed.was_resumed;
    if (!t->is_client || !agreed.suite->is_tls13)
        return hand_over(t);
    t->state = TLS_AWAIT_TICKET;
    return WHY_OK;
}

/* There are no keys yet, so the alert goes in the clear. */
static enum why refuse_hello(struct tls *t, struct bufq *out)
{
    enum why why = (enum why)t->why;
    const uint8_t record[] = { TLS_CONTENT_ALERT, 3, 3, 0, ALERT_BYTES, ALERT_FATAL,
                               why == WHY_TLS_VERSION ? TLS_ALERT_PROTOCOL_VERSION : TLS_ALERT_HANDSHAKE_FAILURE };

    if (bufq_push_copy(&t->shard->queues, out, span_of(record, sizeof(record))) != WHY_OK)
        return die(t, WHY_POOL_BUFFER_EMPTY);
    return die(t, why);
}

/* Record by record through the library, until it has seen a ticket or the first data. */
static enum why take_by_library(struct tls *t, struct bufq *wire, struct bufq *plain, struct bufq *out)
{
    while (t->state == TLS_AWAIT_TICKET) {
        uint8_t  header[TLS_RECORD_HEADER_BYTES];
        uint32_t bytes;
        enum why why = WHY_OK;
        if (bufq_peek(wire, header, sizeof(header)) < sizeof(header))
            return WHY_OK;
        bytes = sizeof(header) + ((uint32_t)header[3] << 8 | header[4]);
        if (bytes > sizeof(header) + TLS_RECORD_CONTENT_MAX + 1 + TLS_RECORD_TAG_BYTES)
            return die(t, WHY_UP_TLS_RECORD);
        if (wire->bytes < bytes)
            return WHY_OK;
        switch (tls_shake_read(t->shake, wire, bytes, plain, out, &why)) {
        case TLS_SHAKE_MORE:
            break;
        case TLS_SHAKE_DONE:
            return hand_over(t);
        case TLS_SHAKE_CLOSED:
            if ((why = hand_over(t)) != WHY_OK)
                return why;
            t->state = TLS_AWAIT_OUR_END;
            return WHY_IO_EOF;
        case TLS_SHAKE_BAD:
            return die(t, why);
        }
    }
    return WHY_OK;
}

enum why tls_feed(struct tls *t, struct bufq *wire, struct bufq *plain, uint32_t plain_bytes_max,
                  struct bufq *cipher_out)
{
    enum why why = WHY_OK;

    if (t->state == TLS_AWAIT_REFUSAL)
        return refuse_hello(t, cipher_out);
    if (t->state == TLS_AWAIT_HANDSHAKE)
        why = shake(t, wire, cipher_out);
    if (t->state == TLS_AWAIT_TICKET && why == WHY_OK)
        why = take_by_library(t, wire, plain, cipher_out);
    switch ((enum tls_state)t->state) {
    case TLS_AWAIT_HANDSHAKE:
    case TLS_AWAIT_REFUSAL:
    case TLS_AWAIT_TICKET:
        return why;
    case TLS_OPEN:
        return take_records(t, wire, plain, plain_bytes_max, cipher_out);
    case TLS_AWAIT_OUR_END:
        return WHY_IO_EOF;
    case TLS_DEAD:
        return (enum why)t->why;
    }
    must_not_reach("tls_feed: state");
}

/* ---- questions ---- */

enum why tls_eof(const struct tls *t)
{
    if (t->state == TLS_DEAD)
        return (enum why)t->why;
    return t->state == TLS_AWAIT_OUR_END ? WHY_IO_EOF : tls_error_side(t->is_client, WHY_TLS_CUT, WHY_UP_TLS_CUT);
}

bool tls_has_more(const struct tls *t)
{
    return t->is_client && !t->has_begun && t->state == TLS_AWAIT_HANDSHAKE;
}

bool tls_is_ready(const struct tls *t)
{
    return t->suite != NULL;
}

bool tls_was_resumed(const struct tls *t)
{
    return t->was_resumed;
}

const char *tls_version_name(const struct tls *t)
{
    if (t->suite == NULL)
        return "-";
    return t->suite->is_tls13 ? "TLSv1.3" : "TLSv1.2";
}

const char *tls_cipher_name(const struct tls *t)
{
    return t->suite != NULL ? t->suite->name : "-";
}

enum tls_alpn tls_alpn(const struct tls *t)
{
    return (enum tls_alpn)t->alpn;
}
