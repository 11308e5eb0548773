/* candidate_test.c - documents from several texts and a directory, asked before they are compiled.
 *
 * Goal:   what candidate.h promises about order, sentences and memory.
 * Method: small texts; load_test.c has directories and the end of memory.
 */
#include "conf/candidate.h"

#include "conf/conf_set.h"
#include "unit/conf/conf_check.h"

static const char cap[] = "type: ForgeBodyCap\nname: cap\nspec: {bytes: 1Ki}\n";
static const char gateway[] = "{\"type\": \"MeshGateway\", \"name\": \"edge\", \"conf\": {\"listeners\": [{\"port\": 80, \"protocol\": \"HTTP\"}]}}";

TEST(candidate_takes_texts_and_can_be_asked)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };
    struct snapshot *s = NULL;
    char text[sizeof(cap)];

    diag_init(diag);
    struct candidate *c = candidate_open(&options, diag);
    memcpy(text, cap, sizeof(cap));
    candidate_add(c, "cap.yaml", span_str(text));
    memset(text, 'x', sizeof(text)); /* It has its own copy. */
    candidate_add(c, "gateway.json", span_str(gateway));
    CHECK(candidate_fill(c) && candidate_fill(c) && diag->errors_n == 0, "%s\n", diag->items[0].text);
    CHECK(candidate_set(c)->documents_n == 2, "%u\n", candidate_set(c)->documents_n);
    struct conf_document *d = conf_set_find(candidate_set(c), KIND_FORGE_BODY_CAP, SPAN_LIT("default"), SPAN_LIT("cap"));
    CHECK(d != NULL && strcmp(d->place.file, "cap.yaml") == 0 && d->place.line == 2, "not found\n");
    CHECK(candidate_compile(c, 7, &s) == WHY_OK && s->generation == 7 && s->listeners_n == 2, "%s\n", diag->items[0].text);
    candidate_close(c);
    conf_free(s);
    free(diag);
}

TEST(candidate_tells_all_and_keeps_the_snapshot_to_itself)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };
    struct snapshot *s = NULL;

    diag_init(diag);
    struct candidate *c = candidate_open(&options, diag);
    candidate_add(c, "b.yaml", SPAN_LIT("type: ForgeBodyCap\nname: cap\nspec: {bytes: many}\n"));
    candidate_add(c, "a.yaml", SPAN_LIT("type: ForgeBodyCap\nname: cap\nspec: {bytes: 1}\n"));
    CHECK(candidate_compile(c, 1, &s) == WHY_CONF_BAD && s == NULL && diag->errors_n == 2, "%u\n", diag->errors_n);
    CHECK(strcmp(diag->items[0].file, "a.yaml") == 0 && strcmp(diag->items[1].file, "b.yaml") == 0, "not sorted\n");
    candidate_close(c);
    candidate_close(NULL);
    free(diag);
}

TEST(candidate_needs_memory_even_for_itself)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .scratch_bytes = 64 };

    diag_init(diag);
    CHECK(candidate_open(&options, diag) == NULL && diag->errors_n == 1, "%u\n", diag->errors_n);
    CHECK(strstr(diag->items[0].text, "memory") != NULL, "%s\n", diag->items[0].text);
    free(diag);
}

TEST(candidate_fills_what_was_added_since)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };
    struct snapshot *s = NULL;
    char name[32], text[128];

    diag_init(diag);
    struct candidate *c = candidate_open(&options, diag);
    CHECK(candidate_fill(c) && candidate_set(c)->documents_n == 0, "a document out of nothing\n");
    for (int i = 40; i-- > 0;) { /* Backwards; and the register grows. */
        snprintf(text, sizeof(text), "type: ForgeBodyCap\nname: cap-%02d\nspec: {bytes: 1Ki}\n", i);
        candidate_add(c, "cap.yaml", span_str(text));
        CHECK(candidate_fill(c) && candidate_set(c)->documents_n == (uint32_t)(40 - i), "%u\n", candidate_set(c)->documents_n);
    }
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "cap-%02d", i);
        struct conf_document *d = conf_set_find(candidate_set(c), KIND_FORGE_BODY_CAP, SPAN_LIT("default"), span_str(name));
        CHECK(d != NULL, "%s is not found\n", name);
        if (i % 13 == 0) /* The last, the first, some between: of the list, which is backwards. */
            candidate_leave_out(c, d);
        CHECK((conf_set_find(candidate_set(c), KIND_FORGE_BODY_CAP, SPAN_LIT("default"), span_str(name)) == NULL) == (i % 13 == 0), "%s\n", name);
    }
    candidate_add(c, "again.yaml", SPAN_LIT("type: ForgeBodyCap\nname: cap-13\nspec: {bytes: 1Ki}\n"));
    CHECK(candidate_fill(c) && candidate_set(c)->documents_n == 37 && diag->errors_n == 0, "%s\n", diag->items[0].text);
    candidate_add(c, "twice.yaml", SPAN_LIT("type: ForgeBodyCap\nname: cap-12\nspec: {bytes: 1Ki}\n"));
    CHECK(candidate_fill(c) && diag->errors_n == 1, "a namesake is taken\n");
    CHECK(candidate_compile(c, 1, &s) == WHY_CONF_BAD, "compiled\n");
    uint32_t order = 0;
    for (struct conf_document *d = candidate_set(c)->first[KIND_FORGE_BODY_CAP]; d != NULL; d = d->next, order++)
        CHECK(d->order == order && (d->next == NULL || span_order(d->name, d->next->name) < 0), "not sorted at %u\n", order);
    CHECK(order == 37, "%u in the list\n", order);
    candidate_close(c);
    free(diag);
}

CHECK_RUN(RUN(candidate_fills_what_was_added_since), RUN(candidate_takes_texts_and_can_be_asked), RUN(candidate_tells_all_and_keeps_the_snapshot_to_itself),
          RUN(candidate_needs_memory_even_for_itself))
