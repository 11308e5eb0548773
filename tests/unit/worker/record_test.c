/* record_test.c - one finished request is one line in the batch, with what the exchange knows; no room is a drop that counts.
 *
 * Method: an exchange filled by hand; the line's own form is access_log_test's business.
 */
#include "worker/record.h"

#include <stdlib.h>

#include "lib/check.h"

#include "conf/snapshot.h"
#include "engine/access_log.h"
#include "engine/exchange.h"
#include "worker/log_batch.h"
#include "worker/loop.h"

struct world {
    struct loop            loop;
    struct log_source      source;
    struct timestamp_cache stamps;
    struct snapshot        snapshot;
    struct access_format   format;
    struct epoch           epoch;
    struct listener        listener;
    struct route           route;
    struct up              up;
    struct up_endpoint     endpoint;
    struct exchange        x;
    struct diag            diag;
};

static struct world *world_open(const char *format)
{
    struct world *w = calloc(1, sizeof(*w));
    struct access_log conf = { .is_on = true, .format = span_str(format) };

    CHECK(w != NULL && log_source_open(&w->source, 0) == WHY_OK, "no memory\n");
    CHECK(access_format_compile(&w->format, &conf, SPAN_LIT("default"), (struct diag_place){ 0 }, &w->diag), "format\n");
    w->loop.shard.now_ns = 5000000000;
    w->snapshot.access_format = &w->format;
    w->epoch.snapshot = &w->snapshot;
    w->x.epoch = &w->epoch;
    w->x.began_ns = 4000000000;
    w->x.request.method_text = SPAN_LIT("GET");
    w->x.request.version = HTTP_VERSION_11;
    w->x.target = SPAN_LIT("/as/sent");
    w->x.request.target = SPAN_LIT("/rewritten");
    w->x.authority = SPAN_LIT("a.example");
    return w;
}

static void world_close(struct world *w)
{
    log_source_close(&w->source);
    free(w);
}

static struct span line_of(const struct world *w)
{
    return w->source.filling == NULL ? SPAN_NONE : span_of(w->source.filling->text, w->source.filling->bytes);
}

static const char format[] = "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %ROUTE_NAME% "
                             "%UPSTREAM_CLUSTER% %UPSTREAM_HOST% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %BYTES_RECEIVED% %BYTES_SENT% "
                             "%DURATION% %RESPONSE_DURATION% %REQ(:SCHEME)% %RESP(SERVER)%";

TEST(record_tells_what_is_known)
{
    struct world *w = world_open(format);

    w->listener.name = SPAN_LIT("edge:80");
    w->route.name = SPAN_LIT("orders");
    memcpy(w->up.name, "orders-up", sizeof("orders-up"));
    w->endpoint.conf.text = SPAN_LIT("192.0.2.1:80");
    w->x.listener = &w->listener;
    w->x.route = &w->route;
    w->x.upstream = &w->up;
    w->x.endpoint = &w->endpoint;
    w->x.has_answered = true;
    w->x.response.status = 204;
    w->x.tries_n = 2;
    w->x.up_head_ns = 4250000000;
    w->x.request_body_bytes = 7;
    w->x.response_body_bytes = 9;
    record_write(&w->loop, &w->source, &w->stamps, &w->x);
    CHECK(span_is(line_of(w), SPAN_LIT("GET /as/sent 204 ok orders orders-up 192.0.2.1:80 2 7 9 1000 250 http -\n")), "%.*s",
          SPAN_FMT(line_of(w)));
    world_close(w);
}

/* Refused before a route was found, cut before a head was answered: neither has what the line asks for. */
TEST(record_of_a_request_that_came_to_nothing)
{
    struct world *w = world_open(format);

    w->x.why = WHY_CONN_CLIENT_GONE;
    w->x.response.status = 200; /* An upstream said so; the client never saw it. */
    record_write(&w->loop, &w->source, &w->stamps, &w->x);
    CHECK(span_is(line_of(w), SPAN_LIT("GET /as/sent 0 conn-client-gone - - - 0 0 0 1000 - http -\n")), "%.*s",
          SPAN_FMT(line_of(w)));
    world_close(w);
}

TEST(record_without_a_log_costs_nothing)
{
    struct world *w = world_open(format);

    w->snapshot.access_format = NULL;
    record_write(&w->loop, &w->source, &w->stamps, &w->x);
    CHECK(w->source.filling == NULL && counter_get(&w->loop.shard.counters, METRIC_LOG_DROPS) == 0, "something was done\n");
    world_close(w);
}

TEST(record_without_room_is_a_drop)
{
    struct world *w = world_open(format);

    w->source.free_n = 0; /* All batches are with the writer. */
    record_write(&w->loop, &w->source, &w->stamps, &w->x);
    record_write(&w->loop, &w->source, &w->stamps, &w->x);
    CHECK(counter_get(&w->loop.shard.counters, METRIC_LOG_DROPS) == 2, "not counted\n");
    world_close(w);
}

CHECK_RUN(RUN(record_tells_what_is_known), RUN(record_of_a_request_that_came_to_nothing), RUN(record_without_a_log_costs_nothing),
          RUN(record_without_room_is_a_drop))
