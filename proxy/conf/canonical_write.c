/* canonical_write.c - see canonical_write.h.
 *
 * Layer:  conf. Pure.
 */
#include "conf/canonical_write.h"

#include "base/must.h"
#include "conf/field_value.h"
#include "proto/json_write.h"

/* ---- texts ---- */

/* Bytes of what libyaml takes for a line end (U+2028, U+2029) or refuses unless escaped (U+FEFF, U+FFFE, U+FFFF) at p; else 0. */
static uint32_t odd_bytes(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 3)
        return 0;
    if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        return 3;
    if (p[0] == 0xef && ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe)))
        return 3;
    return 0;
}

static void write_quoted(struct text_write *out, struct span text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = text.at, *end = p + text.len, *from = p;

    text_write_byte(out, '"');
    while (p < end) {
        if (odd_bytes(p, end) == 0) {
            p++;
            continue;
        }
        uint32_t letter = (uint32_t)(p[0] & 0xf) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3fu);
        char escape[] = { '\\', 'u', digits[letter >> 12], digits[letter >> 8 & 15], digits[letter >> 4 & 15], digits[letter & 15] };
        json_write_escaped(out, span_of(from, (size_t)(p - from)));
        text_write_span(out, span_of(escape, sizeof(escape)));
        from = p += 3;
    }
    if (from < end)
        json_write_escaped(out, span_of(from, (size_t)(end - from)));
    text_write_byte(out, '"');
}

/* Can every letter stand as it is, line ends left aside? */
static bool is_printable(struct span text, bool with_line_ends)
{
    const uint8_t *end = text.at + text.len;

    for (const uint8_t *p = text.at; p < end; p++) {
        if ((*p < ' ' && !(with_line_ends && *p == '\n')) || *p == 0x7f)
            return false;
        if (*p == 0xc2 && p + 1 < end && p[1] < 0xa0) /* C1, U+0085 among them */
            return false;
        if (*p >= 0xe2 && odd_bytes(p, end) != 0)
            return false;
    }
    return true;
}

static bool is_in(const char *letters, uint8_t c)
{
    return c != '\0' && strchr(letters, c) != NULL;
}

/* All of s from the letters. */
static bool consists_of(struct span s, const char *letters)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_in(letters, s.at[i]))
            return false;
    return s.len > 0;
}

/* Numbers, times and dates of either version: decimal, 0x, 0o, 0b, with underscores, base 60, floats, infinities. A text that
 * only might be one (`10.0.0.1` is a float by the letter of YAML 1.1) counts. */
static bool is_like_number(struct span s)
{
    static const char decimal[] = "0123456789_.,+-:eEtTzZ";

    if (s.at[0] == '-' || s.at[0] == '+')
        s = span_from(s, 1);
    if (s.len == 0)
        return true;
    if (span_is_nocase(s, SPAN_LIT(".inf")) || span_is_nocase(s, SPAN_LIT(".nan")))
        return true;
    if (s.len > 2 && s.at[0] == '0' && is_in("xXoObB", s.at[1]))
        return consists_of(span_from(s, 2), "0123456789abcdefABCDEF_");
    /* A time may have blanks: 2001-12-14 21:59:43.10 -5 */
    return (s.at[0] == '.' || (s.at[0] >= '0' && s.at[0] <= '9')) &&
           (consists_of(s, decimal) || (s.len > 10 && s.at[4] == '-' && consists_of(s, "0123456789-:. \ttTzZ+")));
}

static bool is_word(struct span text)
{
    static const char *const words[] = { "y", "Y", "n", "N", "=", "<<", "---", "..." };

    if (value_plain_kind(text) != PLAIN_TEXT)
        return true;
    for (size_t i = 0; i < COUNT(words); i++)
        if (span_is(text, span_str(words[i])))
            return true;
    return false;
}

bool canonical_needs_quotes(struct span text)
{
    if (text.len == 0 || is_in("-?:,[]{}#&*!|>'\"%@` \t", text.at[0]) || is_in(": \t", text.at[text.len - 1]) ||
        !is_printable(text, false) || is_word(text) || is_like_number(text))
        return true;
    for (size_t i = 1; i < text.len; i++)
        if ((text.at[i] == '#' && text.at[i - 1] == ' ') || (text.at[i] == ' ' && text.at[i - 1] == ':'))
            return true;
    return false;
}

/* Does the text survive as a literal block? Its first line decides the indentation, blanks at line ends are easily lost, and more
 * than one line end at its end would need another sign. */
static bool may_be_block(struct span text)
{
    if (span_find(text, '\n') == text.len || is_in("\n ", text.at[0]) || !is_printable(text, true) ||
        span_ends(text, SPAN_LIT("\n\n")) || text.at[text.len - 1] == ' ')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (text.at[i] == '\n' && text.at[i - 1] == ' ')
            return false;
    return true;
}

/* ---- places ---- */

void canonical_write_init(struct canonical_write *w, struct text_write *out, bool is_yaml)
{
    *w = (struct canonical_write){ ._out = out, ._is_yaml = is_yaml };
}

static void blanks(struct canonical_write *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        text_write_byte(w->_out, ' ');
}

/* To where an entry of the open level starts. */
static void lead(struct canonical_write *w, uint32_t indent)
{
    if (!w->_is_after_dash)
        blanks(w, indent);
    w->_is_after_dash = false;
}

/* To where a value starts: JSON's comma, YAML's dash. */
static void begin_value(struct canonical_write *w)
{
    const struct canonical_level *top = w->_depth > 0 ? &w->_levels[w->_depth - 1] : NULL;

    if (!w->_is_yaml) {
        if (w->_needs_comma)
            text_write_byte(w->_out, ',');
        w->_needs_comma = true;
        return;
    }
    if (top == NULL || !top->is_list)
        return;
    lead(w, top->indent);
    text_write_str(w->_out, "- ");
    w->_is_after_dash = true;
}

/* A scalar of YAML follows on the line of its key or dash. */
static void begin_scalar(struct canonical_write *w)
{
    begin_value(w);
    if (w->_is_after_key)
        text_write_byte(w->_out, ' ');
    w->_is_after_key = w->_is_after_dash = false;
}

static void end_scalar(struct canonical_write *w)
{
    if (w->_is_yaml)
        text_write_byte(w->_out, '\n');
}

void canonical_write_open(struct canonical_write *w, char bracket, bool is_empty)
{
    const struct canonical_level *top = w->_depth > 0 ? &w->_levels[w->_depth - 1] : NULL;
    bool is_list = bracket == '[';

    MUST(bracket == '{' || is_list);
    MUST(w->_depth < COUNT(w->_levels));
    if (w->_is_yaml && is_empty) {
        canonical_write_plain(w, is_list ? SPAN_LIT("[]") : SPAN_LIT("{}"));
        return;
    }
    begin_value(w);
    if (!w->_is_yaml) {
        text_write_byte(w->_out, bracket);
        w->_needs_comma = false;
    } else if (w->_is_after_key) {
        text_write_byte(w->_out, '\n');
    }
    w->_levels[w->_depth++] = (struct canonical_level){
        .is_list = is_list, .indent = top == NULL ? 0 : is_list && !top->is_list ? top->indent : top->indent + 2,
    };
    w->_is_after_key = false;
    if (is_empty)
        canonical_write_close(w, bracket == '{' ? '}' : ']', false);
}

void canonical_write_close(struct canonical_write *w, char bracket, bool is_empty)
{
    if (is_empty)
        return; /* Closed when it was opened. */
    MUST(w->_depth > 0 && w->_levels[w->_depth - 1].is_list == (bracket == ']'));
    w->_depth--;
    if (!w->_is_yaml)
        text_write_byte(w->_out, bracket);
    w->_needs_comma = true;
}

void canonical_write_key(struct canonical_write *w, struct span key)
{
    MUST(w->_depth > 0 && !w->_levels[w->_depth - 1].is_list && !w->_is_after_key);
    if (!w->_is_yaml) {
        begin_value(w);
        write_quoted(w->_out, key);
        text_write_byte(w->_out, ':');
        w->_needs_comma = false;
        return;
    }
    lead(w, w->_levels[w->_depth - 1].indent);
    if (canonical_needs_quotes(key))
        write_quoted(w->_out, key);
    else
        text_write_span(w->_out, key);
    text_write_byte(w->_out, ':');
    w->_is_after_key = true;
}

static void write_block(struct canonical_write *w, struct span text)
{
    bool has_end = text.at[text.len - 1] == '\n';
    uint32_t indent = w->_levels[w->_depth - 1].indent + 2;
    struct span rest = span_of(text.at, text.len - has_end), line;

    text_write_str(w->_out, has_end ? "|" : "|-");
    while (span_next(&rest, '\n', &line)) {
        text_write_byte(w->_out, '\n');
        if (line.len > 0)
            blanks(w, indent);
        text_write_span(w->_out, line);
    }
}

void canonical_write_string(struct canonical_write *w, struct span value)
{
    begin_scalar(w);
    if (!w->_is_yaml)
        write_quoted(w->_out, value);
    else if (!canonical_needs_quotes(value))
        text_write_span(w->_out, value);
    else if (may_be_block(value) && w->_depth > 0)
        write_block(w, value);
    else
        write_quoted(w->_out, value);
    end_scalar(w);
}

void canonical_write_plain(struct canonical_write *w, struct span value)
{
    begin_scalar(w);
    text_write_span(w->_out, value);
    end_scalar(w);
}
