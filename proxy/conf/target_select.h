/* target_select.h - what a reference of a policy selects here, and how much it tells apart: the first word on which policy is stronger.
 *
 * Spec:   kuma-dialect.md 3.2, 3.8, 3.9.
 * Layer:  conf. Pure.
 *
 * This node is every MeshGateway, so what Kuma says of proxies is said of listeners: a MeshGateway by name and tags, a Dataplane by name
 * and labels, a MeshSubset by tags, a MeshService by the tag kuma.io/service. A listener has its own tags, those of its gateway, and
 * the labels of the gateway's document; sectionName is its port, or its host name.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

struct conf_document;
struct gateway_listener;
struct target_ref;

/* ref as a policy's top targetRef; NULL: Mesh, which is all. Meshes are not compared, nor routes and services. */
bool target_selects_listener(const struct target_ref *ref, const struct conf_document *gateway, const struct gateway_listener *l);
/* A route or service by name, or by labels, kuma.io/display-name among them; its kind must be ref's. Meshes are not compared. */
bool target_selects_document(const struct target_ref *ref, const struct conf_document *doc);
/* Is it one of all listeners, so that it may select one and not another? */
bool target_tells_listeners_apart(const struct target_ref *ref);
/* Is it about a document (a route, a service), as a top targetRef? */
bool target_names_document(const struct target_ref *ref);
/* Weak to strong, as a top targetRef: Mesh < MeshGateway < Dataplane < with labels < with sectionName < by name < the same with
 * sectionName < one route or service. */
int target_top_rank(const struct target_ref *ref);
/* Weak to strong, as a `to` entry's: Mesh < MeshService < with sectionName < MeshExternalService < MeshMultiZoneService < MeshHTTPRoute. */
int target_to_rank(const struct target_ref *ref);
/* Label kuma.io/display-name, else its name. */
struct span target_display_name(const struct conf_document *doc);
