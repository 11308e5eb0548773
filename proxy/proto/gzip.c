/* gzip.c - see gzip.h. */
#include "proto/gzip.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"

/* Memory that zlib takes: given out from the front, never back. */
struct block {
    _Alignas(16) uint8_t bytes[GZIP_STATE_BYTES];
    size_t given;
};

static voidpf take(voidpf opaque, uInt items, uInt bytes)
{
    struct block *b = opaque;
    size_t want = ((size_t)items * bytes + 15) & ~(size_t)15;
    void *at;

    if (want > sizeof(b->bytes) - b->given)
        return Z_NULL;
    at = b->bytes + b->given;
    b->given += want;
    return at;
}

static void give(voidpf opaque, voidpf at)
{
    UNUSED(opaque);
    UNUSED(at); /* The block ends with the call. */
}

bool gzip_is(struct span bytes)
{
    return bytes.len >= 3 && bytes.at[0] == 0x1f && bytes.at[1] == 0x8b && bytes.at[2] == 8;
}

/* One member off the front of *io_left into the front of the room. */
static enum why read_member(struct span *io_left, uint8_t *out, size_t out_bytes, size_t *out_length)
{
    struct block block;
    z_stream z = { .zalloc = take, .zfree = give, .opaque = &block };
    enum why why = WHY_OK;
    int got;

    block.given = 0;
    z.next_in = io_left->at;
    z.avail_in = (uInt)(io_left->len < UINT32_MAX ? io_left->len : UINT32_MAX);
    z.next_out = out;
    z.avail_out = (uInt)(out_bytes < UINT32_MAX ? out_bytes : UINT32_MAX);
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return WHY_GZIP_BAD;
    got = inflate(&z, Z_FINISH);
    if (got != Z_STREAM_END)
        why = z.avail_out == 0 && got == Z_BUF_ERROR ? WHY_ARCHIVE_LARGE : WHY_GZIP_BAD;
    *out_length = out_bytes - z.avail_out;
    *io_left = span_of(z.next_in, z.avail_in);
    (void)inflateEnd(&z);
    return why;
}

enum why gzip_read(struct span bytes, uint8_t *out, size_t out_bytes, size_t *out_length)
{
    enum why why = WHY_OK;
    size_t n = 0;

    MUST(out_bytes <= UINT32_MAX);
    *out_length = 0;
    if (!gzip_is(bytes) || bytes.len > UINT32_MAX)
        return WHY_GZIP_BAD;
    while (why == WHY_OK && gzip_is(bytes)) {
        why = read_member(&bytes, out + *out_length, out_bytes - *out_length, &n);
        *out_length += n;
    }
    return why; /* Behind the last member may stand padding, which gzip(1) ignores too. */
}
