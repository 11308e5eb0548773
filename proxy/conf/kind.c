/* kind.c - which kinds there are.
 *
 * Layer:  conf.
 */
#include "conf/kind.h"

#include "base/must.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_forge_policies.h"
#include "conf/kind_forge_upstream.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/kind_mesh_http_route.h"
#include "conf/kind_mesh_timeout.h"
#include "conf/kind_secret.h"
#include "conf/suggest.h"

const struct kind *const kind_list[KIND_N] = {
    [KIND_MESH_GATEWAY]          = &kind_mesh_gateway,
    [KIND_MESH_HTTP_ROUTE]       = &kind_mesh_http_route,
    [KIND_MESH_EXTERNAL_SERVICE] = &kind_mesh_external_service,
    [KIND_SECRET]                = &kind_secret,
    [KIND_MESH_TIMEOUT]          = &kind_mesh_timeout,
    [KIND_FORGE_LISTENER]        = &kind_forge_listener,
    [KIND_FORGE_UPSTREAM]        = &kind_forge_upstream,
    [KIND_FORGE_BODY_CAP]        = &kind_forge_body_cap,
    [KIND_FORGE_ACCESS_LOG]      = &kind_forge_access_log,
    [KIND_FORGE_TEST_POLICIES]   = &kind_forge_test_policies,
};

#define NOT_ENFORCED "this version does not enforce it, and a rule that is not enforced is worse than none: take it out"
#define NO_SIDECARS "it describes sidecars, and this node is a gateway: take it out"
#define OLD_POLICY "this source/destination policy was removed from Kuma: write "

static const struct {
    const char *type, *sentence;
} refusals[] = {
    { "MeshGatewayRoute", "write a `MeshHTTPRoute` with `targetRef: {kind: MeshGateway, name: ...}`" },
    { "MeshTCPRoute", NOT_ENFORCED },
    { "MeshRetry", NOT_ENFORCED },
    { "MeshCircuitBreaker", NOT_ENFORCED },
    { "MeshHealthCheck", NOT_ENFORCED },
    { "MeshLoadBalancingStrategy", "write a `ForgeUpstream` with `balance`" },
    { "MeshFaultInjection", NOT_ENFORCED },
    { "MeshRateLimit", NOT_ENFORCED },
    { "MeshTrafficPermission", NOT_ENFORCED },
    { "MeshTLS", "write a `ForgeListener` with `tls`" },
    { "MeshAccessLog", "write a `ForgeAccessLog`" },
    { "MeshMetric", "`/metrics` is always served on the management listener: take it out" },
    { "MeshTrace", NOT_ENFORCED },
    { "MeshOpenTelemetryBackend", NOT_ENFORCED },
    { "MeshIdentity", NOT_ENFORCED },
    { "MeshTrust", NOT_ENFORCED },
    { "MeshService", "write a `MeshExternalService` with its `endpoints`" },
    { "MeshMultiZoneService", "write a `MeshExternalService` with its `endpoints`" },
    { "ExternalService", "it was removed from Kuma: write a `MeshExternalService`" },
    { "MeshPassthrough", NO_SIDECARS },
    { "MeshProxyPatch", "it patches Envoy's own configuration, and there is no Envoy here: take it out" },
    { "ProxyTemplate", "it patches Envoy's own configuration, and there is no Envoy here: take it out" },
    { "Mesh", "there is one mesh, `default`, with nothing to set yet: take it out" },
    { "Dataplane", NO_SIDECARS },
    { "HostnameGenerator", NO_SIDECARS },
    { "ZoneIngress", NO_SIDECARS },
    { "ZoneEgress", NO_SIDECARS },
    { "MeshZoneAddress", NO_SIDECARS },
    { "Workload", NO_SIDECARS },
    { "MeshGatewayInstance", "it deploys gateways to Kubernetes, and this node is one already: take it out" },
    { "MeshGatewayConfig", "it deploys gateways to Kubernetes, and this node is one already: take it out" },
    { "GlobalSecret", "write a `Secret`" },
    { "TrafficPermission", OLD_POLICY "`MeshTrafficPermission`" },
    { "TrafficRoute", OLD_POLICY "`MeshHTTPRoute`" },
    { "TrafficLog", OLD_POLICY "`ForgeAccessLog`" },
    { "TrafficTrace", OLD_POLICY "`MeshTrace`" },
    { "Timeout", OLD_POLICY "`MeshTimeout`" },
    { "Retry", OLD_POLICY "`MeshRetry`" },
    { "RateLimit", OLD_POLICY "`MeshRateLimit`" },
    { "CircuitBreaker", OLD_POLICY "`MeshCircuitBreaker`" },
    { "HealthCheck", OLD_POLICY "`MeshHealthCheck`" },
    { "FaultInjection", OLD_POLICY "`MeshFaultInjection`" },
    { "VirtualOutbound", NO_SIDECARS },
};

enum kind_id kind_find(struct span type)
{
    for (uint32_t i = 0; i < KIND_N; i++)
        if (span_is(type, span_str(kind_list[i]->type)))
            return (enum kind_id)i;
    return KIND_N;
}

enum kind_id kind_find_plural(struct span plural)
{
    for (uint32_t i = 0; i < KIND_N; i++)
        if (span_is(plural, span_str(kind_list[i]->plural)))
            return (enum kind_id)i;
    return KIND_N;
}

const char *kind_refusal(struct span type)
{
    for (size_t i = 0; i < COUNT(refusals); i++)
        if (span_is(type, span_str(refusals[i].type)))
            return refusals[i].sentence;
    return NULL;
}

const char *kind_suggest(struct span type)
{
    struct suggest near;

    suggest_init(&near, type);
    for (uint32_t i = 0; i < KIND_N; i++)
        suggest_offer(&near, kind_list[i]->type);
    return near.best;
}
