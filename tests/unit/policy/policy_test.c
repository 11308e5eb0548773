/* policy_test.c - the two real policies do what their configuration says; the two test-only ones change nothing.
 *
 * Goal:   caps at their edge, modified heads field by field, chopped bodies byte by byte, a contract that bites.
 * Method: hooks are called as the engine calls them; each broken promise runs in a child process that must abort.
 */
#include "lib/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "conf/snapshot.h"
#include "policy/policy_list.h"

struct world {
    struct bufq_env    env;
    struct arena       arena;
    struct rng         rng;
    struct head        request, response;
    struct policy_view view;
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(bufq_env_open(&w->env, 4096, 256, 64) == WHY_OK, "no memory for the test\n");
    arena_init(&w->arena, &w->env.bufs, EXCHANGE_ARENA_BYTES_MAX);
    rng_init(&w->rng, 7);
    head_init(&w->request, &w->arena);
    head_init(&w->response, &w->arena);
    w->request.method = METHOD_POST;
    w->request.target = SPAN_LIT("/");
    w->response.status = 200;
    w->view = (struct policy_view){ .request = &w->request, .response = &w->response, .queues = &w->env, .rng = &w->rng,
                                    .now_ns = 1 };
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    CHECK(buf_pool_live_n(&w->env.bufs) == 0 && w->env.segs.live_n == 0, "leak\n");
    bufq_env_close(&w->env);
}

TEST(list_is_whole)
{
    policy_list_check();
    CHECK(policy_list[POLICY_BODY_CAP] == &body_cap_policy && policy_list[POLICY_PEDANT] == &pedant_policy, "order\n");
}

TEST(body_cap_at_its_edge)
{
    static const struct {
        uint64_t max, declared, seen;
        uint32_t piece;
        bool     has_length, refuses_head, refuses_body;
    } rows[] = {
        { 10, 10, 0, 10, true, false, false }, { 10, 11, 0, 0, true, true, false },
        { 10, 0, 0, 0, false, false, false },
        { 10, 0, 9, 1, false, false, false },  { 10, 0, 10, 1, false, false, true },
        { 10, 0, 11, 0, false, false, true },
        { 0, 0, 0, 0, true, false, false },    { 0, 1, 0, 1, true, true, true },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, 1, true, false, false },
        { UINT64_MAX, 0, UINT64_MAX, 1, false, false, true },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct body_cap_conf conf = { .body_bytes_max = rows[i].max };
        struct world w;
        struct bufq piece = { .bytes = rows[i].piece };
        enum why why = WHY_OK;
        world_open(&w);
        w.request.has_content_length = rows[i].has_length;
        w.request.content_length = rows[i].declared;
        enum verdict verdict = body_cap_policy.on_request_head(&conf, NULL, NULL, &w.view, &why);
        CHECK(verdict == (rows[i].refuses_head ? POLICY_ANSWER : POLICY_GO), "row %zu: head %d\n", i, (int)verdict);
        CHECK(why == (rows[i].refuses_head ? WHY_POLICY_BODY_CAP : WHY_OK), "row %zu: %s\n", i, why_name(why));
        why = WHY_OK;
        w.view.request_body_bytes = rows[i].seen;
        verdict = body_cap_policy.on_request_body(&conf, NULL, NULL, &w.view, &piece, false, &why);
        CHECK(verdict == (rows[i].refuses_body ? POLICY_ANSWER : POLICY_GO), "row %zu: body %d\n", i, (int)verdict);
        CHECK(why == (rows[i].refuses_body ? WHY_POLICY_BODY_CAP : WHY_OK), "row %zu: %s\n", i, why_name(why));
        world_close(&w);
    }
}

/* "name: value|" of each field in order. */
static void head_text(const struct head *h, char *out, size_t out_bytes)
{
    size_t used = 0;

    out[0] = 0;
    for (uint32_t i = 0; i < h->fields_n; i++)
        used += (size_t)snprintf(out + used, out_bytes - used, "%.*s: %.*s|", SPAN_FMT(h->fields[i].name),
                                 SPAN_FMT(h->fields[i].value));
}

TEST(header_modifier_both_ways)
{
    static const struct name_value set[] = { { SPAN_LIT("x-set"), SPAN_LIT("new") },
                                             { SPAN_LIT("server"), SPAN_LIT("forge") } };
    static const struct name_value add[] = { { SPAN_LIT("x-add"), SPAN_LIT("two") } };
    static const struct span remove[] = { SPAN_LIT("x-remove"), SPAN_LIT("absent") };
    static const struct header_modifier modifier = { .set = set, .set_n = 2, .add = add, .add_n = 1, .remove = remove,
                                                     .remove_n = 2 };
    static const char want[] = "x-add: one|x-keep: k|x-set: new|server: forge|x-add: two|";
    struct header_modifier_conf conf = { .request = &modifier, .response = NULL };
    struct world w;
    enum why why = WHY_OK;
    char got[256];

    world_open(&w);
    for (int side = 0; side < 2; side++) {
        struct head *h = side == 0 ? &w.request : &w.response;
        CHECK(head_add(h, SPAN_LIT("X-Set"), SPAN_LIT("old"), 0) &&
              head_add(h, SPAN_LIT("X-Add"), SPAN_LIT("one"), 0) &&
              head_add(h, SPAN_LIT("x-remove"), SPAN_LIT("1"), 0) &&
                  head_add(h, SPAN_LIT("x-keep"), SPAN_LIT("k"), 0) &&
              head_add(h, SPAN_LIT("X-Remove"), SPAN_LIT("2"), 0) &&
                  head_add(h, SPAN_LIT("x-set"), SPAN_LIT("older"), 0), "add\n");
    }
    CHECK(header_modifier_policy.on_request_head(&conf, NULL, NULL, &w.view, &why) == POLICY_GO, "%s\n", why_name(why));
    CHECK(header_modifier_policy.on_response_head(&conf, NULL, NULL, &w.view, &why) == POLICY_GO, "%s\n",
          why_name(why));
    head_text(&w.request, got, sizeof(got));
    CHECK(strcmp(got, want) == 0, "request: %s\n", got);
    CHECK(head_find(&w.request, FIELD_SERVER) != NULL, "id of a set field\n");
    CHECK(w.response.fields_n == 6, "response changed\n");
    conf = (struct header_modifier_conf){ .request = NULL, .response = &modifier };
    CHECK(header_modifier_policy.on_request_head(&conf, NULL, NULL, &w.view, &why) == POLICY_GO, "%s\n", why_name(why));
    CHECK(header_modifier_policy.on_response_head(&conf, NULL, NULL, &w.view, &why) == POLICY_GO, "%s\n",
          why_name(why));
    head_text(&w.response, got, sizeof(got));
    CHECK(strcmp(got, want) == 0, "response: %s\n", got);
    head_text(&w.request, got, sizeof(got));
    CHECK(strcmp(got, want) == 0, "request, again: %s\n", got);
    world_close(&w);
}

TEST(header_modifier_without_room)
{
    static const struct name_value add[] = { { SPAN_LIT("x-add"), SPAN_LIT("v") } };
    static const struct header_modifier adds = { .add = add, .add_n = 1 }, sets = { .set = add, .set_n = 1 };
    struct header_modifier_conf conf = { .request = &adds, .response = &sets };
    struct world w;
    enum why why = WHY_OK;

    world_open(&w);
    for (uint32_t i = 0; i < HEAD_FIELDS_MAX; i++)
        CHECK(head_add(&w.request, SPAN_LIT("a"), SPAN_LIT("b"), 0) &&
              head_add(&w.response, SPAN_LIT("a"), SPAN_LIT("b"), 0),
              "field %u\n", i);
    CHECK(header_modifier_policy.on_request_head(&conf, NULL, NULL, &w.view, &why) == POLICY_ANSWER, "went on\n");
    CHECK(why == WHY_POLICY_REQUEST_HEAD_FULL, "%s\n", why_name(why));
    CHECK(header_modifier_policy.on_response_head(&conf, NULL, NULL, &w.view, &why) == POLICY_ANSWER, "went on\n");
    CHECK(why == WHY_POLICY_RESPONSE_HEAD_FULL, "%s\n", why_name(why));
    world_close(&w);
}

TEST(header_modifier_without_memory)
{
    static const struct name_value add[] = { { SPAN_LIT("x-add"), SPAN_LIT("v") } };
    static const struct header_modifier adds = { .add = add, .add_n = 1 };
    struct header_modifier_conf conf = { .request = &adds, .response = &adds };
    struct world w;
    enum why why = WHY_OK;

    world_open(&w);
    w.arena.bytes_max = 8;
    CHECK(header_modifier_policy.on_request_head(&conf, NULL, NULL, &w.view, &why) == POLICY_ANSWER, "went on\n");
    CHECK(why == WHY_ARENA_FULL, "%s\n", why_name(why));
    why = WHY_OK;
    CHECK(header_modifier_policy.on_response_head(&conf, NULL, NULL, &w.view, &why) == POLICY_ANSWER, "went on\n");
    CHECK(why == WHY_ARENA_FULL, "%s\n", why_name(why));
    world_close(&w);
}

/* A body of bytes counted up, in as many chunks as it takes. */
static void body_fill(struct world *w, struct bufq *q, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        uint8_t byte = (uint8_t)(at % 251);
        CHECK(bufq_push_copy(&w->env, q, span_of(&byte, 1)) == WHY_OK, "push\n");
    }
}

static void body_check(struct world *w, struct bufq *q, uint32_t bytes)
{
    uint32_t seen = 0;

    CHECK(q->bytes == bytes, "%u of %u bytes\n", q->bytes, bytes);
    while (q->bytes > 0) {
        struct span front = bufq_front(q);
        for (size_t i = 0; i < front.len; i++, seen++)
            CHECK(front.at[i] == seen % 251, "byte %u\n", seen);
        bufq_eat(&w->env, q, (uint32_t)front.len);
    }
    CHECK(seen == bytes, "%u seen\n", seen);
}

TEST(chop_keeps_each_byte)
{
    static const uint32_t sizes[] = { 0, 1, 2, 9, 100, 5000, 40000 };

    for (uint64_t seed = 0; seed < 40; seed++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct chop_conf conf = { .seed = seed };
            _Alignas(8) uint8_t state[64] = { 0 };
            struct world w;
            struct bufq q = { 0 };
            enum why why = WHY_OK;
            world_open(&w);
            body_fill(&w, &q, sizes[i]);
            uint32_t segs = q.segs;
            CHECK(chop_policy.on_request_body(&conf, NULL, state, &w.view, &q, false, &why) == POLICY_GO, "seed %d\n",
                  (int)seed);
            CHECK(q.segs >= segs + sizes[i] / 10000 * 2 + sizes[i] / 5000, "seed %d: %u pieces before, %u after\n",
                  (int)seed, segs, q.segs);
            CHECK(chop_policy.on_response_body(&conf, NULL, state, &w.view, &q, true, &why) == POLICY_GO, "seed %d\n",
                  (int)seed);
            _Alignas(8) uint8_t pedant[64] = { 0 };
            CHECK(pedant_policy.on_request_head(NULL, NULL, pedant, &w.view, &why) == POLICY_GO, "pedant\n");
            CHECK(pedant_policy.on_request_body(NULL, NULL, pedant, &w.view, &q, true, &why) == POLICY_GO, "pedant\n");
            body_check(&w, &q, sizes[i]);
            world_close(&w);
        }
}

TEST(chop_replays_by_seed_and_lives_without_segments)
{
    struct chop_conf conf = { .seed = 3 };
    uint32_t lens[2][64] = { { 0 } };

    for (int run = 0; run < 2; run++) {
        _Alignas(8) uint8_t state[64] = { 0 };
        struct world w;
        struct bufq q = { 0 };
        enum why why = WHY_OK;
        uint32_t n = 0;
        world_open(&w);
        (void)rng_below(&w.rng, (uint32_t)(1 + run));
        body_fill(&w, &q, 3000);
        (void)chop_policy.on_request_body(&conf, NULL, state, &w.view, &q, true, &why);
        for (const struct bufseg *seg = q.first; seg != NULL && n < 64; seg = seg->next)
            lens[run][n++] = seg->len;
        pool_fail_after(&w.env.segs, 1);
        (void)chop_policy.on_request_body(&conf, NULL, state, &w.view, &q, true, &why);
        pool_fail_after(&w.env.segs, 0);
        body_check(&w, &q, 3000);
        world_close(&w);
    }
    CHECK(memcmp(lens[0], lens[1], sizeof(lens[0])) == 0, "two runs of one seed differ\n");
}

/* ---- the pedant: each way to break the contract, in a child that must abort ---- */

enum step { HEAD, BODY, BODY_END, ANSWER, ANSWER_BODY, ANSWER_END, END, LIE_BYTES, LIE_SEGS, NO_STATUS };

static void pedant_step(struct world *w, void *state, enum step step)
{
    struct bufq q = { 0 };
    enum why why = WHY_OK;

    body_fill(w, &q, 20);
    switch (step) {
    case HEAD:        (void)pedant_policy.on_request_head(NULL, NULL, state, &w->view, &why); break;
    case BODY:        (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why);
                      w->view.request_body_bytes += 20; break;
    case BODY_END:    (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, true, &why);
                      w->view.request_body_bytes += 20; break;
    case ANSWER:      (void)pedant_policy.on_response_head(NULL, NULL, state, &w->view, &why); break;
    case ANSWER_BODY: (void)pedant_policy.on_response_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case ANSWER_END:  (void)pedant_policy.on_response_body(NULL, NULL, state, &w->view, &q, true, &why); break;
    case END:         pedant_policy.on_end(NULL, NULL, state, &w->view, WHY_OK); break;
    case LIE_BYTES:   w->view.request_body_bytes = 0; q.bytes++;
                      (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case LIE_SEGS:    q.segs++;
                      (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case NO_STATUS:   w->response.status = 0;
                      (void)pedant_policy.on_response_head(NULL, NULL, state, &w->view, &why); break;
    }
    bufq_clear(&w->env, &q);
}

/* Does the story run to its end. */
static bool story_runs(const enum step *steps, size_t steps_n)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int devnull = open("/dev/null", O_WRONLY);
        dup2(devnull, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        _Alignas(8) uint8_t state[64] = { 0 };
        struct world w;
        world_open(&w);
        for (size_t i = 0; i < steps_n; i++)
            pedant_step(&w, state, steps[i]);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(pedant_knows_the_contract)
{
    static const struct {
        const char *name;
        bool        is_good;
        enum step   steps[8];
        size_t      steps_n;
    } rows[] = {
        { "whole exchange", true, { HEAD, BODY, BODY_END, ANSWER, ANSWER_BODY, ANSWER_END, END }, 7 },
        { "answer overtakes the body", true, { HEAD, BODY, ANSWER, ANSWER_END, BODY_END, END }, 6 },
        { "refused at once", true, { HEAD, END }, 2 },
        { "cut", true, { HEAD, BODY, ANSWER, ANSWER_BODY, END }, 5 },
        { "body before head", false, { BODY }, 1 },
        { "answer before head", false, { ANSWER }, 1 },
        { "end before head", false, { END }, 1 },
        { "head twice", false, { HEAD, HEAD }, 2 },
        { "body after its end", false, { HEAD, BODY_END, BODY }, 3 },
        { "end twice", false, { HEAD, END, END }, 3 },
        { "body after the end", false, { HEAD, END, BODY }, 3 },
        { "answer after the end", false, { HEAD, END, ANSWER }, 3 },
        { "answer body before its head", false, { HEAD, ANSWER_BODY }, 2 },
        { "answer body after its end", false, { HEAD, ANSWER, ANSWER_END, ANSWER_BODY }, 4 },
        { "answer twice", false, { HEAD, ANSWER, ANSWER }, 3 },
        { "answer without a status", false, { HEAD, NO_STATUS }, 2 },
        { "bytes that are not there", false, { HEAD, LIE_BYTES }, 2 },
        { "segments that are not there", false, { HEAD, LIE_SEGS }, 2 },
        { "more bytes than arrived", false, { HEAD, BODY, LIE_BYTES }, 3 },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(story_runs(rows[i].steps, rows[i].steps_n) == rows[i].is_good, "%s: expected %d\n", rows[i].name,
              rows[i].is_good);
}

CHECK_RUN(RUN(list_is_whole), RUN(body_cap_at_its_edge), RUN(header_modifier_both_ways),
          RUN(header_modifier_without_room),
          RUN(header_modifier_without_memory), RUN(chop_keeps_each_byte),
              RUN(chop_replays_by_seed_and_lives_without_segments),
          RUN(pedant_knows_the_contract))
