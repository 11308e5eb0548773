"""SIGTERM: what is in progress ends well, what is new is refused, what does not end is cut at the deadline."""
import signal
import threading
import time

from forge import simple
from peer import Client, Upstream, serving

GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_request_in_progress_ends_well():
    go = threading.Event()

    def script(c, line, fields, body):
        go.wait(10)
        Upstream.answer(c, "done")

    with Upstream(serving(script)) as up, simple(up, drain=8) as f, Client(f.port) as busy, Client(f.port) as idle:
        busy.send(GET)
        up.wait_requests(1)
        f.terminate()
        assert idle.is_closed(3), "an idle connection is kept while draining"
        f.wait(lambda: f.manage("/readyz")[0] == 503, "not ready")
        assert f.manage("/healthz")[0] == 200
        go.set()
        status, fields, body = busy.response()
        assert (status, body, fields["connection"]) == (200, b"done", "close"), fields
        assert busy.is_closed()
        assert f.process.wait(5) == 0


def test_new_connections_are_refused():
    with Upstream(serving(lambda c, *_: time.sleep(2))) as up, simple(up, drain=4) as f, Client(f.port) as busy:
        busy.send(GET)
        up.wait_requests(1)
        f.terminate()
        f.wait(lambda: f.manage("/readyz")[0] == 503, "not ready")
        time.sleep(0.2)
        try:
            with Client(f.port, timeout=3) as c:
                c.send_try(GET)
                assert c.rest() == b"", "a new connection was served"
        except OSError:
            pass


def test_long_upload_and_download_end_well():
    big = b"d" * (4 << 20)
    begun = threading.Event()

    def script(c, _):
        line, fields = Upstream.take_head(c)
        begun.set()
        body = Upstream.take_body(c, fields)
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big))
        for at in range(0, len(big), 1 << 19):
            c.send(big[at:at + (1 << 19)])
            time.sleep(0.05)
        assert len(body) == 1 << 20

    with Upstream(script) as up, simple(up, drain=10) as f, Client(f.port) as c:
        c.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {1 << 20}\r\n\r\n")
        c.send(b"u" * (1 << 19))
        assert begun.wait(10), "the upstream was not asked"  # A connection that nobody has accepted yet is not in progress.
        f.terminate()
        time.sleep(0.3)
        c.send(b"u" * (1 << 19))
        status, _, body = c.response()
        assert status == 200 and body == big, len(body)
        assert f.process.wait(5) == 0


def test_deadline_cuts():
    with Upstream(serving(lambda c, *_: time.sleep(30))) as up, simple(up, drain=1) as f, Client(f.port) as c:
        c.send(GET)
        up.wait_requests(1)
        began = time.monotonic()
        f.terminate()
        raw = c.rest()
        assert 0.8 < time.monotonic() - began < 5, time.monotonic() - began
        assert raw == b"" or b"conn-drain" in raw, raw
        assert f.process.wait(5) == 0
        assert "cut at the deadline" in f.output(), f.output()


def test_second_signal_ends_at_once():
    with Upstream(serving(lambda c, *_: time.sleep(30))) as up, simple(up, drain=60) as f, Client(f.port) as c:
        c.send(GET)
        up.wait_requests(1)
        began = time.monotonic()
        f.terminate()
        f.wait(lambda: f.manage("/readyz")[0] == 503, "not ready")
        f.process.send_signal(signal.SIGINT)
        assert f.process.wait(10) == 0 and time.monotonic() - began < 8


def test_idle_gateway_ends_at_once():
    with Upstream() as up, simple(up, workers=2, drain=30) as f:
        with Client(f.port) as c:
            assert c.get()[0] == 200
        began = time.monotonic()
        f.terminate()
        assert f.process.wait(10) == 0 and time.monotonic() - began < 3, time.monotonic() - began


def test_tunnel_is_cut_at_the_deadline():
    def script(c, _):
        Upstream.take_head(c)
        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        c.rest()

    with Upstream(script) as up, simple(up, drain=1) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert c.head()[0] == 101
        f.terminate()
        assert c.is_closed(6)
        assert f.process.wait(5) == 0


def test_pipelined_requests_at_the_end():
    """Each request that was answered was answered whole; the rest were never begun."""
    with Upstream(serving(lambda c, *_: (time.sleep(0.1), Upstream.answer(c, "x" * 1000)))) as up:
        with simple(up, drain=5) as f, Client(f.port) as c:
            c.send(GET * 20)
            up.wait_requests(3)
            f.terminate()
            answers = 0
            try:
                while True:
                    status, fields, body = c.response()
                    assert status == 200 and len(body) == 1000
                    answers += 1
                    if fields.get("connection") == "close":
                        break
            except EOFError:
                raise AssertionError(f"cut after {answers} answers without a word") from None
            assert c.is_closed() and answers >= 3 and len(up.requests) == answers, (answers, len(up.requests))
