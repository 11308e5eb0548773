/* flag.h - every flag of forgectl, once: a name means the same wherever a command takes it.
 *
 * Layer:  ctl.
 * Owner:  const tables; help and completions are made from them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum flag_id {
    FLAG_FILE = 0,
    FLAG_OUTPUT,
    FLAG_MESH,
    FLAG_LABEL,
    FLAG_AUTHOR,
    FLAG_REASON,
    FLAG_EXPECT,
    FLAG_DRY_RUN,
    FLAG_SOURCE,
    FLAG_PRUNE,
    FLAG_GENERATION,
    FLAG_LIMIT,
    FLAG_TO,
    FLAG_METHOD,
    FLAG_HEADER,
    FLAG_BODY_BYTES,
    FLAG_CLIENT,
    FLAG_PORT,
    FLAG_LISTENER,
    FLAG_FOR,
    FLAG_INTERVAL,
    FLAG_ONCE,
    FLAG_METRICS,
    FLAG_STATE,
    FLAG_SERVER,
    FLAG_TOKEN_FILE,
    FLAG_CA_FILE,
    FLAG_INSECURE,
    FLAG_TIMEOUT,
    FLAG_NO_COLOR,
    FLAG_HELP,
    FLAG_N
};

enum flag_type {
    FLAG_TYPE_BOOL = 0, /* stands alone                                 */
    FLAG_TYPE_TEXT,
    FLAG_TYPE_PATH,     /* completed as a file                          */
    FLAG_TYPE_DIR,      /* ... as a folder                              */
    FLAG_TYPE_NUMBER,   /* decimal, up to 64 bits                       */
    FLAG_TYPE_DURATION, /* 500ms, 10s, 1m30s                            */
    FLAG_TYPE_OUTPUT,   /* one of what its command lists                */
};

struct flag_row {
    const char    *name;     /* "dry-run" */
    char           letter;   /* 'n', or 0 */
    enum flag_type type;
    bool           may_repeat;
    const char    *value;    /* how help calls what follows it: "FILE"; NULL for BOOL */
    const char    *fallback; /* as if that had been written; NULL: nothing */
    const char    *doc;      /* what it does, for one who has not seen it */
};

extern const struct flag_row flag_list[FLAG_N];

#define FLAG_BIT(id) (UINT64_C(1) << (id))
/* What every command that talks to a gateway takes. */
#define FLAGS_GATEWAY (FLAG_BIT(FLAG_STATE) | FLAG_BIT(FLAG_SERVER) | FLAG_BIT(FLAG_TOKEN_FILE) | FLAG_BIT(FLAG_CA_FILE) | \
                       FLAG_BIT(FLAG_INSECURE) | FLAG_BIT(FLAG_TIMEOUT))
/* What every command takes. */
#define FLAGS_ALWAYS (FLAG_BIT(FLAG_HELP) | FLAG_BIT(FLAG_NO_COLOR))

/* FLAG_N when no flag of these is called so. */
enum flag_id flag_find(uint64_t among, struct span name);
enum flag_id flag_find_letter(uint64_t among, char letter);
/* Nearest name among these, or NULL. */
const char *flag_suggest(uint64_t among, struct span name);
