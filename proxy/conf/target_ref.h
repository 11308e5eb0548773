/* target_ref.h - what a policy is about: the reference that nearly every kind has.
 *
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/field_table.h"

enum target_kind {
    TARGET_MESH = 0,
    TARGET_MESH_GATEWAY,
    TARGET_MESH_HTTP_ROUTE,
    TARGET_MESH_EXTERNAL_SERVICE,
    TARGET_MESH_SERVICE,
    TARGET_MESH_MULTI_ZONE_SERVICE,
    TARGET_MESH_SUBSET,
    TARGET_MESH_SERVICE_SUBSET,
    TARGET_DATAPLANE,
    TARGET_N
};

struct target_ref {
    const struct node *node;
    int64_t     kind;                    /* enum target_kind */
    struct span name, name_space, mesh, section_name;
    struct list labels, tags;            /* struct map_item */
    struct list proxy_types;             /* spans */
};

extern const struct enum_row target_kinds[];
extern const struct object_table target_ref_table;

/* The rows of target_ref_table, for tables of references that have more fields; struct target_ref must stand first. */
#define TARGET_REF_ROWS                                                                                                \
    { .name = "kind", .type = TYPE_ENUM, .offset = offsetof(struct target_ref, kind), .is_required = true,             \
      .enums = target_kinds, .doc = "the kind of what is meant" },                                                     \
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct target_ref, name), .min = 1, .max = 253,          \
      .doc = "its name" },                                                                                             \
    { .name = "namespace", .type = TYPE_NAME, .offset = offsetof(struct target_ref, name_space),                       \
      .doc = "its Kubernetes namespace; without meaning here" },                                                       \
    { .name = "mesh", .type = TYPE_NAME, .offset = offsetof(struct target_ref, mesh), .doc = "its mesh" },             \
    { .name = "sectionName", .type = TYPE_STRING, .offset = offsetof(struct target_ref, section_name),                 \
      .min = 1, .max = 253, .doc = "a named part of it" },                                                             \
    { .name = "labels", .type = TYPE_MAP, .offset = offsetof(struct target_ref, labels), .doc = "labels it has" },     \
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct target_ref, tags), .doc = "tags it has" },           \
    { .name = "proxyTypes", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct target_ref, proxy_types),  \
      .max = 2, .doc = "Sidecar or Gateway" }

/* ref's kind must be in the mask of 1 << target_kind. false: diag says which are taken, and why not this one. NULL passes. */
bool target_ref_allow(const struct target_ref *ref, uint32_t mask, struct diag *diag);
/* Name that a reference selects by: `name`, or the label kuma.io/display-name. SPAN_NONE: neither. */
struct span target_ref_name(const struct target_ref *ref);
