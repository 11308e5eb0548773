/* explain_test.c - what an operator is told about what is in force: values, whose they are, who lost and why, shadows, defaults.
 *
 * Goal:   every line that a person and every member that a program reads; the documented trap; questions that mean nothing.
 * Method: documents in two files, and the whole text that must come of them; JSON is read back and asked.
 */
#include "conf/explain.h"

#include <yyjson.h>

#include "unit/conf/effective_check.h"

static const char GATEWAY[] =
    "type: MeshGateway\n"
    "name: edge\n"
    "conf:\n"
    "  listeners:\n"
    "    - {port: 8080, protocol: HTTP, hostname: shop.example.com}\n"
    "    - {port: 8080, protocol: HTTP}\n"
    "    - {port: 9090, protocol: HTTP}\n"
    "---\n"
    "type: MeshHTTPRoute\n"
    "name: orders\n"
    "spec:\n"
    "  targetRef: {kind: MeshGateway, name: edge}\n"
    "  to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {backendRefs: [{kind: MeshExternalService, name: redis}]}}]}]\n"
    "---\n"
    "type: MeshExternalService\n"
    "name: redis\n"
    "spec: {match: {port: 80, protocol: http}, endpoints: [{address: '::1', port: 1}]}\n";

static const char POLICIES[] =
    "type: MeshTimeout\n"
    "name: producer\n"
    "labels: {kuma.io/policy-role: producer}\n"
    "spec:\n"
    "  to:\n"
    "    - targetRef: {kind: MeshExternalService, name: redis}\n"
    "      default: {idleTimeout: 1m, connectionTimeout: 2s}\n"
    "---\n"
    "type: MeshTimeout\n"
    "name: consumer\n"
    "labels: {kuma.io/policy-role: consumer}\n"
    "spec:\n"
    "  to:\n"
    "    - targetRef: {kind: Mesh}\n"
    "      default: {idleTimeout: 2m}\n"
    "---\n"
    "type: MeshTimeout\n"
    "name: perhaps\n"
    "labels: {kuma.io/effect: shadow, kuma.io/policy-role: workload-owner}\n"
    "spec:\n"
    "  to:\n"
    "    - targetRef: {kind: Mesh}\n"
    "      default: {connectionTimeout: 7s}\n"
    "---\n"
    "type: MeshTimeout\n"
    "name: no-request-timeout\n"
    "spec:\n"
    "  targetRef: {kind: Dataplane, sectionName: '9090'}\n"
    "  to:\n"
    "    - targetRef: {kind: Mesh}\n"
    "      default: {http: {requestTimeout: null}}\n"
    "---\n"
    "type: ForgeListener\n"
    "name: tls\n"
    "spec: {targetRef: {kind: MeshGateway, name: edge}, port: 8080, tls: {clientCa: {type: InsecureInline, insecureInline: {value: hidden}}}}\n";

static char *explain(const char *kind, const char *name, const char *listener, bool as_json, const char **out_wrong)
{
    const char *texts[] = { GATEWAY, POLICIES };
    struct explain_ask ask = { span_str(kind), SPAN_LIT(""), span_str(name), span_str(listener) };
    struct effective_check c;
    struct span text;
    char *copy;

    effective_check_open(&c, EFFECTIVE_UNDERSTOOD, texts, COUNT(texts));
    text = as_json ? explain_json(candidate_set(c.candidate), &ask, c.arena, out_wrong)
                   : explain_text(candidate_set(c.candidate), &ask, c.arena, out_wrong);
    copy = text.at != NULL ? strdup((const char *)text.at) : NULL;
    CHECK((copy == NULL) == (*out_wrong != NULL), "%s %s\n", kind, name);
    effective_check_close(&c);
    return copy;
}

TEST(explain_for_a_terminal)
{
    static const struct { const char *kind, *name, *listener, *want; } rows[] = {
        { "MeshExternalService", "redis", "",
          "MeshExternalService redis in mesh default\n"
          "\n"
          "MeshTimeout\n"
          "  connectionTimeout                 2s            MeshTimeout producer  1.yaml:7:53\n"
          "      not 5s of MeshTimeout mesh-timeout-to-all-default (built in): it is built in, and weaker than whatever is written\n"
          "  idleTimeout                       2m            MeshTimeout consumer  1.yaml:15:30\n"
          "      not 1m of MeshTimeout producer  1.yaml:7:30: its label kuma.io/policy-role is the weaker, and roles (system, producer, "
          "consumer, workload-owner) are compared before what an entry is `to`\n"
          "      not 1h of MeshTimeout mesh-timeout-to-all-default (built in): it is built in, and weaker than whatever is written\n"
          "  http.requestTimeout               15s           MeshTimeout mesh-timeout-to-all-default (built in)\n"
          "  http.streamIdleTimeout            30m           MeshTimeout mesh-timeout-to-all-default (built in)\n"
          "  with its shadows enforced:\n"
          "    connectionTimeout                 7s            MeshTimeout perhaps  1.yaml:23:36\n"
          "        not 2s of MeshTimeout producer  1.yaml:7:53: its label kuma.io/policy-role is the weaker, and roles (system, producer, "
          "consumer, workload-owner) are compared before what an entry is `to`\n"
          "        not 5s of MeshTimeout mesh-timeout-to-all-default (built in): it is built in, and weaker than whatever is written\n"
          "  documents, the strongest first:\n"
          "    MeshTimeout perhaps  1.yaml:23:16, about Mesh, to Mesh: shadow, changes nothing\n"
          "    MeshTimeout consumer  1.yaml:15:16, about Mesh, to Mesh\n"
          "    MeshTimeout producer  1.yaml:7:16, about Mesh, to MeshExternalService redis\n"
          "    MeshTimeout mesh-timeout-to-all-default (built in), about Mesh, to Mesh\n"
          "\n"
          "ForgeUpstream\n"
          "  balance                           RoundRobin    ForgeUpstream forge-upstream-all-default (built in)\n"
          "  documents, the strongest first:\n"
          "    ForgeUpstream forge-upstream-all-default (built in), about Mesh\n" },
        { "listener", "edge:8080", "",
          "listener edge:8080/shop.example.com in mesh default\n" },
    };
    const char *wrong;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char *got = explain(rows[i].kind, rows[i].name, rows[i].listener, false, &wrong);
        CHECK(got != NULL, "%s: %s\n", rows[i].name, wrong);
        CHECK(strncmp(got, rows[i].want, i == 0 ? strlen(got) + 1 : strlen(rows[i].want)) == 0, "got:\n%s\nwant:\n%s\n", got, rows[i].want);
        free(got);
    }
}

static yyjson_val *part_of(yyjson_val *root, const char *kind, const char *way)
{
    size_t at, max;
    yyjson_val *part;

    yyjson_arr_foreach(yyjson_obj_get(root, "policies"), at, max, part)
    {
        if (yyjson_equals_str(yyjson_obj_get(part, "kind"), kind) && yyjson_equals_str(yyjson_obj_get(part, "way"), way))
            return part;
    }
    return NULL;
}

static yyjson_val *field_of(yyjson_val *part, const char *path)
{
    size_t at, max;
    yyjson_val *field;

    yyjson_arr_foreach(yyjson_obj_get(part, "fields"), at, max, field)
    {
        if (yyjson_equals_str(yyjson_obj_get(field, "path"), path))
            return field;
    }
    return NULL;
}

TEST(explain_for_programs)
{
    const char *wrong;
    char *text = explain("", "orders", "edge:9090", true, &wrong);
    yyjson_doc *doc = text != NULL ? yyjson_read(text, strlen(text), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *subject = yyjson_obj_get(root, "subject"), *field, *lost;

    CHECK(root != NULL, "no JSON: %s\n", text);
    CHECK(yyjson_equals_str(yyjson_obj_get(subject, "kind"), "MeshHTTPRoute") && yyjson_equals_str(yyjson_obj_get(subject, "listener"), "edge:9090") &&
          yyjson_get_uint(yyjson_obj_get(subject, "line")) == 10, "subject: %s\n", text);
    CHECK(yyjson_arr_size(yyjson_obj_get(root, "listeners")) == 3, "listeners: %s\n", text);
    field = field_of(part_of(root, "MeshTimeout", "to"), "idleTimeout");
    CHECK(yyjson_equals_str(yyjson_obj_get(field, "value"), "2m"), "value: %s\n", text);
    CHECK(yyjson_equals_str(yyjson_obj_get(yyjson_obj_get(field, "document"), "name"), "consumer") &&
          yyjson_get_uint(yyjson_obj_get(yyjson_obj_get(field, "document"), "line")) == 15 &&
          yyjson_equals_str(yyjson_obj_get(yyjson_obj_get(field, "document"), "file"), "1.yaml"), "document: %s\n", text);
    field = field_of(part_of(root, "MeshTimeout", "to"), "http.requestTimeout");
    CHECK(field != NULL && yyjson_is_null(yyjson_obj_get(field, "value")), "taken out: %s\n", text);
    lost = yyjson_arr_get_first(yyjson_obj_get(field, "lost"));
    CHECK(yyjson_equals_str(yyjson_obj_get(lost, "value"), "15s") && yyjson_get_bool(yyjson_obj_get(yyjson_obj_get(lost, "document"), "builtIn")),
          "lost: %s\n", text);
    yyjson_doc_free(doc);
    free(text);
}

TEST(explain_keeps_secrets)
{
    const char *wrong;
    char *text = explain("MeshGateway", "edge:8080/shop.example.com", "", true, &wrong), *words = explain("", "edge", "", false, &wrong);

    CHECK(strstr(text, "hidden") == NULL && strstr(text, "***") != NULL, "%s\n", text);
    CHECK(strstr(words, "hidden") == NULL && strstr(words, "***") != NULL, "%s\n", words);
    free(text);
    free(words);
}

TEST(explain_of_nothing)
{
    static const struct { const char *kind, *name, *listener, *want; } rows[] = {
        { "Secret", "x", "", "only listeners (MeshGateway), routes and services are explained: write one of these kinds" },
        { "", "nobody", "", "there is nothing of that kind and name in that mesh; a listener is written as GATEWAY:PORT" },
        { "MeshService", "redis", "", "there is nothing of that kind and name in that mesh; a listener is written as GATEWAY:PORT" },
        { "listener", "edge:81", "", "there is nothing of that kind and name in that mesh; a listener is written as GATEWAY:PORT" },
        { "route", "orders", "edge:81", "no such listener serves this route: write it as GATEWAY:PORT" },
    };
    const char *wrong;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char *got = explain(rows[i].kind, rows[i].name, rows[i].listener, i % 2 == 0, &wrong);
        CHECK(got == NULL && strcmp(wrong, rows[i].want) == 0, "%s: %s\n", rows[i].name, got != NULL ? got : wrong);
    }
}

TEST(explain_without_memory)
{
    const char *texts[] = { GATEWAY, POLICIES }, *wrong;
    struct explain_ask ask = { SPAN_LIT("route"), SPAN_LIT(""), SPAN_LIT("orders"), SPAN_LIT("") };
    struct effective_check c;

    effective_check_open(&c, EFFECTIVE_UNDERSTOOD, texts, COUNT(texts));
    for (size_t bytes = 200; bytes < 300000; bytes += 1 + bytes / 5) {
        struct conf_arena *small = conf_arena_open(bytes);
        struct span text = explain_json(candidate_set(c.candidate), &ask, small, &wrong);
        CHECK(wrong == NULL && (text.at == NULL) == small->is_full, "%zu bytes\n", bytes);
        conf_arena_close(small);
    }
    effective_check_close(&c);
}

CHECK_RUN(RUN(explain_for_a_terminal), RUN(explain_for_programs), RUN(explain_keeps_secrets), RUN(explain_of_nothing),
          RUN(explain_without_memory))
