/* h2_server_fuzz.c - any bytes from a client: no crash, no leak, never more than the limits.
 *
 * Goal:   h2_session.h's promises hold for whatever a client sends and whatever the exchanges do meanwhile.
 * Method: see lib/h2_fuzz.h. Switch 2 of the input puts the preface and SETTINGS in front of the wire.
 * Replay: h2_server_fuzz FILE
 */
#include "lib/h2_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;
    uint8_t *whole;

    if (size < 5 || size > 200000)
        return 0;
    if ((data[4] & 2) == 0) {
        fuzz_run(&f, true, data, size, NULL);
        return 0;
    }
    whole = malloc(size + sizeof(hello));
    FUZZ_CHECK(whole != NULL);
    memcpy(whole, data, 5);
    memcpy(whole + 5, hello, sizeof(hello) - 1);
    memcpy(whole + 5 + sizeof(hello) - 1, data + 5, size - 5);
    fuzz_run(&f, true, whole, size + sizeof(hello) - 1, NULL);
    free(whole);
    return 0;
}
