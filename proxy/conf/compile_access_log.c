/* compile_access_log.c - what ForgeAccessLog or MeshAccessLogs say -> the one access log that there is.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "base/must.h"
#include "conf/compile.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/effective.h"
#include "conf/kind_forge_policies.h"
#include "conf/kind_mesh_access_log.h"
#include "proto/json_write.h"

enum { ESCAPED_BYTES_MAX = 6 }; /* Of one byte: \u0000. */

static bool compile_own(struct compile *c, const struct conf_document *doc)
{
    struct access_log *log = &c->snapshot->access_log;
    const struct access_log_spec *spec = doc->spec;

    log->is_on = true;
    log->is_json = spec->format == NULL || spec->format->type == ACCESS_LOG_JSON;
    log->mesh = conf_arena_copy(c->arena, doc->mesh);
    log->path = spec->path.at != NULL ? conf_arena_copy(c->arena, spec->path) : SPAN_LIT("");
    log->format = spec->format != NULL && spec->format->plain.at != NULL ? conf_arena_copy(c->arena, spec->format->plain)
                                                                         : SPAN_LIT("");
    return log->path.at != NULL && log->format.at != NULL && log->mesh.at != NULL;
}

/* Values that JSON has as numbers: one operator, and nothing beside it. */
static bool is_number(struct span value)
{
    static const char *const operators[] = {
        "%RESPONSE_CODE%", "%BYTES_RECEIVED%", "%BYTES_SENT%", "%DURATION%", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "%DOWNSTREAM_REMOTE_PORT%",
    };

    for (size_t i = 0; i < COUNT(operators); i++)
        if (span_is(value, span_str(operators[i])))
            return true;
    return false;
}

/* Keys and values with the marks of snapshot.h between them. SPAN_NONE: the arena is full. */
static struct span write_fields(struct compile *c, const struct list *list)
{
    const struct log_pair *pairs = list->items;
    size_t bytes = 2;
    char *text, *at, *end;

    for (uint32_t i = 0; i < list->n; i++)
        bytes += (pairs[i].key.len + pairs[i].value.len) * ESCAPED_BYTES_MAX + 8;
    text = at = conf_arena_take(c->arena, bytes);
    if (text == NULL)
        return SPAN_NONE;
    end = text + bytes;
    for (uint32_t i = 0; i < list->n; i++) {
        *at++ = ACCESS_MARK_FIELD;
        *at++ = '"';
        at = json_write_escape(at, end, pairs[i].key);
        MUST(at != NULL); /* There is room for the longest. */
        *at++ = '"';
        *at++ = is_number(pairs[i].value) ? ACCESS_MARK_NUMBER : ACCESS_MARK_TEXT;
        at = json_write_escape(at, end, pairs[i].value);
        MUST(at != NULL);
    }
    *at++ = ACCESS_MARK_END;
    return span_of(text, (size_t)(at - text));
}

static bool compile_backend(struct compile *c, struct span mesh, const struct log_file *file)
{
    struct access_log *log = &c->snapshot->access_log;
    const struct log_format *format = file->format;

    log->is_on = true;
    log->is_json = log->has_fields = format != NULL && format->type == LOG_JSON;
    log->omits_empty = format != NULL && format->omit_empty_values == 1;
    log->mesh = conf_arena_copy(c->arena, mesh);
    log->path = conf_arena_copy(c->arena, file->path);
    log->format = format == NULL     ? SPAN_LIT("")
                  : log->has_fields ? write_fields(c, &format->json)
                                    : conf_arena_copy(c->arena, format->plain);
    return log->mesh.at != NULL && log->path.at != NULL && log->format.at != NULL;
}

/* What is logged of requests that come in by this listener: what `to` says, else `rules`. false: memory is out. */
static bool find_backends(struct compile *c, const struct listener_plan *l, const struct list **out)
{
    struct effective_subject subject = { .about = EFFECTIVE_LISTENER, .mesh = l->doc->mesh, .gateway = l->doc, .listener = l->spec };
    const struct effective *to = effective_find(c->effective, KIND_MESH_ACCESS_LOG, &subject);
    const struct effective_rules *rules = effective_find_rules(c->effective, KIND_MESH_ACCESS_LOG, &subject);
    const struct mesh_log_conf *conf;

    if (to == NULL || rules == NULL)
        return false;
    conf = to->conf != NULL ? to->conf : rules->base.conf;
    *out = conf != NULL ? &conf->backends : NULL;
    return true;
}

/* Merging may copy a list, never its place. */
static bool is_same(const struct node *a, const struct node *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->file == b->file && a->line == b->line && a->column == b->column;
}

static const struct node *node_of(const struct list *backends)
{
    return backends != NULL ? backends->node : NULL;
}

static bool compile_policies_of_kuma(struct compile *c)
{
    const struct list *backends = NULL, *others;

    for (uint32_t i = 0; i < c->listeners_n; i++) {
        if (!find_backends(c, &c->listeners[i], &others))
            return false;
        if (i > 0 && !is_same(node_of(others), node_of(backends))) {
            diag_error(c->set->diag, node_place(node_of(others) != NULL ? node_of(others) : node_of(backends)), "this is the access "
                       "log of some listeners, which is understood but not enforced by this version: there is one for all of "
                       "them, so write `targetRef: {kind: Mesh}`");
            return true;
        }
        backends = others;
    }
    if (backends == NULL || backends->n == 0)
        return true;
    if (backends->n > 1) {
        diag_error(c->set->diag, node_place(backends->node), "%u `backends` are understood but not enforced by this version: keep "
                   "the one file that records go to", backends->n);
        return true;
    }
    /* Another type was told by its table. */
    const struct log_file *file = ((const struct log_backend *)backends->items)->file;
    return file == NULL || compile_backend(c, c->listeners[0].doc->mesh, file);
}

bool compile_access_log(struct compile *c)
{
    const struct conf_document *own = NULL;

    for (const struct conf_document *doc = c->set->first[KIND_FORGE_ACCESS_LOG]; doc != NULL; doc = doc->next) {
        if (!kind_document_acts(doc))
            continue;
        if (own != NULL)
            diag_error(c->set->diag, doc->place, "there is one access log, and %s line %u describes it: take one of them out",
                       own->place.file, own->place.line);
        else
            own = doc;
    }
    for (const struct conf_document *doc = c->set->first[KIND_MESH_ACCESS_LOG]; doc != NULL && own != NULL; doc = doc->next)
        if (kind_document_acts(doc))
            diag_error(c->set->diag, doc->place, "there is one access log, and the ForgeAccessLog in %s line %u describes it: take "
                       "one of them out", own->place.file, own->place.line);
    return own != NULL ? compile_own(c, own) : compile_policies_of_kuma(c);
}
