/* conf_set_test.c - envelopes: Kuma's universal form and Kubernetes' form, and what is wrong with either.
 *
 * Goal:   each thing that can be wrong with an envelope has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "nothing",
      "",
      "" },
    { "no type",
      "name: a\n"
      "spec: {}\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n" },
    { "type is empty",
      "type:\n"
      "name: a\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n" },
    { "type a list",
      "type: [Secret]\n"
      "name: a\n",
      "1:7: error: `type` must be a single value, and is a list\n" },
    { "no name",
      "type: Secret\n"
      "data: aGk=\n",
      "1:1: error: `name` is missing in this document: give the document a name\n" },
    { "no name, and more",
      "type: Secret\n"
      "data: \"?\"\n",
      "1:1: error: `name` is missing in this document: give the document a name\n"
      "2:7: error: `data` must be base64 (as `base64 -w0 FILE` prints it), and is not\n" },
    { "name of capitals",
      "type: Secret\n"
      "name: A\n"
      "data: aGk=\n",
      "2:7: error: `name` must be a name of lower-case letters, digits, `-` and `.`, at most 253 long, and "
      "is \"A\"\n" },
    { "name a number",
      "type: Secret\n"
      "name: 1\n"
      "data: aGk=\n",
      "2:7: error: `name` must be a text: put it in quotes, \"1\"\n" },
    { "no spec",
      "type: MeshHTTPRoute\n"
      "name: r\n",
      "2:7: error: this MeshHTTPRoute has no `spec`: put its fields below `spec:`\n" },
    { "spec a list",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec: []\n",
      "3:7: error: `spec` must be a group of fields, and is a list\n" },
    { "field beside spec",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "to: []\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}\n",
      "3:1: error: `to` is not a field of this document: it has type, mesh, name, labels, spec\n" },
    { "labels a list",
      "type: Secret\n"
      "name: a\n"
      "labels: [x]\n"
      "data: aGk=\n",
      "3:9: error: `labels` must be a group of `name: value` lines, and is a list\n" },
    { "label a number",
      "type: Secret\n"
      "name: a\n"
      "labels: {x: 1}\n"
      "data: aGk=\n",
      "3:13: error: `x` must be a text: put it in quotes, \"1\"\n" },
    { "mesh label of Kubernetes is no name",
      "apiVersion: v1\n"
      "kind: Secret\n"
      "metadata: {name: a, labels: {kuma.io/mesh: My mesh}}\n"
      "data: {value: aGk=}\n",
      "3:29: error: the label `kuma.io/mesh` must be the name of a mesh, and is \"My mesh\"\n" },
    { "shadow",
      "type: MeshRetry\n"
      "name: a\n"
      "labels: {kuma.io/effect: shadow}\n"
      "spec: {to: [{targetRef: {kind: Mesh}, default: {tcp: {maxConnectAttempt: 3}}}]}\n",
      "" },
    { "another effect",
      "type: Secret\n"
      "name: a\n"
      "labels: {kuma.io/effect: shadows}\n"
      "data: aGk=\n",
      "2:7: error: the label `kuma.io/effect` can be `shadow`, and is \"shadows\": take it out to enforce the "
      "document\n" },
    { "global kind in a mesh",
      "type: GlobalSecret\n"
      "name: a\n"
      "mesh: default\n"
      "data: aGk=\n",
      "3:1: error: a GlobalSecret belongs to no mesh: take `mesh` out\n" },
    { "global secret of kubernetes",
      "apiVersion: v1\n"
      "kind: Secret\n"
      "metadata: {name: a}\n"
      "type: system.kuma.io/global-secret\n"
      "data: {value: aGk=}\n"
      "---\n"
      "{type: GlobalSecret, name: a, data: aGk=}\n",
      "7:28: error: there is a GlobalSecret `a` already, in t.yaml line 3: give one of them another name\n" },
    { "name taken",
      "type: Secret\n"
      "name: a\n"
      "data: aGk=\n"
      "---\n"
      "type: Secret\n"
      "name: a\n"
      "data: aGk=\n",
      "6:7: error: there is a Secret `a` already, in t.yaml line 2: give one of them another name\n" },
    { "name free in another mesh",
      "type: Secret\n"
      "name: a\n"
      "data: aGk=\n"
      "---\n"
      "type: Secret\n"
      "mesh: other\n"
      "name: a\n"
      "data: aGk=\n",
      "" },
    { "name free of another kind",
      "type: Secret\n"
      "name: a\n"
      "data: aGk=\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "Kubernetes without apiVersion",
      "kind: MeshHTTPRoute\n"
      "metadata: {name: r}\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}\n",
      "1:1: error: `apiVersion` is missing in this document: write `apiVersion: kuma.io/v1alpha1`\n" },
    { "Kubernetes of another version",
      "apiVersion: kuma.io/v1\n"
      "kind: MeshHTTPRoute\n"
      "metadata: {name: r}\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}\n",
      "1:13: error: `apiVersion` of a MeshHTTPRoute must be kuma.io/v1alpha1, and is \"kuma.io/v1\"\n" },
    { "Kubernetes without metadata",
      "apiVersion: kuma.io/v1alpha1\n"
      "kind: MeshHTTPRoute\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}\n",
      "1:1: error: `metadata` is missing in this document: write `metadata:` with `name:` below it\n" },
    { "Kubernetes without name",
      "apiVersion: kuma.io/v1alpha1\n"
      "kind: MeshHTTPRoute\n"
      "metadata: {}\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}\n",
      "3:11: error: `name` is missing in this document's metadata: give the document a name\n" },
    { "Kubernetes with an unknown field",
      "apiVersion: kuma.io/v1alpha1\n"
      "kind: MeshHTTPRoute\n"
      "metadata: {nmae: r}\n"
      "specs: {}\n",
      "3:11: error: `name` is missing in this document's metadata: give the document a name\n"
      "3:11: error: this MeshHTTPRoute has no `spec`: put its fields below `spec:`\n"
      "3:12: error: `nmae` is not a field of this document's metadata: did you mean `name`?\n"
      "4:1: error: `specs` is not a field of this document: did you mean `spec`?\n" },
    { "Kubernetes Secret of another version",
      "apiVersion: kuma.io/v1alpha1\n"
      "kind: Secret\n"
      "metadata: {name: s}\n"
      "data: {value: aGk=}\n",
      "1:13: error: `apiVersion` of a Secret must be v1, and is \"kuma.io/v1alpha1\"\n" },
    { "unknown kind in Kubernetes",
      "apiVersion: apps/v1\n"
      "kind: Deployment\n"
      "metadata: {name: d}\n"
      "spec: {}\n",
      "2:7: error: there is no kind `Deployment`\n" },
};

TEST(conf_set_says)
{
    conf_check_says(rows, COUNT(rows));
}

TEST(conf_set_reads_both_forms)
{
    struct snapshot *s = conf_check_load(
        "{\"type\": \"MeshExternalService\", \"mesh\": \"m\", \"name\": \"a\", \"labels\": {\"x\": \"y\"}, \"kri\": \"k\",\n"
        " \"creationTime\": \"2024-01-01T00:00:00Z\", \"status\": {\"conditions\": []}, \"spec\": {\"match\": {\"port\": 1},\n"
        " \"endpoints\": [{\"address\": \"192.0.2.1\", \"port\": 2}]}}\n"
        "---\n"
        "apiVersion: kuma.io/v1alpha1\n"
        "kind: MeshExternalService\n"
        "metadata: {name: b, namespace: kuma-system, labels: {kuma.io/mesh: m}, uid: u, annotations: {n: o}}\n"
        "spec: {match: {port: 1}, endpoints: [{address: 192.0.2.2, port: 2}]}\n"
        "---\n"
        "apiVersion: kuma.io/v1alpha1\n"
        "kind: MeshGateway\n"
        "mesh: m\n"
        "metadata: {name: edge}\n"
        "spec: {selectors: [{match: {kuma.io/service: edge}}], conf: {listeners: [{port: 80, protocol: HTTP}]}}\n");

    CHECK(s->documents_n == 3 && s->upstreams_n == 2 && s->listeners_n == 2, "%u %u %u\n", s->documents_n, s->upstreams_n,
          s->listeners_n);
    CHECK(span_is(s->upstreams[0].name, SPAN_LIT("a")) && span_is(s->upstreams[1].name, SPAN_LIT("b")), "names\n");
    conf_free(s);
}

CHECK_RUN(RUN(conf_set_says), RUN(conf_set_reads_both_forms))
