/* tar_test.c - files of archives, and archives that are none. */
#include "lib/check.h"
#include "proto/tar.h"

struct maker {
    uint8_t bytes[65536];
    size_t  len;
};

static void put(struct maker *m, const char *name, char type, const char *content, const char *prefix)
{
    uint8_t *b = m->bytes + m->len;
    size_t n = strlen(content);
    unsigned sum = 0;

    memset(b, 0, 512);
    snprintf((char *)b, 100, "%s", name);
    snprintf((char *)b + 100, 8, "0000644");
    snprintf((char *)b + 124, 12, "%011o", (unsigned)n);
    memset(b + 148, ' ', 8);
    b[156] = (uint8_t)type;
    memcpy(b + 257, "ustar\0" "00", 8);
    snprintf((char *)b + 345, 155, "%s", prefix);
    for (int i = 0; i < 512; i++)
        sum += b[i];
    snprintf((char *)b + 148, 8, "%06o", sum & 0777777);
    memset(b + 512, 0, 512 * ((n + 511) / 512));
    memcpy(b + 512, content, n);
    m->len += 512 + 512 * ((n + 511) / 512);
}

static struct span done(struct maker *m)
{
    memset(m->bytes + m->len, 0, 1024);
    return span_of(m->bytes, m->len + 1024);
}

static enum why why_of(struct span archive)
{
    struct tar t;
    struct tar_file f;
    enum why why = WHY_OK;

    tar_init(&t, archive);
    while (tar_next(&t, &f, &why) == TAR_FILE)
        continue;
    return why;
}

TEST(files_come_out_clean_and_in_order)
{
    static struct maker m;
    struct tar t;
    struct tar_file f;
    enum why why;

    m.len = 0;
    put(&m, "pax_global_header", 'g', "52 comment=0123456789012345678901234567890123456789\n", "");
    put(&m, "top/", '5', "", "");
    put(&m, "./top//a.yaml", '0', "one", "");
    put(&m, "top/link.yaml", '2', "", "");
    put(&m, "b.yaml", 0, "two", "top/deep");
    put(&m, "x", 'x', "17 path=new.yaml\n", "");
    put(&m, "c", '0', "", "");
    tar_init(&t, done(&m));
    CHECK(tar_next(&t, &f, &why) == TAR_FILE && span_is(f.path, SPAN_LIT("top/a.yaml")) && span_is(f.bytes, SPAN_LIT("one")), "1\n");
    CHECK(span_is(t.comment, SPAN_LIT("0123456789012345678901234567890123456789")), "no comment\n");
    CHECK(tar_next(&t, &f, &why) == TAR_FILE && span_is(f.path, SPAN_LIT("top/deep/b.yaml")), "2\n");
    CHECK(tar_next(&t, &f, &why) == TAR_FILE && span_is(f.path, SPAN_LIT("new.yaml")) && f.bytes.len == 0, "3\n");
    CHECK(tar_next(&t, &f, &why) == TAR_END, "4\n");
}

TEST(long_names_of_gnu_tar_are_read)
{
    static struct maker m;
    struct tar t;
    struct tar_file f;
    enum why why;

    m.len = 0;
    put(&m, "././@LongLink", 'L', "top/long-name.yaml", "");
    put(&m, "top/long", '0', "x", "");
    tar_init(&t, done(&m));
    CHECK(tar_next(&t, &f, &why) == TAR_FILE && span_is(f.path, SPAN_LIT("top/long-name.yaml")), "%.*s\n", SPAN_FMT(f.path));
}

TEST(paths_that_lead_outside_end_it)
{
    static const char *const names[] = { "/etc/passwd", "../a.yaml", "a/../../b.yaml", "a\\b.yaml", "a\nb.yaml", "." };

    for (size_t i = 0; i < COUNT(names); i++) {
        static struct maker m;

        m.len = 0;
        put(&m, names[i], '0', "x", "");
        CHECK(why_of(done(&m)) == WHY_TAR_PATH, "%s\n", names[i]);
    }
}

TEST(what_is_damaged_is_told)
{
    static struct maker m;
    struct span all;

    m.len = 0;
    put(&m, "a.yaml", '0', "hello", "");
    all = done(&m);
    CHECK(why_of(all) == WHY_OK, "whole\n");
    CHECK(why_of(span_of(all.at, 1024)) == WHY_TAR_BAD, "without its end\n");
    CHECK(why_of(span_of(all.at, 600)) == WHY_TAR_BAD, "cut in the content\n");
    CHECK(why_of(SPAN_LIT("")) == WHY_TAR_BAD, "nothing\n");
    m.bytes[0] ^= 1;
    CHECK(why_of(all) == WHY_TAR_BAD, "another name than was summed\n");
    m.bytes[0] ^= 1;
    m.len = 0;
    put(&m, "x", 'x', "99 path=a\n", "");
    CHECK(why_of(done(&m)) == WHY_TAR_BAD, "a record longer than the header\n");
}

TEST(too_many_entries_end_it)
{
    static uint8_t all[512 * (TAR_FILES_MAX + 3)];
    static struct maker m;

    m.len = 0;
    put(&m, "d/", '5', "", "");
    for (size_t i = 0; i <= TAR_FILES_MAX; i++)
        memcpy(all + 512 * i, m.bytes, 512);
    CHECK(why_of(span_of(all, sizeof(all))) == WHY_ARCHIVE_LARGE, "endless\n");
}

CHECK_RUN(RUN(files_come_out_clean_and_in_order), RUN(long_names_of_gnu_tar_are_read), RUN(paths_that_lead_outside_end_it),
          RUN(what_is_damaged_is_told), RUN(too_many_entries_end_it))
