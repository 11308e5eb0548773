/* version.c - see version.h. */
#include "ctl/version.h"

#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

enum command_exit version_command(struct ctl *ctl)
{
    const struct client_question question = { .method = "GET", .target = SPAN_LIT("/") };
    struct client_answer answer;
    const char *sentence;

    ctl_print(ctl, "forgectl %s\n", FORGE_VERSION);
    if (client_try(ctl, &question, &answer, &sentence) == EXIT_FINE) {
        struct span version = json_member_text(json_read(ctl->arena, answer.body), "version");

        ctl_print(ctl, "gateway  ");
        ctl_print_safe(ctl, version.len > 0 ? version : SPAN_LIT("does not say"));
        ctl_print(ctl, "\n");
    }
    return EXIT_FINE;
}
