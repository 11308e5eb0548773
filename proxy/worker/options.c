/* options.c - see options.h. */
#include "worker/options.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/span.h"
#include "io/socket_address.h"
#include "proto/address.h"

static const char usage[] =
    "forged - the API Forge gateway\n"
    "\n"
    "usage: forged --config DIR [options]\n"
    "       forged --state DIR [options]\n"
    "       forged --check DIR\n"
    "\n"
    "  -c, --config DIR        folder of YAML or JSON documents: gateways, routes, services, secrets. Read at start and on SIGHUP;\n"
    "                          what it says new becomes a generation. Without it the last generation in --state is served\n"
    "      --check DIR         read and check the documents, print every problem with its place, and end\n"
    "  -s, --state DIR         folder for what the gateway keeps: generations, keys, its certificate; default: ./state\n"
    "  -w, --workers N         threads that serve; default: one per core\n"
    "      --no-pin            let the kernel place the threads\n"
    "  -m, --management ADDR   host:port of /metrics, /healthz, /readyz; default: 127.0.0.1:9901; \"none\" turns it off\n"
    "  -a, --admin ADDR        host:port of the admin interface, HTTPS with the token of STATE/admin-token; default:\n"
    "                          127.0.0.1:5682; \"none\" turns it off. STATE/admin.sock serves it on this machine, without token\n"
    "      --drain SECONDS     how long requests in progress may take after SIGTERM; default: 10\n"
    "  -v, --verbose           log more\n"
    "  -q, --quiet             log warnings and errors only\n"
    "  -V, --version           print the version and end\n"
    "  -h, --help              print this and end\n"
    "\n"
    "signals: SIGHUP reads the documents again (a mistake leaves the old ones in force) and reopens the access log;\n"
    "         SIGTERM or Ctrl-C drains and ends, a second one ends at once.\n";

enum { OPTION_CHECK = 256, OPTION_NO_PIN, OPTION_DRAIN };

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },   { "check", required_argument, NULL, OPTION_CHECK },
    { "state", required_argument, NULL, 's' },    { "workers", required_argument, NULL, 'w' },
    { "no-pin", no_argument, NULL, OPTION_NO_PIN },{ "management", required_argument, NULL, 'm' },
    { "admin", required_argument, NULL, 'a' },    { "drain", required_argument, NULL, OPTION_DRAIN },
    { "verbose", no_argument, NULL, 'v' },        { "quiet", no_argument, NULL, 'q' },
    { "version", no_argument, NULL, 'V' },        { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static uint32_t options_cores(void)
{
    cpu_set_t set;
    int n;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (uint32_t)n;
}

static bool options_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    if (span_to_u64(span_str(text), out) && *out >= min && *out <= max)
        return true;
    fprintf(stderr, "forged: %s wants a number from %llu to %llu, not '%s'\n", name, (unsigned long long)min,
            (unsigned long long)max, text);
    return false;
}

/* An address of our own: name of the option, and an example of what it wants. */
static bool options_address(const char *name, const char *example, const char *text, struct socket_address *out)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port;

    memset(out, 0, sizeof(*out));
    if (strcmp(text, "none") == 0)
        return true;
    if (!address_parse_port(span_str(text), address, &port)) {
        fprintf(stderr, "forged: %s wants an address and a port, as in 127.0.0.1:%s or [::1]:%s, not '%s'\n", name, example, example, text);
        return false;
    }
    socket_address_join(address, port, out);
    return true;
}

static bool options_management(const char *text, struct control_options *out)
{
    out->management_text = text;
    return options_address("--management", "9901", text, &out->management);
}

static bool options_admin(const char *text, struct control_options *out)
{
    out->admin_text = text;
    return options_address("--admin", "5682", text, &out->admin);
}

/* One option; false: said why. */
static bool options_take(int option, const char *value, struct options *out)
{
    uint64_t n;

    switch (option) {
    case 'c':
        out->control.conf_dir = value;
        return true;
    case OPTION_CHECK:
        snprintf(out->check_dir, sizeof(out->check_dir), "%s", value);
        return true;
    case 's':
        out->control.state_dir = value;
        return true;
    case 'w':
        if (!options_number("--workers", value, 1, WORKERS_MAX, &n))
            return false;
        out->control.workers_n = (uint32_t)n;
        return true;
    case OPTION_NO_PIN:
        out->control.is_pinned = false;
        return true;
    case 'm':
        return options_management(value, &out->control);
    case 'a':
        return options_admin(value, &out->control);
    case OPTION_DRAIN:
        if (!options_number("--drain", value, 0, 3600, &n))
            return false;
        out->control.drain_ns = n * NS_PER_S;
        return true;
    case 'v':
        log_set_level(LOG_LEVEL_DEBUG);
        return true;
    case 'q':
        log_set_level(LOG_LEVEL_WARN);
        return true;
    default:
        fputs("forged: --help lists the options\n", stderr);
        return false;
    }
}

enum options_got options_read(int argc, char **argv, struct options *out)
{
    int option;

    memset(out, 0, sizeof(*out));
    out->control.workers_n = options_cores();
    out->control.is_pinned = true;
    out->control.drain_ns = DRAIN_MS_DEFAULT * NS_PER_MS;
    if (!options_management("127.0.0.1:9901", &out->control) || !options_admin("127.0.0.1:5682", &out->control))
        return OPTIONS_BAD;
    while ((option = getopt_long(argc, argv, "c:s:w:m:a:vqVh", long_options, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "forged " FORGE_VERSION "\n", stdout);
            return OPTIONS_DONE;
        }
        if (!options_take(option, optarg, out))
            return OPTIONS_BAD;
    }
    if (optind < argc) {
        fprintf(stderr, "forged: '%s' is not an option; --help lists them\n", argv[optind]);
        return OPTIONS_BAD;
    }
    if (out->check_dir[0] != 0)
        return OPTIONS_CHECK;
    if (out->control.conf_dir == NULL && out->control.state_dir == NULL) { /* Not to make a store wherever one happens to stand. */
        fputs("forged: --config DIR or --state DIR is needed: the folder with the gateway's documents, or the one with generations that "
              "are kept already; --help says more\n", stderr);
        return OPTIONS_BAD;
    }
    if (out->control.state_dir == NULL)
        out->control.state_dir = "state";
    return OPTIONS_RUN;
}
