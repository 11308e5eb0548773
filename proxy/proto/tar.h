/* tar.h - the regular files of a tar archive that is whole in memory.
 *
 * Spec:   POSIX.1-2017 pax "ustar Interchange Format" and "pax Interchange Format"; GNU tar's long names ('L').
 * Layer:  proto. Pure.
 * Owner:  contents point into the archive; paths into struct tar, until the next call.
 * Bounds: TAR_PATH_BYTES_MAX, TAR_FILES_MAX. A file larger than the archive cannot be.
 *
 * Links, devices and folders are passed over: what is read is never written to a disk, so a link has nothing to point at. A path
 * that leads outside (absolute, with "..", with control characters) ends the reading: such an archive was made to harm.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum tar_got {
    TAR_FILE = 0, /* *out is the next regular file                                    */
    TAR_END,      /* the archive ends in order                                        */
    TAR_BAD,      /* *out_why: WHY_TAR_BAD, WHY_TAR_PATH, WHY_ARCHIVE_LARGE           */
};

struct tar_file {
    struct span path;  /* relative, without "./", "//" and a final "/" */
    struct span bytes;
};

struct tar {
    struct span _left;
    uint32_t    _entries_n;
    uint32_t    _long_bytes;                  /* of the name that the next header shall have; 0: its own */
    uint64_t    _long_size;                   /* of the content, when _has_size */
    bool        _has_size;
    char        _long[TAR_PATH_BYTES_MAX];
    char        _path[TAR_PATH_BYTES_MAX];
    struct span comment;                      /* of the pax global header: `git archive` writes the commit there; empty: none */
};

void tar_init(struct tar *t, struct span archive);
MUST_CHECK enum tar_got tar_next(struct tar *t, struct tar_file *out, enum why *out_why);
