/* h1_request_fuzz.c - can bytes of a client break the HTTP/1 request reader, or make it say two things?
 *
 * Goal:   no crash; the same messages and the same verdict wherever the wire is cut; an admitted head is written as one
 *         head that reads back as the same request (nothing that could be two requests to the next server).
 * Input:  one byte: length of the slices; the rest is the wire.
 * Replay: h1_request_fuzz FILE
 */
#include "lib/h1_feed.h"

#include "http/h1_writer.h"

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "h1_request_fuzz: %s\n", what);
    abort();
}

/* What goes upstream must be read there as what we think it is. */
static void write_and_read_back(struct h1_feed *f)
{
    struct h1_queued queued = { 0 };
    struct h1_plan plan = h1_writer_plan_request(&f->head, &queued);
    struct bufq out = { 0 };
    struct h1_feed *back = malloc(sizeof(*back));
    char *text = malloc(H1_FEED_TEXT_BYTES);

    must(back != NULL && text != NULL && h1_feed_open(back, false), "no memory");
    if (f->head.authority.len == 0)
        f->head.authority = SPAN_LIT("h"); /* HTTP/1.0 without Host: routing gives it one. */
    head_strip_hop(&f->head);
    must(h1_writer_request(&f->env, &out, &f->head, &plan) == WHY_OK, "written");
    uint32_t len = bufq_peek(&out, (uint8_t *)text, H1_FEED_TEXT_BYTES);
    must(len == out.bytes && h1_feed_all(back, text, len, len) == WHY_OK, "what was written is refused");
    must(back->messages_n == 1 && !back->in_head, "what was written is not one head");
    must(span_is(back->head.method_text, f->head.method_text) && span_is(back->head.target, f->head.target) &&
         span_is(back->head.authority, f->head.authority), "what was written is another request");
    must(back->head.has_body == f->head.has_body && back->head.content_length == f->head.content_length,
         "what was written is framed in another way");
    bufq_clear(&f->env, &out);
    h1_feed_close(back);
    free(back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct h1_feed *whole = malloc(sizeof(*whole)), *cut = malloc(sizeof(*cut));

    must(whole != NULL && cut != NULL, "no memory");
    if (size >= 2 && h1_feed_open(whole, false) && h1_feed_open(cut, false)) {
        size_t slice = data[0] > 0 ? data[0] : 1;
        whole->on_head = write_and_read_back;
        enum why one = h1_feed_all(whole, data + 1, size - 1, size - 1);
        enum why two = h1_feed_all(cut, data + 1, size - 1, slice);
        /* Arenas fill in another way when tokens come in pieces. */
        if (one != WHY_ARENA_FULL && two != WHY_ARENA_FULL)
            must(one == two && strcmp(whole->text, cut->text) == 0, "the cut of the wire matters");
        h1_feed_close(whole);
        h1_feed_close(cut);
    }
    free(whole);
    free(cut);
    return 0;
}
