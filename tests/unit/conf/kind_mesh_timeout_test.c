/* kind_mesh_timeout_test.c - what a MeshTimeout may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {connectionTimeout: 1s, idleTimeout: 0s, http: {requestTimeout: 0s, "
      "streamIdleTimeout: 1h30m, maxStreamDuration: 0s}}\n",
      "" },
    { "not a duration",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {connectionTimeout: 5}\n",
      "6:36: error: `connectionTimeout` must be a duration such as 500ms, 10s or 1h30m, and is \"5\"\n" },
    { "too short",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {connectionTimeout: 0s}\n",
      "6:36: error: `connectionTimeout` must be between 1ms and 1000h, and is 0s\n" },
    { "too long",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {idleTimeout: 1001h}\n",
      "6:30: error: `idleTimeout` must be between 0s and 1000h, and is 1001h\n" },
    { "not enforced",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {http: {maxStreamDuration: 1s, maxConnectionDuration: 1s, requestHeadersTimeout: "
      "1s}}\n",
      "6:24: error: `maxStreamDuration` is understood but not enforced by this version: write 0s or leave it "
      "out\n"
      "6:47: error: `maxConnectionDuration` is understood but not enforced by this version: write 0s or leave "
      "it out\n"
      "6:97: error: `requestHeadersTimeout` of `to` is understood but not enforced by this version: write it in "
      "`rules`, or a ForgeListener's `headTimeout`\n" },
    { "requests of a service",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: MeshExternalService, name: a}\n"
      "      default: {http: {requestTimeout: 1s}}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "6:23: error: `http` of one service is understood but not enforced by this version: it belongs to "
      "requests, and so to routes: write it `to` a MeshHTTPRoute or to Mesh\n" },
    { "connections of a route",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: MeshHTTPRoute, name: r}\n"
      "      default: {connectionTimeout: 1s}\n",
      "6:16: error: `connectionTimeout` and `idleTimeout` of some gateways or routes are understood but not "
      "enforced by this version: connections are shared by all: write them with `targetRef: {kind: Mesh}`, "
      "`to` a service or Mesh\n" },
    { "connections of a gateway",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {connectionTimeout: 1s}\n",
      "7:16: error: `connectionTimeout` and `idleTimeout` of some gateways or routes are understood but not "
      "enforced by this version: connections are shared by all: write them with `targetRef: {kind: Mesh}`, "
      "`to` a service or Mesh\n" },
    { "a service of the mesh",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: MeshService, name: a}\n"
      "      default: {connectionTimeout: 1s}\n",
      "5:44: warning: there is no MeshService `a`, so this changes nothing\n" },
    { "sidecars",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  targetRef: {kind: Dataplane}\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      default: {idleTimeout: 1s}\n",
      "4:21: warning: this is about sidecars, and this node is a gateway, so it changes nothing here\n" },
    { "from",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  from: [{targetRef: {kind: Mesh}, default: {}}]\n",
      "" },
    { "rules of a route",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  targetRef: {kind: MeshHTTPRoute, name: r}\n"
      "  rules: [{default: {}}]\n",
      "5:10: error: `rules` of a route are understood but not enforced by this version: they are about clients of a "
      "listener: write `to`, or another `targetRef`\n" },
    { "rules of one client",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  rules: [{matches: [{spiffeID: {type: Exact, value: 'spiffe://t/a'}}], default: {}}]\n",
      "4:12: error: `matches` is understood but not enforced by this version: clients are not told apart by their "
      "identities: write a rule for everybody, without matches\n" },
    { "rules",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  rules: []\n",
      "4:10: error: `rules` must have 1 to 1024 items, and has 0\n" },
    { "a service that is not there",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: MeshExternalService, name: b}\n"
      "      default: {connectionTimeout: 1s}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "5:52: warning: there is no MeshExternalService `b`, so this changes nothing\n" },
    { "no name",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: MeshHTTPRoute}\n"
      "      default: {http: {requestTimeout: 1s}}\n",
      "5:18: error: this targetRef needs a `name`\n" },
    { "route on top, route below",
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  targetRef: {kind: MeshHTTPRoute, name: r}\n"
      "  to:\n"
      "    - targetRef: {kind: MeshHTTPRoute, name: r}\n"
      "      default: {http: {requestTimeout: 1s}}\n",
      "6:25: error: with a MeshHTTPRoute as `targetRef`, `to` is Mesh\n" },
};

TEST(kind_mesh_timeout_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_mesh_timeout_says))
