/* kind_mesh_http_route_check.h - what the tables of MeshHTTPRoute cannot say.
 *
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>

struct conf_document;
struct diag;
struct rule_spec;

bool kind_mesh_http_route_check(const struct conf_document *doc, struct diag *diag);
/* One rule of a route, whichever kind it came from. */
bool kind_mesh_http_route_check_rule(const struct rule_spec *rule, struct diag *diag);
