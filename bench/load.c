/* load.c - the load generator and the backend in one thread that never sleeps, around one proxy under measurement.
 *
 *     load --proxy PORT --backend PORT --pids 12,34 [--plan keep|each|paced|idle] [--conns N] [--depth N] [--tls]
 *          [--h2] [--group x25519|mlkem] [--resume] [--large] [--rate HZ] [--warm S] [--seconds S]
 *
 * Prints one JSON object: what was answered, checked and failed in the window, what the proxy's processes cost in
 * it, how busy this thread was itself. With --plan idle it prints "held" when all connections are open, keeps them
 * until its input ends, and goes. It measures for S seconds after a warm-up; a run without progress ends by itself.
 *
 * Thread: one. Bounds: SECONDS_MAX.
 */
#include "backend.h"
#include "client.h"
#include "usage.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOAD_SECONDS_MAX = 120, LOAD_STALL_SECONDS_MAX = 5, LOAD_SQ_N = 4096, LOAD_CQ_N = 16384, LOAD_BUF_N = 256 };

struct load_conf {
    struct client_conf client;
    struct usage_pids pids;
    uint16_t backend_port;
    double warm_s;
    double window_s;
};

struct load_mark {  /* a moment, and everything that grows */
    uint64_t at_ns;
    struct usage proxy;
    struct usage self;
    struct client_count client;
    uint64_t backend_n;
    uint64_t idle_ns;
};

struct load {
    struct load_conf conf;
    struct net net;
    struct backend backend;
    struct client client;
    struct usage_pids self;
    uint64_t idle_ns;        /* spent in turns that found nothing to do */
    uint64_t progress_ns;    /* when something last completed */
};

static double load_number(const char *text, double min, double max, const char *name)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || value < min || value > max)
        net_die(0, "--%s wants a number from %g to %g, not '%s'", name, min, max, text);
    return value;
}

static enum client_plan load_plan(const char *text)
{
    static const char *const names[] = {"keep", "each", "paced", "idle"};

    for (unsigned i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum client_plan)i;
    net_die(0, "--plan is keep, each, paced or idle, not '%s'", text);
}

static void load_option(struct load_conf *conf, const char *name, const char *value)
{
    struct client_conf *cl = &conf->client;

    if (strcmp(name, "proxy") == 0)
        cl->port = (uint16_t)load_number(value, 1, 65535, name);
    else if (strcmp(name, "backend") == 0)
        conf->backend_port = (uint16_t)load_number(value, 1, 65535, name);
    else if (strcmp(name, "pids") == 0)
        usage_pids_parse(&conf->pids, value);
    else if (strcmp(name, "plan") == 0)
        cl->plan = load_plan(value);
    else if (strcmp(name, "conns") == 0)
        cl->conn_n = (unsigned)load_number(value, 1, CLIENT_CONN_N_MAX, name);
    else if (strcmp(name, "depth") == 0)
        cl->depth = (unsigned)load_number(value, 1, 128, name);
    else if (strcmp(name, "rate") == 0)
        cl->rate_hz = load_number(value, 1, 1e7, name);
    else if (strcmp(name, "warm") == 0)
        conf->warm_s = load_number(value, 0, LOAD_SECONDS_MAX, name);
    else if (strcmp(name, "seconds") == 0)
        conf->window_s = load_number(value, 0.05, LOAD_SECONDS_MAX, name);
    else if (strcmp(name, "group") == 0)
        cl->group = strcmp(value, "mlkem") == 0 ? TLS_GROUP_X25519MLKEM768 : TLS_GROUP_X25519;
}

static void load_conf_parse(struct load_conf *conf, int argc, char **argv)
{
    static const struct option options[] = {
        {"tls", no_argument, NULL, 't'}, {"h2", no_argument, NULL, '2'}, {"resume", no_argument, NULL, 'r'},
        {"large", no_argument, NULL, 'l'}, {"proxy", required_argument, NULL, 0},
        {"backend", required_argument, NULL, 0}, {"pids", required_argument, NULL, 0},
        {"plan", required_argument, NULL, 0}, {"conns", required_argument, NULL, 0},
        {"depth", required_argument, NULL, 0}, {"rate", required_argument, NULL, 0},
        {"warm", required_argument, NULL, 0}, {"seconds", required_argument, NULL, 0},
        {"group", required_argument, NULL, 0}, {NULL, 0, NULL, 0},
    };
    int index = 0;
    int c = 0;

    *conf = (struct load_conf){.client = {.conn_n = 64, .depth = 1, .rate_hz = 1000}, .warm_s = 0.5, .window_s = 2};
    while ((c = getopt_long(argc, argv, "", options, &index)) != -1) {
        switch (c) {
        case 't': conf->client.tls = true; break;
        case '2': conf->client.h2 = true; break;
        case 'r': conf->client.resume = true; break;
        case 'l': conf->client.large = true; break;
        case 0:   load_option(conf, options[index].name, optarg); break;
        default:  net_die(0, "see the head of bench/load.c for the options");
        }
    }
    if (conf->backend_port == 0 || conf->client.port == 0)
        net_die(0, "--proxy and --backend are wanted");
    if (conf->client.h2)
        conf->client.tls = true;
}

/* One turn: submit, take what has completed, give it to its owner. Answers the time after it. */
static uint64_t load_turn(struct load *l, uint64_t before_ns)
{
    struct io_uring_cqe *cqe = NULL;
    unsigned head = 0;
    unsigned n = 0;
    uint64_t now_ns = 0;
    int err = io_uring_submit_and_get_events(&l->net.ring);

    if (err < 0 && err != -EINTR && err != -EBUSY)
        net_die(-err, "io_uring_enter");
    io_uring_for_each_cqe(&l->net.ring, head, cqe) {
        n++;
        if (net_tag_kind(io_uring_cqe_get_data64(cqe)) < BACKEND_TAG_LAST)
            backend_step(&l->backend, cqe);
        else
            client_step(&l->client, cqe);
    }
    io_uring_cq_advance(&l->net.ring, n);
    client_grow(&l->client);
    now_ns = net_now_ns();
    client_pace(&l->client, now_ns);
    if (n == 0) {
        l->idle_ns += now_ns - before_ns;
        if (now_ns - l->progress_ns > LOAD_STALL_SECONDS_MAX * 1000000000ull)
            net_die(0, "nothing happened for %d seconds (%llu answers so far)", LOAD_STALL_SECONDS_MAX,
                    (unsigned long long)l->client.count.answered_n);
    } else {
        l->progress_ns = now_ns;
    }
    return now_ns;
}

static struct load_mark load_mark_now(struct load *l)
{
    struct load_mark mark = {.client = l->client.count, .backend_n = l->backend.answered_n, .idle_ns = l->idle_ns};

    mark.proxy = usage_now(&l->conf.pids);
    mark.self = usage_now(&l->self);
    mark.at_ns = net_now_ns();
    return mark;
}

static void load_run_until(struct load *l, uint64_t end_ns)
{
    uint64_t now_ns = net_now_ns();

    while (now_ns < end_ns)
        now_ns = load_turn(l, now_ns);
}

static void load_fill(struct load *l)
{
    uint64_t now_ns = net_now_ns();
    uint64_t end_ns = now_ns + 60 * 1000000000ull;

    while (!client_is_full(&l->client)) {
        now_ns = load_turn(l, now_ns);
        if (now_ns > end_ns)
            net_die(0, "the connections are not open after a minute");
    }
}

static void load_print_number(const char *name, double value)
{
    printf("\"%s\": %.9g, ", name, value);
}

static void load_print(const struct load *l, const struct load_mark *a, const struct load_mark *b)
{
    double wall_ns = (double)(b->at_ns - a->at_ns);
    const struct hist *hist = &l->client.hist;

    printf("{");
    load_print_number("seconds", wall_ns / 1e9);
    load_print_number("answered", (double)(b->client.answered_n - a->client.answered_n));
    load_print_number("body_bytes", (double)(b->client.body_bytes - a->client.body_bytes));
    load_print_number("opened", (double)(b->client.opened_n - a->client.opened_n));
    load_print_number("handshakes", (double)(b->client.handshake_n - a->client.handshake_n));
    load_print_number("resumed", (double)(b->client.resumed_n - a->client.resumed_n));
    load_print_number("errors", (double)b->client.error_n);
    load_print_number("late", (double)(b->client.late_n - a->client.late_n));
    load_print_number("backend_answered", (double)(b->backend_n - a->backend_n));
    load_print_number("backend_accepted", (double)l->backend.accepted_n);
    load_print_number("backend_bad", (double)l->backend.bad_n);
    load_print_number("proxy_cpu_ns", (double)(b->proxy.cpu_ns - a->proxy.cpu_ns));
    load_print_number("proxy_wait_ns", (double)(b->proxy.wait_ns - a->proxy.wait_ns));
    load_print_number("proxy_user_ns", (double)(b->proxy.user_ns - a->proxy.user_ns));
    load_print_number("proxy_system_ns", (double)(b->proxy.system_ns - a->proxy.system_ns));
    load_print_number("self_cpu_ns", (double)(b->self.cpu_ns - a->self.cpu_ns));
    load_print_number("self_wait_ns", (double)(b->self.wait_ns - a->self.wait_ns));
    load_print_number("self_idle_ns", (double)(b->idle_ns - a->idle_ns));
    load_print_number("latency_n", (double)hist->count);
    load_print_number("p50_ns", (double)hist_quantile_ns(hist, 0.50));
    load_print_number("p90_ns", (double)hist_quantile_ns(hist, 0.90));
    load_print_number("p99_ns", (double)hist_quantile_ns(hist, 0.99));
    load_print_number("p999_ns", (double)hist_quantile_ns(hist, 0.999));
    load_print_number("max_ns", (double)hist->max_ns);
    printf("\"error\": \"%s\"}\n", l->client.error == NULL ? "" : l->client.error);
}

/* Keep the connections, without spinning, until nobody is interested any more. */
static void load_hold(struct load *l)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    uint64_t opened_n = l->client.count.opened_n;

    printf("held %u\n", l->client.held_n);
    fflush(stdout);
    while (poll(&input, 1, 20) == 0) {
        load_turn(l, net_now_ns());
        l->progress_ns = net_now_ns();
    }
    printf("{\"held\": %u, \"opened\": %llu, \"errors\": %llu, \"handshakes\": %llu}\n", l->client.held_n,
           (unsigned long long)opened_n, (unsigned long long)l->client.count.error_n,
           (unsigned long long)l->client.count.handshake_n);
}

int main(int argc, char **argv)
{
    struct load *l = calloc(1, sizeof *l);
    struct load_mark first, last;
    unsigned buf_bytes = 0;

    if (l == NULL)
        net_die(0, "no memory");
    load_conf_parse(&l->conf, argc, argv);
    l->self = (struct usage_pids){.n = 1, .pid = {getpid()}};
    buf_bytes = l->conf.client.large ? 65536 : l->conf.client.tls || l->conf.client.depth > 1 ? 16384 : 4096;
    net_open(&l->net, LOAD_SQ_N, LOAD_CQ_N, LOAD_BUF_N, buf_bytes);
    backend_open(&l->backend, &l->net, l->conf.backend_port);
    client_open(&l->client, &l->net, &l->conf.client);
    l->progress_ns = net_now_ns();
    load_fill(l);
    if (l->conf.client.plan == CLIENT_PLAN_IDLE) {
        load_hold(l);
        return 0;
    }
    if (l->conf.client.plan == CLIENT_PLAN_PACED)
        client_pace_begin(&l->client, net_now_ns());
    load_run_until(l, net_now_ns() + (uint64_t)(l->conf.warm_s * 1e9));
    hist_clear(&l->client.hist);
    first = load_mark_now(l);
    load_run_until(l, first.at_ns + (uint64_t)(l->conf.window_s * 1e9));
    last = load_mark_now(l);
    load_print(l, &first, &last);
    return 0;
}
