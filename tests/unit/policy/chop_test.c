/* chop_test.c - bodies are cut, and not a byte is lost, added or moved.
 *
 * Method: a body counted up, through 40 seeds and several sizes; the pedant looks at the queue afterwards.
 */
#include "unit/policy/policy_world.h"

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

CHECK_RUN(RUN(chop_keeps_each_byte), RUN(chop_replays_by_seed_and_lives_without_segments))
