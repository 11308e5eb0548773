/* client.c - see client.h. */
#include "ctl/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/random.h"
#include "conf/conf_arena.h"
#include "ctl/ctl.h"
#include "ctl/place.h"
#include "ctl/wire.h"
#include "http/session.h"

struct client {
    struct shard      shard;
    struct pool       h1_pool;
    struct wire       wire;
    struct place      place;
    struct session   *session;     /* NULL: not connected */
    struct task       conn_task, exchange_task;
    struct bufq       out, in;
    struct stream     stream;
    struct arena      arena;       /* of one question */
    struct head       tx_head, rx_head, rx_trailers;
    uint8_t          *answer;      /* CLIENT_ANSWER_BYTES_MAX of address space */
    size_t            answer_bytes;
};

/* ---- opening and closing ---- */

static enum command_exit client_open(struct ctl *ctl, const char **out_sentence)
{
    struct client *c;
    uint64_t seed;

    if (ctl->client != NULL)
        return EXIT_FINE;
    c = memory_map(sizeof(*c));
    random_secure(&seed, sizeof(seed));
    if (c == NULL || shard_open(&c->shard, 0, seed) != WHY_OK || pool_open(&c->h1_pool, "h1", h1_session_bytes(), 1) != WHY_OK ||
        (c->answer = memory_map(CLIENT_ANSWER_BYTES_MAX + 1)) == NULL) {
        *out_sentence = "the kernel has no address space left";
        return EXIT_UNREACHABLE; /* The process ends now, and the kernel takes the rest. */
    }
    c->conn_task.kind = TASK_CONN;
    c->exchange_task.kind = TASK_EXCHANGE;
    wire_init(&c->wire, &c->shard);
    ctl->client = c;
    *out_sentence = place_find(ctl, &c->place);
    return *out_sentence == NULL ? EXIT_FINE : EXIT_WRONG_USE;
}

static void disconnect(struct client *c)
{
    if (c->session != NULL)
        c->session->type->fini(c->session, WHY_IO_EOF);
    c->session = NULL;
    bufq_clear(&c->shard.queues, &c->in);
    bufq_clear(&c->shard.queues, &c->out);
    wire_close(&c->wire);
}

static void forget_stream(struct client *c)
{
    if (c->stream.session != NULL)
        c->session->type->stream_leave(c->session, &c->stream, WHY_OK);
    bufq_clear(&c->shard.queues, &c->stream.rx);
    bufq_clear(&c->shard.queues, &c->stream.tx);
    arena_fini(&c->arena);
    c->stream = (struct stream){ 0 };
}

void client_close(struct client *c)
{
    if (c == NULL)
        return;
    forget_stream(c);
    disconnect(c);
    list_remove(&c->conn_task.node);
    list_remove(&c->exchange_task.node);
    wire_fini(&c->wire);
    pool_close(&c->h1_pool);
    shard_close(&c->shard);
    memory_unmap(c->answer, CLIENT_ANSWER_BYTES_MAX + 1);
    memory_unmap(c, sizeof(*c));
}

static bool connect_if_needed(struct client *c)
{
    if (c->session != NULL && c->session->may_start && !c->wire.has_ended)
        return true;
    disconnect(c);
    if (!wire_open(&c->wire, &c->place.wire)) {
        wire_close(&c->wire);
        return false;
    }
    if (h1_client_open(&c->h1_pool, &c->shard, &c->session) != WHY_OK) {
        wire_close(&c->wire);
        return false;
    }
    c->session->conn_task = &c->conn_task;
    c->session->is_tls = c->wire.tls != NULL;
    return true;
}

/* ---- one question ---- */

static bool write_question(struct client *c, const struct client_question *q)
{
    struct head *head = &c->tx_head;
    bool is_good = true;

    arena_init(&c->arena, &c->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(head, &c->arena);
    head_init(&c->rx_head, &c->arena);
    head_init(&c->rx_trailers, &c->arena);
    head->method = (uint8_t)method_of(span_str(q->method));
    head->method_text = span_str(q->method);
    head->scheme = c->wire.tls != NULL ? SPAN_LIT("https") : SPAN_LIT("http");
    head->authority = span_str(c->place.authority);
    head->target = q->target;
    head->has_body = q->body.len > 0;
    is_good = head_add(head, SPAN_LIT("user-agent"), SPAN_LIT("forgectl/" FORGE_VERSION), 0) &&
              head_add(head, SPAN_LIT("accept"), SPAN_LIT("application/json"), 0);
    if (q->body.len > 0)
        is_good = is_good && head_add(head, SPAN_LIT("content-type"), q->content_type, 0);
    if (q->if_match.len > 0)
        is_good = is_good && head_add(head, SPAN_LIT("if-match"), q->if_match, 0);
    if (c->place.bearer.len > 0)
        is_good = is_good && head_add(head, SPAN_LIT("authorization"), c->place.bearer, FIELD_NEVER_INDEX);
    return is_good && (q->body.len == 0 || bufq_push_copy(&c->shard.queues, &c->stream.tx, q->body) == WHY_OK);
}

static bool begin(struct client *c, const struct client_question *q)
{
    c->stream = (struct stream){ .reader = &c->exchange_task, .rx_head = &c->rx_head, .rx_trailers = &c->rx_trailers,
                                 .tx_head = &c->tx_head, .tx_has_head = true, .tx_end = true };
    c->answer_bytes = 0;
    return write_question(c, q) && c->session->type->stream_start(c->session, &c->stream) == WHY_OK;
}

/* Payload that has come, into the answer. false: it is too long. */
static bool take_payload(struct client *c)
{
    while (c->stream.rx.bytes > 0) {
        struct span front = bufq_front(&c->stream.rx);

        if (front.len > CLIENT_ANSWER_BYTES_MAX - c->answer_bytes)
            return false;
        memcpy(c->answer + c->answer_bytes, front.at, front.len);
        c->answer_bytes += front.len;
        bufq_eat(&c->shard.queues, &c->stream.rx, (uint32_t)front.len);
    }
    if (c->stream.rx_interim) /* 100: the head that counts comes next. */
        c->stream.rx_interim = c->stream.rx_has_head = false;
    if (c->stream.session != NULL)
        c->session->type->stream_touch(c->session, &c->stream);
    return true;
}

/* Bytes both ways until the answer is whole; NULL, or what went wrong. */
static const char *converse(struct client *c)
{
    const struct session_type *type = c->session->type;

    while (!(c->stream.rx_has_head && c->stream.rx_end && c->stream.rx.bytes == 0)) {
        if (c->stream.gone != WHY_OK)
            return why_sentence(c->stream.gone);
        while (list_pop(&c->shard.ready) != NULL) {
            /* Tasks are for loops; here everything is looked at each time. */
        }
        if (c->session->wants_write && c->out.bytes < CONN_OUT_BYTES_HIGH &&
            type->pull(c->session, &c->out, CONN_OUT_BYTES_HIGH) != WHY_OK)
            continue;
        if (!wire_turn(&c->wire, &c->out, &c->in, c->session->wants_read))
            return c->wire.sentence;
        if (c->in.bytes > 0 && type->feed(c->session, &c->in) != WHY_OK)
            continue;
        if (!take_payload(c))
            return "its answer is longer than 256 MiB: ask for less";
        if (c->wire.has_ended && c->in.bytes == 0 && c->wire.cipher_in.bytes == 0 && !c->stream.rx_end)
            type->feed_end(c->session);
    }
    return NULL;
}

static bool keep_answer(struct ctl *ctl, struct client_answer *out)
{
    const struct client *c = ctl->client;
    const struct field *etag = head_find_name(&c->rx_head, SPAN_LIT("etag"));
    const struct field *type = head_find_name(&c->rx_head, SPAN_LIT("content-type"));

    *out = (struct client_answer){ .status = c->rx_head.status };
    out->body = conf_arena_copy(ctl->arena, span_of(c->answer, c->answer_bytes));
    out->etag = conf_arena_copy(ctl->arena, etag != NULL ? etag->value : SPAN_NONE);
    out->content_type = conf_arena_copy(ctl->arena, type != NULL ? type->value : SPAN_NONE);
    return !ctl->arena->is_full;
}

enum command_exit client_try(struct ctl *ctl, const struct client_question *question, struct client_answer *out,
                             const char **out_sentence)
{
    const char *wrong = NULL;
    enum command_exit code = client_open(ctl, &wrong);
    struct client *c = ctl->client;

    *out_sentence = wrong;
    if (code != EXIT_FINE)
        return code;
    c->wire.deadline_ns = clock_mono_ns() + arguments_duration_ns(&ctl->arguments, FLAG_TIMEOUT);
    if (!connect_if_needed(c))
        wrong = c->wire.sentence;
    else if (!begin(c, question))
        wrong = "there is no memory for the question";
    else
        wrong = converse(c);
    if (wrong == NULL && !keep_answer(ctl, out))
        wrong = "there is no memory for its answer";
    forget_stream(c);
    if (wrong == NULL)
        return EXIT_FINE;
    *out_sentence = place_complain(ctl, &c->place, c->session != NULL, wrong);
    disconnect(c);
    return EXIT_UNREACHABLE;
}

enum command_exit client_ask(struct ctl *ctl, const struct client_question *question, struct client_answer *out)
{
    const char *sentence;
    enum command_exit code = client_try(ctl, question, out, &sentence);

    if (code != EXIT_FINE)
        ctl_say(ctl, "%s", sentence);
    return code;
}
