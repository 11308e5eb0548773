"""HTTP/1 framing as it should be: bodies, interim answers, versions and connections, on both sides of the gateway."""
import threading
import time

from forge import simple
from peer import Client, Upstream, serving


def fixed(text, more=""):
    """An upstream that answers every request with these bytes."""
    return serving(lambda c, line, fields, body: c.send(text))


def test_answer_with_length_keeps_both_sides():
    with Upstream(fixed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(3):
            status, fields, body = c.get()
            assert (status, body, fields["content-length"]) == (200, b"hi", "2"), fields
            assert "transfer-encoding" not in fields
        assert up.connections_n == 1


def test_answer_chunked_with_trailers():
    text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n"
    with Upstream(fixed(text)) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(2):
            status, fields, body = c.get(more="TE: trailers\r\n")
            assert (status, body) == (200, b"abcde"), (status, body)
            assert fields["transfer-encoding"] == "chunked" and "content-length" not in fields, fields
            assert [t.lower() for t in c.trailers] == ["x-sum: 7"], c.trailers


def test_answer_trailers_cannot_become_headers():
    """What frames, routes or authenticates is settled by the head, never behind the body."""
    text = ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSet-Cookie: a=b\r\nLocation: /x\r\n"
            "Connection: close\r\nX-Fine: 1\r\n\r\n")
    with Upstream(fixed(text)) as up, simple(up) as f, Client(f.port) as c:
        assert c.get()[2] == b"a"
        assert [t.lower() for t in c.trailers] == ["x-fine: 1"], c.trailers


def test_answer_until_end_of_connection():
    """The upstream's end of connection is the end of the body; the client gets it framed, and its connection lives on."""
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nall there is")

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(3):
            status, fields, body = c.get()
            assert (status, body) == (200, b"all there is")
            assert fields.get("content-length") == "12" or fields["transfer-encoding"] == "chunked", fields
        assert up.connections_n == 3


def test_answer_of_http10_upstream():
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.0 200 Fine\r\nContent-Length: 3\r\n\r\nold")
        c.rest()

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(2):
            status, fields, body = c.get()
            assert (status, body) == (200, b"old"), fields
            assert c.raw_head[0].startswith("HTTP/1.1 200"), c.raw_head
        assert up.connections_n == 2  # Version 1.0 without keep-alive is not kept.


def test_upstream_that_closes_keeps_the_client():
    def script(c, _):
        Upstream.take(c)
        Upstream.answer(c, more="Connection: close\r\n")

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(3):
            status, fields, _ = c.get()
            assert status == 200 and fields.get("connection", "") != "close", fields
        assert up.connections_n == 3


def test_head_answers():
    """To HEAD the length is of what GET would have got, and there is no body, however the upstream says it."""
    for text in ("Content-Length: 10", "Transfer-Encoding: chunked", "X: y"):
        with Upstream(fixed(f"HTTP/1.1 200 OK\r\n{text}\r\n\r\n")) as up, simple(up) as f, Client(f.port) as c:
            for _ in range(3):
                assert c.request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200, text
            assert up.connections_n == 1 or text == "X: y", (text, up.connections_n)


def test_204_and_304_have_no_body():
    for status, text in ((204, "HTTP/1.1 204 No Content\r\n\r\n"),
                         (304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n"),
                         (304, "HTTP/1.1 304 Not Modified\r\n\r\n"), (204, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")):
        with Upstream(fixed(text)) as up, simple(up) as f, Client(f.port) as c:
            for _ in range(3):
                got, fields, _ = c.get()
                assert got == status and "transfer-encoding" not in fields, fields
                assert got != 204 or "content-length" not in fields, fields
            assert up.connections_n == 1, (text, up.connections_n)


def test_empty_bodies():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        assert c.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")[2] == b"hello 0\n"
        assert c.request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")[2] == b"hello 0\n"
        assert up.requests[0][1].get("content-length") == ["0"], up.requests[0]


def test_request_framing_is_written_afresh():
    """Whatever spelling the client chose, the upstream sees one."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChUnKeD\r\n\r\n0003;x=\"y z\"\r\nabc\r\n02\r\nde\r\n000\r\n\r\n")
        assert c.response()[0] == 200
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:    0004  \r\n\r\nabcd")
        c.response()
        first, second = up.requests
        assert first[2] == b"abcde", first
        assert (first[1].get("transfer-encoding"), first[1].get("content-length")) in ((["chunked"], None), (None, ["5"])), first
        assert second[2] == b"abcd" and second[1]["content-length"] == ["4"], second


def test_request_trailers_go_up():
    seen = []

    def script(c, _):
        line, fields = Upstream.take_head(c)
        c.chunked()
        seen.extend(c.trailers)
        Upstream.answer(c)

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n"
               "Authorization: no\r\nHost: evil\r\n\r\n")
        assert c.response()[0] == 200
        assert [t.lower() for t in seen] == ["x-sum: 1"], seen


def test_every_cut_of_a_request():
    """The same request, byte by byte and cut in two at every place."""
    text = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;q\r\nabc\r\n1\r\nd\r\n0\r\nT: v\r\n\r\n"
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.drip(text)
        assert c.response()[2] == b"hello 4\n"
        for cut in range(1, len(text)):
            c.send(text[:cut])
            c.send(text[cut:])
            assert c.response()[2] == b"hello 4\n", cut
        assert all(r[2] == b"abcd" for r in up.requests) and up.connections_n == 1


def test_every_cut_of_an_answer():
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;q\r\nabc\r\n1\r\nd\r\n0\r\nT: v\r\n\r\n"
    cuts = iter(range(len(text)))

    def script(c, line, fields, body):
        cut = next(cuts)
        c.send(text[:cut])
        c.send(text[cut:])

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port) as c:
        for cut in range(len(text)):
            assert c.get()[2] == b"abcd", cut
            assert c.trailers == ["t: v"], c.trailers
        assert up.connections_n == 1


def test_pipelined_with_bodies():
    parts, want = [], []
    for i in range(12):
        if i % 3 == 0:
            parts.append(f"POST /{i} HTTP/1.1\r\nHost: a\r\nContent-Length: {i}\r\n\r\n" + "x" * i)
            want.append(i)
        elif i % 3 == 1:
            parts.append(f"PUT /{i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{i:x}\r\n{'y' * i}\r\n0\r\n\r\n")
            want.append(i)
        else:
            parts.append(f"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n")
            want.append(0)
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("".join(parts))
        for n in want:
            assert c.response()[2] == b"hello %d\n" % n
        assert up.paths() == [f"/{i}" for i in range(12)], up.paths()


def test_pipelined_more_than_is_taken_in():
    """A client that never reads its answers is not read ahead of, and gets all of them in the end."""
    n = 3000
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        text = "".join(f"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n" for i in range(n))
        sender = threading.Thread(target=c.send, args=(text,))
        sender.start()
        for _ in range(n):
            assert c.response()[0] == 200
        sender.join()
        assert up.paths() == [f"/{i}" for i in range(n)]


def test_blank_lines_before_a_request():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert c.response()[0] == 200
        c.send("\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        assert c.response()[0] == 200


def test_expect_continue_is_the_upstreams_to_say():
    def script(c, line, fields):
        assert fields["expect"] == ["100-continue"], fields
        c.send("HTTP/1.1 100 Continue\r\n\r\n")
        body = Upstream.take_body(c, fields)
        Upstream.answer(c, f"got {len(body)}")

    def run(c, _):
        while True:
            script(c, *Upstream.take_head(c))

    with Upstream(run) as up, simple(up) as f, Client(f.port) as c:
        for _ in range(2):
            c.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
            status, _ = c.head()
            assert status == 100, status
            c.send("abcdef")
            status, _, body = c.response()
            assert (status, body) == (200, b"got 6"), body


def test_expect_continue_refused_by_the_upstream():
    """A final answer in place of 100: the body never comes, so the connection cannot go on."""
    def script(c, _):
        Upstream.take_head(c)
        Upstream.answer(c, "no", status="417 Expectation Failed")
        c.rest()

    with Upstream(script) as up, simple(up) as f:
        with Client(f.port) as c:
            c.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
            status, fields, body = c.response()
            assert (status, body) == (417, b"no"), body
            assert fields.get("connection") == "close", fields
            assert c.is_closed()


def test_expect_without_a_body_or_in_http10_is_not_waited_for():
    with Upstream() as up, simple(up) as f:
        with Client(f.port) as c:
            assert c.get(more="Expect: 100-continue\r\n")[0] == 200
            assert "expect" not in up.requests[0][1], up.requests[0]
        with Client(f.port) as c:
            status, _, body = c.request("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx")
            assert (status, body) == (200, b"hello 1\n")


def test_interim_answers():
    def script(c, line, fields, body):
        c.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        c.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n")
        Upstream.answer(c, "final")

    with Upstream(serving(script)) as up, simple(up) as f:
        with Client(f.port) as c:
            for _ in range(2):
                c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                heads = [c.head() for _ in range(3)]
                assert [h[0] for h in heads] == [103, 102, 103], heads
                assert heads[0][1]["link"] == "</a.css>; rel=preload"
                assert c.response()[2] == b"final"
        with Client(f.port) as c:  # HTTP/1.0 knows no interim answers (RFC 9110 s15.2).
            c.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            status, _ = c.head()
            assert status == 200, status


def test_unasked_100_is_not_relayed():
    def script(c, line, fields, body):
        c.send("HTTP/1.1 100 Continue\r\n\r\n")
        Upstream.answer(c, "x")

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert c.head()[0] == 200


def test_http10_client_closes_unless_it_asks():
    with Upstream() as up, simple(up) as f:
        with Client(f.port) as c:
            status, fields, body = c.request("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            assert (status, body) == (200, b"hello 0\n")
            assert c.is_closed()
        with Client(f.port) as c:
            for _ in range(2):
                status, fields, _ = c.request("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                assert status == 200 and fields["connection"].lower() == "keep-alive", fields


def test_http10_client_gets_no_chunks():
    text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n"
    with Upstream(fixed(text)) as up, simple(up) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        status, fields = c.head()
        assert status == 200 and "transfer-encoding" not in fields, fields
        assert fields.get("connection", "close").lower() == "close", fields
        assert c.rest() == b"abc"


def test_http10_client_without_host():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        assert c.request("GET / HTTP/1.0\r\n\r\n")[0] == 200
        assert up.requests[0][0] == "GET / HTTP/1.1"


def test_client_asks_to_close():
    with Upstream() as up, simple(up) as f:
        for value in ("close", "Close", "x, close", "keep-alive, close"):
            with Client(f.port) as c:
                status, fields, _ = c.get(more=f"Connection: {value}\r\n")
                assert status == 200 and fields["connection"] == "close", fields
                assert c.is_closed(), value
        assert up.connections_n == 1  # The upstream's connection is nobody's business but ours.


def test_absolute_form():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for target, host, want_target, want_host in (
                ("http://a.test/x?y", "a.test", "/x?y", "a.test"), ("HTTP://A.test:81/x", "a.test:81", "/x", "A.test:81"),
                ("http://a.test", "a.test", "/", "a.test"), ("https://a.test/", "A.TEST", "/", "a.test")):
            status, _, body = c.request(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert status == 200, (target, body)
            line, fields, _ = up.requests[-1]
            assert line == f"GET {want_target} HTTP/1.1" and fields["host"][0].lower() == want_host.lower(), (line, fields)


def test_options_star():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        status, _, _ = c.request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status == 200 and up.requests[0][0] == "OPTIONS * HTTP/1.1", (status, up.requests)


def test_methods_go_up_as_they_are():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            assert c.request(f"{method} /m HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200, method
            assert up.requests[-1][0] == f"{method} /m HTTP/1.1"


def test_hop_by_hop_fields_stay_on_their_hop():
    seen = {}

    def script(c, line, fields, body):
        seen.update(fields)
        Upstream.answer(c, more="Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: 2\r\n"
                                "Proxy-Connection: close\r\n")

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port) as c:
        _, fields, _ = c.get(more="Connection: x-secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: 300\r\nTE: gzip\r\n"
                                  "Proxy-Connection: keep-alive\r\nHTTP2-Settings: AAA\r\nX-Other: 2\r\nUpgrade: h2c\r\n")
        for name in ("x-secret", "keep-alive", "proxy-connection", "te", "http2-settings", "upgrade"):
            assert name not in seen, (name, seen)
        assert seen["x-other"] == ["2"] and "x-secret" not in "".join(seen.get("connection", [])), seen
        for name in ("x-mine", "keep-alive", "proxy-connection"):
            assert name not in fields, fields
        assert fields["x-kept"] == "2"


def test_connection_cannot_strip_what_the_gateway_says():
    """Apache CVE-2022-31813: Connection: X-Forwarded-For took the proxy's own word away."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.get(more="Connection: x-forwarded-for, x-forwarded-host, host, x-request-id, close\r\n")
        fields = up.requests[0][1]
        assert fields["x-forwarded-for"] == ["127.0.0.1"] and fields["host"] == ["a.test"], fields
        assert fields["x-forwarded-host"] == ["a.test"] and "x-request-id" in fields, fields


def test_fields_keep_their_order_and_their_repeats():
    def script(c, line, fields, body):
        Upstream.answer(c, more="Set-Cookie: a=1\r\nX-A: 1\r\nSet-Cookie: b=2; Expires=Thu, 01 Jan 2026\r\nX-A:\r\n")

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port) as c:
        c.get(more="Cookie: a=1\r\nX-B: one\r\nCookie: b=2\r\nX-B: two\r\nX-Empty:\r\nX-High: \xe9\xff\r\n")
        lines = [line.lower() for line in c.raw_head if line.lower().startswith(("set-cookie", "x-a"))]
        assert lines == ["set-cookie: a=1", "x-a: 1", "set-cookie: b=2; expires=thu, 01 jan 2026", "x-a: "] or \
            lines[:3] == ["set-cookie: a=1", "x-a: 1", "set-cookie: b=2; expires=thu, 01 jan 2026"], lines
        fields = up.requests[0][1]
        assert fields["x-b"] == ["one", "two"] and fields["x-empty"] == [""] and fields["x-high"] == ["\xe9\xff"], fields
        assert "; ".join(fields["cookie"]) == "a=1; b=2", fields


def test_both_bodies_at_once():
    """An upstream may answer while it still reads: each chunk comes back before the next one is sent."""
    def script(c, _):
        Upstream.take_head(c)
        c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while data := c.chunk():
            c.send(b"%x\r\n%s\r\n" % (len(data), data.upper()))
        c.send("0\r\n\r\n")

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert c.head()[0] == 200
        for i in range(20):
            c.send(f"5\r\nabc{i:02}\r\n")
            got = b""
            while len(got) < 5:
                got += c.chunk()
            assert got == b"ABC%02d" % i, got
        c.send("0\r\n\r\n")
        assert c.chunk() == b""


def test_answer_before_the_body_is_read():
    """An upstream that answers early and closes: the client gets its answer though it is still sending."""
    def script(c, _):
        Upstream.take_head(c)
        Upstream.answer(c, "too big", status="413 Content Too Large", more="Connection: close\r\n")

    with Upstream(script) as up, simple(up) as f:
        for framing in ("Content-Length: 10000000", "Transfer-Encoding: chunked"):
            with Client(f.port) as c:
                c.send(f"POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n")
                if "chunked" in framing:
                    c.send_try(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                else:
                    c.send_try(b"x" * 100000)
                status, fields, body = c.response()
                assert (status, body) == (413, b"too big"), (framing, status)
                assert fields.get("connection") == "close", (framing, fields)
                assert c.is_closed()
        with Client(f.port) as c:
            assert c.get()[0] == 413


def test_client_that_shuts_its_sending_side_is_gone():
    """It looks the same as one that closed; http/h1_server.c says why that is taken for the meaning."""
    with Upstream(serving(lambda c, *_: time.sleep(5))) as up, simple(up) as f, Client(f.port) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        up.wait_requests(1)
        c.finish()
        assert c.rest() == b""
        f.wait_ending("conn-client-gone")


def test_client_gone_in_mid_request_reaches_nobody_else():
    """A cut request is not completed by anybody: the upstream's connection ends, too."""
    ends = []

    def script(c, _):
        Upstream.take_head(c)
        try:
            c.exactly(10)
        except (EOFError, ConnectionResetError):
            ends.append(True)

    with Upstream(script) as up, simple(up) as f:
        with Client(f.port) as c:
            c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            up.wait(lambda: up.connections_n == 1, "the upstream's connection")
            c.reset()
        f.wait(lambda: ends, "the upstream's connection ends")
        f.wait_ending("conn-client-gone")


def test_request_cut_by_the_clients_end():
    with Upstream() as up, simple(up) as f:
        for text in ("GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"):
            with Client(f.port) as c:
                c.send(text)
                c.finish()
                c.problem(400, "h1-request-cut")
                assert c.is_closed()
        assert up.requests == []


def test_large_answers_in_every_framing():
    big = bytes(range(256)) * 12000

    def script(c, line, fields, body):
        kind = line.split(" ")[1]
        if kind == "/length":
            c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big) + big)
        elif kind == "/chunks":
            c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            at = 0
            for step in (1, 17, 4096, 100000, 65535, 3):
                c.send(b"%x\r\n%s\r\n" % (step, big[at:at + step]))
                at += step
            c.send(b"%X\r\n%s\r\n0\r\n\r\n" % (len(big) - at, big[at:]))
        else:
            c.send(b"HTTP/1.1 200 OK\r\n\r\n" + big)
            c.close()

    with Upstream(serving(script)) as up, simple(up) as f, Client(f.port) as c:
        for path in ("/length", "/chunks", "/end", "/length"):
            status, _, body = c.get(path)
            assert status == 200 and body == big, (path, len(body))
