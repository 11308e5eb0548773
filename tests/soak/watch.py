"""watch.py - the gateway's memory over time, and its gauges before and after."""
import os
import re
import threading
import time


class Rss:
    """Samples of resident memory, KiB, one each period."""

    def __init__(self, forge, period=1.0):
        self.forge, self.period, self.samples = forge, period, []
        self.began, self.stop = time.monotonic(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stop.wait(self.period):
            try:
                self.samples.append((time.monotonic() - self.began, self.forge.rss_kb()))
            except (OSError, AttributeError):
                return

    def end(self):
        self.stop.set()
        self.thread.join()

    def most(self):
        return max(kb for _, kb in self.samples)

    def flatness(self, warm_s):
        """(KiB after the warm-up, KiB at the end, growth over the whole window by the line of least squares)."""
        tail = [(t, kb) for t, kb in self.samples if t >= warm_s]
        n = max(1, min(10, len(tail) // 4))
        mean_t = sum(t for t, _ in tail) / len(tail)
        mean_kb = sum(kb for _, kb in tail) / len(tail)
        spread = sum((t - mean_t) ** 2 for t, _ in tail) or 1.0
        slope = sum((t - mean_t) * (kb - mean_kb) for t, kb in tail) / spread
        return median(kb for _, kb in tail[:n]), median(kb for _, kb in tail[-n:]), slope * (tail[-1][0] - tail[0][0])


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def budget_kb(forge):
    """The start-up line "memory budget ... N MiB", KiB."""
    found = re.search(r"memory.* (\d+) MiB", forge.output())
    assert found, "forged prints no memory budget at start"
    return int(found.group(1)) * 1024


def live(forge):
    """{pool: slots taken, over all workers}, and descriptors. Control, the last thread, serves whoever asks for this."""
    out = {"descriptors": len(os.listdir(f"/proc/{forge.process.pid}/fd"))}
    for key, value in forge.metrics().items():
        found = re.match(r'forge_pool_live\{pool="([^"]+)",thread="(\d+)"', key)
        if found and int(found.group(2)) < forge.workers:
            out[found.group(1)] = out.get(found.group(1), 0) + int(value)
    return out
