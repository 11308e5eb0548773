/* junit.c - see junit.h. */
#include "ctl/junit.h"

#include "proto/text_write.h"

/* XML 1.0 s2.2 has no way to write most control characters: they become '?'. */
static void write_escaped(struct text_write *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '&')
            text_write_str(out, "&amp;");
        else if (c == '<')
            text_write_str(out, "&lt;");
        else if (c == '>')
            text_write_str(out, "&gt;");
        else if (c == '"')
            text_write_str(out, "&quot;");
        else if (c == '\n')
            text_write_str(out, "&#10;");
        else
            text_write_byte(out, c < ' ' || c == 0x7f ? '?' : (char)c);
    }
}

static void write_case(const struct junit_case *one, const char *suite, struct text_write *out)
{
    text_write_str(out, "    <testcase classname=\"");
    write_escaped(out, span_str(suite));
    text_write_str(out, "\" name=\"");
    write_escaped(out, one->name);
    if (one->has_passed) {
        text_write_str(out, "\"/>\n");
        return;
    }
    text_write_str(out, "\">\n      <failure message=\"");
    write_escaped(out, one->sentence);
    text_write_str(out, "\"/>\n    </testcase>\n");
}

void junit_write(const char *suite, const struct junit_case *cases, uint32_t cases_n, struct text_write *out)
{
    uint32_t failed_n = 0;

    for (uint32_t i = 0; i < cases_n; i++)
        failed_n += !cases[i].has_passed;
    text_write_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    write_escaped(out, span_str(suite));
    text_write_str(out, "\" tests=\"");
    text_write_u64(out, cases_n);
    text_write_str(out, "\" failures=\"");
    text_write_u64(out, failed_n);
    text_write_str(out, "\" errors=\"0\">\n");
    for (uint32_t i = 0; i < cases_n; i++)
        write_case(&cases[i], suite, out);
    text_write_str(out, "  </testsuite>\n</testsuites>\n");
}
