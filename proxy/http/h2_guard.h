/* h2_guard.h - how much oddity one HTTP/2 connection may show: floods, resets, frames for ended streams.
 *
 * Spec:   RFC 9113 s5.1 (states of a stream), s5.1.1 (stream numbers), s10.5 (denial of service).
 * Layer:  http. Pure: time comes in.
 * Owner:  the session embeds one.
 * Bounds: H2_GLITCHES_*, H2_CONTROLS_* and H2_CLOSED_IDS_N of limits.h; hitting one is a why.
 *
 * Two accounts. *Odd* pays for resets of requests in progress and for frames that break a rule (rapid reset, MadeYouReset,
 * empty DATA). *Control* pays for frames that carry no request: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown types;
 * streams and DATA frames of ours earn some in advance, because a fast download needs many window updates.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/why.h"
#include "http/h2_walk.h"

/* An allowance of burst tokens that refills over time, kept as the moment when it will be full again. */
struct h2_bucket {
    uint64_t full_ns;
};

struct h2_guard_rates {
    uint32_t odd_burst, odd_a_second;
    uint32_t control_burst, control_a_second;
};

struct h2_guard {
    const struct h2_guard_rates *_rates;
    struct h2_bucket _odd, _control;
    uint32_t _earned;                      /* control frames paid for in advance               */
    uint32_t _highest_id;                  /* of the peer's streams                            */
    uint32_t _floor_id;                    /* ended ids up to here may have been forgotten     */
    uint32_t _closed[H2_CLOSED_IDS_N];     /* id << 1 | was ended by us                        */
    uint32_t _closed_at;
    uint32_t _late_bytes;                  /* payload of streams that we reset which may still come */
    bool     _is_server;
};

/* What the session knows of the frame's stream. */
enum h2_guard_stream {
    H2_GUARD_NONE = 0, /* not open (or stream 0)                             */
    H2_GUARD_OPEN,     /* open, its answer still in progress                 */
};

void h2_guard_init(struct h2_guard *g, bool is_server);

/* A frame's head has arrived. stream: is f->id open now.
 * Errors: WHY_H2_FRAME_SIZE, WHY_H2_SETTINGS_FLOOD, WHY_H2_CONTROL_FLOOD, WHY_H2_RESET_FLOOD, WHY_H2_STREAM_ID,
 * WHY_H2_STREAM_CLOSED: all of them end the connection. */
MUST_CHECK enum why h2_guard_frame(struct h2_guard *g, const struct h2_frame *f, enum h2_guard_stream stream,
                                   uint64_t now_ns);
/* The peer did something odd n times over. Errors: WHY_H2_RESET_FLOOD. */
MUST_CHECK enum why h2_guard_odd(struct h2_guard *g, uint32_t n, uint64_t now_ns);
/* Three quarters of the odd account are used: time to ask the peer to go. */
bool h2_guard_is_strained(const struct h2_guard *g, uint64_t now_ns);
/* The peer may send H2_CONTROLS_EARNED more control frames: a stream began, a DATA frame of ours went out. */
void h2_guard_earn(struct h2_guard *g);
/* A stream has ended. by_us: we reset it, so frames of it may still be on their way. */
void h2_guard_closed(struct h2_guard *g, uint32_t id, bool by_us);
