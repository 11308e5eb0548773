/* head_test.c - the field table of a message does what head.h says.
 *
 * Goal:   each row of field_id.def is found by its name, limits are refused at the first value past them, hop-by-hop
 *         fields go and end-to-end ones stay whatever Connection lists.
 * Method: small heads on a real arena; rows on an edge come in pairs.
 */
#include "http/head.h"

#include <stdlib.h>

#include "base/bufq.h"
#include "base/limits.h"
#include "lib/check.h"

struct world {
    struct bufq_env env;
    struct arena arena;
    struct head head;
};

static void world_open(struct world *w, uint32_t arena_bytes)
{
    memset(w, 0, sizeof(*w));
    CHECK(bufq_env_open(&w->env, 64, 64, 64) == WHY_OK, "no memory\n");
    arena_init(&w->arena, &w->env.bufs, arena_bytes);
    head_init(&w->head, &w->arena);
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    CHECK(buf_pool_live_n(&w->env.bufs) == 0, "chunks left\n");
    bufq_env_close(&w->env);
}

static bool add(struct world *w, const char *name, const char *value)
{
    return head_add(&w->head, span_str(name), span_str(value), 0);
}

TEST(head_knows_each_field_of_the_table)
{
#define FIELD(name, text)                                                                                              \
    CHECK(field_id_of(SPAN_LIT(text)) == FIELD_##name, "%s is not found\n", text);                                     \
    CHECK(span_is(field_name(FIELD_##name), SPAN_LIT(text)), "%s has another name\n", text);
#include "http/field_id.def"
#undef FIELD
    static const char *const others[] = { "", "x", "tf", "vib", "dats", "hosu", "cookif", "accept", "content-lengtg",
                                          "x-forwarded-hosu", "sec-websocket-version", "x-forwarded-protocol" };
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(field_id_of(span_str(others[i])) == FIELD_OTHER, "%s has an id\n", others[i]);
}

TEST(head_lowers_letters_only)
{
    uint8_t in[64], out[64];

    for (unsigned c = 0; c < 256; c++)
        for (size_t len = 0; len <= 24; len++) {
            memset(in, (int)c, sizeof(in));
            memset(out, '#', sizeof(out));
            field_lower(out, in, len);
            uint8_t want = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            for (size_t i = 0; i < sizeof(out); i++)
                CHECK(out[i] == (i < len ? want : '#'), "byte %02x at %zu of %zu gives %02x\n", c, i, len, out[i]);
            field_lower(in, in, len);
            CHECK(len == 0 || memcmp(in, out, len) == 0, "in place differs: byte %02x, %zu\n", c, len);
        }
}

TEST(head_settles_names_in_place)
{
    struct row { const char *name; enum field_id id; } rows[] = {
#define FIELD(name, text) { text, FIELD_##name },
#include "http/field_id.def"
#undef FIELD
    };
    char name[64], lower[64];

    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].name);
        /* In capitals, then with each letter in turn made another one. */
        for (size_t wrong = 0; wrong <= len; wrong++) {
            for (size_t k = 0; k <= len; k++)
                name[k] = (char)(rows[i].name[k] >= 'a' &&
                           rows[i].name[k] <= 'z' ? rows[i].name[k] - 32 : rows[i].name[k]);
            if (wrong < len)
                name[wrong] = '!';
            field_lower((uint8_t *)lower, (uint8_t *)name, len + 1);
            enum field_id id = field_settle_name((uint8_t *)name, len);
            CHECK(memcmp(name, lower, len + 1) == 0, "%s is not %s\n", name, lower);
            CHECK(id == (wrong < len ? FIELD_OTHER : rows[i].id), "%s: %d\n", name, id);
        }
    }
    memset(name, 'N', sizeof(name));
    for (size_t len = 0; len < sizeof(name); len++) {
        CHECK(field_settle_name((uint8_t *)name, len) == FIELD_OTHER, "%zu\n", len);
        CHECK(name[len] == 'N' && (len == 0 || name[len - 1] == 'n'), "%zu: not as long as it should be\n", len);
    }
}

TEST(head_adds_lowered_and_trimmed)
{
    struct world w;

    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(add(&w, "Content-TYPE", " \ttext/plain\t "), "add\n");
    CHECK(add(&w, "X-Empty", ""), "add\n");
    const struct field *f = head_find(&w.head, FIELD_CONTENT_TYPE);
    CHECK(f != NULL && span_is(f->value, SPAN_LIT("text/plain")), "not found by id\n");
    CHECK(span_is(f->name, SPAN_LIT("content-type")), "name is not lowered\n");
    f = head_find_name(&w.head, SPAN_LIT("x-empty"));
    CHECK(f != NULL && f->value.len == 0 && f->id == FIELD_OTHER, "empty value\n");
    CHECK(head_find(&w.head, FIELD_COOKIE) == NULL, "found what is not there\n");
    CHECK(w.head.bytes == 12 + 10 + 32 + 7 + 32, "bytes: %u\n", w.head.bytes);
    world_close(&w);
}

TEST(head_set_replaces_in_place)
{
    struct world w;

    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(add(&w, "a", "1") && add(&w, "via", "x") && add(&w, "b", "2") && add(&w, "Via", "yy") && add(&w, "c", "3"),
          "add\n");
    CHECK(head_set(&w.head, SPAN_LIT("VIA"), SPAN_LIT(" forge ")), "set\n");
    CHECK(w.head.fields_n == 4, "fields: %u\n", w.head.fields_n);
    CHECK(span_is(w.head.fields[1].value, SPAN_LIT("forge")) && w.head.fields[1].id == FIELD_VIA, "value\n");
    CHECK(span_is(w.head.fields[2].name, SPAN_LIT("b")) && span_is(w.head.fields[3].name, SPAN_LIT("c")), "order\n");
    CHECK(w.head.bytes == 34 * 3 + 3 + 5 + 32, "bytes: %u\n", w.head.bytes);
    CHECK(head_set(&w.head, SPAN_LIT("new"), SPAN_LIT("n")) && w.head.fields_n == 5, "set adds\n");
    CHECK(head_remove(&w.head, SPAN_LIT("a")) == 1 && head_remove(&w.head, SPAN_LIT("a")) == 0, "remove\n");
    CHECK(head_remove_id(&w.head, FIELD_VIA) == 1 && w.head.fields_n == 3, "remove by id\n");
    CHECK(w.head.bytes == 34 * 2 + 36, "bytes: %u\n", w.head.bytes);
    world_close(&w);
}

TEST(head_refuses_past_its_limits)
{
    struct world w;
    char *big = malloc(HEAD_LINE_BYTES_MAX + 2);

    memset(big, 'v', HEAD_LINE_BYTES_MAX + 1);
    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    for (int i = 0; i < HEAD_FIELDS_MAX; i++)
        CHECK(add(&w, "n", "v"), "field %d\n", i);
    CHECK(!add(&w, "n", "v") && !w.arena.is_full, "one field too many\n");
    CHECK(!head_add_static(&w.head, FIELD_OTHER, SPAN_LIT("n"), SPAN_LIT("v")), "one static field too many\n");
    world_close(&w);

    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    big[HEAD_LINE_BYTES_MAX + 1] = 0;
    CHECK(!add(&w, "n", big), "value too long\n");
    big[HEAD_LINE_BYTES_MAX] = 0;
    CHECK(add(&w, "n", big), "longest value\n");
    big[HEAD_NAME_BYTES_MAX + 1] = 0;
    CHECK(!add(&w, big, "v"), "name too long\n");
    big[HEAD_NAME_BYTES_MAX] = 0;
    CHECK(add(&w, big, "v"), "longest name\n");
    world_close(&w);

    /* Three values of 16383 + 33, then as much as is left to the byte, then one byte more. */
    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    memset(big, 'v', HEAD_LINE_BYTES_MAX);
    for (int i = 0; i < 3; i++)
        CHECK(head_add(&w.head, SPAN_LIT("n"), span_of(big, 16383), 0), "value %d\n", i);
    uint32_t left = HEAD_BYTES_MAX - w.head.bytes;
    CHECK(!head_add(&w.head, SPAN_LIT("n"), span_of(big, left - 32), 0), "all together too long\n");
    CHECK(head_add(&w.head, SPAN_LIT("n"), span_of(big, left - 33), 0), "all together at the limit\n");
    CHECK(w.head.bytes == HEAD_BYTES_MAX, "bytes %u\n", w.head.bytes);
    CHECK(!head_set(&w.head, SPAN_LIT("m"), SPAN_LIT("v")), "set past the limit\n");
    world_close(&w);

    world_open(&w, 2048);
    int n = 0;
    while (add(&w, "name", "0123456789012345678901234567890123456789"))
        n++;
    CHECK(w.arena.is_full && n > 5 && w.head.fields_n == n, "arena: %d fields\n", n);
    world_close(&w);
    free(big);
}

TEST(head_strips_hop_by_hop)
{
    struct world w;

    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(add(&w, "Connection", "X-Drop, close, Content-Type, X-Forwarded-For ,authorization,cookie") &&
          add(&w, "x-drop", "1") && add(&w, "x-keep", "2") && add(&w, "keep-alive", "timeout=5") && add(&w,
              "connection", "x-two") &&
          add(&w, "x-two", "2") && add(&w, "te", "gzip, Trailers") && add(&w, "trailer", "t") &&
          add(&w, "transfer-encoding", "chunked") && add(&w, "upgrade", "h2c") && add(&w, "http2-settings", "s") &&
          add(&w, "proxy-connection", "p") && add(&w, "proxy-authorization", "p") && add(&w, "proxy-authenticate",
              "p") &&
          add(&w, "content-type", "t") && add(&w, "x-forwarded-for", "1.2.3.4") && add(&w, "authorization", "a") &&
          add(&w, "cookie", "c") && add(&w, "X-DROP", "again") && add(&w, "content-length", "5"), "add\n");
    head_strip_hop(&w.head);
    static const char *const left[] = { "x-keep", "content-type", "x-forwarded-for", "authorization", "cookie",
                                        "content-length" };
    CHECK(w.head.fields_n == COUNT(left), "left: %u\n", w.head.fields_n);
    uint32_t bytes = 0;
    for (size_t i = 0; i < COUNT(left); i++) {
        CHECK(span_is(w.head.fields[i].name, span_str(left[i])), "%s is not at %zu\n", left[i], i);
        bytes += (uint32_t)(w.head.fields[i].name.len + w.head.fields[i].value.len + 32);
    }
    CHECK(w.head.bytes == bytes, "bytes %u, not %u\n", w.head.bytes, bytes);
    CHECK(w.head.accepts_trailers, "te: trailers was not noted\n");
    world_close(&w);

    world_open(&w, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(add(&w, "te", "gzip") && add(&w, "connection", "Keep-Alive") && add(&w, "close", "no option") &&
          add(&w, "z", "z"), "add\n");
    head_strip_hop(&w.head);
    CHECK(w.head.fields_n == 2 && !w.head.accepts_trailers, "left: %u\n", w.head.fields_n);
    world_close(&w);
}

TEST(head_cuts_path_and_query)
{
    struct head h = { .target = SPAN_LIT("/a?b?c") };

    CHECK(span_is(head_path(&h), SPAN_LIT("/a")) && span_is(head_query(&h), SPAN_LIT("b?c")), "both\n");
    h.target = SPAN_LIT("/a");
    CHECK(span_is(head_path(&h), SPAN_LIT("/a")) && head_query(&h).at == NULL, "no query\n");
    h.target = SPAN_LIT("/a?");
    CHECK(head_query(&h).at != NULL && head_query(&h).len == 0, "empty query is there\n");
}

TEST(head_fixed_texts)
{
    CHECK(method_of(SPAN_LIT("GET")) == METHOD_GET && method_of(SPAN_LIT("OPTIONS")) == METHOD_OPTIONS, "known\n");
    CHECK(method_of(SPAN_LIT("get")) == METHOD_OTHER && method_of(SPAN_LIT("")) == METHOD_OTHER &&
          method_of(SPAN_LIT("GETS")) == METHOD_OTHER, "unknown\n");
    for (unsigned m = METHOD_OTHER + 1; m < METHOD_N; m++)
        CHECK(method_of(method_name((enum method)m)) == m, "method %u\n", m);
    CHECK(method_is_idempotent(METHOD_PUT) && !method_is_idempotent(METHOD_POST) &&
          !method_is_idempotent(METHOD_PATCH) &&
          !method_is_idempotent(METHOD_CONNECT), "idempotent\n");
    CHECK(span_is(head_status_phrase(200), SPAN_LIT("OK")) && span_is(head_status_phrase(100), SPAN_LIT("Continue")) &&
          span_is(head_status_phrase(404), SPAN_LIT("Not Found")) &&
          span_is(head_status_phrase(431), SPAN_LIT("Request Header Fields Too Large")) &&
          span_is(head_status_phrase(511), SPAN_LIT("Network Authentication Required")), "known status\n");
    for (unsigned status = 0; status < 1000; status++)
        CHECK(head_status_phrase((uint16_t)status).at != NULL, "status %u\n", status);
    CHECK(head_status_phrase(299).len == 0 && head_status_phrase(99).len == 0 && head_status_phrase(512).len == 0,
          "unknown status\n");
}

CHECK_RUN(RUN(head_knows_each_field_of_the_table), RUN(head_lowers_letters_only), RUN(head_settles_names_in_place),
          RUN(head_adds_lowered_and_trimmed),
          RUN(head_set_replaces_in_place), RUN(head_refuses_past_its_limits), RUN(head_strips_hop_by_hop),
          RUN(head_cuts_path_and_query), RUN(head_fixed_texts))
