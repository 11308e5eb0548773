/* explain.h - what is in force for one listener, route or service, field by field, which document said it, and what lost to it.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 * Owner:  texts lie in the arena, with a zero behind them. Nothing of the set is changed.
 * Bounds: the arena's; a set of 10,000 policies takes some 20 MB of it.
 *
 * Documents count that are valid, shadows excepted; kinds that this version does not enforce are explained and marked. What shadows
 * would change stands beside it, and so do the policies that every mesh starts with, as documents that are built in.
 *
 * As JSON: {subject: {kind, mesh, name, listener, file, line, column}, listeners: [of a route: all that serve it],
 * policies: [{kind, way: "to" or "rules", match, notEnforced, fields: [{path, value (null: taken out), document: D, lost: [{value,
 * document: D, because}]}], shadow: [fields that would differ, like fields], documents: [D with about, to, origin, role, effect,
 * fieldsInForce; strongest first]}]}; D is {kind, mesh, name, builtIn, file, line, column}, in a field with the field's own place.
 */
#pragma once

#include "base/span.h"

struct conf_arena;
struct conf_set;

struct explain_ask {
    struct span kind;     /* MeshGateway or "listener", MeshHTTPRoute or "route", a service's kind or "service"; short names and plurals,
                           * too; empty: whatever has the name */
    struct span mesh;     /* empty: default */
    struct span name;     /* a listener: "edge:8080", "edge:8080/shop.example.com", or "edge" for its first */
    struct span listener; /* of a route: as this one serves it; empty: as the first that does */
};

/* SPAN_NONE: *out_wrong says what is wrong with the question, or is NULL, and the arena is full. */
struct span explain_json(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena, const char **out_wrong);
/* For a terminal: lines, without colours. */
struct span explain_text(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena, const char **out_wrong);
