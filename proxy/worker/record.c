/* record.c - see record.h. */
#include "worker/record.h"

#include "conf/snapshot.h"
#include "engine/access_log.h"
#include "engine/exchange.h"
#include "worker/log_batch.h"
#include "worker/loop.h"

void record_write(struct loop *l, struct log_source *source, struct timestamp_cache *stamps, const struct exchange *x)
{
    const struct access_format *format = x->epoch->snapshot->access_format;
    const struct conn *c = x->down.session != NULL ? conn_of_session(x->down.session) : NULL;
    bool has_tls = c != NULL && c->tls != NULL;
    char *at;

    if (format == NULL)
        return;
    at = log_source_reserve(source, l->shard.now_ns);
    if (at == NULL) {
        counter_add(&l->shard.counters, METRIC_LOG_DROPS, 1);
        return;
    }
    const struct access_record r = {
        .began_wall_ns = x->began_wall_ns,
        .duration_ns = l->shard.now_ns - x->began_ns,
        .up_head_ns = x->up_head_ns != 0 ? x->up_head_ns - x->began_ns : 0,
        .client = exchange_client(x),
        .client_port = x->client_port,
        .status = x->has_answered ? x->response.status : 0,
        .why = (enum why)x->why,
        .version = x->request.version,
        .tries_n = x->tries_n,
        .request_id = exchange_id(x),
        .method = x->request.method_text,
        .scheme = x->is_tls ? SPAN_LIT("https") : SPAN_LIT("http"),
        .authority = x->authority,
        .target = x->target,
        .listener = x->listener != NULL ? x->listener->name : SPAN_NONE,
        .route = x->route != NULL ? x->route->name : SPAN_NONE,
        .shadow_why = (enum why)x->shadow.why,
        .shadow_route = x->shadow.route != NULL ? x->shadow.route->name : SPAN_NONE,
        .upstream = x->upstream != NULL ? span_str(x->upstream->name) : SPAN_NONE,
        .endpoint = x->endpoint != NULL ? x->endpoint->conf.text : SPAN_NONE,
        .bytes_in = x->request_body_bytes,
        .bytes_out = x->response_body_bytes,
        .tls_version = has_tls ? tls_version_name(c->tls) : "",
        .tls_cipher = has_tls ? tls_cipher_name(c->tls) : "",
        .request = &x->request,
        .response = x->has_answered ? &x->response : NULL,
        .stamps = stamps,
    };
    log_source_commit(source, access_log_format(format, &r, at, LOG_RECORD_BYTES_MAX));
}
