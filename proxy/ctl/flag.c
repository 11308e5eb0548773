/* flag.c - the table of flags.
 *
 * Layer:  ctl.
 */
#include "ctl/flag.h"

#include "base/must.h"
#include "conf/suggest.h"

const struct flag_row flag_list[FLAG_N] = {
    [FLAG_FILE] = { "file", 'f', FLAG_TYPE_PATH, true, "PATH", NULL,
        "a file of documents, a folder with *.yaml, *.yml and *.json, or - for standard input" },
    [FLAG_OUTPUT] = { "output", 'o', FLAG_TYPE_OUTPUT, false, "FORM", NULL, "how to print" },
    [FLAG_MESH] = { "mesh", 'm', FLAG_TYPE_TEXT, false, "MESH", "default", "the mesh that is meant" },
    [FLAG_LABEL] = { "label", 'l', FLAG_TYPE_TEXT, true, "KEY=VALUE", NULL, "only documents with this label" },
    [FLAG_AUTHOR] = { "author", 0, FLAG_TYPE_TEXT, false, "NAME", NULL, "who history says it was; without it $FORGE_AUTHOR, then $USER" },
    [FLAG_REASON] = { "reason", 0, FLAG_TYPE_TEXT, false, "TEXT", NULL, "why, for the history" },
    [FLAG_EXPECT] = { "expect", 0, FLAG_TYPE_NUMBER, false, "N", NULL,
        "only if generation N is in force: nobody changed anything in between" },
    [FLAG_DRY_RUN] = { "dry-run", 0, FLAG_TYPE_BOOL, false, NULL, NULL,
        "check, compile and test on the gateway, show the difference, change nothing" },
    [FLAG_SOURCE] = { "source", 0, FLAG_TYPE_TEXT, false, "NAME", "api",
        "in whose name documents are put in: --prune deletes only what the same source put in" },
    [FLAG_PRUNE] = { "prune", 0, FLAG_TYPE_BOOL, false, NULL, NULL, "delete the documents of the source that are not in the files" },
    [FLAG_GENERATION] = { "generation", 'g', FLAG_TYPE_NUMBER, false, "N", NULL, "of generation N, not of the one in force" },
    [FLAG_LIMIT] = { "limit", 'n', FLAG_TYPE_NUMBER, false, "N", "20", "at most so many, newest first" },
    [FLAG_TO] = { "to", 0, FLAG_TYPE_TEXT, false, "FORM", "universal", "universal or kubernetes" },
    [FLAG_METHOD] = { "request", 'X', FLAG_TYPE_TEXT, false, "METHOD", NULL, "method of the request" },
    [FLAG_HEADER] = { "header", 'H', FLAG_TYPE_TEXT, true, "'NAME: VALUE'", NULL, "a field of the request" },
    [FLAG_BODY_BYTES] = { "body-bytes", 0, FLAG_TYPE_NUMBER, false, "N", NULL, "a body of so many bytes" },
    [FLAG_CLIENT] = { "client", 0, FLAG_TYPE_TEXT, false, "ADDRESS", NULL, "the address that the request comes from" },
    [FLAG_PORT] = { "port", 'p', FLAG_TYPE_NUMBER, false, "PORT", NULL, "of the listener, where that of the URL is another" },
    [FLAG_LISTENER] = { "listener", 0, FLAG_TYPE_TEXT, false, "NAME", NULL, "a route as this listener serves it: edge:8080" },
    [FLAG_FOR] = { "for", 0, FLAG_TYPE_TEXT, false, "WHAT", "live", "live: all workers serve it; ready: the gateway takes traffic" },
    [FLAG_INTERVAL] = { "interval", 'i', FLAG_TYPE_DURATION, false, "TIME", "1s", "from one look to the next" },
    [FLAG_ONCE] = { "once", 0, FLAG_TYPE_BOOL, false, NULL, NULL, "one look, then end" },
    [FLAG_METRICS] = { "metrics", 0, FLAG_TYPE_TEXT, false, "URL", "http://127.0.0.1:9901",
        "the gateway's management listener, where /metrics is" },
    [FLAG_STATE] = { "state", 's', FLAG_TYPE_DIR, false, "DIR", NULL,
        "the gateway's state folder, where admin.sock is; without it $FORGE_STATE, ./.out/run, ./state" },
    [FLAG_SERVER] = { "server", 0, FLAG_TYPE_TEXT, false, "URL", NULL, "a gateway elsewhere, https://HOST:PORT; without it $FORGE_SERVER" },
    [FLAG_TOKEN_FILE] = { "token-file", 0, FLAG_TYPE_PATH, false, "FILE", NULL,
        "its token (admin-token of its state folder); without it $FORGE_TOKEN is the token" },
    [FLAG_CA_FILE] = { "ca-file", 0, FLAG_TYPE_PATH, false, "FILE", NULL,
        "PEM of the authority, or of the self-signed certificate, to trust; without it those of the system" },
    [FLAG_INSECURE] = { "insecure", 'k', FLAG_TYPE_BOOL, false, NULL, NULL,
        "trust any certificate: whoever is in between can read and change everything" },
    [FLAG_TIMEOUT] = { "timeout", 0, FLAG_TYPE_DURATION, false, "TIME", "30s", "how long to wait at most" },
    [FLAG_NO_COLOR] = { "no-color", 0, FLAG_TYPE_BOOL, false, NULL, NULL, "no colours; NO_COLOR in the environment says so, too" },
    [FLAG_HELP] = { "help", 'h', FLAG_TYPE_BOOL, false, NULL, NULL, "print help and end" },
};

STATIC_MUST(FLAG_N <= 64, "sets of flags are bits of one word");

enum flag_id flag_find(uint64_t among, struct span name)
{
    for (unsigned i = 0; i < FLAG_N; i++)
        if ((among & FLAG_BIT(i)) != 0 && span_is(span_str(flag_list[i].name), name))
            return (enum flag_id)i;
    return FLAG_N;
}

enum flag_id flag_find_letter(uint64_t among, char letter)
{
    for (unsigned i = 0; i < FLAG_N; i++)
        if ((among & FLAG_BIT(i)) != 0 && flag_list[i].letter == letter && letter != 0)
            return (enum flag_id)i;
    return FLAG_N;
}

const char *flag_suggest(uint64_t among, struct span name)
{
    struct suggest s;

    suggest_init(&s, name);
    for (unsigned i = 0; i < FLAG_N; i++)
        if ((among & FLAG_BIT(i)) != 0)
            suggest_offer(&s, flag_list[i].name);
    return s.best;
}
