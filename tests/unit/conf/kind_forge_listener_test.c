/* kind_forge_listener_test.c - what a ForgeListener may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  port: 8080\n"
      "  addresses: [127.0.0.1, \"::1\"]\n"
      "  idleTimeout: 5m\n"
      "  headTimeout: 3s\n"
      "  proxyProtocol: {trusted: [10.0.0.0/8]}\n"
      "  forwarded: {trustedHops: 1, trusted: [\"fd00::/8\", 192.0.2.1]}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "" },
    { "no target",
      "type: ForgeListener\n"
      "name: l\n"
      "spec: {port: 8080}\n",
      "3:7: error: `targetRef` is missing in this ForgeListener: write `targetRef: {kind: MeshGateway, "
      "name: ...}`\n" },
    { "another kind of target",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshHTTPRoute, name: r}\n",
      "4:21: error: `kind` must be Mesh or MeshGateway or MeshSubset or Dataplane here, and is MeshHTTPRoute\n" },
    { "address twice",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  addresses: [127.0.0.1, 127.0.0.1]\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:14: error: `addresses`: \"127.0.0.1\" stands twice\n" },
    { "address of letters",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  addresses: [localhost]\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:14: error: `addresses`: \"localhost\" is not an IPv4 or IPv6 address\n" },
    { "PROXY from nobody",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  proxyProtocol: {enabled: true}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:18: error: `trusted` is missing: a PROXY header is believed from networks that you name only\n" },
    { "network with bits behind",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  forwarded: {trustedHops: 1, trusted: [10.0.0.1/8]}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:40: error: `trusted`: \"10.0.0.1/8\" has bits set behind its prefix length: write the network's "
      "own address\n" },
    { "network of letters",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  forwarded: {trustedHops: 1, trusted: [private]}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:40: error: `trusted`: \"private\" is not an address with a prefix length, such as 10.0.0.0/8 or "
      "fd00::/8\n" },
    { "prefix too long",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  proxyProtocol: {trusted: [10.0.0.0/33]}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:28: error: `trusted`: \"10.0.0.0/33\" is not an address with a prefix length, such as 10.0.0.0/8 "
      "or fd00::/8\n" },
    { "hops missing",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  forwarded: {trusted: [10.0.0.0/8]}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:14: error: `trustedHops` is missing in this forwarded: how many proxies in front of this one are "
      "yours; 0 believes nobody\n" },
    { "versions crossed",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  tls: {versionMin: TLS13, versionMax: TLS12}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:21: error: `versionMin` is above `versionMax`: no version is left\n" },
    { "version automatic",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  tls: {versionMin: TLSAuto}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:21: error: `versionMin: TLSAuto` cannot be taken: leave the field out: TLS 1.2 and 1.3 are what "
      "there is\n" },
    { "client certificate without authority",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  tls: {clientCertificate: Required}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:28: error: a client certificate cannot be verified without `clientCa`\n" },
    { "too much for a host name",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  hostname: a\n"
      "  idleTimeout: 1m\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:13: error: with `hostname` only `tls` can be set: everything else is settled before a connection "
      "names its host; put it into a ForgeListener without `hostname`\n" },
    { "times out of range",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  idleTimeout: 10ms\n"
      "  headTimeout: 2h\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "5:16: error: `idleTimeout` must be between 1s and 1000h, and is 10ms\n"
      "6:16: error: `headTimeout` must be between 100ms and 1h, and is 2h\n" },
    { "no such listener",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  port: 8081\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n",
      "4:14: warning: no listener is what this ForgeListener is about: check `targetRef`, `port` and "
      "`hostname` against the MeshGateways\n" },
    { "files from memory",
      "type: ForgeListener\n"
      "name: l\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge}\n"
      "  tls: {ocspFile: ocsp.der}\n"
      "---\n"
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTPS, tls: "
      "{certificates: [{secret: forge-self-signed}]}}]}}\n",
      "5:19: error: files are not read here: write the text inline\n" },
};

TEST(kind_forge_listener_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_forge_listener_says))
