/* h2_guard_test.c - allowances run out, refill and are earned; ended streams are remembered for a while.
 *
 * Method: a clock that the test moves. The session's reaction to each verdict is in h2_session_test.c.
 */
#include "base/clock.h"
#include "http/h2_guard.h"
#include "lib/check.h"

static const struct h2_frame ping = { 8, 0, H2_PING, 0 };

static struct h2_frame frame(uint8_t type, uint32_t id)
{
    return (struct h2_frame){ .length = 4, .id = id, .type = type };
}

TEST(control_frames_have_a_burst_and_a_rate)
{
    struct h2_guard g;
    uint64_t now = NS_PER_S;

    h2_guard_init(&g, true);
    for (int i = 0; i < H2_CONTROLS_BURST; i++)
        CHECK(h2_guard_frame(&g, &ping, H2_GUARD_NONE, now) == WHY_OK, "%d\n", i);
    CHECK(h2_guard_frame(&g, &ping, H2_GUARD_NONE, now) == WHY_H2_CONTROL_FLOOD, "one too many\n");
    now += NS_PER_S;
    for (int i = 0; i < H2_CONTROLS_A_SECOND - 1; i++)
        CHECK(h2_guard_frame(&g, &ping, H2_GUARD_NONE, now) == WHY_OK, "a second later: %d\n", i);
    CHECK(h2_guard_frame(&g, &ping, H2_GUARD_NONE, now) == WHY_H2_CONTROL_FLOOD, "that was the rate\n");
}

TEST(control_frames_can_be_earned)
{
    struct h2_guard g;
    unsigned n = 0;

    h2_guard_init(&g, true);
    for (int i = 0; i < 10; i++)
        h2_guard_earn(&g);
    while (h2_guard_frame(&g, &ping, H2_GUARD_NONE, NS_PER_S) == WHY_OK)
        n++;
    CHECK(n == H2_CONTROLS_BURST + 10 * H2_CONTROLS_EARNED, "%u\n", n);
    for (int i = 0; i < 100000; i++)
        h2_guard_earn(&g);
    for (n = 0; h2_guard_frame(&g, &ping, H2_GUARD_NONE, NS_PER_S) == WHY_OK;)
        n++;
    CHECK(n == H2_CONTROLS_EARNED_MAX, "not more than that is saved up: %u\n", n);
}

TEST(odd_account_strains_before_it_breaks)
{
    struct h2_guard g;
    uint64_t now = NS_PER_S;
    unsigned n = 0, strained_at = 0;

    h2_guard_init(&g, true);
    for (; h2_guard_odd(&g, 1, now) == WHY_OK; n++)
        if (strained_at == 0 && h2_guard_is_strained(&g, now))
            strained_at = n;
    CHECK(n == H2_GLITCHES_BURST && strained_at == H2_GLITCHES_BURST * 3 / 4, "%u, strained at %u\n", n, strained_at);
    CHECK(!h2_guard_is_strained(&g, now + 60 * NS_PER_S), "forgiven after a minute\n");
    CHECK(h2_guard_odd(&g, H2_GLITCHES_BURST, now + 60 * NS_PER_S) == WHY_OK, "full again\n");
    CHECK(h2_guard_odd(&g, 1, now + 60 * NS_PER_S) == WHY_H2_RESET_FLOOD, "and empty\n");
}

TEST(resets_cost_by_what_they_stop)
{
    struct h2_guard g;
    struct h2_frame reset = frame(H2_RST_STREAM, 1);
    unsigned n = 0;

    h2_guard_init(&g, true);
    while (h2_guard_frame(&g, &reset, H2_GUARD_OPEN, NS_PER_S) == WHY_OK)
        n++;
    CHECK(n == H2_GLITCHES_BURST, "of open streams: %u\n", n);
    for (n = 0; h2_guard_frame(&g, &reset, H2_GUARD_NONE, NS_PER_S) == WHY_OK;)
        n++;
    CHECK(n == H2_CONTROLS_BURST, "of ended ones: %u\n", n);
}

TEST(ended_streams_are_remembered_until_others_take_their_place)
{
    struct h2_guard g;
    struct h2_frame head = frame(H2_HEADERS, 1001), data = frame(H2_DATA, 1), first = frame(H2_HEADERS, 1);

    h2_guard_init(&g, true);
    CHECK(h2_guard_frame(&g, &head, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "new\n");
    h2_guard_closed(&g, 1, false);
    h2_guard_closed(&g, 3, true);
    CHECK(h2_guard_frame(&g, &data, H2_GUARD_NONE, NS_PER_S) == WHY_H2_STREAM_CLOSED, "its own end\n");
    data.id = 3;
    CHECK(h2_guard_frame(&g, &data, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "ours\n");
    data.id = 5;
    CHECK(h2_guard_frame(&g, &data, H2_GUARD_NONE, NS_PER_S) == WHY_H2_STREAM_ID, "never begun\n");
    CHECK(h2_guard_frame(&g, &data, H2_GUARD_OPEN, NS_PER_S) == WHY_OK, "open\n");
    for (uint32_t i = 0; i < H2_CLOSED_IDS_N; i++)
        h2_guard_closed(&g, 101 + 2 * i, false);
    CHECK(h2_guard_frame(&g, &first, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "forgotten: the benefit of the doubt\n");
    first.type = H2_DATA;
    CHECK(h2_guard_frame(&g, &first, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "payload, too\n");
    data.id = 101;
    CHECK(h2_guard_frame(&g, &data, H2_GUARD_NONE, NS_PER_S) == WHY_H2_STREAM_CLOSED, "not forgotten\n");
}

TEST(late_payload_is_free_within_the_windows_that_we_cut)
{
    struct h2_guard g;
    struct h2_frame head = frame(H2_HEADERS, 101), data = { .length = H2_FRAME_BYTES_MAX, .id = 3, .type = H2_DATA };
    unsigned n = 0;

    h2_guard_init(&g, true);
    CHECK(h2_guard_frame(&g, &head, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "new\n");
    h2_guard_closed(&g, 3, true);
    h2_guard_closed(&g, 5, true);
    while (h2_guard_frame(&g, &data, H2_GUARD_NONE, NS_PER_S) == WHY_OK)
        n++;
    CHECK(n == 2 * H2_STREAM_WINDOW_BYTES / H2_FRAME_BYTES_MAX + H2_GLITCHES_BURST, "%u\n", n);
}

TEST(sizes_have_ends)
{
    struct h2_guard g;
    struct h2_frame f = { .length = H2_FRAME_BYTES_MAX, .id = 1, .type = H2_DATA };

    h2_guard_init(&g, true);
    CHECK(h2_guard_frame(&g, &f, H2_GUARD_OPEN, NS_PER_S) == WHY_OK, "the last that fits\n");
    f.length++;
    CHECK(h2_guard_frame(&g, &f, H2_GUARD_OPEN, NS_PER_S) == WHY_H2_FRAME_SIZE, "the first that does not\n");
    f = (struct h2_frame){ .length = H2_SETTINGS_MAX * 6, .type = H2_SETTINGS };
    CHECK(h2_guard_frame(&g, &f, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "the last that fits\n");
    f.length += 6;
    CHECK(h2_guard_frame(&g, &f, H2_GUARD_NONE, NS_PER_S) == WHY_H2_SETTINGS_FLOOD, "the first that does not\n");
}

TEST(upstreams_have_more_room)
{
    struct h2_guard g;
    struct h2_frame reset = frame(H2_RST_STREAM, 1), late = frame(H2_DATA, 1);
    unsigned n = 0;

    h2_guard_init(&g, false);
    while (h2_guard_frame(&g, &reset, H2_GUARD_OPEN, NS_PER_S) == WHY_OK)
        n++;
    CHECK(n == H2_UP_GLITCHES_BURST, "%u\n", n);
    h2_guard_closed(&g, 1, false);
    CHECK(h2_guard_frame(&g, &late, H2_GUARD_NONE, NS_PER_S) == WHY_OK, "nghttp2 judges late frames there\n");
}

CHECK_RUN(
    RUN(control_frames_have_a_burst_and_a_rate),
    RUN(control_frames_can_be_earned),
    RUN(odd_account_strains_before_it_breaks),
    RUN(resets_cost_by_what_they_stop),
    RUN(ended_streams_are_remembered_until_others_take_their_place),
    RUN(late_payload_is_free_within_the_windows_that_we_cut),
    RUN(sizes_have_ends),
    RUN(upstreams_have_more_room))
