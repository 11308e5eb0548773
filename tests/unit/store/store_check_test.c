/* store_check_test.c - a damaged file is seen before anybody relies on it, and costs nobody their life.
 *
 * Method: a good file, then each of its pages overwritten, the file cut at each page, and single bytes changed. Damage where nothing
 * is stored may pass; but what passes must give back all that was committed.
 */
#include <fcntl.h>

#include "unit/store/store_world.h"

enum { PAGE = 4096 };

struct file {
    uint8_t *bytes;
    size_t   n;
};

static struct file file_read(const char *path)
{
    struct file f = { malloc(1 << 22), 0 };
    FILE *in = fopen(path, "r");

    CHECK(in != NULL && f.bytes != NULL, "%s\n", path);
    f.n = fread(f.bytes, 1, 1 << 22, in);
    fclose(in);
    return f;
}

static void file_write(const char *path, const struct file *f, size_t n)
{
    FILE *out = fopen(path, "w");

    CHECK(out != NULL && fwrite(f->bytes, 1, n, out) == n && fclose(out) == 0, "%s\n", path);
}

/* All that was committed is there. */
static bool is_whole(struct store_world *w)
{
    struct store_memory memory = store_world_memory(w);
    struct generation g;
    struct span text;
    uint64_t current;
    bool is_good = store_world_open(w, 0) == WHY_OK && store_current(w->store, &current) == WHY_OK && current == 5;

    for (uint64_t number = 1; is_good && number <= 5; number++) {
        is_good = store_get(w->store, number, &memory, &g) == WHY_OK && g.documents_n == 4;
        for (uint32_t i = 0; is_good && i < g.documents_n; i++)
            is_good = store_get_blob(w->store, &g.documents[i], &memory, &text) == WHY_OK;
    }
    store_close(w->store);
    w->store = NULL;
    return is_good;
}

static struct file good_file(struct store_world *w)
{
    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    for (unsigned i = 1; i <= 5; i++)
        CHECK(store_world_put(w, i, "abcd", i) == WHY_OK, "%s\n", store_error(w->store));
    store_close(w->store);
    w->store = NULL;
    CHECK(store_check(w->path) == WHY_OK && is_whole(w), "damaged from the start\n");
    return file_read(w->path);
}

TEST(store_check_sees_damaged_pages)
{
    struct store_world *w = store_world_new();
    struct file f = good_file(w);
    unsigned seen_n = 0, pages_n = (unsigned)(f.n / PAGE);

    for (unsigned page = 0; page < pages_n; page++)
        for (int with = 0; with < 3; with++) {
            uint8_t before[PAGE];

            memcpy(before, f.bytes + page * PAGE, PAGE);
            for (int i = 0; i < PAGE; i++)
                f.bytes[page * PAGE + (unsigned)i] = (uint8_t)(with == 0 ? 0 : with == 1 ? 0xff : i * 37 + 11);
            file_write(w->path, &f, f.n);
            enum why why = store_check(w->path);
            CHECK(why == WHY_OK || why == WHY_STORE_DAMAGED, "page %u: %s\n", page, why_name(why));
            seen_n += why == WHY_STORE_DAMAGED;
            CHECK(why == WHY_STORE_DAMAGED || page < 2 || is_whole(w), "page %u: passed, and something is missing\n", page);
            memcpy(f.bytes + page * PAGE, before, PAGE);
        }
    CHECK(seen_n >= 3 * 4, "only %u of %u seen\n", seen_n, 3 * pages_n);
    free(f.bytes);
    store_world_free(w);
}

TEST(store_check_sees_a_cut_file)
{
    struct store_world *w = store_world_new();
    struct file f = good_file(w);
    unsigned seen_n = 0;

    for (size_t n = 0; n < f.n; n += PAGE / 2) {
        file_write(w->path, &f, n);
        enum why why = store_check(w->path);
        seen_n += why == WHY_STORE_DAMAGED;
        CHECK(why == WHY_STORE_DAMAGED || n == 0 || is_whole(w), "cut at %zu: passed, and something is missing\n", n);
    }
    CHECK(seen_n > 0, "nothing seen\n");
    free(f.bytes);
    store_world_free(w);
}

/* In the contents themselves: LMDB would not notice. */
TEST(store_check_sees_one_changed_byte)
{
    struct store_world *w = store_world_new();
    struct file f = good_file(w);
    uint8_t *at = memmem(f.bytes + 2 * PAGE, f.n - 2 * PAGE, "\0a5", 3);

    CHECK(at != NULL, "the content is not there\n");
    while (at != NULL) { /* Pages of before may have it, too. */
        at[2] = '6';
        at = memmem(f.bytes + 2 * PAGE, f.n - 2 * PAGE, "\0a5", 3);
    }
    file_write(w->path, &f, f.n);
    CHECK(store_check(w->path) == WHY_STORE_DAMAGED, "not seen\n");
    memset(f.bytes, 'x', f.n);
    file_write(w->path, &f, f.n);
    CHECK(store_check(w->path) == WHY_STORE_DAMAGED && store_world_open(w, 0) == WHY_STORE_DAMAGED, "something else entirely\n");
    free(f.bytes);
    store_world_free(w);
}

CHECK_RUN(RUN(store_check_sees_damaged_pages), RUN(store_check_sees_a_cut_file), RUN(store_check_sees_one_changed_byte))
