/* options.h - the command line of forged.
 *
 * Layer:  worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/control.h"

enum options_got {
    OPTIONS_RUN = 0,
    OPTIONS_CHECK,   /* read the configuration, say what is wrong, end */
    OPTIONS_DONE,    /* help or version was printed                    */
    OPTIONS_BAD,     /* a sentence was printed                         */
};

struct options {
    struct control_options control;
    char check_dir[4096];
};

enum options_got options_read(int argc, char **argv, struct options *out);
