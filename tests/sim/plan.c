/* plan.c - see plan.h. */
#include "sim/plan.h"

#include <stdlib.h>

#include "base/limits.h"
#include "http/problem.h"
#include "io/ring_sim.h"

static const char *const way_names[PLAN_WAYS_N] = { "one", "two", "pair", "gone", "dark", "capped" };
static const char *const end_names[PLAN_ENDS_N] = { "open", "right", "named", "cut", "lost", "left" };

void plan_print(const struct plans *ps, const struct plan *p)
{
    print_error("seed %llu, request %u: /%s %.*s body %u (framing %d%s%s%s) leave %d -> status %u answer %u (framing %d%s) "
                "interims %u%s fault %d at %u\n", (unsigned long long)ps->seed, p->number, way_names[p->way],
                SPAN_FMT(method_name(p->method)), p->body_bytes, p->body_framing, p->has_trailers ? ", trailers" : "",
                p->expects ? ", expects" : "", p->is_tunnel ? ", tunnel" : "", p->leave, p->status, p->answer_bytes,
                p->answer_framing, p->answer_trailers ? ", trailers" : "", p->interims_n, p->is_early ? ", early" : "",
                p->fault, p->fault_at);
    print_error("  upstreams saw %u heads, %u refused, %u whole; records %u (%s); client: sent %d, end %s, status %u, why %s, "
                "%u bytes\n", p->heads_n, p->refused_n, p->wholes_n, p->records_n, why_name(p->why), p->was_sent,
                end_names[p->end], p->got_status, p->got_why == WHY_N ? "not read yet" : why_name(p->got_why), p->got_bytes);
}

/* ---- drawing ---- */

static bool happens(uint32_t odds_of_1000)
{
    return odds_of_1000 > 0 && ring_sim_pick(1000) < odds_of_1000;
}

/* Mostly small, sometimes large: many edges are at a few bytes, back-pressure begins at some hundred thousand. */
static uint32_t some_bytes(uint32_t bytes_max)
{
    switch (ring_sim_pick(6)) {
    case 0:
        return 0;
    case 1:
    case 2:
        return ring_sim_pick(40);
    case 3:
    case 4:
        return ring_sim_pick(bytes_max < 6000 ? bytes_max : 6000);
    default:
        return ring_sim_pick(bytes_max);
    }
}

static void draw_request(struct plan *p, const struct plan_mood *mood)
{
    static const enum method methods[] = { METHOD_GET, METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_HEAD };

    p->method = methods[ring_sim_pick(COUNT(methods))];
    if (p->method == METHOD_POST || p->method == METHOD_PUT) {
        p->body_bytes = some_bytes(mood->bytes_max);
        p->body_framing = (enum plan_framing)ring_sim_pick(2);
        p->has_trailers = p->body_framing == PLAN_CHUNKED && ring_sim_pick(3) == 0;
        p->expects = p->body_bytes > 0 && ring_sim_pick(4) == 0;
    }
    p->fill_bytes = ring_sim_pick(4) == 0 ? ring_sim_pick(PLAN_FIELD_BYTES_MAX) : 0;
    p->leave = happens(mood->leaves) ? (enum plan_leave)(1 + ring_sim_pick(PLAN_LEAVES_N - 1)) : PLAN_STAYS;
}

static void draw_answer(struct plan *p, const struct plan_mood *mood)
{
    static const uint16_t statuses[] = { 200, 200, 200, 201, 204, 304, 404, 500 };

    p->status = statuses[ring_sim_pick(COUNT(statuses))];
    p->answer_framing = (enum plan_framing)ring_sim_pick(3);
    if (p->status != 204 && p->status != 304)
        p->answer_bytes = some_bytes(mood->bytes_max);
    if (p->method == METHOD_HEAD)
        p->answer_framing = PLAN_LENGTH;
    p->answer_trailers = p->answer_framing == PLAN_CHUNKED && ring_sim_pick(3) == 0;
    p->interims_n = ring_sim_pick(4) == 0 ? 1 + ring_sim_pick(3) : 0;
    p->answer_fill_bytes = ring_sim_pick(4) == 0 ? ring_sim_pick(PLAN_FIELD_BYTES_MAX) : 0;
    p->is_early = p->body_bytes > 0 && ring_sim_pick(8) == 0;
    if (happens(mood->faults)) {
        p->fault = (enum plan_fault)(1 + ring_sim_pick(PLAN_FAULTS_N - 1));
        p->fault_at = ring_sim_pick(3) + ring_sim_pick(p->answer_bytes + 1);
        /* Nobody could tell such an end from a good one. */
        if ((p->fault == PLAN_CLOSES || p->fault == PLAN_GARBLES) && p->answer_framing == PLAN_CLOSE)
            p->answer_framing = PLAN_CHUNKED;
        if (p->fault == PLAN_GARBLES && p->answer_framing == PLAN_LENGTH && p->fault_at >= PLAN_IN_BODY)
            p->fault = PLAN_RESETS; /* Any byte will do for a payload. */
    }
}

static void draw_tunnel(struct plan *p)
{
    p->is_tunnel = true;
    p->method = METHOD_GET;
    p->body_framing = p->answer_framing = PLAN_CLOSE;
    p->has_trailers = p->expects = p->answer_trailers = p->is_early = false;
    p->status = 101;
    p->body_bytes = 1 + ring_sim_pick(9000);
    p->answer_bytes = ring_sim_pick(9000);
    if (p->fault == PLAN_CLOSES || p->fault == PLAN_GARBLES)
        p->fault = PLAN_RESETS; /* As above. */
}

static struct plan *plan_next(struct plans *ps)
{
    struct plan *p = &ps->at[ps->n];

    if (ps->n == PLANS_MAX)
        return NULL;
    memset(p, 0, sizeof(*p));
    p->number = ps->n++;
    return p;
}

struct plan *plan_draw(struct plans *ps, bool is_alone)
{
    static const enum plan_way sound[] = { PLAN_ONE, PLAN_ONE, PLAN_TWO, PLAN_PAIR, PLAN_CAPPED };
    struct plan *p = plan_next(ps);

    if (p == NULL)
        return NULL;
    p->is_alone = is_alone;
    p->way = ps->mood.has_ways ? (enum plan_way)ring_sim_pick(PLAN_WAYS_N) : sound[ring_sim_pick(COUNT(sound))];
    draw_request(p, &ps->mood);
    draw_answer(p, &ps->mood);
    if (ps->mood.has_tunnels && ring_sim_pick(12) == 0 && p->way != PLAN_CAPPED)
        draw_tunnel(p);
    return p;
}

struct plan *plan_simple(struct plans *ps, enum plan_way way, enum method method, uint32_t body_bytes, uint32_t answer_bytes)
{
    struct plan *p = plan_next(ps);

    CHECK(p != NULL, "too many requests\n");
    p->way = way;
    p->method = method;
    p->body_bytes = body_bytes;
    p->answer_bytes = answer_bytes;
    p->status = 200;
    return p;
}

/* ---- names and bytes ---- */

struct span plan_target(const struct plan *p, char *out)
{
    int n = snprintf(out, PLAN_NAME_BYTES, "/%s/%u", way_names[p->way], p->number);

    return span_of(out, (size_t)n);
}

struct plan *plan_of(struct plans *ps, struct span target)
{
    char copy[PLAN_NAME_BYTES], name[PLAN_NAME_BYTES];
    const char *slash;

    if (target.len == 0 || target.len >= sizeof(copy))
        return NULL;
    memcpy(copy, target.at, target.len);
    copy[target.len] = '\0';
    slash = strrchr(copy, '/');
    if (slash == NULL)
        return NULL;
    uint32_t number = (uint32_t)strtoul(slash + 1, NULL, 10);
    if (number >= ps->n || !span_is(plan_target(&ps->at[number], name), target))
        return NULL;
    return &ps->at[number];
}

uint8_t plan_byte(const struct plan *p, bool is_answer, uint32_t at)
{
    return (uint8_t)(p->number * 31 + (is_answer ? 128 : 0) + at * 7 + (at >> 8) * 13);
}

void plan_fill(const struct plan *p, bool is_answer, uint32_t from, void *out, uint32_t n)
{
    uint8_t *at = out;

    for (uint32_t i = 0; i < n; i++)
        at[i] = plan_byte(p, is_answer, from + i);
}

struct span plan_field(const struct plan *p, bool is_answer, char *out)
{
    uint32_t n = is_answer ? p->answer_fill_bytes : p->fill_bytes;

    for (uint32_t i = 0; i < n; i++)
        out[i] = (char)('a' + (p->number + i + is_answer) % 26);
    return span_of(out, n);
}

void plan_field_came(struct plans *ps, const struct plan *p, bool is_answer, struct span value)
{
    char want[PLAN_FIELD_BYTES_MAX];

    PLAN_CHECK(ps, p, span_is(plan_field(p, is_answer, want), value), "x-fill of %zu bytes\n", value.len);
}

/* ---- what upstreams see ---- */

struct plan *plan_arrives(struct plans *ps, struct span target, struct span method)
{
    struct plan *p = plan_of(ps, target);

    CHECK(p != NULL, "seed %llu: an upstream was asked for %.*s, which nobody wanted\n", (unsigned long long)ps->seed,
          SPAN_FMT(target));
    PLAN_CHECK(ps, p, p->is_tunnel || span_is(method, method_name(p->method)), "it arrived as %.*s\n", SPAN_FMT(method));
    p->heads_n++;
    PLAN_CHECK(ps, p, p->heads_n <= UP_TRIES_MAX, "forwarded once more than may be tried\n");
    PLAN_CHECK(ps, p, method_is_idempotent(p->method) || p->heads_n - p->refused_n == 1, "forwarded twice\n");
    PLAN_CHECK(ps, p, p->heads_n == 1 || p->got_status == 0, "forwarded again after its answer\n");
    return p;
}

void plan_body(struct plans *ps, const struct plan *p, uint32_t from, struct span bytes)
{
    PLAN_CHECK(ps, p, from + bytes.len <= p->body_bytes, "an upstream got %u and %zu bytes\n", from, bytes.len);
    for (uint32_t i = 0; i < bytes.len; i++)
        PLAN_CHECK(ps, p, bytes.at[i] == plan_byte(p, false, from + i), "byte %u of the body differs\n", from + i);
}

void plan_whole(struct plans *ps, struct plan *p, uint32_t bytes)
{
    p->wholes_n++;
    PLAN_CHECK(ps, p, bytes == p->body_bytes, "an upstream was told that %u bytes are all\n", bytes);
    PLAN_CHECK(ps, p, p->way != PLAN_CAPPED || bytes <= PLAN_CAP_BYTES, "more than the cap passed\n");
}

/* ---- what clients see ---- */

/* Is there nobody to blame but the gateway, should it go wrong? An HTTP/2 upstream's connection is shared with others, which may
 * have one of those that break it. */
static bool must_be_right(const struct plans *ps, const struct plan *p)
{
    if (ps->mood.is_strict)
        return true;
    return ps->mood.is_sound && p->is_alone && p->fault == PLAN_SOUND && p->leave == PLAN_STAYS &&
           (p->way == PLAN_ONE || p->way == PLAN_PAIR || p->way == PLAN_CAPPED);
}

static void plan_finish(struct plans *ps, struct plan *p, enum plan_end end)
{
    PLAN_CHECK(ps, p, p->end == PLAN_OPEN, "ended twice\n");
    p->end = end;
    ps->ended_n++;
    if (end == PLAN_LEFT)
        return;
    if (ps->mood.is_sound && p->is_alone && p->leave == PLAN_STAYS) {
        PLAN_CHECK(ps, p, end != PLAN_LOST, "no answer, not even why there is none\n");
        PLAN_CHECK(ps, p, end != PLAN_CUT || (p->records_n == 1 && p->why != WHY_OK), "cut, and nobody says why\n");
    }
    if (!must_be_right(ps, p))
        return;
    if (p->way == PLAN_CAPPED && p->body_bytes > PLAN_CAP_BYTES && !p->is_early)
        PLAN_CHECK(ps, p, end == PLAN_NAMED && p->got_why == WHY_POLICY_BODY_CAP, "passed the cap\n");
    else if (p->way != PLAN_CAPPED || p->body_bytes <= PLAN_CAP_BYTES)
        PLAN_CHECK(ps, p, end == PLAN_RIGHT, "nothing is wrong, and yet this went wrong\n");
}

void plan_answered(struct plans *ps, struct plan *p, uint16_t status, bool is_ours)
{
    PLAN_CHECK(ps, p, !p->has_head && p->end == PLAN_OPEN, "answered twice\n");
    if (status < 200 && status != 101) {
        PLAN_CHECK(ps, p, status == 100 || (status == 103 && is_ours), "an interim %u\n", status);
        PLAN_CHECK(ps, p, status != 100 || p->expects, "100 for a client that did not ask\n");
        p->got_interims_n++;
        return;
    }
    p->has_head = true;
    p->got_status = status;
    PLAN_CHECK(ps, p, !is_ours || p->heads_n > 0, "an answer from nowhere\n");
    if (is_ours)
        PLAN_CHECK(ps, p, status == p->status || (p->is_tunnel && status == 200), "the answer's status is %u\n", status);
    else
        p->got_why = WHY_N; /* Its body tells. */
}

void plan_answer_body(struct plans *ps, struct plan *p, struct span bytes)
{
    PLAN_CHECK(ps, p, p->has_head && p->end == PLAN_OPEN, "payload without a head\n");
    if (p->got_why == WHY_N) {
        PLAN_CHECK(ps, p, p->text_n + bytes.len < sizeof(p->text), "a problem document without end\n");
        memcpy(p->text + p->text_n, bytes.at, bytes.len);
        p->text_n += (uint32_t)bytes.len;
        return;
    }
    PLAN_CHECK(ps, p, p->got_bytes + bytes.len <= p->answer_bytes, "answer of %u bytes and %zu\n", p->got_bytes, bytes.len);
    for (uint32_t i = 0; i < bytes.len; i++)
        PLAN_CHECK(ps, p, bytes.at[i] == plan_byte(p, true, p->got_bytes + i), "byte %u of the answer differs\n",
                   p->got_bytes + i);
    p->got_bytes += (uint32_t)bytes.len;
}

/* The gateway's own answer names its ending, and has the status that belongs to it. */
static void plan_name(struct plans *ps, struct plan *p)
{
    static const char mark[] = "\"type\":\"urn:apiforge:why:";
    const char *at, *end;

    p->text[p->text_n] = '\0';
    if (p->text_n == 0 && !ps->mood.is_sound) {
        /* There was no buffer for it: then the record tells. */
        PLAN_CHECK(ps, p, p->records_n == 1 && p->why != WHY_OK, "an answer without a name\n");
        p->got_why = p->why;
        return;
    }
    at = strstr(p->text, mark);
    PLAN_CHECK(ps, p, at != NULL, "an answer that nobody gave: %s\n", p->text);
    at += sizeof(mark) - 1;
    end = strchr(at, '"');
    PLAN_CHECK(ps, p, end != NULL, "%s\n", p->text);
    for (unsigned i = 1; i < WHY_N; i++)
        if (span_is(span_str(why_name((enum why)i)), span_of(at, (size_t)(end - at))))
            p->got_why = (enum why)i;
    PLAN_CHECK(ps, p, p->got_why != WHY_N, "an unlisted ending: %s\n", p->text);
    PLAN_CHECK(ps, p, p->got_status == problem_status(p->got_why), "%s with status %u\n", why_name(p->got_why), p->got_status);
}

void plan_answer_end(struct plans *ps, struct plan *p)
{
    bool has_body = p->method != METHOD_HEAD;

    PLAN_CHECK(ps, p, p->has_head, "an end without an answer\n");
    if (p->got_why == WHY_N) {
        if (has_body)
            plan_name(ps, p);
        plan_finish(ps, p, PLAN_NAMED);
        return;
    }
    PLAN_CHECK(ps, p, p->got_bytes == (has_body ? p->answer_bytes : 0), "answer ends well, of %u bytes\n", p->got_bytes);
    plan_finish(ps, p, PLAN_RIGHT);
}

void plan_cut(struct plans *ps, struct plan *p)
{
    if (p->end == PLAN_OPEN)
        plan_finish(ps, p, p->has_head ? PLAN_CUT : PLAN_LOST);
}

void plan_left(struct plans *ps, struct plan *p)
{
    if (p->end == PLAN_OPEN)
        plan_finish(ps, p, PLAN_LEFT);
}

/* ---- what the gateway says ---- */

void plan_record(struct plans *ps, struct plan *p, enum why why)
{
    p->records_n++;
    p->why = why;
    PLAN_CHECK(ps, p, p->records_n == 1, "ended twice, last with %s\n", why_name(why));
    PLAN_CHECK(ps, p, (unsigned)why < WHY_N, "with %d\n", why);
}

void plan_judge(struct plans *ps, struct plan *p)
{
    PLAN_CHECK(ps, p, p->end != PLAN_OPEN || p->records_n == 0, "it ended, and its client does not know\n");
    if (p->end == PLAN_RIGHT && !p->is_tunnel && must_be_right(ps, p))
        PLAN_CHECK(ps, p, p->records_n == 1 && p->why == WHY_OK, "all was right, and the record says something else\n");
    /* A session that refuses a request has no record of it. */
    if (p->end == PLAN_NAMED && p->got_why != WHY_N)
        PLAN_CHECK(ps, p, p->records_n == 0 || p->why == p->got_why, "the record has another ending than the answer\n");
}
