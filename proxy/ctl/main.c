/* main.c - forgectl: one command, then the end.
 *
 * Layer:  ctl.
 */
#include <signal.h>

#include "base/memory.h"
#include "ctl/ctl.h"

int main(int argc, char **argv)
{
    struct ctl *ctl = memory_map(sizeof(*ctl));
    int code;

    signal(SIGPIPE, SIG_IGN);
    if (ctl == NULL || !ctl_open(ctl))
        return EXIT_REFUSED;
    code = ctl_run(ctl, argc - 1, argv + 1);
    ctl_close(ctl);
    memory_unmap(ctl, sizeof(*ctl));
    return code;
}
