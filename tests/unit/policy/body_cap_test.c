/* body_cap_test.c - refused from the first byte too many on, declared or counted.
 *
 * Method: hooks are called as the engine calls them; rows in pairs around the cap.
 */
#include "unit/policy/policy_world.h"

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

CHECK_RUN(RUN(body_cap_at_its_edge))
