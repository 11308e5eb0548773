/* data_source.h - where a certificate, key or other secret text comes from: both of Kuma's forms.
 *
 * Layer:  conf.
 *
 * Older form (MeshGateway, MeshExternalService up to 2.14): {secret | file | inline (base64) | inlineString}.
 * Newer form (3.0): {type: File|Secret|EnvVar|InsecureInline, file: {path}, secretRef: {kind, name}, envVar: {name},
 * insecureInline: {value}}.
 */
#pragma once

#include <stdbool.h>

#include "conf/field_table.h"

struct conf_set;

struct data_source {
    const struct node *node;
    struct span        secret, inline_data, inline_string;
    const struct node *file;              /* a path, or {path} */
    int64_t            type;              /* enum data_source_type or FIELD_ABSENT */
    const struct data_source_secret *secret_ref;
    const struct data_source_name   *env_var;
    const struct data_source_value  *insecure_inline;
};

extern const struct object_table data_source_table;

/* Exactly one source is named. */
bool data_source_check(const struct data_source *source, struct diag *diag);
/* Its bytes, in the set's scratch arena. false: told. An empty text means that it cannot be known now (the self-signed
 * certificate, while only checking). Pre: data_source_check. */
bool data_source_read(struct conf_set *set, struct span mesh, const struct data_source *source, struct span *out_bytes);

/* Name of the secret that the gateway makes itself at its first start. */
#define DATA_SOURCE_SELF_SIGNED "forge-self-signed"
#define DATA_SOURCE_SELF_SIGNED_FILE "self-signed.pem"
