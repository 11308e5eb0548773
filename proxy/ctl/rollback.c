/* rollback.c - see rollback.h. */
#include "ctl/rollback.h"

#include "ctl/change.h"
#include "ctl/ctl.h"
#include "proto/json_write.h"

enum command_exit rollback_command(struct ctl *ctl)
{
    struct text_write out;
    struct json_write j;
    uint64_t generation;
    char *memory;

    if (!span_to_u64(span_str(ctl->arguments.words[0]), &generation) || generation == 0) {
        ctl_say(ctl, "rollback %s: write the number of a generation; `forgectl history` lists them", ctl->arguments.words[0]);
        return EXIT_WRONG_USE;
    }
    if (!api_body_open(ctl, 65536, &out, &memory))
        return EXIT_REFUSED;
    json_write_init(&j, &out);
    json_write_open(&j, '{');
    json_write_member_u64(&j, "generation", generation);
    api_write_author(ctl, &j);
    if (ctl_has(ctl, FLAG_DRY_RUN))
        json_write_member_bool(&j, "dryRun", true);
    json_write_close(&j, '}');
    return change_post(ctl, SPAN_LIT("/forge/rollback"), api_body_close(&out, memory));
}
