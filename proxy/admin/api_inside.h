/* api_inside.h - what the files of the admin interface share among themselves, and with nobody else.
 *
 * Layer:  admin. api.c: who may ask, watchers. api_route.c: which handler. api_reply.c: how answers look. api_kuma.c, api_change.c,
 *         api_show.c, api_trial.c, api_document.c: handlers, by resource.
 * Owner:  a call lives as long as its handler; its arena is freed behind it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/api.h"
#include "admin/keeper.h"
#include "http/head.h"
#include "proto/json_write.h"

struct conf_arena;
struct yyjson_val;

enum { API_PARAMS_MAX = 4, API_ANSWER_BYTES_MAX = 512 * 1024 * 1024, API_TEXT_BYTES_MAX = 512 };

struct api_call {
    struct api                *api;
    const struct service_call *call;
    struct service_answer     *out;
    struct conf_arena         *arena;
    struct span                params[API_PARAMS_MAX]; /* of the pattern's {names}, in order */
    struct text_write          text;                   /* the answer's body */
    struct json_write          json;
};

typedef enum why api_handler(struct api_call *c);

/* One row of the table: also what openapi.json is made from. */
struct api_route {
    enum method  method;
    const char  *pattern;        /* "/forge/generations/{generation}" */
    api_handler *handler;
    uint32_t     body_bytes_max; /* 0: bodies are not looked at */
    bool         is_open;        /* without token */
    const char  *summary;        /* a sentence for the reference */
    const char  *query;          /* parameters, by commas; "" */
};

/* The route; NULL: *out_allow lists methods that the path has, or is empty (404). */
const struct api_route *api_route_find(enum method method, struct span path, struct span out_params[API_PARAMS_MAX],
                                       struct arena *arena, struct span *out_allow);
enum why api_openapi(struct api_call *c);

/* ---- api_reply.c ---- */

/* Begin the answer as JSON, of that status; end it. */
void api_json(struct api_call *c, uint16_t status);
enum why api_done(struct api_call *c);
/* A whole text. */
enum why api_text(struct api_call *c, struct span content_type, struct span text);
/* Kuma's error, with our `type`. field: what is wrong in the body ("" for the whole). */
enum why api_refuse(struct api_call *c, uint16_t status, const char *type, const char *title, const char *detail);
enum why api_refuse_field(struct api_call *c, const char *field, const char *reason);
enum why api_refuse_why(struct api_call *c, enum why why);
/* What the keeper said no to. */
enum why api_refuse_result(struct api_call *c, const struct keeper_result *r);
void api_problems(struct json_write *j, const struct diag *diag);
void api_changes(struct json_write *j, const struct keeper_difference *all, uint32_t n);
void api_time(struct json_write *j, const char *key, uint64_t wall_ns);
/* A query's parameter, decoded; false: it has none of that name. */
bool api_query(struct api_call *c, const char *name, struct span *out);
/* ... as a number; `otherwise` when it has none. false: refused, and *out_why is the handler's answer. */
bool api_query_u64(struct api_call *c, const char *name, uint64_t otherwise, uint64_t max, uint64_t *out, enum why *out_why);
bool api_query_is_true(struct api_call *c, const char *name);
/* A field of the request; empty when there is none. */
struct span api_field(const struct api_call *c, const char *name);
/* The body as a JSON object. NULL: refused, *out_why. */
struct yyjson_val *api_body(struct api_call *c, enum why *out_why);
/* Terminated, in the call's arena; "" when memory is out. */
const char *api_string(struct api_call *c, struct span text);
/* The answer waits until all workers have this generation. */
void api_owe(struct api_call *c, uint64_t generation);
enum why api_watch(struct api_call *c);

/* ---- api_document.c: documents in force ---- */

/* One of them, by its kind; NULL: there is none, or *out_why is not WHY_OK. */
const struct keeper_document *api_document_find(struct api_call *c, struct span type, struct span mesh, struct span name,
                                                enum why *out_why);
struct span api_document_etag(struct api_call *c, const struct keeper_document *doc);

/* ---- handlers ---- */
enum why api_index(struct api_call *c);
enum why api_resources(struct api_call *c);
enum why api_kuma_list(struct api_call *c);
enum why api_kuma_get(struct api_call *c);
enum why api_kuma_put(struct api_call *c);
enum why api_kuma_delete(struct api_call *c);
enum why api_status(struct api_call *c);
enum why api_generations(struct api_call *c);
enum why api_generation(struct api_call *c);
enum why api_generation_documents(struct api_call *c);
enum why api_diff(struct api_call *c);
enum why api_export(struct api_call *c);
enum why api_schema(struct api_call *c);
enum why api_schema_kind(struct api_call *c);
enum why api_manual(struct api_call *c);
enum why api_manual_kind(struct api_call *c);
enum why api_apply(struct api_call *c);
enum why api_rollback(struct api_call *c);
enum why api_pin(struct api_call *c);
enum why api_try(struct api_call *c);
enum why api_explain(struct api_call *c);
enum why api_test(struct api_call *c);
enum why api_sources(struct api_call *c);
