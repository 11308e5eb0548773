/* forward.c - see forward.h. */
#include "engine/forward.h"

#include <string.h>

#include "conf/snapshot.h"
#include "engine/exchange.h"
#include "io/socket_address.h"
#include "proto/forwarded.h"

/* What the client sent of these, collected while it is taken out. */
struct forward_seen {
    struct forwarded_chain x_for, forwarded;
    struct span            x_for_list, forwarded_list, proto, host, port, request_id;
    bool                   has_forwarded;
};

/* Lists are kept only from a peer that may speak; without trust this is a walk that finds nothing to keep. */
static enum why forward_collect(struct exchange *x, bool may_speak, struct forward_seen *seen)
{
    enum why why = WHY_OK;

    for (uint32_t i = 0; may_speak && why == WHY_OK && i < x->request.fields_n; i++) {
        const struct field *f = &x->request.fields[i];

        if (f->id == FIELD_X_FORWARDED_FOR) {
            forwarded_chain_add_for(&seen->x_for, f->value);
            why = forwarded_join(&x->arena, &seen->x_for_list, f->value);
        } else if (f->id == FIELD_FORWARDED) {
            seen->has_forwarded = true;
            forwarded_chain_add_forwarded(&seen->forwarded, f->value);
            why = forwarded_join(&x->arena, &seen->forwarded_list, f->value);
        } else if (f->id == FIELD_X_FORWARDED_PROTO) {
            seen->proto = f->value;
        } else if (f->id == FIELD_X_FORWARDED_HOST) {
            seen->host = f->value;
        } else if (f->id == FIELD_X_FORWARDED_PORT) {
            seen->port = f->value;
        } else if (f->id == FIELD_X_REQUEST_ID && request_id_may_keep(f->value)) {
            seen->request_id = f->value;
        }
    }
    return why;
}

/* One pass over the request's fields instead of a pass for each name. */
static void forward_take_out(struct head *h)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < h->fields_n; i++) {
        switch ((enum field_id)h->fields[i].id) {
        case FIELD_X_FORWARDED_FOR:
        case FIELD_X_FORWARDED_HOST:
        case FIELD_X_FORWARDED_PORT:
        case FIELD_X_FORWARDED_PROTO:
        case FIELD_FORWARDED:
        case FIELD_X_REQUEST_ID:
            continue;
        case FIELD_OTHER:
        case FIELD_ACCEPT_ENCODING:
        case FIELD_AUTHORIZATION:
        case FIELD_CONNECTION:
        case FIELD_CONTENT_LENGTH:
        case FIELD_CONTENT_TYPE:
        case FIELD_COOKIE:
        case FIELD_DATE:
        case FIELD_EXPECT:
        case FIELD_HOST:
        case FIELD_HTTP2_SETTINGS:
        case FIELD_KEEP_ALIVE:
        case FIELD_LOCATION:
        case FIELD_PROXY_AUTHENTICATE:
        case FIELD_PROXY_AUTHORIZATION:
        case FIELD_PROXY_CONNECTION:
        case FIELD_RETRY_AFTER:
        case FIELD_SEC_WEBSOCKET_ACCEPT:
        case FIELD_SEC_WEBSOCKET_KEY:
        case FIELD_SERVER:
        case FIELD_SET_COOKIE:
        case FIELD_TE:
        case FIELD_TRAILER:
        case FIELD_TRANSFER_ENCODING:
        case FIELD_UPGRADE:
        case FIELD_USER_AGENT:
        case FIELD_VIA:
        case FIELD_N:
            break;
        }
        if (kept != i)
            h->fields[kept] = h->fields[i];
        kept++;
    }
    h->fields_n = kept;
}

static enum why forward_add(struct head *h, enum field_id id, struct span value)
{
    if (value.len == 0 || head_add_static(h, id, field_name(id), value))
        return WHY_OK;
    return h->arena->is_full ? WHY_ARENA_FULL : WHY_H1_FIELDS_MANY;
}

/* The client that trusted hops name becomes the client of log, limits and echo, too. */
static void forward_set_client(struct exchange *x, const struct forwarded_trust *trust, const uint8_t peer[ADDRESS_BYTES],
                               const struct forward_seen *seen)
{
    uint8_t client[ADDRESS_BYTES];

    forwarded_client(trust, peer, &seen->x_for, &seen->forwarded, client);
    if (memcmp(client, peer, sizeof(client)) == 0)
        return;
    x->client_len = (uint8_t)address_print(client, x->client);
    x->client_port = 0;
}

enum why forward_request(struct exchange *x, const struct socket_address *peer_address)
{
    const struct forwarded_trust trust = { .hops = x->listener->forwarded_hops, .networks = x->listener->forwarded_trusted,
                                           .networks_n = x->listener->forwarded_trusted_n };
    struct span scheme = x->is_tls ? SPAN_LIT("https") : SPAN_LIT("http");
    struct forward_seen seen = { 0 };
    uint8_t peer[ADDRESS_BYTES];
    uint16_t port;
    enum why why;

    socket_address_split(peer_address, peer, &port);
    bool may_speak = trust.hops > 0 && forwarded_may_speak(&trust, peer);
    if ((why = forward_collect(x, may_speak, &seen)) != WHY_OK)
        return why;
    if (may_speak)
        forward_set_client(x, &trust, peer, &seen);
    forward_take_out(&x->request);
    if (seen.x_for_list.len == 0)
        why = forward_add(&x->request, FIELD_X_FORWARDED_FOR, exchange_client(x));
    else if ((why = forwarded_join_for(&x->arena, &seen.x_for_list, peer)) == WHY_OK)
        why = forward_add(&x->request, FIELD_X_FORWARDED_FOR, seen.x_for_list);
    if (why == WHY_OK)
        why = forward_add(&x->request, FIELD_X_FORWARDED_PROTO, seen.proto.len > 0 ? seen.proto : scheme);
    if (why == WHY_OK)
        why = forward_add(&x->request, FIELD_X_FORWARDED_HOST, seen.host.len > 0 ? seen.host : x->authority);
    if (why == WHY_OK)
        why = forward_add(&x->request, FIELD_X_FORWARDED_PORT, seen.port);
    if (why == WHY_OK && seen.has_forwarded) {
        why = forwarded_join_element(&x->arena, &seen.forwarded_list, peer, x->authority, scheme);
        if (why == WHY_OK)
            why = forward_add(&x->request, FIELD_FORWARDED, seen.forwarded_list);
    }
    if (why != WHY_OK)
        return why;
    return forward_add(&x->request, FIELD_X_REQUEST_ID, seen.request_id.len > 0 ? seen.request_id : exchange_id(x));
}
