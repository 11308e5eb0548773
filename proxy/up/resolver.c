/* resolver.c - see resolver.h. */
#include "up/resolver.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/random.h"
#include "base/shard.h"
#include "io/socket_address.h"

enum { FILE_BYTES_MAX = 65536, PORT = 53, QUESTIONS_N = 2 };

struct question {
    enum dns_type type;
    uint16_t      id;
    bool          is_answered;
    enum why      why;
};

struct resolver_ask {
    struct task      task;     /* TASK_RESOLVE */
    struct timer     timer;    /* TASK_RESOLVE */
    struct resolver *resolver;
    resolver_fn     *on_found; /* NULL: told, or cancelled; the slot waits for the kernel */
    void            *owner;
    struct resolver_conf conf;
    char             name[DNS_NAME_BYTES_MAX + 1];
    char             full[DNS_NAME_BYTES_MAX + 1]; /* that is asked for now */
    uint32_t         name_bytes, full_bytes;
    uint32_t         turn;     /* which spelling: the name as it is and with each suffix */
    uint32_t         tries_n;  /* of this spelling */
    struct question  questions[QUESTIONS_N];
    struct dns_addresses found;
    enum why         why;      /* the best reason so far */
    int              fd;       /* -1: none */
    bool             is_armed, is_begun, is_cancelled;
};

/* ---- the two files ---- */

static bool next_word(struct span *io_line, struct span *out)
{
    size_t n = 0;

    while (io_line->len > 0 && (io_line->at[0] == ' ' || io_line->at[0] == '\t' || io_line->at[0] == '\r'))
        *io_line = span_from(*io_line, 1);
    while (n < io_line->len && io_line->at[n] != ' ' && io_line->at[n] != '\t' && io_line->at[n] != '\r')
        n++;
    *out = span_of(io_line->at, n);
    *io_line = span_from(*io_line, n);
    return n > 0 && out->at[0] != '#' && out->at[0] != ';';
}

static void add_server(struct resolver_conf *c, struct span text)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port = PORT;

    if (c->servers_n < RESOLVER_SERVERS_MAX && (address_parse(text, address) || address_parse_port(text, address, &port)))
        socket_address_join(address, port, &c->servers[c->servers_n++]);
}

static void read_options(struct resolver_conf *c, struct span line)
{
    struct span word;
    uint64_t n;

    while (next_word(&line, &word))
        if (span_starts(word, SPAN_LIT("ndots:")) && span_to_u64(span_from(word, 6), &n))
            c->dots_n = n < 15 ? (uint32_t)n : 15;
}

static void read_suffixes(struct resolver_conf *c, struct span line)
{
    struct span word;

    c->suffixes_n = 0; /* The last such line counts. */
    while (next_word(&line, &word))
        if (c->suffixes_n < RESOLVER_SUFFIXES_MAX && word.len <= DNS_NAME_BYTES_MAX) {
            memcpy(c->suffixes[c->suffixes_n], word.at, word.len);
            c->suffixes[c->suffixes_n++][word.len] = 0;
        }
}

void resolver_read_conf(struct span text, struct resolver_conf *out)
{
    struct span line, word;

    memset(out, 0, sizeof(*out));
    out->dots_n = 1;
    while (span_next(&text, '\n', &line)) {
        if (!next_word(&line, &word))
            continue;
        if (span_is(word, SPAN_LIT("nameserver")) && next_word(&line, &word))
            add_server(out, word);
        else if (span_is(word, SPAN_LIT("search")) || span_is(word, SPAN_LIT("domain")))
            read_suffixes(out, line);
        else if (span_is(word, SPAN_LIT("options")))
            read_options(out, line);
    }
    if (out->servers_n == 0)
        add_server(out, SPAN_LIT("127.0.0.1")); /* resolv.conf(5) */
}

bool resolver_read_hosts(struct span text, struct span name, struct dns_addresses *out)
{
    uint8_t address[ADDRESS_BYTES];
    struct span line, word;

    out->n = 0;
    out->ttl_s = 0;
    while (span_next(&text, '\n', &line)) {
        if (!next_word(&line, &word) || !address_parse(word, address))
            continue;
        while (next_word(&line, &word))
            if (span_is_nocase(word, name) && out->n < DNS_ADDRESSES_MAX) {
                memcpy(out->all[out->n++], address, ADDRESS_BYTES);
                break;
            }
    }
    return out->n > 0;
}

static struct span read_file(const char *path, uint8_t *room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, room, FILE_BYTES_MAX) : 0;

    if (fd >= 0)
        socket_close_now(fd);
    return span_of(room, n > 0 ? (size_t)n : 0);
}

/* ---- a table ---- */

enum why resolver_open(struct resolver *r, struct shard *shard, struct ring *ring, const char *hosts_file, const char *conf_file)
{
    *r = (struct resolver){ .shard = shard, .ring = ring };
    r->hosts_file = hosts_file != NULL ? hosts_file : "/etc/hosts";
    r->conf_file = conf_file != NULL ? conf_file : "/etc/resolv.conf";
    return pool_open(&r->asks, "resolve", sizeof(struct resolver_ask), RESOLVER_ASKS_MAX);
}

void resolver_close(struct resolver *r)
{
    MUST(r->asks.live_n == 0);
    pool_close(&r->asks);
}

static struct handle ask_handle(struct resolver_ask *a, enum handle_kind kind)
{
    struct pool *pool = &a->resolver->asks;

    return handle_of(kind, pool_slot(pool, a), pool_generation(pool, a));
}

/* Nothing more is wanted. The slot goes back when the kernel has let go of the socket. */
static void ask_end(struct resolver_ask *a)
{
    struct resolver *r = a->resolver;

    a->on_found = NULL;
    wheel_cancel(&r->shard->wheel, &a->timer);
    if (list_has(&a->task.node))
        list_remove(&a->task.node);
    if (a->is_armed) {
        if (!a->is_cancelled)
            ring_cancel(r->ring, ask_handle(a, HANDLE_UNLISTEN), ask_handle(a, HANDLE_RESOLVE));
        a->is_cancelled = true;
        return;
    }
    if (a->fd >= 0)
        socket_close_now(a->fd);
    pool_give(&r->asks, a);
}

static void ask_tell(struct resolver_ask *a, enum why why)
{
    resolver_fn *on_found = a->on_found;

    on_found(a->owner, why, &a->found);
    ask_end(a);
}

void resolver_cancel(struct resolver_ask *ask)
{
    ask_end(ask);
}

/* ---- asking ---- */

/* The turn-th spelling of the name into full; false: there are no more. */
static bool ask_spell(struct resolver_ask *a)
{
    const struct resolver_conf *c = &a->conf;
    bool is_full = a->name[a->name_bytes - 1] == '.';
    uint32_t dots_n = 0, plain_turn, suffix;
    int n;

    for (uint32_t i = 0; i < a->name_bytes; i++)
        dots_n += a->name[i] == '.';
    plain_turn = is_full || dots_n >= c->dots_n ? 0 : c->suffixes_n;
    if (a->turn > (is_full ? 0 : c->suffixes_n))
        return false;
    if (a->turn == plain_turn) {
        n = snprintf(a->full, sizeof(a->full), "%s", a->name);
    } else {
        suffix = plain_turn == 0 ? a->turn - 1 : a->turn;
        n = snprintf(a->full, sizeof(a->full), "%s.%s", a->name, c->suffixes[suffix]);
    }
    a->full_bytes = n > 0 && (size_t)n < sizeof(a->full) ? (uint32_t)n : 0;
    return true;
}

static enum why ask_open(struct resolver_ask *a)
{
    const struct resolver_conf *c = &a->conf;
    const struct socket_address *server = &c->servers[a->tries_n % c->servers_n];
    enum why why;

    if (a->fd < 0) {
        if ((why = socket_datagram(server->any.sa_family, &a->fd)) != WHY_OK)
            return why;
        a->is_armed = true;
        ring_poll_in(a->resolver->ring, ask_handle(a, HANDLE_RESOLVE), a->fd);
    }
    return socket_datagram_connect(a->fd, server);
}

static bool ask_send(struct resolver_ask *a)
{
    uint8_t message[DNS_MESSAGE_BYTES_MAX];
    bool is_name = true;

    a->found.n = 0;
    (void)ask_open(a); /* What cannot be sent is not answered: the deadline tries the next server. */
    for (uint32_t i = 0; i < QUESTIONS_N; i++) {
        struct question *q = &a->questions[i];
        uint32_t bytes;

        *q = (struct question){ .type = i == 0 ? DNS_A : DNS_AAAA };
        random_secure(&q->id, sizeof(q->id)); /* Not to be guessed by who would like to answer. */
        bytes = dns_write_question(message, q->id, span_of(a->full, a->full_bytes), q->type);
        is_name &= bytes > 0;
        if (bytes > 0 && a->fd >= 0)
            socket_datagram_send(a->fd, span_of(message, bytes));
    }
    if (is_name)
        wheel_arm(&a->resolver->shard->wheel, &a->timer, a->resolver->shard->now_ns + RESOLVER_TRY_MS * NS_PER_MS);
    return is_name;
}

/* The next server, the next spelling, or the end. */
static void ask_go_on(struct resolver_ask *a, bool is_same_name)
{
    if (is_same_name)
        a->tries_n++;
    if (!is_same_name || a->tries_n >= RESOLVER_TRIES_MAX) {
        a->turn++;
        a->tries_n = 0;
        if (!ask_spell(a)) {
            ask_tell(a, a->why != WHY_OK ? a->why : WHY_DNS_NO_NAME);
            return;
        }
    }
    if (!ask_send(a))
        ask_go_on(a, false);
}

static void ask_judge(struct resolver_ask *a)
{
    const struct question *q = a->questions;
    enum why why = q[0].why != WHY_DNS_NO_ADDRESS && q[0].why != WHY_OK ? q[0].why : q[1].why;

    if (!q[0].is_answered || !q[1].is_answered)
        return;
    if (a->found.n > 0) {
        ask_tell(a, WHY_OK);
        return;
    }
    a->why = why;
    ask_go_on(a, why != WHY_DNS_NO_NAME && why != WHY_DNS_NO_ADDRESS);
}

static void ask_read(struct resolver_ask *a)
{
    uint8_t message[DNS_MESSAGE_BYTES_MAX];
    struct span name = span_of(a->full, a->full_bytes);
    int n;

    while ((n = socket_datagram_receive(a->fd, message, sizeof(message))) >= 0) {
        for (uint32_t i = 0; i < QUESTIONS_N; i++) {
            struct question *q = &a->questions[i];

            if (q->is_answered || !dns_is_answer(span_of(message, (size_t)n), q->id, name, q->type))
                continue;
            q->is_answered = true;
            q->why = dns_read_answer(span_of(message, (size_t)n), name, q->type, &a->found);
        }
    }
    ask_judge(a);
}

void resolver_on_event(struct resolver *r, const struct ring_event *ev)
{
    struct resolver_ask *a = pool_find(&r->asks, handle_slot(ev->handle), handle_generation(ev->handle));

    if (a == NULL)
        return;
    if (!ev->more)
        a->is_armed = false;
    if (a->on_found == NULL) {
        if (!a->is_armed)
            ask_end(a);
        return;
    }
    if (!a->is_armed) {
        a->is_armed = true;
        ring_poll_in(r->ring, ask_handle(a, HANDLE_RESOLVE), a->fd);
    }
    ask_read(a);
}

static bool is_local(struct span name)
{
    return span_is_nocase(name, SPAN_LIT("localhost")) || span_is_nocase(name, SPAN_LIT("localhost."));
}

/* The first turn: what needs nobody else. */
void resolver_step(struct task *task)
{
    struct resolver_ask *a = container_of(task, struct resolver_ask, task);
    uint8_t room[FILE_BYTES_MAX];
    struct span name = span_of(a->name, a->name_bytes);

    MUST(!a->is_begun);
    a->is_begun = true;
    if (resolver_read_hosts(read_file(a->resolver->hosts_file, room), name, &a->found) ||
        (is_local(name) && resolver_read_hosts(SPAN_LIT("127.0.0.1 localhost localhost."), name, &a->found))) {
        ask_tell(a, WHY_OK);
        return;
    }
    resolver_read_conf(read_file(a->resolver->conf_file, room), &a->conf);
    if (!ask_spell(a)) {
        ask_tell(a, WHY_DNS_NO_NAME);
        return;
    }
    if (!ask_send(a))
        ask_go_on(a, false);
}

void resolver_on_timer(struct timer *timer)
{
    struct resolver_ask *a = container_of(timer, struct resolver_ask, timer);

    if (a->found.n > 0) { /* One of the two questions was answered: some servers never answer AAAA. */
        ask_tell(a, WHY_OK);
        return;
    }
    a->why = WHY_DNS_SLOW;
    ask_go_on(a, true);
}

struct resolver_ask *resolver_ask(struct resolver *r, struct span name, resolver_fn *on_found, void *owner)
{
    struct resolver_ask *a = name.len > 0 && name.len <= DNS_NAME_BYTES_MAX ? pool_take(&r->asks) : NULL;

    if (a == NULL)
        return NULL;
    a->task.kind = TASK_RESOLVE;
    a->timer.kind = TASK_RESOLVE;
    a->resolver = r;
    a->on_found = on_found;
    a->owner = owner;
    a->fd = -1;
    memcpy(a->name, name.at, name.len);
    a->name_bytes = (uint32_t)name.len;
    shard_wake(r->shard, &a->task);
    return a;
}
