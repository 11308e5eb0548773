/* kind_forge_test.c - ForgeTest.
 *
 * Layer:  conf.
 */
#include "conf/kind_forge_test.h"

#include <string.h>

#include "base/limits.h"
#include "base/why.h"
#include "conf/document.h"
#include "conf/suggest.h"
#include "proto/address.h"
#include "proto/uri.h"

#define REQUEST(member) offsetof(struct forge_test_request, member)
#define EXPECT(member) offsetof(struct forge_test_expect, member)

static const struct field_row header_rows[] = {
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct forge_test_header, name), .is_required = true,
      .doc = "the header's name in small letters" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct forge_test_header, value), .is_required = true,
      .max = HEAD_LINE_BYTES_MAX,
      .doc = "the header's value" },
    { .name = NULL },
};
static const struct object_table header_table = {
    .name = "header", .rows = header_rows, .bytes = sizeof(struct forge_test_header),
};

static const struct field_row request_rows[] = {
    { .name = "method", .type = TYPE_STRING, .offset = REQUEST(method), .min = 1, .max = 32, .doc = "GET when absent" },
    { .name = "url", .type = TYPE_STRING, .offset = REQUEST(url), .min = 1, .max = HEAD_LINE_BYTES_MAX,
      .doc = "scheme, host, path and query in one, as https://shop.example.com/cart?x=1" },
    { .name = "scheme", .type = TYPE_STRING, .offset = REQUEST(scheme), .min = 4, .max = 5, .doc = "http or https; http when absent" },
    { .name = "host", .type = TYPE_STRING, .offset = REQUEST(host), .max = 300, .doc = "host[:port], the Host header" },
    { .name = "path", .type = TYPE_STRING, .offset = REQUEST(path), .min = 1, .max = HEAD_LINE_BYTES_MAX,
      .doc = "path and query, as a client writes them; / when absent" },
    { .name = "headers", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = REQUEST(headers), .object = &header_table, .min = 1,
      .max = HEAD_FIELDS_MAX,
      .doc = "further headers, in order" },
    { .name = "client", .type = TYPE_STRING, .offset = REQUEST(client), .min = 1, .max = 64,
      .doc = "the client's address, with or without port; 127.0.0.1 when absent" },
    { .name = "port", .type = TYPE_INT, .offset = REQUEST(port), .min = 1, .max = 65535,
      .doc = "port of the listener; when absent the URL's, or the one of its scheme, or whichever listener serves scheme and host" },
    { .name = "serverName", .type = TYPE_HOSTNAME, .offset = REQUEST(server_name),
      .doc = "name that a TLS client asks for; the host when absent" },
    { .name = "bodyBytes", .type = TYPE_BYTES, .offset = REQUEST(body_bytes), .min = 0, .max = INT64_MAX,
      .doc = "length of the body; none when absent" },
    { .name = "chunked", .type = TYPE_BOOL, .offset = REQUEST(is_chunked), .fallback = "false",
      .doc = "the body's length is not declared" },
    { .name = "seed", .type = TYPE_INT, .offset = REQUEST(seed), .min = 0, .max = INT64_MAX,
      .doc = "draws one of several upstreams; without it `upstream` may be any that the route can draw" },
    { .name = NULL },
};
static const struct object_table request_table = {
    .name = "ForgeTest's request", .rows = request_rows, .bytes = sizeof(struct forge_test_request),
};

static const struct enum_row verdicts[] = {
    { .name = "Go", .value = FORGE_TEST_GO }, { .name = "Refuse", .value = FORGE_TEST_REFUSE },
    { .name = "WouldRefuse", .value = FORGE_TEST_WOULD_REFUSE }, { .name = "Hold", .value = FORGE_TEST_HOLD }, { .name = NULL },
};
static const struct field_row policy_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct forge_test_policy, name), .is_required = true, .min = 1, .max = 64,
      .doc = "the policy's name in log and metrics, as body-cap" },
    { .name = "verdict", .type = TYPE_ENUM, .offset = offsetof(struct forge_test_policy, verdict), .is_required = true, .enums = verdicts,
      .doc = "Go, Refuse, WouldRefuse (a shadow) or Hold" },
    { .name = NULL },
};
static const struct object_table policy_table = {
    .name = "policy", .rows = policy_rows, .bytes = sizeof(struct forge_test_policy),
};

static const struct field_row fields_rows[] = {
    { .name = "set", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct forge_test_fields, set), .object = &header_table,
      .min = 1, .max = HEAD_FIELDS_MAX, .doc = "headers that the upstream gets with exactly this value" },
    { .name = "present", .type = TYPE_LIST, .of = TYPE_HEADER_NAME, .offset = offsetof(struct forge_test_fields, present), .min = 1,
      .max = HEAD_FIELDS_MAX, .doc = "headers that the upstream gets with whatever value" },
    { .name = "absent", .type = TYPE_LIST, .of = TYPE_HEADER_NAME, .offset = offsetof(struct forge_test_fields, absent), .min = 1,
      .max = HEAD_FIELDS_MAX, .doc = "headers that the upstream must not get" },
    { .name = NULL },
};
static const struct object_table fields_table = {
    .name = "expected headers", .rows = fields_rows, .bytes = sizeof(struct forge_test_fields),
};

static const struct enum_row outcomes[] = {
    { .name = "Upstream", .value = FORGE_TEST_UPSTREAM }, { .name = "Redirect", .value = FORGE_TEST_REDIRECT },
    { .name = "Refused", .value = FORGE_TEST_REFUSED }, { .name = "Cut", .value = FORGE_TEST_CUT }, { .name = NULL },
};
static const struct field_row expect_rows[] = {
    { .name = "outcome", .type = TYPE_ENUM, .offset = EXPECT(outcome), .enums = outcomes,
      .doc = "Upstream, Redirect, Refused (the gateway answers) or Cut (nobody does)" },
    { .name = "listener", .type = TYPE_STRING, .offset = EXPECT(listener), .min = 1, .max = 300,
      .doc = "the listener's name, as edge:8443" },
    { .name = "route", .type = TYPE_STRING, .offset = EXPECT(route), .max = 253,
      .doc = "the MeshHTTPRoute's name; \"\" when none may match" },
    { .name = "to", .type = TYPE_INT, .offset = EXPECT(to), .min = 0, .max = 65535, .doc = "which entry of the route's `to`, from 0" },
    { .name = "rule", .type = TYPE_INT, .offset = EXPECT(rule), .min = 0, .max = 65535, .doc = "which of that entry's `rules`, from 0" },
    { .name = "status", .type = TYPE_INT, .offset = EXPECT(status), .min = 300, .max = 599, .doc = "status of the gateway's own answer" },
    { .name = "why", .type = TYPE_STRING, .offset = EXPECT(why), .min = 1, .max = 64,
      .doc = "name of the ending, as policy-body-cap, or ok" },
    { .name = "upstream", .type = TYPE_STRING, .offset = EXPECT(upstream), .min = 1, .max = 253, .doc = "name of the MeshExternalService" },
    { .name = "location", .type = TYPE_STRING, .offset = EXPECT(location), .min = 1, .max = HEAD_LINE_BYTES_MAX,
      .doc = "Location of a redirect" },
    { .name = "path", .type = TYPE_STRING, .offset = EXPECT(path), .min = 1, .max = HEAD_LINE_BYTES_MAX,
      .doc = "path and query as the upstream gets them" },
    { .name = "host", .type = TYPE_STRING, .offset = EXPECT(host), .max = 300, .doc = "Host as the upstream gets it" },
    { .name = "client", .type = TYPE_STRING, .offset = EXPECT(client), .min = 1, .max = 64,
      .doc = "address of the client that the gateway believes in" },
    { .name = "headers", .type = TYPE_OBJECT, .offset = EXPECT(headers), .object = &fields_table,
      .doc = "headers as the upstream gets them" },
    { .name = "policies", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = EXPECT(policies), .object = &policy_table, .min = 1, .max = 64,
      .doc = "verdicts of policies" },
    { .name = NULL },
};
static const struct object_table expect_table = {
    .name = "ForgeTest's expect", .rows = expect_rows, .bytes = sizeof(struct forge_test_expect),
};

static const struct field_row case_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct forge_test_case, name), .is_required = true, .min = 1, .max = 128,
      .doc = "what the case shows, for reports" },
    { .name = "request", .type = TYPE_OBJECT, .offset = offsetof(struct forge_test_case, request), .is_required = true,
      .object = &request_table, .doc = "what a client sends" },
    { .name = "expect", .type = TYPE_OBJECT, .offset = offsetof(struct forge_test_case, expect), .is_required = true,
      .object = &expect_table, .doc = "what must become of it; what is not written may be anything" },
    { .name = NULL },
};
static const struct object_table case_table = {
    .name = "case", .rows = case_rows, .bytes = sizeof(struct forge_test_case),
};

static const struct field_row rows[] = {
    { .name = "cases", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct forge_test_spec, cases), .is_required = true,
      .object = &case_table, .min = 1, .max = CONF_TEST_CASES_MAX, .doc = "requests and what must become of them" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "ForgeTest", .rows = rows, .bytes = sizeof(struct forge_test_spec),
    .doc = "requests that a configuration is tried with before it goes live; one that is treated otherwise than expected keeps it out",
};

/* ---- what tables cannot say ---- */

static bool check_url(const struct forge_test_request *r, struct diag *diag)
{
    struct span scheme, authority, origin;

    if (r->url.at == NULL)
        return true;
    if (r->scheme.at != NULL || r->host.at != NULL || r->path.at != NULL) {
        diag_error(diag, field_place(r, "url"), "`url` says scheme, host and path already: take `scheme`, `host` and `path` out");
        return false;
    }
    if (uri_split_absolute(r->url, &scheme, &authority, &origin))
        return true;
    diag_error(diag, field_place(r, "url"), "`url` must be like https://shop.example.com/cart?x=1, and is \"%.*s\"", SPAN_FMT(r->url));
    return false;
}

static bool check_request(const struct forge_test_request *r, struct diag *diag)
{
    bool is_good = check_url(r, diag);
    uint8_t address[ADDRESS_BYTES];
    uint16_t port;

    if (r->scheme.at != NULL && !span_is(r->scheme, SPAN_LIT("http")) && !span_is(r->scheme, SPAN_LIT("https"))) {
        diag_error(diag, field_place(r, "scheme"), "`scheme` must be http or https, and is \"%.*s\"", SPAN_FMT(r->scheme));
        is_good = false;
    }
    if (r->client.at != NULL && !address_parse(r->client, address) && !address_parse_port(r->client, address, &port)) {
        diag_error(diag, field_place(r, "client"), "`client` must be an address such as 192.0.2.1, 192.0.2.1:4711 or 2001:db8::1, and is "
                   "\"%.*s\"", SPAN_FMT(r->client));
        is_good = false;
    }
    return is_good;
}

static bool check_why(const struct forge_test_expect *e, struct diag *diag)
{
    struct suggest near;

    if (e->why.at == NULL)
        return true;
    suggest_init(&near, e->why);
    for (int why = 0; why < WHY_N; why++) {
        if (span_is(e->why, span_str(why_name((enum why)why))))
            return true;
        suggest_offer(&near, why_name((enum why)why));
    }
    if (near.best != NULL)
        diag_error(diag, field_place(e, "why"), "there is no ending `%.*s`: did you mean `%s`?", SPAN_FMT(e->why), near.best);
    else
        diag_error(diag, field_place(e, "why"), "there is no ending `%.*s`: the `type` of the gateway's answer names it", SPAN_FMT(e->why));
    return false;
}

static bool check_expect(const struct forge_test_expect *e, struct diag *diag)
{
    if (e->node->children_n == 0) {
        diag_error(diag, node_place(e->node),
                   "this case expects nothing: write `outcome:`, `route:`, `status:` or another field below `expect`");
        return false;
    }
    if ((e->rule != FIELD_ABSENT || e->to != FIELD_ABSENT) && (e->route.at == NULL || e->route.len == 0)) {
        diag_error(diag, field_place(e, e->rule != FIELD_ABSENT ? "rule" : "to"), "a rule is one of a route: write the `route`'s name");
        return false;
    }
    return check_why(e, diag);
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct forge_test_spec *spec = doc->spec;
    const struct forge_test_case *cases = spec->cases.items;
    bool is_good = true;

    for (uint32_t i = 0; i < spec->cases.n; i++) {
        is_good &= check_request(cases[i].request, diag);
        is_good &= check_expect(cases[i].expect, diag);
        for (uint32_t k = 0; k < i; k++)
            if (span_is(cases[k].name, cases[i].name)) {
                diag_error(diag, field_place(&cases[i], "name"), "the case in line %u has this name already: reports need another one",
                           cases[k].node->line);
                is_good = false;
                break;
            }
    }
    return is_good;
}

const struct kind kind_forge_test = {
    .type = "ForgeTest", .plural = "forgetests", .short_name = "ft",
    .has_spec = true, .table = &table, .check = check,
};
