"""What a configuration of many routes costs: to compile, to keep, to match with, and to swap under load. Ours only."""
import json
import os
import subprocess
import threading
import time

import measure
from targets import Failed, Target
from where import FORGED, cores

ROUTES = os.path.join(os.path.dirname(FORGED), "bench", "bench_routes")
SIZES = [10, 100, 1000, 10000]
SWAP_ROUTES_N = 10000
SWAP_EVERY_S = 1.0
SWAP_SECONDS_MIN = 4.0


def routes():
    """One round of row 20: {routes: figures}."""
    out = {}
    for n in SIZES:
        got = subprocess.run(["taskset", "-c", str(cores()[0]), ROUTES, str(n), "5"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        if got.returncode != 0:
            raise Failed("bench_routes %d: %s" % (n, got.stderr.strip() or "some request found another route: " + got.stdout))
        out[n] = json.loads(got.stdout)
    largest, smallest = out[SIZES[-1]], out[SIZES[0]]
    return {"value": largest["match_ns"], "smallest_ns": smallest["match_ns"], "sizes": out}


def many_routes(generation):
    """Documents of so many routes; one of them is another in each generation."""
    rules = []
    for i in range(SWAP_ROUTES_N):
        number = generation if i == 0 else i
        rules.append("---\n{type: MeshHTTPRoute, name: r%d, spec: {to: [{targetRef: {kind: Mesh}, hostnames: [h%d.test], rules: "
                     "[{matches: [{path: {type: PathPrefix, value: '/team-%d/r%d'}}], default: {backendRefs: "
                     "[{kind: MeshExternalService, name: backend}]}}]}]}}\n" % (i, i // 100, i % 13, number))
    return "".join(rules)


def swap(row, peers, rate_hz, seconds, warm):
    """One round of row 21: the same paced load without swaps and with one each second, on one core with control."""
    target = Target("ours", row, peers)
    path = os.path.join(target.where, "conf", "routes.yaml")
    seconds = max(seconds, SWAP_SECONDS_MIN)
    ended, swaps = threading.Event(), [0]

    def write(generation):
        with open(path + ".new", "w") as f:
            f.write(many_routes(generation))
        os.rename(path + ".new", path)

    def run_swaps():
        while not ended.wait(SWAP_EVERY_S):
            swaps[0] += 1
            write(swaps[0])
            os.kill(target.forged(), 1)

    def window():
        args = row.load + ["--rate", "%.0f" % rate_hz]
        return measure.summary(measure.checked(measure.run_load(target, args, seconds, warm), row), row)

    try:
        write(0)
        target.start()
        calm = window()
        swapper = threading.Thread(target=run_swaps)
        swapper.start()
        try:
            busy = window()
        finally:
            ended.set()
            swapper.join()
        time.sleep(1)
        if target.process.poll() is not None:
            raise Failed("the gateway ended")
        return {"value": busy["p99_us"], "calm_p99_us": calm["p99_us"], "p50_us": busy["p50_us"], "calm_p50_us": calm["p50_us"],
                "swaps": swaps[0], "per_second": busy["per_second"], "disturbed": max(calm["disturbed"], 0)}
    finally:
        target.stop()
