/* try_check.h - what the tests of the dry run share: documents, a request as typed, and what became of it. */
#pragma once

#include <stdio.h>

#include "unit/conf/conf_check.h"

#include "engine/try.h"
#include "proto/text_write.h"

enum { TRY_CHECK_BYTES = 65536 };

#define TRY_GATEWAY "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP, hostname: '*.example'}]}}\n"
#define TRY_SERVICE(name)                                                                                              \
    "---\n{type: MeshExternalService, name: " name ", spec: {match: {port: 80, protocol: http}, endpoints: "          \
    "[{address: 127.0.0.1, port: 9001}]}}\n"
#define TRY_ROUTE(name, rules)                                                                                         \
    "---\n{type: MeshHTTPRoute, name: " name ", spec: {to: [{targetRef: {kind: Mesh}, rules: [" rules "]}]}}\n"
#define TRY_RULE(match, conf) "{matches: [{" match "}], default: {" conf "}}"
#define TRY_PATH(path) "path: {type: PathPrefix, value: " path "}"
#define TRY_TO(name) "backendRefs: [{kind: MeshExternalService, name: " name "}]"

struct try_check {
    struct try      *t;
    struct snapshot *snapshot;
    const struct try_result *r;
    struct try_request request;
    struct try_header  headers[4];
    char text[TRY_CHECK_BYTES], json[TRY_CHECK_BYTES];
};

static inline struct try_check *try_check_open(const char *documents)
{
    struct try_check *c = calloc(1, sizeof(*c));

    CHECK(c != NULL, "no memory\n");
    c->t = try_open();
    CHECK(c->t != NULL, "no memory\n");
    c->snapshot = conf_check_load(documents);
    return c;
}

static inline void try_check_close(struct try_check *c)
{
    try_close(c->t);
    conf_free(c->snapshot);
    free(c);
}

/* Ask, with what is in c->request already and the line over it. */
static inline const struct try_result *try_check_run(struct try_check *c, const char *line)
{
    struct text_write w;
    const char *wrong = try_read_line(span_str(line), &c->request);

    CHECK(wrong == NULL, "%s: %s\n", line, wrong);
    wrong = try_check(&c->request);
    CHECK(wrong == NULL, "%s: %s\n", line, wrong);
    c->r = try_run(c->t, c->snapshot, &c->request);
    text_write_init(&w, c->text, sizeof(c->text) - 1);
    try_text(c->r, c->snapshot, &w);
    CHECK(!w.is_full, "%s: text is too long\n", line);
    c->text[text_write_length(&w)] = 0;
    text_write_init(&w, c->json, sizeof(c->json) - 1);
    try_json(c->r, c->snapshot, &w);
    CHECK(!w.is_full, "%s: JSON is too long\n", line);
    c->json[text_write_length(&w)] = 0;
    return c->r;
}

static inline void try_check_says(const struct try_check *c, const char *line, const char *says)
{
    CHECK(strstr(c->text, says) != NULL, "%s: not \"%s\" but:\n%s", line, says, c->text);
}
