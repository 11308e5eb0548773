/* canonical.h - a document as it is stored, compared, exported and answered: one text for one meaning.
 *
 * Spec:   kuma-dialect.md 3.2 (envelope).
 * Layer:  conf.
 * Owner:  the text lies in the arena, with a zero behind it.
 *
 * Envelope (type, mesh, name, labels in order of their names), then the kind's fields in the order of its table, each by its own
 * name and not by an alias. Scalars keep their type; a value that may be written as a number is one. What servers set and what
 * Kubernetes puts around is left out. Reading the text and writing it again gives the same bytes, in JSON and in YAML.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

struct conf_arena;
struct conf_document;

enum canonical_secrets {
    CANONICAL_SECRETS_LEFT_OUT = 0, /* false: fields that are secret do not appear           */
    CANONICAL_SECRETS_SHOWN,        /* true: only for the store, which seals them            */
    CANONICAL_SECRETS_MASKED,       /* "***", so that one sees that there is one: for diffs  */
};

/* Each: SPAN_NONE with arena->is_full when memory is out.
 * Pre: doc has a name. Of a document that is not valid as much as can be told. */

/* One line, no line end. */
struct span canonical_json(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets);
/* Block style, with a line end, without `---`. */
struct span canonical_yaml(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets);
/* The same document in the envelope that Kuma on Kubernetes takes. */
struct span canonical_kubernetes_yaml(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets);
