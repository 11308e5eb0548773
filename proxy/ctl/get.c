/* get.c - see get.h. */
#include "ctl/get.h"

#include <string.h>

#include "conf/conf_arena.h"
#include "conf/kind.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/resource.h"
#include "ctl/table.h"

/* Has it all labels that -l asks for. */
static bool fits(struct ctl *ctl, struct yyjson_val *doc)
{
    struct yyjson_val *labels = json_member(doc, "labels");
    const char *wanted;
    uint32_t at = 0;

    while ((wanted = arguments_next(&ctl->arguments, FLAG_LABEL, &at)) != NULL) {
        struct span text = span_str(wanted);
        size_t equals = span_find(text, '=');
        struct span key = conf_arena_copy(ctl->arena, span_of(text.at, equals));
        struct yyjson_val *label = key.at != NULL ? json_member(labels, (const char *)key.at) : NULL;

        if (label == NULL || (equals < text.len && !span_is(json_text(label), span_from(text, equals + 1))))
            return false;
    }
    return true;
}

struct listing {
    struct table table;
    uint32_t     n;         /* that fit */
    const char  *between;   /* of documents in YAML or JSON */
};

static struct span time_of(struct yyjson_val *doc, const char *member)
{
    struct span time = json_member_text(doc, member);

    return time.len >= 19 ? span_of(time.at, 19) : time;
}

static void list_one(struct ctl *ctl, struct listing *l, struct yyjson_val *doc)
{
    struct table_row *row;

    if (!fits(ctl, doc))
        return;
    l->n++;
    if (ctl_output_is(ctl, "yaml") || ctl_output_is(ctl, "json")) {
        ctl_print(ctl, "%s", l->between);
        api_print_raw(ctl, doc);
        l->between = ctl_output_is(ctl, "yaml") ? "---\n" : ",\n";
    } else if (ctl_output_is(ctl, "name")) {
        ctl_print_safe(ctl, json_member_text(doc, "type"));
        ctl_print(ctl, "/");
        ctl_print_safe(ctl, json_member_text(doc, "name"));
        ctl_print(ctl, "\n");
    } else if ((row = table_add(ctl, &l->table)) != NULL) {
        row->cells[0] = json_member_text(doc, "type");
        row->cells[1] = json_member_text(doc, "mesh");
        row->cells[2] = json_member_text(doc, "name");
        row->cells[3] = time_of(doc, "modificationTime");
    }
}

static struct span target_of(struct ctl *ctl, const struct kind *kind, const char *name, const char *offset)
{
    const char *mesh = ctl_text(ctl, FLAG_MESH);

    if (name != NULL)
        return kind->is_global ? api_target(ctl, "/%s/%s", kind->plural, name)
                               : api_target(ctl, "/meshes/%s/%s/%s", mesh, kind->plural, name);
    return kind->is_global ? api_target(ctl, "/%s?size=1000&offset=%s", kind->plural, offset)
                           : api_target(ctl, "/meshes/%s/%s?size=1000&offset=%s", mesh, kind->plural, offset);
}

/* All pages of a kind. */
static enum command_exit list_kind(struct ctl *ctl, struct listing *l, const struct kind *kind)
{
    enum command_exit code = EXIT_FINE;
    uint32_t seen_n = 0, total = 1;

    while (code == EXIT_FINE && seen_n < total) {
        struct span offset = conf_arena_format(ctl->arena, "%u", seen_n);
        struct api_answer answer;
        struct yyjson_val *items;

        code = api_get(ctl, target_of(ctl, kind, NULL, (const char *)offset.at), &answer);
        if (code != EXIT_FINE)
            return code;
        items = json_member(answer.json, "items");
        total = (uint32_t)json_member_number(answer.json, "total");
        for (uint32_t i = 0; i < json_items_n(items); i++)
            list_one(ctl, l, json_item(items, i));
        if (json_items_n(items) == 0)
            break;
        seen_n += json_items_n(items);
    }
    return code;
}

static enum command_exit list_words(struct ctl *ctl, struct listing *l)
{
    const struct kind *kind = NULL;
    enum command_exit code = EXIT_FINE;

    for (uint32_t i = 0; i < ctl->arguments.words_n && code == EXIT_FINE; i++) {
        struct span word = span_str(ctl->arguments.words[i]), type, name;
        struct api_answer answer;

        resource_cut(word, &type, &name);
        if (i > 0 && name.len == 0) {
            name = word;
        } else {
            kind = resource_kind(ctl, type);
            if (kind == NULL)
                return EXIT_WRONG_USE;
        }
        if (name.len == 0 && ctl->arguments.words_n == 1)
            return list_kind(ctl, l, kind);
        if (name.len == 0)
            continue;
        code = api_get(ctl, target_of(ctl, kind, (const char *)name.at, NULL), &answer);
        if (code == EXIT_FINE)
            list_one(ctl, l, answer.json);
    }
    return code;
}

enum command_exit get_command(struct ctl *ctl)
{
    static const char *const titles[] = { "KIND", "MESH", "NAME", "CHANGED (UTC)", NULL };
    bool is_all = strcmp(ctl->arguments.words[0], "all") == 0, is_many = is_all || ctl->arguments.words_n != 2;
    bool is_list = ctl_output_is(ctl, "json") && is_many;
    struct listing l = { .between = "" };
    enum command_exit code = EXIT_FINE;

    table_init(&l.table, titles);
    if (is_list)
        ctl_print(ctl, "[\n");
    if (!is_all)
        code = list_words(ctl, &l);
    for (unsigned i = 0; is_all && i < KIND_N && code == EXIT_FINE; i++)
        code = list_kind(ctl, &l, kind_list[i]);
    if (code != EXIT_FINE) {
        ctl_forget(ctl); /* Half of an answer is none. */
        return code;
    }
    if (is_list)
        ctl_print(ctl, "]\n");
    if (ctl_output_is(ctl, "table"))
        table_print(ctl, &l.table);
    if (l.n == 0 && !is_list && !ctl_output_is(ctl, "name") && ctl->is_terminal)
        ctl_say(ctl, "there is none");
    return EXIT_FINE;
}
