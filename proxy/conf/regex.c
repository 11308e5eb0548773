/* regex.c - PCRE2 without what can cost without bound.
 *
 * Spec:   pcre2api(3), pcre2pattern(3); https://github.com/google/re2/wiki/Syntax for what RE2 has.
 * Layer:  conf.
 */
#include "conf/regex.h"

#include <pcre2.h>
#include <stdio.h>

#include "base/limits.h"
#include "conf/conf_arena.h"

struct regex {
    pcre2_code          *code;
    pcre2_match_context *limits;
};

/* PCRE2's memory is the arena's: nothing is given back one by one. */
static void *arena_take_for_pcre2(size_t bytes, void *arena)
{
    return conf_arena_take(arena, bytes);
}

static void give_nothing(void *at, void *unused)
{
    UNUSED(at);
    UNUSED(unused);
}

/* What stands behind "(?": NULL when RE2 has it, too. */
static const char *group_refusal(struct span s)
{
    size_t i = 0;

    if (s.len > 0 && s.at[0] == 'P')
        return s.len > 1 && s.at[1] == '<' ? NULL : "has a reference to a group";
    if (s.len > 0 && s.at[0] == '<')
        return s.len > 1 && (s.at[1] == '=' || s.at[1] == '!') ? "looks behind" : NULL;
    while (i < s.len && memchr("imsU-", s.at[i], 5) != NULL)
        i++;
    if (i < s.len && (s.at[i] == ':' || s.at[i] == ')'))
        return NULL;
    return s.len > 0 && (s.at[0] == '=' || s.at[0] == '!') ? "looks ahead" : "has a special group";
}

static const char *escape_refusal(uint8_t c)
{
    if ((c >= '1' && c <= '9') || c == 'g' || c == 'k')
        return "has a back reference";
    return c == 'K' || c == 'G' || c == 'X' || c == 'R' || c == 'C' ? "has an escape that RE2 does not know" : NULL;
}

/* From the byte behind '[' to the byte behind the matching ']'. */
static size_t skip_class(struct span p, size_t i)
{
    if (i < p.len && p.at[i] == '^')
        i++;
    if (i < p.len && p.at[i] == ']')
        i++;
    for (; i < p.len && p.at[i] != ']'; i++) {
        if (p.at[i] == '\\') {
            i++;
        } else if (p.at[i] == '[' && i + 1 < p.len && p.at[i + 1] == ':') {
            while (i + 1 < p.len && !(p.at[i] == ':' && p.at[i + 1] == ']'))
                i++;
            i++; /* The inner bracket is not the end. */
        }
    }
    return i + 1;
}

/* Constructs whose cost is not bounded by the pattern, or that mean something else in RE2. NULL: none. */
static const char *refusal(struct span p)
{
    bool is_behind_quantifier = false;

    for (size_t i = 0; i < p.len;) {
        uint8_t c = p.at[i++];
        bool is_quantifier = c == '*' || c == '+' || c == '?' || c == '}';
        const char *why = NULL;
        if (is_behind_quantifier && c == '+')
            return "has a possessive quantifier";
        if (c == '\\' && i < p.len && p.at[i] == 'Q') {
            while (i < p.len && !(p.at[i] == '\\' && i + 1 < p.len && p.at[i + 1] == 'E'))
                i++;
        } else if (c == '\\' && i < p.len) {
            why = escape_refusal(p.at[i++]);
        } else if (c == '[') {
            i = skip_class(p, i);
        } else if (c == '(' && i < p.len && p.at[i] == '*') {
            why = "has a backtracking verb";
        } else if (c == '(' && i < p.len && p.at[i] == '?') {
            why = group_refusal(span_from(p, i + 1));
            i++;
        }
        if (why != NULL)
            return why;
        is_behind_quantifier = is_quantifier;
    }
    return NULL;
}

const struct regex *regex_compile(struct conf_arena *arena, struct span pattern, char *out_error, uint32_t out_error_bytes)
{
    struct regex *regex = conf_arena_take(arena, sizeof(*regex));
    pcre2_general_context *general = pcre2_general_context_create(arena_take_for_pcre2, give_nothing, arena);
    pcre2_compile_context *compile = general != NULL ? pcre2_compile_context_create(general) : NULL;
    const char *why = pattern.len > REGEX_PATTERN_BYTES_MAX ? "is longer than 1024 bytes" : refusal(pattern);
    PCRE2_UCHAR message[128];
    PCRE2_SIZE offset = 0, bytes = 0;
    int error = 0;

    if (why != NULL) {
        snprintf(out_error, out_error_bytes, "%s, which is not taken because its cost has no bound", why);
        return NULL;
    }
    if (regex == NULL || compile == NULL || (regex->limits = pcre2_match_context_create(general)) == NULL) {
        snprintf(out_error, out_error_bytes, "does not fit into memory");
        return NULL;
    }
    pcre2_set_parens_nest_limit(compile, 50);
    regex->code = pcre2_compile(pattern.at, pattern.len,
                                PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE |
                                PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF,
                                &error, &offset, compile);
    if (regex->code == NULL) {
        pcre2_get_error_message(error, message, sizeof(message));
        snprintf(out_error, out_error_bytes, "is not a regular expression: %s, at byte %zu", (const char *)message,
                 (size_t)offset + 1);
        return NULL;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &bytes);
    if (bytes > REGEX_CODE_BYTES_MAX) {
        snprintf(out_error, out_error_bytes, "is too large once its repetitions are written out");
        return NULL;
    }
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_STEPS_MAX);
    pcre2_set_depth_limit(regex->limits, REGEX_DEPTH_MAX);
    return regex;
}

/* A match's memory: a bump allocator over the caller's stack. */
struct match_memory {
    size_t used;
    _Alignas(16) uint8_t bytes[REGEX_STACK_BYTES_MAX];
};

static void *take_for_match(size_t bytes, void *data)
{
    struct match_memory *memory = data;
    size_t at = (memory->used + 15) & ~(size_t)15;

    if (bytes > sizeof(memory->bytes) - at)
        return NULL;
    memory->used = at + bytes;
    return memory->bytes + at;
}

enum regex_got regex_match(const struct regex *regex, struct span text)
{
    struct match_memory memory;
    pcre2_general_context *general;
    pcre2_match_data *data;
    int got;

    memory.used = 0; /* And not a byte more is touched than the match needs. */
    general = pcre2_general_context_create(take_for_match, give_nothing, &memory);
    data = general != NULL ? pcre2_match_data_create(1, general) : NULL;
    MUST(data != NULL); /* Some 200 bytes of 160 KiB. */
    got = pcre2_match(regex->code, text.at != NULL ? text.at : (const uint8_t *)"", text.len, 0, 0, data, regex->limits);
    if (got == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    return got >= 0 ? REGEX_YES : REGEX_TOO_DEAR;
}
