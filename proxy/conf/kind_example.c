/* kind_example.c - see kind_example.h.
 *
 * Layer:  conf.
 */
#include "conf/kind_example.h"

#include "base/must.h"
#include "conf/kind.h"

static const struct {
    const char *type, *text;
} examples[] = {
    { "MeshGateway",
      "type: MeshGateway\nmesh: default\nname: edge\nconf:\n  listeners:\n  - port: 8080\n    protocol: HTTP\n"
      "  - port: 8443\n    protocol: HTTPS\n    hostname: shop.example.com\n    tls:\n      certificates:\n"
      "      - secret: shop-certificate\n" },
    { "MeshHTTPRoute",
      "type: MeshHTTPRoute\nmesh: default\nname: shop\nspec:\n  targetRef:\n    kind: MeshGateway\n    name: edge\n  to:\n  - targetRef:\n"
      "      kind: Mesh\n    hostnames:\n    - shop.example.com\n    rules:\n    - matches:\n      - path:\n          type: PathPrefix\n"
      "          value: /orders\n      default:\n        backendRefs:\n        - kind: MeshExternalService\n          name: orders\n" },
    { "MeshExternalService",
      "type: MeshExternalService\nmesh: default\nname: orders\nspec:\n  match:\n    port: 443\n    protocol: http\n  endpoints:\n"
      "  - address: 192.0.2.10\n    port: 8443\n  tls:\n    enabled: true\n    verification:\n      serverName: orders.example.com\n" },
    { "Secret", "type: Secret\nmesh: default\nname: shop-certificate\ndata: aGVsbG8=\n" },
    { "GlobalSecret", "type: GlobalSecret\nname: token\ndata: aGVsbG8=\n" },
    { "MeshTimeout",
      "type: MeshTimeout\nmesh: default\nname: slow-reports\nspec:\n  targetRef:\n    kind: Mesh\n  to:\n  - targetRef:\n      kind: Mesh\n"
      "    default:\n      connectionTimeout: 2s\n      http:\n        requestTimeout: 1m\n" },
    { "MeshGatewayRoute",
      "type: MeshGatewayRoute\nmesh: default\nname: shop\nselectors:\n- match:\n    kuma.io/service: edge\nconf:\n  http:\n    rules:\n"
      "    - matches:\n      - path:\n          match: PREFIX\n          value: /\n      backends:\n      - destination:\n"
      "          kuma.io/service: orders\n" },
    { "MeshTCPRoute",
      "type: MeshTCPRoute\nmesh: default\nname: database\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    rules:\n    - default:\n"
      "        backendRefs:\n        - kind: MeshExternalService\n          name: database\n" },
    { "MeshRetry",
      "type: MeshRetry\nmesh: default\nname: twice\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    default:\n      http:\n"
      "        numRetries: 2\n        retryOn:\n        - GatewayError\n        - ConnectFailure\n" },
    { "MeshCircuitBreaker",
      "type: MeshCircuitBreaker\nmesh: default\nname: cautious\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    default:\n"
      "      connectionLimits:\n        maxConnections: 100\n      outlierDetection:\n        detectors:\n          gatewayFailures:\n"
      "            consecutive: 5\n" },
    { "MeshHealthCheck",
      "type: MeshHealthCheck\nmesh: default\nname: probe\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    default:\n"
      "      interval: 10s\n"
      "      timeout: 2s\n      http:\n        path: /healthz\n" },
    { "MeshLoadBalancingStrategy",
      "type: MeshLoadBalancingStrategy\nmesh: default\nname: least\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    default:\n"
      "      loadBalancer:\n        type: LeastRequest\n" },
    { "MeshFaultInjection",
      "type: MeshFaultInjection\nmesh: default\nname: chaos\nspec:\n  targetRef:\n    kind: MeshGateway\n    name: edge\n  to:\n"
      "  - targetRef:\n      kind: Mesh\n    default:\n      http:\n      - abort:\n          httpStatus: 503\n          percentage: 1\n" },
    { "MeshRateLimit",
      "type: MeshRateLimit\nmesh: default\nname: fair\nspec:\n  targetRef:\n    kind: MeshGateway\n    name: edge\n  to:\n  - targetRef:\n"
      "      kind: Mesh\n    default:\n      local:\n        http:\n          requestRate:\n            num: 100\n"
      "            interval: 1s\n" },
    { "MeshTrafficPermission",
      "type: MeshTrafficPermission\nmesh: default\nname: shop-only\nspec:\n  rules:\n  - default:\n      allow:\n      - spiffeID:\n"
      "          type: Exact\n          value: spiffe://example.com/shop\n" },
    { "MeshTLS", "type: MeshTLS\nmesh: default\nname: modern\nspec:\n  targetRef:\n    kind: Mesh\n  rules:\n  - default:\n"
                 "      tlsVersion:\n        min: TLS13\n" },
    { "MeshAccessLog",
      "type: MeshAccessLog\nmesh: default\nname: log\nspec:\n  to:\n  - targetRef:\n      kind: Mesh\n    default:\n      backends:\n"
      "      - type: File\n        file:\n          path: /var/log/forge/access.log\n          format:\n            type: Plain\n"
      "            plain: \"[%START_TIME%] %RESPONSE_CODE%\"\n" },
    { "MeshMetric",
      "type: MeshMetric\nmesh: default\nname: metrics\nspec:\n  default:\n    backends:\n    - type: Prometheus\n      prometheus:\n"
      "        port: 5670\n        path: /metrics\n" },
    { "MeshTrace",
      "type: MeshTrace\nmesh: default\nname: traces\nspec:\n  default:\n    backends:\n    - type: Zipkin\n      zipkin:\n"
      "        url: http://zipkin.example.com:9411/api/v2/spans\n" },
    { "MeshOpenTelemetryBackend",
      "type: MeshOpenTelemetryBackend\nmesh: default\nname: collector\nspec:\n  endpoint:\n    address: collector.example.com\n"
      "    port: 4317\n" },
    { "MeshIdentity",
      "type: MeshIdentity\nmesh: default\nname: identity\nspec:\n  selector:\n    dataplane:\n      matchLabels: {}\n  provider:\n"
      "    type: Bundled\n    bundled:\n      autogenerate:\n        enabled: true\n" },
    { "MeshTrust",
      "type: MeshTrust\nmesh: default\nname: partner\nspec:\n  trustDomain: partner.example.com\n  caBundles:\n  - type: Pem\n    pem:\n"
      "      value: |\n        -----BEGIN CERTIFICATE-----\n        MIIB\n        -----END CERTIFICATE-----\n" },
    { "MeshService",
      "type: MeshService\nmesh: default\nname: orders\nspec:\n  selector:\n    dataplaneLabels:\n      matchLabels:\n        app: orders\n"
      "  ports:\n  - port: 80\n    targetPort: 8080\n    appProtocol: http\n" },
    { "MeshMultiZoneService",
      "type: MeshMultiZoneService\nmesh: default\nname: orders\nspec:\n  selector:\n    meshService:\n      matchLabels:\n"
      "        app: orders\n"
      "  ports:\n  - port: 80\n    appProtocol: http\n" },
    { "MeshPassthrough",
      "type: MeshPassthrough\nmesh: default\nname: outside\nspec:\n  default:\n    passthroughMode: None\n" },
    { "HostnameGenerator",
      "type: HostnameGenerator\nname: external\nspec:\n  selector:\n    meshExternalService:\n      matchLabels: {}\n"
      "  template: \"{{ .DisplayName }}.extsvc.mesh.local\"\n" },
    { "Mesh", "type: Mesh\nname: default\nskipCreatingInitialPolicies:\n- \"*\"\n" },
    { "Dataplane",
      "type: Dataplane\nmesh: default\nname: orders-1\nnetworking:\n  address: 192.0.2.10\n  inbound:\n  - port: 8080\n    tags:\n"
      "      kuma.io/service: orders\n" },
    { "GatewayClass",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata:\n  name: forge\nspec:\n"
      "  controllerName: apiforge.io/gateway\n" },
    { "Gateway",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata:\n  name: edge\n  namespace: infra\nspec:\n"
      "  gatewayClassName: forge\n  listeners:\n  - name: web\n    port: 8443\n    protocol: HTTPS\n    tls:\n      certificateRefs:\n"
      "      - name: shop-tls\n    allowedRoutes:\n      namespaces:\n        from: All\n" },
    { "HTTPRoute",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: shop\n  namespace: shop\nspec:\n  parentRefs:\n"
      "  - name: edge\n    namespace: infra\n  hostnames:\n  - shop.example.com\n  rules:\n  - matches:\n    - path:\n"
      "        type: PathPrefix\n        value: /orders\n    backendRefs:\n    - name: orders\n      port: 80\n" },
    { "GRPCRoute",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata:\n  name: stock\n  namespace: shop\nspec:\n  parentRefs:\n"
      "  - name: edge\n    namespace: infra\n  rules:\n  - matches:\n    - method:\n        service: shop.Stock\n    backendRefs:\n"
      "    - name: stock\n      port: 50051\n" },
    { "ReferenceGrant",
      "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata:\n  name: shop\n  namespace: stock\nspec:\n  from:\n"
      "  - group: gateway.networking.k8s.io\n    kind: HTTPRoute\n    namespace: shop\n  to:\n  - group: \"\"\n    kind: Service\n" },
    { "BackendTLSPolicy",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata:\n  name: orders\n  namespace: shop\nspec:\n"
      "  targetRefs:\n  - group: \"\"\n    kind: Service\n    name: orders\n  validation:\n    hostname: orders.example.com\n"
      "    wellKnownCACertificates: System\n" },
    { "Service",
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: orders\n  namespace: shop\nspec:\n  ports:\n  - name: web\n    port: 80\n" },
    { "EndpointSlice",
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: orders-1\n  namespace: shop\n  labels:\n"
      "    kubernetes.io/service-name: orders\naddressType: IPv4\nendpoints:\n- addresses:\n  - 192.0.2.10\nports:\n- name: web\n"
      "  port: 8080\n" },
    { "ConfigMap",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: authorities\n  namespace: shop\ndata:\n  ca.crt: |\n"
      "    -----BEGIN CERTIFICATE-----\n    MIIB\n    -----END CERTIFICATE-----\n" },
    { "ForgeListener",
      "type: ForgeListener\nmesh: default\nname: edge\nspec:\n  targetRef:\n    kind: MeshGateway\n    name: edge\n  forwarded:\n"
      "    trustedHops: 1\n    trusted:\n    - 192.0.2.0/24\n  headTimeout: 5s\n" },
    { "ForgeUpstream",
      "type: ForgeUpstream\nmesh: default\nname: orders\nspec:\n  targetRef:\n    kind: MeshExternalService\n    name: orders\n"
      "  balance: LeastRequest\n" },
    { "ForgeBodyCap",
      "type: ForgeBodyCap\nmesh: default\nname: small-bodies\nspec:\n  targetRef:\n    kind: Mesh\n  bytes: 10Mi\n" },
    { "ForgeAccessLog",
      "type: ForgeAccessLog\nmesh: default\nname: log\nspec:\n  path: /var/log/forge/access.log\n  format:\n    type: Json\n" },
    { "ForgeTest",
      "type: ForgeTest\nmesh: default\nname: shop\nspec:\n  cases:\n  - name: the cart goes to the orders service\n    request:\n"
      "      url: https://shop.example.com/cart?x=1\n    expect:\n      outcome: Upstream\n      route: shop\n      upstream: orders\n"
      "  - name: large uploads are refused\n    request:\n      method: POST\n      url: https://shop.example.com/cart\n"
      "      bodyBytes: 20Mi\n    expect:\n      status: 413\n      why: policy-body-cap\n" },
    { "ForgeSource",
      "type: ForgeSource\nmesh: default\nname: team\nspec:\n  type: Archive\n  archive:\n    provider: GitHub\n"
      "    repository: acme/gateway\n  path: edge\n  interval: 1m\n" },
    { "ForgeTestPolicies", "type: ForgeTestPolicies\nmesh: default\nname: pedant\nspec:\n  pedant: true\n" },
};

const char *kind_example(const struct kind *kind)
{
    for (size_t i = 0; i < COUNT(examples); i++)
        if (strcmp(examples[i].type, kind->type) == 0)
            return examples[i].text;
    return NULL;
}
