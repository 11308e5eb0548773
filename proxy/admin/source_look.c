/* source_look.c - one look at a source: the archive, its signature, the folder, or what git says.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include <stdio.h>

#include "admin/source_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/shard.h"
#include "conf/conf_arena.h"

/* ---- trees ---- */

static void take_archive(struct source *s, struct span archive, bool strips)
{
    struct source_tree *tree = source_tree_open();
    char error[400] = "";
    enum why why;

    if (tree == NULL) {
        source_fail(s, WHY_IO_NO_MEMORY, "there is no memory for its files");
        return;
    }
    why = source_tree_read_archive(tree, archive, s->conf->path, strips, error, sizeof(error));
    if (why == WHY_OK && s->conf->type == FORGE_SOURCE_BARE_REPOSITORY) {
        snprintf(tree->revision, sizeof(tree->revision), "%.64s", s->commit[0]);
        tree->author = (const char *)conf_arena_format(tree->arena, "%s", s->commit[1]).at;
        tree->reason = (const char *)conf_arena_format(tree->arena, "%s", s->commit[2]).at;
    }
    if (why == WHY_OK) {
        source_take(s, tree);
    } else {
        source_tree_close(tree);
        source_fail(s, why, "%s", error);
    }
}

static void look_at_directory(struct source *s)
{
    struct source_tree *tree = source_tree_open();
    char error[400] = "";
    enum why why;

    if (tree == NULL) {
        source_fail(s, WHY_IO_NO_MEMORY, "there is no memory for its files");
        return;
    }
    why = source_tree_read_dir(tree, s->conf->place, s->conf->path, error, sizeof(error));
    if (why == WHY_OK) {
        source_take(s, tree);
    } else {
        source_tree_close(tree);
        source_fail(s, why, "%s", error);
    }
}

/* ---- archives ---- */

static void fetch_of(struct source *s, struct span url, uint32_t bytes_max, void (*on_done)(void *, const struct fetch_result *))
{
    struct fetch_request r = {
        .method = METHOD_GET, .url = url, .fields = s->fields, .timeout_ns = s->conf->timeout_ns, .body_bytes_max = bytes_max,
        .redirects_max = SOURCE_REDIRECTS_MAX, .ca_pem = s->conf->ca_pem, .on_done = on_done, .owner = s,
    };

    if (s->conf->field_name.len > 0)
        s->fields[r.fields_n++] = (struct fetch_field){ s->conf->field_name, s->conf->field_value, true };
    if (s->etag[0] != 0 && s->state == SOURCE_AWAIT_ARCHIVE)
        s->fields[r.fields_n++] = (struct fetch_field){ SPAN_LIT("if-none-match"), span_str(s->etag), false };
    s->fetch = fetch_start(s->table->fetches, &r);
    if (s->fetch == NULL)
        source_fail(s, WHY_POOL_EXCHANGE_EMPTY, "too many things are being fetched at the same time");
}

/* An answer that is none of what was asked for. */
static void tell_status(struct source *s, const struct fetch_result *r)
{
    const char *hint = r->status == 401 || r->status == 403 ? ": correct `credentials`"
                       : r->status == 404                   ? ": correct repository, `ref` or url; Git hosts say so of private ones, too, "
                                                              "when `credentials` are missing"
                       : r->status == 429 || r->status >= 500 ? ": it will be asked again" : "";

    source_fail(s, WHY_SOURCE_STATUS, "%.*s answers %u%s", SPAN_FMT(r->url), r->status, hint);
}

static void free_archive(struct source *s)
{
    if (s->archive != NULL)
        memory_unmap(s->archive, s->archive_bytes);
    s->archive = NULL;
}

static void on_signature(void *owner, const struct fetch_result *r)
{
    struct source *s = owner;
    uint8_t signature[SIGNATURE_BYTES];
    struct span archive = span_of(s->archive, s->archive_bytes);

    s->fetch = NULL;
    if (r->why != WHY_OK)
        source_fail(s, r->why, "%.*s: %s", SPAN_FMT(r->url), r->sentence[0] != 0 ? r->sentence : why_sentence(r->why));
    else if (r->status != 200 || !signature_read(r->body, signature))
        source_fail(s, WHY_SOURCE_SIGNATURE, "%.*s answers %u, and not with a signature of 64 bytes or their base64: sign the archive with "
                    "`openssl pkeyutl -sign -rawin`", SPAN_FMT(r->url), r->status);
    else if (!signature_is_good(s->conf->key, archive, signature))
        source_fail(s, WHY_SOURCE_SIGNATURE, "the archive was not signed with the private half of `verify.publicKey`, or was changed after "
                    "it was signed");
    else
        take_archive(s, archive, s->conf->strips);
    free_archive(s);
}

static void fetch_signature(struct source *s, struct span archive)
{
    s->archive_bytes = (uint32_t)archive.len;
    s->archive = memory_map(archive.len > 0 ? archive.len : 1);
    if (s->archive == NULL) {
        source_fail(s, WHY_IO_NO_MEMORY, "there is no memory for the archive");
        return;
    }
    if (archive.len > 0)
        memcpy(s->archive, archive.at, archive.len);
    s->state = SOURCE_AWAIT_SIGNATURE;
    fetch_of(s, s->conf->signature_url, 4096, on_signature);
}

static void on_archive(void *owner, const struct fetch_result *r)
{
    struct source *s = owner;
    const struct field *etag;

    s->fetch = NULL;
    if (r->why != WHY_OK) {
        source_fail(s, r->why, "%.*s: %s", SPAN_FMT(r->url), r->sentence[0] != 0 ? r->sentence : why_sentence(r->why));
        return;
    }
    if (r->status == 304) {
        source_take(s, NULL);
        return;
    }
    if (r->status != 200) {
        tell_status(s, r);
        return;
    }
    etag = head_find_name(r->head, SPAN_LIT("etag"));
    s->next_etag[0] = 0;
    if (etag != NULL && etag->value.len < sizeof(s->next_etag))
        snprintf(s->next_etag, sizeof(s->next_etag), "%.*s", SPAN_FMT(etag->value));
    if (s->conf->has_key)
        fetch_signature(s, r->body);
    else
        take_archive(s, r->body, s->conf->strips);
}

/* ---- repositories ---- */

static struct handle child_handle(struct source *s)
{
    struct pool *pool = &s->table->pool;

    return handle_of(HANDLE_CHILD, pool_slot(pool, s), pool_generation(pool, s));
}

static void run_git(struct source *s, enum source_state state, const char *const *argv)
{
    char error[400] = "";

    if (!child_start(&s->child, s->table->ring, child_handle(s), argv, error, sizeof(error))) {
        source_fail(s, WHY_SOURCE_GIT, "%s", error);
        return;
    }
    s->state = state;
    s->is_in_time = true;
    wheel_arm(&s->table->shard->wheel, &s->timer, s->table->shard->now_ns + s->conf->timeout_ns);
}

static void ask_git_for_commit(struct source *s)
{
    const char *const argv[] = { "git", "--git-dir", s->conf->place, "log", "-1", "--format=%H%n%an <%ae>%n%s", s->conf->ref, "--", NULL };

    run_git(s, SOURCE_AWAIT_LOG, argv);
}

static void ask_git_for_tree(struct source *s)
{
    const char *const argv[] = { "git", "--git-dir", s->conf->place, "archive", "--format=tar", s->commit[0], NULL };

    run_git(s, SOURCE_AWAIT_TREE, argv);
}

/* Commit, author, subject: a line each. */
static void on_log(struct source *s, struct span out)
{
    struct span line = SPAN_LIT("");

    for (int i = 0; i < 3; i++) {
        if (!span_next(&out, '\n', &line))
            line = SPAN_LIT("");
        snprintf(s->commit[i], sizeof(s->commit[i]), "%.*s", (int)(line.len < 255 ? line.len : 255), (const char *)line.at);
    }
    if (s->commit[0][0] == 0)
        source_fail(s, WHY_SOURCE_GIT, "%s has no commit `%s`: correct `ref`", s->conf->place, s->conf->ref);
    else if (s->tree != NULL && strcmp(s->commit[0], s->tree->revision) == 0)
        source_take(s, NULL);
    else
        ask_git_for_tree(s);
}

void source_on_child(struct source *s)
{
    enum source_state state = s->state;
    char error[400] = "";
    struct span out;
    bool is_good = child_end(&s->child, &out, error, sizeof(error));

    wheel_cancel(&s->table->shard->wheel, &s->timer);
    if (s->conf == NULL || s->is_stale) {
        if (s->conf != NULL)
            source_plan(s);
        s->is_stale = false;
        child_free(out);
        return;
    }
    if (!s->is_in_time)
        source_fail(s, WHY_SOURCE_GIT, "git did not answer within `timeout`, %llu s: is %s on a disk that hangs?",
                    (unsigned long long)(s->conf->timeout_ns / NS_PER_S), s->conf->place);
    else if (!is_good)
        source_fail(s, WHY_SOURCE_GIT, "git cannot read `%s` of %s: %s", s->conf->ref, s->conf->place, error);
    else if (state == SOURCE_AWAIT_LOG)
        on_log(s, out);
    else
        take_archive(s, out, false);
    child_free(out);
}

void source_look(struct source *s)
{
    MUST(s->state == SOURCE_IDLE && s->fetch == NULL && s->child.pid == 0);
    s->looks_n++;
    s->looked_ns = s->table->shard->wall_ns;
    switch (s->conf->type) {
    case FORGE_SOURCE_ARCHIVE:
        s->state = SOURCE_AWAIT_ARCHIVE;
        fetch_of(s, s->conf->url, SOURCE_ARCHIVE_BYTES_MAX, on_archive);
        return;
    case FORGE_SOURCE_DIRECTORY:
        look_at_directory(s);
        return;
    case FORGE_SOURCE_BARE_REPOSITORY:
        ask_git_for_commit(s);
        return;
    }
    must_not_reach("source_look: unlisted type");
}
