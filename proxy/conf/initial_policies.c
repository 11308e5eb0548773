/* initial_policies.c - see initial_policies.h. */
#include "conf/initial_policies.h"

#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/diag.h"
#include "conf/document.h"
#include "conf/field_value.h"

enum { MESH_BYTES_MAX = 200 }; /* Of a longer one, the name does not say which mesh: names have 253 at most. */

/* What stands below `spec`, by kind and name. */
static const struct initial_row {
    enum kind_id kind;
    const char  *prefix, *spec;
} initial_rows[] = {
    { KIND_MESH_TIMEOUT, "mesh-timeout-to-all",
      "{to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 5s, idleTimeout: 1h, http: {requestTimeout: 15s, "
      "streamIdleTimeout: 30m}}}]}" },
    { KIND_MESH_TIMEOUT, "mesh-timeout-all", "{rules: [{default: {idleTimeout: 1h, http: {requestHeadersTimeout: 10s}}}]}" },
    { KIND_MESH_CIRCUIT_BREAKER, "mesh-circuit-breaker-all",
      "{to: [{targetRef: {kind: Mesh}, default: {connectionLimits: {maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, "
      "maxRetries: 3}}}]}" },
    { KIND_MESH_RETRY, "mesh-retry-all",
      "{to: [{targetRef: {kind: Mesh}, default: {tcp: {maxConnectAttempt: 5}, http: {numRetries: 5, perTryTimeout: 16s, backOff: "
      "{baseInterval: 25ms, maxInterval: 250ms}}, grpc: {numRetries: 5, perTryTimeout: 16s, backOff: {baseInterval: 25ms, "
      "maxInterval: 250ms}}}}]}" },
    { KIND_FORGE_LISTENER, "forge-listener-all",
      "{targetRef: {kind: Mesh}, tls: {versionMin: TLS12, versionMax: TLS13, http2: true}}" },
    { KIND_FORGE_UPSTREAM, "forge-upstream-all", "{targetRef: {kind: Mesh}, balance: RoundRobin}" },
};

/* Does the Mesh say that there be none of this kind? */
static bool is_skipped(const struct conf_set *set, struct span mesh, const char *type)
{
    const struct conf_document *doc = conf_set_find(set, KIND_MESH, SPAN_LIT(""), mesh);
    const struct node *list = doc != NULL && kind_document_acts(doc) ? node_find(doc->root, "skipCreatingInitialPolicies") : NULL;

    if (list == NULL || list->kind != NODE_LIST)
        return false;
    for (const struct node *item = list->first; item != NULL; item = item->next)
        if (item->kind == NODE_SCALAR && (span_is(item->text, SPAN_LIT("*")) || span_is(item->text, span_str(type))))
            return true;
    return false;
}

static bool add(const struct conf_set *set, struct span mesh, const struct initial_row *row, struct document_set *documents)
{
    const struct kind *kind = kind_list[row->kind];
    struct span name = mesh.len > MESH_BYTES_MAX ? span_str(row->prefix)
                                                 : conf_arena_format(documents->arena, "%s-%.*s", row->prefix, SPAN_FMT(mesh));
    struct span text, file = conf_arena_copy(documents->arena, SPAN_LIT("built-in"));

    if (name.at == NULL)
        return false;
    if (kind->not_enforced != NULL || conf_set_find(set, row->kind, mesh, name) != NULL || is_skipped(set, mesh, kind->type))
        return true;
    text = conf_arena_format(documents->arena, "{type: %s, mesh: '%.*s', name: '%.*s', spec: %s}", kind->type, SPAN_FMT(mesh),
                             SPAN_FMT(name), row->spec);
    return file.at != NULL && text.at != NULL && document_read(documents, (const char *)file.at, text);
}

bool initial_policies_make(const struct conf_set *set, struct span mesh, struct conf_arena *arena, struct diag *diag,
                           struct initial_policies *out)
{
    struct conf_set made = { .scratch = arena, .diag = diag };
    struct document_set documents;

    *out = (struct initial_policies){ .first = { NULL } };
    if (!value_is_name(mesh)) /* A document that is wrong may say anything. */
        return true;
    diag_init(diag);
    *out = (struct initial_policies){ .first = { NULL } };
    if (!value_is_name(mesh))
        return true; /* Of a document whose `mesh` is wrong, which was told. */
    document_set_init(&documents, arena, diag);
    for (size_t i = 0; i < COUNT(initial_rows); i++)
        if (!add(set, mesh, &initial_rows[i], &documents))
            return false;
    if (!conf_set_fill(&made, documents.first, documents.documents_n))
        return false;
    MUST(arena->is_full || diag->errors_n == 0); /* The rows above are good documents. */
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        out->first[kind] = made.first[kind];
    return !arena->is_full;
}
