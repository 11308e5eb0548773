/* kind_mesh_access_log.h - MeshAccessLog: what is written down of each request, and where.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

enum log_format_type { LOG_PLAIN = 0, LOG_JSON };
enum log_backend_type { LOG_TCP = 0, LOG_FILE, LOG_OPEN_TELEMETRY };

struct log_pair {
    const struct node *node;
    struct span key;
    struct span value;
};

struct log_format {
    const struct node *node;
    int64_t type;
    struct span plain;
    struct list json;
    int64_t omit_empty_values;
};

struct log_tcp {
    const struct node *node;
    struct span address;
    const struct log_format *format;
};

struct log_file {
    const struct node *node;
    struct span path;
    const struct log_format *format;
};

struct log_otel {
    const struct node *node;
    const struct otel_ref *backend_ref;
    struct span endpoint;
    struct list attributes;
    const struct node *body;
};

struct log_backend {
    const struct node *node;
    int64_t type;
    const struct log_tcp *tcp;
    const struct log_file *file;
    const struct log_otel *open_telemetry;
};

struct mesh_log_conf {
    const struct node *node;
    struct list backends;
};

extern const struct kind kind_mesh_access_log;
