/* plan.h - requests of a simulation: what each asks, what its upstream does with it, and what may come of it.
 *
 * Method: one table that both ends of the gateway see. A request is named by the number in its target, so an upstream knows
 *         what it should get and what to answer, and a client knows what it should be told. Every byte of a body says where
 *         it belongs. Whoever sees something tells the plan, which fails the test at once when that cannot be right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/why.h"
#include "http/head.h"
#include "lib/check.h"

enum { PLANS_MAX = 256, PLAN_NAME_BYTES = 64, PLAN_FIELD_BYTES_MAX = 4000 };

/* Where the request goes: the first segment of its path. */
enum plan_way {
    PLAN_ONE = 0,  /* HTTP/1 upstream                                       */
    PLAN_TWO,      /* HTTP/2 upstream                                       */
    PLAN_PAIR,     /* two endpoints, one of which refuses connections       */
    PLAN_GONE,     /* nobody listens there                                  */
    PLAN_DARK,     /* connects never complete                               */
    PLAN_CAPPED,   /* HTTP/1 upstream behind a cap of PLAN_CAP_BYTES        */
    PLAN_WAYS_N
};
enum { PLAN_CAP_BYTES = 4000 };

enum plan_framing { PLAN_LENGTH = 0, PLAN_CHUNKED, PLAN_CLOSE };

/* What the upstream does instead of answering to the end. */
enum plan_fault {
    PLAN_SOUND = 0,
    PLAN_RESETS,   /* the connection (HTTP/2: the stream)                   */
    PLAN_CLOSES,   /* the connection, in good order                         */
    PLAN_STALLS,   /* says nothing more                                     */
    PLAN_GARBLES,  /* writes what is no HTTP                                */
    PLAN_REFUSES,  /* HTTP/2: REFUSED_STREAM; HTTP/1: as PLAN_RESETS        */
    PLAN_FAULTS_N
};
/* ... and when. */
enum { PLAN_AT_HEAD = 0, PLAN_IN_HEAD = 1, PLAN_IN_BODY = 2 };

/* What the client does instead of waiting for the end. */
enum plan_leave {
    PLAN_STAYS = 0,
    PLAN_LEAVES_SENDING, /* cut its request short: reset                    */
    PLAN_HALTS_SENDING,  /* cut its request short: silence                  */
    PLAN_LEAVES_WAITING, /* reset some time after the request               */
    PLAN_HALTS_READING,  /* never read again                                */
    PLAN_LEAVES_N
};

/* How it ended, as the client saw it. */
enum plan_end {
    PLAN_OPEN = 0, /* not yet                                               */
    PLAN_RIGHT,    /* the upstream's answer, whole                          */
    PLAN_NAMED,    /* the gateway's own, with a why                         */
    PLAN_CUT,      /* part of an answer                                     */
    PLAN_LOST,     /* no answer                                             */
    PLAN_LEFT,     /* the client went away itself                           */
    PLAN_ENDS_N
};

struct plan {
    uint32_t          number;
    /* what it asks */
    enum plan_way     way;
    enum method       method;
    uint32_t          body_bytes;
    enum plan_framing body_framing;   /* HTTP/2: LENGTH says content-length, else none */
    bool              has_trailers;
    bool              expects;        /* 100-continue                       */
    bool              is_tunnel;      /* WebSocket                          */
    uint32_t          fill_bytes;     /* of a field x-fill in its head; 0: none */
    enum plan_leave   leave;
    bool              is_alone;
    /* what it gets */
    uint16_t          status;
    uint32_t          answer_bytes;
    enum plan_framing answer_framing;
    bool              answer_trailers;
    bool              is_early;       /* before the request's body is there */
    uint32_t          answer_fill_bytes;
    uint32_t          interims_n;
    enum plan_fault   fault;
    uint32_t          fault_at;
    /* what upstreams saw */
    uint32_t          heads_n;        /* requests begun, all tries          */
    uint32_t          refused_n;      /* ... of which REFUSED_STREAM        */
    uint32_t          wholes_n;       /* ... of which complete              */
    /* what the gateway said of it */
    uint32_t          records_n;
    enum why          why;
    /* what the client saw */
    bool              was_sent;       /* whole                              */
    bool              has_head;       /* a final one                        */
    uint16_t          got_status;
    enum why          got_why;        /* when the answer was the gateway's  */
    uint32_t          got_interims_n;
    uint32_t          got_bytes;
    uint32_t          text_n;
    char              text[1024];     /* the gateway's own body             */
    enum plan_end     end;
};

/* How the requests of a run are drawn; chances out of 1000. */
struct plan_mood {
    uint16_t faults, leaves;
    uint32_t bytes_max;
    bool     has_tunnels, has_ways; /* ways that fail */
    bool     is_sound;              /* connections fail only when a plan says so         */
    bool     is_strict;             /* nothing may go wrong, so everything must go right */
};

struct plans {
    uint64_t         seed;
    struct plan_mood mood;
    uint32_t         n;
    uint32_t         ended_n;
    struct plan      at[PLANS_MAX];
};

/* Fails the test, naming seed and request. */
#define PLAN_CHECK(plans, plan, cond, ...)                                                                             \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            plan_print((plans), (plan));                                                                               \
            CHECK((cond), __VA_ARGS__);                                                                                \
        }                                                                                                              \
    } while (0)

void plan_print(const struct plans *ps, const struct plan *p);
/* The next one; NULL when the table is full. is_alone: what becomes of other requests of its client cannot touch it. */
struct plan *plan_draw(struct plans *ps, bool is_alone);
/* One that just works: GET over that way, of so many bytes. */
struct plan *plan_simple(struct plans *ps, enum plan_way way, enum method method, uint32_t body_bytes, uint32_t answer_bytes);
/* "/one/17" in out (PLAN_NAME_BYTES), and back; NULL: not ours. */
struct span plan_target(const struct plan *p, char *out);
struct plan *plan_of(struct plans *ps, struct span target);
/* Byte number at of its body, or of its answer's. */
uint8_t plan_byte(const struct plan *p, bool is_answer, uint32_t at);
void plan_fill(const struct plan *p, bool is_answer, uint32_t from, void *out, uint32_t n);

/* Value of x-fill in out (PLAN_FIELD_BYTES_MAX). */
struct span plan_field(const struct plan *p, bool is_answer, char *out);
/* A head came with that value of x-fill (at == NULL: without one). */
void plan_field_came(struct plans *ps, const struct plan *p, bool is_answer, struct span value);

/* An upstream tells. target and method are as received. */
struct plan *plan_arrives(struct plans *ps, struct span target, struct span method);
void plan_body(struct plans *ps, const struct plan *p, uint32_t from, struct span bytes);
void plan_whole(struct plans *ps, struct plan *p, uint32_t bytes);

/* The client tells. is_ours: the answer has the field that only upstreams write. */
void plan_answered(struct plans *ps, struct plan *p, uint16_t status, bool is_ours);
void plan_answer_body(struct plans *ps, struct plan *p, struct span bytes);
/* The message is over, in good order (else it is cut, or never came). */
void plan_answer_end(struct plans *ps, struct plan *p);
void plan_cut(struct plans *ps, struct plan *p);
void plan_left(struct plans *ps, struct plan *p);

/* The gateway's access record. */
void plan_record(struct plans *ps, struct plan *p, enum why why);
/* All is over: what the gateway said and what the client saw must be the same story. */
void plan_judge(struct plans *ps, struct plan *p);
