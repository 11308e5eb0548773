/* wire.c - see wire.h. */
#include "ctl/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "conf/snapshot.h"
#include "conn/tls.h"

static bool __attribute__((format(printf, 2, 3))) wire_fail(struct wire *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->sentence, sizeof(w->sentence), format, args);
    va_end(args);
    return false;
}

void wire_init(struct wire *w, struct shard *shard)
{
    *w = (struct wire){ .shard = shard, .fd = -1 };
}

/* Wait until the socket can do one of these; answers which, 0: told. */
static short wire_wait(struct wire *w, short events)
{
    for (;;) {
        uint64_t now_ns = clock_mono_ns(), left_ms = now_ns < w->deadline_ns ? (w->deadline_ns - now_ns) / NS_PER_MS + 1 : 0;
        struct pollfd p = { .fd = w->fd, .events = events };
        int n = left_ms > 0 ? poll(&p, 1, left_ms > 60000 ? 60000 : (int)left_ms) : 0;

        if (n > 0)
            return p.revents;
        if (n < 0 && errno != EINTR)
            return (short)wire_fail(w, "%s", strerror(errno));
        if (left_ms == 0)
            return (short)wire_fail(w, "no answer within the time; --timeout TIME gives it more");
    }
}

/* ---- connecting ---- */

static bool connect_to(struct wire *w, int family, const struct sockaddr *address, socklen_t bytes)
{
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    w->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->fd < 0)
        return wire_fail(w, "%s", strerror(errno));
    if (connect(w->fd, address, bytes) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EAGAIN)
        return wire_fail(w, "%s", strerror(errno));
    if (wire_wait(w, POLLOUT) == 0)
        return false;
    getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
    return error == 0 || wire_fail(w, "%s", strerror(error));
}

static bool connect_unix(struct wire *w, const struct wire_place *place)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, place->unix_path, strlen(place->unix_path));
    return connect_to(w, AF_UNIX, (const struct sockaddr *)&address, sizeof(address));
}

static bool connect_tcp(struct wire *w, const struct wire_place *place)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int wrong = getaddrinfo(place->host, place->port, &hints, &found); /* tidy: banned-calls: because a person waits for it, not traffic */
    bool is_open = false;

    if (wrong != 0)
        return wire_fail(w, "the name is not known: %s", gai_strerror(wrong));
    for (const struct addrinfo *a = found; a != NULL && !is_open; a = a->ai_next) {
        is_open = connect_to(w, a->ai_family, a->ai_addr, a->ai_addrlen);
        if (!is_open && w->fd >= 0) {
            close(w->fd);
            w->fd = -1;
        }
    }
    freeaddrinfo(found);
    return is_open;
}

static bool open_tls(struct wire *w, const struct wire_place *place)
{
    const struct upstream up = { .is_tls = true, .verify_ca = !place->is_insecure, .verify_name = !place->is_insecure,
                                 .tls_version_min = 12, .tls_version_max = 13, .ca_pem = place->ca_pem };
    struct bufq none = { 0 };
    enum why why;

    if (w->tls_client == NULL) {
        if (tls_init() != WHY_OK || pool_open(&w->tls_pool, "tls", tls_slot_bytes(), 1) != WHY_OK)
            return wire_fail(w, "the TLS library does not start on this machine");
        if (tls_client_open(&up, &w->tls_client, w->sentence, sizeof(w->sentence)) != WHY_OK)
            return false;
    }
    why = tls_connect_open(&w->tls_pool, w->shard, w->tls_client, span_str(place->host), 0, false, true, &w->tls);
    if (why != WHY_OK)
        return wire_fail(w, "%s", why_sentence(why));
    while (!tls_is_ready(w->tls))
        if (!wire_turn(w, &none, &none, true))
            return false;
    return true;
}

bool wire_open(struct wire *w, const struct wire_place *place)
{
    w->has_ended = false;
    if (!(place->unix_path[0] != 0 ? connect_unix(w, place) : connect_tcp(w, place)))
        return false;
    return !place->is_tls || open_tls(w, place);
}

/* ---- bytes ---- */

static bool wire_send(struct wire *w, struct bufq *from)
{
    while (from->bytes > 0) {
        struct span front = bufq_front(from);
        ssize_t n = send(w->fd, front.at, front.len, MSG_NOSIGNAL);

        if (n > 0)
            bufq_eat(&w->shard->queues, from, (uint32_t)n);
        else if (n < 0 && errno == EAGAIN)
            return true;
        else if (n < 0 && errno == EINTR)
            continue;
        else if (errno == EPIPE || errno == ECONNRESET)
            return true; /* It may have answered before it stopped reading: what comes tells. */
        else
            return wire_fail(w, "%s", strerror(errno));
    }
    return true;
}

static bool wire_receive(struct wire *w, struct bufq *to)
{
    uint32_t room;
    uint8_t *at = bufq_reserve(&w->shard->queues, to, WIRE_READ_BYTES, &room);
    ssize_t n;

    if (at == NULL)
        return wire_fail(w, "%s", why_sentence(WHY_POOL_BUFFER_EMPTY));
    do
        n = recv(w->fd, at, room, 0);
    while (n < 0 && errno == EINTR);
    bufq_commit(to, n > 0 ? (uint32_t)n : 0);
    if (n < 0 && errno != EAGAIN)
        return wire_fail(w, "%s", strerror(errno));
    w->has_ended = n == 0;
    return true;
}

/* Ciphertext in, plaintext and whatever the protocol says out. */
static bool wire_decrypt(struct wire *w, struct bufq *in)
{
    enum why why = tls_feed(w->tls, &w->cipher_in, in, WIRE_PLAIN_BYTES_HIGH, &w->cipher_out);

    if (why == WHY_IO_EOF)
        w->has_ended = true;
    else if (why != WHY_OK) {
        wire_send(w, &w->cipher_out); /* Its alert, so that the gateway's log says it, too. */
        return wire_fail(w, "%s", why_sentence(why));
    }
    return true;
}

bool wire_turn(struct wire *w, struct bufq *out, struct bufq *in, bool wants_read)
{
    struct bufq *sends = w->tls != NULL ? &w->cipher_out : out;
    short events = 0;

    if (w->tls != NULL) {
        if (tls_has_more(w->tls) && !wire_decrypt(w, in))
            return false;
        if (tls_is_ready(w->tls) && out->bytes > 0 &&
            tls_pull(w->tls, out, &w->cipher_out, WIRE_PLAIN_BYTES_HIGH) != WHY_OK)
            return wire_fail(w, "%s", why_sentence(WHY_POOL_BUFFER_EMPTY));
    }
    if (!wire_send(w, sends))
        return false;
    if (wants_read && w->tls != NULL && w->cipher_in.bytes > 0 && in->bytes < WIRE_PLAIN_BYTES_HIGH) {
        uint32_t before = w->cipher_in.bytes;

        if (!wire_decrypt(w, in))
            return false;
        if (w->cipher_in.bytes < before)
            return true;
    }
    if (w->has_ended)
        return w->tls == NULL || tls_is_ready(w->tls) || wire_fail(w, "%s", why_sentence(tls_eof(w->tls)));
    events = (short)((wants_read ? POLLIN : 0) | (sends->bytes > 0 || out->bytes > 0 ? POLLOUT : 0));
    events = wire_wait(w, events);
    if (events == 0)
        return false;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && wants_read)
        return wire_receive(w, w->tls != NULL ? &w->cipher_in : in);
    return true;
}

void wire_close(struct wire *w)
{
    tls_close(w->tls);
    w->tls = NULL;
    bufq_clear(&w->shard->queues, &w->cipher_in);
    bufq_clear(&w->shard->queues, &w->cipher_out);
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

void wire_fini(struct wire *w)
{
    wire_close(w);
    tls_client_close(w->tls_client);
    pool_close(&w->tls_pool);
}
