/* kind_test.c - kinds that are known, known and refused, or unknown.
 *
 * Goal:   each refused kind of Kuma has a sentence with what to do instead.
 * Method: documents of the kind; all that is said must be as in the row.
 */
#include "conf/kind.h"
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "ExternalService",
      "type: ExternalService\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: ExternalService is not taken: it was removed from Kuma: write a `MeshExternalService`\n" },
    { "MeshProxyPatch",
      "type: MeshProxyPatch\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: MeshProxyPatch is not taken: it patches Envoy's own configuration, and there is no "
      "Envoy here: take it out\n" },
    { "ProxyTemplate",
      "type: ProxyTemplate\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: ProxyTemplate is not taken: it patches Envoy's own configuration, and there is no Envoy "
      "here: take it out\n" },
    { "MeshGatewayInstance",
      "type: MeshGatewayInstance\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: MeshGatewayInstance is not taken: it deploys gateways to Kubernetes, and this node is "
      "one already: take it out\n" },
    { "TrafficRoute",
      "type: TrafficRoute\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: TrafficRoute is not taken: this source/destination policy was removed from Kuma: write "
      "`MeshHTTPRoute`\n" },
    { "TrafficLog",
      "type: TrafficLog\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: TrafficLog is not taken: this source/destination policy was removed from Kuma: write "
      "`MeshAccessLog`\n" },
    { "Timeout",
      "type: Timeout\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: Timeout is not taken: this source/destination policy was removed from Kuma: write "
      "`MeshTimeout`\n" },
    { "VirtualOutbound",
      "type: VirtualOutbound\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: VirtualOutbound is not taken: it describes other proxies than a gateway, and this node is a "
      "gateway: take it out\n" },
    { "meshgateway",
      "type: meshgateway\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: there is no kind `meshgateway`: did you mean `MeshGateway`?\n" },
    { "MeshHttpRoute",
      "type: MeshHttpRoute\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: there is no kind `MeshHttpRoute`: did you mean `MeshHTTPRoute`?\n" },
    { "ForgeUpstreem",
      "type: ForgeUpstreem\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: there is no kind `ForgeUpstreem`: did you mean `ForgeUpstream`?\n" },
    { "Deployment",
      "type: Deployment\n"
      "name: x\n"
      "spec: {}\n",
      "1:7: error: there is no kind `Deployment`\n" },
};

TEST(kind_says)
{
    conf_check_says(rows, COUNT(rows));
}

TEST(kind_names_are_found)
{
    for (uint32_t i = 0; i < KIND_N; i++) {
        CHECK(kind_find(span_str(kind_list[i]->type)) == i, "%s\n", kind_list[i]->type);
        CHECK(kind_find_plural(span_str(kind_list[i]->plural)) == i, "%s\n", kind_list[i]->plural);
        CHECK(kind_refusal(span_str(kind_list[i]->type)) == NULL, "%s is refused\n", kind_list[i]->type);
        CHECK(kind_list[i]->table->rows != NULL && kind_list[i]->table->doc != NULL, "%s\n", kind_list[i]->type);
    }
    CHECK(kind_find(SPAN_LIT("MeshProxyPatch")) == KIND_N && kind_refusal(SPAN_LIT("MeshProxyPatch")) != NULL, "Mesh\n");
    CHECK(kind_suggest(SPAN_LIT("Zebra")) == NULL, "%s\n", kind_suggest(SPAN_LIT("Zebra")));
}

CHECK_RUN(RUN(kind_says), RUN(kind_names_are_found))
