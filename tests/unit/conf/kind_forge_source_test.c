/* kind_forge_source_test.c - ForgeSource: what goes together, and what is told. */
#include "unit/conf/conf_check.h"

#define SOURCE(spec) "type: ForgeSource\nname: team\nspec: " spec "\n"
#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void refused(const char *text, const char *part)
{
    static struct diag diag;
    struct snapshot *s = NULL;

    diag_init(&diag);
    CHECK(conf_load_text("t.yaml", span_str(text), &diag, &s) == WHY_CONF_BAD, "taken: %s\n", text);
    for (uint32_t i = 0; i < diag.items_n; i++)
        if (strstr(diag.items[i].text, part) != NULL)
            return;
    CHECK(false, "%s: %s\n", text, diag.items[0].text);
}

TEST(each_type_reads)
{
    static const char *const good[] = {
        SOURCE("{type: Directory, directory: /srv/config}"),
        SOURCE("{type: BareRepository, bareRepository: /srv/config.git, ref: v1.2, path: gateways/edge, driftPolicy: Revert}"),
        SOURCE("{type: Archive, archive: {provider: GitHub, repository: acme/config}, interval: 5m, prune: false}"),
        SOURCE("{type: Archive, archive: {provider: GitLab, server: 'https://git.example.com/', repository: a/b/c}, webhook: {type: GitLab,"
               " secret: {inlineString: x}}}"),
        SOURCE("{type: Archive, archive: {provider: Url, url: 'https://a.example.com/c.tgz'}, verify: {publicKey: " KEY "}}"),
    };

    for (size_t i = 0; i < COUNT(good); i++)
        conf_free(conf_check_load(good[i]));
}

TEST(what_does_not_go_together_is_told)
{
    refused(SOURCE("{type: Directory}"), "needs `directory:`");
    refused(SOURCE("{type: Directory, directory: /a, bareRepository: /b}"), "does not go with");
    refused(SOURCE("{type: Directory, directory: a}"), "absolute path");
    refused(SOURCE("{type: Archive, archive: {provider: GitHub}}"), "owner/name");
    refused(SOURCE("{type: Archive, archive: {provider: GitHub, repository: acme}}"), "owner/name");
    refused(SOURCE("{type: Archive, archive: {provider: Url}}"), "needs `url:`");
    refused(SOURCE("{type: Archive, archive: {provider: Gitea, repository: a/b, url: 'https://a/b'}}"), "take `url` out");
    refused(SOURCE("{type: Archive, archive: {provider: Url, url: 'ftp://a/b'}}"), "https://git.example.com");
    refused(SOURCE("{type: Archive, archive: {provider: Gitea, repository: a/b}, verify: {publicKey: " KEY "}}"), "pack an archive anew");
    refused(SOURCE("{type: Archive, archive: {provider: Url, url: 'https://a/b'}, verify: {publicKey: AAAA}}"), "32 bytes");
    refused(SOURCE("{type: BareRepository, bareRepository: /a, ref: '--help'}"), "`ref` must be");
    refused(SOURCE("{type: Directory, directory: /a, path: ../b}"), "`path` must be");
    refused(SOURCE("{type: Directory, directory: /a, interval: 10ms}"), "interval");
    refused(SOURCE("{type: Directory, directory: /a, credentials: {inlineString: x}}"), "needs no credentials");
}

CHECK_RUN(RUN(each_type_reads), RUN(what_does_not_go_together_is_told))
