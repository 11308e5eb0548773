/* kind_forge_policies_test.c - what the small kinds of our own may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good cap",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {bytes: 10Mi}\n",
      "" },
    { "cap of nothing",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {}\n",
      "3:7: error: `bytes` is missing in this ForgeBodyCap: longest request body, as 65536, 64Ki or 10Mi; "
      "longer ones are answered with 413\n" },
    { "cap in words",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {bytes: 10MB}\n",
      "3:15: error: `bytes` must be a number of bytes such as 65536, 64Ki or 10Mi, and is \"10MB\"\n" },
    { "cap below zero",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {bytes: -1}\n",
      "3:15: error: `bytes` must be a number of bytes such as 65536, 64Ki or 10Mi, and is \"-1\"\n" },
    { "cap of a service",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {targetRef: {kind: MeshExternalService, name: a}, bytes: 1}\n",
      "3:26: error: `kind` must be Mesh or MeshGateway or MeshHTTPRoute or MeshSubset or Dataplane here, and is MeshExternalService\n" },
    { "cap of a route that is not there",
      "type: ForgeBodyCap\n"
      "name: c\n"
      "spec: {targetRef: {kind: MeshHTTPRoute, name: a}, bytes: 1}\n",
      "3:47: warning: there is no MeshHTTPRoute `a`, so this changes nothing\n" },
    { "good logs",
      "type: ForgeAccessLog\n"
      "name: l\n"
      "spec: {path: /var/log/x, format: {type: Plain, plain: \"%RESPONSE_CODE%\"}}\n",
      "" },
    { "relative path",
      "type: ForgeAccessLog\n"
      "name: l\n"
      "spec: {path: x.log}\n",
      "3:14: error: `path` must start with a slash: the gateway's own directory may change\n" },
    { "Json with plain",
      "type: ForgeAccessLog\n"
      "name: l\n"
      "spec: {format: {type: Json, plain: \"x\"}}\n",
      "3:36: error: `type: Json` has no `plain`: take one of them out\n" },
    { "two logs",
      "type: ForgeAccessLog\n"
      "name: l\n"
      "spec: {}\n"
      "---\n"
      "type: ForgeAccessLog\n"
      "name: m\n"
      "spec: {}\n",
      "6:7: error: there is one access log, and t.yaml line 2 describes it: take one of them out\n" },
    { "log of a route",
      "type: ForgeAccessLog\n"
      "name: l\n"
      "spec: {targetRef: {kind: MeshHTTPRoute, name: r}}\n",
      "3:26: error: `kind` must be Mesh here, and is MeshHTTPRoute\n" },
    { "good test policies",
      "type: ForgeTestPolicies\n"
      "name: t\n"
      "spec: {pedant: true, chopSeed: 7}\n",
      "" },
    { "test policies of a service",
      "type: ForgeTestPolicies\n"
      "name: t\n"
      "spec: {targetRef: {kind: MeshExternalService, name: a}}\n",
      "3:26: error: `kind` must be Mesh or MeshGateway or MeshHTTPRoute or MeshSubset or Dataplane here, and is MeshExternalService\n" },
};

TEST(kind_forge_policies_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_forge_policies_says))
