/* source_service.h - sources over HTTP: how they go, look now, patches, and Git hosts' webhooks.
 *
 * Layer:  admin.
 *
 *     GET  /forge/sources               all, as JSON
 *     GET  /forge/sources/NAME          one
 *     GET  /forge/sources/NAME/patch    what others edited, as a unified diff            (trusted callers only)
 *     POST /forge/sources/NAME/sync     look now                                         (trusted callers only)
 *     POST /forge/webhook/NAME          a Git host's call: no token, its signature counts
 */
#pragma once

#include <stdbool.h>

#include "admin/source.h"
#include "engine/service.h"

/* Is the path one of these? */
bool source_service_has(struct span path);
/* How many bytes of a body are wanted: a webhook's, for its signature. */
uint32_t source_service_body_bytes(const struct head *request);
/* Pre: source_service_has. is_trusted: the caller has shown that it may change things. */
MUST_CHECK enum why source_service_answer(struct sources *t, const struct service_call *call, bool is_trusted, struct service_answer *out);
