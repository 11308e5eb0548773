/* upgrade.c - see upgrade.h. */
#include "engine/upgrade.h"

#include "base/random.h"
#include "conn/tls_digest.h"
#include "engine/exchange.h"
#include "proto/base64.h"

/* RFC 6455 s1.3. */
static const char accept_suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum { KEY_BYTES = 16 };

static const struct span key_name = { (const uint8_t *)"sec-websocket-key", 17 };
static const struct span accept_name = { (const uint8_t *)"sec-websocket-accept", 20 };

static bool upgrade_is_websocket(const struct exchange *x)
{
    return x->request.is_upgrade && span_is_nocase(x->request.protocol, SPAN_LIT("websocket"));
}

static struct span upgrade_base64(struct exchange *x, struct span bytes)
{
    size_t len = base64_text_bytes(BASE64_PADDED, bytes.len);
    char *at = arena_take(&x->arena, len);

    return at == NULL ? SPAN_NONE : span_of(at, base64_write(BASE64_PADDED, bytes, at));
}

/* An HTTP/1.1 server wants a key, and nobody will look at its answer. */
static enum why upgrade_add_key(struct exchange *x)
{
    uint8_t bytes[KEY_BYTES];
    struct span key;

    random_secure(bytes, sizeof(bytes));
    key = upgrade_base64(x, span_of(bytes, sizeof(bytes)));
    if (key.len == 0 || !head_set(&x->request, key_name, key))
        return WHY_ARENA_FULL;
    return WHY_OK;
}

/* The client wants its key answered; an HTTP/2 upstream never sees it, so the answer is made now. */
static enum why upgrade_take_key(struct exchange *x)
{
    const struct field *key = head_find(&x->request, FIELD_SEC_WEBSOCKET_KEY);
    uint8_t digest[TLS_SHA1_BYTES];
    struct span text;
    enum why why;

    if (key == NULL)
        return WHY_OK;
    text = arena_append(&x->arena, arena_append(&x->arena, SPAN_NONE, key->value), span_str(accept_suffix));
    if (x->arena.is_full)
        return WHY_ARENA_FULL;
    if ((why = tls_sha1(text, digest)) != WHY_OK)
        return why;
    x->websocket_accept = upgrade_base64(x, span_of(digest, sizeof(digest)));
    (void)head_remove_id(&x->request, FIELD_SEC_WEBSOCKET_KEY);
    return x->arena.is_full ? WHY_ARENA_FULL : WHY_OK;
}

enum why upgrade_request(struct exchange *x, bool up_is_h2)
{
    if (!upgrade_is_websocket(x) || up_is_h2 == (x->request.version == HTTP_VERSION_2))
        return WHY_OK;
    return up_is_h2 ? upgrade_take_key(x) : upgrade_add_key(x);
}

enum why upgrade_response(struct exchange *x)
{
    if (!upgrade_is_websocket(x))
        return WHY_OK;
    if (x->request.version == HTTP_VERSION_2)
        (void)head_remove_id(&x->response, FIELD_SEC_WEBSOCKET_ACCEPT);
    else if (x->websocket_accept.len > 0 && !head_set(&x->response, accept_name, x->websocket_accept))
        return WHY_ARENA_FULL;
    return WHY_OK;
}
