/* kuma_corpus_test.c - documents of every kind, in both of Kuma's forms: what is said on reading them, and on compiling them.
 *
 * Goal:   each good document reads, its canonical form reads as the same, and policies are explained; each bad one says exactly what
 *         stands beside it; what is not enforced is told when compiled.
 * Method: tests/corpus/kuma/FILE.yaml, documents between lines of `---`. Lines of `#! ` stand for all that is said on reading,
 *         lines of `#? ` for what is added on compiling; both are taken out before, so that line 1 is the first of the others.
 * Replay: FORGE_CORPUS_PRINT=1 kuma_corpus_test prints the files as they would have to be. Read them before you take them.
 */
#include <dirent.h>

#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/explain.h"
#include "conf/gateway_api.h"
#include "conf/kind.h"
#include "conf/policy_spec.h"
#include "unit/conf/conf_check.h"

enum { FILE_BYTES_MAX = 65536, SAID_BYTES_MAX = 16384, DOCUMENTS_MIN = 150, EXPLAINED_MIN = 25 };

struct corpus {
    struct diag *diag;
    char   file[FILE_BYTES_MAX];
    char   text[FILE_BYTES_MAX];                 /* of one document, without the marked lines */
    char   want_read[SAID_BYTES_MAX], want_compiled[SAID_BYTES_MAX], got_read[SAID_BYTES_MAX], got_compiled[SAID_BYTES_MAX];
    uint32_t documents_n, explained_n, seen_n[KIND_N];
    bool   is_printing;
};

static void append(char *to, size_t bytes_max, const char *line, size_t len)
{
    size_t used = strlen(to);

    CHECK(used + len + 2 < bytes_max, "a document of the corpus is too long\n");
    memcpy(to + used, line, len);
    memcpy(to + used + len, "\n", 2);
}

/* Marked lines into want_*, the others into text; answers the rest of the file behind the `---`. */
static const char *take_document(struct corpus *c, const char *at)
{
    c->text[0] = c->want_read[0] = c->want_compiled[0] = '\0';
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        const char *line = at;
        at += len + (at[len] == '\n');
        if (len == 3 && memcmp(line, "---", 3) == 0)
            break;
        if (len > 3 && memcmp(line, "#! ", 3) == 0)
            append(c->want_read, SAID_BYTES_MAX, line + 3, len - 3);
        else if (len > 3 && memcmp(line, "#? ", 3) == 0)
            append(c->want_compiled, SAID_BYTES_MAX, line + 3, len - 3);
        else
            append(c->text, FILE_BYTES_MAX, line, len);
    }
    return at;
}

/* What was said later and not already before. */
static void keep_new(const char *before, char *later)
{
    char *to = later;

    for (const char *at = later; *at != '\0';) {
        size_t len = strcspn(at, "\n") + 1;
        char line[SAID_BYTES_MAX];
        memcpy(line, at, len);
        line[len] = '\0';
        if (strstr(before, line) == NULL) {
            memmove(to, at, len);
            to += len;
        }
        at += len;
    }
    *to = '\0';
}

static void print_marked(const char *mark, const char *lines)
{
    for (const char *at = lines; *at != '\0';) {
        size_t len = strcspn(at, "\n") + 1;
        printf("%s%.*s", mark, (int)len, at);
        at += len;
    }
}

static void count_kinds(struct corpus *c, const struct conf_set *set)
{
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *doc = set->first[kind]; doc != NULL; doc = doc->next)
            c->seen_n[kind] += doc->is_valid;
}

/* The only document of a text, written again. */
static struct span write_again(struct span text, struct conf_arena *arena, bool is_json)
{
    struct candidate_options options = { .scratch_bytes = 0 };
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate *candidate;
    struct span again = SPAN_NONE;

    diag_init(diag);
    candidate = candidate_open(&options, diag);
    CHECK(candidate != NULL, "no address space\n");
    candidate_add(candidate, "again", text);
    CHECK(candidate_fill(candidate), "memory is out\n");
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *doc = candidate_set(candidate)->first[kind]; doc != NULL; doc = doc->next)
            again = is_json ? canonical_json(doc, arena, CANONICAL_SECRETS_SHOWN) : canonical_yaml(doc, arena, CANONICAL_SECRETS_SHOWN);
    CHECK(diag->errors_n == 0 && again.at != NULL, "not read again: %s\n%.*s", diag->items_n > 0 ? diag->items[0].text : "",
          SPAN_FMT(text));
    candidate_close(candidate);
    free(diag);
    return again;
}

/* Written, read, written: the same bytes, in both styles; and YAML read and written as JSON is what JSON was. */
static void check_round_trips(const struct conf_set *set, const char *file)
{
    struct conf_arena *arena = conf_arena_open(1 << 22);

    CHECK(arena != NULL, "no address space\n");
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *doc = set->first[kind]; doc != NULL; doc = doc->next) {
            struct span yaml = canonical_yaml(doc, arena, CANONICAL_SECRETS_SHOWN);
            struct span json = canonical_json(doc, arena, CANONICAL_SECRETS_SHOWN);
            CHECK(yaml.at != NULL && json.at != NULL, "%s: no canonical form\n", file);
            CHECK(span_is(write_again(yaml, arena, false), yaml), "%s: YAML changes:\n%.*s", file, SPAN_FMT(yaml));
            CHECK(span_is(write_again(json, arena, true), json), "%s: JSON changes:\n%.*s\n", file, SPAN_FMT(json));
            CHECK(span_is(write_again(yaml, arena, true), json), "%s: YAML is not JSON:\n%.*s%.*s\n", file, SPAN_FMT(yaml), SPAN_FMT(json));
        }
    conf_arena_close(arena);
}

/* What a policy can be about. */
static const char around[] =
    "\n---\n{type: MeshGateway, name: edge, selectors: [{match: {kuma.io/service: edge}}], conf: {listeners: [{port: 8080, protocol: HTTP, "
    "tags: {port: http}}]}}\n"
    "---\n{type: MeshHTTPRoute, name: all, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix, value: /}}], "
    "default: {backendRefs: [{kind: MeshExternalService, name: outside}]}}]}]}}\n"
    "---\n{type: MeshExternalService, name: outside, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 1}]}}\n"
    "---\n{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 1}]}}\n"
    "---\n{type: MeshService, name: backend, spec: {ports: [{port: 80, appProtocol: http}]}}\n";

/* Is the document named where its policies are explained? */
static bool is_explained(const struct conf_set *set, struct span name, struct conf_arena *arena)
{
    static const struct explain_ask asks[] = {
        { .kind = SPAN_LIT("listener"), .name = SPAN_LIT("edge:8080") }, { .kind = SPAN_LIT("route"), .name = SPAN_LIT("all") },
        { .kind = SPAN_LIT("MeshExternalService"), .name = SPAN_LIT("outside") },
        { .kind = SPAN_LIT("MeshExternalService"), .name = SPAN_LIT("a") }, { .kind = SPAN_LIT("MeshService"), .name = SPAN_LIT("backend") },
    };
    bool is_there = false;
    char want[300];

    snprintf(want, sizeof(want), "\"name\":\"%.*s\"", SPAN_FMT(name));
    for (size_t i = 0; i < COUNT(asks); i++) {
        const char *wrong = NULL;
        struct span text = explain_json(set, &asks[i], arena, &wrong);
        CHECK(text.at != NULL, "%s\n", wrong != NULL ? wrong : "memory is out");
        is_there |= strstr((const char *)text.at, want) != NULL;
    }
    return is_there;
}

/* A service is explained as all gateways see it. */
static bool is_of_gateways(const struct policy_spec *spec)
{
    const struct policy_entry *to = spec->to.items;

    if (spec->target == NULL || spec->target->kind == TARGET_MESH)
        return true;
    return spec->target->kind == TARGET_MESH_GATEWAY && (to == NULL || to[0].target->kind == TARGET_MESH);
}

/* Of a policy of gateways: enforced or not, explain knows it. */
static void check_explained(struct corpus *c, const char *file)
{
    struct candidate_options options = { .scratch_bytes = 0 };
    struct conf_arena *arena = conf_arena_open(1 << 22);
    struct candidate *candidate;

    diag_init(c->diag);
    candidate = candidate_open(&options, c->diag);
    CHECK(candidate != NULL && arena != NULL, "no address space\n");
    candidate_add(candidate, file, span_str(c->text));
    candidate_add(candidate, "around", SPAN_LIT(around));
    CHECK(candidate_fill(candidate), "%s: memory is out\n", file);
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *doc = candidate_set(candidate)->first[kind]; doc != NULL; doc = doc->next) {
            const struct policy_spec *spec = kind_list[kind]->policy != NULL ? doc->spec : NULL;
            if (spec == NULL || strncmp(kind_list[kind]->type, "Mesh", 4) != 0 || !doc->is_valid || doc->is_shadow || !is_of_gateways(spec))
                continue;
            CHECK(is_explained(candidate_set(candidate), doc->name, arena), "%s: nothing is explained by `%.*s`\n", file,
                  SPAN_FMT(doc->name));
            c->explained_n++;
        }
    candidate_close(candidate);
    conf_arena_close(arena);
}

static void check_document(struct corpus *c, const char *file)
{
    struct candidate_options options = { .scratch_bytes = 0 };
    struct snapshot *snapshot = NULL;
    struct candidate *candidate;

    diag_init(c->diag);
    candidate = candidate_open(&options, c->diag);
    CHECK(candidate != NULL, "no address space\n");
    candidate_add(candidate, file, span_str(c->text));
    CHECK(candidate_fill(candidate), "%s: memory is out\n", file);
    diag_sort(c->diag);
    conf_check_print(c->diag, c->got_read, SAID_BYTES_MAX);
    count_kinds(c, candidate_set(candidate));
    c->got_compiled[0] = '\0';
    if (c->diag->errors_n == 0) {
        check_round_trips(candidate_set(candidate), file);
        enum why why = candidate_compile(candidate, 1, &snapshot);
        conf_check_print(c->diag, c->got_compiled, SAID_BYTES_MAX);
        keep_new(c->got_read, c->got_compiled);
        CHECK((why == WHY_OK) == (strstr(c->got_compiled, " error: ") == NULL), "%s: %s\n", file, why_name(why));
        conf_free(snapshot);
    }
    candidate_close(candidate);
    if (strstr(c->got_read, " error: ") == NULL)
        check_explained(c, file);
    c->documents_n++;
    if (c->is_printing) {
        print_marked("#! ", c->got_read);
        print_marked("#? ", c->got_compiled);
        printf("%s", c->text);
        return;
    }
    CHECK(strcmp(c->got_read, c->want_read) == 0, "%s:\n%s got: %swant: %s", file, c->text, c->got_read, c->want_read);
    CHECK(strcmp(c->got_compiled, c->want_compiled) == 0, "%s, compiled:\n%s got: %swant: %s", file, c->text, c->got_compiled,
          c->want_compiled);
}

static void check_file(struct corpus *c, const char *name)
{
    char path[256];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "tests/corpus/kuma/%s", name);
    f = fopen(path, "rb");
    CHECK(f != NULL, "%s cannot be opened\n", path);
    n = fread(c->file, 1, FILE_BYTES_MAX - 1, f);
    fclose(f);
    CHECK(n < FILE_BYTES_MAX - 1, "%s is too long\n", path);
    c->file[n] = '\0';
    if (c->is_printing)
        printf(">>> %s\n", path);
    for (const char *at = c->file; *at != '\0';) {
        if (c->is_printing && at != c->file)
            printf("---\n");
        at = take_document(c, at);
        check_document(c, path);
    }
}

static int is_yaml(const struct dirent *entry)
{
    return span_ends(span_str(entry->d_name), SPAN_LIT(".yaml"));
}

TEST(kuma_corpus_says_what_stands_beside_it)
{
    struct corpus *c = calloc(1, sizeof(*c));
    struct dirent **files = NULL;
    int n = scandir("tests/corpus/kuma", &files, is_yaml, alphasort);

    CHECK(n > 0, "tests/corpus/kuma has no files: run this in the project's directory\n");
    c->diag = malloc(sizeof(*c->diag));
    c->is_printing = getenv("FORGE_CORPUS_PRINT") != NULL;
    for (int i = 0; i < n; i++) {
        check_file(c, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    CHECK(c->documents_n >= DOCUMENTS_MIN, "only %u documents\n", c->documents_n);
    CHECK(c->explained_n >= EXPLAINED_MIN, "only %u of them explained\n", c->explained_n);
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        CHECK(c->seen_n[kind] > 0 || strncmp(kind_list[kind]->type, "Forge", 5) == 0 || gateway_api_version(kind_list[kind]) != NULL, "no good %s in the corpus\n",
              kind_list[kind]->type);
    free(c->diag);
    free(c);
}

CHECK_RUN(RUN(kuma_corpus_says_what_stands_beside_it))
