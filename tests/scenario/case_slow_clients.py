"""Clients that are slow on purpose: each kind of waiting has an end and a name, and costs nobody else anything."""
import time

from forge import body_cap, listener_extras, simple, timeouts
from peer import Client, Upstream, serving

GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def took(began):
    return time.monotonic() - began


def test_slowloris_head():
    """A head that comes byte by byte is judged by when it began, not by its last byte."""
    with Upstream() as up, simple(up, [listener_extras(headTimeout="1s")]) as f:
        began = time.monotonic()
        with Client(f.port) as slow, Client(f.port) as quick:
            slow.send("GET / HTTP/1.1\r\nHost: a\r\n")
            gone = False
            while took(began) < 5 and not gone:
                try:
                    slow.send("X: y\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    gone = True
                assert quick.get()[0] == 200
                time.sleep(0.1)
            assert gone and took(began) < 4.5, f"a slow head was borne for {took(began):.1f} s"
        f.wait_ending("conn-head-slow")
        assert all("X: y" not in str(r) for r in up.requests)


def test_slow_head_is_told_why():
    with Upstream() as up, simple(up, [listener_extras(headTimeout="500ms")]) as f:
        for text in ("GET / HTTP/1.1\r\nHost: a\r\n", "GE"):
            with Client(f.port) as c:
                c.send(text)
                c.problem(408, "conn-head-slow")
                assert c.is_closed()
        f.wait_ending("conn-head-slow", 2)


def test_slow_second_head():
    """The clock of a second request starts with its first byte, not with the connection."""
    with Upstream() as up, simple(up, [listener_extras(headTimeout="700ms")]) as f, Client(f.port) as c:
        assert c.get()[0] == 200
        time.sleep(1.0)
        assert c.get()[0] == 200, "idle time was taken for a slow head"
        c.send("GET / HT")
        c.problem(408, "conn-head-slow")


def test_silent_connection_is_idle():
    with Upstream() as up, simple(up, [listener_extras(idleTimeout="1s", headTimeout="10s")]) as f:
        began = time.monotonic()
        with Client(f.port) as never, Client(f.port) as c:
            assert c.get()[0] == 200
            assert c.is_closed(5) and never.is_closed(5)
        assert 0.8 < took(began) < 4, took(began)
        f.wait_ending("conn-idle", 2)


def test_use_keeps_a_connection():
    with Upstream() as up, simple(up, [listener_extras(idleTimeout="1s")]) as f, Client(f.port) as c:
        for _ in range(6):
            assert c.get()[0] == 200
            time.sleep(0.4)
        assert up.connections_n == 1



def test_kept_upstream_connection_ends_when_idle():
    """Even where other deadlines were further off when it was last looked at: to connect, to send."""
    with Upstream() as up, simple(up, [timeouts(idleTimeout="1s", connectionTimeout="20s")]) as f, Client(f.port) as c:
        for _ in range(3):
            assert c.get()[0] == 200
        began = time.monotonic()
        Upstream.wait(lambda: up.open[0].fileno() == -1, "the end of the kept connection")
        assert 0.8 < took(began) < 4, took(began)
        assert up.connections_n == 1
        assert c.get()[0] == 200 and up.connections_n == 2


def test_slow_body():
    """A body that stops coming: the client is told, the upstream is let go."""
    gone = []

    def script(c, _):
        line, fields = Upstream.take_head(c)
        try:
            c.exactly(100)
        except (EOFError, ConnectionResetError):
            gone.append(1)

    with Upstream(script) as up, simple(up, [timeouts(http={"streamIdleTimeout": "1s", "requestTimeout": "0s"})]) as f:
        with Client(f.port) as c:
            began = time.monotonic()
            c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            c.problem(408, "conn-body-slow")
            assert 0.8 < took(began) < 4 and c.is_closed()
        f.wait(lambda: gone, "the upstream's connection ends")
        f.wait_ending("conn-body-slow")


def test_body_that_drips_is_no_silence():
    with Upstream() as up, simple(up, [timeouts(http={"streamIdleTimeout": "1s", "requestTimeout": "0s"})]) as f:
        with Client(f.port) as c:
            c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
            c.drip("x" * 20, pause=0.1)
            assert c.response()[2] == b"hello 20\n"


def test_long_upload_is_no_timeout():
    """The request timeout runs from the request's end."""
    with Upstream() as up, simple(up, [timeouts(http={"requestTimeout": "1s"})]) as f, Client(f.port) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
        c.drip("x" * 20, pause=0.1)
        assert c.response()[2] == b"hello 20\n"


def test_silent_upstream():
    """No answer: 504 with the request's timeout; silence in the middle of one: a cut."""
    def script(c, line, fields, body):
        if "/head" in line:
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(5)

    docs = [timeouts(http={"requestTimeout": "1s", "streamIdleTimeout": "30s"})]
    with Upstream(serving(script)) as up, simple(up, docs) as f:
        with Client(f.port) as c:
            began = time.monotonic()
            c.ask_problem(GET, 504, "up-timeout")
            assert 0.8 < took(began) < 4
            assert f.ending("up-timeout") == 1
        with Client(f.port) as c:
            c.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            assert c.rest().endswith(b"\r\n\r\nabc")
            f.wait_ending("up-timeout", 2)


def test_stream_idle():
    def script(c, line, fields, body):
        if "/head" in line:
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(5)

    docs = [timeouts(http={"requestTimeout": "0s", "streamIdleTimeout": "1s"})]
    with Upstream(serving(script)) as up, simple(up, docs) as f:
        with Client(f.port) as c:
            c.ask_problem(GET, 504, "up-idle")
        with Client(f.port) as c:
            c.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            assert c.rest().endswith(b"\r\n\r\nabc")
        f.wait_ending("up-idle", 2)


def test_silent_tunnel_ends():
    def script(c, _):
        Upstream.take_head(c)
        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        c.rest()

    docs = [timeouts(http={"requestTimeout": "1s", "streamIdleTimeout": "2s"})]
    with Upstream(script) as up, simple(up, docs) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert c.head()[0] == 101
        began = time.monotonic()
        for _ in range(5):  # The request's timeout is not a tunnel's.
            c.send("x")
            time.sleep(0.3)
        assert c.is_closed(6)
        assert 2 < took(began) < 6, took(began)
        f.wait_ending("up-idle")


def test_slow_reader_holds_little():
    """A client that does not read an answer of 64 MiB: the upstream is held back, memory stays, others are served."""
    sent = [0]

    def script(c, line, fields, body):
        if "/big" not in line:
            Upstream.answer(c)
            return
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
        for _ in range(1024):
            c.send(b"x" * 65536)
            sent[0] += 65536

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port, receive_bytes=65536) as slow, Client(f.port) as c:
        assert c.get()[0] == 200
        before = f.rss_kb()
        slow.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        last = -1
        while sent[0] != last:
            last = sent[0]
            time.sleep(0.3)
            assert c.get()[0] == 200
        assert 0 < sent[0] < 32 << 20, f"{sent[0]} bytes were taken from the upstream for a client that does not read"
        assert f.rss_kb() - before < 32 << 10, f"grew by {f.rss_kb() - before} KiB"
        status, fields = slow.head()
        assert status == 200 and len(slow.exactly(67108864)) == 67108864


def test_slow_upstream_reader_holds_the_client_back():
    go = []

    def script(c, _):
        Upstream.take_head(c)
        while not go:
            time.sleep(0.05)
        Upstream.answer(c, str(len(c.exactly(50000000))))

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        before = f.rss_kb()
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
        c.s.settimeout(0.5)
        sent = 0
        try:
            while sent < 50000000:
                sent += c.s.send(b"x" * 65536)
        except TimeoutError:
            pass
        assert sent < 40000000, "the whole body was taken in for an upstream that does not read"
        assert f.rss_kb() - before < 32 << 10, f"grew by {f.rss_kb() - before} KiB"
        go.append(1)
        c.s.settimeout(20)
        c.send(b"x" * (50000000 - sent))
        assert c.response()[2] == b"50000000"


def test_body_cap():
    with Upstream() as up, simple(up, [body_cap(1000)]) as f:
        with Client(f.port) as c:
            assert c.post("x" * 1000)[2] == b"hello 1000\n"
            c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + "y" * 1000 + "\r\n0\r\n\r\n")
            assert c.response()[2] == b"hello 1000\n"
        for text in ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
                     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
                     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + "z" * 1001 + "\r\n0\r\n\r\n",
                     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999\r\n\r\nabc"):
            with Client(f.port) as c:
                c.send_try(text)
                c.problem(413, "policy-body-cap")
        assert len(up.requests) == 2, up.requests
        assert f.ending("policy-body-cap") == 4
