/* document.h - bytes of a YAML or JSON file -> trees of nodes that know their place. What they mean is not known here.
 *
 * Spec:   YAML 1.2 through libyaml's events; JSON (RFC 8259) is read as the subset of YAML that it nearly is.
 * Layer:  conf.
 * Owner:  nodes and their texts live in the set's arena.
 * Bounds: CONF_FILE_BYTES_MAX, CONF_DOCUMENTS_MAX, CONF_NODES_MAX, CONF_DEPTH_MAX, CONF_KEYS_MAX, CONF_SCALAR_BYTES_MAX.
 *
 * Refused, each with its place: aliases, anchors and tags (a document says what it says, where it says it; and aliases
 * make small files huge), duplicate keys, keys that are not plain text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/diag.h"

struct conf_arena;

enum node_kind {
    NODE_SCALAR = 0,
    NODE_LIST,
    NODE_MAP,
    NODE_REFUSED,      /* an error was told here: whoever meets it says nothing more */
};

struct node {
    enum node_kind kind;
    bool           is_plain;    /* scalar without quotes: may mean a number, true, null */
    uint32_t       line, column; /* from 1 */
    uint32_t       key_line, key_column;
    uint32_t       children_n;
    uint32_t       key_hash;
    const char    *file;
    struct span    key;         /* of a map's child; zero-terminated */
    struct span    text;        /* of a scalar; zero-terminated */
    struct node   *first, *next;
};

struct document {
    struct node     *root;
    struct document *next;
};

struct document_set {
    struct conf_arena *arena;
    struct diag       *diag;
    struct document   *first, *last;
    uint32_t           documents_n;
    uint32_t           nodes_n;
};

void document_set_init(struct document_set *set, struct conf_arena *arena, struct diag *diag);
/* Append the documents of one file; empty documents are left out. file must live as long as the arena.
 * false: something was refused, and set->diag says what; documents before a syntax error are kept. */
bool document_read(struct document_set *set, const char *file, struct span bytes);

struct diag_place node_place(const struct node *n);
/* Of its key, for a map's child. */
struct diag_place node_key_place(const struct node *n);
/* Child of a map by key, or NULL. n may be NULL or not a map. */
const struct node *node_find(const struct node *n, const char *key);
/* A plain empty, "~" or "null" scalar. */
bool node_is_null(const struct node *n);
/* "a list", "a text" ... for sentences. */
const char *node_kind_name(const struct node *n);
