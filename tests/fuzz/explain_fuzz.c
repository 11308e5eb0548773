/* explain_fuzz.c - explanations of whatever documents say.
 *
 * Goal:   no set of documents breaks the merge law or what is shown of it; JSON is JSON; no memory is missing where there is enough.
 * Method: read; explain each listener, route and service that there is, with and without shadows, both ways.
 * Replay: explain_fuzz FILE
 */
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/must.h"
#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/explain.h"

enum { EXPLAINED_MAX = 8, ARENA_BYTES = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct conf_set *set, const struct conf_document *doc)
{
    struct explain_ask ask = { span_str(doc->kind->type), doc->mesh, doc->name, SPAN_NONE };
    struct conf_arena *arena = conf_arena_open(ARENA_BYTES);
    const char *wrong;
    struct span text;
    yyjson_doc *json;

    MUST(arena != NULL);
    text = explain_json(set, &ask, arena, &wrong);
    MUST(!arena->is_full && (text.at == NULL) == (wrong != NULL));
    if (text.at != NULL) {
        json = yyjson_read((const char *)text.at, text.len, 0);
        MUST(json != NULL);
        yyjson_doc_free(json);
        text = explain_text(set, &ask, arena, &wrong);
        MUST(arena->is_full || (text.at != NULL && memchr(text.at, '\0', text.len) == NULL));
    }
    conf_arena_close(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum kind_id kinds[] = { KIND_MESH_GATEWAY, KIND_MESH_HTTP_ROUTE, KIND_MESH_GATEWAY_ROUTE, KIND_MESH_EXTERNAL_SERVICE,
                                          KIND_MESH_SERVICE, KIND_MESH_MULTI_ZONE_SERVICE };
    struct candidate_options options = { .dir = NULL };
    struct diag *diag = malloc(sizeof(*diag));
    struct candidate *c;

    MUST(diag != NULL);
    diag_init(diag);
    c = candidate_open(&options, diag);
    MUST(c != NULL);
    candidate_add(c, "fuzz.yaml", span_of(data, size));
    if (candidate_fill(c))
        for (size_t i = 0; i < COUNT(kinds); i++) {
            const struct conf_document *doc = candidate_set(c)->first[kinds[i]];
            for (int n = 0; doc != NULL && n < EXPLAINED_MAX; doc = doc->next, n++)
                check(candidate_set(c), doc);
        }
    candidate_close(c);
    free(diag);
    return 0;
}
