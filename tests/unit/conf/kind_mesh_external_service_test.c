/* kind_mesh_external_service_test.c - what a MeshExternalService may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {type: HostnameGenerator, port: 80, protocol: grpc}\n"
      "  endpoints: [{address: localhost, port: 1}, {address: \"::1\", port: 65535, priority: 0}]\n",
      "" },
    { "name with a dot",
      "type: MeshExternalService\n"
      "name: a.b\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n",
      "2:7: error: the name of a MeshExternalService has lower-case letters, digits and `-` only, starts "
      "with a letter and is at most 63 long\n" },
    { "no match",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n",
      "4:3: error: `match` is missing in this MeshExternalService: write `match:` with `port:` and "
      "`protocol:` below it\n" },
    { "unknown protocol",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: h2}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n",
      "4:31: error: `protocol` must be one of tcp, http, http2, grpc, and is \"h2\"\n" },
    { "no endpoints",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n",
      "2:7: error: this MeshExternalService has no `endpoints`: write at least one, or a ForgeUpstream for "
      "it with `echo: true`\n" },
    { "host name",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: backend.example.com, port: 80}]\n",
      "5:25: error: `address: backend.example.com` is understood but not enforced by this version: no DNS is "
      "asked, so write an IPv4 or IPv6 address or `localhost`\n" },
    { "unix socket",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: \"unix:///run/x.sock\", port: 80}]\n",
      "5:25: error: unix sockets are not connected to: write an IP address\n" },
    { "octal address",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.01, port: 80}]\n",
      "5:25: error: `address` must be an IPv4 or IPv6 address or a host name, and is \"127.0.0.01\"\n" },
    { "priority",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 80, priority: 1}]\n",
      "5:46: error: `priority` is understood but not enforced by this version: all endpoints are used alike: "
      "leave out those that are not to be used first\n" },
    { "extension",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  extension: {type: x}\n",
      "6:3: error: `extension` is understood but not enforced by this version: there are no extensions here: "
      "write `endpoints`\n" },
    { "old versions",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, version: {min: TLS10, max: TLS11}}\n",
      "6:39: error: `min: TLS10` cannot be taken: versions below 1.2 are broken and not offered: write "
      "TLS12\n"
      "6:51: error: `max: TLS11` cannot be taken: versions below 1.2 are broken and not offered: write "
      "TLS12\n" },
    { "versions crossed",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, version: {min: TLS13, max: TLS12}}\n",
      "6:39: error: `min` is above `max`: no version is left\n" },
    { "renegotiation",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, allowRenegotiation: true}\n",
      "6:44: error: renegotiation is never allowed: leave it out\n" },
    { "alternative names",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {subjectAltNames: [{type: Exact, value: a}]}}\n",
      "6:39: error: `subjectAltNames` is understood but not enforced by this version: one name is checked: "
      "write it as `serverName`\n" },
    { "key without certificate",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {mode: SkipAll, clientKey: {inlineString: x}}}\n",
      "6:38: error: `clientCert` and `clientKey` stand together: write both or none\n" },
    { "certificate that is none",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {mode: SkipAll, clientCert: {inlineString: x}, clientKey: "
      "{inlineString: y}}}\n",
      "6:66: error: `clientCert` has no PEM certificate (-----BEGIN CERTIFICATE-----)\n"
      "6:96: error: `clientKey` has no unencrypted PEM private key (-----BEGIN PRIVATE KEY-----)\n" },
    { "authority that is none",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {caCert: {inlineString: x}}}\n",
      "6:47: error: `caCert` has no PEM certificate (-----BEGIN CERTIFICATE-----)\n" },
    { "server name an address",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {mode: SkipAll, serverName: 127.0.0.1}}\n",
      "6:66: error: `serverName` must be a host name, without scheme, port or wildcard, and is "
      "\"127.0.0.1\"\n" },
    { "mode unknown",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: true, verification: {mode: skipall}}\n",
      "6:45: error: `mode` must be one of Secured, SkipSAN, SkipCA, SkipAll, and is \"skipall\": did you "
      "mean `SkipAll`?\n" },
    { "enabled: yes",
      "type: MeshExternalService\n"
      "name: a\n"
      "spec:\n"
      "  match: {port: 80, protocol: http}\n"
      "  endpoints: [{address: 127.0.0.1, port: 9000}]\n"
      "  tls: {enabled: yes}\n",
      "6:18: error: `enabled` must be `true` or `false` without quotes, and is \"yes\"\n" },
};

TEST(kind_mesh_external_service_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_mesh_external_service_says))
