/* metrics_sample_fuzz.c - whatever a gateway, or something else at its address, says for figures. */
#include <stdlib.h>

#include "base/must.h"
#include "ctl/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sample *s = calloc(1, sizeof(*s));

    MUST(s != NULL);
    sample_read(s, span_of(data, size));
    MUST(s->endings_n <= SAMPLE_ENDINGS_MAX);
    for (uint32_t i = 0; i < s->endings_n; i++)
        MUST(s->endings[i].name[0] != 0 && s->endings[i].n >= 0);
    for (unsigned i = 0; i < SAMPLE_N; i++)
        MUST(s->totals[i] >= 0);
    free(s);
    return 0;
}
