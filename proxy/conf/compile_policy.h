/* compile_policy.h - what the policies say about one route, one upstream, one listener: effective.h in the words of a snapshot.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf, internal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct compile;
struct conf_document;
struct forge_listener_spec;
struct listener_plan;
struct node;

struct route_settings {
    uint64_t request_timeout_ns, stream_idle_timeout_ns;
    bool     has_body_cap, has_chop, has_pedant;
    uint64_t body_bytes_max, chop_seed;
};

struct upstream_settings {
    uint64_t connect_timeout_ns, idle_timeout_ns;
    int64_t  balance;               /* enum balance */
    bool     is_echo;
};

struct listener_settings {
    const struct node                *tree;  /* of the ForgeListeners, merged; NULL: there are none */
    const struct forge_listener_spec *spec;  /* the same; NULL like tree */
    uint64_t idle_timeout_ns, head_timeout_ns;
};

/* A route of that document, as that listener serves it. false: memory is out. */
bool compile_policy_route(const struct compile *c, const struct conf_document *route, const struct listener_plan *l,
                          struct route_settings *out);
/* The same with shadows, as if they were enforced. Pre: c->effective_shadow != NULL. */
bool compile_policy_route_shadow(const struct compile *c, const struct conf_document *route, const struct listener_plan *l,
                                 struct route_settings *out);
/* service: a MeshExternalService, MeshService or MeshMultiZoneService; NULL: one that only tags name. */
bool compile_policy_upstream(const struct compile *c, struct span mesh, const struct conf_document *service,
                             struct upstream_settings *out);
bool compile_policy_listener(const struct compile *c, const struct listener_plan *l, struct listener_settings *out);
/* After all listeners: warn of a ForgeListener that no listener took. */
void compile_policy_check_listeners(const struct compile *c);
