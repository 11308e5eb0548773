/* h1_feed.h - bytes through the HTTP/1 reader in slices of any size, and what came out as one text.
 *
 * For tests and fuzz targets. Each slice lies in a heap block of exactly its size, so that a read past its end is seen
 * by the address sanitizer, and is gone after the call, so that a pointer that outlived it is seen, too.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bufq.h"
#include "base/limits.h"
#include "http/h1_reader.h"

enum { H1_FEED_TEXT_BYTES = 1 << 20 };

struct h1_feed {
    struct bufq_env  env;
    struct h1_reader reader;
    struct arena     arena;
    struct head      head, trailers;
    struct h1_facts  facts;
    struct h1_asked  asked;
    struct bufq      wire, body;
    bool             is_response;
    bool             in_head, in_body;
    enum why         why;
    uint32_t         messages_n;
    void           (*on_head)(struct h1_feed *f); /* head is read and checked; or NULL */
    size_t           text_len;
    char            *text;
};

static inline void h1_feed_say(struct h1_feed *f, const void *at, size_t len)
{
    if (len > H1_FEED_TEXT_BYTES - 1 - f->text_len)
        len = H1_FEED_TEXT_BYTES - 1 - f->text_len;
    if (len > 0)
        memcpy(f->text + f->text_len, at, len);
    f->text_len += len;
    f->text[f->text_len] = 0;
}

static inline void h1_feed_str(struct h1_feed *f, const char *s)
{
    h1_feed_say(f, s, strlen(s));
}

static inline void h1_feed_span(struct h1_feed *f, struct span s)
{
    h1_feed_say(f, s.at, s.len);
}

static inline bool h1_feed_open(struct h1_feed *f, bool is_response)
{
    memset(f, 0, sizeof(*f));
    f->is_response = is_response;
    f->text = malloc(H1_FEED_TEXT_BYTES);
    if (f->text == NULL || bufq_env_open(&f->env, 1024, 256, 256) != WHY_OK)
        return false;
    f->text[0] = 0;
    arena_init(&f->arena, &f->env.bufs, EXCHANGE_ARENA_BYTES_MAX);
    h1_reader_init(&f->reader, is_response);
    return true;
}

static inline void h1_feed_close(struct h1_feed *f)
{
    bufq_clear(&f->env, &f->wire);
    bufq_clear(&f->env, &f->body);
    arena_fini(&f->arena);
    bufq_env_close(&f->env);
    free(f->text);
}

static inline void h1_feed_fields(struct h1_feed *f, const struct head *h)
{
    for (uint32_t i = 0; i < h->fields_n; i++) {
        h1_feed_span(f, h->fields[i].name);
        h1_feed_str(f, "=");
        h1_feed_span(f, h->fields[i].value);
        h1_feed_str(f, h->fields[i].id == field_id_of(h->fields[i].name) ? "|" : "(wrong id)|");
    }
}

/* GET host /target 11 name=value|...  [len=5] [chunked] [eof] [close] [upgrade=x] [continue] */
static inline void h1_feed_say_head(struct h1_feed *f)
{
    const struct head *h = &f->head;
    char number[64];

    if (f->is_response) {
        snprintf(number, sizeof(number), "%u %u ", h->status, h->version);
        h1_feed_str(f, number);
    } else {
        h1_feed_span(f, h->method_text);
        h1_feed_str(f, " ");
        h1_feed_span(f, h->authority);
        h1_feed_str(f, " ");
        h1_feed_span(f, h->target);
        snprintf(number, sizeof(number), " %u ", h->version);
        h1_feed_str(f, number);
    }
    h1_feed_fields(f, h);
    snprintf(number, sizeof(number), " len=%llu", (unsigned long long)h->content_length);
    h1_feed_str(f, h->has_content_length ? number : "");
    h1_feed_str(f, f->facts.is_chunked ? " chunked" : "");
    h1_feed_str(f, f->facts.until_eof ? " eof" : "");
    h1_feed_str(f, f->facts.keeps ? "" : " close");
    h1_feed_str(f, h->is_upgrade ? " upgrade=" : "");
    h1_feed_span(f, h->protocol);
    h1_feed_str(f, h->expects_continue ? " continue" : "");
    h1_feed_str(f, "\n");
}

static inline void h1_feed_take_body(struct h1_feed *f)
{
    while (f->body.bytes > 0) {
        struct span front = bufq_front(&f->body);
        h1_feed_span(f, front);
        bufq_eat(&f->env, &f->body, (uint32_t)front.len);
    }
}

/* One step of the reader; false: it waits for more, or refused. */
static inline bool h1_feed_step(struct h1_feed *f)
{
    enum h1_got got;

    if (f->in_body) {
        got = h1_reader_body(&f->reader, &f->env, &f->wire, &f->body, &f->trailers, &f->why);
        h1_feed_take_body(f);
        if (got == H1_FULL)
            return true;
        if (got == H1_DONE) {
            f->in_body = false;
            h1_feed_str(f, "<");
            h1_feed_fields(f, &f->trailers);
            h1_feed_str(f, ">\n");
        }
        return got == H1_DONE;
    }
    if (f->in_head) {
        got = h1_reader_head(&f->reader, &f->env, &f->wire, &f->head, f->is_response ? &f->asked : NULL, &f->facts,
                             &f->why);
        if (got == H1_DONE) {
            f->in_head = false;
            f->in_body = f->head.has_body;
            f->messages_n++;
            h1_feed_say_head(f);
            if (f->on_head != NULL)
                f->on_head(f);
        }
        return got == H1_DONE;
    }
    if (h1_reader_begin(&f->reader, &f->env, &f->wire, &f->why) != H1_DONE)
        return false;
    arena_fini(&f->arena);
    head_init(&f->head, &f->arena);
    head_init(&f->trailers, &f->arena);
    f->in_head = true;
    return true;
}

static inline void h1_feed_free_slice(struct buf *b)
{
    free(b->mem);
    free(b);
}

/* Feed one slice; answers why it was refused, WHY_OK while all is well. */
static inline enum why h1_feed_slice(struct h1_feed *f, const void *at, size_t len)
{
    struct buf *b = calloc(1, sizeof(*b));
    struct bufseg *seg = pool_take(&f->env.segs);

    if (b == NULL || seg == NULL || len == 0 || f->wire.bytes != 0)
        abort();
    b->mem = malloc(len);
    memcpy(b->mem, at, len);
    b->bytes = (uint32_t)len;
    b->refs = 1;
    b->on_free = h1_feed_free_slice;
    /* By hand: pushing it would copy a small slice into a chunk. */
    *seg = (struct bufseg){ .buf = b, .at = b->mem, .len = (uint32_t)len };
    bufq_clear(&f->env, &f->wire);
    f->wire = (struct bufq){ .first = seg, .last = seg, .bytes = (uint32_t)len, .segs = 1 };
    while (f->why == WHY_OK && h1_feed_step(f))
        continue;
    if (f->why != WHY_OK)
        bufq_clear(&f->env, &f->wire);
    return f->why;
}

/* Feed all of it in slices of at most cut bytes. */
static inline enum why h1_feed_all(struct h1_feed *f, const void *at, size_t len, size_t cut)
{
    const uint8_t *bytes = at;
    enum why why = WHY_OK;

    for (size_t done = 0; done < len && why == WHY_OK; done += cut)
        why = h1_feed_slice(f, bytes + done, len - done < cut ? len - done : cut);
    return why;
}
