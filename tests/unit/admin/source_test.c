/* source_test.c - a source's documents come, change, drift and go back; what would end it is refused.
 *
 * Method: a keeper in memory, and a folder that the test writes; time is turned by hand. Archives, repositories and webhooks over the
 * wire are tests/scenario/case_gitops.py's.
 */
#include "unit/admin/keeper_world.h"

#include "admin/source.h"
#include "base/clock.h"
#include "base/shard.h"
#include "http/head.h"
#include "proto/hex.h"
#include "proto/text_write.h"
#include "store/hash.h"
#include "up/fetch.h"

enum { JSON_BYTES = 65536 };

struct world {
    struct control c;
    struct keeper *k;
    struct shard   shard;
    struct fetch_table fetches;
    struct sources sources;
    char           dir[64];
    char           json[JSON_BYTES];
};

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL, "no memory\n");
    w->k = open_keeper(&w->c, NULL);
    snprintf(w->dir, sizeof(w->dir), "/tmp/source-test-XXXXXX");
    CHECK(mkdtemp(w->dir) != NULL, "no folder\n");
    CHECK(shard_open(&w->shard, 0, 1) == WHY_OK, "no memory\n");
    w->shard.now_ns = NS_PER_S;
    wheel_init(&w->shard.wheel, w->shard.now_ns);
    CHECK(sources_open(&w->sources, &w->shard, NULL, w->k, &w->fetches) == WHY_OK, "no memory\n");
    return w;
}

static void world_close(struct world *w)
{
    char command[128];

    sources_end(&w->sources);
    CHECK(sources_have_ended(&w->sources), "a source is left\n");
    sources_close(&w->sources);
    shard_close(&w->shard);
    keeper_close(w->k);
    snprintf(command, sizeof(command), "rm -rf %s", w->dir);
    CHECK(system(command) == 0, "%s\n", command);
    free(w);
}

static void write_file(struct world *w, const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    if (text == NULL) {
        CHECK(unlink(path) == 0, "%s\n", path);
        return;
    }
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "%s\n", path);
}

/* So many seconds; a look takes place at each second at the latest. */
static void pass(struct world *w, uint32_t seconds)
{
    struct timer *t;

    for (uint32_t i = 0; i < seconds * 10; i++) {
        w->shard.now_ns += NS_PER_S / 10;
        w->shard.wall_ns = w->shard.now_ns;
        sources_refresh(&w->sources);
        while ((t = wheel_due(&w->shard.wheel, w->shard.now_ns)) != NULL)
            source_on_timer(t);
    }
}

static const char *json(struct world *w, const char *name)
{
    struct text_write out;

    text_write_init(&out, w->json, JSON_BYTES - 1);
    CHECK(sources_json(&w->sources, span_str(name), &out), "no source %s\n", name);
    w->json[text_write_length(&out)] = 0;
    return w->json;
}

static bool says(struct world *w, const char *part)
{
    return strstr(json(w, "team"), part) != NULL;
}

/* A ForgeSource about the folder. */
static const char *source(struct world *w, const char *more)
{
    static char text[512];

    snprintf(text, sizeof(text), "type: ForgeSource\nname: team\nspec: {type: Directory, directory: %s, interval: 1s%s}\n", w->dir, more);
    return text;
}

static void begin(struct world *w, const char *more)
{
    keeper_result_close(say(w->k, "api", source(w, more)));
    pass(w, 2);
}

TEST(documents_follow_the_source)
{
    struct world *w = world_open();

    write_file(w, "a.yaml", CAP("a", "1"));
    begin(w, "");
    check_documents(w->k, "a team");
    CHECK(says(w, "\"state\":\"Good\"") && says(w, "\"applied\":1"), "%s\n", w->json);
    uint64_t before = keeper_current(w->k);
    pass(w, 5);
    CHECK(keeper_current(w->k) == before && says(w, "\"applied\":1"), "a generation out of nothing: %s\n", w->json);
    write_file(w, "b.yml", CAP("b", "1"));
    write_file(w, "a.yaml", NULL);
    pass(w, 2);
    check_documents(w->k, "b team");
    world_close(w);
}

TEST(what_is_wrong_stays_out_with_its_place)
{
    struct world *w = world_open();

    write_file(w, "a.yaml", CAP("a", "1"));
    begin(w, "");
    write_file(w, "a.yaml", CAP("a", "many"));
    pass(w, 2);
    CHECK(says(w, "\"state\":\"Refused\"") && says(w, "\"file\":\"a.yaml\",\"line\":3,"), "%s\n", w->json);
    CHECK(says(w, "\"why\":\"conf-bad\""), "%s\n", w->json);
    check_documents(w->k, "a team");
    write_file(w, "a.yaml", CAP("a", "2"));
    pass(w, 2);
    CHECK(says(w, "\"state\":\"Good\"") && says(w, "\"problems\":[]"), "%s\n", w->json);
    world_close(w);
}

TEST(drift_is_shown_and_is_a_patch)
{
    struct world *w = world_open();
    struct conf_arena *arena = conf_arena_open(1 << 24);
    bool is_there;
    struct span patch;

    write_file(w, "a.yaml", "# kept\n" CAP("a", "1") "---\n# and this\n" CAP("b", "1"));
    begin(w, "");
    patch = sources_patch(&w->sources, SPAN_LIT("team"), arena, &is_there);
    CHECK(is_there && patch.at != NULL && patch.len == 0, "%.*s\n", SPAN_FMT(patch));
    keeper_result_close(say(w->k, "api", CAP("b", "9")));
    pass(w, 3);
    check_documents(w->k, "a b! team");
    CHECK(says(w, "\"state\":\"Drifted\"") && says(w, "\"name\":\"b\",\"what\":\"edited\""), "%s\n", w->json);
    patch = sources_patch(&w->sources, SPAN_LIT("team"), arena, &is_there);
    CHECK(is_there && span_starts(patch, SPAN_LIT("--- a/a.yaml\n+++ b/a.yaml\n@@ ")), "%.*s\n", SPAN_FMT(patch));
    CHECK(memmem(patch.at, patch.len, "-spec: {bytes: 1}\n", 18) != NULL && memmem(patch.at, patch.len, "bytes: 9\n", 9) != NULL,
          "%.*s\n", SPAN_FMT(patch));
    CHECK(memmem(patch.at, patch.len, "-# kept", 7) == NULL && memmem(patch.at, patch.len, "-name: a", 8) == NULL, "%.*s\n", SPAN_FMT(patch));
    patch = sources_patch(&w->sources, SPAN_LIT("nobody"), arena, &is_there);
    CHECK(!is_there, "there is one\n");
    conf_arena_close(arena);
    world_close(w);
}

TEST(drift_is_reverted_when_asked)
{
    struct world *w = world_open();

    write_file(w, "a.yaml", CAP("a", "1") "---\n" CAP("b", "1"));
    begin(w, ", driftPolicy: Revert");
    keeper_result_close(say(w->k, "api", CAP("b", "9")));
    keeper_result_close(delete_cap(w->k, "a"));
    check_documents(w->k, "a-! b! team");
    pass(w, 3);
    check_documents(w->k, "a b team");
    CHECK(says(w, "\"state\":\"Good\"") && says(w, "\"drift\":[]"), "%s\n", w->json);
    world_close(w);
}

TEST(a_source_does_not_delete_itself)
{
    struct world *w = world_open();

    write_file(w, "a.yaml", CAP("a", "1"));
    write_file(w, "team.yaml", source(w, ""));
    begin(w, "");
    check_documents(w->k, "a team");
    write_file(w, "team.yaml", NULL);
    write_file(w, "a.yaml", CAP("a", "2"));
    pass(w, 2);
    CHECK(says(w, "\"why\":\"source-self\"") && says(w, "\"state\":\"Refused\""), "%s\n", w->json);
    check_documents(w->k, "a team");
    CHECK(WHY_SOURCE_SELF != WHY_OK, "a name of its own\n");
    write_file(w, "team.yaml", source(w, ""));
    pass(w, 2);
    CHECK(says(w, "\"state\":\"Good\""), "%s\n", w->json);
    world_close(w);
}

TEST(failures_wait_longer_each_time)
{
    struct world *w = world_open();

    begin(w, ", path: nowhere");
    CHECK(says(w, "\"state\":\"Unreachable\"") && says(w, "\"why\":\"source-unreadable\""), "%s\n", w->json);
    pass(w, 60);
    CHECK(says(w, "\"failures\":6") || says(w, "\"failures\":7"), "%s\n", w->json);
    CHECK(sources_sync(&w->sources, SPAN_LIT("team")) && !sources_sync(&w->sources, SPAN_LIT("nobody")), "who\n");
    world_close(w);
}

TEST(a_deleted_source_is_no_more_and_its_documents_stay)
{
    struct world *w = world_open();
    struct keeper_name names[1] = { { SPAN_LIT("ForgeSource"), SPAN_LIT("default"), SPAN_LIT("team") } };
    struct keeper_change change = { .deletions = names, .deletions_n = 1, .source = "api" };
    struct text_write out;

    write_file(w, "a.yaml", CAP("a", "1"));
    begin(w, "");
    keeper_result_close(keeper_apply(w->k, &change));
    pass(w, 1);
    check_documents(w->k, "a");
    text_write_init(&out, w->json, JSON_BYTES);
    CHECK(!sources_json(&w->sources, SPAN_LIT("team"), &out), "it is there\n");
    world_close(w);
}

TEST(webhooks_need_their_signature)
{
    static const char *const names[] = { "x-hub-signature-256", "x-gitlab-token", "x-gitea-signature", "x-signature" };
    static const char *const types[] = { "GitHub", "GitLab", "Gitea", "Generic" };
    struct span body = SPAN_LIT("{}");
    uint8_t mac[HASH_BYTES];
    char hex[80] = "sha256=", more[128];

    hash_keyed(SPAN_LIT("geheim"), body, mac);
    hex[7 + hex_write(span_of(mac, sizeof(mac)), hex + 7)] = 0;
    for (size_t i = 0; i < COUNT(types); i++) {
        struct world *w = world_open();
        struct arena arena;
        struct head head;

        write_file(w, "a.yaml", CAP("a", "1"));
        snprintf(more, sizeof(more), ", webhook: {type: %s, secret: {inlineString: geheim}}", types[i]);
        begin(w, more);
        arena_init(&arena, &w->shard.queues.bufs, 65536);
        head_init(&head, &arena);
        CHECK(sources_hook(&w->sources, SPAN_LIT("team"), &head, body) == SOURCE_HOOK_UNSIGNED, "%s without\n", types[i]);
        CHECK(head_add(&head, span_str(names[i]), i == 1 ? SPAN_LIT("geheim") : span_str(i == 2 ? hex + 7 : hex), 0), "no room\n");
        CHECK(sources_hook(&w->sources, SPAN_LIT("nobody"), &head, body) == SOURCE_HOOK_UNKNOWN, "nobody\n");
        CHECK(sources_hook(&w->sources, SPAN_LIT("team"), &head, body) == SOURCE_HOOK_TAKEN, "%s\n", types[i]);
        if (i != 1)
            CHECK(sources_hook(&w->sources, SPAN_LIT("team"), &head, SPAN_LIT("{ }")) == SOURCE_HOOK_UNSIGNED, "%s: other\n", types[i]);
        arena_fini(&arena);
        world_close(w);
    }
}

CHECK_RUN(RUN(documents_follow_the_source), RUN(what_is_wrong_stays_out_with_its_place), RUN(drift_is_shown_and_is_a_patch),
          RUN(drift_is_reverted_when_asked), RUN(a_source_does_not_delete_itself), RUN(failures_wait_longer_each_time),
          RUN(a_deleted_source_is_no_more_and_its_documents_stay), RUN(webhooks_need_their_signature))
