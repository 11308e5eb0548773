/* h2_wire.h - HTTP/2 frames by hand: written one by one for attacks, and read back as lines of text.
 *
 * Method: header blocks are written as literals without indexing, so that a test says each byte; blocks are read back with
 *         nghttp2's decoder. Nothing here goes through the code under test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "lib/check.h"

enum { H2_WIRE_BYTES = 1 << 20, H2_DUMP_BYTES = 1 << 18 };

struct h2_wire {
    uint8_t at[H2_WIRE_BYTES];
    size_t  len;
};

static inline void h2_wire_bytes(struct h2_wire *w, const void *at, size_t len)
{
    CHECK(w->len + len <= sizeof(w->at), "wire is full\n");
    if (len > 0)
        memcpy(w->at + w->len, at, len);
    w->len += len;
}

static inline void h2_wire_frame(struct h2_wire *w, uint8_t type, uint8_t flags, uint32_t id, const void *at, size_t len)
{
    uint8_t head[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags,
                        (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };

    h2_wire_bytes(w, head, sizeof(head));
    h2_wire_bytes(w, at, len);
}

/* A number as HPACK writes it behind a prefix of that many bits (RFC 7541 s5.1). */
static inline size_t h2_wire_number(uint8_t *at, uint8_t first, unsigned bits, size_t value)
{
    size_t limit = (1U << bits) - 1, n = 1;

    if (value < limit) {
        at[0] = (uint8_t)(first | value);
        return 1;
    }
    at[0] = (uint8_t)(first | limit);
    for (value -= limit; value >= 128; value >>= 7)
        at[n++] = (uint8_t)(value % 128 + 128);
    at[n++] = (uint8_t)value;
    return n;
}

/* One literal field; first: 0x00 without indexing, 0x10 never indexed, 0x40 with indexing. Answers its length. */
static inline size_t h2_wire_field(uint8_t *at, uint8_t first, const void *name, size_t name_len, const void *value, size_t value_len)
{
    size_t n = 0;

    at[n++] = first;
    n += h2_wire_number(at + n, 0, 7, name_len);
    memcpy(at + n, name, name_len);
    n += name_len;
    n += h2_wire_number(at + n, 0, 7, value_len);
    if (value_len > 0)
        memcpy(at + n, value, value_len);
    return n + value_len;
}

/* Lines "name: value" (the colon of a pseudo-field is the first byte) as a block. */
static inline size_t h2_wire_block(uint8_t *at, const char *lines)
{
    size_t n = 0;

    while (*lines != '\0') {
        const char *end = strchr(lines, '\n');
        const char *colon = strstr(lines + 1, ": ");
        CHECK(end != NULL && colon != NULL && colon < end, "not a field: %s\n", lines);
        n += h2_wire_field(at + n, 0x00, lines, (size_t)(colon - lines), colon + 2, (size_t)(end - colon - 2));
        lines = end + 1;
    }
    return n;
}

/* HEADERS with these lines; END_HEADERS is added. */
static inline void h2_wire_head(struct h2_wire *w, uint8_t flags, uint32_t id, const char *lines)
{
    uint8_t block[16384];

    h2_wire_frame(w, NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, id, block, h2_wire_block(block, lines));
}

static inline void h2_wire_hello(struct h2_wire *w)
{
    h2_wire_bytes(w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    h2_wire_frame(w, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    h2_wire_frame(w, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

static inline void h2_wire_u32(struct h2_wire *w, uint8_t type, uint32_t id, uint32_t value)
{
    uint8_t at[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

    h2_wire_frame(w, type, 0, id, at, 4);
}

/* ---- reading ---- */

struct h2_dump {
    nghttp2_hd_inflater *inflater;
    uint8_t  in[H2_WIRE_BYTES];
    size_t   in_len;
    char     text[H2_DUMP_BYTES]; /* a line a frame */
    size_t   len;
    bool     is_quiet;            /* no line for WINDOW_UPDATE and SETTINGS */
    uint64_t payload_bytes;       /* of DATA, all streams */
    uint32_t frames_n[256];
};

static inline void h2_dump_init(struct h2_dump *d, bool is_quiet)
{
    memset(d, 0, sizeof(*d));
    d->is_quiet = is_quiet;
    CHECK(nghttp2_hd_inflate_new(&d->inflater) == 0, "no inflater\n");
}

static inline void h2_dump_fini(struct h2_dump *d)
{
    nghttp2_hd_inflate_del(d->inflater);
}

__attribute__((format(printf, 2, 3)))
static inline void h2_dump_line(struct h2_dump *d, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(d->text + d->len, sizeof(d->text) - d->len, format, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof(d->text) - d->len, "dump is full\n");
    d->len += (size_t)n;
}

static inline void h2_dump_block(struct h2_dump *d, const uint8_t *at, size_t len)
{
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        nghttp2_ssize n = nghttp2_hd_inflate_hd3(d->inflater, &nv, &flags, at, len, 1);
        CHECK(n >= 0, "header block does not decode: %d\n", (int)n);
        at += n;
        len -= (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            h2_dump_line(d, " %.*s=%.*s%s", (int)nv.namelen, (const char *)nv.name, (int)nv.valuelen, (const char *)nv.value,
                         (nv.flags & NGHTTP2_NV_FLAG_NO_INDEX) ? "!" : "");
        if (flags & NGHTTP2_HD_INFLATE_FINAL) {
            nghttp2_hd_inflate_end_headers(d->inflater);
            return;
        }
        CHECK(len > 0 || (flags & NGHTTP2_HD_INFLATE_EMIT) != 0, "header block is cut\n");
    }
}

static inline uint32_t h2_dump_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void h2_dump_frame(struct h2_dump *d, const uint8_t *f, size_t len)
{
    uint8_t type = f[3], flags = f[4];
    uint32_t id = h2_dump_u32(f + 5);
    const char *end = (flags & NGHTTP2_FLAG_END_STREAM) ? " END" : "";

    d->frames_n[type]++;
    switch (type) {
    case NGHTTP2_DATA:
        d->payload_bytes += len;
        h2_dump_line(d, "%u DATA %zu%s\n", id, len, end);
        break;
    case NGHTTP2_HEADERS:
        h2_dump_line(d, "%u HEADERS", id);
        h2_dump_block(d, f + 9, len);
        h2_dump_line(d, "%s\n", end);
        break;
    case NGHTTP2_RST_STREAM:
        h2_dump_line(d, "%u RST %u\n", id, h2_dump_u32(f + 9));
        break;
    case NGHTTP2_GOAWAY:
        h2_dump_line(d, "GOAWAY last=%u code=%u\n", h2_dump_u32(f + 9), h2_dump_u32(f + 13));
        break;
    case NGHTTP2_PING:
        h2_dump_line(d, "PING%s\n", (flags & NGHTTP2_FLAG_ACK) ? " ACK" : "");
        break;
    case NGHTTP2_SETTINGS:
        if (d->is_quiet)
            break;
        h2_dump_line(d, "SETTINGS%s", (flags & NGHTTP2_FLAG_ACK) ? " ACK" : "");
        for (size_t i = 0; i + 6 <= len; i += 6)
            h2_dump_line(d, " %u=%u", (unsigned)(f[9 + i] << 8 | f[10 + i]), h2_dump_u32(f + 11 + i));
        h2_dump_line(d, "\n");
        break;
    case NGHTTP2_WINDOW_UPDATE:
        if (!d->is_quiet)
            h2_dump_line(d, "%u WINDOW %u\n", id, h2_dump_u32(f + 9));
        break;
    default:
        h2_dump_line(d, "%u TYPE %u\n", id, type);
        break;
    }
}

static inline void h2_dump_feed(struct h2_dump *d, const void *at, size_t len)
{
    size_t done = 0;

    CHECK(d->in_len + len <= sizeof(d->in), "dump input is full\n");
    memcpy(d->in + d->in_len, at, len);
    d->in_len += len;
    if (d->in_len >= 24 && memcmp(d->in, "PRI * HTTP/2.0", 14) == 0)
        done = 24;
    while (d->in_len - done >= 9) {
        const uint8_t *f = d->in + done;
        size_t body = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];
        if (d->in_len - done < 9 + body)
            break;
        h2_dump_frame(d, f, body);
        done += 9 + body;
    }
    memmove(d->in, d->in + done, d->in_len - done);
    d->in_len -= done;
}

static inline bool h2_dump_has(const struct h2_dump *d, const char *part)
{
    return strstr(d->text, part) != NULL;
}

static inline void h2_dump_clear(struct h2_dump *d)
{
    d->len = 0;
    d->text[0] = '\0';
}
