/* api_document.c - documents in force, found by their names.
 *
 * Layer:  admin.
 */
#include "admin/api_inside.h"
#include "conf/conf_arena.h"
#include "proto/hex.h"

const struct keeper_document *api_document_find(struct api_call *c, struct span type, struct span mesh, struct span name,
                                                enum why *out_why)
{
    struct keeper_generation now;

    *out_why = WHY_OK;
    if (keeper_current(c->api->keeper) == 0)
        return NULL;
    *out_why = keeper_generation(c->api->keeper, 0, c->arena, &now);
    if (*out_why != WHY_OK)
        return NULL;
    for (uint32_t i = 0; i < now.records_n; i++) {
        const struct keeper_document *doc = &now.documents[i];

        if (!doc->is_deleted && span_is(doc->name.type, type) && span_is(doc->name.mesh, mesh) && span_is(doc->name.name, name))
            return doc;
    }
    return NULL;
}

struct span api_document_etag(struct api_call *c, const struct keeper_document *doc)
{
    char text[2 * sizeof(doc->digest) + 2];

    text[0] = '"';
    (void)hex_write(span_of(doc->digest, sizeof(doc->digest)), text + 1);
    text[sizeof(text) - 1] = '"';
    return arena_copy(c->call->arena, span_of(text, sizeof(text)));
}
