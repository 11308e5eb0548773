/* files_test.c - what stands behind -f, and kinds by the names that people use.
 *
 * Method: a folder made by the test.
 */
#include "ctl/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ctl_lab.h"

#include "conf/kind.h"
#include "ctl/check.h"
#include "ctl/offline.h"
#include "ctl/resource.h"

static void put(const char *dir, const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    CHECK(file != NULL, "%s\n", path);
    CHECK(fputs(text, file) >= 0 && fclose(file) == 0, "%s\n", path);
}

static void run(const char *format, const char *dir)
{
    char line[128];

    snprintf(line, sizeof(line), format, dir);
    CHECK(system(line) == 0, "%s\n", line);
}

static struct ctl *open_line(const char *format, const char *dir)
{
    char line[256];

    snprintf(line, sizeof(line), format, dir, dir);
    return ctl_lab_open(line);
}

#define SERVICE "type: MeshExternalService\nname: %s\nspec:\n  match: {port: 80, protocol: http}\n  endpoints: [{address: 127.0.0.1, port: 1}]\n"

TEST(files_of_folders_and_of_themselves)
{
    char dir[] = "/tmp/forgectl-files-XXXXXX";
    struct files files;

    CHECK(mkdtemp(dir) != NULL, "no folder\n");
    put(dir, "b.yaml", "b");
    put(dir, "a.json", "a");
    put(dir, ".hidden.yaml", "h");
    put(dir, "note.txt", "n");
    struct ctl *ctl = open_line("check -f %s/ -f %s/note.txt", dir);
    CHECK(files_read(ctl, &files) && files.n == 3, "%u files\n", files.n);
    CHECK(strstr(files.items[0].name, "XX/a.json") == NULL && strstr(files.items[0].name, "/a.json") != NULL &&
          strstr(files.items[0].name, "//") == NULL, "%s\n", files.items[0].name);
    CHECK(span_is(files.items[1].text, SPAN_LIT("b")) && span_is(files.items[2].text, SPAN_LIT("n")), "order\n");
    ctl_lab_close(ctl);
    ctl = open_line("check -f %s/gone -f %s/note.txt", dir);
    CHECK(!files_read(ctl, &files) && files.n == 1 && ctl->diag.errors_n == 1, "gone\n");
    CHECK(strstr(ctl->diag.items[0].text, "no such file") != NULL, "%s\n", ctl->diag.items[0].text);
    ctl_lab_close(ctl);
    run("rm -r %s", dir);
}

TEST(offline_finds_all_documents)
{
    char dir[] = "/tmp/forgectl-files-XXXXXX", text[512];
    struct offline o;
    unsigned n = 0;

    CHECK(mkdtemp(dir) != NULL, "no folder\n");
    snprintf(text, sizeof(text), SERVICE "---\n" SERVICE, "one", "two");
    put(dir, "a.yaml", text);
    put(dir, "b.yaml", "type: Secret\nname: s\ndata: aGk=\n");
    struct ctl *ctl = open_line("check -f %s", dir);
    CHECK(offline_open(ctl, &o), "not open\n");
    for (const struct conf_document *d = offline_next(&o, NULL); d != NULL; d = offline_next(&o, d))
        n++;
    CHECK(n == 3, "%u documents\n", n);
    offline_close(&o);
    ctl_lab_close(ctl);

    ctl = open_line("check -f %s -o json", dir);
    CHECK(check_command(ctl) == EXIT_FINE && strstr(ctl_lab_out(ctl), "\"documents\":3,\"errors\":0") != NULL, "%s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
    put(dir, "c.yaml", "type: Secrt\nname: s\n");
    ctl = open_line("check -f %s -o json", dir);
    CHECK(check_command(ctl) == EXIT_REFUSED && strstr(ctl_lab_out(ctl), "\"line\":1,\"column\":7") != NULL, "%s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
    run("rm -r %s", dir);
}

TEST(resource_by_each_of_its_names)
{
    struct ctl *ctl = ctl_lab_open("check");
    struct span kind, name;

    for (unsigned i = 0; i < KIND_N; i++) {
        CHECK(resource_kind(ctl, span_str(kind_list[i]->type)) == kind_list[i], "%s\n", kind_list[i]->type);
        CHECK(resource_kind(ctl, span_str(kind_list[i]->plural)) == kind_list[i], "%s\n", kind_list[i]->plural);
        if (kind_list[i]->short_name != NULL)
            CHECK(resource_kind(ctl, span_str(kind_list[i]->short_name)) == kind_list[i], "%s\n", kind_list[i]->short_name);
    }
    CHECK(resource_kind(ctl, SPAN_LIT("meshhttproute")) == resource_kind(ctl, SPAN_LIT("MESHHTTPROUTES")), "case\n");
    CHECK(resource_kind(ctl, SPAN_LIT("meshhtproute")) == NULL, "guessed\n");
    resource_cut(SPAN_LIT("mt/all"), &kind, &name);
    CHECK(span_is(kind, SPAN_LIT("mt")) && span_is(name, SPAN_LIT("all")), "cut\n");
    resource_cut(SPAN_LIT("mt"), &kind, &name);
    CHECK(span_is(kind, SPAN_LIT("mt")) && name.len == 0, "cut\n");
    ctl_lab_close(ctl);
}

CHECK_RUN(RUN(files_of_folders_and_of_themselves), RUN(offline_finds_all_documents), RUN(resource_by_each_of_its_names))
