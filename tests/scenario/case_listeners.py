"""Listeners: addresses and IPv6, PROXY protocol, and whom the gateway believes about the client's address."""
import socket
import struct

from forge import Forge, backend, free_port, gateway, listener, listener_extras, route, rule, service, simple
from peer import Client, Upstream

GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LOCAL = {"trusted": ["127.0.0.0/8", "::1/128"]}


def v2(command=1, family=0x11, source="10.1.2.3", port=4444, extra=b"", length=None):
    if family == 0x21:
        body = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "::2") + struct.pack(">HH", port, 80)
    elif family in (0x11, 0x12):
        body = socket.inet_aton(source) + socket.inet_aton("10.9.9.9") + struct.pack(">HH", port, 80)
    else:
        body = b""
    body += extra
    head = b"\r\n\r\n\x00\r\nQUIT\n" + bytes([0x20 | command, family])
    return head + struct.pack(">H", len(body) if length is None else length) + body


PROXIED = [
    (b"PROXY TCP4 10.1.2.3 10.9.9.9 4444 80\r\n", "10.1.2.3"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 4444 443\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (b"PROXY UNKNOWN ff:ff ff 1 2\r\n", "127.0.0.1"),
    (v2(), "10.1.2.3"),
    (v2(family=0x21, source="2001:db8::9"), "2001:db8::9"),
    (v2(command=0, family=0), "127.0.0.1"),
    (v2(extra=b"\x04\x00\x03abc"), "10.1.2.3"),
]

BAD = [
    b"PROXY TCP4 10.1.2.3 10.9.9.9 4444\r\n", b"PROXY TCP4 10.1.2.300 10.9.9.9 4444 80\r\n",
    b"PROXY TCP4 10.1.2.3 10.9.9.9 99999 80\r\n", b"PROXY TCP5 10.1.2.3 10.9.9.9 1 2\r\n",
    b"PROXY TCP4 10.1.2.3 10.9.9.9 4444 80\n", b"PROXY  TCP4 10.1.2.3 10.9.9.9 4444 80\r\n",
    b"\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c" + b"\x00" * 12, b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x04" + b"\x00" * 4,
]


def test_proxy_protocol():
    with Upstream() as up, simple(up, [listener_extras(proxyProtocol=LOCAL)]) as f:
        for header, want in PROXIED:
            for step in (len(header) + len(GET), 1):
                with Client(f.port) as c:
                    c.drip(header + GET.encode(), step=step)
                    assert c.response()[0] == 200, header
                    assert up.requests[-1][1]["x-forwarded-for"] == [want], (header, up.requests[-1])
        n = len(up.requests)
        for header in BAD:
            with Client(f.port) as c:
                c.send_try(header + GET.encode())
                assert c.rest() == b"", header
        assert f.ending("proxy-bad") == len(BAD), f.endings()
        with Client(f.port) as c:
            c.send_try(GET)
            assert c.rest() == b"", "served without the header that it wants"
        with Client(f.port) as c:
            c.send_try(v2(extra=b"\x00" * 5000))
            assert c.rest() == b""
        assert f.ending("proxy-absent") == 1 and f.ending("proxy-too-long") == 1, f.endings()
        assert len(up.requests) == n


def test_proxy_header_of_a_stranger():
    """From an address that is not trusted nothing is believed, and nothing served."""
    with Upstream() as up, simple(up, [listener_extras(proxyProtocol={"trusted": ["10.0.0.0/8"]})]) as f:
        for text in (PROXIED[0][0] + GET.encode(), GET.encode()):
            with Client(f.port) as c:
                c.send_try(text)
                assert c.rest() == b"", text
        assert up.requests == []
        assert f.ending("proxy-untrusted") == 2, f.endings()


def test_proxy_header_where_none_is_wanted_is_no_http():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send(PROXIED[0][0] + GET.encode())
        status, _, body = c.response()
        assert status in (400, 501) and up.requests == [], (status, body)


def test_proxy_header_that_does_not_come():
    """Setup has a deadline of its own; here the client only ends."""
    with Upstream() as up, simple(up, [listener_extras(proxyProtocol=LOCAL)]) as f:
        with Client(f.port) as c:
            c.send("PROXY TCP4 10.1")
            c.finish()
            assert c.rest() == b""


def forwarded(f, up, more):
    with Client(f.port) as c:
        assert c.get(more=more)[0] == 200
    return up.requests[-1][1]


def test_nobody_is_believed_by_default():
    with Upstream() as up, simple(up) as f:
        fields = forwarded(f, up, "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
                                  "X-Forwarded-Port: 99\r\nForwarded: for=6.6.6.6;host=evil\r\nX-Request-Id: mine\r\n")
        assert fields["x-forwarded-for"] == ["127.0.0.1"], fields
        assert fields["x-forwarded-proto"] == ["http"] and fields["x-forwarded-host"] == ["a.test"], fields
        assert "forwarded" not in fields and fields["x-request-id"] != ["mine"] and len(fields["x-request-id"]) == 1, fields


def test_trusted_hops():
    with Upstream() as up, simple(up, [listener_extras(forwarded={"trustedHops": 1, **LOCAL})]) as f:
        fields = forwarded(f, up, "X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n")
        assert ", ".join(fields["x-forwarded-for"]) == "1.1.1.1, 2.2.2.2, 127.0.0.1", fields
        assert fields["x-forwarded-proto"] == ["https"] and fields["x-request-id"] == ["mine"], fields
        fields = forwarded(f, up, "Forwarded: for=1.1.1.1;proto=https\r\n")
        assert "for=127.0.0.1" in fields["forwarded"][0] and fields["forwarded"][0].startswith("for=1.1.1.1"), fields
        fields = forwarded(f, up, "")
        assert fields["x-forwarded-for"] == ["127.0.0.1"], fields


def test_trusted_hops_from_a_stranger():
    with Upstream() as up, simple(up, [listener_extras(forwarded={"trustedHops": 2, "trusted": ["10.0.0.0/8"]})]) as f:
        fields = forwarded(f, up, "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n")
        assert fields["x-forwarded-for"] == ["127.0.0.1"] and fields["x-forwarded-proto"] == ["http"], fields


def test_proxy_protocol_and_trusted_hops():
    """The address that the PROXY header names is the peer that must be trusted."""
    docs = [listener_extras(proxyProtocol=LOCAL, forwarded={"trustedHops": 1, "trusted": ["10.1.0.0/16"]})]
    with Upstream() as up, simple(up, docs) as f:
        for header, want in ((b"PROXY TCP4 10.1.2.3 10.9.9.9 4444 80\r\n", "7.7.7.7, 10.1.2.3"),
                             (b"PROXY TCP4 10.2.2.3 10.9.9.9 4444 80\r\n", "10.2.2.3")):
            with Client(f.port) as c:
                c.send(header + b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 7.7.7.7\r\n\r\n")
                assert c.response()[0] == 200
                assert ", ".join(up.requests[-1][1]["x-forwarded-for"]) == want, up.requests[-1]


def test_ipv6():
    with Upstream() as up, simple(up) as f, Client(f.port, host="::1") as c:
        assert c.get(host=f"[::1]:{f.port}")[0] == 200
        assert up.requests[0][1]["x-forwarded-for"] == ["::1"] and up.requests[0][1]["host"] == [f"[::1]:{f.port}"]


def test_ipv6_upstream():
    with Upstream(host="::1") as up:
        docs = [gateway(free_port()), service("a", up.port, address="::1"), route("all", rule("/", [backend("a")]))]
        with Forge(docs) as f, Client(f.port) as c:
            assert c.get()[0] == 200


def test_addresses():
    """Only where it is told to listen."""
    with Upstream() as up, simple(up, [listener_extras(addresses=["127.0.0.1"])]) as f:
        with Client(f.port) as c:
            assert c.get()[0] == 200
        try:
            with Client(f.port, host="::1", timeout=3):
                raise AssertionError("it listens on ::1, too")
        except OSError:
            pass


def test_many_listeners():
    ports = [free_port() for _ in range(40)]
    with Upstream() as up:
        docs = [gateway(None, listeners=[listener(p) for p in ports]), service("a", up.port), route("all", rule("/", [backend("a")]))]
        with Forge(docs, workers=2) as f:
            for p in ports:
                with Client(p) as c:
                    assert c.get()[0] == 200
            assert f.metric("forge_connections_accepted_total") >= 40


def test_long_connections_are_shared_out_between_workers():
    """Few long connections by chance land on one worker; the kernel's choice is corrected."""
    with Upstream() as up, simple(up, workers=2) as f:
        clients = [Client(f.port) for _ in range(100)]
        for c in clients:
            assert c.get()[0] == 200
        live = [v for k, v in f.metrics().items() if k.startswith('forge_pool_live{pool="exchange"')]
        assert live, "no figures of pools"
        for c in clients:
            c.close()


def test_connection_limit():
    """The third of two is closed without a word; a place that becomes free is given again."""
    with Upstream() as up:
        edge = gateway(free_port())
        edge["conf"]["listeners"][0]["resources"] = {"connectionLimit": 2}
        with Forge([edge, service("a", up.port), route("all", rule("/", [backend("a")]))]) as f:
            with Client(f.port) as first, Client(f.port) as second:
                assert first.get()[0] == 200 and second.get()[0] == 200
                with Client(f.port) as third:
                    third.send_try(GET)
                    assert third.rest() == b""
                f.wait_ending("conn-limit")
                assert first.get()[0] == 200
            f.wait(lambda: f.metrics()["forge_connections_closed_total"] >= 2, "the two are gone")
            with Client(f.port) as again:
                assert again.get()[0] == 200
