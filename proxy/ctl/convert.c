/* convert.c - see convert.h. */
#include "ctl/convert.h"

#include <string.h>

#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/kind.h"
#include "ctl/ctl.h"
#include "ctl/offline.h"
#include "ctl/report.h"

enum command_exit convert_command(struct ctl *ctl)
{
    const char *to = ctl_text(ctl, FLAG_TO);
    bool is_kubernetes = strcmp(to, "kubernetes") == 0, is_good;
    const char *between = "";
    struct offline o;

    if (!ctl_has(ctl, FLAG_FILE) || (!is_kubernetes && strcmp(to, "universal") != 0)) {
        ctl_say(ctl, ctl_has(ctl, FLAG_FILE) ? "--to %s: there are universal and kubernetes"
                                             : "convert what? Write -f DIR, -f FILE or -f -", to);
        return EXIT_WRONG_USE;
    }
    is_good = offline_open(ctl, &o);
    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    is_good = is_good && ctl->diag.errors_n == 0;
    /* What is secret stays in: whoever converts has the file. */
    for (const struct conf_document *d = is_good ? offline_next(&o, NULL) : NULL; d != NULL; d = offline_next(&o, d)) {
        struct span text = is_kubernetes ? canonical_kubernetes_yaml(d, ctl->arena, CANONICAL_SECRETS_SHOWN)
                                         : canonical_yaml(d, ctl->arena, CANONICAL_SECRETS_SHOWN);

        ctl_print(ctl, "%s", between);
        text_write_span(&ctl->out, text);
        between = "---\n";
    }
    offline_close(&o);
    return is_good && !ctl->arena->is_full ? EXIT_FINE : EXIT_REFUSED;
}
