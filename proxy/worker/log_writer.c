/* log_writer.c - see log_writer.h. */
#include "worker/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

void log_writer_open(struct log_writer *w, struct ring *ring)
{
    memset(w, 0, sizeof(*w));
    w->ring = ring;
    w->fd = STDERR_FILENO;
    list_init(&w->queue);
}

void log_writer_close(struct log_writer *w)
{
    MUST(w->writing == NULL);
    if (w->fd > STDERR_FILENO)
        MUST(close(w->fd) == 0 || errno == EIO);
    w->fd = -1;
}

int log_writer_use(struct log_writer *w, struct span path)
{
    char name[sizeof(w->path)];
    int fd;

    if (path.len >= sizeof(name))
        return ENAMETOOLONG;
    if (path.len > 0)
        memcpy(name, path.at, path.len);
    name[path.len] = 0;
    fd = path.len == 0 ? STDERR_FILENO : open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return errno;
    /* A write in flight has its own reference to the old file. */
    if (w->fd > STDERR_FILENO && close(w->fd) != 0)
        w->failures_n++;
    w->fd = fd;
    memcpy(w->path, name, path.len + 1);
    return 0;
}

static void log_writer_start(struct log_writer *w)
{
    struct list_node *n;

    if (w->writing != NULL || (n = list_pop(&w->queue)) == NULL)
        return;
    w->writing = container_of(n, struct log_batch, node);
    w->written_bytes = 0;
    ring_write_file(w->ring, handle_of(HANDLE_FILE_WRITE, 0, 0), w->fd, w->writing->text, w->writing->bytes);
}

void log_writer_push(struct log_writer *w, struct log_batch *b)
{
    list_push(&w->queue, &b->node);
    log_writer_start(w);
}

struct log_batch *log_writer_on_event(struct log_writer *w, const struct ring_event *ev)
{
    struct log_batch *done = w->writing;

    MUST(done != NULL);
    if (ev->why == WHY_OK && ev->n > 0 && w->written_bytes + (uint32_t)ev->n < done->bytes) {
        w->written_bytes += (uint32_t)ev->n;
        ring_write_file(w->ring, handle_of(HANDLE_FILE_WRITE, 0, 0), w->fd, done->text + w->written_bytes,
                        done->bytes - w->written_bytes);
        return NULL;
    }
    if (ev->why != WHY_OK || ev->n <= 0)
        w->failures_n++; /* Disk full or gone: these records are lost and counted, traffic goes on. */
    w->writing = NULL;
    log_writer_start(w);
    return done;
}

bool log_writer_is_idle(const struct log_writer *w)
{
    return w->writing == NULL && list_is_empty(&w->queue);
}
