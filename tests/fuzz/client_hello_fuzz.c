/* client_hello_fuzz.c - the first bytes on a TLS port, any of them.
 *
 * Goal:   no byte string breaks the reader; the verdict does not depend on how the bytes were cut; a name that it
 *         answers is one that may be looked up and logged.
 * Method: the input is offered in one piece and in pieces of a length that its first byte chooses; then each beginning
 *         of it: DONE stays DONE and BAD stays BAD when more follows.
 * Replay: client_hello_fuzz FILE
 */
#include "base/limits.h"
#include "base/must.h"
#include "conn/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Chunks of exactly cut bytes: push_copy would fill them up. */
static void wire_fill(struct bufq_env *env, struct bufq *q, const uint8_t *data, size_t size, size_t cut)
{
    for (size_t at = 0; at < size; at += cut) {
        uint32_t len = (uint32_t)(size - at < cut ? size - at : cut), room;
        struct bufq piece = { 0 };
        uint8_t *to = bufq_reserve(env, &piece, len, &room);
        MUST(to != NULL);
        memcpy(to, data + at, len);
        bufq_commit(&piece, len);
        if (q->last != NULL)
            q->last->next = piece.first;
        else
            q->first = piece.first;
        q->last = piece.last;
        q->bytes += piece.bytes;
        q->segs += piece.segs;
    }
}

static enum tls_hello_got read_cut(struct bufq_env *env, struct span wire, size_t cut, struct tls_hello *out_hello,
                                   enum why *out_why)
{
    struct bufq q = { 0 };

    wire_fill(env, &q, wire.at, wire.len, cut);
    *out_why = WHY_OK;
    enum tls_hello_got got = tls_hello_read(&q, out_hello, out_why);
    MUST(q.bytes == wire.len);
    MUST((got == TLS_HELLO_BAD) == (*out_why != WHY_OK));
    bufq_clear(env, &q);
    return got;
}

static void name_check(const struct tls_hello *hello)
{
    size_t len = strnlen(hello->server_name, sizeof(hello->server_name));

    MUST(len < sizeof(hello->server_name));
    for (size_t i = 0; i < len; i++) {
        char c = hello->server_name[i];
        MUST((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_');
    }
    MUST(len == 0 || hello->server_name[len - 1] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bufq_env env;
    struct tls_hello whole, cut, part;
    enum why why_whole, why_cut, why_part;

    if (size == 0 || size > TLS_HELLO_BYTES_MAX + 1024 || bufq_env_open(&env, 20000, 4096, 4096) != WHY_OK)
        return 0;
    struct span wire = span_of(data, size);
    enum tls_hello_got got = read_cut(&env, wire, BUF_LARGE_BYTES, &whole, &why_whole);
    size_t cut_bytes = 1 + data[size - 1] % 200 + size / 2000;
    MUST(read_cut(&env, wire, cut_bytes, &cut, &why_cut) == got && why_cut == why_whole);
    if (got == TLS_HELLO_DONE) {
        name_check(&whole);
        MUST(memcmp(&whole, &cut, sizeof(whole)) == 0);
    }
    for (size_t len = 1; len < size; len += 1 + size / 64) {
        switch (read_cut(&env, span_of(data, len), BUF_LARGE_BYTES, &part, &why_part)) {
        case TLS_HELLO_MORE: break;
        case TLS_HELLO_DONE: MUST(got == TLS_HELLO_DONE && memcmp(&whole, &part, sizeof(whole)) == 0); break;
        case TLS_HELLO_BAD:  MUST(got == TLS_HELLO_BAD && why_part == why_whole); break;
        }
    }
    bufq_env_close(&env);
    return 0;
}
