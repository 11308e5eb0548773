/* kind_forge_test.h - ForgeTest: requests, and how a configuration must treat them before it may go live.
 *
 * Layer:  conf. Run by admin/testing.h.
 */
#pragma once

#include "conf/kind.h"
#include "conf/target_ref.h"

struct forge_test_header {
    const struct node *node;
    struct span name, value;
};

struct forge_test_request {
    const struct node *node;
    struct span method, url;         /* method at == NULL: GET */
    struct span scheme, host, path;  /* without url */
    struct list headers;             /* struct forge_test_header */
    struct span client, server_name;
    int64_t     port, body_bytes, is_chunked, seed;
};

enum forge_test_outcome { FORGE_TEST_UPSTREAM = 0, FORGE_TEST_REDIRECT, FORGE_TEST_REFUSED, FORGE_TEST_CUT };
enum forge_test_verdict { FORGE_TEST_GO = 0, FORGE_TEST_REFUSE, FORGE_TEST_WOULD_REFUSE, FORGE_TEST_HOLD };

struct forge_test_policy {
    const struct node *node;
    struct span name;
    int64_t     verdict;             /* enum forge_test_verdict */
};

struct forge_test_fields {
    const struct node *node;
    struct list set;                 /* struct forge_test_header */
    struct list present, absent;     /* spans */
};

struct forge_test_expect {
    const struct node *node;
    int64_t     outcome;             /* enum forge_test_outcome, or FIELD_ABSENT */
    struct span listener, route;
    int64_t     to, rule, status;
    struct span why, upstream, location, path, host, client;
    const struct forge_test_fields *headers;
    struct list policies;            /* struct forge_test_policy */
};

struct forge_test_case {
    const struct node *node;
    struct span name;
    const struct forge_test_request *request;
    const struct forge_test_expect  *expect;
};

struct forge_test_spec {
    const struct node *node;
    struct list cases;               /* struct forge_test_case */
};

extern const struct kind kind_forge_test;
