"""Ordered basics: one request there and back, in each shape that HTTP/1.1 has."""
from forge import Forge, backend, body_cap, echo, free_port, gateway, harsh_policies, route, rule, service, simple
from peer import Client, Upstream


def test_get():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        status, fields, body = c.get("/x?y=1")
        assert (status, body) == (200, b"hello 0\n"), (status, fields, body)
        line, sent, _ = up.requests[0]
        assert line == "GET /x?y=1 HTTP/1.1", line
        assert sent["host"] == ["a.test"] and sent["x-forwarded-for"] == ["127.0.0.1"], sent
        assert "connection" not in sent or "keep-alive" in sent["connection"], sent


def test_keep_alive_and_reuse():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for i in range(20):
            assert c.get(f"/{i}")[0] == 200
        assert up.connections_n == 1, up.connections_n
        assert f.metrics()["forge_upstream_reuses_total"] == 19


def test_pipelined():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("".join(f"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n" for i in range(8)))
        for _ in range(8):
            assert c.response()[0] == 200
        assert [r[0].split()[1] for r in up.requests] == [f"/{i}" for i in range(8)]


def test_post_with_length_and_chunked():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        assert c.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde")[2] == b"hello 5\n"
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        c.send("3\r\nabc\r\n")
        c.send("4;x=y\r\ndefg\r\n0\r\n\r\n")
        assert c.response()[2] == b"hello 7\n"
        assert up.requests[1][2] == b"abcdefg"


def test_head_has_no_body():
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        Upstream.serve(c, 0)

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        status, fields, _ = c.request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status == 200 and fields["content-length"] == "1000", fields
        assert c.get()[2] == b"hello 0\n"


def test_no_route_is_a_problem_document():
    with Upstream() as up:
        with Forge([gateway(free_port()), service("a", up.port), route("all", rule("/only", [backend("a")]))]) as f:
            with Client(f.port) as c:
                status, fields, body = c.get("/else")
                assert status == 404 and fields["content-type"] == "application/problem+json", fields
                assert b"route-no-match" in body, body
                assert f.ending("route-no-match") == 1


def test_upstream_refused_is_502():
    with simple(free_port()) as f, Client(f.port) as c:
        c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, "io-refused")
        assert c.is_open()


def test_large_body_both_ways():
    big = bytes(range(256)) * 40000

    def script(c, _):
        _, _, body = Upstream.take(c)
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(big) + big)
        status, _, body = c.response()
        assert status == 200 and body == big, (status, len(body))


def test_policies_see_bodies_for_what_is_built_in():
    """The echo is an upstream like any other: a chunked body beyond the cap is refused, one within it is counted."""
    documents = [gateway(free_port()), *echo("a"), route("all", rule("/", [backend("a")])), body_cap(1000), harsh_policies(7)]
    head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Forge(documents) as f, Client(f.port) as c:
        c.send(head + "3e8\r\n" + "y" * 1000 + "\r\n0\r\n\r\n")
        assert c.response()[0] == 200
        c.send(head + "1f4\r\n" + "y" * 500 + "\r\n")
        c.send("1f5\r\n" + "z" * 501 + "\r\n0\r\n\r\n")
        c.problem(413, "policy-body-cap")
