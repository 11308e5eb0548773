/* try.c - see try.h. */
#include "ctl/try.h"

#include "conf/conf_arena.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/offline.h"
#include "ctl/report.h"
#include "engine/try.h"
#include "proto/json_write.h"

static bool complain(struct ctl *ctl, const char *sentence)
{
    if (sentence != NULL)
        ctl_say(ctl, "%s", sentence);
    return sentence == NULL;
}

/* The request of the command line. false: told. */
static bool read_request(struct ctl *ctl, struct try_request *out)
{
    const char *method = ctl_text(ctl, FLAG_METHOD), *client = ctl_text(ctl, FLAG_CLIENT), *line;
    struct try_header *headers = conf_arena_array(ctl->arena, TRY_HEADERS_MAX, sizeof(*headers));
    struct span text;
    uint32_t at = 0;

    *out = (struct try_request){ .body_bytes = arguments_number(&ctl->arguments, FLAG_BODY_BYTES) };
    text = ctl->arguments.words_n == 2 ? conf_arena_format(ctl->arena, "%s %s", ctl->arguments.words[0], ctl->arguments.words[1])
                                       : span_str(ctl->arguments.words[0]);
    if (headers == NULL || text.at == NULL || !complain(ctl, try_read_line(text, out)))
        return false;
    if (method != NULL)
        out->method = span_str(method);
    if (client != NULL)
        out->client = span_str(client);
    if (ctl_has(ctl, FLAG_PORT) && arguments_number(&ctl->arguments, FLAG_PORT) - 1 >= 65535)
        return complain(ctl, "--port wants the number of a port, 1 to 65535");
    out->port = (uint16_t)arguments_number(&ctl->arguments, FLAG_PORT);
    out->headers = headers;
    while ((line = arguments_next(&ctl->arguments, FLAG_HEADER, &at)) != NULL) {
        if (out->headers_n == TRY_HEADERS_MAX)
            return complain(ctl, "more than 100 header fields: the gateway takes no more");
        if (!complain(ctl, try_read_header(span_str(line), &headers[out->headers_n++])))
            return false;
    }
    return complain(ctl, try_check(out));
}

/* ---- here ---- */

static enum command_exit try_files(struct ctl *ctl, const struct try_request *request)
{
    struct try *t = NULL;
    struct offline o;
    enum command_exit code = EXIT_REFUSED;

    if (offline_open(ctl, &o) && offline_compile(ctl, &o) && ctl->diag.errors_n == 0 && (t = try_open()) != NULL) {
        const struct try_result *result = try_run(t, o.snapshot, request);

        if (ctl_output_is(ctl, "json")) {
            try_json(result, o.snapshot, &ctl->out);
            text_write_byte(&ctl->out, '\n');
        } else {
            try_text(result, o.snapshot, &ctl->out);
        }
        code = EXIT_FINE;
    }
    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    try_close(t);
    offline_close(&o);
    return code;
}

/* ---- there ---- */

static struct span write_request(struct ctl *ctl, const struct try_request *request)
{
    struct text_write out;
    struct json_write j;
    char *memory;

    if (!api_body_open(ctl, TRY_TEXT_BYTES_MAX, &out, &memory))
        return SPAN_NONE;
    json_write_init(&j, &out);
    json_write_open(&j, '{');
    json_write_member(&j, "method", request->method);
    json_write_member(&j, "scheme", request->scheme);
    if (request->authority.at != NULL)
        json_write_member(&j, "authority", request->authority);
    json_write_member(&j, "target", request->target);
    json_write_key(&j, SPAN_LIT("headers"));
    json_write_open(&j, '[');
    for (uint32_t i = 0; i < request->headers_n; i++) {
        json_write_open(&j, '{');
        json_write_member(&j, "name", request->headers[i].name);
        json_write_member(&j, "value", request->headers[i].value);
        json_write_close(&j, '}');
    }
    json_write_close(&j, ']');
    if (request->body_bytes > 0)
        json_write_member_u64(&j, "bodyBytes", request->body_bytes);
    if (request->client.len > 0)
        json_write_member(&j, "client", request->client);
    if (request->port != 0)
        json_write_member_u64(&j, "port", request->port);
    if (ctl_has(ctl, FLAG_GENERATION))
        json_write_member_u64(&j, "generation", arguments_number(&ctl->arguments, FLAG_GENERATION));
    json_write_close(&j, '}');
    return api_body_close(&out, memory);
}

enum command_exit try_command(struct ctl *ctl)
{
    struct try_request request;
    struct api_answer answer;
    enum command_exit code;

    if (!read_request(ctl, &request))
        return EXIT_WRONG_USE;
    if (ctl_has(ctl, FLAG_FILE))
        return try_files(ctl, &request);
    code = api_post(ctl, ctl_output_is(ctl, "json") ? SPAN_LIT("/forge/try") : SPAN_LIT("/forge/try?format=text"),
                    write_request(ctl, &request), &answer);
    if (code != EXIT_FINE)
        return code;
    if (answer.json != NULL)
        json_pretty(answer.json, &ctl->out);
    else
        ctl_print_safe(ctl, answer.http.body);
    return EXIT_FINE;
}
