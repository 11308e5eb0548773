/* command.c - the table of commands.
 *
 * Layer:  ctl.
 */
#include "ctl/command.h"

#include "conf/suggest.h"
#include "ctl/apply.h"
#include "ctl/check.h"
#include "ctl/completions.h"
#include "ctl/convert.h"
#include "ctl/delete.h"
#include "ctl/diff.h"
#include "ctl/explain.h"
#include "ctl/export.h"
#include "ctl/get.h"
#include "ctl/help.h"
#include "ctl/history.h"
#include "ctl/reference.h"
#include "ctl/rollback.h"
#include "ctl/test.h"
#include "ctl/top.h"
#include "ctl/try.h"
#include "ctl/version.h"
#include "ctl/wait.h"

const char command_exit_doc[] =
    "exit codes: 0 fine; 1 problems were found, or the gateway refused; 2 wrong use of the command line;\n"
    "            3 no gateway there, or none to trust; 4 diff found differences; 5 the time of wait is over\n";

#define FLAGS_AUTHOR (FLAG_BIT(FLAG_AUTHOR) | FLAG_BIT(FLAG_REASON) | FLAG_BIT(FLAG_EXPECT) | FLAG_BIT(FLAG_DRY_RUN))

const struct command command_list[] = {
    {
        .name = "apply", .words = "", .words_are = WORDS_NONE,
        .flags = FLAG_BIT(FLAG_FILE) | FLAGS_AUTHOR | FLAG_BIT(FLAG_SOURCE) | FLAG_BIT(FLAG_PRUNE) | FLAGS_GATEWAY,
        .outputs = "text,json,yaml",
        .summary = "put documents into a gateway, all of them or none",
        .doc = "Documents of the files are put in, new ones and new versions of what is there. They are checked, compiled and\n"
               "tested together with everything else first; whatever is wrong is told with its place, and nothing has changed\n"
               "then. Traffic does not notice: connections stay, requests in progress end as they began.",
        .examples = "  forgectl apply -f routes/ --dry-run\n"
                    "  forgectl apply -f routes/ --reason 'more room for uploads'\n"
                    "  git show HEAD:routes.yaml | forgectl apply -f -\n"
                    "  forgectl apply -f routes/ --prune --source team-shop   # and delete what the team took out\n",
        .run = apply_command,
    },
    {
        .name = "check", .words = "", .words_are = WORDS_NONE, .flags = FLAG_BIT(FLAG_FILE), .outputs = "text,json,sarif",
        .summary = "find every problem of documents, without a gateway",
        .doc = "Reads, checks and compiles the documents, and prints every problem at once as FILE:LINE:COLUMN: error: what is\n"
               "wrong and what to write instead. -o sarif is what code hosts show beside the lines of a change.",
        .examples = "  forgectl check -f routes/\n  forgectl check -f routes/ -o sarif > forge.sarif\n",
        .run = check_command,
    },
    {
        .name = "completions", .words = "SHELL", .words_min = 1, .words_max = 1, .words_are = WORDS_SHELLS,
        .summary = "print a script that completes commands and flags in bash, zsh or fish",
        .doc = "Prints a script for the shell to read at its start.",
        .examples = "  eval \"$(forgectl completions bash)\"\n"
                    "  forgectl completions zsh > \"${fpath[1]}/_forgectl\"\n"
                    "  forgectl completions fish > ~/.config/fish/completions/forgectl.fish\n",
        .run = completions_command,
    },
    {
        .name = "convert", .words = "", .words_are = WORDS_NONE, .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_TO),
        .summary = "write documents in the other envelope: universal or kubernetes",
        .doc = "Reads documents in either envelope, and writes them in the one that --to says, in canonical form.",
        .examples = "  forgectl convert -f from-cluster.yaml --to universal\n",
        .run = convert_command,
    },
    {
        .name = "delete", .words = "[KIND NAME...]", .words_max = ARGUMENTS_WORDS_MAX, .words_are = WORDS_KINDS,
        .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_MESH) | FLAGS_AUTHOR | FLAGS_GATEWAY, .outputs = "text,json,yaml",
        .summary = "take documents out of a gateway, all of them or none",
        .doc = "KIND is a type, a plural or a short name. Names may also be written KIND/NAME. With -f, the documents that the\n"
               "files name are taken out. What is left is checked and compiled first, as for apply.",
        .examples = "  forgectl delete meshhttproute moved\n  forgectl delete MeshHTTPRoute/moved ForgeBodyCap/small-bodies --dry-run\n",
        .run = delete_command,
    },
    {
        .name = "diff", .words = "[FROM [TO]]", .words_max = 2, .words_are = WORDS_PATHS,
        .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_SOURCE) | FLAG_BIT(FLAG_PRUNE) | FLAGS_GATEWAY, .outputs = "text,json,yaml",
        .summary = "show what differs: files and gateway, two generations, two folders",
        .doc = "With -f: what apply of these files would change on the gateway. With two numbers: what changed from one\n"
               "generation to the other; with one: from that to what is in force. With two folders or files: what differs\n"
               "between them, without a gateway. Documents are compared by meaning: order and notation do not matter.\n"
               "Ends with 4 when there are differences.",
        .examples = "  forgectl diff -f routes/\n  forgectl diff 3 5\n  forgectl diff old/ new/\n",
        .run = diff_command,
    },
    {
        .name = "explain", .words = "[KIND] NAME", .words_min = 1, .words_max = 2, .words_are = WORDS_FREE,
        .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_MESH) | FLAG_BIT(FLAG_LISTENER) | FLAGS_GATEWAY, .outputs = "text,json",
        .summary = "say what is in force for a listener, route or service, and which document said it",
        .doc = "All policies together, field by field: the value, the document and line that it comes from, and what lost to it.\n"
               "KIND is `listener`, `route`, `service`, or a kind of document. With -f no gateway is needed.",
        .examples = "  forgectl explain listener edge:8080\n  forgectl explain -f routes/ MeshHTTPRoute/api\n",
        .run = explain_command,
    },
    {
        .name = "export", .words = "", .words_are = WORDS_NONE,
        .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_GENERATION) | FLAGS_GATEWAY, .outputs = "yaml,json",
        .summary = "print all documents in canonical form",
        .doc = "Every document that is in force, or of an earlier generation, or (with -f, without a gateway) of files: always\n"
               "the same text for the same meaning. Secrets appear without their value.",
        .examples = "  forgectl export > backup.yaml\n  forgectl export --generation 3 | forgectl check -f -\n",
        .run = export_command,
    },
    {
        .name = "get", .words = "KIND [NAME...]", .words_min = 1, .words_max = ARGUMENTS_WORDS_MAX, .words_are = WORDS_KINDS,
        .flags = FLAG_BIT(FLAG_MESH) | FLAG_BIT(FLAG_LABEL) | FLAGS_GATEWAY, .outputs = "table,yaml,json,name",
        .summary = "show the gateway's documents of a kind, or one of them",
        .doc = "KIND is a type, a plural or a short name (MeshTimeout, meshtimeouts, mt), or `all`. Names may also be written\n"
               "KIND/NAME.",
        .examples = "  forgectl get meshhttproutes\n  forgectl get meshhttproute api -o yaml\n  forgectl get all -o name\n",
        .run = get_command,
    },
    {
        .name = "help", .words = "[COMMAND]", .words_max = 1, .words_are = WORDS_COMMANDS,
        .summary = "say what a command does and takes",
        .doc = "Without a command: all of them, a line each.",
        .run = help_command,
    },
    {
        .name = "history", .words = "[GENERATION]", .words_max = 1, .words_are = WORDS_FREE, .flags = FLAG_BIT(FLAG_LIMIT) | FLAGS_GATEWAY,
        .outputs = "table,json,yaml",
        .summary = "list generations: who changed what, when and why",
        .doc = "A generation is the set of all documents after a change. The one with * is in force. With a number: all about\n"
               "that one.",
        .examples = "  forgectl history\n  forgectl history 7\n",
        .run = history_command,
    },
    {
        .name = "manual", .words = "[KIND]", .words_max = 1, .words_are = WORDS_KINDS,
        .summary = "print the page of a kind in the reference manual, as Markdown",
        .doc = "Every field with its type, default, range and a sentence; an example; what was removed and what to write\n"
               "instead. Without a kind: all of them, a line each.",
        .examples = "  forgectl manual\n  forgectl manual MeshTimeout\n",
        .run = reference_manual,
    },
    {
        .name = "rollback", .words = "GENERATION", .words_min = 1, .words_max = 1, .words_are = WORDS_FREE,
        .flags = FLAGS_AUTHOR | FLAGS_GATEWAY, .outputs = "text,json,yaml",
        .summary = "put the documents of an earlier generation in force again",
        .doc = "Makes a new generation with the documents of that one: history is never rewritten. Checked, compiled and tested\n"
               "like any change.",
        .examples = "  forgectl rollback 4 --dry-run\n  forgectl rollback 4 --reason 'uploads fail'\n",
        .run = rollback_command,
    },
    {
        .name = "schema", .words = "KIND", .words_min = 1, .words_max = 1, .words_are = WORDS_KINDS,
        .summary = "print the JSON Schema of a kind, for editors and pipelines",
        .doc = "JSON Schema 2020-12 of the universal form. Members that start with x- say what it has no word for: units,\n"
               "secrets, other spellings, what was removed and what to write instead.",
        .examples = "  forgectl schema MeshHTTPRoute > mesh-http-route.schema.json\n",
        .run = reference_schema,
    },
    {
        .name = "test", .words = "", .words_are = WORDS_NONE, .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_GENERATION) | FLAGS_GATEWAY,
        .outputs = "text,json,junit",
        .summary = "run the ForgeTest documents of files, or of a gateway",
        .doc = "A ForgeTest says of a request what must become of it: route, answer, upstream, headers. Whoever applies a change\n"
               "has them run first, and a failing one keeps it out; this runs them without changing anything. With -f no gateway\n"
               "is needed. -o junit is what CI servers show.",
        .examples = "  forgectl test -f routes/\n  forgectl test -f routes/ -o junit > forge.xml\n",
        .run = test_command,
    },
    {
        .name = "top", .words = "", .words_are = WORDS_NONE,
        .flags = FLAG_BIT(FLAG_INTERVAL) | FLAG_BIT(FLAG_ONCE) | FLAG_BIT(FLAG_METRICS) | FLAG_BIT(FLAG_TIMEOUT),
        .summary = "watch what a gateway does: requests, errors, connections, by the second",
        .doc = "A view that renews itself until q or Ctrl-C; into a file or a pipe, a line each time.",
        .examples = "  forgectl top\n  forgectl top --interval 10s >> figures.txt\n",
        .run = top_command,
    },
    {
        .name = "try", .words = "[METHOD] URL", .words_min = 1, .words_max = 2, .words_are = WORDS_FREE,
        .flags = FLAG_BIT(FLAG_FILE) | FLAG_BIT(FLAG_GENERATION) | FLAG_BIT(FLAG_METHOD) | FLAG_BIT(FLAG_HEADER) |
                 FLAG_BIT(FLAG_BODY_BYTES) | FLAG_BIT(FLAG_CLIENT) | FLAG_BIT(FLAG_PORT) | FLAGS_GATEWAY,
        .outputs = "text,json",
        .summary = "ask how a request would be treated, step by step; nothing is sent",
        .doc = "Which listener, host and route it would meet and which it would miss by how little, what each policy says and\n"
               "changes, and what would go upstream. Of the documents in force, of an earlier generation, or (with -f, without\n"
               "a gateway) of files.",
        .examples = "  forgectl try http://localhost:8080/api/orders\n"
                    "  forgectl try -f routes/ POST http://localhost:8080/api/orders --body-bytes 2000000\n"
                    "  forgectl try --generation 3 -H 'X-Version: 2' https://shop.example.com/\n",
        .run = try_command,
    },
    {
        .name = "version", .words = "", .words_are = WORDS_NONE, .flags = FLAGS_GATEWAY,
        .summary = "print the version of forgectl, and of the gateway when one answers",
        .doc = "Ends well whether a gateway answers or not.",
        .run = version_command,
    },
    {
        .name = "wait", .words = "", .words_are = WORDS_NONE,
        .flags = FLAG_BIT(FLAG_GENERATION) | FLAG_BIT(FLAG_FOR) | FLAGS_GATEWAY,
        .summary = "wait until a generation is live on all workers, or a gateway ready",
        .doc = "Without --generation, the one that is in force when wait begins. Also waits for a gateway that is not there yet.\n"
               "Ends with 5 when --timeout is over.",
        .examples = "  forgectl wait --for ready --timeout 10s\n  forgectl apply -f routes/ && forgectl wait\n",
        .run = wait_command,
    },
    { .name = NULL },
};

const struct command *command_find(struct span name)
{
    for (const struct command *c = command_list; c->name != NULL; c++)
        if (span_is(span_str(c->name), name))
            return c;
    return NULL;
}

const char *command_suggest(struct span name)
{
    struct suggest s;

    suggest_init(&s, name);
    for (const struct command *c = command_list; c->name != NULL; c++)
        suggest_offer(&s, c->name);
    return s.best;
}
