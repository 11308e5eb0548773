/* compile_access_log_test.c - the one access log: from a ForgeAccessLog, or from the MeshAccessLogs that all listeners agree on.
 *
 * Goal:   paths and formats arrive, of several policies the stronger one; more than one log is told.
 * Method: documents beside a gateway of two listeners; the snapshot's log as a text.
 */
#include "unit/conf/conf_check.h"

#define GATEWAY "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}, {port: 8081, protocol: HTTP}]}}\n---\n"
#define LOG(name, top, entries, backends)                                                                              \
    "{type: MeshAccessLog, name: " name ", spec: {targetRef: " top ", " entries "default: {backends: " backends "}}]}}\n---\n"
#define TO "to: [{targetRef: {kind: Mesh}, "
#define RULES "rules: [{"
#define FILE_OF(path) "[{type: File, file: {path: " path "}}]"

static const struct log_row {
    const char *name, *documents, *log;    /* "path|json|omits|format", or "off" */
} logs[] = {
    { "none", "", "off" },
    { "the default format", LOG("a", "{kind: Mesh}", TO, FILE_OF("/a")), "/a|0|0|" },
    { "inbound", LOG("a", "{kind: Mesh}", RULES, FILE_OF("/in")), "/in|0|0|" },
    { "outbound before inbound", LOG("a", "{kind: Mesh}", RULES, FILE_OF("/in")) LOG("b", "{kind: Mesh}", TO, FILE_OF("/out")), "/out|0|0|" },
    { "the first name is the stronger", LOG("b", "{kind: Mesh}", TO, FILE_OF("/b")) LOG("a", "{kind: Mesh}", TO, FILE_OF("/a")), "/a|0|0|" },
    { "of the gateway before of the mesh", LOG("a", "{kind: Mesh}", TO, FILE_OF("/a"))
      LOG("b", "{kind: MeshGateway, name: edge}", TO, FILE_OF("/b")), "/b|0|0|" },
    { "switched off", LOG("a", "{kind: MeshGateway, name: edge}", TO, "[]") LOG("b", "{kind: Mesh}", TO, FILE_OF("/b")), "off" },
    { "a shadow", "{type: MeshAccessLog, name: a, labels: {kuma.io/effect: shadow}, spec: {to: [{targetRef: {kind: Mesh}, default: {backends: "
      FILE_OF("/a") "}}]}}\n---\n", "off" },
    { "plain", LOG("a", "{kind: Mesh}", TO, "[{type: File, file: {path: /a, format: {type: Plain, plain: '%DURATION% x', omitEmptyValues: true}}}]"),
      "/a|0|1|%DURATION% x" },
    { "json", LOG("a", "{kind: Mesh}", TO, "[{type: File, file: {path: /a, format: {type: Json, json: [{key: 'a\"', value: '%RESPONSE_CODE%'}, "
      "{key: b, value: \"x\\x01%DURATION%\"}]}}}]"), "/a|1|0|\x01\"a\\\"\"\x03%RESPONSE_CODE%\x01\"b\"\x02x\\u0001%DURATION%\x04" },
    { "ours", "{type: ForgeAccessLog, name: a, spec: {targetRef: {kind: Mesh}, path: /own, format: {type: Plain, plain: x}}}\n---\n", "/own|0|0|x" },
};

TEST(compile_access_log_is_what_they_say)
{
    char text[8192], got[1024];

    for (size_t i = 0; i < COUNT(logs); i++) {
        snprintf(text, sizeof(text), "%s%s", GATEWAY, logs[i].documents);
        struct snapshot *s = conf_check_load(text);
        const struct access_log *log = &s->access_log;
        snprintf(got, sizeof(got), "%.*s|%d|%d|%.*s", SPAN_FMT(log->path), log->has_fields, log->omits_empty, SPAN_FMT(log->format));
        CHECK(strcmp(log->is_on ? got : "off", logs[i].log) == 0, "%s: %s\n", logs[i].name, log->is_on ? got : "off");
        CHECK(!log->is_on || span_is(log->mesh, SPAN_LIT("default")), "%s: mesh\n", logs[i].name);
        conf_free(s);
    }
}

static const struct says_row rows[] = {
    { "two files", GATEWAY LOG("a", "{kind: Mesh}", TO, "[{type: File, file: {path: /a}}, {type: File, file: {path: /b}}]"),
      "3:115: error: 2 `backends` are understood but not enforced by this version: keep the one file that records go to\n" },
    { "of one gateway of two",
      GATEWAY "{type: MeshGateway, name: more, conf: {listeners: [{port: 8082, protocol: HTTP}]}}\n---\n"
      LOG("a", "{kind: MeshGateway, name: edge}", TO, FILE_OF("/a")),
      "5:134: error: this is the access log of some listeners, which is understood but not enforced by this version: there is one for all "
      "of them, so write `targetRef: {kind: Mesh}`\n" },
    { "of one service", GATEWAY "{type: MeshAccessLog, name: a, spec: {to: [{targetRef: {kind: MeshExternalService, name: a}, default: "
      "{backends: " FILE_OF("/a") "}}]}}\n",
      "3:63: error: a log of some requests is understood but not enforced by this version: there is one for all of them: write it `to` Mesh\n" },
    { "ours beside Kuma's", GATEWAY LOG("a", "{kind: Mesh}", TO, FILE_OF("/a"))
      "{type: ForgeAccessLog, name: a, spec: {targetRef: {kind: Mesh}}}\n",
      "3:29: error: there is one access log, and the ForgeAccessLog in t.yaml line 5 describes it: take one of them out\n" },
    { "two of ours", "{type: ForgeAccessLog, name: a, spec: {targetRef: {kind: Mesh}}}\n---\n"
      "{type: ForgeAccessLog, name: b, spec: {targetRef: {kind: Mesh}}}\n",
      "3:30: error: there is one access log, and t.yaml line 1 describes it: take one of them out\n" },
};

TEST(compile_access_log_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(compile_access_log_is_what_they_say), RUN(compile_access_log_says))
