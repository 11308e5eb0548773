/* pedant_test.c - the contract of policy.h bites.
 *
 * Method: each story of hook calls runs in a child process; a broken promise must abort it, a kept one must not.
 */
#include "unit/policy/policy_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { HEAD, BODY, BODY_END, ANSWER, ANSWER_BODY, ANSWER_END, END, LIE_BYTES, LIE_SEGS, NO_STATUS };

static void pedant_step(struct world *w, void *state, enum step step)
{
    struct bufq q = { 0 };
    enum why why = WHY_OK;

    body_fill(w, &q, 20);
    switch (step) {
    case HEAD:        (void)pedant_policy.on_request_head(NULL, NULL, state, &w->view, &why); break;
    case BODY:        (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why);
                      w->view.request_body_bytes += 20; break;
    case BODY_END:    (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, true, &why);
                      w->view.request_body_bytes += 20; break;
    case ANSWER:      (void)pedant_policy.on_response_head(NULL, NULL, state, &w->view, &why); break;
    case ANSWER_BODY: (void)pedant_policy.on_response_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case ANSWER_END:  (void)pedant_policy.on_response_body(NULL, NULL, state, &w->view, &q, true, &why); break;
    case END:         pedant_policy.on_end(NULL, NULL, state, &w->view, WHY_OK); break;
    case LIE_BYTES:   w->view.request_body_bytes = 0; q.bytes++;
                      (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case LIE_SEGS:    q.segs++;
                      (void)pedant_policy.on_request_body(NULL, NULL, state, &w->view, &q, false, &why); break;
    case NO_STATUS:   w->response.status = 0;
                      (void)pedant_policy.on_response_head(NULL, NULL, state, &w->view, &why); break;
    }
    bufq_clear(&w->env, &q);
}

/* Does the story run to its end. */
static bool story_runs(const enum step *steps, size_t steps_n)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int devnull = open("/dev/null", O_WRONLY);
        dup2(devnull, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        _Alignas(8) uint8_t state[64] = { 0 };
        struct world w;
        world_open(&w);
        for (size_t i = 0; i < steps_n; i++)
            pedant_step(&w, state, steps[i]);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(pedant_knows_the_contract)
{
    static const struct {
        const char *name;
        bool        is_good;
        enum step   steps[8];
        size_t      steps_n;
    } rows[] = {
        { "whole exchange", true, { HEAD, BODY, BODY_END, ANSWER, ANSWER_BODY, ANSWER_END, END }, 7 },
        { "answer overtakes the body", true, { HEAD, BODY, ANSWER, ANSWER_END, BODY_END, END }, 6 },
        { "refused at once", true, { HEAD, END }, 2 },
        { "cut", true, { HEAD, BODY, ANSWER, ANSWER_BODY, END }, 5 },
        { "body before head", false, { BODY }, 1 },
        { "answer before head", false, { ANSWER }, 1 },
        { "end before head", false, { END }, 1 },
        { "head twice", false, { HEAD, HEAD }, 2 },
        { "body after its end", false, { HEAD, BODY_END, BODY }, 3 },
        { "end twice", false, { HEAD, END, END }, 3 },
        { "body after the end", false, { HEAD, END, BODY }, 3 },
        { "answer after the end", false, { HEAD, END, ANSWER }, 3 },
        { "answer body before its head", false, { HEAD, ANSWER_BODY }, 2 },
        { "answer body after its end", false, { HEAD, ANSWER, ANSWER_END, ANSWER_BODY }, 4 },
        { "answer twice", false, { HEAD, ANSWER, ANSWER }, 3 },
        { "answer without a status", false, { HEAD, NO_STATUS }, 2 },
        { "bytes that are not there", false, { HEAD, LIE_BYTES }, 2 },
        { "segments that are not there", false, { HEAD, LIE_SEGS }, 2 },
        { "more bytes than arrived", false, { HEAD, BODY, LIE_BYTES }, 3 },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(story_runs(rows[i].steps, rows[i].steps_n) == rows[i].is_good, "%s: expected %d\n", rows[i].name,
              rows[i].is_good);
}

CHECK_RUN(RUN(pedant_knows_the_contract))
