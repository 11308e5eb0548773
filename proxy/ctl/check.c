/* check.c - see check.h. */
#include "ctl/check.h"

#include "conf/candidate.h"
#include "conf/conf_set.h"
#include "ctl/ctl.h"
#include "ctl/offline.h"
#include "ctl/report.h"

enum command_exit check_command(struct ctl *ctl)
{
    struct offline o;
    uint32_t documents_n = 0;
    bool is_good;

    if (!ctl_has(ctl, FLAG_FILE)) {
        ctl_say(ctl, "check what? Write -f DIR, or -f FILE, or -f - for standard input");
        return EXIT_WRONG_USE;
    }
    is_good = offline_open(ctl, &o) && offline_compile(ctl, &o);
    if (o.candidate != NULL)
        documents_n = candidate_set(o.candidate)->documents_n;
    diag_sort(&ctl->diag);
    if (ctl_output_is(ctl, "json")) {
        report_json(&ctl->diag, documents_n, &ctl->out);
    } else if (ctl_output_is(ctl, "sarif")) {
        report_sarif(&ctl->diag, &ctl->out);
    } else {
        report_text(ctl, &ctl->diag);
        ctl_print(ctl, "%s%u documents, %u errors, %u warnings%s\n", is_good ? ctl_green(ctl) : ctl_red(ctl), documents_n,
                  ctl->diag.errors_n, ctl->diag.warnings_n, ctl_plain(ctl));
    }
    offline_close(&o);
    return is_good && ctl->diag.errors_n == 0 ? EXIT_FINE : EXIT_REFUSED;
}
