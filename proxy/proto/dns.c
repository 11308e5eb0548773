/* dns.c - see dns.h. */
#include "proto/dns.h"

enum {
    HEAD_BYTES = 12,
    LABEL_BYTES_MAX = 63,
    JUMPS_MAX = 16,            /* compression pointers of one name */
    CLASS_IN = 1,
    TYPE_CNAME = 5,
    TYPE_OPT = 41,
    CODE_NO_NAME = 3,          /* NXDOMAIN */
    FLAGS_ASK = 0x0100,        /* recursion desired */
};

/* A name as labels on the wire, in small letters. */
struct wire_name {
    uint8_t  bytes[DNS_NAME_BYTES_MAX + 1];
    uint32_t len;
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_name_byte(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* ---- names ---- */

static bool add_label(struct wire_name *n, const uint8_t *at, size_t len)
{
    if (len == 0 || len > LABEL_BYTES_MAX || n->len + 1 + len + 1 > DNS_NAME_BYTES_MAX)
        return false;
    n->bytes[n->len++] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        n->bytes[n->len++] = lower(at[i]);
    return true;
}

static bool name_of_text(struct span text, struct wire_name *out)
{
    struct span label;

    out->len = 0;
    if (text.len > 0 && text.at[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.at[text.len - 1] == '.')
        return false;
    while (span_next(&text, '.', &label)) {
        for (size_t i = 0; i < label.len; i++)
            if (!is_name_byte(label.at[i]))
                return false;
        if (!add_label(out, label.at, label.len))
            return false;
    }
    out->bytes[out->len++] = 0;
    return true;
}

/* The name at *io_at, which ends behind it. A pointer leads only backwards, so no chain of them is endless. */
static bool name_of_message(struct span m, size_t *io_at, struct wire_name *out)
{
    size_t at = *io_at, before = *io_at;
    bool has_jumped = false;
    uint32_t jumps_n = 0;

    out->len = 0;
    for (;;) {
        if (at >= m.len)
            return false;
        uint8_t len = m.at[at];
        if (len == 0)
            break;
        if (len >= 0xc0) {
            size_t target;

            if (at + 2 > m.len || ++jumps_n > JUMPS_MAX)
                return false;
            target = get16(m.at + at) & 0x3fff;
            if (target >= before)
                return false;
            if (!has_jumped)
                *io_at = at + 2;
            has_jumped = true;
            at = before = target;
            continue;
        }
        if (len > LABEL_BYTES_MAX || at + 1 + len > m.len || !add_label(out, m.at + at + 1, len))
            return false;
        at += 1u + len;
    }
    out->bytes[out->len++] = 0;
    if (!has_jumped)
        *io_at = at + 1;
    return true;
}

static bool is_same(const struct wire_name *a, const struct wire_name *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- the question ---- */

uint32_t dns_write_question(uint8_t *out, uint16_t id, struct span name, enum dns_type type)
{
    struct wire_name n;
    uint32_t at = HEAD_BYTES;

    if (!name_of_text(name, &n))
        return 0;
    memset(out, 0, HEAD_BYTES);
    put16(out, id);
    put16(out + 2, FLAGS_ASK);
    put16(out + 4, 1);
    put16(out + 10, 1);
    memcpy(out + at, n.bytes, n.len);
    at += n.len;
    put16(out + at, (uint32_t)type);
    put16(out + at + 2, CLASS_IN);
    at += 4;
    memset(out + at, 0, 11); /* OPT: no name, what we take, nothing else. */
    put16(out + at + 1, TYPE_OPT);
    put16(out + at + 3, DNS_MESSAGE_BYTES_MAX);
    return at + 11;
}

bool dns_is_answer(struct span message, uint16_t id, struct span name, enum dns_type type)
{
    struct wire_name asked, said;
    size_t at = HEAD_BYTES;

    if (message.len < HEAD_BYTES || get16(message.at) != id || (message.at[2] & 0xf8) != 0x80 || get16(message.at + 4) != 1)
        return false;
    return name_of_text(name, &asked) && name_of_message(message, &at, &said) && is_same(&asked, &said) && at + 4 <= message.len &&
           get16(message.at + at) == (uint32_t)type && get16(message.at + at + 2) == CLASS_IN;
}

/* ---- the answer ---- */

struct record {
    struct wire_name owner;
    uint32_t type, class, ttl_s;
    size_t   data_at, data_bytes;
};

static bool next_record(struct span m, size_t *io_at, struct record *out)
{
    if (!name_of_message(m, io_at, &out->owner) || *io_at + 10 > m.len)
        return false;
    out->type = get16(m.at + *io_at);
    out->class = get16(m.at + *io_at + 2);
    out->ttl_s = get16(m.at + *io_at + 4) << 16 | get16(m.at + *io_at + 6);
    if (out->ttl_s > INT32_MAX)
        out->ttl_s = 0; /* RFC 2181 s8. */
    out->data_bytes = get16(m.at + *io_at + 8);
    out->data_at = *io_at + 10;
    if (out->data_bytes > m.len - out->data_at)
        return false;
    *io_at = out->data_at + out->data_bytes;
    return true;
}

static void add_address(struct dns_addresses *to, const uint8_t *at, enum dns_type type)
{
    static const uint8_t v4[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    uint8_t *out;

    if (to->n == DNS_ADDRESSES_MAX)
        return;
    out = to->all[to->n++];
    if (type == DNS_A) {
        memcpy(out, v4, sizeof(v4));
        memcpy(out + sizeof(v4), at, 4);
    } else {
        memcpy(out, at, ADDRESS_BYTES);
    }
}

/* Records of *name: addresses, or an alias, whose target is *name then. Answers how many said something, -1 for a bad message. */
static int walk(struct span m, size_t at, struct wire_name *name, enum dns_type type, struct dns_addresses *io)
{
    uint32_t records_n = get16(m.at + 6), address_bytes = type == DNS_A ? 4 : 16;
    struct record r;
    int said_n = 0;

    for (uint32_t i = 0; i < records_n; i++) {
        if (!next_record(m, &at, &r))
            return -1;
        if (r.class != CLASS_IN || !is_same(&r.owner, name) || (r.type != TYPE_CNAME && r.type != (uint32_t)type))
            continue;
        if (r.ttl_s < io->ttl_s)
            io->ttl_s = r.ttl_s;
        said_n++;
        if (r.type == (uint32_t)type) {
            if (r.data_bytes != address_bytes)
                return -1;
            add_address(io, m.at + r.data_at, type);
        } else {
            size_t target_at = r.data_at;

            if (!name_of_message(m, &target_at, name) || target_at != r.data_at + r.data_bytes)
                return -1;
            return said_n;
        }
    }
    return said_n;
}

enum why dns_read_answer(struct span message, struct span name, enum dns_type type, struct dns_addresses *io)
{
    struct dns_addresses found = *io;
    struct wire_name wanted, said;
    size_t at = HEAD_BYTES;
    uint32_t code = message.at[3] & 15u;
    int got = 1;

    if (found.n == 0)
        found.ttl_s = INT32_MAX;
    if (code == CODE_NO_NAME)
        return WHY_DNS_NO_NAME;
    if (code != 0)
        return WHY_DNS_FAILED;
    if (!name_of_text(name, &wanted) || !name_of_message(message, &at, &said))
        return WHY_DNS_BAD;
    /* Aliases may stand in any order: each turn follows one, from the top. */
    for (uint32_t turn = 0; turn <= DNS_ALIASES_MAX && got > 0 && found.n == io->n; turn++)
        got = walk(message, at + 4, &wanted, type, &found);
    if (got < 0)
        return WHY_DNS_BAD;
    if (found.n == io->n)
        return (message.at[2] & 2) != 0 ? WHY_DNS_TRUNCATED : WHY_DNS_NO_ADDRESS;
    *io = found; /* Of a truncated one, too: an address is an address. */
    return WHY_OK;
}
