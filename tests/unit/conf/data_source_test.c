/* data_source_test.c - where certificates and keys come from, in both of Kuma's forms, and what is wrong with them.
 *
 * Goal:   each thing that can be wrong has its sentence, at its place; each source arrives.
 * Method: an HTTPS listener with the source in its certificates; all that is said must be as in the row.
 */
#include <stdio.h>
#include <unistd.h>

#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "inlineString",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{inlineString: \"-----BEGIN CERTIFICATE-----\\nAA\\n-----END "
      "CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nBB\\n-----END PRIVATE KEY-----\\n\"}]\n",
      "" },
    { "new form inline",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{type: InsecureInline, insecureInline: {value: \"-----BEGIN "
      "CERTIFICATE-----\\nAA\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nBB\\n-----END "
      "PRIVATE KEY-----\\n\"}}]\n",
      "" },
    { "secret that is not there",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: a}]\n",
      "8:33: error: there is no Secret `a` in mesh `default`: write one, or correct the name\n" },
    { "secret of another mesh",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: a}]\n"
      "---\n"
      "{type: Secret, mesh: other, name: a, data: aGk=}\n",
      "8:33: error: there is no Secret `a` in mesh `default`: write one, or correct the name\n" },
    { "secret that is wrong is told once",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: a}]\n"
      "---\n"
      "{type: Secret, name: a, data: \"?\"}\n",
      "10:31: error: `data` must be base64 (as `base64 -w0 FILE` prints it), and is not\n" },
    { "secret that is no PEM",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: a}]\n"
      "---\n"
      "{type: Secret, name: a, data: aGk=}\n",
      "8:24: error: this certificate has no PEM block -----BEGIN CERTIFICATE-----\n"
      "8:24: error: this certificate has no unencrypted private key beside it: put both PEM blocks into "
      "one text\n" },
    { "new form secret that is not there",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{type: Secret, secretRef: {kind: Secret, name: a}}]\n",
      "8:71: error: there is no Secret `a` in mesh `default`: write one, or correct the name\n" },
    { "self-signed, unknown while only checking",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: forge-self-signed}]\n",
      "" },
    { "no source",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{}]\n",
      "8:24: error: a data source names exactly one of secret, file, inline, inlineString, and this one "
      "names 0\n" },
    { "two sources",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{secret: a, inlineString: b}]\n",
      "8:24: error: a data source names exactly one of secret, file, inline, inlineString, and this one "
      "names 2\n" },
    { "type with the field of another",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{type: File, secretRef: {name: a}}]\n",
      "8:31: error: `type: File` needs the field `file`\n" },
    { "file without path",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{file: {pth: a}}]\n",
      "8:31: error: `file` must be a path, or `{path: ...}`\n" },
    { "file a list",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{file: [a]}]\n",
      "8:31: error: `file` must be a path, or `{path: ...}`\n" },
    { "file from memory",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{file: /etc/x.pem}]\n",
      "8:31: error: files are not read here: write the text inline\n" },
    { "no such variable",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{type: EnvVar, envVar: {name: FORGE_TEST_NO_SUCH_VARIABLE}}]\n",
      "8:54: error: the environment of the gateway has no variable `FORGE_TEST_NO_SUCH_VARIABLE`\n" },
    { "certificate without key",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{inlineString: \"-----BEGIN CERTIFICATE-----\\nAA\\n-----END "
      "CERTIFICATE-----\\n\"}]\n",
      "8:24: error: this certificate has no unencrypted private key beside it: put both PEM blocks into "
      "one text\n" },
    { "base64 that is none",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - port: 443\n"
      "      protocol: HTTPS\n"
      "      tls:\n"
      "        certificates: [{inline: \"%\"}]\n",
      "8:33: error: `inline` must be base64 (as `base64 -w0 FILE` prints it), and is not\n" },
};

TEST(data_source_says)
{
    conf_check_says(rows, COUNT(rows));
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "%s\n", path);
}

TEST(data_source_files)
{
    char dir[] = "/tmp/forge-data-source-XXXXXX", command[128];
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *s = NULL;

    CHECK(mkdtemp(dir) != NULL, "%s\n", dir);
    write_file(dir, "a.pem", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
                             "-----BEGIN PRIVATE KEY-----\nBB\n-----END PRIVATE KEY-----\n");
    write_file(dir, "self-signed.pem", "-----BEGIN CERTIFICATE-----\nSELF\n-----END CERTIFICATE-----\n"
                                       "-----BEGIN PRIVATE KEY-----\nBB\n-----END PRIVATE KEY-----\n");
    write_file(dir, "a.yaml", "type: MeshGateway\nname: edge\nconf: {listeners: [{port: 443, protocol: HTTPS, tls: {certificates: [\n"
                              "  {file: a.pem}, {secret: forge-self-signed}]}}]}\n");
    diag_init(diag);
    CHECK(conf_load(dir, dir, 1, diag, &s) == WHY_OK, "%s\n", diag->items[0].text);
    const struct tls_host *h = &s->listeners[0].tls_hosts[0];
    CHECK(h->certificates_n == 2, "%u\n", h->certificates_n);
    CHECK(strstr((const char *)h->certificates[0].chain_pem.at, "\nAA\n") != NULL, "%s\n", h->certificates[0].chain_pem.at);
    CHECK(strstr((const char *)h->certificates[0].key_pem.at, "\nBB\n") != NULL, "%s\n", h->certificates[0].key_pem.at);
    CHECK(strstr((const char *)h->certificates[1].chain_pem.at, "\nSELF\n") != NULL, "%s\n", h->certificates[1].chain_pem.at);
    conf_free(s);

    write_file(dir, "a.yaml", "type: MeshGateway\nname: edge\nconf: {listeners: [{port: 443, protocol: HTTPS, tls: {certificates: [\n"
                              "  {file: {path: b.pem}}, {file: .}]}}]}\n");
    diag_init(diag);
    CHECK(conf_load(dir, dir, 1, diag, &s) == WHY_CONF_BAD && diag->errors_n == 2, "%u\n", diag->errors_n);
    CHECK(strcmp(diag->items[0].text, "the file b.pem does not exist") == 0, "%s\n", diag->items[0].text);
    CHECK(strcmp(diag->items[1].text, "the file . is not a file") == 0, "%s\n", diag->items[1].text);
    free(diag);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    CHECK(system(command) == 0, "%s\n", command);
}

TEST(data_source_variable)
{
    setenv("FORGE_TEST_VARIABLE", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
                                  "-----BEGIN PRIVATE KEY-----\nBB\n-----END PRIVATE KEY-----\n", 1);
    struct snapshot *s = conf_check_load("type: MeshGateway\nname: edge\nconf: {listeners: [{port: 443, protocol: HTTPS, tls: {certificates: [\n"
                                         "  {type: EnvVar, envVar: {name: FORGE_TEST_VARIABLE}}]}}]}\n");
    CHECK(s->listeners[0].tls_hosts[0].certificates[0].key_pem.len > 0, "no key\n");
    conf_free(s);
    unsetenv("FORGE_TEST_VARIABLE");
}

CHECK_RUN(RUN(data_source_says), RUN(data_source_files), RUN(data_source_variable))
