/* compile_policy.c - effective policies -> settings of routes, upstreams and listeners.
 *
 * Spec:   kuma-dialect.md 3.3 (MeshTimeout), 3.8.
 * Layer:  conf.
 *
 * Who wins is decided by effective.c. Here is only what a gateway makes of the winner's words, and which kind's words count where two
 * kinds speak about one thing: a ForgeListener's and a ForgeUpstream's before a MeshTimeout's.
 */
#include "conf/compile_policy.h"

#include "base/clock.h"
#include "base/must.h"
#include "conf/compile.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/effective.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_forge_policies.h"
#include "conf/kind_forge_upstream.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/kind_mesh_load_balancing_strategy.h"
#include "conf/kind_mesh_timeout.h"
#include "conf/target_select.h"

/* What holds where Mesh.skipCreatingInitialPolicies took the first policies out. */
#define CONNECT_TIMEOUT_NS     (5 * NS_PER_S)
#define IDLE_TIMEOUT_NS        (3600 * NS_PER_S)
#define REQUEST_TIMEOUT_NS     (15 * NS_PER_S)
#define STREAM_IDLE_TIMEOUT_NS (1800 * NS_PER_S)
#define HEAD_TIMEOUT_NS        (10 * NS_PER_S)
#define LONGEST_NS             (3600000 * NS_PER_S)

/* Position among the documents of a kind that take part. */
static uint32_t number(struct compile *c, enum kind_id kind)
{
    uint32_t n = 0;

    for (struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc))
            doc->index = n++;
    return n;
}

bool compile_policies(struct compile *c)
{
    number(c, KIND_MESH_HTTP_ROUTE);
    compile_services_number(c, number(c, KIND_MESH_EXTERNAL_SERVICE));
    c->effective = effective_open(c->set, EFFECTIVE_ENFORCED, c->set->scratch);
    if (c->shadow != NULL && c->shadow->has_policies) {
        c->effective_shadow = effective_open(c->set, EFFECTIVE_WITH_SHADOW, c->set->scratch);
        if (c->effective_shadow == NULL)
            return false;
    }
    return c->effective != NULL;
}

static void set_if(int64_t value, uint64_t *io_value)
{
    if (value != FIELD_ABSENT)
        *io_value = (uint64_t)value;
}

/* Of two limits that both hold; 0: there is none. */
static uint64_t shorter(uint64_t a, uint64_t b)
{
    return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

static struct effective_subject subject_of(const struct listener_plan *l, const struct conf_document *route)
{
    return (struct effective_subject){ .about = route != NULL ? EFFECTIVE_ROUTE : EFFECTIVE_LISTENER, .mesh = l->doc->mesh,
                                       .gateway = l->doc, .listener = l->spec, .route = route };
}

static const struct timeout_http *http_of(const struct timeout_conf *conf)
{
    return conf != NULL ? conf->http : NULL;
}

/* What listener and route say both holds. */
static void set_timeouts(const struct timeout_conf *of_route, const struct timeout_conf *of_clients, struct route_settings *out)
{
    const struct timeout_http *http = http_of(of_route), *clients = http_of(of_clients);
    uint64_t request = 0, stream_idle = 0;

    if (http != NULL) {
        set_if(http->request, &out->request_timeout_ns);
        set_if(http->stream_idle, &out->stream_idle_timeout_ns);
    }
    if (clients != NULL) {
        set_if(clients->request, &request);
        set_if(clients->stream_idle, &stream_idle);
    }
    out->request_timeout_ns = shorter(out->request_timeout_ns, request);
    out->stream_idle_timeout_ns = shorter(out->stream_idle_timeout_ns, stream_idle);
}

static bool settle_route(struct effective_set *e, const struct conf_document *route, const struct listener_plan *l,
                         struct route_settings *out)
{
    struct effective_subject subject = subject_of(l, route);
    const struct effective *timeout = effective_find(e, KIND_MESH_TIMEOUT, &subject);
    const struct effective *cap = effective_find(e, KIND_FORGE_BODY_CAP, &subject);
    const struct effective *test = effective_find(e, KIND_FORGE_TEST_POLICIES, &subject);
    const struct effective_rules *rules = effective_find_rules(e, KIND_MESH_TIMEOUT, &subject);

    *out = (struct route_settings){ .request_timeout_ns = REQUEST_TIMEOUT_NS, .stream_idle_timeout_ns = STREAM_IDLE_TIMEOUT_NS };
    if (timeout == NULL || cap == NULL || test == NULL || rules == NULL)
        return false;
    set_timeouts(timeout->conf, rules->base.conf, out);
    if (cap->conf != NULL) {
        out->has_body_cap = true;
        out->body_bytes_max = (uint64_t)((const struct body_cap_spec *)cap->conf)->bytes;
    }
    if (test->conf != NULL) {
        const struct test_policies_spec *spec = test->conf;
        out->has_pedant = spec->pedant == 1;
        out->has_chop = spec->chop_seed != FIELD_ABSENT;
        set_if(spec->chop_seed, &out->chop_seed);
    }
    return true;
}

bool compile_policy_route(const struct compile *c, const struct conf_document *route, const struct listener_plan *l,
                          struct route_settings *out)
{
    return settle_route(c->effective, route, l, out);
}

bool compile_policy_route_shadow(const struct compile *c, const struct conf_document *route, const struct listener_plan *l,
                                 struct route_settings *out)
{
    return settle_route(c->effective_shadow, route, l, out);
}

bool compile_policy_upstream(const struct compile *c, struct span mesh, const struct conf_document *service,
                             struct upstream_settings *out)
{
    struct effective_subject subject = { .about = EFFECTIVE_SERVICE, .mesh = mesh, .service = service };
    const struct effective *timeout = effective_find(c->effective, KIND_MESH_TIMEOUT, &subject);
    const struct effective *balance = effective_find(c->effective, KIND_MESH_LOAD_BALANCING_STRATEGY, &subject);
    const struct effective *upstream = effective_find(c->effective, KIND_FORGE_UPSTREAM, &subject);
    static const char *const path[] = { "balance" };
    const struct balance_conf *strategy;

    *out = (struct upstream_settings){ .connect_timeout_ns = CONNECT_TIMEOUT_NS, .idle_timeout_ns = IDLE_TIMEOUT_NS,
                                       .balance = BALANCE_ROUND_ROBIN };
    if (timeout == NULL || balance == NULL || upstream == NULL)
        return false;
    strategy = balance->conf;
    if (strategy != NULL && strategy->load_balancer == NULL)
        strategy = NULL;
    if (strategy != NULL)
        out->balance = strategy->load_balancer->type;
    if (timeout->conf != NULL) {
        const struct timeout_conf *conf = timeout->conf;
        set_if(conf->connection, &out->connect_timeout_ns);
        set_if(conf->idle, &out->idle_timeout_ns);
    }
    if (upstream->conf != NULL) {
        const struct forge_upstream_spec *spec = upstream->conf;
        set_if(spec->connect_timeout, &out->connect_timeout_ns);
        set_if(spec->idle_timeout, &out->idle_timeout_ns);
        /* The first ForgeUpstream, which nobody wrote, gives way to a MeshLoadBalancingStrategy. */
        if (spec->balance != FIELD_ABSENT && (strategy == NULL || effective_is_written(upstream, effective_node(upstream, path, 1))))
            out->balance = spec->balance;
        out->is_echo = spec->echo == 1;
    }
    return true;
}

/* A client is never waited for without end: 0, off, is the longest. A head is, whatever anybody says, due some time. */
static void set_client_timeouts(const struct timeout_conf *conf, struct listener_settings *out)
{
    if (conf == NULL)
        return;
    if (conf->idle != FIELD_ABSENT)
        out->idle_timeout_ns = conf->idle == 0 ? LONGEST_NS : (uint64_t)conf->idle;
    if (conf->http != NULL && conf->http->head != FIELD_ABSENT && conf->http->head != 0)
        out->head_timeout_ns = (uint64_t)conf->http->head;
}

bool compile_policy_listener(const struct compile *c, const struct listener_plan *l, struct listener_settings *out)
{
    struct effective_subject subject = subject_of(l, NULL);
    const struct effective_rules *rules = effective_find_rules(c->effective, KIND_MESH_TIMEOUT, &subject);
    const struct effective *listener = effective_find(c->effective, KIND_FORGE_LISTENER, &subject);

    *out = (struct listener_settings){ .idle_timeout_ns = IDLE_TIMEOUT_NS, .head_timeout_ns = HEAD_TIMEOUT_NS };
    if (rules == NULL || listener == NULL)
        return false;
    set_client_timeouts(rules->base.conf, out);
    out->tree = listener->tree;
    out->spec = listener->conf;
    if (out->spec != NULL) {
        set_if(out->spec->idle_timeout, &out->idle_timeout_ns);
        set_if(out->spec->head_timeout, &out->head_timeout_ns);
    }
    return true;
}

static bool has_listener(const struct compile *c, const struct effective_statement *s)
{
    for (uint32_t i = 0; i < c->listeners_n; i++) {
        struct effective_subject subject = subject_of(&c->listeners[i], NULL);
        if (effective_applies(s, &subject))
            return true;
    }
    return false;
}

void compile_policy_check_listeners(const struct compile *c)
{
    uint32_t n;
    const struct effective_statement *s = effective_statements(c->effective, KIND_FORGE_LISTENER, &n);

    for (uint32_t i = 0; i < n; i++)
        if (!s[i].is_initial && !has_listener(c, &s[i]))
            diag_warn(c->set->diag, node_place(s[i].top->node), "no listener is what this ForgeListener is about: check "
                      "`targetRef`, `port` and `hostname` against the MeshGateways");
}
