/* policy.h - what a request policy is, and the contract it signs.
 *
 * Layer: policy. A policy sees http, proto and base (and conf's plain data); never io, conn or up.
 * Owner: the engine owns all state blocks and zeroes them; a policy allocates nothing (the request's arena excepted) and keeps
 *        nothing of its own.
 * Order: policy_list.c on the way in, reversed on the way out.
 *
 * Contract, enforced by the test-only policy `pedant`: hooks run in list order on the way in and reverse on the way out; on_end runs
 * exactly once per started policy, whatever happened; HOLD is resumed at the same hook or the request ends by deadline; body hooks may
 * shrink or keep what they are given, never stash it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/rng.h"
#include "base/why.h"
#include "conf/chain.h"
#include "http/head.h"

enum verdict {
    POLICY_GO = 0,  /* ask the next policy                                                                        */
    POLICY_HOLD,    /* on_request_head only: wait; resumed at this same hook, or ended by deadline                */
    POLICY_ANSWER,  /* out_why is set: the engine answers with its problem document; if a head already went to the */
                    /* client this acts as POLICY_KILL                                                            */
    POLICY_KILL,    /* out_why is set: cut both sides                                                             */
};

/* What a policy may see and change of one request. */
struct policy_view {
    struct head     *request;      /* headed upstream                                     */
    struct head     *response;     /* valid from on_response_head on                      */
    struct bufq_env *queues;       /* for body hooks that cut                             */
    struct rng      *rng;
    uint64_t         now_ns;
    uint64_t         request_body_bytes;  /* seen so far, this piece excluded             */
};

struct policy {
    const char *name;                              /* as in the log and the metric */
    uint32_t    worker_bytes, exchange_bytes;
    enum verdict (*on_request_head)(const void *conf, void *worker, void *state, struct policy_view *view, enum why *out_why);
    /* piece: what arrived now; the hook may eat from or cut it, what is left goes on. is_end: nothing follows. */
    enum verdict (*on_request_body)(const void *conf, void *worker, void *state, struct policy_view *view, struct bufq *piece,
                                    bool is_end, enum why *out_why);
    enum verdict (*on_response_head)(const void *conf, void *worker, void *state, struct policy_view *view, enum why *out_why);
    enum verdict (*on_response_body)(const void *conf, void *worker, void *state, struct policy_view *view, struct bufq *piece,
                                     bool is_end, enum why *out_why);
    void         (*on_end)(const void *conf, void *worker, void *state, const struct policy_view *view, enum why why);
};

/* Evaluation order: enum policy_index of conf/chain.h, where the checked configurations are, too. */
extern const struct policy *const policy_list[POLICY_LIST_N];
