"""Tunnels: WebSocket over HTTP/1.1, raw bytes both ways, each direction's end on its own, and upgrades that do not happen."""
import os
import threading

from forge import simple
from peer import Client, Upstream

ASK = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"


def echo(c, _):
    """Switch, then send everything back in upper case until the client ends."""
    line, fields = Upstream.take_head(c)
    c.upstream.requests.append((line, fields, b""))
    c.send(SWITCH)
    while c.buf or c._more():
        data, c.buf = c.buf, b""
        c.send(data.upper())


def test_tunnel_both_ways():
    with Upstream(echo) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK)
        status, fields = c.head()
        assert status == 101 and fields["upgrade"] == "websocket" and fields["connection"].lower() == "upgrade", fields
        assert fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        for i in range(50):
            c.send(f"message {i} ")
            assert c.until(b"%d " % i) == b"MESSAGE %d " % i
        sent = up.requests[0][1]
        assert sent["upgrade"] == ["websocket"] and sent["connection"][0].lower() == "upgrade", sent
        assert sent["sec-websocket-key"] == ["dGhlIHNhbXBsZSBub25jZQ=="]


def test_bytes_sent_with_the_request_belong_to_the_tunnel():
    with Upstream(echo) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK + "early")
        assert c.head()[0] == 101
        assert c.exactly(5) == b"EARLY"


def test_bytes_sent_with_the_switch_belong_to_the_tunnel():
    def script(c, _):
        Upstream.take_head(c)
        c.send(SWITCH + "hello from upstream")
        c.rest()

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK)
        assert c.head()[0] == 101
        assert c.exactly(19) == b"hello from upstream"


def test_large_transfer_both_ways_at_once():
    n = 8 << 20
    data = os.urandom(1 << 16) * (n >> 16)

    def script(c, _):
        Upstream.take_head(c)
        c.send(SWITCH)
        sender = threading.Thread(target=c.send, args=(data,))
        sender.start()
        got = c.exactly(n)
        sender.join()
        assert got == data
        c.send("done")

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK)
        assert c.head()[0] == 101
        sender = threading.Thread(target=c.send, args=(data,))
        sender.start()
        assert c.exactly(n) == data
        sender.join()
        assert c.exactly(4) == b"done"


def test_client_ends_the_tunnel():
    """HTTP/1 ends a connection both ways at once; what was said before arrives."""
    got = []

    def script(c, _):
        Upstream.take_head(c)
        c.send(SWITCH)
        got.append(c.rest())

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK)
        assert c.head()[0] == 101
        c.send("x" * 1000)
        c.finish()
        assert c.is_closed()
        f.wait(lambda: got, "the upstream's end")
        assert got == [b"x" * 1000], len(got[0])


def test_upstream_ends_the_tunnel():
    def script(c, _):
        Upstream.take_head(c)
        c.send(SWITCH + "y" * 100000 + "bye")

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(ASK)
        assert c.head()[0] == 101
        assert c.rest() == b"y" * 100000 + b"bye"


def test_either_side_resets():
    for who in ("client", "upstream"):
        ended = threading.Event()

        def script(c, _):
            try:
                Upstream.take_head(c)
                c.send(SWITCH)
                c.exactly(1)
                if who == "upstream":
                    c.reset()
                else:
                    c.rest()
            finally:
                ended.set()

        with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
            c.send(ASK)
            assert c.head()[0] == 101
            c.send("x")
            if who == "client":
                c.send("y" * 100000)
                c.reset()
                assert ended.wait(10), "the upstream was not told"
            else:
                assert c.is_closed(), "the client was not told"


def test_upstream_declines():
    """An upstream may answer an upgrade as an ordinary request."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for _ in range(2):
            c.send(ASK)
            status, fields, body = c.response()
            assert (status, body) == (200, b"hello 0\n"), (status, body)
        assert c.get()[0] == 200


def test_upstream_switches_without_being_asked_to():
    def script(c, _):
        Upstream.take(c)
        c.send(SWITCH)
        c.rest()

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, "h1-answer-upgrade")


def test_upstream_switches_to_something_else():
    def script(c, _):
        Upstream.take_head(c)
        c.send(SWITCH.replace("websocket", "h2c"))
        c.rest()

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.ask_problem(ASK, 502, "h1-answer-upgrade")


def test_upgrade_of_an_upstream_that_is_not_there():
    from forge import free_port
    with simple(free_port()) as f, Client(f.port) as c:
        c.ask_problem(ASK, 502, "io-refused")
