/* log_batch.c - see log_batch.h. */
#include "worker/log_batch.h"

#include <string.h>

#include "base/memory.h"
#include "base/must.h"

enum why log_source_open(struct log_source *s, uint32_t worker)
{
    memset(s, 0, sizeof(*s));
    s->batches = memory_map(LOG_BATCHES_N * sizeof(struct log_batch));
    if (s->batches == NULL)
        return WHY_IO_NO_MEMORY;
    for (uint32_t i = 0; i < LOG_BATCHES_N; i++) {
        s->batches[i].worker = worker;
        s->free[s->free_n++] = &s->batches[i];
    }
    return WHY_OK;
}

void log_source_close(struct log_source *s)
{
    memory_unmap(s->batches, LOG_BATCHES_N * sizeof(struct log_batch));
    memset(s, 0, sizeof(*s));
}

char *log_source_reserve(struct log_source *s, uint64_t now_ns)
{
    if (s->filling != NULL && s->filling->bytes + LOG_RECORD_BYTES_MAX > LOG_BATCH_BYTES)
        return NULL; /* Full and not yet collected: the tick has not come round. */
    if (s->filling == NULL) {
        if (s->free_n == 0)
            return NULL;
        s->filling = s->free[--s->free_n];
        s->filling->bytes = 0;
        s->filling->began_ns = now_ns;
    }
    return s->filling->text + s->filling->bytes;
}

void log_source_commit(struct log_source *s, uint32_t bytes)
{
    MUST(s->filling != NULL && bytes <= LOG_RECORD_BYTES_MAX);
    s->filling->bytes += bytes;
}

struct log_batch *log_source_ready(struct log_source *s, uint64_t now_ns, bool all)
{
    struct log_batch *b = s->filling;

    if (b == NULL || b->bytes == 0)
        return NULL;
    if (!all && b->bytes + LOG_RECORD_BYTES_MAX <= LOG_BATCH_BYTES && now_ns - b->began_ns < LOG_FLUSH_NS)
        return NULL;
    s->filling = NULL;
    return b;
}

void log_source_give_back(struct log_source *s, struct log_batch *b)
{
    MUST(s->free_n < LOG_BATCHES_N && b >= s->batches && b < s->batches + LOG_BATCHES_N);
    s->free[s->free_n++] = b;
}
