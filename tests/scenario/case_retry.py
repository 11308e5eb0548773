"""A request is tried again only where that is safe: nothing of it was acted on, or it may be acted on twice."""
import glob
import signal
import threading
import time

import h2
from forge import Forge, backend, free_port, gateway, route, rule, service, simple
from peer import Client, Upstream


def stale(keeps=1):
    """An upstream that answers some requests, then closes its kept connection when the next one arrives."""
    def script(c, number):
        for _ in range(keeps):
            Upstream.take(c)
            Upstream.answer(c, f"from {number}")
        Upstream.take_head(c)
    return script


def test_stale_kept_connection_is_tried_again_for_get():
    with Upstream(stale()) as up, simple(up) as f, Client(f.port) as c:
        for i in range(5):
            status, _, body = c.get(f"/{i}")
            assert status == 200, (i, status, body)
        assert f.metric("forge_upstream_retries_total") == 4, f.metrics()
        assert f.endings() == {}, f.endings()


def test_stale_kept_connection_for_each_idempotent_method():
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
        with Upstream(stale()) as up, simple(up) as f, Client(f.port) as c:
            assert c.get()[0] == 200
            assert c.request(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200, method


def test_stale_kept_connection_is_not_tried_again_for_post():
    for method in ("POST", "PATCH"):
        with Upstream(stale()) as up, simple(up) as f, Client(f.port) as c:
            assert c.get()[0] == 200
            c.send(f"{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            c.problem(502, "up-reset-early")
            assert up.connections_n == 1, "a POST was sent twice"


def test_kept_connection_closed_while_idle_is_noticed():
    """Closed before it was used again: even a POST finds a new connection, because nothing was sent."""
    def script(c, _):
        Upstream.take(c)
        Upstream.answer(c)

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        for i in range(5):
            assert c.post("x")[0] == 200
            f.wait(lambda n=i + 1: f.metric("forge_connections_closed_total") >= 0 and up.connections_n == n, "a new connection")
            time.sleep(0.05)
        assert up.connections_n == 5
        assert f.endings() == {}, f.endings()


def test_body_that_went_up_is_not_sent_again():
    def script(c, number):
        Upstream.take(c)
        Upstream.answer(c)
        Upstream.take(c)  # And closes without an answer.

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        assert c.get()[0] == 200
        c.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
        c.problem(502, "up-reset-early")
        assert len(up.requests) == 2 and up.connections_n == 1


def test_answer_that_began_is_not_asked_for_again():
    """Seen by the client or not: the upstream had begun to act."""
    for is_seen in (True, False):
        go = threading.Event()

        def script(c, number):
            Upstream.take(c)
            Upstream.answer(c)
            Upstream.take(c)
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            if is_seen:
                go.wait(10)

        with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
            assert c.get()[0] == 200
            c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if is_seen:
                assert c.head()[0] == 200 and c.exactly(4) == b"part"
                go.set()
                assert c.rest() == b""
            else:
                assert c.head()[0] in (200, 502)
            assert up.connections_n == 1 and len(up.requests) == 2


def test_tries_are_bounded():
    """All endpoints refuse: so many tries, then the named answer."""
    with Forge([gateway(free_port()), service("a", *(free_port() for _ in range(6))),
                route("all", rule("/", [backend("a")]))]) as f, Client(f.port) as c:
        c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, "io-refused")
        assert f.metric("forge_upstream_retries_total") == 2, f.metrics()


def test_refused_connection_is_tried_elsewhere_with_its_body():
    """Nothing was sent, so a POST may go to another endpoint, body and all."""
    with Upstream() as up:
        docs = [gateway(free_port()), service("a", free_port(), up.port), route("all", rule("/", [backend("a")]))]
        with Forge(docs) as f, Client(f.port) as c:
            for _ in range(6):
                assert c.post("0123456789" * 1000)[2] == b"hello 10000\n"


def is_stopped(pid):
    states = set()
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        with open(path) as f:
            name, rest = f.read().rsplit(") ", 1)
            if "(iou-" not in name:  # the kernel's own threads for the ring
                states.add(rest[0])
    return states == {"T"}


def test_body_that_comes_together_with_the_failure_goes_along():
    """While the gateway is stopped, its kept connection ends and the body arrives: it learns of both in one turn."""
    stopped = threading.Event()

    def script(c, connection):
        p, asked = h2.Peer(c, is_client=False), []
        try:
            while True:
                number, fields = p.next_head()
                asked.append(fields[":method"])
                if connection == 1 and asked == ["GET", "PUT"]:
                    stopped.wait(10)
                    return
                p.until(lambda: p.streams[number].ended)
                p.answer(number, bytes(p.streams[number].body))
        except h2.Gone:
            pass

    with Upstream(script) as up, simple(up, protocol="http2") as f, Client(f.port) as c:
        assert c.get()[0] == 200
        c.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        f.wait(lambda: f.metric("forge_upstream_reuses_total") >= 1, "the head on the kept connection")
        f.process.send_signal(signal.SIGSTOP)
        try:
            f.wait(lambda: is_stopped(f.process.pid), "all threads to stop")
            stopped.set()
            c.send("x" * 20000)
            time.sleep(0.3)
        finally:
            f.process.send_signal(signal.SIGCONT)
        status, _, body = c.response()
        assert (status, len(body)) == (200, 20000), (status, body[:300])
        assert up.connections_n == 2
