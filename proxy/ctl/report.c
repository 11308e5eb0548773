/* report.c - see report.h. */
#include "ctl/report.h"

#include <string.h>
#include <unistd.h>

#include "conf/diag.h"
#include "ctl/ctl.h"
#include "proto/json_write.h"

void report_text(struct ctl *ctl, const struct diag *diag)
{
    ctl_flush(ctl);
    diag_print(diag, STDERR_FILENO);
}

static const char *level_name(const struct diag_item *item)
{
    return item->level == DIAG_ERROR ? "error" : "warning";
}

void report_json(const struct diag *diag, uint32_t documents_n, struct text_write *out)
{
    struct json_write j;

    json_write_init(&j, out);
    json_write_open(&j, '{');
    json_write_member_u64(&j, "documents", documents_n);
    json_write_member_u64(&j, "errors", diag->errors_n);
    json_write_member_u64(&j, "warnings", diag->warnings_n);
    json_write_key(&j, SPAN_LIT("problems"));
    json_write_open(&j, '[');
    for (uint32_t i = 0; i < diag->items_n; i++) {
        const struct diag_item *item = &diag->items[i];

        json_write_open(&j, '{');
        json_write_member(&j, "level", span_str(level_name(item)));
        json_write_member(&j, "file", span_str(item->file));
        json_write_member_u64(&j, "line", item->line);
        json_write_member_u64(&j, "column", item->column);
        json_write_member(&j, "text", span_str(item->text));
        json_write_close(&j, '}');
    }
    json_write_close(&j, ']');
    json_write_close(&j, '}');
    text_write_byte(out, '\n');
}

/* ---- SARIF ---- */

/* A path as a relative reference (RFC 3986): everything but letters, digits and -._~/ as %XX. */
static struct span uri_of(const char *path, char *out, size_t bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;

    for (; *path != 0 && at + 4 < bytes; path++) {
        uint8_t c = (uint8_t)*path;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c) != NULL) {
            out[at++] = (char)c;
        } else {
            out[at++] = '%';
            out[at++] = digits[c >> 4];
            out[at++] = digits[c & 15];
        }
    }
    return span_of(out, at);
}

static void sarif_rules(struct json_write *j)
{
    static const struct { const char *id, *text; } rules[] = {
        { "document-error", "A document that the gateway refuses: nothing of the change is applied." },
        { "document-warning", "A document that the gateway takes, and that probably says something else than was meant." },
    };

    json_write_key(j, SPAN_LIT("rules"));
    json_write_open(j, '[');
    for (unsigned i = 0; i < COUNT(rules); i++) {
        json_write_open(j, '{');
        json_write_member(j, "id", span_str(rules[i].id));
        json_write_key(j, SPAN_LIT("shortDescription"));
        json_write_open(j, '{');
        json_write_member(j, "text", span_str(rules[i].text));
        json_write_close(j, '}');
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void sarif_place(struct json_write *j, const struct diag_item *item)
{
    char uri[3 * DIAG_FILE_BYTES_MAX + 1];

    json_write_key(j, SPAN_LIT("locations"));
    json_write_open(j, '[');
    if (item->file[0] != 0) {
        json_write_open(j, '{');
        json_write_key(j, SPAN_LIT("physicalLocation"));
        json_write_open(j, '{');
        json_write_key(j, SPAN_LIT("artifactLocation"));
        json_write_open(j, '{');
        json_write_member(j, "uri", uri_of(item->file, uri, sizeof(uri)));
        json_write_close(j, '}');
        if (item->line > 0) {
            json_write_key(j, SPAN_LIT("region"));
            json_write_open(j, '{');
            json_write_member_u64(j, "startLine", item->line);
            if (item->column > 0)
                json_write_member_u64(j, "startColumn", item->column);
            json_write_close(j, '}');
        }
        json_write_close(j, '}');
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void sarif_result(struct json_write *j, const struct diag_item *item)
{
    bool is_error = item->level == DIAG_ERROR;

    json_write_open(j, '{');
    json_write_member(j, "ruleId", is_error ? SPAN_LIT("document-error") : SPAN_LIT("document-warning"));
    json_write_member_u64(j, "ruleIndex", is_error ? 0 : 1);
    json_write_member(j, "level", span_str(level_name(item)));
    json_write_key(j, SPAN_LIT("message"));
    json_write_open(j, '{');
    json_write_member(j, "text", span_str(item->text));
    json_write_close(j, '}');
    sarif_place(j, item);
    json_write_close(j, '}');
}

void report_sarif(const struct diag *diag, struct text_write *out)
{
    struct json_write j;

    json_write_init(&j, out);
    json_write_open(&j, '{');
    json_write_member(&j, "$schema", SPAN_LIT("https://json.schemastore.org/sarif-2.1.0.json"));
    json_write_member(&j, "version", SPAN_LIT("2.1.0"));
    json_write_key(&j, SPAN_LIT("runs"));
    json_write_open(&j, '[');
    json_write_open(&j, '{');
    json_write_key(&j, SPAN_LIT("tool"));
    json_write_open(&j, '{');
    json_write_key(&j, SPAN_LIT("driver"));
    json_write_open(&j, '{');
    json_write_member(&j, "name", SPAN_LIT("forgectl"));
    json_write_member(&j, "version", SPAN_LIT(FORGE_VERSION));
    sarif_rules(&j);
    json_write_close(&j, '}');
    json_write_close(&j, '}');
    json_write_key(&j, SPAN_LIT("results"));
    json_write_open(&j, '[');
    for (uint32_t i = 0; i < diag->items_n; i++)
        sarif_result(&j, &diag->items[i]);
    json_write_close(&j, ']');
    json_write_close(&j, '}');
    json_write_close(&j, ']');
    json_write_close(&j, '}');
    text_write_byte(out, '\n');
}
