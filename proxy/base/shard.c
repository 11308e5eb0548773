/* shard.c - one thread's share of everything, opened from the limits.
 *
 * Layer:  base.
 * Bounds: SEGS_MAX, BUF_SMALL_MAX, BUF_LARGE_MAX.
 * Thread: one.
 */
#include "base/shard.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

enum why shard_open(struct shard *s, uint32_t id, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->id = id;
    s->now_ns = clock_mono_ns();
    s->wall_ns = clock_wall_ns();
    list_init(&s->ready);
    wheel_init(&s->wheel, s->now_ns);
    rng_init(&s->rng, seed);
    return bufq_env_open(&s->queues, SEGS_MAX, BUF_SMALL_MAX, BUF_LARGE_MAX);
}

void shard_close(struct shard *s)
{
    MUST(list_is_empty(&s->ready));
    bufq_env_close(&s->queues);
}
