/* kind_mesh_passthrough.c - MeshPassthrough.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_passthrough.h"

#include "conf/field_value.h"
#include "conf/policy_spec.h"
#include "conf/socket_text.h"
#include "proto/address.h"

struct passthrough_match {
    const struct node *node;
    int64_t type;
    struct span value;
    int64_t port;
    int64_t protocol;
};

struct passthrough_conf {
    const struct node *node;
    int64_t mode;
    struct list append_match;
};

static const struct enum_row modes[] = {
    { .name = "All", .value = 0 },
    { .name = "Matched", .value = 1 },
    { .name = "None", .value = 2 },
    { .name = NULL },
};

enum match_kind { MATCH_DOMAIN = 0, MATCH_IP, MATCH_CIDR };
enum passthrough_protocol { PASS_TCP = 0, PASS_TLS, PASS_GRPC, PASS_HTTP, PASS_HTTP2, PASS_MYSQL };

static const struct enum_row match_types[] = {
    { .name = "Domain", .value = MATCH_DOMAIN },
    { .name = "IP", .value = MATCH_IP },
    { .name = "CIDR", .value = MATCH_CIDR },
    { .name = NULL },
};

static const struct enum_row protocols[] = {
    { .name = "tcp", .value = PASS_TCP },
    { .name = "tls", .value = PASS_TLS },
    { .name = "grpc", .value = PASS_GRPC },
    { .name = "http", .value = PASS_HTTP },
    { .name = "http2", .value = PASS_HTTP2 },
    { .name = "mysql", .value = PASS_MYSQL },
    { .name = NULL },
};

static const struct field_row passthrough_match_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct passthrough_match, type), .is_required = true,
      .enums = match_types, .doc = "what `value` is" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct passthrough_match, value), .is_required = true,
      .min = 1, .max = 253, .doc = "a host name, *.name, an address or a network" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct passthrough_match, port), .min = 1, .max = 65535,
      .doc = "TCP port; any when absent" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct passthrough_match, protocol), .fallback = "tcp",
      .enums = protocols, .doc = "what is spoken" },
    { .name = NULL },
};
static const struct object_table passthrough_match_table = {
    .name = "match", .rows = passthrough_match_rows, .bytes = sizeof(struct passthrough_match), .doc = "what may pass",
};

static const struct field_row passthrough_conf_rows[] = {
    { .name = "passthroughMode", .type = TYPE_ENUM, .offset = offsetof(struct passthrough_conf, mode),
      .fallback = "Matched", .enums = modes, .doc = "All, Matched or None" },
    { .name = "appendMatch", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct passthrough_conf, append_match), .is_appended = true, .min = 1, .max = 1024,
      .object = &passthrough_match_table, .doc = "what may pass with Matched; entries of several policies add up" },
    { .name = NULL },
};
static const struct object_table passthrough_conf_table = {
    .name = "MeshPassthrough's default", .rows = passthrough_conf_rows, .bytes = sizeof(struct passthrough_conf),
    .doc = "what may pass",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_DEFAULT_ROW(&passthrough_conf_table),
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshPassthrough", .rows = rows, .bytes = sizeof(struct policy_spec),
    .doc = "what leaves a sidecar without being a service",
};

static const struct policy_shape shape = {
    .conf = &passthrough_conf_table, .top_mask = POLICY_TOP_KINDS,
};

static bool check_match(const struct passthrough_match *m, struct diag *diag)
{
    struct socket_address address;
    struct cidr network;
    const char *wrong = NULL;

    if (m->type == MATCH_DOMAIN && !value_is_hostname(m->value, true))
        wrong = "must be a host name, or one with `*.` in front";
    else if (m->type == MATCH_IP && !socket_text_read(m->value, 1, &address))
        wrong = "must be an IPv4 or IPv6 address";
    else if (m->type == MATCH_CIDR && socket_text_read_cidr(m->value, &network) != NULL)
        wrong = "must be a network such as 10.0.0.0/8";
    if (wrong != NULL) {
        diag_error(diag, field_place(m, "value"), "`value` %s, and is \"%.*s\"", wrong, SPAN_FMT(m->value));
        return false;
    }
    if (m->type == MATCH_DOMAIN && (m->protocol == PASS_TCP || m->protocol == PASS_MYSQL)) {
        diag_error(diag, field_place(m, "type"), "%s does not say which domain it is for: write `type: IP`, or `protocol: tls`",
                   protocols[m->protocol].name);
        return false;
    }
    if (m->protocol == PASS_MYSQL && m->port == FIELD_ABSENT) {
        diag_error(diag, field_place(m, "protocol"), "`protocol: mysql` needs a `port`");
        return false;
    }
    return true;
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct passthrough_conf *conf = of;
    const struct passthrough_match *items = conf->append_match.items;
    bool is_good = true;

    for (uint32_t i = 0; i < conf->append_match.n; i++)
        is_good &= check_match(&items[i], diag);
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_passthrough = {
    .type = "MeshPassthrough", .plural = "meshpassthroughs", .short_name = "mp", .has_spec = true,
    .not_enforced = "it is about what leaves a sidecar, and this node is a gateway: requests go to services only",
    .policy = &shape, .table = &table, .check = check,
};
