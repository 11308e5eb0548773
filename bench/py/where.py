"""Where things are: the tree, the build output, the ports, the cores."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
OUT = os.path.join(ROOT, ".out", "bench")
BUILD = os.path.join(OUT, "build")
WORK = os.path.join(OUT, "work")
PEERS = os.path.join(OUT, "peers")
DEPS = os.path.join(ROOT, ".out", "deps")
FORGED = os.path.join(ROOT, ".out", "release", "forged")

PORT_BACKEND = 21900
PORTS = {  # target: (cleartext, TLS); each its own, because a dead io_uring holds its sockets a little longer
    "ours": (21010, 21011),
    "nginx": (21020, 21021),
    "haproxy": (21030, 21031),
    "floor": (21040, None),
}


def die(sentence):
    print("bench: " + sentence, file=sys.stderr)
    sys.exit(2)


def cores():
    """The proxy's core and the generator's."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        die("two CPUs are wanted: one for the proxy, one for the load and the backend")
    return allowed[0], allowed[1]
