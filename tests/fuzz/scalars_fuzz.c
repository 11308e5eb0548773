/* scalars_fuzz.c - the small readers of proto: addresses, networks, durations, base64, hex.
 *
 * Goal:   no byte string breaks them, and what they take, they print back as the same value.
 * Method: the input goes to each of them.
 * Replay: scalars_fuzz FILE
 */
#include "base/must.h"
#include "proto/address.h"
#include "proto/base64.h"
#include "proto/duration.h"
#include "proto/hex.h"
#include "proto/request_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_address(struct span text)
{
    uint8_t a[ADDRESS_BYTES], b[ADDRESS_BYTES];
    char out[ADDRESS_TEXT_BYTES_MAX];
    struct cidr network;
    uint16_t port = 0, port_again = 0;

    if (address_parse(text, a))
        MUST(address_parse(span_of(out, address_print(a, out)), b) && memcmp(a, b, sizeof(a)) == 0);
    if (address_parse_port(text, a, &port)) {
        MUST(address_parse_port(span_of(out, address_print_port(a, port, out)), b, &port_again));
        MUST(memcmp(a, b, sizeof(a)) == 0 && port == port_again);
    }
    if (address_parse_cidr(text, &network))
        MUST(network.bits <= 128 && address_in(network.address, &network));
}

static void fuzz_base64(struct span text, enum base64_kind kind)
{
    uint8_t bytes[4096];
    char out[8192];
    size_t n;

    if (base64_read(kind, text, bytes, sizeof(bytes), &n))
        MUST(span_is(span_of(out, base64_write(kind, span_of(bytes, n), out)), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    uint8_t bytes[2048];
    char out[4096];
    uint64_t ns, again;

    if (size > 4096)
        return 0;
    fuzz_address(text);
    fuzz_base64(text, BASE64_PADDED);
    fuzz_base64(text, BASE64_URL);
    if (duration_read(text, &ns))
        MUST(duration_read(span_of(out, duration_write(ns, out)), &again) && again == ns);
    if (hex_read(text, bytes, sizeof(bytes)))
        MUST(hex_write(span_of(bytes, size / 2), out) == size);
    (void)request_id_may_keep(text);
    return 0;
}
