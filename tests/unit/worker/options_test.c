/* options_test.c - every flag does what --help says, and what cannot be meant is refused with a sentence.
 *
 * Method: rows of arguments, what comes of them and a piece of what is said; standard output and error go to a file in memory.
 */
#include "worker/options.h"

#include <getopt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "io/socket_address.h"

enum { ARGS_MAX = 6, SAID_BYTES = 8192 };

/* args: NULL-ended, without the program's name. */
static enum options_got take(const char *const *args, struct options *out, char said[SAID_BYTES])
{
    char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t)"forged" };
    int argc = 1, keep_out = dup(STDOUT_FILENO), keep_err = dup(STDERR_FILENO), file = memfd_create("said", 0);

    while (argc <= ARGS_MAX && args[argc - 1] != NULL) {
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
        argc++;
    }
    fflush(stdout);
    CHECK(file >= 0 && dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0, "no file\n");
    optind = 0; /* glibc: from the start again. */
    enum options_got got = options_read(argc, argv, out);
    fflush(stdout);
    dup2(keep_out, STDOUT_FILENO);
    dup2(keep_err, STDERR_FILENO);
    ssize_t n = pread(file, said, SAID_BYTES - 1, 0);
    said[n > 0 ? n : 0] = 0;
    close(file);
    close(keep_out);
    close(keep_err);
    return got;
}

TEST(options_of_nothing_but_the_folder)
{
    static const char *const args[] = { "--config", "d", NULL };
    struct socket_address want;
    struct options o;
    char said[SAID_BYTES];

    CHECK(take(args, &o, said) == OPTIONS_RUN && said[0] == 0, "%s\n", said);
    CHECK(strcmp(o.control.conf_dir, "d") == 0 && strcmp(o.control.state_dir, "state") == 0, "folders\n");
    CHECK(o.control.workers_n >= 1 && o.control.workers_n <= WORKERS_MAX, "%u workers\n", o.control.workers_n);
    CHECK(o.control.is_pinned && o.control.drain_ns == DRAIN_MS_DEFAULT * NS_PER_MS, "defaults\n");
    static const uint8_t here[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
    socket_address_join(here, 9901, &want);
    CHECK(o.control.management.bytes_n == want.bytes_n && memcmp(o.control.management.bytes, want.bytes, want.bytes_n) == 0,
          "management\n");
    CHECK(strcmp(o.control.management_text, "127.0.0.1:9901") == 0, "%s\n", o.control.management_text);
}

TEST(options_each_flag_arrives)
{
    static const char *const forms[][ARGS_MAX + 1] = {
        { "-c", "d", "-s", "st", "-w", "3" },
        { "--config=d", "--state=st", "--workers=3" },
    };
    static const char *const rest[] = { "-cd", "--no-pin", "--drain=0", "-m", "[::1]:1", NULL };
    static const char *const none[] = { "-cd", "-mnone", "--drain", "3600", "-w64", NULL };
    static const char *const check[] = { "--check", "docs", "-cd", NULL };
    struct options o;
    char said[SAID_BYTES];

    for (size_t i = 0; i < COUNT(forms); i++) {
        CHECK(take(forms[i], &o, said) == OPTIONS_RUN, "form %zu: %s\n", i, said);
        CHECK(strcmp(o.control.conf_dir, "d") == 0 && strcmp(o.control.state_dir, "st") == 0 && o.control.workers_n == 3,
              "form %zu\n", i);
    }
    CHECK(take(rest, &o, said) == OPTIONS_RUN, "%s\n", said);
    CHECK(!o.control.is_pinned && o.control.drain_ns == 0, "pin, drain\n");
    CHECK(o.control.management.any.sa_family == AF_INET6 && strcmp(o.control.management_text, "[::1]:1") == 0, "management\n");
    CHECK(take(none, &o, said) == OPTIONS_RUN, "%s\n", said);
    CHECK(o.control.management.bytes_n == 0 && o.control.drain_ns == 3600 * NS_PER_S && o.control.workers_n == 64, "none\n");
    CHECK(take(check, &o, said) == OPTIONS_CHECK && strcmp(o.check_dir, "docs") == 0, "check: %s\n", o.check_dir);
}

TEST(options_say_what_is_wrong)
{
    static const struct { const char *args[ARGS_MAX]; enum options_got got; const char *said; } rows[] = {
        { { NULL }, OPTIONS_BAD, "--config DIR or --state DIR is needed" },
        { { "-sd" }, OPTIONS_RUN, "" },
        { { "-c" }, OPTIONS_BAD, "--help lists the options" },
        { { "-cd", "--workers=0" }, OPTIONS_BAD, "--workers wants a number from 1 to 64, not '0'" },
        { { "-cd", "-w65" }, OPTIONS_BAD, "not '65'" },
        { { "-cd", "-w", "-1" }, OPTIONS_BAD, "not '-1'" },
        { { "-cd", "-w", "" }, OPTIONS_BAD, "not ''" },
        { { "-cd", "-w", "2x" }, OPTIONS_BAD, "not '2x'" },
        { { "-cd", "-w", "18446744073709551617" }, OPTIONS_BAD, "--workers wants" },
        { { "-cd", "--drain=3601" }, OPTIONS_BAD, "--drain wants a number from 0 to 3600, not '3601'" },
        { { "-cd", "--drain" }, OPTIONS_BAD, "--help lists the options" },
        { { "-cd", "-m9901" }, OPTIONS_BAD, "--management wants an address and a port" },
        { { "-cd", "-mlocalhost:1" }, OPTIONS_BAD, "not 'localhost:1'" },
        { { "-cd", "-m::1" }, OPTIONS_BAD, "not '::1'" },
        { { "-cd", "-m127.0.0.1:65536" }, OPTIONS_BAD, "--management wants" },
        { { "-cd", "--admin=localhost" }, OPTIONS_BAD, "--admin wants an address and a port, as in 127.0.0.1:5682" },
        { { "-cd", "--nonsense" }, OPTIONS_BAD, "nonsense" },
        { { "-cd", "-x" }, OPTIONS_BAD, "--help lists the options" },
        { { "-cd", "stray" }, OPTIONS_BAD, "'stray' is not an option" },
        { { "-V" }, OPTIONS_DONE, "forged " FORGE_VERSION "\n" },
        { { "--version", "--nonsense" }, OPTIONS_DONE, "forged " FORGE_VERSION "\n" },
        { { "-h" }, OPTIONS_DONE, "usage: forged --config DIR" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char said[SAID_BYTES];
        struct options o;
        enum options_got got = take(rows[i].args, &o, said);
        CHECK(got == rows[i].got, "row %zu: got %d, %s\n", i, got, said);
        CHECK(strstr(said, rows[i].said) != NULL, "row %zu: said %s\n", i, said);
    }
}

TEST(options_help_names_each_flag)
{
    static const char *const help[] = { "--help", NULL };
    static const char *const flags[] = { "-c, --config DIR", "--check DIR", "-s, --state DIR", "-w, --workers N", "--no-pin",
                                         "-m, --management ADDR", "-a, --admin ADDR", "--drain SECONDS", "-v, --verbose", "-q, --quiet",
                                         "-V, --version", "-h, --help", "SIGHUP", "SIGTERM" };
    struct options o;
    char said[SAID_BYTES];

    CHECK(take(help, &o, said) == OPTIONS_DONE, "%s\n", said);
    for (size_t i = 0; i < COUNT(flags); i++)
        CHECK(strstr(said, flags[i]) != NULL, "--help does not say %s\n", flags[i]);
}

/* What a level lets through is seen in what the log writes. */
TEST(options_set_the_level_of_the_log)
{
    static const struct { const char *args[ARGS_MAX]; bool debug, info, warn; } rows[] = {
        { { "-cd" }, false, true, true }, { { "-cd", "-v" }, true, true, true }, { { "-cd", "-q" }, false, false, true },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char said[SAID_BYTES];
        struct options o;
        log_set_level(LOG_LEVEL_INFO);
        CHECK(take(rows[i].args, &o, said) == OPTIONS_RUN, "row %zu\n", i);
        int keep = dup(STDERR_FILENO), file = memfd_create("log", 0);
        dup2(file, STDERR_FILENO);
        log_debug("a debug line");
        log_info("an info line");
        log_warn("a warning");
        dup2(keep, STDERR_FILENO);
        ssize_t n = pread(file, said, sizeof(said) - 1, 0);
        said[n > 0 ? n : 0] = 0;
        close(keep);
        close(file);
        CHECK((strstr(said, "a debug line") != NULL) == rows[i].debug, "row %zu: %s\n", i, said);
        CHECK((strstr(said, "an info line") != NULL) == rows[i].info, "row %zu: %s\n", i, said);
        CHECK((strstr(said, "a warning") != NULL) == rows[i].warn, "row %zu: %s\n", i, said);
    }
    log_set_level(LOG_LEVEL_INFO);
}

CHECK_RUN(RUN(options_of_nothing_but_the_folder), RUN(options_each_flag_arrives), RUN(options_say_what_is_wrong),
          RUN(options_help_names_each_flag), RUN(options_set_the_level_of_the_log))
