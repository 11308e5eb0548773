/* api.c - see api.h. */
#include "ctl/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_arena.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/report.h"
#include "proto/json_write.h"

/* ---- questions ---- */

static void write_escaped(struct text_write *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text != 0; text++) {
        uint8_t c = (uint8_t)*text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL) {
            text_write_byte(out, (char)c);
        } else {
            text_write_byte(out, '%');
            text_write_byte(out, digits[c >> 4]);
            text_write_byte(out, digits[c & 15]);
        }
    }
}

struct span api_target(struct ctl *ctl, const char *format, ...)
{
    enum { TARGET_BYTES = 8192 };
    char *memory = conf_arena_take(ctl->arena, TARGET_BYTES);
    struct text_write out;
    va_list args;

    if (memory == NULL)
        return SPAN_NONE;
    text_write_init(&out, memory, TARGET_BYTES);
    va_start(args, format);
    for (const char *at = format; *at != 0; at++) {
        if (at[0] == '%' && at[1] == 's') {
            write_escaped(&out, va_arg(args, const char *));
            at++;
        } else {
            text_write_byte(&out, *at);
        }
    }
    va_end(args);
    return span_of(memory, text_write_length(&out));
}

static enum command_exit ask(struct ctl *ctl, const struct client_question *question, struct api_answer *out)
{
    enum command_exit code = client_ask(ctl, question, &out->http);

    if (code != EXIT_FINE)
        return code;
    out->json = json_read(ctl->arena, out->http.body);
    return out->http.status < 300 ? EXIT_FINE : api_refused(ctl, out);
}

enum command_exit api_get(struct ctl *ctl, struct span target, struct api_answer *out)
{
    const struct client_question question = { .method = "GET", .target = target };

    return ask(ctl, &question, out);
}

enum command_exit api_post(struct ctl *ctl, struct span target, struct span json, struct api_answer *out)
{
    const struct client_question question = { .method = "POST", .target = target, .body = json,
                                              .content_type = SPAN_LIT("application/json") };

    if (json.at == NULL) {
        ctl_say(ctl, "this is more than one change can hold: apply it in several");
        return EXIT_REFUSED;
    }
    return ask(ctl, &question, out);
}

/* ---- refusals ---- */

void api_print_problems(struct ctl *ctl, struct yyjson_val *problems)
{
    struct diag diag;

    diag_init(&diag);
    for (uint32_t i = 0; i < json_items_n(problems); i++) {
        struct yyjson_val *one = json_item(problems, i);
        struct span file = json_member_text(one, "file"), text = json_member_text(one, "text");
        struct span name = conf_arena_copy(ctl->arena, file);
        struct diag_place place = { (const char *)name.at, (uint32_t)json_member_number(one, "line"),
                                    (uint32_t)json_member_number(one, "column") };

        if (span_is(json_member_text(one, "level"), SPAN_LIT("warning")))
            diag_warn(&diag, place, "%.*s", SPAN_FMT(text));
        else
            diag_error(&diag, place, "%.*s", SPAN_FMT(text));
    }
    report_text(ctl, &diag);
}

enum command_exit api_refused(struct ctl *ctl, struct api_answer *answer)
{
    struct yyjson_val *json = answer->json, *parameters = json_member(json, "invalid_parameters");
    struct span title = json_member_text(json, "title"), detail = json_member_text(json, "detail");
    struct yyjson_val *problems = json_member(json, "problems");

    if (answer->http.status == 401)
        ctl_say(ctl, "the gateway does not know this token: --token-file FILE, or $FORGE_TOKEN, is what its state folder has in "
                     "admin-token");
    else if (json_items_n(problems) > 0)
        api_print_problems(ctl, problems);
    if (answer->http.status == 401)
        return EXIT_REFUSED;
    if (json_items_n(problems) > 0 && json_member(json, "generation") != NULL)
        ctl_say(ctl, "refused, and nothing has changed: generation %llu is in force",
                (unsigned long long)json_member_number(json, "generation"));
    else if (title.len == 0 && detail.len == 0)
        ctl_say(ctl, "the gateway answered %u", answer->http.status);
    else
        ctl_say(ctl, "%.*s", SPAN_FMT(detail.len > 0 ? detail : title));
    for (uint32_t i = 0; problems == NULL && i < json_items_n(parameters); i++) {
        struct span field = json_member_text(json_item(parameters, i), "field");
        struct span reason = json_member_text(json_item(parameters, i), "reason");

        ctl_say(ctl, "%.*s%s%.*s", SPAN_FMT(field), field.len > 0 ? ": " : "", SPAN_FMT(reason));
    }
    return EXIT_REFUSED;
}

/* ---- bodies ---- */

void api_write_author(struct ctl *ctl, struct json_write *j)
{
    const char *author = ctl_text(ctl, FLAG_AUTHOR), *reason = ctl_text(ctl, FLAG_REASON);

    if (author == NULL)
        author = getenv("FORGE_AUTHOR");
    if (author == NULL)
        author = getenv("USER");
    if (author != NULL && author[0] != 0)
        json_write_member(j, "author", span_str(author));
    if (reason != NULL)
        json_write_member(j, "reason", span_str(reason));
    if (ctl_has(ctl, FLAG_EXPECT))
        json_write_member_u64(j, "expect", arguments_number(&ctl->arguments, FLAG_EXPECT));
}

bool api_body_open(struct ctl *ctl, size_t bytes_max, struct text_write *out, char **out_memory)
{
    *out_memory = bytes_max <= UINT32_MAX ? conf_arena_take(ctl->arena, bytes_max) : NULL;
    if (*out_memory == NULL) {
        ctl_say(ctl, "there is no memory for a change of that size: apply it in several");
        return false;
    }
    text_write_init(out, *out_memory, (uint32_t)bytes_max);
    return true;
}

struct span api_body_close(const struct text_write *out, const char *memory)
{
    return out->is_full ? SPAN_NONE : span_of(memory, text_write_length(out));
}

bool api_print_raw(struct ctl *ctl, struct yyjson_val *val)
{
    if (ctl_output_is(ctl, "json"))
        json_pretty(val, &ctl->out);
    else if (ctl_output_is(ctl, "yaml"))
        json_yaml(val, &ctl->out);
    else
        return false;
    return true;
}
