/* place.c - see place.h. */
#include "ctl/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_arena.h"
#include "ctl/ctl.h"
#include "ctl/files.h"
#include "http/head.h"
#include "proto/uri.h"

#define ADMIN_PORT "5682"

/* ---- a state folder ---- */

static const char *set_socket(struct ctl *ctl, const char *state_dir, struct place *out)
{
    int len = snprintf(out->wire.unix_path, sizeof(out->wire.unix_path), "%s/admin.sock", state_dir);

    snprintf(out->authority, sizeof(out->authority), "localhost");
    if (len < (int)sizeof(out->wire.unix_path))
        return NULL;
    return (const char *)conf_arena_format(ctl->arena, "%s/admin.sock is too long a path for a socket (107 bytes): go nearer with cd, "
                                           "and give --state a relative one", state_dir).at;
}

static const char *find_socket(struct ctl *ctl, struct place *out)
{
    static const char *const usual[] = { "./.out/run", "./state" };
    const char *dir = ctl_text(ctl, FLAG_STATE), *wrong;

    if (dir == NULL)
        dir = getenv("FORGE_STATE");
    if (dir != NULL && dir[0] != 0)
        return set_socket(ctl, dir, out);
    for (unsigned i = 0; i < COUNT(usual); i++) {
        wrong = set_socket(ctl, usual[i], out);
        if (wrong != NULL || access(out->wire.unix_path, F_OK) == 0)
            return wrong;
    }
    return set_socket(ctl, usual[0], out);
}

/* ---- an address ---- */

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

const char *place_read_url(const char *url, struct place *out)
{
    struct span scheme, authority, origin, host;
    uint16_t port;

    if (!uri_split_absolute(span_str(url), &scheme, &authority, &origin) || !uri_split_host_port(authority, &host, &port) ||
        !span_is(origin, SPAN_LIT("/")))
        return "a URL of a gateway is https://HOST:PORT and nothing behind it, as in https://127.0.0.1:" ADMIN_PORT;
    if (host.len > 2 && host.at[0] == '[') /* An IPv6 address keeps its brackets in a URL, and nowhere else. */
        host = span_of(host.at + 1, host.len - 2);
    if (host.len >= sizeof(out->wire.host) || authority.len >= sizeof(out->authority))
        return "this URL has a longer name than there are";
    field_lower((uint8_t *)out->wire.host, host.at, host.len);
    out->wire.host[host.len] = 0;
    memcpy(out->authority, authority.at, authority.len);
    out->authority[authority.len] = 0;
    out->wire.is_tls = span_is(scheme, SPAN_LIT("https"));
    if (port != 0)
        snprintf(out->wire.port, sizeof(out->wire.port), "%u", port);
    else
        snprintf(out->wire.port, sizeof(out->wire.port), "%s", ADMIN_PORT);
    if (!out->wire.is_tls && !is_loopback(out->wire.host))
        return "http:// is for the machine itself, others on the way would see everything: write https://";
    return NULL;
}

/* A token is one line of visible ASCII; anything else is some other file. */
static const char *set_token(struct ctl *ctl, struct span token, struct place *out)
{
    while (token.len > 0 && (token.at[token.len - 1] == '\n' || token.at[token.len - 1] == '\r' || token.at[token.len - 1] == ' '))
        token.len--;
    if (token.len == 0 || token.len > 4096)
        return "the token is empty, or longer than a token can be: it is what the gateway's state folder has in admin-token";
    for (size_t i = 0; i < token.len; i++)
        if (token.at[i] <= ' ' || token.at[i] >= 0x7f)
            return "the token has other characters than a token can have: it is what the gateway's state folder has in admin-token";
    out->bearer = conf_arena_format(ctl->arena, "Bearer %.*s", SPAN_FMT(token));
    return NULL;
}

static const char *find_token(struct ctl *ctl, struct place *out)
{
    const char *path = ctl_text(ctl, FLAG_TOKEN_FILE), *token = getenv("FORGE_TOKEN"), *wrong;
    struct span text;

    if (path == NULL)
        return token != NULL && token[0] != 0 ? set_token(ctl, span_str(token), out) : NULL;
    wrong = files_slurp(ctl, path, &text);
    if (wrong != NULL)
        return (const char *)conf_arena_format(ctl->arena, "--token-file %s: the file %s", path, wrong).at;
    return set_token(ctl, text, out);
}

static const char *find_authority(struct ctl *ctl, struct place *out)
{
    const char *path = ctl_text(ctl, FLAG_CA_FILE), *wrong;

    out->wire.is_insecure = ctl_has(ctl, FLAG_INSECURE);
    if (path == NULL)
        return NULL;
    wrong = files_slurp(ctl, path, &out->wire.ca_pem);
    return wrong == NULL ? NULL : (const char *)conf_arena_format(ctl->arena, "--ca-file %s: the file %s", path, wrong).at;
}

const char *place_find(struct ctl *ctl, struct place *out)
{
    const char *url = ctl_text(ctl, FLAG_SERVER), *wrong;

    *out = (struct place){ 0 };
    if ((ctl->arguments.command->flags & FLAG_BIT(FLAG_METRICS)) != 0)
        return place_read_url(ctl_text(ctl, FLAG_METRICS), out);
    if (url == NULL && !ctl_has(ctl, FLAG_STATE))
        url = getenv("FORGE_SERVER");
    if (url == NULL || url[0] == 0)
        return find_socket(ctl, out);
    if (ctl_has(ctl, FLAG_STATE))
        return "--server and --state name two gateways: say which one";
    wrong = place_read_url(url, out);
    if (wrong == NULL)
        wrong = find_token(ctl, out);
    return wrong != NULL ? wrong : find_authority(ctl, out);
}

const char *place_complain(struct ctl *ctl, const struct place *place, bool is_connected, const char *wrong)
{
    const char *hint = "";
    struct span sentence;

    if (place->wire.unix_path[0] != 0) {
        sentence = conf_arena_format(ctl->arena, is_connected ? "the gateway at %s broke off: %s"
                                     : "no gateway at %s: %s. `./build.sh run` starts one; --state DIR or --server URL names another",
                                     place->wire.unix_path, wrong);
    } else {
        if (place->wire.is_tls && strstr(wrong, "certificate") != NULL)
            hint = ". --ca-file FILE says whom to trust: for the gateway's own certificate, self-signed.pem of its state folder";
        sentence = conf_arena_format(ctl->arena, "%s %s://%s: %s%s", is_connected ? "the gateway broke off," : "no gateway at",
                                     place->wire.is_tls ? "https" : "http", place->authority, wrong, hint);
    }
    return sentence.at != NULL ? (const char *)sentence.at : wrong;
}
