/* testing.h - run the ForgeTest documents of a candidate against what it was compiled to.
 *
 * Layer:  admin.
 * Owner:  results lie in the caller's arena.
 * Bounds: TESTING_CASES_MAX over all documents.
 * Thread: control, or a command line: a case takes about 20 us, and no worker notices.
 *
 * A case that fails keeps the generation from going live, unless its document has the label `kuma.io/effect: shadow`: then the
 * sentence says what would have failed, and the case has passed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/keeper.h"
#include "base/must.h"

struct text_write;

enum { TESTING_CASES_MAX = 16384 };

/* keeper_options.on_test: one result a case, named "MESH/DOCUMENT: CASE", in the order of documents. Each expectation that does not
 * hold is in the sentence with its place, what was expected and what came. false: memory is out. */
MUST_CHECK bool testing_run(const struct candidate *c, const struct snapshot *snapshot, struct conf_arena *arena,
                            const struct keeper_test **out, uint32_t *out_n);
uint32_t testing_failed_n(const struct keeper_test *tests, uint32_t n);
/* {"passed":n,"failed":n,"tests":[{"name":"...","passed":true,"detail":"..."}]} */
void testing_json(const struct keeper_test *tests, uint32_t n, struct text_write *out);
/* A line a case, then "N passed, N failed". */
void testing_text(const struct keeper_test *tests, uint32_t n, struct text_write *out);
