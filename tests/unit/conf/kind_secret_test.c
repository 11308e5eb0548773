/* kind_secret_test.c - what a Secret may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: Secret\n"
      "name: a\n"
      "data: aGVsbG8=\n",
      "" },
    { "digits alone",
      "type: Secret\n"
      "name: a\n"
      "data: 12345678\n",
      "" },
    { "folded over lines",
      "type: Secret\n"
      "name: a\n"
      "data: |\n"
      "  aGVs\n"
      "  bG8=\n",
      "" },
    { "no data",
      "type: Secret\n"
      "name: a\n",
      "1:1: error: `data` is missing in this Secret: the secret bytes in base64, as `base64 -w0 FILE` "
      "prints them\n" },
    { "not base64, and not shown",
      "type: Secret\n"
      "name: a\n"
      "data: \"hello, world\"\n",
      "3:7: error: `data` must be base64 (as `base64 -w0 FILE` prints it), and is not\n" },
    { "sealed by a node",
      "type: Secret\n"
      "name: a\n"
      "data: forge-sealed:v1:AAAA\n",
      "3:7: error: this document is sealed, and only the node that sealed it can read it: apply it there "
      "(`forgectl apply --dry-run` checks it), or write the secret itself\n" },
    { "Kubernetes",
      "apiVersion: v1\n"
      "kind: Secret\n"
      "type: system.kuma.io/secret\n"
      "metadata: {name: a, namespace: kuma-system, labels: {kuma.io/mesh: default}}\n"
      "data: {value: aGVsbG8=}\n",
      "" },
    { "Kubernetes without value",
      "apiVersion: v1\n"
      "kind: Secret\n"
      "metadata: {name: a}\n"
      "data: {other: aGVsbG8=}\n",
      "1:1: error: `data` is missing in this Secret: the secret bytes in base64, as `base64 -w0 FILE` "
      "prints them\n" },
};

TEST(kind_secret_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_secret_says))
