/* kind_mesh_gateway_test.c - what a MeshGateway may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: \"*.example.com\", tags: {a: b}, crossMesh: false, "
      "resources: {connection_limit: 9}}\n",
      "" },
    { "no conf",
      "type: MeshGateway\n"
      "name: edge\n",
      "1:1: error: `conf` is missing in this MeshGateway: write `conf:` with `listeners:` below it\n" },
    { "no listeners",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf: {}\n",
      "3:7: error: `listeners` is missing in this MeshGateway's conf: at least one listener\n" },
    { "empty listeners",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf: {listeners: []}\n",
      "3:19: error: `listeners` must have 1 to 1024 items, and has 0\n" },
    { "no port, no protocol",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - hostname: a\n",
      "5:7: error: `port` is missing in this listener: TCP port\n"
      "5:7: error: `protocol` is missing in this listener: HTTP, HTTPS, TCP or TLS\n" },
    { "port as text",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: \"80\", protocol: HTTP}\n",
      "5:14: error: `port` must be a whole number without quotes, and is \"80\"\n" },
    { "port too high",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 65536, protocol: HTTP}\n",
      "5:14: error: `port` must be between 1 and 65535, and is 65536\n" },
    { "port 0",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 0, protocol: HTTP}\n",
      "5:14: error: `port` must be between 1 and 65535, and is 0\n" },
    { "protocol in lower case",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: http}\n",
      "5:28: error: `protocol` must be one of HTTP, HTTPS, TCP, TLS, and is \"http\": did you mean `HTTP`?\n" },
    { "protocol TCP",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: TCP}\n",
      "5:28: error: `protocol: TCP` is understood but not enforced by this version: only HTTP is routed: write "
      "HTTP, or HTTPS with `tls`\n" },
    { "protocol TLS",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: TLS}\n",
      "5:28: error: `protocol: TLS` needs `tls` with `certificates`\n" },
    { "protocol unknown",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: gopher}\n",
      "5:28: error: `protocol` must be one of HTTP, HTTPS, TCP, TLS, and is \"gopher\"\n" },
    { "hostname with port",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: \"a.example.com:80\"}\n",
      "5:44: error: `hostname` must be a host name such as shop.example.com, *.example.com or *, and is "
      "\"a.example.com:80\"\n" },
    { "hostname an address",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: 127.0.0.1}\n",
      "5:44: error: `hostname` must be a host name such as shop.example.com, *.example.com or *, and is "
      "\"127.0.0.1\"\n" },
    { "hostname with an inner star",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: \"a.*.com\"}\n",
      "5:44: error: `hostname` must be a host name such as shop.example.com, *.example.com or *, and is "
      "\"a.*.com\"\n" },
    { "tls with HTTP",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, tls: {certificates: [{secret: forge-self-signed}]}}\n",
      "5:39: error: `tls` has no meaning with `protocol: HTTP`: write HTTPS, or take it out\n" },
    { "HTTPS without tls",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTPS}\n",
      "5:28: error: `protocol: HTTPS` needs `tls` with `certificates`\n" },
    { "no certificates",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTPS, tls: {mode: TERMINATE}}\n",
      "5:40: error: `certificates` is missing: write one or two PEM texts (chain and key), of different key "
      "types\n" },
    { "three certificates",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTPS, tls: {certificates: [{secret: forge-self-signed}, {secret: "
      "forge-self-signed},\n"
      "       {secret: forge-self-signed}]}}\n",
      "5:55: error: `certificates` must have 1 to 2 items, and has 3\n" },
    { "passthrough",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTPS, tls: {mode: PASSTHROUGH, certificates: [{secret: "
      "forge-self-signed}]}}\n",
      "5:74: error: `certificates` have no meaning with `mode: PASSTHROUGH`: take them out\n" },
    { "cross mesh",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, crossMesh: true}\n",
      "5:34: error: `crossMesh` is understood but not enforced by this version: it is for sidecars of other "
      "meshes: leave it out\n" },
    { "limit 0",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, resources: {connectionLimit: 0}}\n",
      "5:63: error: `connectionLimit` must be between 1 and 4294967295, and is 0\n" },
    { "selector without match",
      "type: MeshGateway\n"
      "name: edge\n"
      "selectors: [{}]\n"
      "conf: {listeners: [{port: 80, protocol: HTTP}]}\n",
      "3:13: error: `match` is missing in this selector: tags of the gateway's data plane\n" },
    { "spec in the universal form",
      "type: MeshGateway\n"
      "name: edge\n"
      "spec: {conf: {listeners: [{port: 80, protocol: HTTP}]}}\n",
      "1:1: error: `conf` is missing in this MeshGateway: write `conf:` with `listeners:` below it\n"
      "3:1: error: `spec` is not a field of this MeshGateway: it has selectors, tags, conf\n" },
    { "a list where a group belongs",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf: [listeners]\n",
      "3:7: error: `conf` must be a group of fields, and is a list\n" },
    { "a text where a list belongs",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf: {listeners: none}\n",
      "3:19: error: `listeners` must be a list (each item after a `-`), and is \"none\"\n" },
    { "texts where groups belong",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port\n",
      "5:7: error: `listeners` must be a list of groups of fields, and is \"port\"\n" },
    { "several at once",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 0, protocol: HTP, hostnme: a}\n"
      "    - {protocol: HTTP}\n",
      "5:14: error: `port` must be between 1 and 65535, and is 0\n"
      "5:27: error: `protocol` must be one of HTTP, HTTPS, TCP, TLS, and is \"HTP\": did you mean `HTTP`?\n"
      "5:32: error: `hostnme` is not a field of this listener: did you mean `hostname`?\n"
      "6:7: error: `port` is missing in this listener: TCP port\n" },
};

TEST(kind_mesh_gateway_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_mesh_gateway_says))
