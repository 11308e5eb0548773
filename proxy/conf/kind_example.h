/* kind_example.h - a good document of each kind, for the manual and for forms to start from.
 *
 * Layer:  conf.
 */
#pragma once

struct kind;

/* YAML with a line end, or NULL. kind_example_test.c reads each. */
const char *kind_example(const struct kind *kind);
