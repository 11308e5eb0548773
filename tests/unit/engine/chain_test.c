/* chain_test.c - policies are asked in order, answered in reverse, held and resumed at the same hook, and ended once each.
 *
 * Method: this program has a policy_list of its own, whose policies write down each call and answer what their script says. The real
 *         ones run with `pedant` in exchange_test and in the simulation.
 */
#include <stdlib.h>

#include "lib/check.h"

#include "base/limits.h"
#include "conf/snapshot.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "policy/policy.h"

enum { CALLS_BYTES = 256 };

/* The configuration of one policy: its letter and what it answers. */
struct script {
    char        *calls;      /* of all policies, in order              */
    char         letter;
    enum verdict head, body, answer, answer_body;
    uint32_t     holds_n;    /* so many times first                    */
    uint32_t     eats;       /* of each piece                          */
};

/* Its state, zeroed by the engine. */
struct state {
    uint32_t asked_n;
    char     letter;
};

static enum verdict said(const struct script *s, struct state *state, char what, enum verdict verdict, enum why *out_why)
{
    size_t used = strlen(s->calls);

    CHECK(used + 3 < CALLS_BYTES, "calls without end\n");
    CHECK(*out_why == WHY_OK, "a why of another policy\n");
    CHECK(state->letter == 0 || state->letter == s->letter, "%c has the state of %c\n", s->letter, state->letter);
    state->letter = s->letter;
    s->calls[used] = s->letter;
    s->calls[used + 1] = what;
    s->calls[used + 2] = 0;
    if (verdict == POLICY_ANSWER || verdict == POLICY_KILL)
        *out_why = WHY_POLICY_BODY_CAP;
    return verdict;
}

static enum verdict on_request_head(const void *conf, void *worker, void *state, struct policy_view *view, enum why *out_why)
{
    const struct script *s = conf;
    struct state *st = state;

    UNUSED(worker);
    CHECK(view->request != NULL && view->now_ns == 77, "view\n");
    return said(s, st, '>', st->asked_n++ < s->holds_n ? POLICY_HOLD : s->head, out_why);
}

static enum verdict on_request_body(const void *conf, void *worker, void *state, struct policy_view *view, struct bufq *piece,
                                    bool is_end, enum why *out_why)
{
    const struct script *s = conf;

    UNUSED(worker);
    bufq_eat(view->queues, piece, s->eats);
    return said(s, state, is_end ? ']' : '-', s->body, out_why);
}

static enum verdict on_response_head(const void *conf, void *worker, void *state, struct policy_view *view, enum why *out_why)
{
    const struct script *s = conf;

    UNUSED(worker);
    CHECK(view->response->status == 200, "view\n");
    return said(s, state, '<', s->answer, out_why);
}

static enum verdict on_response_body(const void *conf, void *worker, void *state, struct policy_view *view, struct bufq *piece,
                                     bool is_end, enum why *out_why)
{
    const struct script *s = conf;

    UNUSED(worker);
    bufq_eat(view->queues, piece, s->eats);
    return said(s, state, is_end ? ']' : '-', s->answer_body, out_why);
}

static void on_end(const void *conf, void *worker, void *state, const struct policy_view *view, enum why why)
{
    enum why none = WHY_OK;

    UNUSED(worker);
    UNUSED(view);
    (void)said(conf, state, why == WHY_OK ? '.' : '!', POLICY_GO, &none);
}

#define HOOKS .on_request_head = on_request_head, .on_response_head = on_response_head, .on_end = on_end
static const struct policy whole = { .name = "whole", HOOKS, .on_request_body = on_request_body, .on_response_body = on_response_body };
static const struct policy heads = { .name = "heads", HOOKS };
static const struct policy bare = { .name = "bare" };
const struct policy *const policy_list[POLICY_LIST_N] = { &whole, &heads, &bare, &whole };
enum { WHOLE = 0, HEADS = 1, BARE = 2 };

struct world {
    struct engine      *e;
    struct shard        shard;
    struct route        route;
    struct exchange     x;
    struct script       scripts[3];
    struct chain_entry  entries[3];
    char                calls[CALLS_BYTES];
};

/* policies: three numbers of policy_list, called a, b, c. */
static struct world *world_open(const uint32_t policies[3])
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && (w->e = calloc(1, sizeof(*w->e))) != NULL && shard_open(&w->shard, 0, 1) == WHY_OK, "no memory\n");
    w->e->shard = &w->shard;
    w->shard.now_ns = 77;
    arena_init(&w->x.arena, &w->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    w->x.response.status = 200;
    w->x.route = &w->route;
    for (uint32_t i = 0; i < 3; i++) {
        w->scripts[i].calls = w->calls;
        w->scripts[i].letter = (char)('a' + i);
        w->entries[i] = (struct chain_entry){ .policy = policies[i], .conf = &w->scripts[i], .exchange_offset = i * 8 };
    }
    w->route.chain = w->entries;
    w->route.chain_n = 3;
    w->route.chain_bytes = 24;
    return w;
}

static void world_close(struct world *w)
{
    arena_fini(&w->x.arena);
    shard_close(&w->shard);
    free(w->e);
    free(w);
}

static const uint32_t all_whole[3] = { WHOLE, WHOLE, WHOLE };

static void expect(struct world *w, const char *calls)
{
    CHECK(strcmp(w->calls, calls) == 0, "called %s, not %s\n", w->calls, calls);
    w->calls[0] = 0;
}

static enum why ask(struct world *w, bool *out_holds, bool *out_cut)
{
    return chain_request_head(w->e, &w->x, out_holds, out_cut);
}

TEST(chain_in_order_and_back)
{
    struct world *w = world_open(all_whole);
    bool holds, cut;

    CHECK(ask(w, &holds, &cut) == WHY_OK && !holds && !cut && w->x.has_body_policy, "ask\n");
    expect(w, "a>b>c>");
    CHECK(chain_response_head(w->e, &w->x, &cut) == WHY_OK && !cut, "answer\n");
    expect(w, "c<b<a<");
    chain_end(w->e, &w->x);
    expect(w, "c.b.a.");
    chain_end(w->e, &w->x); /* Whatever calls it twice: each hears it once. */
    expect(w, "");
    world_close(w);
}

TEST(chain_holds_and_goes_on_at_the_same_hook)
{
    struct world *w = world_open(all_whole);
    bool holds, cut;

    w->scripts[1].holds_n = 2;
    for (int i = 0; i < 2; i++)
        CHECK(ask(w, &holds, &cut) == WHY_OK && holds && !cut, "does not hold\n");
    expect(w, "a>b>b>");
    CHECK(ask(w, &holds, &cut) == WHY_OK && !holds, "does not go on\n");
    expect(w, "b>c>");
    chain_end(w->e, &w->x);
    expect(w, "c.b.a.");
    world_close(w);
}

TEST(chain_ends_what_holds_for_ever)
{
    struct world *w = world_open(all_whole);
    bool holds, cut;

    w->scripts[1].holds_n = UINT32_MAX;
    CHECK(ask(w, &holds, &cut) == WHY_OK && holds, "does not hold\n");
    w->x.why = WHY_UP_TIMEOUT;
    chain_end(w->e, &w->x);
    expect(w, "a>b>b!a!"); /* c was never started. */
    world_close(w);
}

TEST(chain_is_refused_or_cut)
{
    static const struct { enum verdict verdict; bool cut; } rows[] = { { POLICY_ANSWER, false }, { POLICY_KILL, true } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(all_whole);
        bool holds, cut;
        w->scripts[1].head = rows[i].verdict;
        CHECK(ask(w, &holds, &cut) == WHY_POLICY_BODY_CAP && cut == rows[i].cut && !holds, "row %zu\n", i);
        chain_end(w->e, &w->x);
        expect(w, "a>b>b.a.");
        world_close(w);
    }
}

TEST(chain_answer_is_refused_half_way)
{
    struct world *w = world_open(all_whole);
    bool holds, cut;

    w->scripts[1].answer = POLICY_ANSWER;
    CHECK(ask(w, &holds, &cut) == WHY_OK, "ask\n");
    CHECK(chain_response_head(w->e, &w->x, &cut) == WHY_POLICY_BODY_CAP, "answer\n");
    expect(w, "a>b>c>c<b<");
    chain_end(w->e, &w->x);
    world_close(w);
}

TEST(chain_bodies)
{
    struct world *w = world_open(all_whole);
    struct bufq piece = { 0 };
    bool holds, cut;

    w->scripts[0].eats = 2;
    w->scripts[2].eats = 3;
    CHECK(ask(w, &holds, &cut) == WHY_OK, "ask\n");
    expect(w, "a>b>c>");
    CHECK(bufq_push_copy(&w->shard.queues, &piece, SPAN_LIT("abcdefgh")) == WHY_OK, "no memory\n");
    CHECK(chain_request_body(w->e, &w->x, &piece, false) == WHY_OK && piece.bytes == 3, "%u\n", piece.bytes);
    expect(w, "a-b-c-");
    w->scripts[0].eats = w->scripts[2].eats = 0;
    CHECK(chain_response_body(w->e, &w->x, &piece, true) == WHY_OK && piece.bytes == 3, "%u\n", piece.bytes);
    expect(w, "c]b]a]");
    w->scripts[1].body = POLICY_ANSWER;
    CHECK(chain_request_body(w->e, &w->x, &piece, true) == WHY_POLICY_BODY_CAP, "not refused\n");
    expect(w, "a]b]");
    w->scripts[1].answer_body = POLICY_KILL;
    CHECK(chain_response_body(w->e, &w->x, &piece, true) == WHY_POLICY_BODY_CAP, "not refused\n");
    expect(w, "c]b]");
    bufq_clear(&w->shard.queues, &piece);
    chain_end(w->e, &w->x);
    world_close(w);
}

TEST(chain_skips_hooks_that_are_not_there)
{
    static const uint32_t mixed[3] = { HEADS, BARE, WHOLE }, without[3] = { HEADS, BARE, HEADS };
    struct world *w = world_open(mixed);
    struct bufq piece = { 0 };
    bool holds, cut;

    CHECK(ask(w, &holds, &cut) == WHY_OK && w->x.has_body_policy, "ask\n");
    CHECK(chain_request_body(w->e, &w->x, &piece, true) == WHY_OK && chain_response_head(w->e, &w->x, &cut) == WHY_OK &&
          chain_response_body(w->e, &w->x, &piece, true) == WHY_OK, "hooks\n");
    chain_end(w->e, &w->x);
    expect(w, "a>c>c]c<a<c]c.a.");
    world_close(w);
    w = world_open(without);
    CHECK(ask(w, &holds, &cut) == WHY_OK && !w->x.has_body_policy, "bodies that no policy wants go through the chain\n");
    chain_end(w->e, &w->x);
    world_close(w);
}

TEST(chain_without_policies_and_without_memory)
{
    struct world *w = world_open(all_whole);
    bool holds = true, cut = true;

    w->route.chain_n = 0;
    CHECK(ask(w, &holds, &cut) == WHY_OK && !holds && !cut && w->x.chain_state == NULL, "no policies\n");
    w->x.route = NULL;
    CHECK(ask(w, &holds, &cut) == WHY_OK, "no route: the management listener\n");
    chain_end(w->e, &w->x);
    w->x.route = &w->route;
    w->route.chain_n = 3;
    w->x.arena.bytes_max = 16;
    CHECK(ask(w, &holds, &cut) == WHY_ARENA_FULL && !cut, "no memory\n");
    expect(w, "");
    chain_end(w->e, &w->x);
    expect(w, "");
    world_close(w);
}

CHECK_RUN(RUN(chain_in_order_and_back), RUN(chain_holds_and_goes_on_at_the_same_hook), RUN(chain_ends_what_holds_for_ever),
          RUN(chain_is_refused_or_cut), RUN(chain_answer_is_refused_half_way), RUN(chain_bodies),
          RUN(chain_skips_hooks_that_are_not_there), RUN(chain_without_policies_and_without_memory))
