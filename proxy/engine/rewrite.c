/* rewrite.c - targets and hosts that a route changes.
 *
 * Layer:  engine.
 */
#include "engine/rewrite.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/must.h"
#include "http/head.h"
#include "proto/uri.h"

/* Parts joined in the arena. */
static bool join(struct arena *arena, const struct span *parts, uint32_t n, struct span *out_joined)
{
    size_t bytes = 0;
    uint8_t *out;

    for (uint32_t i = 0; i < n; i++)
        bytes += parts[i].len;
    out = arena_take(arena, bytes);
    if (out == NULL)
        return false;
    bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (parts[i].len > 0)
            memcpy(out + bytes, parts[i].at, parts[i].len);
        bytes += parts[i].len;
    }
    *out_joined = span_of(out, bytes);
    return true;
}

/* The new path in two pieces. */
static void change_path(const struct route *route, enum path_change change, struct span replacement, struct span path,
                        struct span out_pieces[2])
{
    out_pieces[0] = path;
    out_pieces[1] = SPAN_LIT("");
    switch (change) {
    case PATH_KEEP:
        return;
    case PATH_REPLACE_FULL:
        out_pieces[0] = replacement;
        return;
    case PATH_REPLACE_PREFIX:
        MUST(route->match.path_type == MATCH_PREFIX && span_starts(path, route->match.path)); /* It has matched. */
        out_pieces[0] = replacement;
        out_pieces[1] = span_from(path, route->match.path.len);
        if (out_pieces[0].len + out_pieces[1].len == 0)
            out_pieces[0] = SPAN_LIT("/");
        return;
    }
    must_not_reach("path change");
}

static struct span question_mark(struct span query)
{
    return query.len > 0 ? SPAN_LIT("?") : SPAN_LIT("");
}

bool rewrite_request(const struct route *route, struct head *request, struct span backend_host)
{
    const struct rewrite *r = route->rewrite;
    struct span query = head_query(request), pieces[4];

    if (r == NULL)
        return true;
    if (r->hostname.len > 0)
        request->authority = r->hostname;
    else if (r->host_to_backend && backend_host.len > 0)
        request->authority = backend_host;
    if (r->path_change == PATH_KEEP || span_is(request->target, SPAN_LIT("*")))
        return true; /* OPTIONS * is about the server, not about a path. */
    change_path(route, r->path_change, r->path, head_path(request), pieces);
    pieces[2] = question_mark(query);
    pieces[3] = query;
    return join(request->arena, pieces, 4, &request->target);
}

bool rewrite_location(const struct route *route, const struct head *request, bool is_tls, struct arena *arena,
                      struct span *out_location)
{
    const struct redirect *r = route->redirect;
    struct span scheme = is_tls ? SPAN_LIT("https") : SPAN_LIT("http"), host = request->authority, parts[8];
    uint16_t port = 0, default_port;
    struct span path = head_path(request);
    char port_text[8] = "";

    if (!uri_split_host_port(request->authority, &host, &port))
        port = 0; /* HTTP/1.0 without Host: the redirect names a host, or there is none to name. */
    if (r->scheme.len > 0) {
        scheme = r->scheme;
        port = 0; /* The old port belonged to the old scheme. */
    }
    if (r->port != 0)
        port = r->port;
    default_port = span_is(scheme, SPAN_LIT("https")) ? 443 : 80;
    if (port != 0 && port != default_port)
        snprintf(port_text, sizeof(port_text), ":%u", port);
    parts[0] = scheme;
    parts[1] = SPAN_LIT("://");
    parts[2] = r->hostname.len > 0 ? r->hostname : host;
    parts[3] = span_str(port_text);
    change_path(route, r->path_change, r->path, span_is(path, SPAN_LIT("*")) ? SPAN_LIT("/") : path, &parts[4]);
    parts[6] = question_mark(head_query(request));
    parts[7] = head_query(request);
    return join(arena, parts, 8, out_location);
}
