/* check.h - TEST, CHECK and CHECK_RUN over cmocka: how every test file of the tree is written.
 *
 *     TEST(thing_does_what)
 *     {
 *         CHECK(got == want, "%s: got %d\n", row->name, got);
 *     }
 *
 *     CHECK_RUN(RUN(thing_does_what), RUN(thing_does_that))
 *
 * CHECK_RUN stands at the end of the file and lists the tests: there are no constructors, and a test that is defined
 * but not listed is an unused static function, which the compiler refuses. Each file is one program; main answers the
 * number of failed tests. An argument picks tests by name, "*" and "?" allowed.
 */
#pragma once

/* cmocka.h needs these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#ifndef COUNT
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* Defines one test. */
#define TEST(name) static void name(void **check_state_unused __attribute__((unused)))

/* The test fails here, with the sentence, unless cond holds. */
#define CHECK(cond, ...)                                                                                               \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            print_error("%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);                                           \
            print_error(__VA_ARGS__);                                                                                  \
            _fail(__FILE__, __LINE__);                                                                                 \
        }                                                                                                              \
    } while (0)

#define RUN(name) cmocka_unit_test(name)

/* The program: runs what is listed, in order. */
#define CHECK_RUN(...)                                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static const struct CMUnitTest check_list[] = { __VA_ARGS__ };                                                 \
        if (argc > 1)                                                                                                  \
            cmocka_set_test_filter(argv[1]);                                                                           \
        return cmocka_run_group_tests(check_list, NULL, NULL);                                                         \
    }
