/* source_hook.c - Git hosts' calls: who may wake a source.
 *
 * Spec:   GitHub "Validating webhook deliveries" (X-Hub-Signature-256), GitLab "Webhook receiver requirements" (X-Gitlab-Token), Gitea
 *         "Webhooks" (X-Gitea-Signature); ours: X-Signature.
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/source_inside.h"
#include "http/head.h"
#include "proto/hex.h"

/* HMAC-SHA-256 of the body in hex, with or without "sha256=" before it. */
static bool is_signed(struct span said, bool wants_prefix, struct span secret, struct span body)
{
    uint8_t got[HASH_BYTES], want[HASH_BYTES];
    bool has_prefix = span_starts(said, SPAN_LIT("sha256="));

    if (has_prefix)
        said = span_from(said, 7);
    if ((wants_prefix && !has_prefix) || said.len != 2 * HASH_BYTES || !hex_read(said, got, sizeof(got)))
        return false;
    hash_keyed(secret, body, want);
    return hash_is_equal(got, want);
}

/* The secret itself: compared by digests, so that the time says neither where they differ nor how long ours is. */
static bool is_secret(struct span said, struct span secret)
{
    uint8_t got[HASH_BYTES], want[HASH_BYTES];

    hash_of(said, got);
    hash_of(secret, want);
    return hash_is_equal(got, want);
}

static bool is_from_host(const struct source_conf *c, const struct head *request, struct span body)
{
    static const struct span names[] = { SPAN_LIT("x-hub-signature-256"), SPAN_LIT("x-gitlab-token"), SPAN_LIT("x-gitea-signature"),
                                         SPAN_LIT("x-signature") };
    const struct field *f = head_find_name(request, names[c->hook]);

    if (f == NULL)
        return false;
    switch (c->hook) {
    case FORGE_SOURCE_HOOK_GITHUB:
        return is_signed(f->value, true, c->hook_secret, body);
    case FORGE_SOURCE_HOOK_GITLAB:
        return is_secret(f->value, c->hook_secret);
    case FORGE_SOURCE_HOOK_GITEA:
        return is_signed(f->value, false, c->hook_secret, body);
    case FORGE_SOURCE_HOOK_GENERIC:
        return is_signed(f->value, true, c->hook_secret, body);
    }
    must_not_reach("is_from_host: unlisted type");
}

enum source_hook_got sources_hook(struct sources *t, struct span name, const struct head *request, struct span body)
{
    struct source *s = source_find(t, name);

    if (s == NULL || !s->conf->has_hook)
        return SOURCE_HOOK_UNKNOWN;
    if (!is_from_host(s->conf, request, body))
        return SOURCE_HOOK_UNSIGNED;
    source_wake(s);
    return SOURCE_HOOK_TAKEN;
}
