/* dns_fuzz.c - name servers' answers of any bytes.
 *
 * Goal:   no bytes break the reader; it answers at most DNS_ADDRESSES_MAX addresses, and none with an error.
 * Method: the input is an answer to the question for its first byte's type; number and question are put right, or the gate keeps it.
 * Replay: dns_fuzz FILE
 */
#include "base/must.h"
#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span name = { (const uint8_t *)"git.example.com", 15 };
    uint8_t question[DNS_MESSAGE_BYTES_MAX], message[DNS_MESSAGE_BYTES_MAX];
    uint32_t bytes, n = 0;
    enum dns_type type = size > 0 && (data[0] & 1) != 0 ? DNS_AAAA : DNS_A;
    struct dns_addresses found = { .n = 0 };

    (void)dns_is_answer(span_of(data, size), 7, name, type);
    bytes = dns_write_question(question, 7, name, type);
    MUST(bytes > 0);
    memcpy(message, question, bytes - 11);
    n = bytes - 11;
    if (size > 4 && size - 4 < sizeof(message) - n) {
        message[2] = 0x80 | (data[1] & 7);
        message[3] = data[2] & 15;
        message[7] = data[3];
        message[11] = 0;
        memcpy(message + n, data + 4, size - 4);
        n += (uint32_t)size - 4;
    } else {
        return 0;
    }
    MUST(dns_is_answer(span_of(message, n), 7, name, type));
    if (dns_read_answer(span_of(message, n), name, type, &found) == WHY_OK)
        MUST(found.n > 0 && found.n <= DNS_ADDRESSES_MAX);
    else
        MUST(found.n == 0);
    return 0;
}
