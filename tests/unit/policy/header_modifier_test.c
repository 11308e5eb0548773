/* header_modifier_test.c - heads after the change, field by field; no room and no memory are named. */
#include "unit/policy/policy_world.h"

#include "conf/snapshot.h"

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

CHECK_RUN(RUN(header_modifier_both_ways), RUN(header_modifier_without_room), RUN(header_modifier_without_memory))
