/* field_value.h - one scalar's text -> a value: durations, sizes, percentages, names, base64.
 *
 * Layer:  conf. Pure but for the arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct conf_arena;

/* What a plain scalar means (YAML 1.2 core schema, and the yes/no/on/off of 1.1 that Go's readers still take for truth
 * values, so that they are never silently texts). */
enum plain_kind {
    PLAIN_TEXT = 0,
    PLAIN_NULL,
    PLAIN_BOOL,
    PLAIN_OLD_BOOL,    /* yes, no, on, off: refused wherever they stand without quotes */
    PLAIN_INT,
    PLAIN_FLOAT,
};
enum plain_kind value_plain_kind(struct span text);

/* Decimal, with a sign at most; false when it is not one or does not fit. */
bool value_int(struct span text, int64_t *out_value);
/* Go's time.ParseDuration without signs: "0", "500ms", "1h30m", "1.5s". false also above 292 years. */
bool value_duration(struct span text, int64_t *out_ns);
/* "1048576", "64Ki", "10Mi", "1Gi", "10k", "5M", "1G". */
bool value_bytes(struct span text, int64_t *out_bytes);
/* 0..100 with at most four decimals -> millionths of one. */
bool value_percentage(struct span text, int64_t *out_millionths);
/* RFC 1123 subdomain, at most 253 bytes, lower case. */
bool value_is_name(struct span text);
/* RFC 1035 label, at most 63 bytes, lower case. */
bool value_is_label(struct span text);
/* A host name in any case; no address. With wildcards also "*" and "*.name". */
bool value_is_hostname(struct span text, bool with_wildcards);
bool value_is_header_name(struct span text);
/* A field value that can be sent: no control bytes but tab, no blank at its ends (RFC 9110 s5.5). */
bool value_is_header_value(struct span text);
/* RFC 4648 s4; line ends and blanks between are skipped. SPAN_NONE: not base64, or the arena is full. */
struct span value_base64(struct conf_arena *arena, struct span text);
/* Lower case copy, SPAN_NONE when the arena is full. */
struct span value_lower(struct conf_arena *arena, struct span text);
