/* kind_forge_upstream_test.c - what a ForgeUpstream may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: MeshExternalService, name: a}, balance: LeastRequest, connectTimeout: 1s, "
      "idleTimeout: 1m, echo: false}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "all services",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: Mesh}, balance: RoundRobin}\n",
      "" },
    { "echo for all",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: Mesh}, echo: true}\n",
      "3:39: error: `echo` for all services would answer every request here: name the one "
      "MeshExternalService\n" },
    { "no target",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {echo: true}\n",
      "3:7: error: `targetRef` is missing in this ForgeUpstream: write `targetRef: {kind: "
      "MeshExternalService, name: ...}`\n" },
    { "balance of later",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: Mesh}, balance: Maglev}\n",
      "3:42: error: `balance: Maglev` cannot be taken: this version has RoundRobin and LeastRequest\n" },
    { "balance misspelled",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: Mesh}, balance: round-robin}\n",
      "3:42: error: `balance` must be one of RoundRobin, LeastRequest, and is \"round-robin\": did you "
      "mean `RoundRobin`?\n" },
    { "no such service",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: MeshExternalService, name: b}, echo: true}\n",
      "3:53: warning: there is no MeshExternalService `b`, so this changes nothing\n" },
    { "gateway",
      "type: ForgeUpstream\n"
      "name: u\n"
      "spec: {targetRef: {kind: MeshGateway, name: b}}\n",
      "3:26: error: `kind` must be Mesh or MeshExternalService here, and is MeshGateway\n" },
};

TEST(kind_forge_upstream_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_forge_upstream_says))
