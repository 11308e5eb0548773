/* canonical_write_test.c - which texts need quotes in YAML, and that everything written is read back.
 *
 * Goal:   what stands without quotes is the same text to a reader of YAML 1.1 (PyYAML, Go's yaml.v2, Ruby) and of 1.2.
 * Method: pairs on the edge, by hand; then every short text over an alphabet of odd letters: either it is quoted, or none of the
 *         patterns by which the two versions recognise other types fits; and our own reader gives every text back, in both forms,
 *         as a value, a name and an item of a list.
 */
#include "conf/canonical_write.h"

#include <regex.h>
#include <stdlib.h>

#include "conf/conf_arena.h"
#include "conf/document.h"
#include "lib/check.h"

static const struct { const char *text; bool want; } rows[] = {
    { "word", false }, { "two words", false }, { "", true }, { "yes", true }, { "no", true }, { "On", true }, { "OFF", true },
    { "y", true }, { "N", true }, { "yess", false }, { "true", true }, { "null", true }, { "~", true }, { "~a", false }, { "1", true },
    { "-1", true }, { "+1", true }, { "010", true }, { "0o17", true }, { "0x1", true }, { "0xg", false }, { "0b11", true },
    { "1_000", true }, { "1e3", true }, { "1.5", true }, { ".5", true }, { ".inf", true }, { "+.INF", true }, { ".nan", true },
    { "1:30", true }, { "2001-12-14", true }, { "2001-12-14 21:59:43.10 -5", true }, { "2001-12-14x", false }, { "10.0.0.1", true },
    { "10.0.0.0/8", false }, { "5s", false }, { "1h30m", false }, { "64Ki", false }, { "v1.2.3", false }, { "=", true }, { "<<", true },
    { "/a/b?c=d&e", false }, { "*.example.com", true }, { "a*b", false }, { "a: b", true }, { "a:b", false }, { "http://x/y", false },
    { "a:", true }, { "a #b", true }, { "a#b", false }, { "#a", true }, { "a ", true }, { " a", true }, { "a\tb", true }, { "-", true },
    { "[a", true }, { "a[b]", false }, { "{{ .Mesh }}", true }, { "\xc3\xa9", false }, { "\xc2\x85", true }, { "a\xe2\x80\xa8", true },
    { "\xef\xbb\xbf", true }, { "a\nb", true }, { "%x", true }, { "@x", true }, { "`x", true }, { "'x'", true }, { "x'", false },
};

TEST(canonical_quotes_when_needed)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(canonical_needs_quotes(span_str(rows[i].text)) == rows[i].want, "\"%s\"\n", rows[i].text);
}

/* yaml.org/type of 1.1, and the core schema of 1.2.2 s10.3.2, as they are printed there. */
static const char *const patterns[] = {
    "^(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
    "^(~|null|Null|NULL|)$",
    "^[-+]?0b[0-1_]+$", "^[-+]?0[0-7_]+$", "^[-+]?(0|[1-9][0-9_]*)$", "^[-+]?0x[0-9a-fA-F_]+$", "^[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+$",
    "^[-+]?([0-9][0-9_]*)?\\.[0-9.]*([eE][-+][0-9]+)?$", "^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*$",
    "^[-+]?\\.(inf|Inf|INF)$", "^\\.(nan|NaN|NAN)$", "^(<<|=)$",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?(([ \t]*)Z|[-+][0-9]{1,2}(:[0-9]{2})?)?$",
    "^[-+]?[0-9]+$", "^0o[0-7]+$", "^0x[0-9a-fA-F]+$", "^[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?$",
};

struct reader {
    struct conf_arena *arena;
    struct diag       *diag;
};

static void check_back(const struct reader *r, struct span text, struct span written)
{
    struct document_set set;

    diag_init(r->diag);
    document_set_init(&set, r->arena, r->diag);
    CHECK(document_read(&set, "t", written) && set.documents_n == 1, "%.*s: %s\n", SPAN_FMT(written), r->diag->items[0].text);
    const struct node *list = node_find(set.first->root, "list"), *map = node_find(set.first->root, "map");
    CHECK(list != NULL && list->children_n == 2 && span_is(list->first->text, text) && map != NULL &&
          (text.len == 0 || span_is(map->first->key, text)) && span_is(map->first->text, text), "%.*s\n", SPAN_FMT(written));
}

/* {list: [text, []], map: {text: text}, end: {}} in both forms, and what is read of it. */
static void write_both(const struct reader *r, const char *string)
{
    struct span text = span_str(string), key = text.len > 0 && strpbrk(string, "\n\x01\x85") == NULL ? text : SPAN_LIT("k");
    char out[512];

    for (int is_yaml = 0; is_yaml < 2; is_yaml++) {
        struct canonical_write w;
        struct text_write to;
        text_write_init(&to, out, sizeof(out));
        canonical_write_init(&w, &to, is_yaml != 0);
        canonical_write_open(&w, '{', false);
        canonical_write_key(&w, SPAN_LIT("list"));
        canonical_write_open(&w, '[', false);
        canonical_write_string(&w, text);
        canonical_write_open(&w, '[', true);
        canonical_write_close(&w, ']', true);
        canonical_write_close(&w, ']', false);
        canonical_write_key(&w, SPAN_LIT("map"));
        canonical_write_open(&w, '{', false);
        canonical_write_key(&w, key);
        canonical_write_string(&w, text);
        canonical_write_close(&w, '}', false);
        canonical_write_key(&w, SPAN_LIT("end"));
        canonical_write_open(&w, '{', true);
        canonical_write_close(&w, '}', true);
        canonical_write_close(&w, '}', false);
        CHECK(!to.is_full, "%s\n", string);
        struct span written = span_of(out, text_write_length(&to));
        if (span_is(key, text))
            check_back(r, text, written);
        else { /* The name is another one. */
            struct document_set set;
            diag_init(r->diag);
            document_set_init(&set, r->arena, r->diag);
            CHECK(document_read(&set, "t", written), "%s: %s\n", out, r->diag->items[0].text);
            CHECK(span_is(node_find(set.first->root, "list")->first->text, text), "%.*s\n", SPAN_FMT(written));
            CHECK(span_is(node_find(set.first->root, "map")->first->text, text), "%.*s\n", SPAN_FMT(written));
        }
    }
}

TEST(canonical_texts_are_read_back_and_mean_no_other_type)
{
    static const char *const letters[] = { "a", "e", "x", "o", "b", "0", "1", "_", ".", ",", "+", "-", ":", "~", "T", " ", "#", "\n",
                                           "y", "<", "=", "[", "}", "'", "\"", "\\", "*", "\x01", "\xc2\x85", "\xe2\x80\xa9" };
    regex_t compiled[COUNT(patterns)];
    struct reader r = { .diag = malloc(sizeof(*r.diag)) };

    for (size_t i = 0; i < COUNT(patterns); i++)
        CHECK(regcomp(&compiled[i], patterns[i], REG_EXTENDED | REG_NOSUB) == 0, "%s\n", patterns[i]);
    for (size_t n = COUNT(letters), i = 0; i < n * n * n; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%s%s%s", letters[i / n / n], letters[i / n % n], letters[i % n]);
        if (!canonical_needs_quotes(span_str(text)))
            for (size_t k = 0; k < COUNT(patterns); k++)
                CHECK(regexec(&compiled[k], text, 0, NULL, 0) != 0, "\"%s\" may be taken by %s\n", text, patterns[k]);
        if (i % 64 == 0)
            r.arena = conf_arena_open(1 << 20);
        write_both(&r, text);
        if (i % 64 == 63 || i == n * n * n - 1)
            conf_arena_close(r.arena);
    }
    for (size_t i = 0; i < COUNT(patterns); i++)
        regfree(&compiled[i]);
    free(r.diag);
}

CHECK_RUN(RUN(canonical_quotes_when_needed), RUN(canonical_texts_are_read_back_and_mean_no_other_type))
