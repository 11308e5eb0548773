/* regex.h - regular expressions of routes: PCRE2, cut down to what costs a bounded amount.
 *
 * Spec:   RE2's syntax as Envoy takes it, as far as PCRE2 reads it alike.
 * Layer:  conf.
 * Owner:  a compiled pattern lies in the arena of its snapshot.
 * Bounds: REGEX_PATTERN_BYTES_MAX, REGEX_CODE_BYTES_MAX, REGEX_MATCH_STEPS_MAX, REGEX_DEPTH_MAX.
 * Thread: compiled patterns are read-only; matching takes its memory from the stack, REGEX_STACK_BYTES_MAX of it.
 *
 * Kuma's patterns run in RE2, whose time is linear. PCRE2 backtracks, so: back references, look-around, recursion, conditions,
 * call-outs, atomic and possessive groups and backtracking verbs are refused (RE2 has none of them), patterns match the whole text
 * (as in Envoy), and a match may take REGEX_MATCH_STEPS_MAX steps, which even (a+)+b cannot pass: past them the text does
 * not match and the caller is told to count it. No just-in-time code: it needs memory that is writable and executable, which
 * the process gives up after start.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"

struct conf_arena;
struct regex;

enum regex_got {
    REGEX_NO = 0,
    REGEX_YES,
    REGEX_TOO_DEAR,   /* limit reached: counts as no */
};

/* NULL: out_error says why, as the end of a sentence that starts with the field's name. */
MUST_CHECK const struct regex *regex_compile(struct conf_arena *arena, struct span pattern, char *out_error,
                                             uint32_t out_error_bytes);
/* Does the whole text match? */
enum regex_got regex_match(const struct regex *regex, struct span text);
