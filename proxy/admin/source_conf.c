/* source_conf.c - see source_conf.h. */
#include "admin/source_conf.h"

#include "admin/keeper.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/data_source.h"
#include "conf/document.h"
#include "conf/kind_forge_source.h"

void source_conf_close(struct source_conf *c)
{
    if (c != NULL)
        conf_arena_close(c->arena);
}

static const char *text_of(struct source_conf *c, struct span s)
{
    struct span kept = conf_arena_copy(c->arena, s.at != NULL ? s : SPAN_LIT(""));

    return kept.at != NULL ? (const char *)kept.at : "";
}

/* A data source's bytes, kept; without the line feed that editors put behind a token. false: told. */
static bool read_secret(struct source_conf *c, struct conf_set *set, struct span mesh, const struct data_source *from, bool is_line,
                        struct span *out)
{
    struct span bytes = SPAN_LIT("");

    *out = SPAN_LIT("");
    if (from == NULL)
        return true;
    if (!data_source_read(set, mesh, from, &bytes))
        return false;
    while (is_line && bytes.len > 0 && (bytes.at[bytes.len - 1] == '\n' || bytes.at[bytes.len - 1] == '\r'))
        bytes.len--;
    for (size_t i = 0; is_line && i < bytes.len; i++)
        if (bytes.at[i] < 0x20 || bytes.at[i] > 0x7e) {
            diag_error(set->diag, node_place(from->node), "a token is one line of visible characters, and this one has others");
            return false;
        }
    *out = conf_arena_copy(c->arena, bytes);
    return out->at != NULL;
}

/* ---- Git hosts ---- */

static struct span server_of(const struct forge_source_archive *a)
{
    static const struct span usual[] = { SPAN_LIT("https://api.github.com"), SPAN_LIT("https://gitlab.com"),
                                         SPAN_LIT("https://gitea.com") };
    struct span server = a->server.at != NULL ? a->server : usual[a->provider];

    while (server.len > 0 && server.at[server.len - 1] == '/')
        server.len--;
    return server;
}

/* group/name as GitLab wants it in one segment. */
static struct span encode_slashes(struct conf_arena *arena, struct span s)
{
    char *out = conf_arena_take(arena, 3 * s.len + 1);
    size_t n = 0;

    if (out == NULL)
        return SPAN_NONE;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '/') {
            memcpy(out + n, "%2F", 3);
            n += 3;
        } else {
            out[n++] = (char)s.at[i];
        }
    }
    return span_of(out, n);
}

static void fill_archive(struct source_conf *c, const struct forge_source_archive *a)
{
    struct span server, repository = a->repository;

    c->strips = a->provider != FORGE_SOURCE_URL;
    if (!c->strips) {
        c->url = conf_arena_copy(c->arena, a->url);
        return;
    }
    server = server_of(a);
    switch ((enum forge_source_provider)a->provider) {
    case FORGE_SOURCE_GITHUB: /* An Enterprise server has the same interface one level deeper. */
        c->url = conf_arena_format(c->arena, "%.*s%s/repos/%.*s/tarball/%s", SPAN_FMT(server),
                                   span_is(server, SPAN_LIT("https://api.github.com")) ? "" : "/api/v3", SPAN_FMT(repository), c->ref);
        break;
    case FORGE_SOURCE_GITLAB:
        repository = encode_slashes(c->arena, repository);
        c->url = conf_arena_format(c->arena, "%.*s/api/v4/projects/%.*s/repository/archive.tar.gz?sha=%s", SPAN_FMT(server),
                                   SPAN_FMT(repository), c->ref);
        break;
    case FORGE_SOURCE_GITEA:
        c->url = conf_arena_format(c->arena, "%.*s/api/v1/repos/%.*s/archive/%s.tar.gz", SPAN_FMT(server), SPAN_FMT(repository), c->ref);
        break;
    case FORGE_SOURCE_URL:
        break;
    }
}

static void fill_token(struct source_conf *c, const struct forge_source_archive *a, struct span token)
{
    if (token.len == 0)
        return;
    c->field_name = a->provider == FORGE_SOURCE_GITLAB ? SPAN_LIT("private-token") : SPAN_LIT("authorization");
    c->field_value = a->provider == FORGE_SOURCE_GITLAB ? token
                     : conf_arena_format(c->arena, "%s %.*s", a->provider == FORGE_SOURCE_GITEA ? "token" : "Bearer", SPAN_FMT(token));
}

static void fill_verify(struct source_conf *c, const struct forge_source_verify *v)
{
    if (v == NULL)
        return;
    c->has_key = true;
    memcpy(c->key, v->public_key.at, sizeof(c->key)); /* Its length was checked. */
    c->signature_url = v->signature_url.at != NULL ? conf_arena_copy(c->arena, v->signature_url)
                                                   : conf_arena_format(c->arena, "%.*s.sig", SPAN_FMT(c->url));
}

/* ---- all of it ---- */

static void add_text(struct hash *h, struct span s)
{
    uint64_t bytes = s.len;

    hash_add(h, span_of(&bytes, sizeof(bytes)));
    hash_add(h, s);
}

static void digest(struct source_conf *c)
{
    uint64_t numbers[] = { c->type, c->interval_ns, c->timeout_ns, c->has_hook, c->has_key, c->prunes, c->reverts, c->hook, c->strips };
    const struct span texts[] = { c->name, c->url, c->signature_url, c->field_name, c->field_value, c->ca_pem, c->hook_secret,
                                  span_str(c->place), span_str(c->ref), span_str(c->path), span_of(c->key, sizeof(c->key)) };
    struct hash h;

    hash_init(&h);
    hash_add(&h, span_of(numbers, sizeof(numbers)));
    for (size_t i = 0; i < COUNT(texts); i++)
        add_text(&h, texts[i]);
    hash_end(&h, c->digest);
}

static bool fill(struct source_conf *c, struct conf_set *set, const struct conf_document *doc)
{
    const struct forge_source_spec *s = doc->spec;
    struct span token = SPAN_LIT("");
    bool is_good = read_secret(c, set, doc->mesh, s->credentials, true, &token);

    c->name = conf_arena_copy(c->arena, doc->name);
    c->type = (enum forge_source_type)s->type;
    c->ref = text_of(c, s->ref);
    c->path = text_of(c, s->path);
    c->place = text_of(c, s->type == FORGE_SOURCE_DIRECTORY ? s->directory : s->bare_repository);
    c->interval_ns = (uint64_t)s->interval_ns;
    c->timeout_ns = (uint64_t)s->timeout_ns;
    c->prunes = s->prune == 1;
    c->reverts = s->drift == FORGE_SOURCE_REVERT;
    if (s->archive != NULL) {
        fill_archive(c, s->archive);
        fill_token(c, s->archive, token);
        is_good &= read_secret(c, set, doc->mesh, s->archive->ca, false, &c->ca_pem);
    }
    fill_verify(c, s->verify);
    if (s->webhook != NULL) {
        c->has_hook = true;
        c->hook = (enum forge_source_hook)s->webhook->type;
        is_good &= read_secret(c, set, doc->mesh, s->webhook->secret, true, &c->hook_secret);
        if (is_good && c->hook_secret.len == 0) {
            diag_error(set->diag, node_place(s->webhook->node), "the webhook's secret is empty: anybody could call it");
            is_good = false;
        }
    }
    digest(c);
    return is_good && !c->arena->is_full;
}

/* NULL: memory is out. */
static struct source_conf *conf_open(struct conf_set *set, const struct conf_document *doc)
{
    struct conf_arena *arena = conf_arena_open(SOURCE_CONF_BYTES_MAX);
    struct source_conf *c = arena != NULL ? conf_arena_take(arena, sizeof(*c)) : NULL;

    if (c == NULL)
        return NULL;
    c->arena = arena;
    c->url = c->signature_url = c->field_name = c->field_value = c->ca_pem = c->hook_secret = SPAN_LIT("");
    c->is_broken = !fill(c, set, doc);
    return c;
}

static void log_problems(const struct diag *diag)
{
    for (uint32_t i = 0; i < diag->items_n; i++)
        log_error("%s:%u:%u: %s", diag->items[i].file, diag->items[i].line, diag->items[i].column, diag->items[i].text);
}

/* Names only: most configurations have none, and need no view. */
static bool are_any(struct keeper *k, struct conf_arena *arena)
{
    struct keeper_generation g;

    if (keeper_generation(k, 0, arena, &g) != WHY_OK)
        return false;
    for (uint32_t i = 0; i < g.records_n; i++)
        if (!g.documents[i].is_deleted && span_is(g.documents[i].name.type, SPAN_LIT("ForgeSource")))
            return true;
    return false;
}

static bool read_all(struct keeper *k, struct conf_arena *arena, struct diag *diag, struct source_conf **out, uint32_t *out_n)
{
    struct keeper_view view;
    struct conf_set set;

    if (keeper_view(k, 0, diag, &view) != WHY_OK)
        return false;
    set = *view.set;
    set.scratch = arena; /* What documents name is read into memory of ours, and told to us. */
    set.diag = diag;
    for (const struct conf_document *d = set.first[KIND_FORGE_SOURCE]; d != NULL && *out_n < SOURCES_MAX; d = d->next) {
        struct source_conf *c = kind_document_acts(d) ? conf_open(&set, d) : NULL;

        if (c != NULL)
            out[(*out_n)++] = c;
    }
    keeper_rest(k);
    return true;
}

bool source_conf_read_all(struct keeper *k, struct source_conf **out, uint32_t *out_n)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct diag *diag = memory_map(sizeof(*diag));
    bool is_read = arena != NULL && diag != NULL;

    *out_n = 0;
    if (is_read && are_any(k, arena)) {
        diag_init(diag);
        is_read = read_all(k, arena, diag, out, out_n);
        log_problems(diag);
    }
    conf_arena_close(arena);
    memory_unmap(diag, sizeof(*diag));
    return is_read;
}
