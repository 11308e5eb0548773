/* log.c - one line, one write(2), to stderr: "2026-01-31T12:00:00.123Z error sentence".
 *
 * Layer:  base.
 * Bounds: LOG_LINE_BYTES_MAX; a longer line is cut. Control characters become '?', so a line stays one line whatever
 *         an operator's or peer's text held.
 * Thread: any.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"

/* tidy: mutable-state: because it is a setting of the process, written before there are threads and read by all */
static enum log_level level_shown_max = LOG_LEVEL_INFO;

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void log_set_level(enum log_level level)
{
    MUST((unsigned)level < COUNT(level_names));
    level_shown_max = level;
}

/* What snprintf wrote of what it wanted to write. */
static size_t written_of(int wanted, size_t room)
{
    if (wanted < 0)
        return 0;
    return (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static size_t write_prefix(char *at, size_t room, enum log_level level)
{
    uint64_t  wall_ns = clock_wall_ns();
    time_t    seconds = (time_t)(wall_ns / NS_PER_S);
    struct tm t;
    int       wanted;

    gmtime_r(&seconds, &t);
    wanted = snprintf(at, room, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ %s ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                      t.tm_hour, t.tm_min, t.tm_sec, (unsigned)(wall_ns % NS_PER_S / NS_PER_MS), level_names[level]);
    return written_of(wanted, room);
}

void log_line(enum log_level level, const char *format, ...)
{
    char    line[LOG_LINE_BYTES_MAX + 1]; /* room for the newline that takes the terminator's place */
    size_t  prefix, used;
    va_list args;

    MUST((unsigned)level < COUNT(level_names));
    if (level > level_shown_max)
        return;
    prefix = write_prefix(line, LOG_LINE_BYTES_MAX, level);
    va_start(args, format);
    used = prefix + written_of(vsnprintf(line + prefix, LOG_LINE_BYTES_MAX - prefix, format, args),
                               LOG_LINE_BYTES_MAX - prefix);
    va_end(args);
    for (size_t i = prefix; i < used; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[used++] = '\n';
    /* Nobody is left to be told when stderr is gone. */
    ssize_t n = write(STDERR_FILENO, line, used);
    UNUSED(n);
}
