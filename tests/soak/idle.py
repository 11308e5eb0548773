"""idle.py PORT N - hold N TLS connections that do nothing; on "again" ask one request of each.

Of ten, seven speak HTTP/1.1 and two HTTP/2 after one request, and one has only shaken hands.
"""
import sys
import time

import ends
from child import raise_descriptor_limit, tell

A_SOURCE = 4000  # connections from one address


def main():
    port, n = int(sys.argv[1]), int(sys.argv[2])
    raise_descriptor_limit()
    contexts = {ends.H1: ends.tls_context("http/1.1"), ends.H2: ends.tls_context("h2")}
    held, began = [], time.monotonic()
    for i in range(n):
        kind = ends.H2 if i % 10 in (3, 7) else ends.H1
        end = kind(port, contexts[kind], f"127.0.0.{100 + i // A_SOURCE}")
        if i % 10 != 9:
            end.ask("/hello")
        held.append(end)
    tell({"held": len(held), "seconds": round(time.monotonic() - began, 1)})
    for _ in sys.stdin:
        wrong, oldest, began = [], 1 << 60, time.monotonic()
        for i, end in enumerate(held):
            try:
                oldest = min(oldest, end.ask("/hello"))
            except Exception as e:
                wrong.append(f"connection {i} ({type(end).__name__}): {e!r}")
        tell({"wrong_n": len(wrong), "wrong": wrong[:5], "oldest": oldest, "seconds": round(time.monotonic() - began, 1)})


if __name__ == "__main__":
    main()
