/* log_writer_test.c - batches arrive in the file in order and whole; what cannot be written is counted and given back.
 *
 * Method: real files; the world fails a write, and completions are cut short by hand.
 */
#include "worker/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/check.h"

#include "io/ring_sim.h"

enum { BATCHES = 3 };

struct world {
    struct ring      *ring;
    struct log_writer writer;
    struct log_batch *batches; /* BATCHES */
    char              dir[64], path[96], text[256];
};

static void world_open(struct world *w)
{
    char error[256] = "";

    memset(w, 0, sizeof(*w));
    ring_sim_open(1, NULL);
    CHECK(ring_open(&w->ring, error, sizeof(error)) == WHY_OK, "%s\n", error);
    log_writer_open(&w->writer, w->ring);
    w->batches = calloc(BATCHES, sizeof(*w->batches));
    snprintf(w->dir, sizeof(w->dir), "/tmp/log_writer_test.XXXXXX");
    CHECK(w->batches != NULL && mkdtemp(w->dir) != NULL, "no folder\n");
    snprintf(w->path, sizeof(w->path), "%s/log", w->dir);
    static const char *const texts[BATCHES] = { "first\n", "second\n", "third\n" };
    for (int i = 0; i < BATCHES; i++) {
        w->batches[i].bytes = (uint32_t)strlen(texts[i]);
        memcpy(w->batches[i].text, texts[i], w->batches[i].bytes);
    }
}

static void world_close(struct world *w)
{
    char other[128];

    log_writer_close(&w->writer);
    ring_close(w->ring);
    ring_sim_close();
    snprintf(other, sizeof(other), "%s.1", w->path);
    (void)unlink(w->path);
    (void)unlink(other);
    rmdir(w->dir);
    free(w->batches);
}

static const char *file_text(struct world *w, const char *suffix)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s", w->path, suffix);
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0, "%s\n", path);
    ssize_t n = read(fd, w->text, sizeof(w->text) - 1);
    w->text[n > 0 ? n : 0] = 0;
    close(fd);
    return w->text;
}

/* The completion of the write in flight. */
static struct ring_event next_event(struct world *w)
{
    struct ring_event ev;

    for (int i = 0; i < 100; i++) {
        if (ring_wait(w->ring, &ev, 1, 1000000, 1, 0) == 1)
            return ev;
    }
    CHECK(false, "no write completes\n");
    return ev;
}

TEST(log_writer_keeps_the_order)
{
    struct world w;

    world_open(&w);
    CHECK(log_writer_use(&w.writer, span_str(w.path)) == 0, "%s\n", strerror(errno));
    for (int i = 0; i < BATCHES; i++)
        log_writer_push(&w.writer, &w.batches[i]);
    for (int i = 0; i < BATCHES; i++) {
        CHECK(!log_writer_is_idle(&w.writer), "idle with %d batches to write\n", BATCHES - i);
        struct ring_event ev = next_event(&w);
        CHECK(log_writer_on_event(&w.writer, &ev) == &w.batches[i], "not batch %d\n", i);
    }
    CHECK(log_writer_is_idle(&w.writer) && w.writer.failures_n == 0, "%llu\n", (unsigned long long)w.writer.failures_n);
    CHECK(strcmp(file_text(&w, ""), "first\nsecond\nthird\n") == 0, "%s\n", w.text);
    world_close(&w);
}

TEST(log_writer_goes_on_after_a_short_write)
{
    struct world w;

    world_open(&w);
    CHECK(log_writer_use(&w.writer, span_str(w.path)) == 0, "%s\n", strerror(errno));
    log_writer_push(&w.writer, &w.batches[0]);
    struct ring_event ev = next_event(&w);
    CHECK(ev.n == 6, "%d\n", ev.n);
    ev.n = 2;
    CHECK(log_writer_on_event(&w.writer, &ev) == NULL, "done after 2 bytes of 6\n");
    ev = next_event(&w);
    CHECK(ev.n == 4, "%d\n", ev.n);
    ev.n = 3;
    CHECK(log_writer_on_event(&w.writer, &ev) == NULL, "done after 5 bytes of 6\n");
    ev = next_event(&w);
    CHECK(log_writer_on_event(&w.writer, &ev) == &w.batches[0] && w.writer.failures_n == 0, "not done\n");
    CHECK(strcmp(file_text(&w, ""), "first\nrst\n\n") == 0, "%s\n", w.text); /* All, from its third byte, its last. */
    world_close(&w);
}

TEST(log_writer_counts_what_fails_and_goes_on)
{
    struct world w;

    world_open(&w);
    CHECK(log_writer_use(&w.writer, span_str(w.path)) == 0, "%s\n", strerror(errno));
    ring_sim_fail_nth(1, WHY_IO_FAILED);
    log_writer_push(&w.writer, &w.batches[0]);
    log_writer_push(&w.writer, &w.batches[1]);
    struct ring_event ev = next_event(&w);
    CHECK(ev.why == WHY_IO_FAILED, "%s\n", why_name((enum why)ev.why));
    CHECK(log_writer_on_event(&w.writer, &ev) == &w.batches[0] && w.writer.failures_n == 1, "given back and counted\n");
    ev = next_event(&w);
    ev.n = 0; /* Nothing written is a failure, or it would be tried for ever. */
    CHECK(log_writer_on_event(&w.writer, &ev) == &w.batches[1] && w.writer.failures_n == 2, "0 bytes\n");
    CHECK(strcmp(file_text(&w, ""), "second\n") == 0, "%s\n", w.text);
    world_close(&w);
}

TEST(log_writer_opens_again_after_a_rotation)
{
    struct world w;
    char old[128], nowhere[160], longest[8192];

    world_open(&w);
    CHECK(log_writer_use(&w.writer, span_str(w.path)) == 0, "%s\n", strerror(errno));
    log_writer_push(&w.writer, &w.batches[0]);
    snprintf(old, sizeof(old), "%s.1", w.path);
    CHECK(rename(w.path, old) == 0 && log_writer_use(&w.writer, span_str(w.path)) == 0, "%s\n", strerror(errno));
    log_writer_push(&w.writer, &w.batches[1]);
    for (int i = 0; i < 2; i++) {
        struct ring_event ev = next_event(&w);
        (void)log_writer_on_event(&w.writer, &ev);
    }
    CHECK(strcmp(file_text(&w, ""), "second\n") == 0, "%s\n", w.text);
    snprintf(nowhere, sizeof(nowhere), "%s/none/log", w.dir);
    CHECK(log_writer_use(&w.writer, span_str(nowhere)) == ENOENT, "a folder that is not there\n");
    memset(longest, 'x', sizeof(longest));
    CHECK(log_writer_use(&w.writer, span_of(longest, sizeof(longest))) == ENAMETOOLONG, "a long name\n");
    log_writer_push(&w.writer, &w.batches[2]);
    struct ring_event ev = next_event(&w);
    CHECK(log_writer_on_event(&w.writer, &ev) == &w.batches[2] && strcmp(file_text(&w, ""), "second\nthird\n") == 0,
          "the old file is not in use any more: %s\n", w.text);
    CHECK(log_writer_use(&w.writer, SPAN_NONE) == 0 && w.writer.fd == STDERR_FILENO && w.writer.path[0] == 0, "stderr\n");
    world_close(&w);
}

CHECK_RUN(RUN(log_writer_keeps_the_order), RUN(log_writer_goes_on_after_a_short_write),
          RUN(log_writer_counts_what_fails_and_goes_on), RUN(log_writer_opens_again_after_a_rotation))
