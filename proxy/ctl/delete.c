/* delete.c - see delete.h. */
#include "ctl/delete.h"

#include "conf/kind.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/offline.h"
#include "ctl/report.h"
#include "ctl/resource.h"
#include "proto/json_write.h"

static void write_name(struct json_write *j, const struct kind *kind, struct span mesh, struct span name)
{
    json_write_open(j, '{');
    json_write_member(j, "type", span_str(kind->type));
    if (!kind->is_global)
        json_write_member(j, "mesh", mesh);
    json_write_member(j, "name", name);
    json_write_close(j, '}');
}

/* "KIND NAME..." or "KIND/NAME...". false: told. */
static bool write_words(struct ctl *ctl, struct json_write *j)
{
    struct span mesh = span_str(ctl_text(ctl, FLAG_MESH)), type, name;
    const struct kind *kind = NULL;

    for (uint32_t i = 0; i < ctl->arguments.words_n; i++) {
        struct span word = span_str(ctl->arguments.words[i]);

        resource_cut(word, &type, &name);
        if (i == 0 || name.len > 0) {
            kind = resource_kind(ctl, type);
            if (kind == NULL)
                return false;
            if (name.len == 0)
                continue;
        } else {
            name = word;
        }
        write_name(j, kind, mesh, name);
    }
    resource_cut(span_str(ctl->arguments.words[0]), &type, &name);
    if (ctl->arguments.words_n == 1 && name.len == 0) {
        ctl_say(ctl, "delete which of them? `forgectl delete %s NAME...`; `forgectl get %s` lists the names", ctl->arguments.words[0],
                ctl->arguments.words[0]);
        return false;
    }
    return true;
}

/* What files call by name; whether the rest of them is right does not matter. */
static bool write_files(struct ctl *ctl, struct json_write *j)
{
    struct offline o;
    bool is_good = offline_open(ctl, &o) && offline_next(&o, NULL) != NULL;

    for (const struct conf_document *d = is_good ? offline_next(&o, NULL) : NULL; d != NULL; d = offline_next(&o, d))
        write_name(j, d->kind, d->mesh, d->name);
    if (!is_good) {
        report_text(ctl, &ctl->diag);
        ctl_say(ctl, "these files name no document");
    }
    offline_close(&o);
    return is_good;
}

enum command_exit delete_command(struct ctl *ctl)
{
    bool has_files = ctl_has(ctl, FLAG_FILE);
    struct text_write out;
    struct json_write j;
    char *memory;

    if (has_files == (ctl->arguments.words_n > 0)) {
        ctl_say(ctl, "delete what? `forgectl delete KIND NAME...`, or -f with files that name the documents");
        return EXIT_WRONG_USE;
    }
    if (!api_body_open(ctl, (size_t)1 << 26, &out, &memory))
        return EXIT_REFUSED;
    json_write_init(&j, &out);
    json_write_open(&j, '{');
    json_write_key(&j, SPAN_LIT("delete"));
    json_write_open(&j, '[');
    if (!(has_files ? write_files(ctl, &j) : write_words(ctl, &j)))
        return EXIT_WRONG_USE;
    json_write_close(&j, ']');
    api_write_author(ctl, &j);
    if (ctl_has(ctl, FLAG_DRY_RUN))
        json_write_member_bool(&j, "dryRun", true);
    json_write_close(&j, '}');
    return change_post(ctl, SPAN_LIT("/forge/apply"), api_body_close(&out, memory));
}
