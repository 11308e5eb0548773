/* load_test.c - documents become the snapshot that they describe.
 *
 * Goal:   each field of a document arrives in the snapshot; the demo that newcomers start with is good.
 * Method: whole configurations from memory, looked at field by field.
 */
#include "lib/check.h"

#include "conf/load.h"
#include "conf/snapshot.h"

static struct snapshot *load(const char *text)
{
    static struct diag diag; /* tidy: static: 40 KB are too much for a stack, and each test begins with diag_init */
    struct snapshot *snapshot = NULL;

    diag_init(&diag);
    enum why why = conf_load_text("t.yaml", span_str(text), 7, &diag, &snapshot);
    if (why != WHY_OK)
        diag_print(&diag, 2);
    CHECK(why == WHY_OK, "%s\n", why_name(why));
    return snapshot;
}

#define GATEWAY                                                                                                        \
    "type: MeshGateway\nname: edge\nconf:\n  listeners:\n    - {port: 8080, protocol: HTTP}\n"
#define SERVICE(name)                                                                                                  \
    "---\ntype: MeshExternalService\nname: " name "\nspec:\n  match: {port: 80, protocol: http}\n"                      \
    "  endpoints: [{address: 127.0.0.1, port: 9000}, {address: \"::1\", port: 9001}]\n"
#define ROUTE(rules) "---\ntype: MeshHTTPRoute\nname: r\nspec:\n  to:\n  - targetRef: {kind: Mesh}\n    rules:\n" rules

TEST(load_thin_path)
{
    struct snapshot *s = load(GATEWAY SERVICE("a") ROUTE("    - matches: [{path: {type: PathPrefix, value: /}}]\n"
                                                         "      default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"));
    const struct listener *l = &s->listeners[0];
    const struct route *r;

    CHECK(s->generation == 7 && s->documents_n == 3, "%u\n", s->documents_n);
    CHECK(s->listeners_n == 2 && !s->listeners[0].may_be_missing && s->listeners[1].may_be_missing, "%u\n", s->listeners_n);
    CHECK(span_is(l->name, SPAN_LIT("edge:8080")) && !l->is_tls && l->hosts_n == 1, "%u\n", l->hosts_n);
    CHECK(l->hosts[0].routes_n == 1, "%u\n", l->hosts[0].routes_n);
    r = &l->hosts[0].routes[0];
    CHECK(r->match.has_path && r->match.path_type == MATCH_PREFIX && r->match.path.len == 0, "%zu\n", r->match.path.len);
    CHECK(r->backends_n == 1 && r->weight_sum == 1 && !r->backends_broken, "%u\n", r->backends_n);
    CHECK(s->upstreams_n == 1 && s->upstreams[0].endpoints_n == 2, "%u\n", s->upstreams_n);
    CHECK(span_is(s->upstreams[0].endpoints[1].text, SPAN_LIT("[::1]:9001")), "%.*s\n",
          SPAN_FMT(s->upstreams[0].endpoints[1].text));
    conf_free(s);
}

TEST(load_demo)
{
    static struct diag diag; /* tidy: static: as above */
    struct snapshot *s = NULL;

    diag_init(&diag);
    enum why why = conf_load("proxy/demo", NULL, 1, &diag, &s);
    diag_print(&diag, 2);
    CHECK(why == WHY_OK && diag.warnings_n == 0, "%u warnings\n", diag.warnings_n);
    CHECK(s->listeners_n == 4, "%u\n", s->listeners_n);
    conf_free(s);
}

CHECK_RUN(RUN(load_thin_path), RUN(load_demo))
