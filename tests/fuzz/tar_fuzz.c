/* tar_fuzz.c - archives of any bytes, packed or not.
 *
 * Goal:   no bytes break the readers; every path that they answer is relative, clean and bounded, every content lies in the archive.
 * Method: the input is unpacked when it is gzip, then read to its end.
 * Replay: tar_fuzz FILE
 */
#include "base/must.h"
#include "proto/gzip.h"
#include "proto/tar.h"

enum { ROOM = 262144 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct span archive)
{
    struct tar t;
    struct tar_file f;
    enum why why = WHY_OK;
    enum tar_got got;

    tar_init(&t, archive);
    while ((got = tar_next(&t, &f, &why)) == TAR_FILE) {
        MUST(f.path.len > 0 && f.path.len <= TAR_PATH_BYTES_MAX && f.path.at[0] != '/' && f.path.at[f.path.len - 1] != '/');
        MUST(!span_starts(f.path, SPAN_LIT("../")) && !span_ends(f.path, SPAN_LIT("/..")) && !span_is(f.path, SPAN_LIT("..")));
        MUST(f.bytes.at >= archive.at && f.bytes.at + f.bytes.len <= archive.at + archive.len);
    }
    MUST((got == TAR_BAD) == (why != WHY_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[ROOM];
    size_t length = 0;

    if (gzip_is(span_of(data, size))) {
        (void)!gzip_read(span_of(data, size), room, sizeof(room), &length);
        read_all(span_of(room, length));
    }
    read_all(span_of(data, size));
    return 0;
}
