"""One measurement: start a proxy, run the load program against it, stop it. Answers plain figures."""
import json
import os
import subprocess
import time

from targets import Failed, Target
from where import BUILD, PORT_BACKEND, cores

LOAD = os.path.join(BUILD, "load")
IDLE_WARM_N = 64
DISTURBED_MAX = 0.10  # share of a window in which others had the cores; above, it is measured again


def load_argv(target, args):
    return ["taskset", "-c", str(cores()[1]), LOAD, "--proxy", str(target.port), "--backend", str(PORT_BACKEND),
            "--pids", ",".join(str(p) for p in target.pids())] + args


def run_load(target, args, seconds, warm):
    argv = load_argv(target, args + ["--seconds", str(seconds), "--warm", str(warm)])
    try:
        got = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=seconds + warm + 90)
    except subprocess.TimeoutExpired:
        raise Failed("the load program did not end")
    if got.returncode != 0:
        raise Failed(got.stderr.strip().replace("bench: ", "") or "the load program ended with %d" % got.returncode)
    return json.loads(got.stdout.splitlines()[-1])


def checked(raw, row):
    """The figures of a window, after a look at whether they mean anything."""
    if raw["errors"] or raw["backend_bad"]:
        raise Failed("%d answers were wrong: %s" % (raw["errors"] + raw["backend_bad"],
                                                    raw["error"] or "at the backend"))
    if raw["answered"] == 0 or raw["proxy_cpu_ns"] == 0:
        raise Failed("nothing was answered")
    if "--resume" in row.load and raw["resumed"] < 0.95 * raw["handshakes"]:
        raise Failed("only %d of %d handshakes were resumed" % (raw["resumed"], raw["handshakes"]))
    if "--plan each --tls".split() == row.load[:3] and "--resume" not in row.load and raw["resumed"] > 0:
        raise Failed("%d handshakes were resumed, all should be full" % raw["resumed"])
    return raw


def summary(raw, row):
    wall = raw["seconds"]
    cpu = raw["proxy_cpu_ns"] / 1e9
    split = raw["proxy_user_ns"] + raw["proxy_system_ns"]
    value = raw["body_bytes"] / 1e9 / cpu if row.bulk else raw["answered"] / cpu
    return {"value": value, "per_second": raw["answered"] / wall, "proxy_core": cpu / wall,
            "proxy_user_share": raw["proxy_user_ns"] / split if split else 0.0,
            "load_busy": 1 - raw["self_idle_ns"] / 1e9 / wall, "proxy_waited": raw["proxy_wait_ns"] / 1e9 / wall,
            "load_waited": raw["self_wait_ns"] / 1e9 / wall,
            "disturbed": max(raw["proxy_wait_ns"], raw["self_wait_ns"]) / 1e9 / wall, "p50_us": raw["p50_ns"] / 1e3,
            "p90_us": raw["p90_ns"] / 1e3, "p99_us": raw["p99_ns"] / 1e3, "p999_us": raw["p999_ns"] / 1e3,
            "late": raw["late"], "raw": raw}


def rate(name, row, peers, seconds, warm, extra=()):
    """A row of kind rate or latency for one target."""
    target = Target(name, row, peers)
    try:
        target.start()
        return summary(checked(run_load(target, row.load + list(extra), seconds, warm), row), row)
    finally:
        target.stop()


def quiet(measure_once, tries):
    """The least disturbed of up to so many windows; the first that nobody disturbed ends it."""
    best = None
    for _ in range(tries):
        got = measure_once()
        if best is None or got["disturbed"] < best["disturbed"]:
            best = got
        if best["disturbed"] <= DISTURBED_MAX:
            break
    return best


def hold(target, args, use):
    """Open idle connections, call use(), let them go."""
    child = subprocess.Popen(load_argv(target, args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    try:
        line = child.stdout.readline()
        if not line.startswith("held "):
            raise Failed(child.stderr.read().strip().replace("bench: ", "") or "no connections were held")
        held_n = int(line.split()[1])
        result = use()
        out, _ = child.communicate(input="", timeout=10)
        end = json.loads(out.splitlines()[-1])
        if end["errors"]:
            raise Failed("%d of the idle connections were lost" % end["errors"])
        return held_n, result
    finally:
        child.kill()
        child.wait()


def settled_memory(target):
    """Give the proxy a moment to return what a handshake or a request needed."""
    time.sleep(1.5)
    return target.memory()


def memory(name, row, peers, conn_n):
    """Bytes per idle connection: the growth of resident memory from 64 connections gone to conn_n held."""
    target = Target(name, row, peers)
    at = row.load.index("--conns")
    args = row.load[:at] + row.load[at + 2:]
    try:
        target.start()
        hold(target, args + ["--conns", str(IDLE_WARM_N)], lambda: None)
        before = settled_memory(target)
        held_n, after = hold(target, args + ["--conns", str(conn_n)], lambda: settled_memory(target))
        return {"value": (after["Pss"] - before["Pss"]) / held_n,
                "rss_per_connection": (after["Rss"] - before["Rss"]) / held_n,
                "rss_before": before["Rss"], "rss_after": after["Rss"], "connections": held_n}
    finally:
        target.stop()
