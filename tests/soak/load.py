"""load.py OPTIONS - so many busy connections until its owner says "stop", each answer checked; then what came of it, as JSON.

A generation (x-generation of the answer, set by the documents) may not go back on one connection.
"""
import argparse
import sys
import threading
import time

import ends
from child import raise_descriptor_limit, tell


class Count:
    def __init__(self):
        self.lock = threading.Lock()
        self.requests = self.cuts = self.opened = 0
        self.named, self.wrong, self.slowest, self.generations = {}, [], (0.0, "nothing"), set()
        self.wrong_n = 0

    def fail(self, what):
        with self.lock:
            self.wrong_n += 1
            if len(self.wrong) < 10:
                self.wrong.append(what)

    def sum(self):
        with self.lock:
            return {"requests": self.requests, "cuts": self.cuts, "opened": self.opened, "named": self.named,
                    "wrong_n": self.wrong_n, "wrong": self.wrong, "slowest": self.slowest,
                    "generations": len(self.generations)}


def one_connection(o, kind, number, count, stop):
    context = ends.tls_context("h2" if kind == "h2" else "http/1.1") if o.tls else None
    end, generation, at, last = None, 0, number, "nothing"
    while not stop.is_set():
        path = o.path[at % len(o.path)]
        body_bytes = o.body[at // len(o.path) % len(o.body)] if path.endswith("hello") else 0
        at += 1
        n = 4 if at % 5 == 0 and kind != "fresh" and not o.single else 1
        began, outcome = time.monotonic(), "answered"
        try:
            if end is None:
                end = (ends.H2 if kind == "h2" else ends.H1)(o.port, context, f"127.0.0.{2 + number % 50}",
                                                             timeout=o.timeout)
                generation = 0
                count.opened += 1
            got = end.ask(path, body_bytes, n)
            if got < generation:
                raise ends.Wrong(f"generation {got} after {generation}")
            generation = got
            count.generations.add(got)
            last = f"{n} x {path} {body_bytes}"
        except ends.Named as e:
            outcome = e.why
            with count.lock:
                count.named[e.why] = count.named.get(e.why, 0) + 1
        except ends.Cut:
            outcome = "cut"
            with count.lock:
                count.cuts += 1
            if kind != "h2":
                end.close()
                end = None
        except Exception as e:
            took, outcome = time.monotonic() - began, "wrong"
            count.fail(f"{kind} {number}: {path} {body_bytes} x{n} after {took:.2f} s, before it {last}: {e!r}")
            if end is not None:
                end.close()
            end = None
            stop.wait(0.1)
        took = time.monotonic() - began
        with count.lock:
            count.requests += n
            count.slowest = max(count.slowest, (round(took, 3), f"{kind} {path} {body_bytes} x{n}: {outcome}"))
        if kind == "fresh" and end is not None:
            end.close()
            end = None
        stop.wait(o.pause)
    if end is not None:
        end.close()


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "keep", "fresh", "h2"):
        parser.add_argument("--" + name, type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--single", action="store_true", help="one request at a time on a connection")
    parser.add_argument("--pause", type=float, default=0.05)
    parser.add_argument("--timeout", type=float, default=15)
    parser.add_argument("--path", action="append")
    parser.add_argument("--body", type=int, action="append")
    o = parser.parse_args()
    o.body = o.body or [0]
    raise_descriptor_limit()
    count, stop = Count(), threading.Event()
    kinds = ["keep"] * o.keep + ["fresh"] * o.fresh + ["h2"] * o.h2
    threads = [threading.Thread(target=one_connection, args=(o, k, i, count, stop), daemon=True) for i, k in enumerate(kinds)]
    for t in threads:
        t.start()
    tell("ready")
    for line in sys.stdin:
        if line.strip() == "stop":
            stop.set()
            for t in threads:
                t.join(o.timeout + 5)
            if any(t.is_alive() for t in threads):
                count.fail("a connection still hangs at the end")
        tell(count.sum())


if __name__ == "__main__":
    main()
