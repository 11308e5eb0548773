/* gateway_corpus_test.c - files of Kubernetes' Gateway API, without a cluster: how requests are treated, and what is said.
 *
 * Goal:   gateway_api.h: listeners, bindings, matches, filters, namespaces, grants, backends and TLS mean what Gateway API says.
 * Method: tests/corpus/gateway-api/FILE.yaml. Lines of `#> ` are a request, as typed, with headers behind ` | `, and what becomes of it
 *         behind ` => `; lines of `#! ` stand for all that is said, sorted. The file is compiled, each request is tried. Then the file is
 *         compiled once more from its canonical forms, and every answer is the same. refused.yaml has one document a sentence.
 * Replay: FORGE_CORPUS_PRINT=1 gateway_corpus_test prints the lines as they would have to be. Read them before you take them.
 */
#include <dirent.h>

#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "unit/engine/try_check.h"

enum { FILE_BYTES_MAX = 1 << 16, LINE_BYTES_MAX = 1024 };

struct corpus {
    char file[FILE_BYTES_MAX], got[LINE_BYTES_MAX];
    struct diag diag;
    struct try *t;
    bool is_printing;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "error: ..." of each item, sorted, one a line. */
static void print_said(const struct diag *diag, char *out, size_t bytes)
{
    const char *lines[DIAG_ITEMS_MAX];
    size_t used = 0;

    for (uint32_t i = 0; i < diag->items_n; i++)
        lines[i] = diag->items[i].text;
    qsort(lines, diag->items_n, sizeof(lines[0]), by_text);
    out[0] = '\0';
    for (uint32_t i = 0; i < diag->items_n && used < bytes; i++)
        used += (size_t)snprintf(out + used, bytes - used, "#! %s: %s\n", diag->errors_n > 0 ? "error" : "warning", lines[i]);
}

static void wanted_said(const char *file, char *out, size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (const char *line = strstr(file, "#! "); line != NULL && used < bytes; line = strstr(line + 1, "\n#! ")) {
        line += line[0] == '\n';
        used += (size_t)snprintf(out + used, bytes - used, "%.*s\n", (int)strcspn(line, "\n"), line);
    }
}

/* What became of a request, in one line. */
static void answer(const struct try_result *r, char *out, size_t bytes)
{
    if (r->location.len > 0)
        snprintf(out, bytes, "%u %.*s", r->status, SPAN_FMT(r->location));
    else if (r->why != WHY_OK || r->upstream == NULL)
        snprintf(out, bytes, "%u %s", r->status, why_name(r->why));
    else
        snprintf(out, bytes, "upstream %.*s %.*s %.*s", SPAN_FMT(r->upstream->name), SPAN_FMT(r->request->method_text), SPAN_FMT(r->request->target));
}

static void ask(struct corpus *c, const struct snapshot *s, const char *line, const char *path)
{
    char request[LINE_BYTES_MAX], *want, *header, got[LINE_BYTES_MAX];
    struct try_request asked = { .seed = 1 };
    struct try_header headers[1];

    snprintf(request, sizeof(request), "%.*s", (int)strcspn(line, "\n"), line);
    want = strstr(request, " => ");
    CHECK(want != NULL, "%s: %s\n", path, request);
    *want = '\0';
    header = strstr(request, " | ");
    if (header != NULL) {
        char *value = strchr(header, ':');
        *header = '\0';
        CHECK(value != NULL, "%s: %s\n", path, request);
        headers[0] = (struct try_header){ span_of(header + 3, (size_t)(value - header - 3)), span_str(value + 2) };
        asked.headers = headers;
        asked.headers_n = 1;
    }
    CHECK(try_read_line(span_str(request), &asked) == NULL && try_check(&asked) == NULL, "%s: %s\n", path, request);
    answer(try_run(c->t, s, &asked), got, sizeof(got));
    if (c->is_printing)
        printf("#> %s%s%s => %s\n", request, header != NULL ? " | " : "", header != NULL ? header + 3 : "", got);
    else
        CHECK(strcmp(got, want + 4) == 0, "%s: %s\n got: %s\nwant: %s\n", path, request, got, want + 4);
}

static void ask_all(struct corpus *c, const struct snapshot *s, const char *path)
{
    for (const char *line = strstr(c->file, "#> "); line != NULL; line = strstr(line + 1, "\n#> "))
        ask(c, s, line + 3 + (line[0] == '\n'), path);
}

/* The documents that somebody wrote, in canonical form, as another candidate. */
static struct candidate *again(const struct candidate *c, struct diag *diag, struct conf_arena *arena)
{
    struct candidate_options options = { .dir = NULL };
    struct candidate *other = candidate_open(&options, diag);

    CHECK(other != NULL, "no memory\n");
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *d = candidate_set(c)->first[kind]; d != NULL; d = d->next)
            if (!d->is_derived)
                candidate_add(other, "again", kind % 2 == 0 ? canonical_yaml(d, arena, true) : canonical_kubernetes_yaml(d, arena, true));
    return other;
}

static void check_file(struct corpus *c, const char *path)
{
    struct candidate_options options = { .dir = NULL };
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct snapshot *s = NULL;
    char got[8192], want[8192];

    diag_init(&c->diag);
    struct candidate *candidate = candidate_open(&options, &c->diag), *other;
    candidate_add(candidate, "t.yaml", span_str(c->file));
    enum why why = candidate_compile(candidate, 1, &s);
    print_said(&c->diag, got, sizeof(got));
    wanted_said(c->file, want, sizeof(want));
    if (c->is_printing)
        printf("== %s\n%s", path, got);
    else
        CHECK(strcmp(got, want) == 0, "%s\n got: %s\nwant: %s\n", path, got, want);
    CHECK(why == WHY_OK || strstr(c->file, "#> ") == NULL || c->is_printing, "%s\n", path);
    if (why == WHY_OK) {
        ask_all(c, s, path);
        conf_free(s);
        diag_init(&c->diag);
        other = again(candidate, &c->diag, arena);
        CHECK(candidate_compile(other, 1, &s) == WHY_OK, "%s, again: %s\n", path, c->diag.items[0].text);
        ask_all(c, s, path);
        conf_free(s);
        candidate_close(other);
    }
    candidate_close(candidate);
    conf_arena_close(arena);
}

TEST(gateway_corpus_is_treated_as_it_says)
{
    struct corpus *c = calloc(1, sizeof(*c));
    struct dirent **files;
    int n = scandir("tests/corpus/gateway-api", &files, NULL, alphasort);
    uint32_t seen_n = 0;

    c->t = try_open();
    c->is_printing = getenv("FORGE_CORPUS_PRINT") != NULL;
    for (int i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof(path), "tests/corpus/gateway-api/%s", files[i]->d_name);
        FILE *file = files[i]->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (file != NULL) {
            c->file[fread(c->file, 1, sizeof(c->file) - 1, file)] = '\0';
            fclose(file);
            check_file(c, path);
            seen_n++;
        }
        free(files[i]);
    }
    free(files);
    CHECK(seen_n >= 5, "only %u files\n", seen_n);
    try_close(c->t);
    free(c);
}

CHECK_RUN(RUN(gateway_corpus_is_treated_as_it_says))
