"""swaps.py - a thousand swaps with two thousand long streams open: none is closed, no request fails.

A third each are WebSockets, event streams and HTTP/2 streams (fifty a connection). After each swap some of them are used;
in the middle and at the end all are. Streams keep the configuration that they began with, so a few are opened anew now and then.
"""
import random
import time

import ends
import h2
import watch
from child import Child
from forge import Forge, backend, free_port, gateway, route, rule, service, timeouts

STREAMS_A_CONNECTION = 50
USED_A_SWAP = 12


class WebSocket:
    kind = "websocket"

    def __init__(self, port):
        self.c, self.n = ends.connect(port, timeout=30), 0
        self.c.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert self.c.head()[0] == 101

    def use(self):
        message = b"message %d;" % self.n
        self.c.send(message)
        assert self.c.exactly(len(message)) == message
        self.n += 1

    def close(self):
        self.c.close()


class Events:
    """Its upstream sends a numbered event now and then; none may be missing."""
    kind = "events"

    def __init__(self, port):
        self.c, self.n, self.text = ends.connect(port, timeout=30), 0, b""
        self.c.send("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields = self.c.head()
        assert (status, fields["content-type"]) == (200, "text/event-stream")

    def use(self):
        while b"\n\n" not in self.text:
            piece = self.c.chunk()
            assert piece, "the event stream ended"
            self.text += piece
        *whole, self.text = self.text.split(b"\n\n")
        for event in whole:
            assert event == b"data: %d" % self.n, (event, self.n)
            self.n += 1

    def close(self):
        self.c.close()


class Connection:
    """An HTTP/2 connection that many streams share."""

    def __init__(self, port):
        self.peer = h2.Peer(ends.connect(port, timeout=30))


class Stream:
    kind = "http2"

    def __init__(self, connection):
        more = [("content-type", "application/grpc"), ("te", "trailers")]
        self.p = connection.peer
        self.number = self.p.request(h2.request_fields("POST", "/grpc/bidi", ends.HOST, "http", more), end=False)
        self.s, self.n = self.p.streams[self.number], 0

    def use(self):
        message = b"message %d;" % self.n
        self.p.data(self.number, message)
        self.p.until(lambda: len(self.s.body) >= len(message) or self.s.ended or self.s.reset is not None)
        assert bytes(self.s.body) == message, f"reset {self.s.reset}, goaway {self.p.goaway}"
        self.s.body.clear()
        self.n += 1

    def close(self):
        pass


def documents(port, up_port, i):
    """The i-th configuration: a header says which it is; a route and an upstream come and go, the streams' own routes change."""
    header = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-generation", "value": str(i)}]}}
    docs = [gateway(port), service("a", up_port), service("g", up_port, protocol="grpc"),
            timeouts(http={"requestTimeout": "0s", "streamIdleTimeout": f"{3600 + i % 2}s"}),
            route("all", rule("/", [backend("a")], filters=[header]), rule("/grpc", [backend("g", weight=1 + i % 3)]),
                  *[rule(f"/extra/{i}/{k}", [backend("a")]) for k in range(i % 5)])]
    if i % 4 == 1:
        docs += [service("passing", up_port), route("passing", rule("/passing", [backend("passing")]))]
    return docs


def open_streams(port, n):
    out, connections = [], []
    for k in range(n):
        if k % 3 == 0:
            out.append(WebSocket(port))
        elif k % 3 == 1:
            out.append(Events(port))
        else:
            if (k // 3) % STREAMS_A_CONNECTION == 0:
                connections.append(Connection(port))
            out.append(Stream(connections[-1]))
    return out, connections


def use(streams, broken):
    for s in streams:
        try:
            s.use()
        except Exception as e:
            broken.setdefault(s.kind, []).append(repr(e)[:200])


def renew(streams, at, port):
    """A WebSocket that begins now keeps this generation until its end."""
    assert streams[at].kind == "websocket"
    streams[at].close()
    streams[at] = WebSocket(port)


def swaps(report, o):
    streams_n, swaps_n = o.streams or (2000 if o.long else 150), o.reloads or (1000 if o.long else 60)
    port, up_port, broken, rng = free_port(), free_port(), {}, random.Random(1)
    with Child("upstream.py", up_port, "a") as up:
        up.read()
        with Forge(documents(port, up_port, 0), workers=2, drain=2) as f:
            streams, connections = open_streams(port, streams_n)
            use(streams, broken)
            options = ["--port", port, "--path", "/hello", "--path", "/x/hello", "--body", 0, "--body", 5000]
            with Child("load.py", "--keep", 6, "--fresh", 2, "--pause", 0.01, *options) as load:
                load.read()
                began, rss = time.monotonic(), watch.Rss(f)
                for i in range(1, swaps_n + 1):
                    f.reload(documents(port, up_port, i))
                    use(rng.sample(streams, USED_A_SWAP), broken)
                    if i == swaps_n // 2:
                        use(streams, broken)
                    if i % 10 == 0:
                        renew(streams, i // 10 % (streams_n // 3) * 3, port)
                seconds = time.monotonic() - began
                done = load.ask("stop")
                rss.end()
            use(streams, broken)
            open_n = sum(c.peer.goaway is None for c in connections)
            report.tell(f"{swaps_n} swaps in {seconds:.0f} s with {len(streams)} streams open; {done['requests']} requests beside "
                        f"them, {done['wrong_n']} failed, {done['generations']} generations seen; RSS at most {rss.most()} KiB; "
                        f"endings {f.endings()}")
            report.check(f"{swaps_n}-swaps-close-no-stream", not broken, f"{ {k: (len(v), v[0]) for k, v in broken.items()} }")
            report.check("no-goaway", open_n == len(connections), f"{len(connections) - open_n} connections were told to go")
            report.check("no-request-failed", done["wrong_n"] == 0 and done["requests"] > swaps_n and not done["named"]
                         and not done["cuts"], f"{done}")
            report.check("all-generations-were-live", done["generations"] > swaps_n // 4, f"{done['generations']}")
            for s in streams:
                s.close()
            for c in connections:
                c.peer.close()
