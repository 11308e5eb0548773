/* kind.h - the kinds of documents: one file, one table, one row in kind_list each.
 *
 * Layer:  conf.
 * Owner:  const tables; filled documents live in the load's scratch arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/field_table.h"

enum kind_id {
    KIND_MESH_GATEWAY = 0,
    KIND_MESH_HTTP_ROUTE,
    KIND_MESH_EXTERNAL_SERVICE,
    KIND_SECRET,
    KIND_MESH_TIMEOUT,
    KIND_MESH_GATEWAY_ROUTE,
    KIND_MESH_TCP_ROUTE,
    KIND_MESH_RETRY,
    KIND_MESH_CIRCUIT_BREAKER,
    KIND_MESH_HEALTH_CHECK,
    KIND_MESH_LOAD_BALANCING_STRATEGY,
    KIND_MESH_FAULT_INJECTION,
    KIND_MESH_RATE_LIMIT,
    KIND_MESH_TRAFFIC_PERMISSION,
    KIND_MESH_TLS,
    KIND_MESH_ACCESS_LOG,
    KIND_MESH_METRIC,
    KIND_MESH_TRACE,
    KIND_MESH_OPEN_TELEMETRY_BACKEND,
    KIND_MESH_IDENTITY,
    KIND_MESH_TRUST,
    KIND_MESH_SERVICE,
    KIND_MESH_MULTI_ZONE_SERVICE,
    KIND_MESH_PASSTHROUGH,
    KIND_HOSTNAME_GENERATOR,
    KIND_MESH,
    KIND_DATAPLANE,
    KIND_GLOBAL_SECRET,
    KIND_GATEWAY_CLASS,
    KIND_GATEWAY,
    KIND_GATEWAY_HTTP_ROUTE,
    KIND_GATEWAY_GRPC_ROUTE,
    KIND_REFERENCE_GRANT,
    KIND_BACKEND_TLS_POLICY,
    KIND_SERVICE,
    KIND_ENDPOINT_SLICE,
    KIND_CONFIG_MAP,
    KIND_FORGE_LISTENER,
    KIND_FORGE_UPSTREAM,
    KIND_FORGE_BODY_CAP,
    KIND_FORGE_ACCESS_LOG,
    KIND_FORGE_TEST_POLICIES,
    KIND_FORGE_TEST,
    KIND_FORGE_SOURCE,
    KIND_N
};

/* One document, read. */
struct conf_document {
    const struct kind *kind;
    const struct node *root;
    struct span        mesh, name;
    struct list        labels;      /* struct map_item */
    struct diag_place  place;       /* of its name */
    const void        *spec;        /* the kind's struct */
    bool               is_valid;    /* else only its name counts, so that references to it are not reported as well */
    bool               is_derived;  /* what a document of Gateway API means, not written by anybody: gateway_api.h        */
    bool               is_left_out; /* by conf_set_leave_out                                                         */
    bool               is_shadow;   /* label kuma.io/effect: shadow: read, checked and explained, never enforced */
    bool               is_refused;  /* while compiling: not enforced by this version, or about other proxies; told */
    uint32_t           order;       /* number over the load */
    uint32_t           index;       /* of what it was compiled to: a MeshExternalService's upstream */
    struct conf_document *next;     /* of the same kind */
};

/* Does it take part in what is compiled? */
static inline bool kind_document_acts(const struct conf_document *doc)
{
    return doc->is_valid && !doc->is_shadow && !doc->is_refused;
}

struct gateway_listener;

/* What a policy is about and what of it merges (kuma-dialect.md 3.8). Masks are of 1 << enum target_kind. */
struct policy_shape {
    const struct object_table *conf;  /* of each entry's `default`; of the whole spec when is_flat */
    uint32_t top_mask;                /* kinds that `targetRef` may have */
    uint32_t to_mask;                 /* kinds that the targetRef of a `to` entry may have; 0: there is no `to` */
    bool     has_rules;               /* inbound `rules` */
    bool     rules_exclude_to;        /* not both in one document */
    bool     is_flat;                 /* ours: the spec itself is the configuration of what `targetRef` names (struct policy_flat) */
    uint32_t about_mask;              /* of 1 << enum effective_about; 0: as `to`, `rules` and `default` say */
    /* Of a flat kind that says by further fields which listeners are meant: those fields, do they mean this one, how much do they tell
     * apart. NULL: there are none. */
    const char *const *selectors;     /* ends with NULL */
    bool   (*selects)(const void *spec, const struct gateway_listener *l);
    int    (*rank)(const void *spec);
};

struct kind {
    const char *type;               /* "MeshGateway" */
    const char *plural;             /* in URLs: "meshgateways" */
    const char *short_name;         /* in KRIs and on the command line: "mtp"; NULL: none */
    bool        has_spec;           /* fields below `spec`; else beside `type` and `name` (Kuma's older resources) */
    bool        name_is_label;      /* RFC 1035 label; else RFC 1123 subdomain */
    bool        is_global;          /* belongs to no mesh */
    const char *not_enforced;       /* NULL: enforced. Else why this version does not, and what to do: a document of it is read,
                                     * checked and explained, and refused when a configuration is compiled unless it is a shadow */
    const struct policy_shape *policy; /* NULL: nothing of it merges */
    const struct object_table *table;
    /* What a table cannot say. Pre: the table was satisfied. NULL: nothing. */
    bool      (*check)(const struct conf_document *doc, struct diag *diag);
    /* What tables cannot say about what is not enforced. Pre: the document is valid. NULL: nothing. */
    bool      (*check_enforced)(const struct conf_document *doc, struct diag *diag);
};

extern const struct kind *const kind_list[KIND_N];

/* Kinds of Kuma that are known and not taken: the sentence says why and what to do; NULL for unknown ones. */
const char *kind_refusal(struct span type);
/* Position in kind_list, or KIND_N. */
enum kind_id kind_find(struct span type);
enum kind_id kind_find_plural(struct span plural);
/* Nearest name of a kind, or NULL. */
const char *kind_suggest(struct span type);
