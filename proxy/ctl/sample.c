/* sample.c - see sample.h. */
#include "ctl/sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"

static const struct { const char *name; enum sample_total total; } sample_names[] = {
    { "forge_connections_accepted_total", SAMPLE_ACCEPTED },
    { "forge_connections_closed_total", SAMPLE_CLOSED },
    { "forge_requests_total", SAMPLE_REQUESTS },
    { "forge_responses_2xx_total", SAMPLE_2XX },
    { "forge_responses_3xx_total", SAMPLE_3XX },
    { "forge_responses_4xx_total", SAMPLE_4XX },
    { "forge_responses_5xx_total", SAMPLE_5XX },
    { "forge_client_received_bytes_total", SAMPLE_BYTES_IN },
    { "forge_client_sent_bytes_total", SAMPLE_BYTES_OUT },
    { "forge_upstream_connects_total", SAMPLE_UP_CONNECTS },
    { "forge_upstream_reuses_total", SAMPLE_UP_REUSES },
    { "forge_upstream_retries_total", SAMPLE_UP_RETRIES },
    { "forge_tls_handshakes_total", SAMPLE_TLS },
    { "forge_tls_resumed_total", SAMPLE_TLS_RESUMED },
    { "forge_tls_failed_total", SAMPLE_TLS_FAILED },
    { "forge_configuration_generation", SAMPLE_GENERATION },
};

STATIC_MUST(COUNT(sample_names) == SAMPLE_N, "each total has its series");

/* The value of a line, which ends it. */
static bool read_value(struct span text, double *out)
{
    char copy[32], *end;

    text = span_trim(text);
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = 0;
    *out = strtod(copy, &end);
    return *end == 0 && *out >= 0 && *out < 1e18;
}

/* The text of a label; labels as in why="x",fault="client". */
static struct span label_of(struct span labels, const char *name)
{
    struct span pair;

    while (span_next(&labels, ',', &pair)) {
        size_t equals = span_find(pair, '=');

        if (equals + 2 < pair.len && span_is(span_of(pair.at, equals), span_str(name)) && pair.at[equals + 1] == '"' &&
            pair.at[pair.len - 1] == '"')
            return span_of(pair.at + equals + 2, pair.len - equals - 3);
    }
    return SPAN_LIT("");
}

static void add_ending(struct sample *out, struct span name, double n)
{
    struct sample_ending *ending = &out->endings[out->endings_n];

    if (name.len == 0 || name.len >= SAMPLE_NAME_BYTES || out->endings_n == SAMPLE_ENDINGS_MAX)
        return;
    memcpy(ending->name, name.at, name.len);
    ending->name[name.len] = 0;
    ending->n = n;
    out->endings_n++;
}

void sample_read(struct sample *out, struct span text)
{
    struct span line;

    memset(out->totals, 0, sizeof(out->totals));
    out->endings_n = 0;
    while (span_next(&text, '\n', &line)) {
        size_t brace = span_find(line, '{'), close = span_find(line, '}'), blank = span_find(line, ' ');
        bool has_labels = brace < close && close < line.len;
        struct span name = span_of(line.at, has_labels ? brace : blank);
        double value;

        if (line.len == 0 || line.at[0] == '#' || (!has_labels && blank == line.len) ||
            !read_value(span_from(line, has_labels ? close + 1 : blank), &value))
            continue;
        for (unsigned i = 0; i < COUNT(sample_names); i++)
            if (span_is(name, span_str(sample_names[i].name)))
                out->totals[sample_names[i].total] += value;
        if (has_labels && span_is(name, SPAN_LIT("forge_endings_total")))
            add_ending(out, label_of(span_of(line.at + brace + 1, close - brace - 1), "why"), value);
    }
}

static double rate(const struct sample *before, const struct sample *now, double was, double is)
{
    double seconds = (double)(now->at_ns - before->at_ns) / (double)NS_PER_S;

    return is >= was && seconds > 0 ? (is - was) / seconds : 0;
}

double sample_rate(const struct sample *before, const struct sample *now, enum sample_total total)
{
    return rate(before, now, before->totals[total], now->totals[total]);
}

double sample_ending_rate(const struct sample *before, const struct sample *now, const struct sample_ending *ending)
{
    for (uint32_t i = 0; i < before->endings_n; i++)
        if (strcmp(before->endings[i].name, ending->name) == 0)
            return rate(before, now, before->endings[i].n, ending->n);
    return rate(before, now, 0, ending->n);
}
