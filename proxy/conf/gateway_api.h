/* gateway_api.h - Kubernetes' Gateway API without a cluster: its documents are read as files, and mean MeshGateways, MeshHTTPRoutes,
 * MeshTimeouts and MeshExternalServices, which are derived from them whenever a configuration is compiled.
 *
 * Spec:   wire-contracts.md 2.3; Gateway API v1.
 * Layer:  conf.
 * Owner:  derived documents live in the set's scratch arena, and have the places of what they are derived from.
 *
 * A document of namespace N is kept under the name `name.N` with the label k8s.kuma.io/namespace, as Kuma does it; those of
 * the namespace `default`, or without one, under their own name. A Secret of the type kubernetes.io/tls becomes a Secret with chain
 * and key. Everything that a cluster's machinery writes (status, managedFields, annotations ...) is left out.
 *
 * What a cluster would answer in a route's status is a warning here; requests for a backend that cannot be resolved (no such Service,
 * port or endpoint, another namespace without a ReferenceGrant) are answered with 500.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

struct conf_arena;
struct conf_document;
struct conf_set;
struct diag;
struct kind;
struct node;

#define GATEWAY_API_NAMESPACE_LABEL "k8s.kuma.io/namespace"

/* The universal form of a document in Kubernetes' envelope. NULL: it is none of these, or wrong (told) or memory is out; then
 * *out_is_other says whether somebody else should read it. */
const struct node *gateway_api_universal(struct conf_arena *arena, struct diag *diag, const struct node *root, bool *out_is_other);
/* What a document of this kind has as apiVersion; NULL: it is Kuma's or ours. */
const char *gateway_api_version(const struct kind *kind);
/* Namespace of a document, and its name there. */
struct span gateway_api_namespace(const struct conf_document *doc);
struct span gateway_api_name(const struct conf_document *doc);

/* Add what Gateways and routes mean. Told: what is wrong or leads nowhere. false: memory is out. */
bool gateway_api_derive(struct conf_set *set);
