/* report.h - problems of documents, printed for people and for machines.
 *
 * Spec:   SARIF 2.1.0 (OASIS): one run, one result a problem.
 * Layer:  ctl.
 */
#pragma once

#include <stdint.h>

struct ctl;
struct diag;
struct text_write;

/* "file:line:column: error: sentence", as forged --check prints them, to standard error; coloured when that is a terminal. */
void report_text(struct ctl *ctl, const struct diag *diag);
/* {"documents":..,"errors":..,"warnings":..,"problems":[{"file","line","column","level","text"}]} and a line end. */
void report_json(const struct diag *diag, uint32_t documents_n, struct text_write *out);
/* What a code host shows beside the lines of a change. */
void report_sarif(const struct diag *diag, struct text_write *out);
