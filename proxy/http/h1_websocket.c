/* h1_websocket.c - see h1_websocket.h.
 *
 * Spec:   RFC 6455 s4.1, s4.2.2.
 * Layer:  http. Pure.
 */
#include "http/h1_websocket.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/hash.h>

#include "proto/base64.h"

bool h1_websocket_is(const struct head *h)
{
    return h->is_upgrade && span_is_nocase(h->protocol, SPAN_LIT("websocket"));
}

static bool add(struct head *h, enum field_id id, const char *text, size_t len)
{
    struct span value = arena_copy(h->arena, span_of(text, len));

    return value.at != NULL && head_add_static(h, id, field_name(id), value);
}

bool h1_websocket_add_key(struct head *request, struct rng *rng)
{
    uint64_t nonce[2] = { rng_u64(rng), rng_u64(rng) };
    char text[H1_WEBSOCKET_KEY_BYTES];

    if (head_find(request, FIELD_SEC_WEBSOCKET_KEY) != NULL)
        return true;
    (void)base64_write(BASE64_PADDED, span_of(nonce, sizeof(nonce)), text);
    return add(request, FIELD_SEC_WEBSOCKET_KEY, text, sizeof(text));
}

/* false: the key is not one. */
static bool make_accept(struct span key, char out[H1_WEBSOCKET_ACCEPT_BYTES])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 s1.3 */
    uint8_t text[H1_WEBSOCKET_KEY_BYTES + sizeof(guid) - 1], digest[WC_SHA_DIGEST_SIZE];

    if (key.len != H1_WEBSOCKET_KEY_BYTES)
        return false;
    memcpy(text, key.at, key.len);
    memcpy(text + key.len, guid, sizeof(guid) - 1);
    if (wc_ShaHash(text, sizeof(text), digest) != 0)
        return false;
    (void)base64_write(BASE64_PADDED, span_of(digest, sizeof(digest)), out);
    return true;
}

bool h1_websocket_add_accept(struct head *answer, const struct head *request)
{
    const struct field *key = head_find(request, FIELD_SEC_WEBSOCKET_KEY);
    char text[H1_WEBSOCKET_ACCEPT_BYTES];

    /* A client that sent no good key gets no accept and gives up, which is its right. */
    if (head_find(answer, FIELD_SEC_WEBSOCKET_ACCEPT) != NULL || key == NULL || !make_accept(key->value, text))
        return true;
    return add(answer, FIELD_SEC_WEBSOCKET_ACCEPT, text, sizeof(text));
}

bool h1_websocket_fits(const struct head *answer, const struct head *request)
{
    const struct field *key = head_find(request, FIELD_SEC_WEBSOCKET_KEY);
    const struct field *accept = head_find(answer, FIELD_SEC_WEBSOCKET_ACCEPT);
    char text[H1_WEBSOCKET_ACCEPT_BYTES];

    return key != NULL && accept != NULL && make_accept(key->value, text) &&
           span_is(accept->value, span_of(text, sizeof(text)));
}
