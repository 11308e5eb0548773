/* h1_response_fuzz.c - can bytes of an upstream break the HTTP/1 response reader, or make it say two things?
 *
 * Goal:   no crash; the same messages and the same verdict wherever the wire is cut; an admitted head is written as one
 *         head that reads back with the same status and framing.
 * Input:  one byte: length of the slices in its low six bits, then: answers HEAD, answers an upgrade; the rest is the
 *         wire.
 * Replay: h1_response_fuzz FILE
 */
#include "lib/h1_feed.h"

#include "http/h1_writer.h"

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "h1_response_fuzz: %s\n", what);
    abort();
}

static void write_and_read_back(struct h1_feed *f)
{
    struct h1_queued queued = { 0 };
    struct h1_client_asked asked = { .version = HTTP_VERSION_11, .is_head = f->asked.is_head, .keeps = true,
                                     .is_tunnel = f->head.is_upgrade };
    struct h1_plan plan = h1_writer_plan_response(&f->head, &asked, &queued);
    struct bufq out = { 0 };
    struct h1_feed *back = malloc(sizeof(*back));
    char *text = malloc(H1_FEED_TEXT_BYTES);

    must(back != NULL && text != NULL && h1_feed_open(back, true), "no memory");
    back->asked = f->asked;
    must(h1_writer_response(&f->env, &out, &f->head, &plan) == WHY_OK, "written");
    uint32_t len = bufq_peek(&out, (uint8_t *)text, H1_FEED_TEXT_BYTES);
    must(len == out.bytes && h1_feed_all(back, text, len, len) == WHY_OK, "what was written is refused");
    must(back->messages_n == 1 && !back->in_head && back->head.status == f->head.status,
         "what was written is not one head");
    must(back->head.has_body == f->head.has_body, "what was written is framed in another way");
    must(!back->facts.until_eof, "an answer without an end was written to a connection that goes on");
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
    if (size >= 2 && h1_feed_open(whole, true) && h1_feed_open(cut, true)) {
        size_t slice = (data[0] & 63) > 0 ? data[0] & 63 : 1;
        whole->asked.is_head = cut->asked.is_head = (data[0] & 64) != 0;
        whole->asked.is_upgrade = cut->asked.is_upgrade = (data[0] & 128) != 0;
        whole->on_head = write_and_read_back;
        enum why one = h1_feed_all(whole, data + 1, size - 1, size - 1);
        enum why two = h1_feed_all(cut, data + 1, size - 1, slice);
        if (one != WHY_ARENA_FULL && two != WHY_ARENA_FULL)
            must(one == two && strcmp(whole->text, cut->text) == 0, "the cut of the wire matters");
        h1_feed_close(whole);
        h1_feed_close(cut);
    }
    free(whole);
    free(cut);
    return 0;
}
