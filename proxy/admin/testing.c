/* testing.c - see testing.h.
 *
 * Layer:  admin.
 */
#include "admin/testing.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/kind_forge_test.h"
#include "engine/try.h"
#include "proto/json_write.h"

enum { SENTENCE_BYTES_MAX = 2048, GOT_BYTES_MAX = 300 };

/* One case being judged. */
struct trial {
    const struct try_result        *r;
    const struct forge_test_expect *expect;
    bool                            has_seed;
    char                            sentence[SENTENCE_BYTES_MAX];
    size_t                          used;
};

/* One more expectation of object that does not hold, at its field. */
static void fail(struct trial *t, const void *object, const char *field, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void fail(struct trial *t, const void *object, const char *field, const char *format, ...)
{
    struct diag_place place = field_place(object, field);
    va_list args;
    int len;

    if (t->used >= sizeof(t->sentence) - 1)
        return; /* Enough is said. */
    len = snprintf(t->sentence + t->used, sizeof(t->sentence) - t->used, "%s%s:%u:%u: ", t->used > 0 ? "; " : "",
                   place.file != NULL ? place.file : "", place.line, place.column);
    t->used += len > 0 ? (size_t)len : 0;
    if (t->used >= sizeof(t->sentence) - 1) {
        t->used = sizeof(t->sentence) - 1;
        return;
    }
    va_start(args, format);
    len = vsnprintf(t->sentence + t->used, sizeof(t->sentence) - t->used, format, args);
    va_end(args);
    t->used += len > 0 ? (size_t)len : 0;
    if (t->used > sizeof(t->sentence) - 1)
        t->used = sizeof(t->sentence) - 1;
}

/* What became of the request, for sentences: "it goes to shop", "the gateway answers 404, route-no-match". */
static const char *outcome_of(const struct try_result *r, char out[GOT_BYTES_MAX])
{
    if (r->why != WHY_OK && r->status != 0)
        snprintf(out, GOT_BYTES_MAX, "the gateway answers %u, %s: %s", r->status, why_name(r->why), why_sentence(r->why));
    else if (r->why != WHY_OK)
        snprintf(out, GOT_BYTES_MAX, "nobody answers, %s: %s", why_name(r->why), why_sentence(r->why));
    else if (r->location.len > 0)
        snprintf(out, GOT_BYTES_MAX, "the gateway answers %u, a redirect", r->status);
    else
        snprintf(out, GOT_BYTES_MAX, "the request goes to %.*s", SPAN_FMT(r->upstream->name));
    return out;
}

static void expect_text(struct trial *t, const char *field, struct span want, struct span got)
{
    char outcome[GOT_BYTES_MAX];

    if (want.at == NULL || (got.at != NULL && span_is(want, got)))
        return;
    if (got.at == NULL)
        fail(t, t->expect, field, "`%s` was expected to be \"%.*s\", and there is none: %s", field, SPAN_FMT(want), outcome_of(t->r,
                outcome));
    else
        fail(t, t->expect, field, "`%s` was expected to be \"%.*s\", and is \"%.*s\"", field, SPAN_FMT(want), SPAN_FMT(got));
}

static void expect_number(struct trial *t, const char *field, int64_t want, int64_t got)
{
    char outcome[GOT_BYTES_MAX];

    if (want == FIELD_ABSENT || want == got)
        return;
    if (got == FIELD_ABSENT)
        fail(t, t->expect, field, "`%s` was expected to be %lld, and there is none: %s", field, (long long)want, outcome_of(t->r, outcome));
    else
        fail(t, t->expect, field, "`%s` was expected to be %lld, and is %lld", field, (long long)want, (long long)got);
}

static void expect_outcome(struct trial *t)
{
    static const struct { const char *is, *name; } outcomes[] = {
        [FORGE_TEST_UPSTREAM] = { "upstream", "Upstream" }, [FORGE_TEST_REDIRECT] = { "redirect", "Redirect" },
        [FORGE_TEST_REFUSED] = { "refused", "Refused" }, [FORGE_TEST_CUT] = { "cut", "Cut" },
    };
    char outcome[GOT_BYTES_MAX];

    if (t->expect->outcome == FIELD_ABSENT ||
        span_is(span_str(outcomes[t->expect->outcome].is), span_str(try_outcome(t->r))))
        return;
    fail(t, t->expect, "outcome", "`outcome` was expected to be %s, and %s", outcomes[t->expect->outcome].name, outcome_of(t->r, outcome));
}

static void expect_route(struct trial *t)
{
    const struct route *route = t->r->route;

    expect_text(t, "route", t->expect->route,
                route != NULL ? route->origin->document : t->expect->route.len == 0 ? SPAN_LIT("") : SPAN_NONE);
    if (route == NULL || !span_is(route->origin->document, t->expect->route))
        return; /* Told. */
    expect_number(t, "to", t->expect->to, route->origin->to);
    expect_number(t, "rule", t->expect->rule, route->origin->rule);
}

/* Without a seed chance decides, and each upstream that it can draw will do. */
static void expect_upstream(struct trial *t, const struct snapshot *snapshot)
{
    const struct route *route = t->r->route;
    struct span want = t->expect->upstream;

    if (want.at == NULL)
        return;
    for (uint32_t i = 0; t->r->upstream != NULL && !t->has_seed && i < route->backends_n; i++)
        if (route->backends[i].weight > 0 && span_is(snapshot->upstreams[route->backends[i].upstream].name, want))
            return;
    expect_text(t, "upstream", want, t->r->upstream != NULL ? t->r->upstream->name : SPAN_NONE);
}

/* ---- the head as the upstream gets it ---- */

/* Value of the next field of that name from *io_at on, SPAN_NONE behind the last. */
static struct span next_value(const struct head *h, struct span name, uint32_t *io_at)
{
    if (span_is(name, SPAN_LIT("host")))
        return (*io_at)++ == 0 ? h->authority : SPAN_NONE;
    while (*io_at < h->fields_n) {
        const struct field *f = &h->fields[(*io_at)++];
        if (span_is(f->name, name))
            return f->value;
    }
    return SPAN_NONE;
}

static void expect_set(struct trial *t, const struct head *h, const struct forge_test_header *want)
{
    struct span value, last = SPAN_NONE;
    uint32_t at = 0;

    while ((value = next_value(h, want->name, &at)).at != NULL) {
        if (span_is(value, want->value))
            return;
        last = value;
    }
    if (last.at == NULL)
        fail(t, want, "value", "header `%.*s` was expected to be \"%.*s\", and the upstream does not get it", SPAN_FMT(want->name),
             SPAN_FMT(want->value));
    else
        fail(t, want, "value", "header `%.*s` was expected to be \"%.*s\", and is \"%.*s\"", SPAN_FMT(want->name), SPAN_FMT(want->value),
             SPAN_FMT(last));
}

static void expect_names(struct trial *t, const struct head *h, const struct list *names, bool is_present)
{
    for (uint32_t i = 0; i < names->n; i++) {
        struct span name = ((const struct span *)names->items)[i], value;
        uint32_t at = 0;
        value = next_value(h, name, &at);
        if (is_present && value.at == NULL)
            fail(t, t->expect->headers, "present", "header `%.*s` was expected, and the upstream does not get it", SPAN_FMT(name));
        if (!is_present && value.at != NULL)
            fail(t, t->expect->headers, "absent", "header `%.*s` was not expected, and the upstream gets it as \"%.*s\"", SPAN_FMT(name),
                 SPAN_FMT(value));
    }
}

static void expect_head(struct trial *t)
{
    const struct head *h = t->r->request;
    const struct forge_test_fields *fields = t->expect->headers;
    char outcome[GOT_BYTES_MAX];

    expect_text(t, "path", t->expect->path, h != NULL ? h->target : SPAN_NONE);
    expect_text(t, "host", t->expect->host, h != NULL ? h->authority : SPAN_NONE);
    if (fields == NULL)
        return;
    if (h == NULL) {
        fail(t, t->expect, "headers", "`headers` are those that an upstream gets, and %s", outcome_of(t->r, outcome));
        return;
    }
    for (uint32_t i = 0; i < fields->set.n; i++)
        expect_set(t, h, &((const struct forge_test_header *)fields->set.items)[i]);
    expect_names(t, h, &fields->present, true);
    expect_names(t, h, &fields->absent, false);
}

static void expect_policy(struct trial *t, const struct forge_test_policy *want)
{
    static const struct { const char *is, *name; } verdicts[] = {
        [FORGE_TEST_GO] = { "go", "Go" }, [FORGE_TEST_REFUSE] = { "refuse", "Refuse" },
        [FORGE_TEST_WOULD_REFUSE] = { "would-refuse", "WouldRefuse" }, [FORGE_TEST_HOLD] = { "hold", "Hold" },
    };
    const struct try_policy *found = NULL;

    /* A policy may be there twice, enforced and as a shadow: it is enough that one of them says so. */
    for (uint32_t i = 0; i < t->r->policies_n; i++) {
        const struct try_policy *p = &t->r->policies[i];
        if (!span_is(span_str(p->name), want->name))
            continue;
        if (span_is(span_str(try_policy_verdict(p)), span_str(verdicts[want->verdict].is)))
            return;
        found = p;
    }
    if (found == NULL)
        fail(t, want, "name", "policy `%.*s` was expected to say %s, and is not asked", SPAN_FMT(want->name), verdicts[want->verdict].name);
    else
        fail(t, want, "verdict", "policy `%.*s` was expected to say %s, and says %s", SPAN_FMT(want->name), verdicts[want->verdict].name,
             try_policy_verdict(found));
}

static void judge(struct trial *t, const struct snapshot *snapshot)
{
    const struct forge_test_expect *e = t->expect;
    const struct try_result *r = t->r;

    expect_outcome(t);
    expect_text(t, "listener", e->listener, r->listener != NULL ? r->listener->name : SPAN_NONE);
    expect_route(t);
    expect_number(t, "status", e->status, r->status != 0 ? r->status : FIELD_ABSENT);
    expect_text(t, "why", e->why, span_str(why_name(r->why)));
    expect_upstream(t, snapshot);
    expect_text(t, "location", e->location, r->location.len > 0 ? r->location : SPAN_NONE);
    expect_text(t, "client", e->client, r->client.len > 0 ? r->client : SPAN_NONE);
    expect_head(t);
    for (uint32_t i = 0; i < e->policies.n; i++)
        expect_policy(t, &((const struct forge_test_policy *)e->policies.items)[i]);
}

/* ---- one case ---- */

static uint64_t number_or_0(int64_t value)
{
    return value != FIELD_ABSENT ? (uint64_t)value : 0;
}

/* The request as an operator would have typed it; NULL, or what is wrong. */
static const char *read_request(const struct forge_test_request *r, struct try_header headers[TRY_HEADERS_MAX], struct try_request *out)
{
    const struct forge_test_header *items = r->headers.items;
    const char *wrong;

    if (r->headers.n > TRY_HEADERS_MAX)
        return "a request has at most 100 headers: take some out";
    *out = (struct try_request){
        .scheme = r->scheme, .authority = r->host, .target = r->path, .headers = headers, .headers_n = r->headers.n,
        .body_bytes = number_or_0(r->body_bytes), .is_chunked = r->is_chunked == 1, .client = r->client,
        .port = (uint16_t)number_or_0(r->port), .server_name = r->server_name, .seed = number_or_0(r->seed), .is_brief = true,
    };
    if (r->url.at != NULL && (wrong = try_read_line(r->url, out)) != NULL)
        return wrong;
    if (r->method.at != NULL)
        out->method = r->method;
    for (uint32_t i = 0; i < r->headers.n; i++)
        headers[i] = (struct try_header){ items[i].name, items[i].value };
    return try_check(out);
}

static bool run_case(struct try *tries, const struct conf_document *doc, const struct forge_test_case *c, const struct snapshot *snapshot,
                     struct conf_arena *arena, struct keeper_test *out)
{
    struct try_header headers[TRY_HEADERS_MAX];
    struct try_request request;
    struct trial t = { .expect = c->expect, .has_seed = c->request->seed != FIELD_ABSENT };
    const char *wrong = read_request(c->request, headers, &request);

    if (wrong != NULL) {
        fail(&t, c, "request", "%s", wrong);
    } else {
        t.r = try_run(tries, snapshot, &request);
        judge(&t, snapshot);
    }
    out->has_passed = t.used == 0 || doc->is_shadow;
    out->name = conf_arena_format(arena, "%.*s/%.*s: %.*s", SPAN_FMT(doc->mesh), SPAN_FMT(doc->name), SPAN_FMT(c->name));
    out->sentence = conf_arena_format(arena, "%s%.*s", t.used > 0 && doc->is_shadow ? "would have failed: " : "", (int)t.used, t.sentence);
    return out->name.at != NULL && out->sentence.at != NULL;
}

/* ---- all of them ---- */

static const struct conf_document *next_document(const struct conf_document *doc)
{
    while (doc != NULL && (!doc->is_valid || doc->is_left_out))
        doc = doc->next;
    return doc;
}

static uint32_t count_cases(const struct conf_set *set)
{
    uint64_t n = 0;

    for (const struct conf_document *doc = next_document(set->first[KIND_FORGE_TEST]); doc != NULL; doc = next_document(doc->next))
        n += ((const struct forge_test_spec *)doc->spec)->cases.n;
    return n > TESTING_CASES_MAX ? TESTING_CASES_MAX + 1 : (uint32_t)n;
}

bool testing_run(const struct candidate *c, const struct snapshot *snapshot, struct conf_arena *arena,
                 const struct keeper_test **out, uint32_t *out_n)
{
    const struct conf_set *set = candidate_set(c);
    uint32_t n = count_cases(set), at = 0;
    struct keeper_test *tests = conf_arena_array(arena, n, sizeof(*tests));
    struct try *tries = tests != NULL && n > 0 ? try_open() : NULL;
    bool is_good = tests != NULL && (n == 0 || tries != NULL);

    for (const struct conf_document *doc = next_document(set->first[KIND_FORGE_TEST]); is_good &&
         doc != NULL; doc = next_document(doc->next)) {
        const struct forge_test_spec *spec = doc->spec;
        for (uint32_t i = 0; is_good && i < spec->cases.n && at < TESTING_CASES_MAX; i++)
            is_good = run_case(tries, doc, &((const struct forge_test_case *)spec->cases.items)[i], snapshot, arena, &tests[at++]);
    }
    if (n > TESTING_CASES_MAX)
        tests[at++] = (struct keeper_test){ .name = SPAN_LIT("all ForgeTests"), .sentence = SPAN_LIT(
            "there are more than 16384 cases, which would hold changes up for too long: take some out") };
    try_close(tries);
    *out = tests;
    *out_n = at;
    return is_good;
}

uint32_t testing_failed_n(const struct keeper_test *tests, uint32_t n)
{
    uint32_t failed = 0;

    for (uint32_t i = 0; i < n; i++)
        failed += !tests[i].has_passed;
    return failed;
}

void testing_json(const struct keeper_test *tests, uint32_t n, struct text_write *out)
{
    uint32_t failed = testing_failed_n(tests, n);
    struct json_write j;

    json_write_init(&j, out);
    json_write_open(&j, '{');
    json_write_member_u64(&j, "passed", n - failed);
    json_write_member_u64(&j, "failed", failed);
    json_write_key(&j, SPAN_LIT("tests"));
    json_write_open(&j, '[');
    for (uint32_t i = 0; i < n; i++) {
        json_write_open(&j, '{');
        json_write_member(&j, "name", tests[i].name);
        json_write_member_bool(&j, "passed", tests[i].has_passed);
        json_write_member(&j, "detail", tests[i].sentence);
        json_write_close(&j, '}');
    }
    json_write_close(&j, ']');
    json_write_close(&j, '}');
}

void testing_text(const struct keeper_test *tests, uint32_t n, struct text_write *out)
{
    uint32_t failed = testing_failed_n(tests, n);

    for (uint32_t i = 0; i < n; i++) {
        text_write_str(out, tests[i].has_passed ? "ok   " : "no   ");
        json_write_escaped(out, tests[i].name);
        text_write_byte(out, '\n');
        if (tests[i].sentence.len > 0) {
            text_write_str(out, "     ");
            json_write_escaped(out, tests[i].sentence);
            text_write_byte(out, '\n');
        }
    }
    text_write_u64(out, n - failed);
    text_write_str(out, " passed, ");
    text_write_u64(out, failed);
    text_write_str(out, " failed\n");
}
