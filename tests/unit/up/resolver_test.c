/* resolver_test.c - names asked of a name server that the test plays, on real sockets.
 *
 * Method: a UDP socket of our own is what resolv.conf names; the loop is turned by hand, and the test answers each question.
 */
#include "lib/check.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shard.h"
#include "io/socket_address.h"
#include "up/resolver.h"

enum { EVENTS = 32 };

struct world {
    struct shard    shard;
    struct ring    *ring;
    struct resolver resolver;
    int             server;
    char            dir[64], hosts[96], conf[96];
    uint32_t        told_n, asked_n;
    enum why        why;
    struct dns_addresses found;
    char            names[64][64]; /* of questions, as labels */
};

static void on_found(void *owner, enum why why, const struct dns_addresses *found)
{
    struct world *w = owner;

    w->told_n++;
    w->why = why;
    w->found = *found;
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "%s\n", path);
}

static struct world *world_open(const char *hosts, const char *more)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof(a);
    char error[256], text[512];

    CHECK(w != NULL, "no memory\n");
    w->server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(w->server >= 0 && bind(w->server, (struct sockaddr *)&a, sizeof(a)) == 0, "no socket\n");
    CHECK(getsockname(w->server, (struct sockaddr *)&a, &bytes) == 0, "no port\n");
    snprintf(w->dir, sizeof(w->dir), "/tmp/resolver-test-XXXXXX");
    CHECK(mkdtemp(w->dir) != NULL, "no folder\n");
    snprintf(w->hosts, sizeof(w->hosts), "%s/hosts", w->dir);
    snprintf(w->conf, sizeof(w->conf), "%s/resolv.conf", w->dir);
    snprintf(text, sizeof(text), "nameserver 127.0.0.1:%u\n%s", ntohs(a.sin_port), more);
    put_file(w->hosts, hosts);
    put_file(w->conf, text);
    CHECK(shard_open(&w->shard, 0, 1) == WHY_OK && ring_open(&w->ring, error, sizeof(error)) == WHY_OK, "no ring\n");
    CHECK(resolver_open(&w->resolver, &w->shard, w->ring, w->hosts, w->conf) == WHY_OK, "no memory\n");
    w->shard.now_ns = clock_mono_ns();
    return w;
}

/* What the test's name server says: a row a name. */
struct zone {
    const char *name; /* labels on the wire, without the type's bytes */
    uint8_t     code;
    const char *address; /* of A; NULL: no address */
};

static void serve(struct world *w, const struct zone *zone, size_t n)
{
    uint8_t m[512];
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof(from);
    ssize_t got = recvfrom(w->server, m, sizeof(m), 0, (struct sockaddr *)&from, &from_bytes);

    if (got < 20)
        return;
    size_t end = (size_t)got - 11;
    snprintf(w->names[w->asked_n++ % 64], 64, "%.63s", (const char *)m + 12);
    m[2] = 0x81;
    m[3] = 3;
    m[11] = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp((const char *)m + 12, zone[i].name) != 0)
            continue;
        m[3] = zone[i].code;
        if (zone[i].address != NULL && m[end - 3] == 1) {
            static const uint8_t record[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };

            m[7] = 1;
            memcpy(m + end, record, 12);
            CHECK(inet_pton(AF_INET, zone[i].address, m + end + 12) == 1, "address\n");
            end += 16;
        }
    }
    sendto(w->server, m, end, 0, (struct sockaddr *)&from, from_bytes);
}

static void turn(struct world *w, const struct zone *zone, size_t n)
{
    struct ring_event events[EVENTS];
    uint32_t events_n = ring_wait(w->ring, events, EVENTS, 5 * NS_PER_MS, 1, 0);
    struct list_node *node;
    struct timer *t;

    w->shard.now_ns = clock_mono_ns();
    for (uint32_t i = 0; i < events_n; i++)
        if (handle_kind(events[i].handle) == HANDLE_RESOLVE)
            resolver_on_event(&w->resolver, &events[i]);
    while ((node = list_pop(&w->shard.ready)) != NULL)
        resolver_step(container_of(node, struct task, node));
    while ((t = wheel_due(&w->shard.wheel, w->shard.now_ns)) != NULL)
        resolver_on_timer(t);
    serve(w, zone, n);
}

static void ask(struct world *w, const char *name, const struct zone *zone, size_t n)
{
    w->told_n = 0;
    CHECK(resolver_ask(&w->resolver, span_str(name), on_found, w) != NULL, "no room\n");
    CHECK(w->told_n == 0, "told on the stack of who asked\n");
    for (int i = 0; i < 4000 && w->told_n == 0; i++)
        turn(w, zone, n);
    CHECK(w->told_n == 1, "%s: told %u times\n", name, w->told_n);
}

static void world_close(struct world *w)
{
    for (int i = 0; i < 400 && w->resolver.asks.live_n > 0; i++)
        turn(w, NULL, 0);
    CHECK(w->resolver.asks.live_n == 0, "%u questions are left\n", w->resolver.asks.live_n);
    resolver_close(&w->resolver);
    ring_close(w->ring);
    shard_close(&w->shard);
    close(w->server);
    unlink(w->hosts);
    unlink(w->conf);
    rmdir(w->dir);
    free(w);
}

static const char *first_address(const struct world *w)
{
    static char text[ADDRESS_TEXT_BYTES_MAX + 1];

    text[w->found.n > 0 ? address_print(w->found.all[0], text) : 0] = 0;
    return text;
}

TEST(hosts_come_first_and_cost_no_question)
{
    struct world *w = world_open("# comment\n192.0.2.7\tgit.test other # more\n", "");

    ask(w, "OTHER", NULL, 0);
    CHECK(w->why == WHY_OK && strcmp(first_address(w), "192.0.2.7") == 0 && w->asked_n == 0, "%s\n", first_address(w));
    ask(w, "localhost", NULL, 0);
    CHECK(w->why == WHY_OK && strcmp(first_address(w), "127.0.0.1") == 0, "%s\n", first_address(w));
    world_close(w);
}

TEST(a_server_is_asked_for_both_kinds)
{
    static const struct zone zone[] = { { "\3git\4test", 0, "192.0.2.9" } };
    struct world *w = world_open("", "");

    ask(w, "git.test", zone, 1);
    CHECK(w->why == WHY_OK && w->found.n == 1 && strcmp(first_address(w), "192.0.2.9") == 0, "%s\n", why_name(w->why));
    CHECK(w->asked_n == 2, "%u questions\n", w->asked_n);
    ask(w, "nowhere.test", zone, 1);
    CHECK(w->why == WHY_DNS_NO_NAME, "%s\n", why_name(w->why));
    world_close(w);
}

TEST(short_names_try_the_search_list)
{
    static const struct zone zone[] = { { "\3git\3two\4test", 0, "192.0.2.2" } };
    struct world *w = world_open("", "search one.test two.test\noptions ndots:2\n");

    ask(w, "git", zone, 1);
    CHECK(w->why == WHY_OK && strcmp(first_address(w), "192.0.2.2") == 0, "%s\n", why_name(w->why));
    CHECK(strcmp(w->names[0], "\3git\3one\4test") == 0, "%s came first\n", w->names[0]);
    w->asked_n = 0;
    ask(w, "git.", zone, 1);
    CHECK(w->why == WHY_DNS_NO_NAME && w->asked_n == 2, "%u questions\n", w->asked_n);
    world_close(w);
}

TEST(failing_servers_are_asked_again_and_named)
{
    static const struct zone zone[] = { { "\3git\4test", 2, NULL } };
    struct world *w = world_open("", "");

    ask(w, "git.test", zone, 1);
    CHECK(w->why == WHY_DNS_FAILED && w->asked_n == 2 * RESOLVER_TRIES_MAX, "%s, %u questions\n", why_name(w->why), w->asked_n);
    world_close(w);
}

TEST(silence_has_a_name_and_a_cancel_leaves_nothing)
{
    struct world *w = world_open("", "");
    struct resolver_ask *a;

    close(w->server);
    w->server = -1;
    a = resolver_ask(&w->resolver, SPAN_LIT("a.test"), on_found, w);
    CHECK(a != NULL, "no room\n");
    turn(w, NULL, 0);
    resolver_cancel(a);
    ask(w, "b.test", NULL, 0);
    CHECK(w->why == WHY_DNS_SLOW && w->told_n == 1, "%s\n", why_name(w->why));
    world_close(w);
}

CHECK_RUN(RUN(hosts_come_first_and_cost_no_question), RUN(a_server_is_asked_for_both_kinds), RUN(short_names_try_the_search_list),
          RUN(failing_servers_are_asked_again_and_named), RUN(silence_has_a_name_and_a_cancel_leaves_nothing))
