/* policy_world.h - what the engine lends to a policy, for the tests of this folder. */
#pragma once

#include "lib/check.h"

#include "base/limits.h"
#include "policy/policy_list.h"

struct world {
    struct bufq_env    env;
    struct arena       arena;
    struct rng         rng;
    struct head        request, response;
    struct policy_view view;
};

static inline void world_open(struct world *w)
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

static inline void world_close(struct world *w)
{
    arena_fini(&w->arena);
    CHECK(buf_pool_live_n(&w->env.bufs) == 0 && w->env.segs.live_n == 0, "leak\n");
    bufq_env_close(&w->env);
}

/* A body of bytes counted up, in as many chunks as it takes. */
static inline void body_fill(struct world *w, struct bufq *q, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        uint8_t byte = (uint8_t)(at % 251);
        CHECK(bufq_push_copy(&w->env, q, span_of(&byte, 1)) == WHY_OK, "push\n");
    }
}
