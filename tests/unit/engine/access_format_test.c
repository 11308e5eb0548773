/* access_format_test.c - a wrong format is refused with its position, and formats have a longest. */
#include "unit/engine/access_world.h"

TEST(wrong_formats_are_refused_with_their_place)
{
    static const struct {
        const char *format, *said;
    } rows[] = {
        { "%NOPE%", "unknown operator %NOPE% at position 1" }, { "ab%%%PROTOKOL%", "did you mean %PROTOCOL%?" },
        { "ab%%%PROTOKOL%", "at position 5" }, { "a%", "position 2" }, { "%PROTOCOL", "position 1" },
        { "%protocol%", "did you mean %PROTOCOL%" }, { "%REQ%", "in brackets" }, { "%REQ()%", "the name of a header" },
        { "%REQ(?A)%", "the name of a header" }, { "%REQ(A?)%", "the name of a header" }, { "%REQ(A%", "not closed" },
        { "%REQ(A)x%", "only a colon" }, { "%REQ(A):%", "only a colon" }, { "%REQ(A):0%", "only a colon" },
        { "%REQ(A):1025%", "only a colon" }, { "%REQ(A):-1%", "only a colon" }, { "%START_TIME(%s)%", "" },
        { "%START_TIME(x)%", "only REQ and RESP" }, { "%PROTOCOL:x%", "only a colon" }, { "a\nb", "position 2" },
        { "a\x01", "position 2" }, { "%%%", "position 3" }, { "% %", "unknown operator" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_open(&w);
        CHECK(!compile(&w, rows[i].format, false) && w.diag.errors_n > 0, "%s: taken\n", rows[i].format);
        bool is_said = false;
        for (uint32_t k = 0; k < w.diag.items_n; k++)
            is_said |= strstr(w.diag.items[k].text, rows[i].said) != NULL;
        CHECK(is_said, "%s: %s\n", rows[i].format, w.diag.items[0].text);
        world_close(&w);
    }
}

TEST(formats_have_a_longest)
{
    char format[ACCESS_FORMAT_BYTES_MAX + 2];
    struct world w;

    world_open(&w);
    memset(format, 'x', sizeof(format));
    format[ACCESS_FORMAT_BYTES_MAX] = 0;
    CHECK(compile(&w, format, false), "longest: %s\n", w.diag.items[0].text);
    CHECK(line_of(&w).len == ACCESS_FORMAT_BYTES_MAX + 1, "line\n");
    format[ACCESS_FORMAT_BYTES_MAX] = 'x';
    format[ACCESS_FORMAT_BYTES_MAX + 1] = 0;
    CHECK(!compile(&w, format, false), "too long\n");
    format[0] = 0;
    size_t used = 0;
    for (unsigned i = 0; i < ACCESS_OPS_MAX; i++)
        used += (size_t)snprintf(format + used, sizeof(format) - used, "%%STREAM_ID%%");
    CHECK(compile(&w, format, false), "most pieces: %s\n", w.diag.items[1].text);
    snprintf(format + used, sizeof(format) - used, "x");
    CHECK(!compile(&w, format, false), "too many pieces\n");
    world_close(&w);
}

CHECK_RUN(RUN(wrong_formats_are_refused_with_their_place), RUN(formats_have_a_longest))
