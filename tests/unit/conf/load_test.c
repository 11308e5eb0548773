/* load_test.c - a directory becomes the snapshot that it describes, or sentences; also when memory ends anywhere.
 *
 * Goal:   files are found and read in order; the demo that newcomers start with is good; no end of memory is followed by
 *         anything but a sentence.
 * Method: directories made for the purpose; one rich configuration in arenas of every size.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "unit/conf/conf_check.h"

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "%s\n", path);
}

static void remove_dir(const char *dir)
{
    char command[512];

    snprintf(command, sizeof(command), "rm -r %s", dir);
    CHECK(system(command) == 0, "%s\n", command);
}

TEST(load_demo)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *s = NULL;

    diag_init(diag);
    enum why why = conf_load("proxy/demo", NULL, 42, diag, &s);
    diag_print(diag, 2);
    CHECK(why == WHY_OK && diag->warnings_n == 0, "%u warnings\n", diag->warnings_n);
    CHECK(s->generation == 42 && s->listeners_n == 4 && s->upstreams_n == 1 && s->upstreams[0].protocol == UP_ECHO, "%u\n",
          s->listeners_n);
    CHECK(s->listeners[0].hosts[0].routes_n == 3 && s->access_log.is_on, "%u\n", s->listeners[0].hosts[0].routes_n);
    CHECK(s->listeners[2].tls_hosts[0].certificates[0].chain_pem.len == 0, "the certificate is not known while only checking\n");
    conf_free(s);
    free(diag);
}

TEST(load_directory)
{
    char dir[] = "/tmp/forge-load-XXXXXX", path[64];
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *s = NULL;

    CHECK(mkdtemp(dir) != NULL, "%s\n", dir);
    write_file(dir, "b.yaml", "type: Secret\nname: b\ndata: aGk=\n---\n");
    write_file(dir, "a.yml", "type: Secret\nname: a\ndata: aGk=\n");
    write_file(dir, "c.json", "{\"type\": \"Secret\", \"name\": \"c\", \"data\": \"aGk=\"}");
    write_file(dir, ".hidden.yaml", "no document");
    write_file(dir, "readme.txt", "no document");
    diag_init(diag);
    CHECK(conf_load(dir, NULL, 1, diag, &s) == WHY_OK && s->documents_n == 3, "%s\n", diag->items[0].text);
    conf_free(s);

    /* Errors of all files at once, in their order. A directory with a good name is no file. */
    write_file(dir, "a.yml", "type: Secret\nname: c\ndata: aGk=\n");
    write_file(dir, "b.yaml", "type: Secret\nname: b\n");
    snprintf(path, sizeof(path), "%s/d.yaml", dir);
    CHECK(mkdir(path, 0700) == 0, "%s\n", path);
    s = NULL;
    diag_init(diag);
    CHECK(conf_load(dir, NULL, 1, diag, &s) == WHY_CONF_BAD && s == NULL && diag->errors_n == 3, "%u\n", diag->errors_n);
    CHECK(strstr(diag->items[0].file, "/b.yaml") != NULL && diag->items[0].line == 1, "%s\n", diag->items[0].file);
    CHECK(strstr(diag->items[1].file, "/c.json") != NULL && strstr(diag->items[1].text, "there is a Secret `c` already") != NULL, "%s\n",
          diag->items[1].text);
    CHECK(strstr(diag->items[2].file, "/d.yaml") != NULL && strcmp(diag->items[2].text, "the file is not a file") == 0, "%s\n",
          diag->items[2].text);
    remove_dir(dir);

    diag_init(diag);
    CHECK(conf_load(dir, NULL, 1, diag, &s) == WHY_CONF_BAD && strstr(diag->items[0].text, "cannot be read: No such file") != NULL,
          "%s\n", diag->items[0].text);
    CHECK(mkdir(dir, 0700) == 0, "%s\n", dir);
    diag_init(diag);
    CHECK(conf_load(dir, NULL, 1, diag, &s) == WHY_OK && diag->warnings_n == 1 && s->listeners_n == 0, "empty\n");
    conf_free(s);
    remove_dir(dir);
    free(diag);
}

TEST(load_self_signed_is_missing)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *s = NULL;

    diag_init(diag);
    CHECK(conf_load("proxy/demo", "/tmp/forge-no-such-state", 1, diag, &s) == WHY_CONF_BAD && diag->errors_n == 1, "%u\n", diag->errors_n);
    CHECK(strstr(diag->items[0].text, "/tmp/forge-no-such-state/self-signed.pem, does not exist") != NULL, "%s\n", diag->items[0].text);
    free(diag);
}

#define RICH                                                                                                           \
    "type: MeshGateway\nname: edge\nconf:\n  listeners:\n  - {port: 80, protocol: HTTP, hostname: a.x}\n"               \
    "  - {port: 443, protocol: HTTPS, tls: {certificates: [{inlineString: \"-----BEGIN CERTIFICATE-----\\nA\\n"         \
    "-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nK\\n-----END PRIVATE KEY-----\\n\"}]}}\n"                \
    "---\n{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: [{address: '::1', port: 1}],\n" \
    "  tls: {enabled: true, verification: {caCert: {inlineString: \"-----BEGIN CERTIFICATE-----\\nA\\n-----END CERTIFICATE-----\\n\"}}}}}\n" \
    "---\ntype: MeshHTTPRoute\nname: r\nspec:\n  to:\n  - targetRef: {kind: Mesh}\n    rules:\n"                        \
    "    - matches: [{path: {type: Exact, value: /e}}, {path: {type: PathPrefix, value: /p}, headers: [{name: h, value: v}]},\n" \
    "        {path: {type: RegularExpression, value: '/r(a|b)+'}, queryParams: [{name: q, value: w}]}]\n"               \
    "      default:\n        filters:\n        - {type: URLRewrite, urlRewrite: {hostname: n}}\n"                      \
    "        - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: s, value: t}], remove: [w]}}\n"       \
    "        backendRefs: [{kind: MeshExternalService, name: a}]\n"                                                    \
    "---\n{type: ForgeBodyCap, name: c, spec: {bytes: 1}}\n"                                                           \
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: Mesh}, port: 80, addresses: ['::1'], forwarded: {trustedHops: 1}}}\n" \
    "---\n{type: ForgeAccessLog, name: l, spec: {path: /x}}\n"                                                         \
    "---\n{type: MeshTimeout, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]}}\n"

/* One of the two arenas in every size until it is enough. Answers how many sizes were too small. */
static int torture(bool is_scratch)
{
    struct diag *diag = malloc(sizeof(*diag));
    int failed_n = 0;

    for (size_t bytes = 4096;; bytes += 48) {
        struct snapshot *s = NULL;
        diag_init(diag);
        enum why why = conf_load_bounded("t.yaml", SPAN_LIT(RICH), is_scratch ? bytes : 1 << 24, is_scratch ? 1 << 24 : bytes, diag, &s);
        if (why == WHY_OK) {
            conf_free(s);
            break;
        }
        CHECK(why == WHY_CONF_BAD && s == NULL && diag->errors_n > 0, "%zu bytes: %s\n", bytes, why_name(why));
        for (uint32_t i = 0; i < diag->items_n; i++)
            CHECK(strstr(diag->items[i].text, "memory") != NULL, "%zu bytes: %s\n", bytes, diag->items[i].text);
        failed_n++;
    }
    free(diag);
    return failed_n;
}

TEST(load_survives_the_end_of_memory)
{
    int scratch_n = torture(true), snapshot_n = torture(false);

    CHECK(scratch_n > 100 && snapshot_n > 20, "%d %d\n", scratch_n, snapshot_n);
}

CHECK_RUN(RUN(load_demo), RUN(load_directory), RUN(load_self_signed_is_missing), RUN(load_survives_the_end_of_memory))
