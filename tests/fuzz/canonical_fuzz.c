/* canonical_fuzz.c - documents of any bytes, written in their canonical form.
 *
 * Goal:   whatever the reader takes, its canonical form is taken, too, as the same document, in JSON, YAML and Kubernetes' envelope;
 *         and with secrets left out nothing of them is written.
 * Method: read, write, read, write; compare the bytes.
 * Replay: canonical_fuzz FILE
 */
#include <stdlib.h>

#include "base/must.h"
#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct span form, struct span json, struct span yaml, struct conf_arena *arena)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };

    MUST(diag != NULL);
    diag_init(diag);
    struct candidate *c = candidate_open(&options, diag);
    MUST(c != NULL);
    candidate_add(c, "again", form);
    MUST(candidate_fill(c) && diag->errors_n == 0 && candidate_set(c)->documents_n == 1);
    for (uint32_t kind = 0; kind < KIND_N; kind++) {
        const struct conf_document *d = candidate_set(c)->first[kind];
        if (d == NULL)
            continue;
        struct span json_again = canonical_json(d, arena, true), yaml_again = canonical_yaml(d, arena, true);
        MUST(span_is(json, json_again));
        MUST(span_is(yaml, yaml_again));
    }
    candidate_close(c);
    free(diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_arena *arena = conf_arena_open(1 << 28);
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };

    MUST(arena != NULL && diag != NULL);
    diag_init(diag);
    struct candidate *c = candidate_open(&options, diag);
    MUST(c != NULL);
    candidate_add(c, "fuzz.yaml", span_of(data, size));
    MUST(candidate_fill(c));
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *d = candidate_set(c)->first[kind]; d != NULL; d = d->next) {
            struct span json = canonical_json(d, arena, true), yaml = canonical_yaml(d, arena, true);
            struct span kubernetes = canonical_kubernetes_yaml(d, arena, true), masked = canonical_json(d, arena, CANONICAL_SECRETS_MASKED);
            MUST(json.at != NULL && yaml.at != NULL && kubernetes.at != NULL && masked.at != NULL);
            if (!d->is_valid)
                continue;
            check_again(json, json, yaml, arena);
            check_again(yaml, json, yaml, arena);
            check_again(kubernetes, json, yaml, arena);
        }
    candidate_close(c);
    free(diag);
    conf_arena_close(arena);
    return 0;
}
