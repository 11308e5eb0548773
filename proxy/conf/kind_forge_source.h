/* kind_forge_source.h - ForgeSource: where documents come from and how often they are looked at: a Git host's archive, a plain
 * tarball, a folder, a bare repository.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/source_form.h"

struct data_source;

struct forge_source_archive {
    const struct node *node;
    int64_t     provider;                  /* enum forge_source_provider */
    struct span server, repository, url;
    const struct data_source *ca;
};

struct forge_source_webhook {
    const struct node *node;
    int64_t     type;                      /* enum forge_source_hook */
    const struct data_source *secret;
};

struct forge_source_verify {
    const struct node *node;
    struct span public_key;                /* 32 bytes */
    struct span signature_url;             /* absent: the archive's with .sig behind it */
};

struct forge_source_spec {
    const struct node *node;
    int64_t     type;                      /* enum forge_source_type */
    const struct forge_source_archive *archive;
    struct span directory, bare_repository;
    struct span ref, path;
    int64_t     interval_ns, timeout_ns;
    const struct data_source *credentials;
    const struct forge_source_webhook *webhook;
    const struct forge_source_verify  *verify;
    int64_t     prune;
    int64_t     drift;                     /* enum forge_source_drift */
};

extern const struct kind kind_forge_source;
