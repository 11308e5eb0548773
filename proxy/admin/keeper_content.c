/* keeper_content.c - a document as the text that is kept, sealed, shown, and back.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper_inside.h"
#include "base/memory.h"
#include "base/must.h"
#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "proto/base64.h"
#include "proto/hex.h"

/* Behind it: base64 of the address and what the store keeps. */
static const struct span mark = SPAN_LIT("forge-sealed:v1:");

/* ---- a document to its content ---- */

bool keeper_address(const struct keeper *k, const struct conf_document *doc, struct conf_arena *arena, struct generation_document *out)
{
    struct span shown = canonical_yaml(doc, arena, CANONICAL_SECRETS_SHOWN);
    struct span without = canonical_yaml(doc, arena, CANONICAL_SECRETS_LEFT_OUT);

    if (arena->is_full)
        return false;
    out->text = shown;
    out->is_sealed = !span_is(shown, without);
    if (out->is_sealed)
        seal_address(&k->seal, shown, out->digest);
    else
        hash_of(shown, out->digest);
    return true;
}

/* ---- a record's content ---- */

static struct span unsealed(const struct keeper *k, const uint8_t digest[HASH_BYTES], struct span sealed, struct conf_arena *arena,
                            enum why *out_why)
{
    uint8_t *plain = conf_arena_take(arena, sealed.len + 1), address[HASH_BYTES];
    size_t n;

    *out_why = WHY_ARENA_FULL;
    if (plain == NULL)
        return SPAN_NONE;
    *out_why = seal_open(&k->seal, span_of(digest, HASH_BYTES), sealed, plain, &n);
    if (*out_why != WHY_OK)
        return SPAN_NONE;
    plain[n] = 0;
    seal_address(&k->seal, span_of(plain, n), address);
    if (hash_is_equal(address, digest))
        return span_of(plain, n);
    *out_why = WHY_STORE_DAMAGED;
    return SPAN_NONE;
}

struct span keeper_content(struct keeper *k, const struct generation_document *d, struct conf_arena *arena)
{
    struct store_memory memory = keeper_store_memory(arena);
    struct span bytes;
    enum why why;

    if (d->text.at != NULL)
        return d->text;
    if (k->store == NULL || store_get_blob(k->store, d, &memory, &bytes) != WHY_OK)
        return SPAN_NONE;
    return d->is_sealed ? unsealed(k, d->digest, bytes, arena, &why) : bytes;
}

/* Read once more, to be written without its secrets. */
static struct span masked(struct keeper *k, struct span text, struct conf_arena *arena)
{
    struct diag *diag = memory_map(sizeof(*diag));
    struct candidate *c;
    struct span out = SPAN_NONE;

    if (diag == NULL)
        return SPAN_NONE;
    diag_init(diag);
    c = keeper_candidate(k, diag);
    if (c != NULL) {
        candidate_add(c, "sealed", text);
        if (candidate_fill(c))
            for (uint32_t kind = 0; kind < KIND_N && out.at == NULL; kind++)
                if (candidate_set(c)->first[kind] != NULL)
                    out = canonical_yaml(candidate_set(c)->first[kind], arena, CANONICAL_SECRETS_MASKED);
    }
    candidate_close(c);
    memory_unmap(diag, sizeof(*diag));
    return out;
}

struct span keeper_content_masked(struct keeper *k, const struct generation_document *d, struct conf_arena *arena)
{
    struct span text = keeper_content(k, d, arena), out;
    char digits[9] = "";

    if (text.at == NULL || !d->is_sealed)
        return text;
    out = masked(k, text, arena);
    hex_write(span_of(d->digest, 4), digits);
    return out.at != NULL ? conf_arena_format(arena, "%.*s# sealed %s\n", SPAN_FMT(out), digits) : SPAN_NONE;
}

/* The address, and what the store has or would have. */
static struct span payload(struct keeper *k, const struct generation_document *d, struct conf_arena *arena)
{
    struct span plain = keeper_content(k, d, arena);
    uint8_t *bytes = plain.at != NULL ? conf_arena_take(arena, HASH_BYTES + plain.len + SEAL_OVERHEAD_BYTES) : NULL;

    if (bytes == NULL)
        return SPAN_NONE;
    memcpy(bytes, d->digest, HASH_BYTES);
    seal_close(&k->seal, span_of(d->digest, HASH_BYTES), plain, bytes + HASH_BYTES);
    return span_of(bytes, HASH_BYTES + plain.len + SEAL_OVERHEAD_BYTES);
}

struct span keeper_content_sealed(struct keeper *k, const struct generation_document *d, struct conf_arena *arena)
{
    struct span bytes, mesh;
    char *text;

    if (!d->is_sealed)
        return keeper_content(k, d, arena);
    bytes = payload(k, d, arena);
    text = bytes.at != NULL ? conf_arena_take(arena, base64_text_bytes(BASE64_PADDED, bytes.len) + 1) : NULL;
    if (text == NULL)
        return SPAN_NONE;
    base64_write(BASE64_PADDED, bytes, text);
    mesh = d->mesh.len > 0 ? conf_arena_format(arena, "mesh: %.*s\n", SPAN_FMT(d->mesh)) : SPAN_LIT("");
    return conf_arena_format(arena, "type: %.*s\n%.*sname: %.*s\ndata: %.*s%.*s\n", SPAN_FMT(d->type), SPAN_FMT(mesh), SPAN_FMT(d->name),
                             SPAN_FMT(mark), SPAN_FMT(span_of(text, base64_text_bytes(BASE64_PADDED, bytes.len))));
}

/* ---- sealed documents come back ---- */

static bool unseal_one(struct keeper_work *w, const struct document *d, const struct node *data)
{
    struct span text = span_from(data->text, mark.len), plain;
    uint8_t *bytes = conf_arena_take(w->arena, text.len + 1);
    size_t n;
    enum why why;

    if (bytes == NULL)
        return false;
    plain = SPAN_LIT("");
    why = WHY_STORE_DAMAGED;
    if (base64_read(BASE64_PADDED, text, bytes, text.len, &n) && n >= HASH_BYTES)
        plain = unsealed(w->k, bytes, span_of(bytes + HASH_BYTES, n - HASH_BYTES), w->arena, &why);
    if (why == WHY_ARENA_FULL)
        return false;
    if (why != WHY_OK)
        diag_error(&w->r->diag, node_place(data), "%s", why == WHY_SEAL_KEY ?
                   "this was sealed on another node, or under a key that is gone: write the secret itself" :
                   "this sealed text is damaged or cut: export it again, or write the secret itself");
    candidate_replace(w->candidate, d, data->file, plain);
    return true;
}

bool keeper_unseal(struct keeper_work *w)
{
    for (const struct document *d = candidate_next(w->candidate, NULL); d != NULL; d = candidate_next(w->candidate, d)) {
        const struct node *data = node_find(d->root, "data");

        if (data != NULL && data->kind == NODE_SCALAR && span_starts(data->text, mark) && !unseal_one(w, d, data))
            return false;
    }
    return true;
}

/* ---- into a candidate ---- */

struct candidate *keeper_candidate(const struct keeper *k, struct diag *diag)
{
    struct candidate_options options = { .dir = k->options.files_dir, .state_dir = k->options.state_dir };

    return candidate_open(&options, diag);
}

bool keeper_load_document(struct keeper *k, const struct generation_document *d, struct candidate *c, struct conf_arena *arena)
{
    struct span text = keeper_content(k, d, arena);
    struct span file = conf_arena_format(arena, "%.*s %.*s%s%.*s", SPAN_FMT(d->type), SPAN_FMT(d->mesh), d->mesh.len > 0 ? "/" : "",
                                         SPAN_FMT(d->name));

    if (text.at == NULL || file.at == NULL)
        return false;
    candidate_add(c, (const char *)file.at, text);
    return true;
}

bool keeper_load(struct keeper *k, const struct generation *g, struct candidate *c, struct conf_arena *arena)
{
    for (uint32_t i = 0; i < g->documents_n; i++)
        if (!g->documents[i].is_deleted && !keeper_load_document(k, &g->documents[i], c, arena))
            return false;
    return true;
}
