/* document_strength.h - which of two policies is the stronger: its fields win where both say something.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 *
 * What the policies are about (targetRef) is compared first, by each caller: Mesh is weaker than one gateway, that than one route.
 */
#pragma once

struct conf_document;

/* < 0: a is the weaker, > 0: the stronger. By kuma.io/origin, then kuma.io/policy-role. */
int document_strength_by_labels(const struct conf_document *a, const struct conf_document *b);
/* The two one by one. */
int document_strength_by_origin(const struct conf_document *a, const struct conf_document *b);
int document_strength_by_role(const struct conf_document *a, const struct conf_document *b);
/* By display name (label kuma.io/display-name, else the name) in inverted alphabet; then by name. */
int document_strength_by_name(const struct conf_document *a, const struct conf_document *b);
/* By labels, then by name. */
int document_strength(const struct conf_document *a, const struct conf_document *b);
