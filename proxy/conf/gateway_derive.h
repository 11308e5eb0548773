/* gateway_derive.h - parts of gateway_api_derive: gateways and references, routes, backends.
 *
 * Layer:  conf, internal.
 */
#pragma once

#include "conf/conf_set.h"
#include "conf/kind_gateway_route.h"

#define GATEWAY_SECTION_TAG "gateway.networking.k8s.io/section"
#define GATEWAY_GROUP_NAME "gateway.networking.k8s.io"

/* A document by namespace and name that takes part; NULL: there is none. */
const struct conf_document *gateway_find(const struct conf_set *set, enum kind_id kind, struct span mesh, struct span name_space,
                                         struct span name);
/* Its name in our documents. SPAN_NONE: memory is out. */
struct span gateway_full_name(const struct conf_set *set, struct span name_space, struct span name);
/* May a document of that kind of Gateway API refer to kind (of group) and name in another namespace? */
bool gateway_is_granted(const struct conf_set *set, const struct conf_document *doc, struct span group, struct span kind,
                        struct span name_space, struct span name);
/* Is the Gateway's class ours? */
bool gateway_is_ours(const struct conf_set *set, const struct conf_document *gateway);

/* MeshHTTPRoutes and MeshTimeouts of an HTTPRoute or a GRPCRoute. false: memory is out. */
bool gateway_derive_route(struct conf_set *set, const struct conf_document *doc, bool is_grpc);
/* A backendRef of a MeshHTTPRoute for ref; NULL: memory is out. What cannot be resolved is told, unless it was, and has no weight. */
struct node *gateway_derive_backend(struct conf_set *set, const struct conf_document *doc, const struct api_ref *ref, bool is_grpc,
                                    bool was_told);
/* One that leads nowhere, so that requests are answered with 500. */
struct node *gateway_derive_nowhere(struct conf_set *set, const struct conf_document *doc, const struct node *at);
