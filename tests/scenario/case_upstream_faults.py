"""Upstreams that fail in every way: only named 5xx, the client sees each cut, nothing hangs, and nothing is left over."""
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from forge import Forge, backend, free_port, gateway, route, rule, service, simple, timeouts
from peer import Client, Upstream, serving

GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def reset(c):
    c.reset()


def head_then_close(c):
    c.send("HTTP/1.1 200 OK\r\nContent-Le")


# name, what it does with a whole request, status, ending
BEFORE_THE_ANSWER = [
    ("closes", lambda c: None, 502, "up-reset-early"),
    ("resets", reset, 502, ("up-reset-early", "io-reset")),
    ("closes in mid head", head_then_close, 502, ("up-reset-late", "up-reset-early")),
    ("closes after 100", lambda c: c.send("HTTP/1.1 100 Continue\r\n\r\n"), 502, ("up-reset-late", "up-reset-early")),
    ("closes after 103", lambda c: c.send("HTTP/1.1 103 Early Hints\r\n\r\n"), 502, ("up-reset-late", "up-reset-early")),
    ("says nonsense", lambda c: c.send("what?\r\n\r\n"), 502, "h1-answer-head"),
    ("says nothing but a blank line", lambda c: c.send("\r\n"), 502, "h1-answer-head"),
]


def test_before_the_answer():
    """To POST, which is never tried again, so that each fault is seen once."""
    fault = []

    def script(c, _):
        while True:
            Upstream.take(c)
            if fault[0](c) is None:
                return

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        for name, act, status, why in BEFORE_THE_ANSWER:
            fault[:] = [act]
            whys = why if isinstance(why, tuple) else (why,)
            got, fields, body = c.post("x")
            assert got == status and any(f":why:{w}\"".encode() in body for w in whys), f"{name}: {got} {body!r}"
            assert any(f.ending(w) for w in whys), name
        assert len(up.requests) == len(BEFORE_THE_ANSWER), "a POST was sent twice"


def cut(text):
    def script(c, _):
        Upstream.take(c)
        c.send(text)
    return script


CUT_BODIES = [
    ("length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd", b"abcd"),
    ("length, none of it", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b""),
    ("chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabcd", b"abcd"),
    ("between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n", b"abcd"),
    ("before the last line", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n", b"abcd"),
    ("in a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n", b"abcd"),
]


def test_cut_in_mid_body_is_a_cut_for_the_client():
    for name, text, _ in CUT_BODIES:
        with Upstream(cut(text)) as up, simple(up) as f:
            for version in ("1.1", "1.0"):
                with Client(f.port) as c:
                    c.send(f"GET / HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\n")
                    raw = c.rest()
                    # Content-Length not reached, no last chunk; and where the end of the connection is the end of the body,
                    # a reset is the only way to say it.
                    complete = raw.endswith(b"\r\n0\r\n\r\n") or raw.endswith(b"abcdefghij")
                    assert not complete, f"{name}, {version}: looks complete: {raw!r}"
                    framed = b"ontent-" in raw.split(b"\r\n\r\n")[0] and b"ength" in raw or b"chunked" in raw
                    is_502 = raw.startswith(b"HTTP/1.1 502")
                    assert framed or c.was_reset or is_502, f"{name}, {version}: the cut cannot be seen: {raw!r}"
            f.wait_ending("up-reset-late", 2)


BAD_CHUNKS = ["zz\r\n", "-1\r\n", "5\r\nabcdeXX", "5;\x00\r\nabcde\r\n", "FFFFFFFFFFFFFFFFF\r\n"]


def test_broken_chunks_of_an_answer_are_a_cut():
    text = []
    with Upstream(serving(lambda c, *_: c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + text[0]))) as up:
        with simple(up) as f:
            for bad in BAD_CHUNKS:
                text[:] = [bad]
                with Client(f.port) as c:
                    c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    raw = c.rest()
                    assert b"\r\n0\r\n\r\n" not in raw, raw
            f.wait_ending("h1-answer-chunk", len(BAD_CHUNKS))
            text[:] = ["0\r\n\r\n"]
            with Client(f.port) as c:
                assert c.get()[2] == b"abc"


def test_refused_port():
    with simple(free_port()) as f, Client(f.port) as c:
        for i in range(5):
            c.ask_problem(GET, 502, "io-refused")
        c.post("body")
        assert f.ending("io-refused") == 6


def test_no_route_to_host():
    """An address of a test network (RFC 5737) that the machine rejects or never answers."""
    docs = [gateway(free_port()), service("a", 9, address="127.0.0.1"), route("all", rule("/", [backend("a")]))]
    docs[1]["spec"]["endpoints"] = [{"address": "255.255.255.255", "port": 9}]
    with Forge(docs) as f, Client(f.port) as c:
        status, _, body = c.get()
        assert status in (502, 503, 504) and (b"io-unreachable" in body or b"io-failed" in body or b"io-refused" in body), body


def test_connect_timeout():
    """A server that accepts no more (its queue is full) answers nothing at all: an end after the timeout, three times."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        with simple(port, [timeouts(connectionTimeout="300ms")]) as f, Client(f.port) as c:
            began, before = time.monotonic(), f.metric("forge_responses_5xx_total")  # "not ready" may have been asked for.
            c.ask_problem(GET, 504, "up-connect-timeout")
            assert 0.8 < time.monotonic() - began < 4, time.monotonic() - began
            f.wait(lambda: f.metric("forge_responses_5xx_total") == before + 1, f.metrics)  # The record may follow.
            assert f.metric("forge_upstream_retries_total") == 2, f.metrics()


def test_route_without_a_backend_that_exists():
    with Forge([gateway(free_port()), route("all", rule("/", [backend("gone")]))]) as f, Client(f.port) as c:
        c.ask_problem(GET, 500, "route-no-backend")
        assert c.is_open()


def test_request_to_a_dead_upstream_with_a_large_body():
    """The body of a refused request is not swallowed for ever, and the client gets its answer."""
    with simple(free_port()) as f:
        with Client(f.port) as c:
            c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
            c.send_try(b"x" * 300000)
            fields = c.problem(502, "io-refused")
            assert fields.get("connection") == "close", fields
            assert c.is_closed()
        with Client(f.port) as c:
            c.ask_problem(GET, 502, "io-refused")


def test_one_of_two_endpoints_is_dead():
    """A refused connection is tried at another endpoint: nobody sees it."""
    with Upstream() as up, Forge([gateway(free_port()), service("a", free_port(), up.port),
                                  route("all", rule("/", [backend("a")]))]) as f, Client(f.port) as c:
        for i in range(20):
            assert c.get(f"/{i}")[0] == 200
            assert c.post("x")[0] == 200
        assert f.metric("forge_upstream_retries_total") > 0


def test_upstream_answers_before_it_reads_and_goes():
    def script(c, _):
        c.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy")

    with Upstream(script) as up, simple(up) as f:
        for _ in range(10):
            with Client(f.port) as c:
                status, _, body = c.get()
                assert (status, body) == (503, b"busy") or status == 502, (status, body)


def test_client_goes_before_the_answer():
    """The upstream's connection is let go, and the slot with it. A client that only shut its sending side looks the same and is
    taken for gone, too (http/h1_server.c says why; the lead's decision)."""
    ended = []

    def script(c, _):
        Upstream.take(c)
        try:
            c.exactly(1)
        except (EOFError, ConnectionResetError):
            ended.append(1)

    with Upstream(script) as up, simple(up) as f:
        for i in range(6):
            c = Client(f.port)
            c.send(GET)
            up.wait_requests(i + 1)
            if i % 2:
                c.reset()
            else:
                c.close()
        f.wait(lambda: len(ended) == 6, lambda: f"6 ended, not {len(ended)}")
        assert f.ending("conn-client-gone") == 6, f.endings()


def test_client_goes_in_mid_answer():
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            while True:
                c.send(b"x" * 100000)
        except OSError:
            gone.append(1)

    gone = []
    with Upstream(script) as up, simple(up) as f:
        for _ in range(4):
            with Client(f.port) as c:
                c.send(GET)
                c.exactly(200000)
        f.wait(lambda: len(gone) == 4, lambda: f"4 gone, not {len(gone)}")


KILLED = r'''
import socket, sys, threading
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(512)
print("up", flush=True)
def serve(c):
    buf = b""
    try:
        while True:
            while b"\r\n\r\n" not in buf:
                data = c.recv(65536)
                if not data:
                    return
                buf += data
            head, buf = buf.split(b"\r\n\r\n", 1)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"k" * 20000)
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
'''


class Process:
    """A real process as upstream, to be killed."""

    def __init__(self, port):
        self.port = port
        self.start()

    def start(self):
        self.p = subprocess.Popen([sys.executable, "-c", KILLED, str(self.port)], stdout=subprocess.PIPE)
        assert self.p.stdout.readline() == b"up\n"

    def kill(self):
        os.kill(self.p.pid, signal.SIGKILL)
        self.p.wait()
        self.p.stdout.close()


NAMED_5XX = (b"io-refused", b"up-reset-early", b"up-reset-late", b"io-reset", b"up-timeout", b"up-connect-timeout")


def test_kill_9_of_every_upstream_in_turn_under_load():
    """Shows 6: only named 5xx and visible cuts, nothing hangs, nothing leaks, and all is well again afterwards."""
    ups = [Process(free_port()) for _ in range(3)]
    docs = [gateway(free_port()), service("a", *(u.port for u in ups)), route("all", rule("/", [backend("a")]))]
    stop, wrong, seen = threading.Event(), [], {"ok": 0, "cut": 0, "5xx": 0}

    def load():
        c = None
        while not stop.is_set():
            try:
                c = c or Client(f.port, timeout=15)
                began = time.monotonic()
                status, _, body = c.get()
                if status == 200 and len(body) == 20000:
                    seen["ok"] += 1
                elif status in (502, 503, 504) and any(w in body for w in NAMED_5XX):
                    seen["5xx"] += 1
                else:
                    wrong.append(f"{status} {body[:200]!r}")
                if time.monotonic() - began > 10:
                    wrong.append("slower than 10 s")
            except (EOFError, ConnectionResetError):
                seen["cut"] += 1
                c.close()
                c = None
            except OSError as e:
                wrong.append(repr(e))
                return
        if c:
            c.close()

    try:
        with Forge(docs) as f:
            threads = [threading.Thread(target=load) for _ in range(8)]
            for t in threads:
                t.start()
            for u in ups:
                time.sleep(0.4)
                u.kill()
                time.sleep(0.4)
                u.start()
            for u in ups:  # All at once, too.
                u.kill()
            time.sleep(0.5)
            for u in ups:
                u.start()
            time.sleep(0.3)
            before = seen["ok"]
            f.wait(lambda: seen["ok"] > before + 20, "traffic after the last restart")
            stop.set()
            for t in threads:
                t.join(20)
                assert not t.is_alive(), "a client hangs"
            assert not wrong, wrong[:5]
            assert seen["ok"] > 100 and seen["5xx"] + seen["cut"] > 0, seen
            with Client(f.port) as c:
                for _ in range(20):
                    assert c.get()[0] == 200
    finally:
        stop.set()
        for u in ups:
            if u.p.poll() is None:
                u.kill()
