/* kind.c - which kinds there are.
 *
 * Layer:  conf.
 */
#include "conf/kind.h"

#include "base/must.h"
#include "conf/kind_dataplane.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_forge_policies.h"
#include "conf/kind_forge_source.h"
#include "conf/kind_forge_test.h"
#include "conf/kind_forge_upstream.h"
#include "conf/kind_gateway_api.h"
#include "conf/kind_gateway_route.h"
#include "conf/kind_global_secret.h"
#include "conf/kind_hostname_generator.h"
#include "conf/kind_mesh.h"
#include "conf/kind_mesh_access_log.h"
#include "conf/kind_mesh_circuit_breaker.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/kind_mesh_fault_injection.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/kind_mesh_gateway_route.h"
#include "conf/kind_mesh_health_check.h"
#include "conf/kind_mesh_http_route.h"
#include "conf/kind_mesh_identity.h"
#include "conf/kind_mesh_load_balancing_strategy.h"
#include "conf/kind_mesh_metric.h"
#include "conf/kind_mesh_multi_zone_service.h"
#include "conf/kind_mesh_open_telemetry_backend.h"
#include "conf/kind_mesh_passthrough.h"
#include "conf/kind_mesh_rate_limit.h"
#include "conf/kind_mesh_retry.h"
#include "conf/kind_mesh_service.h"
#include "conf/kind_mesh_tcp_route.h"
#include "conf/kind_mesh_timeout.h"
#include "conf/kind_mesh_tls.h"
#include "conf/kind_mesh_trace.h"
#include "conf/kind_mesh_traffic_permission.h"
#include "conf/kind_mesh_trust.h"
#include "conf/kind_secret.h"
#include "conf/suggest.h"

const struct kind *const kind_list[KIND_N] = {
    [KIND_MESH_GATEWAY]          = &kind_mesh_gateway,
    [KIND_MESH_HTTP_ROUTE]       = &kind_mesh_http_route,
    [KIND_MESH_EXTERNAL_SERVICE] = &kind_mesh_external_service,
    [KIND_SECRET]                = &kind_secret,
    [KIND_MESH_TIMEOUT]          = &kind_mesh_timeout,
    [KIND_MESH_GATEWAY_ROUTE] = &kind_mesh_gateway_route,
    [KIND_MESH_TCP_ROUTE] = &kind_mesh_tcp_route,
    [KIND_MESH_RETRY] = &kind_mesh_retry,
    [KIND_MESH_CIRCUIT_BREAKER] = &kind_mesh_circuit_breaker,
    [KIND_MESH_HEALTH_CHECK] = &kind_mesh_health_check,
    [KIND_MESH_LOAD_BALANCING_STRATEGY] = &kind_mesh_load_balancing_strategy,
    [KIND_MESH_FAULT_INJECTION] = &kind_mesh_fault_injection,
    [KIND_MESH_RATE_LIMIT] = &kind_mesh_rate_limit,
    [KIND_MESH_TRAFFIC_PERMISSION] = &kind_mesh_traffic_permission,
    [KIND_MESH_TLS] = &kind_mesh_tls,
    [KIND_MESH_ACCESS_LOG] = &kind_mesh_access_log,
    [KIND_MESH_METRIC] = &kind_mesh_metric,
    [KIND_MESH_TRACE] = &kind_mesh_trace,
    [KIND_MESH_OPEN_TELEMETRY_BACKEND] = &kind_mesh_open_telemetry_backend,
    [KIND_MESH_IDENTITY] = &kind_mesh_identity,
    [KIND_MESH_TRUST] = &kind_mesh_trust,
    [KIND_MESH_SERVICE] = &kind_mesh_service,
    [KIND_MESH_MULTI_ZONE_SERVICE] = &kind_mesh_multi_zone_service,
    [KIND_MESH_PASSTHROUGH] = &kind_mesh_passthrough,
    [KIND_HOSTNAME_GENERATOR] = &kind_hostname_generator,
    [KIND_MESH] = &kind_mesh,
    [KIND_DATAPLANE] = &kind_dataplane,
    [KIND_GLOBAL_SECRET] = &kind_global_secret,
    [KIND_GATEWAY_CLASS]         = &kind_gateway_class,
    [KIND_GATEWAY]               = &kind_gateway,
    [KIND_GATEWAY_HTTP_ROUTE]    = &kind_gateway_http_route,
    [KIND_GATEWAY_GRPC_ROUTE]    = &kind_gateway_grpc_route,
    [KIND_REFERENCE_GRANT]       = &kind_reference_grant,
    [KIND_BACKEND_TLS_POLICY]    = &kind_backend_tls_policy,
    [KIND_SERVICE]               = &kind_service,
    [KIND_ENDPOINT_SLICE]        = &kind_endpoint_slice,
    [KIND_CONFIG_MAP]            = &kind_config_map,
    [KIND_FORGE_LISTENER]        = &kind_forge_listener,
    [KIND_FORGE_UPSTREAM]        = &kind_forge_upstream,
    [KIND_FORGE_BODY_CAP]        = &kind_forge_body_cap,
    [KIND_FORGE_ACCESS_LOG]      = &kind_forge_access_log,
    [KIND_FORGE_TEST_POLICIES]   = &kind_forge_test_policies,
    [KIND_FORGE_TEST]            = &kind_forge_test,
    [KIND_FORGE_SOURCE]          = &kind_forge_source,
};

#define NO_SIDECARS "it describes other proxies than a gateway, and this node is a gateway: take it out"
#define HTTP_ONLY "this version routes HTTP only: take it out"
#define OLD_POLICY "this source/destination policy was removed from Kuma: write "

static const struct {
    const char *type, *sentence;
} refusals[] = {
    { "ExternalService", "it was removed from Kuma: write a `MeshExternalService`" },
    { "MeshProxyPatch", "it patches Envoy's own configuration, and there is no Envoy here: take it out" },
    { "ProxyTemplate", "it patches Envoy's own configuration, and there is no Envoy here: take it out" },
    { "ZoneIngress", NO_SIDECARS },
    { "ZoneEgress", NO_SIDECARS },
    { "MeshZoneAddress", NO_SIDECARS },
    { "Workload", NO_SIDECARS },
    { "Zone", "there is one zone, this gateway's: take it out" },
    { "MeshGatewayInstance", "it deploys gateways to Kubernetes, and this node is one already: take it out" },
    { "MeshGatewayConfig", "it deploys gateways to Kubernetes, and this node is one already: take it out" },
    { "TrafficPermission", OLD_POLICY "`MeshTrafficPermission`" },
    { "TrafficRoute", OLD_POLICY "`MeshHTTPRoute`" },
    { "TrafficLog", OLD_POLICY "`MeshAccessLog`" },
    { "TrafficTrace", OLD_POLICY "`MeshTrace`" },
    { "Timeout", OLD_POLICY "`MeshTimeout`" },
    { "Retry", OLD_POLICY "`MeshRetry`" },
    { "RateLimit", OLD_POLICY "`MeshRateLimit`" },
    { "CircuitBreaker", OLD_POLICY "`MeshCircuitBreaker`" },
    { "HealthCheck", OLD_POLICY "`MeshHealthCheck`" },
    { "FaultInjection", OLD_POLICY "`MeshFaultInjection`" },
    { "VirtualOutbound", NO_SIDECARS },
    { "Endpoints", "write an `EndpointSlice`" },
    { "TCPRoute", HTTP_ONLY },
    { "TLSRoute", HTTP_ONLY },
    { "UDPRoute", HTTP_ONLY },
    { "ListenerSet", "write its listeners into the `Gateway`" },
    { "Ingress", "write a `Gateway` and an `HTTPRoute`" },
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
