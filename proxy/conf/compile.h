/* compile.h - checked documents -> snapshot. The parts are compile_<what>.c; load.c calls them in this order.
 *
 * Layer:  conf, internal.
 * Owner:  what ends up in the snapshot is taken from arena, what is needed on the way from the set's scratch arena.
 *
 * Parts go on after an error, so that all errors of a load are told at once; they answer false only when memory is out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf_set.h"
#include "conf/kind_mesh_http_route.h"
#include "conf/snapshot.h"

struct effective_set;
struct gateway_listener;
struct shadow_plan;
struct tagged_service;
struct upstream_settings;

/* One rule, compiled once, however many hosts it serves. What filters say and what backends say may come from different
 * documents (kuma-dialect.md 3.8: rules with equal matches merge). */
struct rule_plan {
    const struct rule_spec     *spec;
    const struct conf_document *doc;
    const struct rule_origin   *origin;
    struct route_match *matches;
    uint32_t            matches_n;
    uint8_t             digest[32];      /* of the matches */
    bool                has_filters, has_backends;
    const struct redirect *redirect;
    const struct rewrite  *rewrite;
    const struct header_modifier_conf *modifier;
    const struct backend_ref *backends;
    uint32_t            backends_n;
    uint64_t            weight_sum;
    bool                backends_broken;
};

/* One `to` entry of a route: rules for some hosts of some gateways. Sorted strongest first. */
struct to_plan {
    const struct conf_document *doc;
    const struct route_to_spec *spec;
    const struct target_ref    *target;  /* of the gateways; NULL: all */
    struct rule_plan   *rules;
    uint32_t            rules_n;
    bool                is_bound;        /* some listener serves it */
};

/* One listener of a MeshGateway. */
struct listener_plan {
    const struct conf_document    *doc;
    const struct gateway_listener *spec;
    struct span hostname;                /* "" for any */
    uint32_t    number;                  /* over the load: as written */
    uint32_t    key;                     /* listener_key of the snapshot */
};

struct compile {
    struct conf_set     *set;
    struct conf_arena   *arena;
    struct snapshot     *snapshot;
    struct to_plan      *tos;
    uint32_t             tos_n;
    struct listener_plan *listeners;     /* sorted by port, then as written */
    uint32_t             listeners_n;
    struct effective_set *effective;     /* what policies say, after compile_policies */
    struct upstream     *upstreams;      /* of the snapshot, while it grows: services that only tags name come with the rules */
    uint32_t             upstreams_n, upstreams_max;
    struct tagged_service *tagged;       /* compile_service.c */
    struct endpoint     *gathered;       /* room for one upstream's endpoints; NULL: not needed yet */
    struct effective_set *effective_shadow; /* the same with shadows, as if they were enforced; NULL: there are none */
    struct shadow_plan  *shadow;         /* compile_shadow.c */
    struct span          system_ca;      /* read at the first need; at == NULL: not yet */
};

/* First: refuse, each at its place, what is understood and not enforced by this version. */
bool compile_enforced(struct compile *c);
bool compile_policies(struct compile *c);
bool compile_upstreams(struct compile *c);
/* Protocol (enum service_protocol) and settings of an upstream; last, with all else in it, its digests. */
void compile_upstream_set(struct upstream *up, int64_t protocol, const struct upstream_settings *settings);
/* Upstreams of MeshServices and MeshMultiZoneServices, behind those of MeshExternalServices. */
bool compile_services(struct compile *c);
/* Give these documents the indices of their upstreams, from first on; the next free one. */
uint32_t compile_services_number(struct compile *c, uint32_t first);
/* The upstream that a reference in doc means. false: told, here or at the service. */
bool compile_service_find(struct compile *c, const struct conf_document *doc, const struct backend_spec *b, uint32_t *out_index);
enum compile_found { COMPILE_FOUND = 0, COMPILE_FOUND_NONE, COMPILE_FOUND_TOLD };
/* The upstream of the inbounds that have all these tags (one of them kuma.io/service). NONE: no inbound has them. */
enum compile_found compile_service_tagged(struct compile *c, struct span mesh, const struct map_item *tags, uint32_t tags_n,
                                          struct diag_place place, uint32_t *out_index);
bool compile_rules(struct compile *c);
bool compile_listeners(struct compile *c);
/* Rules of one entry, number to_number of its document. */
bool compile_to(struct compile *c, const struct conf_document *doc, const struct route_to_spec *spec, uint32_t to_number,
                const struct target_ref *target, struct to_plan *to);
/* MeshGatewayRoutes behind the entries of MeshHTTPRoutes in c->tos, of which they need so many. */
bool compile_gateway_routes(struct compile *c);
uint32_t compile_gateway_routes_n(const struct compile *c);
uint32_t compile_gateway_backends_n(const struct compile *c);
/* After the listeners, which must agree on it. */
bool compile_access_log(struct compile *c);
/* TLS of the listeners of one port. */
bool compile_tls_hosts(struct compile *c, const struct listener_plan *plans, uint32_t n, struct listener *listener);
/* Routes of one host of a listener from the rules of tos (strongest first), sorted and indexed. With is_shadow they tell which
 * shadows take part in them, and have no policies. */
bool compile_host(struct compile *c, const struct listener_plan *l, struct to_plan *const *tos, uint32_t tos_n,
                  bool is_shadow, struct virtual_host *host);
