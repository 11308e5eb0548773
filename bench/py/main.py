"""bench/run: rows times rounds times targets, in turn, then the table."""
import argparse
import atexit
import os
import platform
import signal
import subprocess
import sys
import time

import configuration
import measure
import network
import peers as peers_of_debian
import plot
import report
from rows import BY_NUMBER, ROWS
from targets import BARE_PEERS, NAMES, Failed, is_open
from where import BENCH, BUILD, DEPS, FORGED, OUT, PORT_BACKEND, PORTS, WORK, cores, die


def parse():
    p = argparse.ArgumentParser(
        prog="./build.sh bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures the gateway, nginx, HAProxy and a bare io_uring forwarder in turn: one proxy core, one "
        "core for load and backend, loopback only.\nWrites .out/bench/{table.md,results.json,plot.svg}.",
        epilog="Rows:\n" + "\n".join("  %2d  %s" % (r.number, r.title) for r in ROWS))
    p.add_argument("--rows", default="all", help="which rows, as 1,2,4 or 1-9,17 (all)")
    p.add_argument("--rounds", type=int, default=7, help="how often each target is measured in each row (7)")
    p.add_argument("--seconds", type=float, default=1.5, help="length of one measurement (1.5)")
    p.add_argument("--warm", type=float, default=0.5, help="seconds of load before it (0.5)")
    p.add_argument("--tries", type=int, default=3,
                   help="a window in which other processes had a core for over 10%% of it is measured again, "
                   "so often at most, and the least disturbed counts (3)")
    p.add_argument("--quick", action="store_true", help="one round, one second, fewer idle connections")
    p.add_argument("--only", default=",".join(NAMES), help="which targets, of " + ",".join(NAMES))
    p.add_argument("--bare-peers", action="store_true",
                   help="nginx and HAProxy add no X-Forwarded-* and no X-Request-Id, although ours does")
    p.add_argument("--network", choices=("private", "host"), default="private",
                   help="a network namespace of its own, without a pacing congestion control, or the host's (private)")
    p.add_argument("--nice", type=int, default=0, metavar="N",
                   help="run everything at this priority, -20 to 19, for a machine that is not quiet (0)")
    p.add_argument("--peers", choices=("newest", "host"), default="newest",
                   help="nginx and HAProxy of Debian's newest suite, or of the host's (newest)")
    a = p.parse_args()
    a.rows = rows_of(a.rows)
    a.only = [n for n in a.only.split(",") if n]
    for name in a.only:
        if name not in NAMES:
            die("--only knows %s, not '%s'" % (", ".join(NAMES), name))
    if a.quick:
        a.rounds, a.seconds, a.warm, a.tries = 1, 1.0, 0.4, 1
    if a.bare_peers:
        os.environ[BARE_PEERS] = "1"
    if a.nice:
        be_nice(a.nice)
    if not (1 <= a.tries <= 20 and 1 <= a.rounds <= 50 and 0.1 <= a.seconds <= 60 and 0 <= a.warm <= 30):
        die("tries are 1 to 20, rounds 1 to 50, seconds 0.1 to 60, warm 0 to 30")
    return a


def set_group_nice(level):
    """The scheduling group of this session, where the kernel makes one."""
    try:
        with open("/proc/self/autogroup", "w") as f:
            f.write(str(level))
        return True
    except OSError:
        return False


def be_nice(level):
    """Ourselves and our children; where sessions are scheduled as groups, the group as well."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, level)
    except (PermissionError, OverflowError):
        die("priority %d is not allowed" % level)
    if set_group_nice(level):
        atexit.register(set_group_nice, 0)


def rows_of(text):
    if text == "all":
        return [r.number for r in ROWS]
    wanted = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            die("--rows wants numbers and ranges such as 1,2,4-6, not '%s'" % part)
        span = range(int(first), int(last or first) + 1)
        known = [n for n in span if n in BY_NUMBER]
        if not known:
            die("there is no row %s; rows are %s" % (part, ",".join(str(r.number) for r in ROWS)))
        wanted += known
    return sorted(set(wanted))


def build():
    """The generator and the floor. Their libraries come from the gateway's own build."""
    if not os.path.exists(os.path.join(DEPS, "lib", "liburing.a")):
        die("the third-party libraries are missing: run ./build.sh build first")
    for argv in (["cmake", "-S", BENCH, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"],
                 ["ninja", "-C", BUILD]):
        got = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if got.returncode != 0:
            die("%s fails:\n%s" % (argv[0], got.stdout[-3000:]))


def cpu_model():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def about(args, peers, net):
    facts = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "kernel": platform.release(),
             "cpu": "%s, %d cores; proxy on CPU %d, load and backend on CPU %d" % (
                 (cpu_model(), os.cpu_count()) + cores()),
             "priority": str(args.nice), "rounds": "%d of %g s after %g s of warm-up, targets in turn in each round" % (
                 args.rounds, args.seconds, args.warm),
             "network": net,
             "peers tell the upstream": "nothing" if args.bare_peers else "X-Forwarded-*, X-Request-Id, as ours does",
             "unit": "work divided by the proxy's own CPU time (user + system, all its processes and threads)"}
    if peers:
        facts.update(peers.versions())
    if os.path.exists(FORGED):
        got = subprocess.run([FORGED, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        facts["ours"] = got.stdout.strip().splitlines()[0] if got.stdout.strip() else "forged"
    head = subprocess.run(["git", "-C", BENCH, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    facts["commit"] = head.stdout.strip() or "unknown"
    facts["load average at the start"] = "%.2f" % os.getloadavg()[0]
    return facts


class Run:
    """The whole series; keeps what it has when it is interrupted."""

    def __init__(self, args, peers):
        self.args, self.peers = args, peers
        self.results, self.failures = {}, []
        self.nginx_rate = []     # row 1 of nginx, for row 19

    def targets(self, row):
        if row.kind in ("routes", "swap"):
            return [n for n in ("ours",) if n in self.args.only]
        return [n for n in NAMES if n in self.args.only and (n != "floor" or row.floor)]

    def one(self, row, name):
        a = self.args
        if row.kind == "memory":
            at = row.load.index("--conns")
            conn_n = int(row.load[at + 1]) // (4 if a.quick else 1)
            return measure.memory(name, row, self.peers, conn_n)
        if row.kind == "routes":
            return configuration.routes()
        if row.kind in ("latency", "swap"):
            rate = sorted(self.nginx_rate)[len(self.nginx_rate) // 2] / 2
        if row.kind == "swap":
            return configuration.swap(row, self.peers, rate, a.seconds, a.warm)
        if row.kind == "latency":
            return self.window(name, row, ["--rate", "%.0f" % rate])
        return self.window(name, row)

    def window(self, name, row, extra=()):
        a = self.args
        return measure.quiet(lambda: measure.rate(name, row, self.peers, a.seconds, a.warm, extra), a.tries)

    def prepare(self, row):
        """Row 19 needs nginx's saturated rate of this same run: what it does with the whole of its core."""
        if row.kind in ("latency", "swap") and not self.nginx_rate:
            got = self.window("nginx", BY_NUMBER[1])
            self.nginx_rate.append(got["value"])

    def note(self, row, name, turn, got):
        text = "%d/%d row %2d %-8s" % (turn + 1, self.args.rounds, row.number, name)
        if row.kind == "latency":
            text += "p50 %.0f us, p99 %.0f us, p99.9 %.0f us at %.0f/s" % (got["p50_us"], got["p99_us"],
                                                                           got["p999_us"], got["per_second"])
        elif row.kind == "routes":
            text += "%s; compiled in %.0f ms, %.0f bytes a route" % (
                ", ".join("%d: %.0f ns" % (n, s["match_ns"]) for n, s in got["sizes"].items()),
                got["sizes"][configuration.SIZES[-1]]["compile_ms"], got["sizes"][configuration.SIZES[-1]]["bytes_per_route"])
        elif row.kind == "swap":
            text += "p50 %.0f us, p99 %.0f us with %d swaps, %.0f and %.0f us without, at %.0f/s" % (
                got["p50_us"], got["value"], got["swaps"], got["calm_p50_us"], got["calm_p99_us"], got["per_second"])
        elif row.kind == "memory":
            text += "%.0f bytes per connection" % got["value"]
        else:
            text += "%s %s; proxy core %.0f%%, load %.0f%% busy" % (
                report.number(got["value"], row), row.unit, 100 * got["proxy_core"], 100 * got["load_busy"])
        if got.get("disturbed", 0) > measure.DISTURBED_MAX:
            text += " (others had a core for %.0f%% of it)" % (100 * got["disturbed"])
        print(text, flush=True)

    def all(self):
        for turn in range(self.args.rounds):
            for n in self.args.rows:
                row = BY_NUMBER[n]
                cells = self.results.setdefault(n, {})
                try:
                    self.prepare(row)
                except Failed as e:
                    self.failures.append("row %d: nginx's saturated rate: %s" % (n, e))
                    continue
                for name in self.targets(row):
                    got = None
                    try:
                        got = self.one(row, name)
                        self.note(row, name, turn, got)
                    except Failed as e:
                        self.failures.append("row %d, %s, round %d: %s" % (n, name, turn + 1, e))
                        print("%d/%d row %2d %-8s FAILED: %s" % (turn + 1, self.args.rounds, n, name, e), flush=True)
                    cells.setdefault(name, []).append(got)
                    if n == 1 and name == "nginx" and got:
                        self.nginx_rate.append(got["value"])


def interrupted(_number, _frame):
    raise KeyboardInterrupt


def main():
    args = parse()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupted)
    cores()
    build()
    if "ours" in args.only and not os.path.exists(FORGED):
        print("bench: %s is not there (./build.sh build makes it): measuring the others" % FORGED)
        args.only.remove("ours")
    os.makedirs(WORK, exist_ok=True)
    peers = peers_of_debian.get(args.peers)
    net = network.separate() if args.network == "private" else network.host()
    for port in [PORT_BACKEND] + [p for pair in PORTS.values() for p in pair if p]:
        if is_open(port):
            die("port %d of 127.0.0.1 is in use, perhaps by another benchmark" % port)
    facts = about(args, peers, net)
    for pair in facts.items():
        print("%s: %s" % pair)
    run = Run(args, peers)
    end = 0
    try:
        run.all()
    except KeyboardInterrupt:
        end = 130
        print("\nbench: interrupted; the table holds what was measured")
    table = report.Table(run.results)
    print("\n" + report.write(OUT, table, facts, run.failures, plot.svg(table)))
    print("written: %s/{table.md,results.json,plot.svg}" % OUT)
    return 1 if run.failures else end


if __name__ == "__main__":
    sys.exit(main())
