/* compile_shadow.h - cells where what shadows would have done is counted: one for each route and reason, however many hosts.
 *
 * Layer:  conf, internal.
 * Owner:  the compile's scratch arena; cells and counts end up in the snapshot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "conf/snapshot.h"

struct compile;
struct conf_document;

struct shadow_plan {
    struct shadow_cell *cells;
    uint32_t            cells_n;
    uint32_t           *by_document;  /* [order of the document][reason]: number of a cell, from 1; 0: none yet */
    bool                has_routes;   /* some shadow is a MeshHTTPRoute */
    bool                has_policies; /* some shadow is a policy        */
};

/* Does it take part where shadows count as enforced? */
bool compile_shadow_acts(const struct conf_document *doc);
/* Sets c->shadow when there are shadows. false: memory is out. */
bool compile_shadow_begin(struct compile *c);
/* Number of the cell for that document's routes. policy: of SHADOW_POLICY. Pre: c->shadow != NULL. */
uint32_t compile_shadow_cell(struct compile *c, const struct conf_document *route, enum shadow_what what, uint32_t policy);
/* Cells into the snapshot, with counts for all threads. false: memory is out. */
bool compile_shadow_end(struct compile *c);
