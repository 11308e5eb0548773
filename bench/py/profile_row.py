"""bench/profile: run one row against one proxy under perf, strace or callgrind, and print what cost most."""
import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import main as bench
import measure
import network
import peers as peers_of_debian
from rows import BY_NUMBER, ROWS
from targets import NAMES, Failed, Target
from where import FORGED, OUT, WORK, die


def parse():
    p = argparse.ArgumentParser(prog="bench/profile", formatter_class=argparse.RawDescriptionHelpFormatter,
                                description="Where a proxy spends its CPU time during one row of the benchmark.",
                                epilog="Rows:\n" + "\n".join("  %2d  %s" % (r.number, r.title) for r in ROWS
                                                             if r.kind != "memory"))
    p.add_argument("row", type=int)
    p.add_argument("--target", choices=NAMES, default="ours")
    p.add_argument("--seconds", type=float, default=3.0, help="how long to record (3)")
    p.add_argument("--how", choices=("perf", "strace", "callgrind"), help="perf when it works, else strace")
    p.add_argument("--top", type=int, default=40, help="how many symbols (40)")
    p.add_argument("--callers", action="store_true", help="with perf: the call graph of the most expensive as well")
    p.add_argument("--rate", type=float, default=20000, help="requests per second of row 19 (20000)")
    a = p.parse_args()
    if a.row not in BY_NUMBER or BY_NUMBER[a.row].kind == "memory":
        die("there is no such row to profile: see --help")
    return a


def perf_event():
    """The sampling event that works here: hardware cycles, or the clock in a VM without counters."""
    for event in ("cycles", "cpu-clock"):
        got = subprocess.run(["perf", "stat", "-e", event, "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
        if got.returncode == 0 and "not supported" not in got.stdout:
            return event
    return None


def lines_of(argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()


def perf_record(pids, seconds, event):
    data = os.path.join(OUT, "perf.data")
    argv = ["perf", "record", "-q", "-e", event, "-F", "4999", "-g", "-p", ",".join(map(str, pids)), "-o", data, "--",
            "sleep", str(seconds)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return data


def perf_print(data, top, callers):
    base = ["perf", "report", "-i", data, "--stdio", "--no-children"]
    rows = [line.rstrip(" -") for line in lines_of(base + ["-g", "none", "--sort", "dso,symbol"])
            if re.match(r"\s+[\d.]+%", line)]
    shares = collections.Counter()
    for line in rows:
        share, dso, kind = line.split()[:3]
        shares["kernel" if kind == "[k]" else dso] += float(share.rstrip("%"))
    print("Share by place:")
    for place, share in shares.most_common(8):
        print("  %6.2f%%  %s" % (share, place))
    print("\nTop symbols in user space:")
    for line in [r for r in rows if "[.]" in r][:top]:
        print(line)
    print("\nTop symbols in the kernel:")
    for line in [r for r in rows if "[k]" in r][:top // 2]:
        print(line)
    if callers:
        print("\nCall graph:")
        print("\n".join(lines_of(base + ["-g", "caller,0.5,callee,function,percent", "--percent-limit", "1.5"])[:200]))
    print("\nrecorded: %s (perf report -i, perf annotate -i)" % data)


def strace_print(pids, seconds):
    argv = ["timeout", "-s", "INT", str(seconds), "strace", "-c", "-f"] + [x for p in pids for x in ("-p", str(p))]
    print(subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout)


def callgrind_print(top):
    """Pre: the proxy ran under callgrind and has ended."""
    files = sorted(f for f in os.listdir(WORK) if f.startswith("callgrind.out"))
    for name in files:
        print("\n".join(lines_of(["callgrind_annotate", os.path.join(WORK, name)])[:top + 25]))


def start_load(target, row, a, extra_seconds):
    args = list(row.load)
    if row.kind == "latency":
        args += ["--rate", str(a.rate)]
    args += ["--warm", "0.7", "--seconds", str(a.seconds + extra_seconds)]
    return subprocess.Popen(measure.load_argv(target, args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            text=True)


def main():
    a = parse()
    row = BY_NUMBER[a.row]
    if a.target == "ours" and not os.path.exists(FORGED):
        die("%s is not there: ./build.sh build makes it" % FORGED)
    signal.signal(signal.SIGTERM, bench.interrupted)
    bench.build()
    os.makedirs(WORK, exist_ok=True)
    peers = peers_of_debian.get("newest") if a.target in ("nginx", "haproxy") else None
    network.separate()
    event = perf_event() if shutil.which("perf") else None
    how = a.how or ("perf" if event else "strace")
    if how == "strace" and not shutil.which("strace"):
        die("neither perf (package linux-perf) nor strace is there")
    target = Target(a.target, row, peers)
    if how == "callgrind":
        for name in os.listdir(WORK):
            if name.startswith("callgrind.out"):
                os.remove(os.path.join(WORK, name))
        target.argv = ["valgrind", "--tool=callgrind", "-q",
                       "--callgrind-out-file=%s/callgrind.out.%%p" % WORK] + target.argv
    load = None
    try:
        target.start()
        load = start_load(target, row, a, 1.0)
        time.sleep(1.0)
        if how == "perf":
            data = perf_record(target.pids(), a.seconds, event)
        elif how == "strace":
            strace_print(target.pids(), a.seconds)
        out, _ = load.communicate(timeout=a.seconds + 60)
        print("row %d, %s, by %s%s" % (a.row, a.target, how, " (%s)" % event if how == "perf" else ""))
        if load.returncode == 0:
            raw = measure.summary(measure.checked(measure.json.loads(out.splitlines()[-1]), row), row)
            print("%.3g %s, %.2f us of CPU per request, %.0f%% of it in user space; %.0f requests/s\n" % (
                raw["value"], row.unit, raw["raw"]["proxy_cpu_ns"] / raw["raw"]["answered"] / 1e3,
                100 * raw["proxy_user_share"], raw["per_second"]))
        if how == "perf":
            perf_print(data, a.top, a.callers)
    except Failed as e:
        die(str(e))
    finally:
        if load and load.poll() is None:
            load.kill()
        target.stop()
    if how == "callgrind":
        callgrind_print(a.top)
    return 0


if __name__ == "__main__":
    sys.exit(main())
