/* kind_forge_source.c - ForgeSource.
 *
 * Layer:  conf.
 */
#include "conf/kind_forge_source.h"

#include "base/clock.h"
#include "base/limits.h"
#include "conf/data_source.h"
#include "conf/document.h"
#include "proto/uri.h"

#define SPEC(member) offsetof(struct forge_source_spec, member)
#define ARCHIVE(member) offsetof(struct forge_source_archive, member)

static const struct enum_row types[] = {
    { .name = "Archive", .value = FORGE_SOURCE_ARCHIVE }, { .name = "Directory", .value = FORGE_SOURCE_DIRECTORY },
    { .name = "BareRepository", .value = FORGE_SOURCE_BARE_REPOSITORY }, { .name = NULL },
};
static const struct enum_row providers[] = {
    { .name = "GitHub", .value = FORGE_SOURCE_GITHUB }, { .name = "GitLab", .value = FORGE_SOURCE_GITLAB },
    { .name = "Gitea", .value = FORGE_SOURCE_GITEA }, { .name = "Url", .value = FORGE_SOURCE_URL }, { .name = NULL },
};
static const struct enum_row hooks[] = {
    { .name = "GitHub", .value = FORGE_SOURCE_HOOK_GITHUB }, { .name = "GitLab", .value = FORGE_SOURCE_HOOK_GITLAB },
    { .name = "Gitea", .value = FORGE_SOURCE_HOOK_GITEA }, { .name = "Generic", .value = FORGE_SOURCE_HOOK_GENERIC }, { .name = NULL },
};
static const struct enum_row drifts[] = {
    { .name = "Report", .value = FORGE_SOURCE_REPORT }, { .name = "Revert", .value = FORGE_SOURCE_REVERT }, { .name = NULL },
};

static const struct field_row archive_rows[] = {
    { .name = "provider", .type = TYPE_ENUM, .offset = ARCHIVE(provider), .enums = providers, .is_required = true,
      .doc = "GitHub, GitLab or Gitea, whose form the archive's URL has; or Url for any tar.gz" },
    { .name = "server", .type = TYPE_STRING, .offset = ARCHIVE(server), .min = 8, .max = 300,
      .doc = "the host's own address, as https://git.example.com; https://api.github.com, https://gitlab.com or https://gitea.com "
             "when absent" },
    { .name = "repository", .type = TYPE_STRING, .offset = ARCHIVE(repository), .min = 3, .max = 300,
      .doc = "owner/name; with GitLab also group/subgroup/name" },
    { .name = "url", .type = TYPE_STRING, .offset = ARCHIVE(url), .min = 8, .max = 2000, .doc = "of the tar.gz, with provider Url" },
    { .name = "ca", .type = TYPE_OBJECT, .offset = ARCHIVE(ca), .object = &data_source_table,
      .doc = "authorities that the server's certificate must come from, in PEM; the system's own when absent" },
    { .name = NULL },
};
static const struct object_table archive_table = {
    .name = "archive", .rows = archive_rows, .bytes = sizeof(struct forge_source_archive),
};

static const struct field_row webhook_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct forge_source_webhook, type), .enums = hooks, .is_required = true,
      .doc = "whose signature it carries: GitHub (X-Hub-Signature-256), GitLab (X-Gitlab-Token), Gitea (X-Gitea-Signature) or Generic "
             "(X-Signature: sha256=HMAC of the body in hex)" },
    { .name = "secret", .type = TYPE_OBJECT, .offset = offsetof(struct forge_source_webhook, secret), .is_required = true,
      .object = &data_source_table, .doc = "what the Git host was given as the webhook's secret" },
    { .name = NULL },
};
static const struct object_table webhook_table = {
    .name = "webhook", .rows = webhook_rows, .bytes = sizeof(struct forge_source_webhook),
};

static const struct field_row verify_rows[] = {
    { .name = "publicKey", .type = TYPE_BASE64, .offset = offsetof(struct forge_source_verify, public_key), .is_required = true,
      .doc = "the raw Ed25519 key of 32 bytes, in base64, as `openssl pkey -pubout -outform DER | tail -c 32 | base64` prints it" },
    { .name = "signatureUrl", .type = TYPE_STRING, .offset = offsetof(struct forge_source_verify, signature_url), .min = 8, .max = 2000,
      .doc = "where the archive's detached signature lies: 64 raw bytes, as `openssl pkeyutl -sign -rawin` writes them, or their base64; "
             "the archive's url with .sig behind it when absent" },
    { .name = NULL },
};
static const struct object_table verify_table = {
    .name = "verify", .rows = verify_rows, .bytes = sizeof(struct forge_source_verify),
};

static const struct field_row rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = SPEC(type), .is_required = true, .enums = types,
      .doc = "Archive (over HTTPS), Directory or BareRepository (both on this machine)" },
    { .name = "archive", .type = TYPE_OBJECT, .offset = SPEC(archive), .object = &archive_table, .doc = "with type Archive: which one" },
    { .name = "directory", .type = TYPE_STRING, .offset = SPEC(directory), .min = 1, .max = 1000,
      .doc = "with type Directory: its absolute path" },
    { .name = "bareRepository", .type = TYPE_STRING, .offset = SPEC(bare_repository), .min = 1, .max = 1000,
      .doc = "with type BareRepository: its absolute path; the program git reads it" },
    { .name = "ref", .type = TYPE_STRING, .offset = SPEC(ref), .min = 1, .max = 250, .fallback = "main",
      .doc = "branch, tag or commit" },
    { .name = "path", .type = TYPE_STRING, .offset = SPEC(path), .min = 1, .max = 500,
      .doc = "folder inside of it; documents are its *.yaml, *.yml and *.json and those of folders below; everything when absent" },
    { .name = "interval", .type = TYPE_DURATION, .offset = SPEC(interval_ns), .min = 1000000000, .max = 86400000000000, .fallback = "60s",
      .doc = "how often it is looked at; a tenth more or less, by chance" },
    { .name = "timeout", .type = TYPE_DURATION, .offset = SPEC(timeout_ns), .min = 1000000000, .max = 600000000000, .fallback = "30s",
      .doc = "how long one look may take" },
    { .name = "credentials", .type = TYPE_OBJECT, .offset = SPEC(credentials), .object = &data_source_table,
      .doc = "the token that the Git host wants; sent as it wants it" },
    { .name = "webhook", .type = TYPE_OBJECT, .offset = SPEC(webhook), .object = &webhook_table,
      .doc = "pushes that the Git host tells, to POST /forge/webhook/<name>; they are looked at within the second" },
    { .name = "verify", .type = TYPE_OBJECT, .offset = SPEC(verify), .object = &verify_table,
      .doc = "take an archive only with a good signature (provider Url)" },
    { .name = "prune", .type = TYPE_BOOL, .offset = SPEC(prune), .fallback = "true",
      .doc = "delete documents that the source does not have any more" },
    { .name = "driftPolicy", .type = TYPE_ENUM, .offset = SPEC(drift), .enums = drifts, .fallback = "Report",
      .doc = "what becomes of its documents that somebody else edits: Report shows them, Revert puts them back" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "ForgeSource", .rows = rows, .bytes = sizeof(struct forge_source_spec),
    .doc = "documents that are kept in Git, or wherever an archive of them can be fetched: looked at again and again, checked as a "
           "whole, and taken over when they are good",
};

/* ---- what tables cannot say ---- */

static bool check_url(const void *object, const char *field, struct span url, struct diag *diag)
{
    struct span scheme, authority, origin;

    if (url.at == NULL || (uri_split_absolute(url, &scheme, &authority, &origin) && uri_check_authority(authority) == WHY_OK &&
                           uri_check_target(origin) == WHY_OK))
        return true;
    diag_error(diag, field_place(object, field), "`%s` must be like https://git.example.com, and is \"%.*s\"", field, SPAN_FMT(url));
    return false;
}

static bool check_archive(const struct forge_source_archive *a, struct diag *diag)
{
    bool is_url = a->provider == FORGE_SOURCE_URL, is_good = check_url(a, "server", a->server, diag);
    size_t slash = a->repository.at != NULL ? span_find(a->repository, '/') : 0;

    is_good &= check_url(a, "url", a->url, diag);
    if (is_url && a->url.at == NULL) {
        diag_error(diag, node_place(a->node), "provider Url needs `url:`, where the tar.gz is");
        return false;
    }
    if (!is_url && a->url.at != NULL) {
        diag_error(diag, field_place(a, "url"), "the URL is made from `repository` and `ref`: take `url` out, or write `provider: Url`");
        return false;
    }
    if (!is_url && (a->repository.at == NULL || slash == 0 || slash + 1 >= a->repository.len ||
                    a->repository.at[a->repository.len - 1] == '/')) {
        diag_error(diag, a->repository.at != NULL ? field_place(a, "repository") : node_place(a->node),
                   "a Git host's archive needs `repository: owner/name`");
        return false;
    }
    return is_good && (a->ca == NULL || data_source_check(a->ca, diag));
}

static bool check_place(const struct forge_source_spec *s, struct diag *diag)
{
    static const char *const fields[] = { "archive", "directory", "bareRepository" };
    struct span place = s->type == FORGE_SOURCE_DIRECTORY ? s->directory : s->bare_repository;
    bool is_good = true;

    for (int64_t i = 0; i < 3; i++) {
        if (i == s->type && !field_is_written(s, fields[i])) {
            diag_error(diag, field_place(s, "type"), "`type: %s` needs `%s:`, which says where", types[i].name, fields[i]);
            is_good = false;
        } else if (i != s->type && field_is_written(s, fields[i])) {
            diag_error(diag, field_place(s, fields[i]), "`%s` does not go with `type: %s`: take one of them out", fields[i],
                       types[s->type].name);
            is_good = false;
        }
    }
    if (is_good && s->type != FORGE_SOURCE_ARCHIVE && place.at[0] != '/') {
        diag_error(diag, field_place(s, fields[s->type]), "`%s` must be an absolute path, as /srv/config", fields[s->type]);
        is_good = false;
    }
    return is_good;
}

static bool check_text(const struct forge_source_spec *s, const char *field, struct span text, struct diag *diag)
{
    struct span rest = text, part;
    bool is_good = text.at == NULL || (text.at[0] != '-' && text.at[0] != '/');

    for (size_t i = 0; i < text.len; i++)
        is_good &= text.at[i] > 0x20 && text.at[i] < 0x7f && strchr("\\^:?*[~\"#%", text.at[i]) == NULL;
    while (text.at != NULL && span_next(&rest, '/', &part))
        is_good &= !span_is(part, SPAN_LIT("..")) && !span_is(part, SPAN_LIT("."));
    if (!is_good)
        diag_error(diag, field_place(s, field), "`%s` must be a name such as %s, without blanks, \"..\" and \"/\" or \"-\" in front", field,
                   field[0] == 'r' ? "main or v1.2" : "gateways/edge");
    return is_good;
}

static bool check_security(const struct forge_source_spec *s, struct diag *diag)
{
    bool is_good = s->credentials == NULL || data_source_check(s->credentials, diag);

    is_good &= s->webhook == NULL || data_source_check(s->webhook->secret, diag);
    if (s->credentials != NULL && s->type != FORGE_SOURCE_ARCHIVE) {
        diag_error(diag, field_place(s, "credentials"), "what lies on this machine needs no credentials: take them out");
        is_good = false;
    }
    if (s->verify == NULL)
        return is_good;
    if (s->archive == NULL || s->archive->provider != FORGE_SOURCE_URL) {
        diag_error(diag, field_place(s, "verify"), "Git hosts pack an archive anew each time, so nobody can have signed it: publish a "
                   "tar.gz of your own and write `provider: Url`, or take `verify` out");
        return false;
    }
    if (s->verify->public_key.len != 32) {
        diag_error(diag, field_place(s->verify, "publicKey"), "an Ed25519 key has 32 bytes, and this one has %zu: print it with `openssl "
                   "pkey -in KEY.pem -pubout -outform DER | tail -c 32 | base64`", s->verify->public_key.len);
        is_good = false;
    }
    return check_url(s->verify, "signatureUrl", s->verify->signature_url, diag) && is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct forge_source_spec *s = doc->spec;
    bool is_good = check_place(s, diag);

    if (s->archive != NULL)
        is_good &= check_archive(s->archive, diag);
    is_good &= check_text(s, "ref", s->ref, diag);
    is_good &= check_text(s, "path", s->path, diag);
    if (s->archive != NULL && s->archive->url.at != NULL && is_good && span_starts(s->archive->url, SPAN_LIT("http:")) &&
        s->verify == NULL)
        diag_warn(diag, field_place(s->archive, "url"), "anybody on the way can change what comes over http: write https, or `verify`");
    return check_security(s, diag) && is_good;
}

const struct kind kind_forge_source = {
    .type = "ForgeSource", .plural = "forgesources", .short_name = "fs",
    .has_spec = true, .table = &table, .check = check,
};
