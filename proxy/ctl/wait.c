/* wait.c - see wait.h. */
#include "ctl/wait.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

enum { WAIT_LOOK_MS = 100 };

struct wanted {
    uint64_t generation; /* 0: the one in force when we first looked */
    bool     is_live;    /* else a gateway that takes traffic is enough */
};

/* One look. true: it is so. */
static bool look(struct ctl *ctl, struct wanted *w, uint64_t *out_live, const char **out_sentence)
{
    const struct client_question question = { .method = "GET", .target = SPAN_LIT("/forge/status") };
    struct client_answer answer;
    struct yyjson_val *json;

    if (client_try(ctl, &question, &answer, out_sentence) != EXIT_FINE)
        return false;
    if (answer.status != 200) {
        *out_sentence = "the gateway does not tell its status: is the token right?";
        return false;
    }
    json = json_read(ctl->arena, answer.body);
    *out_sentence = NULL;
    if (!w->is_live)
        return json_member_is_true(json, "ready");
    if (w->generation == 0)
        w->generation = json_member_number(json, "generation");
    *out_live = json_member_number(json, "liveGeneration");
    return w->generation > 0 && *out_live >= w->generation;
}

enum command_exit wait_command(struct ctl *ctl)
{
    uint64_t until_ns = clock_mono_ns() + arguments_duration_ns(&ctl->arguments, FLAG_TIMEOUT), live = 0;
    struct wanted w = { arguments_number(&ctl->arguments, FLAG_GENERATION), strcmp(ctl_text(ctl, FLAG_FOR), "live") == 0 };
    const char *sentence = NULL;

    if (!w.is_live && strcmp(ctl_text(ctl, FLAG_FOR), "ready") != 0) {
        ctl_say(ctl, "--for %s: there are live and ready", ctl_text(ctl, FLAG_FOR));
        return EXIT_WRONG_USE;
    }
    while (!look(ctl, &w, &live, &sentence)) {
        if (clock_mono_ns() >= until_ns) {
            if (sentence != NULL)
                ctl_say(ctl, "%s", sentence);
            else
                ctl_say(ctl, w.is_live ? "generation %llu is not live yet: workers serve %llu" : "the gateway takes no traffic yet",
                        (unsigned long long)w.generation, (unsigned long long)live);
            return EXIT_TOO_LATE;
        }
        poll(NULL, 0, WAIT_LOOK_MS);
    }
    if (w.is_live)
        ctl_print(ctl, "generation %llu is live\n", (unsigned long long)live);
    else
        ctl_print(ctl, "the gateway takes traffic\n");
    return EXIT_FINE;
}
