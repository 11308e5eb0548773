/* problem.c - see problem.h.
 *
 * Spec:   RFC 9457 s3.1.
 * Layer:  http. Pure.
 */
#include "http/problem.h"

#include "http/head.h"
#include "proto/json_write.h"

uint16_t problem_status(enum why why)
{
    int status = why_http(why);

    return status != 0 ? (uint16_t)status : 502;
}

static uint32_t print(enum why why, struct span request_id, char out[PROBLEM_BYTES_MAX])
{
    struct text_write text, name;
    struct json_write json;
    char type[128];

    text_write_init(&name, type, sizeof(type));
    text_write_str(&name, "urn:apiforge:why:");
    text_write_str(&name, why_name(why));
    text_write_init(&text, out, PROBLEM_BYTES_MAX);
    json_write_init(&json, &text);
    json_write_open(&json, '{');
    json_write_member(&json, "type", span_of(type, text_write_length(&name)));
    json_write_member(&json, "title", head_status_phrase(problem_status(why)));
    json_write_member_u64(&json, "status", problem_status(why));
    json_write_member(&json, "detail", span_str(why_sentence(why)));
    if (request_id.len > 0)
        json_write_member(&json, "instance", request_id);
    json_write_close(&json, '}');
    return text_write_length(&text);
}

uint32_t problem_print(enum why why, struct span request_id, char out[PROBLEM_BYTES_MAX])
{
    uint32_t len = print(why, request_id, out);

    if (len == 0)
        len = print(why, SPAN_NONE, out);
    MUST(len > 0); /* A test prints each row of why.def. */
    return len;
}

enum why problem_body(struct arena *arena, enum why why, struct span request_id, struct span *out_json)
{
    char text[PROBLEM_BYTES_MAX];
    uint32_t len = problem_print(why, request_id, text);

    *out_json = arena_copy(arena, span_of(text, len));
    return out_json->at != NULL ? WHY_OK : WHY_ARENA_FULL;
}
