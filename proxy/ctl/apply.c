/* apply.c - see apply.h. */
#include "ctl/apply.h"

#include <string.h>

#include "base/limits.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/files.h"
#include "ctl/report.h"
#include "proto/json_write.h"

static struct span write_change(struct ctl *ctl, const struct files *files, bool is_dry_run)
{
    size_t bytes = 4096;
    struct text_write out;
    struct json_write j;
    char *memory;

    for (uint32_t i = 0; i < files->n; i++)
        bytes += 6 * (files->items[i].text.len + strlen(files->items[i].name)) + 64; /* \u00XX is the longest a byte becomes. */
    if (!api_body_open(ctl, bytes, &out, &memory))
        return SPAN_NONE;
    json_write_init(&j, &out);
    json_write_open(&j, '{');
    json_write_key(&j, SPAN_LIT("files"));
    json_write_open(&j, '[');
    for (uint32_t i = 0; i < files->n; i++) {
        json_write_open(&j, '{');
        json_write_member(&j, "name", span_str(files->items[i].name));
        json_write_member(&j, "text", files->items[i].text);
        json_write_close(&j, '}');
    }
    json_write_close(&j, ']');
    api_write_author(ctl, &j);
    if (is_dry_run)
        json_write_member_bool(&j, "dryRun", true);
    if (ctl_has(ctl, FLAG_SOURCE) || ctl_has(ctl, FLAG_PRUNE))
        json_write_member(&j, "source", span_str(ctl_text(ctl, FLAG_SOURCE)));
    if (ctl_has(ctl, FLAG_PRUNE))
        json_write_member_bool(&j, "replace", true);
    json_write_close(&j, '}');
    return api_body_close(&out, memory);
}

enum command_exit apply_body(struct ctl *ctl, bool is_dry_run, struct span *out)
{
    struct files files;

    if (!ctl_has(ctl, FLAG_FILE)) {
        ctl_say(ctl, "apply what? Write -f DIR, -f FILE or -f -");
        return EXIT_WRONG_USE;
    }
    if (!files_read(ctl, &files)) {
        report_text(ctl, &ctl->diag);
        return EXIT_REFUSED;
    }
    *out = write_change(ctl, &files, is_dry_run);
    if (out->len > SERVICE_BODY_BYTES_MAX) {
        ctl_say(ctl, "these files are more than the %u MiB that one change may have: apply them in several", SERVICE_BODY_BYTES_MAX >> 20);
        return EXIT_REFUSED;
    }
    return EXIT_FINE;
}

enum command_exit apply_command(struct ctl *ctl)
{
    struct span body;
    enum command_exit code = apply_body(ctl, ctl_has(ctl, FLAG_DRY_RUN), &body);

    return code == EXIT_FINE ? change_post(ctl, SPAN_LIT("/forge/apply"), body) : code;
}
