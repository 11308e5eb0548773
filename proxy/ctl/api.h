/* api.h - the management API as commands use it: a question, JSON back, or the refusal told in full.
 *
 * Layer:  ctl.
 * Owner:  answers lie in ctl's arena.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "base/span.h"
#include "ctl/client.h"

struct ctl;
struct json_write;
struct text_write;
struct yyjson_val;

struct api_answer {
    struct client_answer http;
    struct yyjson_val   *json;   /* NULL: the body is something else */
};

/* A target with its pieces escaped: "/meshes/%s/%s", each %s percent-encoded. */
struct span api_target(struct ctl *ctl, const char *format, ...);
/* EXIT_FINE: a status of 2xx. Else told: what is wrong with documents as file:line:column: error: sentence. */
MUST_CHECK enum command_exit api_get(struct ctl *ctl, struct span target, struct api_answer *out);
MUST_CHECK enum command_exit api_post(struct ctl *ctl, struct span target, struct span json, struct api_answer *out);
/* The refusal of an answer, to standard error. */
enum command_exit api_refused(struct ctl *ctl, struct api_answer *answer);
/* Problems and warnings of an answer (a list of file, line, column, level, text), as check prints them, to standard error. */
void api_print_problems(struct ctl *ctl, struct yyjson_val *problems);

/* Whoever makes a change: author and reason of the command line. */
void api_write_author(struct ctl *ctl, struct json_write *j);
/* Room for a body of so many bytes; SPAN_NONE at the end when it did not fit. */
bool api_body_open(struct ctl *ctl, size_t bytes_max, struct text_write *out, char **out_memory);
struct span api_body_close(const struct text_write *out, const char *memory);
/* Prints val as -o json or -o yaml says. false: another form is meant. */
bool api_print_raw(struct ctl *ctl, struct yyjson_val *val);
