/* api_change.c - changes of many documents at once, and ways back.
 *
 * Layer:  admin.
 */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "admin/api_inside.h"
#include "base/limits.h"
#include "conf/conf_arena.h"
#include "proto/json_read.h"

static const char *name_of(enum keeper_verb verb)
{
    switch (verb) {
    case KEEPER_ADDED:   return "added";
    case KEEPER_CHANGED: return "changed";
    case KEEPER_REMOVED: return "removed";
    }
    return "";
}

void api_changes(struct json_write *j, const struct keeper_difference *all, uint32_t n)
{
    json_write_key(j, SPAN_LIT("changes"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < n; i++) {
        json_write_open(j, '{');
        json_write_member(j, "verb", span_str(name_of(all[i].verb)));
        json_write_member(j, "type", all[i].name.type);
        if (all[i].name.mesh.len > 0)
            json_write_member(j, "mesh", all[i].name.mesh);
        json_write_member(j, "name", all[i].name.name);
        json_write_member(j, "lines", all[i].lines);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void write_tests(struct json_write *j, const struct keeper_test *tests, uint32_t n)
{
    json_write_key(j, SPAN_LIT("tests"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < n; i++) {
        json_write_open(j, '{');
        json_write_member(j, "name", tests[i].name);
        json_write_member_bool(j, "passed", tests[i].has_passed);
        json_write_member(j, "detail", tests[i].sentence);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

/* What came of it; a change that is not live yet is answered when it is. */
static enum why answer_result(struct api_call *c, struct keeper_result *r)
{
    enum why why;

    if (r == NULL)
        return WHY_ARENA_FULL;
    if (r->why != WHY_OK) {
        why = api_refuse_result(c, r);
    } else {
        api_json(c, 200);
        json_write_member_u64(&c->json, "generation", r->generation);
        json_write_member_bool(&c->json, "dryRun", r->is_dry_run);
        json_write_member_bool(&c->json, "unchanged", r->is_unchanged);
        api_problems(&c->json, &r->diag);
        api_changes(&c->json, r->differences, r->differences_n);
        write_tests(&c->json, r->tests, r->tests_n);
        why = api_done(c);
        if (why == WHY_OK && !r->is_dry_run && !r->is_unchanged)
            api_owe(c, r->generation);
    }
    keeper_result_close(r);
    return why;
}

/* Who changes, and why: of the body, else of fields, else by the way they came. */
static const char *author_of(struct api_call *c, struct span said)
{
    if (said.len == 0)
        said = api_field(c, "x-forge-author");
    return said.len > 0 ? api_string(c, said) : c->call->is_tls ? "admin" : "local";
}

static const char *reason_of(struct api_call *c, struct span said)
{
    return api_string(c, said.len > 0 ? said : api_field(c, "x-forge-reason"));
}

/* A name for where documents come from; folders and repositories speak for themselves. false: refused. */
static bool read_source(struct api_call *c, struct span said, struct keeper_change *change, enum why *out_why)
{
    bool is_good = said.len <= 64 && !span_is(said, SPAN_LIT("dir")) && !span_starts(said, SPAN_LIT("git:"));

    for (size_t i = 0; i < said.len; i++)
        is_good = is_good && said.at[i] > ' ' && said.at[i] < 0x7f;
    if (!is_good) {
        *out_why = api_refuse_field(c, "source", "a source is a word of at most 64 characters, and neither `dir` nor `git:...`");
        return false;
    }
    change->source = said.len > 0 ? api_string(c, said) : "api";
    return true;
}

static bool read_files(struct api_call *c, struct yyjson_val *files, struct keeper_change *change)
{
    size_t n = yyjson_arr_size(files), i, max;
    struct keeper_text *texts = conf_arena_array(c->arena, n + 1, sizeof(*texts));
    yyjson_val *one;

    if (texts == NULL || n > KEEPER_CHANGE_TEXTS_MAX)
        return false;
    yyjson_arr_foreach(files, i, max, one) {
        struct span name = json_read_text(one, "name"), text = json_read_text(one, "text");

        if (!yyjson_is_str(yyjson_obj_get(one, "text")) || name.len > 1024)
            return false;
        texts[i] = (struct keeper_text){ .file = name.len > 0 ? api_string(c, name) : "document", .text = text };
    }
    change->texts = texts;
    change->texts_n = (uint32_t)n;
    return true;
}

static bool read_deletions(struct api_call *c, struct yyjson_val *list, struct keeper_change *change)
{
    size_t n = yyjson_arr_size(list), i, max;
    struct keeper_name *names = conf_arena_array(c->arena, n + 1, sizeof(*names));
    yyjson_val *one;

    if (names == NULL || n > CONF_DOCUMENTS_MAX)
        return false;
    yyjson_arr_foreach(list, i, max, one) {
        names[i] = (struct keeper_name){ json_read_text(one, "type"), json_read_text(one, "mesh"), json_read_text(one, "name") };
        if (names[i].type.len == 0 || names[i].name.len == 0)
            return false;
    }
    change->deletions = names;
    change->deletions_n = (uint32_t)n;
    return true;
}

static enum why apply_json(struct api_call *c)
{
    struct keeper_change change = { 0 };
    struct yyjson_val *root, *files, *deletions;
    enum why why = WHY_OK;

    if ((root = api_body(c, &why)) == NULL)
        return why;
    files = yyjson_obj_get(root, "files");
    deletions = yyjson_obj_get(root, "delete");
    if ((files != NULL && !yyjson_is_arr(files)) || !read_files(c, files, &change))
        return api_refuse_field(c, "files", "`files` is a list of at most 4096 objects {name, text}, each text YAML or JSON");
    if ((deletions != NULL && !yyjson_is_arr(deletions)) || !read_deletions(c, deletions, &change))
        return api_refuse_field(c, "delete", "`delete` is a list of objects {type, mesh, name}");
    change.replaces_source = json_read_is_true(root, "replace");
    if (change.texts_n + change.deletions_n == 0 && !change.replaces_source)
        return api_refuse_field(c, "files", "there is nothing to do: neither `files` nor `delete` has anything");
    if (!read_source(c, json_read_text(root, "source"), &change, &why))
        return why;
    change.is_dry_run = json_read_is_true(root, "dryRun");
    change.author = author_of(c, json_read_text(root, "author"));
    change.reason = reason_of(c, json_read_text(root, "reason"));
    change.expected_generation = json_read_u64(root, "expect");
    return answer_result(c, keeper_apply(c->api->keeper, &change));
}

static struct span query_text(struct api_call *c, const char *name)
{
    struct span text = SPAN_LIT("");

    return api_query(c, name, &text) ? text : SPAN_LIT("");
}

static enum why apply_text(struct api_call *c)
{
    const struct keeper_text text = { .file = "body", .text = c->call->body };
    struct keeper_change change = { .texts = &text, .texts_n = 1 };
    enum why why = WHY_OK;

    if (c->call->body.len == 0)
        return api_refuse_field(c, "", "the body is empty: it is YAML documents, or JSON {files: [{name, text}]} with its content type");
    if (!read_source(c, query_text(c, "source"), &change, &why) ||
        !api_query_u64(c, "expect", 0, UINT64_MAX, &change.expected_generation, &why))
        return why;
    change.replaces_source = api_query_is_true(c, "replace");
    change.is_dry_run = api_query_is_true(c, "dryRun");
    change.author = author_of(c, query_text(c, "author"));
    change.reason = reason_of(c, query_text(c, "reason"));
    return answer_result(c, keeper_apply(c->api->keeper, &change));
}

enum why api_apply(struct api_call *c)
{
    struct span type = api_field(c, "content-type");

    return span_starts(type, SPAN_LIT("application/json")) ? apply_json(c) : apply_text(c);
}

enum why api_rollback(struct api_call *c)
{
    enum why why = WHY_OK;
    struct yyjson_val *root = api_body(c, &why);

    if (root == NULL)
        return why;
    uint64_t generation = json_read_u64(root, "generation");
    if (generation == 0)
        return api_refuse_field(c, "generation", "`generation` is the number of an earlier one; /forge/generations lists them");
    return answer_result(c, keeper_rollback(c->api->keeper, generation, author_of(c, json_read_text(root, "author")),
                                            reason_of(c, json_read_text(root, "reason")), json_read_u64(root, "expect"),
                                            json_read_is_true(root, "dryRun")));
}

enum why api_pin(struct api_call *c)
{
    uint64_t generation;

    if (!span_to_u64(c->params[0], &generation))
        return api_refuse(c, 404, why_name(WHY_KEEPER_UNKNOWN), "Not found", why_sentence(WHY_KEEPER_UNKNOWN));
    bool is_pinned = !api_query_is_true(c, "off");
    enum why why = keeper_pin(c->api->keeper, generation, is_pinned);
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    api_json(c, 200);
    json_write_member_u64(&c->json, "generation", generation);
    json_write_member_bool(&c->json, "pinned", is_pinned);
    return api_done(c);
}
