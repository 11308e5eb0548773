"""HTTP/2 as it should be: requests, bodies, trailers and tunnels, in every mix of versions across the two sides."""
import base64
import os
import subprocess
import threading
import time

import h2
from forge import body_cap, harsh_policies, simple, timeouts
from h2 import Gone, Peer, connect, request_fields
from peer import Client, Upstream, serving


def test_get_to_http1():
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        status, fields, body = p.get("/x?y=1", more=[("x-mine", "1"), ("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")])
        assert (status, body) == (200, b"hello 0\n"), (status, fields, body)
        assert fields["content-length"] == "8" and "connection" not in fields and "transfer-encoding" not in fields, fields
        line, sent, _ = up.requests[0]
        assert line == "GET /x?y=1 HTTP/1.1" and sent["host"] == ["a.test"], (line, sent)
        assert sent["cookie"] == ["a=1; b=2"] and sent["x-mine"] == ["1"], sent
        assert sent["x-forwarded-for"] == ["127.0.0.1"] and sent["x-forwarded-proto"] == ["http"], sent
        assert "content-length" not in sent and "transfer-encoding" not in sent, sent


def test_settings_say_what_is_promised():
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        p.ping()
        s = p.peer_settings
        assert s[h2.MAX_CONCURRENT_STREAMS] == 100 and s[h2.ENABLE_CONNECT_PROTOCOL] == 1, s
        assert s[h2.MAX_HEADER_LIST_SIZE] == 65536 and p.settings_acked == 1, s


def test_bodies_both_ways():
    big = os.urandom(1 << 16) * 40

    def script(c, line, fields, body):
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        for body in (b"x", b"y" * 16384, b"z" * 16385, big):
            status, _, got = p.response(p.request(method="POST", body=body))
            assert status == 200 and got == body, (len(body), len(got))
            sent = up.requests[-1][1]
            assert sent.get("transfer-encoding") == ["chunked"] or sent["content-length"] == [str(len(body))], sent
        number = p.request(method="POST", body=big, more=[("content-length", str(len(big)))])
        assert p.response(number)[2] == big
        assert up.requests[-1][1].get("content-length") == [str(len(big))], up.requests[-1][1]


def test_many_streams_at_once():
    """Answers out of order: a slow one holds nobody up."""
    def script(c, line, fields, body):
        if "/slow" in line:
            time.sleep(1)
        Upstream.answer(c, line.split(" ")[1])

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        slow = p.request(path="/slow")
        quick = [p.request(path=f"/{i}") for i in range(60)]
        began = time.monotonic()
        for i, number in enumerate(quick):
            assert p.response(number)[2] == b"/%d" % i
        assert time.monotonic() - began < 1, "quick ones waited for the slow one"
        assert p.response(slow)[2] == b"/slow"


def test_head_204_304_and_empty():
    def script(c, line, fields, body):
        if line.startswith("HEAD"):
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        else:
            c.send({"/204": "HTTP/1.1 204 No Content\r\n\r\n", "/304": "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
                    "/0": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}[line.split(" ")[1]])

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        status, fields, body = p.response(p.request(method="HEAD"))
        assert (status, body, fields["content-length"]) == (200, b"", "1000")
        assert p.get("/204")[0] == 204 and p.get("/304")[0] == 304 and p.get("/0")[2] == b""


def test_trailers_both_ways():
    seen = []

    def script(c, _):
        while True:
            Upstream.take_head(c)
            c.chunked()
            seen[:] = c.trailers
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nGrpc-Status: 0\r\nX-Sum: 1\r\n\r\n")

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="POST", end=False, more=[("te", "trailers")])
        p.data(number, b"body")
        p.trailers(number, [("x-sum", "7")])
        status, _, body = p.response(number)
        assert (status, body) == (200, b"hi") and [t.lower() for t in seen] == ["x-sum: 7"], seen
        assert p.streams[number].trailers == [("grpc-status", "0"), ("x-sum", "1")], p.streams[number].trailers


def test_interim_answers():
    def script(c, line, fields, body):
        c.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        Upstream.answer(c, "final")

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        number = p.request()
        assert p.response(number)[2] == b"final"
        heads = p.streams[number].heads
        assert [dict(h)[":status"] for h in heads] == ["103", "200"] and dict(heads[0])["link"] == "</a>", heads


def test_expect_continue():
    def script(c, _):
        line, fields = Upstream.take_head(c)
        c.send("HTTP/1.1 100 Continue\r\n\r\n")
        Upstream.answer(c, Upstream.take_body(c, fields))

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="PUT", end=False, more=[("expect", "100-continue"), ("content-length", "4")])
        s = p.streams[number]
        p.until(lambda: s.heads)
        assert s.status == 100
        p.data(number, b"body", end=True)
        assert p.response(number)[2] == b"body"


def test_http2_upstream():
    with Upstream(h2.serving(h2.hello)) as up, simple(up, protocol="http2") as f:
        with Client(f.port) as c:
            for i in range(10):
                assert c.get(f"/{i}", more="TE: trailers\r\n")[2] == b"hello 0\n"
            assert c.post("x" * 100000)[2] == b"hello 100000\n"
            c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            assert c.response()[2] == b"hello 3\n"
        with connect(f.port) as p:
            assert p.get("/y")[2] == b"hello 0\n"
            assert p.response(p.request(method="POST", body=b"z" * 300000))[2] == b"hello 300000\n"
        assert up.connections_n == 1, up.connections_n
        sent = up.requests[0][1]
        assert sent[":authority"] == "a.test" and sent[":scheme"] == "http" and sent["x-forwarded-for"] == "127.0.0.1", sent
        assert "host" not in sent and "connection" not in sent, sent


def test_http2_upstream_trailers_to_http1():
    def script(p, number, fields, body):
        p.answer(number, b"hi", trailers=[("grpc-status", "0")])

    with Upstream(h2.serving(script)) as up, simple(up, protocol="http2") as f:
        with Client(f.port) as c:
            status, fields, body = c.get(more="TE: trailers\r\n")
            assert (status, body) == (200, b"hi")
            assert fields.get("transfer-encoding") != "chunked" or c.trailers == ["grpc-status: 0"], c.trailers
        with connect(f.port) as p:
            number = p.request()
            assert p.response(number)[2] == b"hi"
            assert p.streams[number].trailers == [("grpc-status", "0")]


def test_grpc_shape_both_ways():
    """Bidirectional streaming: each message comes back before the next one is sent."""
    def run(c, _):
        p = Peer(c, is_client=False)
        number, _ = p.next_head()
        s, done = p.streams[number], 0
        p.head(number, more=[("content-type", "application/grpc")])
        try:
            while True:
                p.until(lambda: len(s.body) > done or s.ended)
                if len(s.body) > done:
                    p.data(number, s.body[done:].upper())
                    done = len(s.body)
                if s.ended and len(s.body) == done:
                    break
            p.trailers(number, [("grpc-status", "0"), ("grpc-message", "fine")])
            p.end_code()
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="grpc") as f, connect(f.port) as p:
        number = p.request(method="POST", path="/pkg.Service/Chat", end=False,
                           more=[("content-type", "application/grpc"), ("te", "trailers")])
        s = p.streams[number]
        p.until(lambda: s.heads)
        for i in range(30):
            p.data(number, b"message %02d" % i)
            p.until(lambda n=i: len(s.body) == 10 * (n + 1))
            assert s.body.endswith(b"MESSAGE %02d" % i)
        p.data(number, b"", end=True)
        p.until(lambda: s.ended)
        assert s.trailers == [("grpc-status", "0"), ("grpc-message", "fine")], s.trailers


def test_flow_control_towards_a_client_that_gives_no_window():
    """Not a byte more than the windows allow; the upstream is held back, others go on."""
    sent = [0]

    def script(c, line, fields, body):
        if "/big" not in line:
            Upstream.answer(c)
            return
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(200):
            c.send(b"x" * 100000)
            sent[0] += 100000

    with Upstream(serving(script)) as up, simple(up) as f:
        with connect(f.port, auto_window=False, window=0) as p:
            number = p.request(path="/big")
            s = p.streams[number]
            p.until(lambda: len(s.body) == 65535)
            p.ping()
            assert len(s.body) == 65535, "more than the window"
            assert sent[0] < 12000000, f"{sent[0]} bytes taken from the upstream"
            p.send(h2.window_update(number, 10000) + h2.window_update(0, 5000))
            p.until(lambda: len(s.body) == 70535)
            p.ping()
            assert len(s.body) == 70535
            p.send(h2.window_update(0, 5000))
            p.until(lambda: len(s.body) == 75535)
            p.send(h2.window_update(0, 1 << 30) + h2.window_update(number, 1 << 30))
            assert len(p.response(number)[2]) == 20000000


def test_windows_given_to_a_client_follow_the_upstream():
    """Back-pressure: an upstream that does not read ends the client's window."""
    go = threading.Event()

    def script(c, _):
        Upstream.take_head(c)
        go.wait(20)
        n = len(c.chunked())
        Upstream.answer(c, str(n))

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="POST", end=False)
        s, total, sent = p.streams[number], 30000000, 0
        p.ping()
        p.c.s.settimeout(1)
        try:
            while sent < total:
                room = min(p.window, s.window, 16384)
                if room <= 0:
                    p.frame()
                    continue
                p.send(h2.frame(h2.DATA, 0, number, b"x" * room))
                p.window, s.window, sent = p.window - room, s.window - room, sent + room
        except TimeoutError:
            pass
        assert sent < 20000000, f"{sent} bytes were taken for an upstream that does not read"
        go.set()
        p.c.s.settimeout(20)
        p.data(number, b"x" * (total - sent), end=True)
        assert p.response(number)[2] == b"%d" % total


def test_one_large_download_does_not_starve_others():
    def script(c, line, fields, body):
        Upstream.answer(c, b"x" * 8000000 if "/big" in line else b"small")

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        big = p.request(path="/big")
        for _ in range(20):
            assert p.get("/small")[2] == b"small"
        assert len(p.streams[big].body) < 8000000, "the small ones came after the large one"
        assert len(p.response(big)[2]) == 8000000


def test_websocket_by_extended_connect():
    """RFC 8441 from the client, an HTTP/1.1 handshake towards the upstream; frames pass both ways."""
    def script(c, _):
        line, fields = Upstream.take_head(c)
        c.upstream.requests.append((line, fields, b""))
        accept = subprocess.run(["openssl", "dgst", "-sha1", "-binary"], stdout=subprocess.PIPE, check=True,
                                input=(fields["sec-websocket-key"][0] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).stdout

        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
               + base64.b64encode(accept).decode() + "\r\n\r\n")
        while c.buf or c._more():
            data, c.buf = c.buf, b""
            c.send(data.upper())

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        fields = request_fields("CONNECT", "/ws", more=[("sec-websocket-version", "13")])
        fields.insert(1, (":protocol", "websocket"))
        number = p.request(fields, end=False)
        s = p.streams[number]
        p.until(lambda: s.heads or s.reset is not None)
        assert s.status == 200 and "sec-websocket-accept" not in s.fields, s.fields
        line, sent, _ = up.requests[0]
        assert line == "GET /ws HTTP/1.1" and sent["upgrade"] == ["websocket"] and len(sent["sec-websocket-key"]) == 1, sent
        for i in range(10):
            p.data(number, b"frame %d" % i)
            p.until(lambda n=i: len(s.body) == 7 * (n + 1))
        assert s.body.endswith(b"FRAME 9")
        p.data(number, b"", end=True)
        p.until(lambda: s.ended)


def test_websocket_from_http1_to_http2():
    def run(c, _):
        p = Peer(c, is_client=False, own_settings=[(h2.ENABLE_CONNECT_PROTOCOL, 1)])
        number, fields = p.next_head()
        c.upstream.requests.append(("", fields, b""))
        s, done = p.streams[number], 0
        p.head(number)
        try:
            while not s.ended:
                p.until(lambda: len(s.body) > done or s.ended)
                p.data(number, s.body[done:].upper())
                done = len(s.body)
            p.data(number, b"", end=True)
            p.end_code()
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="http2") as f, Client(f.port) as c:
        c.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        status, fields = c.head()
        assert status == 101 and fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", fields
        for i in range(10):
            c.send(f"frame {i}")
            assert c.exactly(7) == b"FRAME %d" % i
        sent = up.requests[0][1]
        assert sent[":method"] == "CONNECT" and sent[":protocol"] == "websocket" and sent[":path"] == "/ws", sent
        assert "sec-websocket-key" not in sent


def test_websocket_to_an_upstream_that_cannot():
    with Upstream(h2.serving(h2.hello)) as up, simple(up, protocol="http2") as f, Client(f.port) as c:
        c.ask_problem("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 502, "h2-up-no-connect")


def test_goaway_on_drain():
    """RFC 9113 s6.8: a notice, a round trip, the last number; what was begun before that ends well."""
    def script(c, line, fields, body):
        time.sleep(1)
        Upstream.answer(c, "done")

    with Upstream(serving(script)) as up, simple(up, drain=6) as f, connect(f.port) as p:
        first = p.request(path="/1")
        up.wait_requests(1)
        f.terminate()
        p.until(lambda: p.goaway)
        assert p.goaway == (0x7fffffff, h2.NO_ERROR), p.goaway
        second = p.request(path="/2")  # Sent before we could know: it is served.
        assert p.response(first)[2] == b"done"
        p.until(lambda: p.goaway[0] != 0x7fffffff)
        last = p.goaway[0]
        if second <= last:
            assert p.response(second)[2] == b"done"
        assert p.end_code() == h2.NO_ERROR
        assert f.process.wait(5) == 0


def test_upstream_goaway_is_graceful():
    """Streams that it took are finished, those that it did not are tried elsewhere, and new ones get a new connection."""
    def run(c, n):
        p = Peer(c, is_client=False)
        try:
            number, fields, body = p.next_request()
            if n == 1:
                p.send(h2.frame(h2.GOAWAY, 0, 0, number.to_bytes(4, "big") + b"\x00" * 4))
                time.sleep(0.3)
            p.answer(number, f"from {n}")
            while True:
                number, fields, body = p.next_request()
                p.answer(number, f"from {n}")
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="http2") as f, connect(f.port) as p:
        assert p.get("/1")[2] == b"from 1"
        assert p.get("/2")[2] == b"from 2"
        assert p.get("/3")[2] == b"from 2"


def test_upstream_refuses_a_stream():
    """REFUSED_STREAM says that nothing was done: another try is safe, even of a POST."""
    def run(c, n):
        p = Peer(c, is_client=False)
        seen = 0
        try:
            while True:
                number, _, _ = p.next_request()
                seen += 1
                if n == 1 and seen <= 1:
                    p.send(h2.rst(number, h2.REFUSED_STREAM))
                else:
                    p.answer(number, "served")
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="http2") as f, Client(f.port) as c:
        assert c.get()[2] == b"served"
        assert f.metric("forge_upstream_retries_total") == 1


def test_streams_beyond_what_the_upstream_takes():
    """It says 2 at a time: all get served, none is refused, never more than 2 at once."""
    most = [0]

    def run(c, _):
        p = Peer(c, is_client=False, own_settings=[(h2.MAX_CONCURRENT_STREAMS, 2)])
        open_now = []
        try:
            while True:
                p.c.s.settimeout(0.05)
                try:
                    number, _, _ = p.next_request()
                    open_now.append(number)
                except TimeoutError:
                    pass
                p.c.s.settimeout(20)
                most[0] = max(most[0], len(open_now))
                if open_now:
                    p.answer(open_now.pop(0), "x")
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="http2") as f, connect(f.port) as p:
        numbers = [p.request(path=f"/{i}") for i in range(30)]
        for number in numbers:
            assert p.response(number)[2] == b"x"
        assert most[0] <= 2, most


def test_client_resets_a_stream():
    """The upstream's side ends, the connection goes on."""
    ended = threading.Event()

    def script(c, _):
        line, _ = Upstream.take_head(c)
        if "/long" not in line:
            Upstream.answer(c)
            return
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            while True:
                c.send(b"x" * 100000)
        except OSError:
            ended.set()

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(path="/long")
        p.until(lambda: p.streams[number].body)
        p.send(h2.rst(number))
        assert ended.wait(10), "the upstream was not told"
        assert p.get("/next")[0] == 200
        f.wait_ending("h2-cancelled")


def test_upstream_resets_a_stream():
    def run(c, _):
        p = Peer(c, is_client=False)
        try:
            while True:
                number, fields, _ = p.next_request()
                if fields[":path"] == "/mid":
                    p.head(number)
                    p.data(number, b"part")
                    time.sleep(0.3)  # Else the client is told a 502: it has seen nothing yet.
                p.send(h2.rst(number, h2.INTERNAL_ERROR))
        except Gone:
            pass

    with Upstream(run) as up, simple(up, protocol="http2") as f:
        with Client(f.port) as c:
            c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, "h2-up-reset")
            c.send("GET /mid HTTP/1.1\r\nHost: a\r\n\r\n")
            assert not c.rest().endswith(b"0\r\n\r\n"), "a cut looks like an end"
        with connect(f.port) as p:
            number = p.request(path="/mid")
            assert p.reset_code(number) == h2.INTERNAL_ERROR
            assert p.streams[number].body == b"part" and not p.streams[number].ended
            assert p.get("/")[0] == 502
        assert f.ending("h2-up-reset") == 4, f.endings()


def test_early_answer_to_a_long_upload():
    """RFC 9113 s8.1: a complete answer, then RST_STREAM(NO_ERROR) for the rest of the request."""
    def script(c, _):
        Upstream.take_head(c)
        Upstream.answer(c, "enough", status="413 Content Too Large", more="Connection: close\r\n")

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="POST", end=False)
        s = p.streams[number]
        p.data(number, b"x" * 30000)
        p.until(lambda: s.ended)
        assert (s.status, s.body) == (413, b"enough")
        assert p.reset_code(number) == h2.NO_ERROR
        assert p.get("/")[0] == 413


def test_body_cap():
    with Upstream() as up, simple(up, [body_cap(1000)]) as f, connect(f.port) as p:
        status, fields, body = p.response(p.request(method="POST", body=b"x" * 1001))
        assert status == 413 and b"policy-body-cap" in body, (status, body)
        assert p.response(p.request(method="POST", body=b"x" * 1000))[2] == b"hello 1000\n"


def test_request_timeout_of_one_stream():
    def script(c, line, fields, body):
        if "/slow" in line:
            time.sleep(4)
        Upstream.answer(c)

    with Upstream(serving(script)) as up, simple(up, [timeouts(http={"requestTimeout": "1s"})]) as f, connect(f.port) as p:
        slow = p.request(path="/slow")
        assert p.get("/quick")[0] == 200
        status, _, body = p.response(slow)
        assert status == 504 and b"up-timeout" in body


def test_padding_priority_and_continuation_are_read():
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        head = h2.block(request_fields("POST", more=[("x-long", "v" * 5000)]))
        payload = b"\x05" + b"\x00\x00\x00\x00\x10" + head[:100] + b"\x00" * 5
        p.send(h2.frame(h2.HEADERS, h2.PADDED | h2.HAS_PRIORITY, 1, payload)
               + h2.frame(h2.CONTINUATION, 0, 1, head[100:2000]) + h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1, head[2000:])
               + h2.frame(h2.DATA, h2.PADDED, 1, b"\x03abc\x00\x00\x00") + h2.frame(h2.DATA, h2.END_STREAM, 1, b"de"))
        p.next_id = 3
        assert p.response(1)[2] == b"hello 5\n"
        assert up.requests[0][1]["x-long"] == ["v" * 5000] and up.requests[0][2] == b"abcde"


def test_every_cut_of_a_connection():
    """The preface and a request byte by byte."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        text = h2.PREFACE + h2.settings() + h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, 1, h2.block(request_fields()))
        c.drip(text)
        p = Peer.__new__(Peer)
        quiet = type("Quiet", (), {"send": lambda self, data: None, "exactly": c.exactly, "close": c.close})()
        Peer.__init__(p, quiet)
        assert p.response(1)[2] == b"hello 0\n"


def test_harsh_policies_change_nothing():
    big = os.urandom(200000)

    def script(p, number, fields, body):
        p.answer(number, body, trailers=[("x-sum", "1")])

    with Upstream(h2.serving(script)) as up, simple(up, [harsh_policies(11)], protocol="http2") as f, connect(f.port) as p:
        for size in (0, 1, 70000, len(big)):
            number = p.request(method="POST", body=big[:size])
            assert p.response(number)[2] == big[:size], size
            assert p.streams[number].trailers == [("x-sum", "1")]


def test_reload_keeps_connection_and_streams():
    go = threading.Event()

    def script(c, line, fields, body):
        if "/wait" in line:
            go.wait(20)
        Upstream.answer(c, line.split(" ")[1])

    with Upstream(serving(script)) as up, simple(up) as f, connect(f.port) as p:
        waiting = p.request(path="/wait")
        up.wait_requests(1)
        for i in range(10):
            f.reload()
            assert p.get(f"/{i}")[2] == b"/%d" % i
        go.set()
        assert p.response(waiting)[2] == b"/wait" and p.goaway is None
