/* kind_mesh_http_route_check.h - what the tables of MeshHTTPRoute cannot say.
 *
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>

struct conf_document;
struct diag;

bool kind_mesh_http_route_check(const struct conf_document *doc, struct diag *diag);
