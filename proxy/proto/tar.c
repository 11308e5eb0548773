/* tar.c - see tar.h. */
#include "proto/tar.h"

enum {
    BLOCK_BYTES = 512,
    NAME_AT = 0, NAME_BYTES = 100,
    SIZE_AT = 124, SIZE_BYTES = 12,
    SUM_AT = 148, SUM_BYTES = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257, MAGIC_BYTES = 6,
    PREFIX_AT = 345, PREFIX_BYTES = 155,
};

void tar_init(struct tar *t, struct span archive)
{
    memset(t, 0, sizeof(*t));
    t->_left = archive;
    t->comment = SPAN_LIT("");
}

/* Octal digits with blanks before and a blank or zero behind. false: not that, or base 256, which only files above 8 GiB need. */
static bool read_octal(struct span field, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0, digits_n = 0;

    while (i < field.len && field.at[i] == ' ')
        i++;
    for (; i < field.len && field.at[i] >= '0' && field.at[i] <= '7'; i++, digits_n++)
        value = value << 3 | (uint64_t)(field.at[i] - '0');
    if (i < field.len && field.at[i] != ' ' && field.at[i] != 0)
        return false;
    *out = value;
    return digits_n > 0 && digits_n <= SIZE_BYTES;
}

static bool is_zero(const uint8_t *block)
{
    for (uint32_t i = 0; i < BLOCK_BYTES; i++)
        if (block[i] != 0)
            return false;
    return true;
}

static bool sum_is_right(const uint8_t *block)
{
    uint64_t said, sum = 0;

    for (uint32_t i = 0; i < BLOCK_BYTES; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : block[i];
    return read_octal(span_of(block + SUM_AT, SUM_BYTES), &said) && said == sum;
}

static struct span text_field(const uint8_t *block, size_t at, size_t bytes)
{
    return span_of(block + at, strnlen((const char *)block + at, bytes));
}

/* ---- paths ---- */

/* One name behind what is in _path already; false: it does not fit. */
static bool add_segment(struct tar *t, uint32_t *io_bytes, struct span segment)
{
    if (*io_bytes + 1 + segment.len > sizeof(t->_path))
        return false;
    if (*io_bytes > 0)
        t->_path[(*io_bytes)++] = '/';
    memcpy(t->_path + *io_bytes, segment.at, segment.len);
    *io_bytes += (uint32_t)segment.len;
    return true;
}

static bool is_inside(struct span path)
{
    if (path.len == 0 || path.at[0] == '/')
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] < 0x20 || path.at[i] == 0x7f || path.at[i] == '\\')
            return false;
    return true;
}

static enum why clean_path(struct tar *t, struct span prefix, struct span name, struct span *out)
{
    struct span rest[2] = { prefix, name }, segment;
    uint32_t bytes = 0;

    if (!is_inside(prefix.len > 0 ? prefix : name) || (prefix.len > 0 && !is_inside(name)))
        return WHY_TAR_PATH;
    for (int part = 0; part < 2; part++)
        while (span_next(&rest[part], '/', &segment)) {
            if (segment.len == 0 || span_is(segment, SPAN_LIT(".")))
                continue;
            if (span_is(segment, SPAN_LIT("..")) || !add_segment(t, &bytes, segment))
                return WHY_TAR_PATH;
        }
    *out = span_of(t->_path, bytes);
    return bytes > 0 ? WHY_OK : WHY_TAR_PATH;
}

static enum why header_path(struct tar *t, const uint8_t *block, struct span *out)
{
    struct span name = text_field(block, NAME_AT, NAME_BYTES), prefix = SPAN_LIT("");

    if (t->_long_bytes > 0)
        name = span_of(t->_long, t->_long_bytes);
    else if (memcmp(block + MAGIC_AT, "ustar", MAGIC_BYTES) == 0) /* With its zero: GNU tar's own form has a blank, and no prefix. */
        prefix = text_field(block, PREFIX_AT, PREFIX_BYTES);
    return clean_path(t, prefix, name, out);
}

/* ---- extended headers ---- */

static bool take_long(struct tar *t, struct span name)
{
    if (name.len > sizeof(t->_long))
        return false;
    if (name.len > 0)
        memcpy(t->_long, name.at, name.len);
    t->_long_bytes = (uint32_t)name.len;
    return true;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts all of it. */
static bool next_record(struct span *io_rest, struct span *out_key, struct span *out_value)
{
    size_t blank = span_find(*io_rest, ' '), equals;
    struct span record;
    uint64_t bytes;

    if (blank == io_rest->len || !span_to_u64(span_of(io_rest->at, blank), &bytes) || bytes > io_rest->len || bytes < blank + 3)
        return false;
    record = span_of(io_rest->at + blank + 1, (size_t)bytes - blank - 1);
    if (record.at[record.len - 1] != '\n')
        return false;
    record.len--;
    equals = span_find(record, '=');
    if (equals == record.len)
        return false;
    *out_key = span_of(record.at, equals);
    *out_value = span_from(record, equals + 1);
    *io_rest = span_from(*io_rest, (size_t)bytes);
    return true;
}

static bool take_records(struct tar *t, struct span rest, bool is_global)
{
    struct span key, value;

    while (rest.len > 0) {
        if (!next_record(&rest, &key, &value))
            return false;
        if (is_global && span_is(key, SPAN_LIT("comment")))
            t->comment = value;
        if (is_global)
            continue;
        if (span_is(key, SPAN_LIT("path")) && !take_long(t, value))
            return false;
        if (span_is(key, SPAN_LIT("size"))) {
            t->_has_size = span_to_u64(value, &t->_long_size);
            if (!t->_has_size)
                return false;
        }
    }
    return true;
}

/* ---- entries ---- */

/* true: it was about the next entry, or is none of a file's. */
static bool take_special(struct tar *t, char type, struct span content, bool *out_is_good)
{
    *out_is_good = true;
    switch (type) {
    case 'x':
        *out_is_good = take_records(t, content, false);
        return true;
    case 'g':
        *out_is_good = take_records(t, content, true);
        return true;
    case 'L':
        *out_is_good = take_long(t, span_of(content.at, strnlen((const char *)content.at, content.len)));
        return true;
    case 0:
    case '0':
    case '7':
        return false;
    default: /* Folders, links, devices: and so what was said about them. */
        if (type != 'K') {
            t->_long_bytes = 0;
            t->_has_size = false;
        }
        return true;
    }
}

static enum tar_got bad(enum why why, enum why *out_why)
{
    *out_why = why;
    return TAR_BAD;
}

enum tar_got tar_next(struct tar *t, struct tar_file *out, enum why *out_why)
{
    for (;;) {
        const uint8_t *block = t->_left.at;
        struct span content;
        uint64_t size, padded;
        bool is_good;
        enum why why;

        if (t->_left.len < BLOCK_BYTES)
            return bad(WHY_TAR_BAD, out_why); /* An archive ends with blocks of zeros: this one was cut. */
        if (is_zero(block))
            return TAR_END;
        if (++t->_entries_n > TAR_FILES_MAX)
            return bad(WHY_ARCHIVE_LARGE, out_why);
        if (!sum_is_right(block) || !read_octal(span_of(block + SIZE_AT, SIZE_BYTES), &size))
            return bad(WHY_TAR_BAD, out_why);
        if (t->_has_size && (block[TYPE_AT] == 0 || block[TYPE_AT] == '0' || block[TYPE_AT] == '7'))
            size = t->_long_size;
        if (size > t->_left.len - BLOCK_BYTES)
            return bad(WHY_TAR_BAD, out_why);
        padded = (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        if (padded > t->_left.len - BLOCK_BYTES)
            return bad(WHY_TAR_BAD, out_why);
        content = span_of(block + BLOCK_BYTES, (size_t)size);
        t->_left = span_from(t->_left, BLOCK_BYTES + (size_t)padded);
        if (take_special(t, (char)block[TYPE_AT], content, &is_good)) {
            if (!is_good)
                return bad(WHY_TAR_BAD, out_why);
            continue;
        }
        why = header_path(t, block, &out->path);
        t->_long_bytes = 0;
        t->_has_size = false;
        if (why != WHY_OK)
            return bad(why, out_why);
        out->bytes = content;
        return TAR_FILE;
    }
}
