/* client_test.c - questions over a real socket to a peer that answers as the test says.
 *
 * Goal:   an answer is the same however it comes in pieces; each way it can fail ends with the right exit code and a sentence; a kept
 *         connection is used again, and a lost one opened anew.
 * Method: a child process listens on <state>/admin.sock and plays a row of answers, one connection each or all on one.
 */
#include "ctl/client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctl_lab.h"

#include "ctl/api.h"
#include "ctl/json.h"
#include "ctl/place.h"

enum { HEAD_BYTES = 8192 };

struct peer {
    char  dir[64], path[96];
    pid_t child;
};

/* Read up to the end of a head and the body it tells; what was asked goes into said. 0: the client has left. */
static size_t peer_read(int fd, char *said)
{
    size_t used = 0;
    ssize_t n;

    while (used < HEAD_BYTES - 1 && (n = read(fd, said + used, HEAD_BYTES - 1 - used)) > 0) {
        char *end, *length;

        used += (size_t)n;
        said[used] = 0;
        end = strstr(said, "\r\n\r\n");
        length = strstr(said, "content-length: ");
        if (end != NULL && (size_t)(said + used - end - 4) >= (length != NULL ? strtoul(length + 16, NULL, 10) : 0))
            return used;
    }
    return 0;
}

/* answers: NULL-ended; each is sent piece bytes at a time. keeps: all on one connection. An answer of "echo" sends the question back. */
static void peer_serve(int listener, const char *const *answers, size_t piece, bool keeps)
{
    char said[HEAD_BYTES], echo[HEAD_BYTES + 128];
    int fd = -1;

    for (; *answers != NULL; answers++) {
        const char *text = *answers;
        size_t asked;

        if (fd < 0 || !keeps) {
            if (fd >= 0)
                close(fd);
            fd = accept(listener, NULL, NULL);
        }
        asked = peer_read(fd, said);
        if (strcmp(text, "echo") == 0) {
            snprintf(echo, sizeof(echo), "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n%s", asked, said);
            text = echo;
        }
        if (strcmp(text, "silence") == 0)
            pause();
        for (size_t at = 0, len = strlen(text); at < len; at += piece)
            if (write(fd, text + at, len - at < piece ? len - at : piece) <= 0)
                break;
    }
    close(fd);
    _exit(0);
}

static void peer_open(struct peer *p, const char *const *answers, size_t piece, bool keeps)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(p->dir, sizeof(p->dir), "/tmp/forgectl-test-XXXXXX");
    CHECK(mkdtemp(p->dir) != NULL, "no folder\n");
    snprintf(p->path, sizeof(p->path), "%s/admin.sock", p->dir);
    memcpy(address.sun_path, p->path, strlen(p->path) + 1);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 4) == 0, "no socket\n");
    p->child = fork();
    if (p->child == 0)
        alarm(60); /* A test that failed leaves nobody behind. */
    if (p->child == 0)
        peer_serve(fd, answers, piece, keeps);
    close(fd);
}

static void peer_close(struct peer *p)
{
    kill(p->child, SIGKILL);
    waitpid(p->child, NULL, 0);
    unlink(p->path);
    rmdir(p->dir);
}

static struct ctl *open_at(const struct peer *p, const char *more)
{
    char line[256];

    snprintf(line, sizeof(line), "wait --state %s%s", p->dir, more);
    return ctl_lab_open(line);
}

static enum command_exit ask(struct ctl *ctl, struct client_answer *out, const char **out_sentence)
{
    const struct client_question question = { .method = "GET", .target = SPAN_LIT("/forge/status") };

    return client_try(ctl, &question, out, out_sentence);
}

#define OK_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}"

TEST(client_reads_answers_however_they_come)
{
    static const char *const rows[][3] = {
        { OK_JSON },
        { "HTTP/1.1 100 Continue\r\n\r\n" OK_JSON },
        { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nTransfer-Encoding: chunked\r\n\r\n"
          "4\r\n{\"a\"\r\n5\r\n:[1]}\r\n0\r\n\r\n" },
        { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nConnection: close\r\n\r\n{\"a\":[1]}" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t piece = 1; piece < 300; piece = piece * 7) {
            struct peer p;
            struct client_answer answer;
            const char *sentence = "";

            peer_open(&p, rows[i], piece, false);
            struct ctl *ctl = open_at(&p, "");
            CHECK(ask(ctl, &answer, &sentence) == EXIT_FINE, "%zu: %s\n", i, sentence);
            CHECK(answer.status == 200 && span_is(answer.body, SPAN_LIT("{\"a\":[1]}")), "%zu: %.*s\n", i, SPAN_FMT(answer.body));
            CHECK(span_is(answer.etag, SPAN_LIT("\"x\"")) && span_is(answer.content_type, SPAN_LIT("application/json")), "%zu: head\n", i);
            ctl_lab_close(ctl);
            peer_close(&p);
        }
}

TEST(client_keeps_its_connection_and_opens_another)
{
    static const char *const answers[] = { OK_JSON, OK_JSON, OK_JSON, NULL };

    for (int keeps = 0; keeps < 2; keeps++) {
        struct peer p;
        struct client_answer answer;
        const char *sentence = "";

        peer_open(&p, answers, 4096, keeps == 1);
        struct ctl *ctl = open_at(&p, "");
        CHECK(ask(ctl, &answer, &sentence) == EXIT_FINE, "keeps %d: %s\n", keeps, sentence);
        /* The one that closes may be met in the middle: then it says so, and the next question opens another. */
        if (ask(ctl, &answer, &sentence) != EXIT_FINE)
            CHECK(keeps == 0 && ask(ctl, &answer, &sentence) == EXIT_FINE, "keeps %d: %s\n", keeps, sentence);
        ctl_lab_close(ctl);
        peer_close(&p);
    }
}

TEST(client_asks_what_it_was_told_to)
{
    static const char *const answers[] = { "echo", NULL };
    const struct client_question question = { .method = "POST", .target = SPAN_LIT("/forge/apply?x=1"), .body = SPAN_LIT("{\"a\":1}"),
                                              .content_type = SPAN_LIT("application/json"), .if_match = SPAN_LIT("\"e\"") };
    struct client_answer answer = { 0 };
    struct peer p;

    peer_open(&p, answers, 4096, false);
    struct ctl *ctl = open_at(&p, "");
    CHECK(client_ask(ctl, &question, &answer) == EXIT_FINE, "asked\n");
    const char *said = (const char *)answer.body.at;
    CHECK(strncmp(said, "POST /forge/apply?x=1 HTTP/1.1\r\n", 32) == 0, "%s\n", said);
    CHECK(strstr(said, "host: localhost\r\n") != NULL && strstr(said, "content-length: 7\r\n") != NULL, "%s\n", said);
    CHECK(strstr(said, "content-type: application/json\r\n") != NULL && strstr(said, "if-match: \"e\"\r\n") != NULL, "%s\n", said);
    CHECK(strstr(said, "authorization") == NULL && strstr(said, "\r\n\r\n{\"a\":1}") != NULL, "%s\n", said);
    ctl_lab_close(ctl);
    peer_close(&p);
}

TEST(client_says_how_it_failed)
{
    static const struct { const char *answer, *says; } rows[] = {
        { "", "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "" },
        { "SSH-2.0-OpenSSH\r\n\r\n", "" },
        { "silence", "--timeout" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const answers[] = { rows[i].answer, NULL };
        struct client_answer answer;
        const char *sentence = NULL;
        struct peer p;

        peer_open(&p, answers, 4096, false);
        struct ctl *ctl = open_at(&p, " --timeout 300ms");
        CHECK(ask(ctl, &answer, &sentence) == EXIT_UNREACHABLE, "%zu: taken\n", i);
        CHECK(sentence != NULL && strstr(sentence, p.path) != NULL && strstr(sentence, rows[i].says) != NULL, "%zu: %s\n", i, sentence);
        ctl_lab_close(ctl);
        peer_close(&p);
    }
    struct ctl *ctl = ctl_lab_open("wait --state /nonexistent");
    struct client_answer answer;
    const char *sentence = NULL;
    CHECK(ask(ctl, &answer, &sentence) == EXIT_UNREACHABLE && strstr(sentence, "/nonexistent/admin.sock") != NULL, "%s\n", sentence);
    ctl_lab_close(ctl);
}

TEST(api_refusals_have_exit_codes)
{
    static const struct { const char *answer; enum command_exit code; } rows[] = {
        { OK_JSON, EXIT_FINE },
        { "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}", EXIT_REFUSED },
        { "HTTP/1.1 404 No\r\nContent-Length: 32\r\n\r\n{\"title\":\"gone\",\"detail\":\"none\"}", EXIT_REFUSED },
        { "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\noops", EXIT_REFUSED },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const answers[] = { rows[i].answer, NULL };
        struct api_answer answer;
        struct peer p;

        peer_open(&p, answers, 4096, false);
        struct ctl *ctl = open_at(&p, " --timeout 5s");
        CHECK(api_get(ctl, api_target(ctl, "/a/%s/b", "x y/z"), &answer) == rows[i].code, "%zu\n", i);
        CHECK(rows[i].code != EXIT_FINE || json_items_n(json_member(answer.json, "a")) == 1, "%zu: json\n", i);
        ctl_lab_close(ctl);
        peer_close(&p);
    }
    struct ctl *ctl = ctl_lab_open("wait");
    CHECK(span_is(api_target(ctl, "/a/%s/b", "x y/z"), SPAN_LIT("/a/x%20y%2Fz/b")), "escapes\n");
    ctl_lab_close(ctl);
}

TEST(place_of_a_url)
{
    static const struct { const char *url; const char *host, *port; bool is_tls; } rows[] = {
        { "https://10.0.0.1:5682", "10.0.0.1", "5682", true },
        { "https://Gateway.Example.COM", "gateway.example.com", "5682", true },
        { "https://[::1]:99/", "::1", "99", true },
        { "http://localhost:80", "localhost", "80", false },
        { "http://10.0.0.1:80", NULL, NULL, false }, /* the token would be seen */
        { "https://h:1/path", NULL, NULL, false },
        { "gateway:5682", NULL, NULL, false },
        { "https://u@h:1", NULL, NULL, false },
        { "https://h:0", NULL, NULL, false },
        { "", NULL, NULL, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place place = { 0 };
        const char *wrong = place_read_url(rows[i].url, &place);

        CHECK((wrong == NULL) == (rows[i].host != NULL), "%s: %s\n", rows[i].url, wrong != NULL ? wrong : "taken");
        CHECK(wrong == NULL || strstr(wrong, "https://") != NULL, "%s: %s\n", rows[i].url, wrong);
        if (rows[i].host != NULL)
            CHECK(strcmp(place.wire.host, rows[i].host) == 0 && strcmp(place.wire.port, rows[i].port) == 0 &&
                  place.wire.is_tls == rows[i].is_tls, "%s: %s %s\n", rows[i].url, place.wire.host, place.wire.port);
    }
}

CHECK_RUN(RUN(client_reads_answers_however_they_come), RUN(client_keeps_its_connection_and_opens_another),
          RUN(client_asks_what_it_was_told_to), RUN(client_says_how_it_failed), RUN(api_refusals_have_exit_codes), RUN(place_of_a_url))
