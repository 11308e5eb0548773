/* log.h - sentences of the process itself (start, reload, refusals of configuration), to stderr.
 *
 * Layer:  base.
 * Thread: any; one write(2) a line. Workers do not log on the hot path: what happens to a request is its access record.
 * Who:    no layer below engine logs above LOG_DEBUG; nobody logs and returns.
 */
#pragma once

enum log_level {
    LOG_LEVEL_ERROR = 0,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines below this level are not written. Called once, before threads. */
void log_set_level(enum log_level level);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
