/* api.h - the admin interface: Kuma's REST contract, and ours below /forge/, as one service of control's engine.
 *
 * Spec:   kuma-dialect.md 3.6; RFC 9110 s13 (preconditions), RFC 6750 (token), WHATWG HTML s9.2 (server-sent events).
 * Layer:  admin.
 * Owner:  control embeds one.
 * Bounds: API_* below; bodies by SERVICE_* of limits.h. Nothing that it answers holds a secret.
 * Thread: control's. Changes are made within the call; their answers wait until every worker has taken the new generation.
 *
 * Over TLS every question needs the token, but for `/`; on the local socket the file's mode says who may ask.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/admin_token.h"
#include "engine/service.h"

struct keeper;
struct management;

#define API_LISTENER_LOCAL "admin-socket"

enum {
    API_CONNS_MAX      = 256,    /* over TLS at a time                                  */
    API_WATCHERS_MAX   = 64,     /* of /forge/watch: each holds at most SERVICE_STREAM_BYTES_MAX */
    API_OWED_MAX       = 256,    /* answers that wait for workers: one a connection and more     */
    API_HEARTBEAT_S    = 15,     /* a comment to watchers: proxies on the way cut what is silent for 30 s */
};

struct api_owed {
    struct service_ticket ticket;
    uint64_t              generation; /* given when this is live */
};

struct api {
    struct engine           *engine;
    struct keeper           *keeper;
    const struct management *management;
    struct admin_token       token;
    struct service_ticket    watchers[API_WATCHERS_MAX];
    uint32_t                 watchers_n;
    struct api_owed          owed[API_OWED_MAX];
    uint32_t                 owed_n;
    uint64_t                 told_generation, told_live, told_ns; /* what watchers were told last, and when */
};

/* false: *out_error is a sentence. */
bool api_open(struct api *api, struct engine *engine, struct keeper *keeper, const struct management *management, const char *state_dir,
              char *out_error, uint32_t out_error_bytes);
/* service_admit_fn and service_fn; owner is a struct api. */
enum why api_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out);
enum why api_answer(void *owner, const struct service_call *call, struct service_answer *out);
/* After each tick: answers that are due, events for those who watch. */
void api_on_tick(struct api *api);
