"""HTTP/2 attacks: each ends with its name, costs a bounded amount, and is felt by nobody else.

The invariant (reference/hardening-cases.md section 3): requests in progress upstream for one connection are never more
than MAX_CONCURRENT_STREAMS, counted until the upstream's work has ended, not until the stream was closed.
"""
import struct
import threading
import time

import h2
from forge import listener_extras, simple, timeouts
from h2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
                WINDOW_UPDATE, Gone, Peer, block, connect, frame, literal, request_fields, rst, window_update)
from peer import Client, Upstream

HEAD = block(request_fields())
FLOOD = ("h2-control-flood", "h2-replies-unsent")
REQUEST_FLAGS = END_HEADERS | END_STREAM


class Origin:
    """A slow upstream that knows how many requests it works on at the same time, and the most it ever had."""

    def __init__(self, seconds=0.5):
        self.now = self.peak = self.total = 0
        self.lock = threading.Lock()
        self.seconds = seconds

    def __call__(self, c, _):
        while True:
            line, _ = Upstream.take_head(c)
            if "/quick" in line:
                Upstream.answer(c)
                continue
            with self.lock:
                self.now, self.total = self.now + 1, self.total + 1
                self.peak = max(self.peak, self.now)
            try:
                c.s.settimeout(self.seconds)
                try:
                    if c.s.recv(1, 2) == b"":  # MSG_PEEK: the gateway has let go.
                        return
                except TimeoutError:
                    pass
                c.s.settimeout(20)
                Upstream.answer(c)
            finally:
                with self.lock:
                    self.now -= 1


def victim(f, stop, slow):
    """A second client: each of its requests must be quick."""
    with connect(f.port) as p:
        while not stop.is_set():
            began = time.monotonic()
            assert p.get("/quick")[0] == 200
            slow.append(time.monotonic() - began)
            time.sleep(0.01)


def attacked(attack, why, origin=None, code=h2.ENHANCE_YOUR_CALM, documents=(), grows_kb=16 << 10):
    """Run attack(peer) beside a victim; the connection must end with GOAWAY code and the ending why."""
    origin = origin or Origin()
    whys = why if isinstance(why, tuple) else (why,)
    with Upstream(origin) as up, simple(up, documents) as f:
        stop, waits = threading.Event(), []
        other = threading.Thread(target=victim, args=(f, stop, waits))
        other.start()
        try:
            f.wait(lambda: len(waits) > 3, "the victim")
            before = f.rss_kb()
            with connect(f.port) as p:
                p.ping()
                try:
                    attack(p)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                got = p.end_code()
                # A reset may overtake the GOAWAY when we went on sending.
                assert got in (code, None), f"GOAWAY {got}, not {code}"
            f.wait(lambda: any(f.ending(w) for w in whys), lambda: f"{whys}, have {f.endings()}")
            grown = f.rss_kb() - before
        finally:
            stop.set()
            other.join(20)
        assert not other.is_alive() and waits
        assert sorted(waits)[len(waits) // 2] < 0.1, f"the other client waited {sorted(waits)[len(waits) // 2]:.2f} s"
        assert origin.peak <= 100, f"{origin.peak} requests in progress upstream for one connection"
        assert grown < grows_kb, f"memory grew by {grown} KiB"
        with connect(f.port) as p:
            assert p.get("/quick")[0] == 200
        return f.endings(), origin


def send_in_batches(p, pieces, batch=50):
    for i in range(0, len(pieces), batch):
        p.send(b"".join(pieces[i:i + batch]))


def opening(i):
    return frame(HEADERS, REQUEST_FLAGS, 2 * i + 1, HEAD)


# ---- resets, by the client or provoked ----

def test_rapid_reset():
    """CVE-2023-44487."""
    attacked(lambda p: send_in_batches(p, [opening(i) + rst(2 * i + 1) for i in range(2000)]), "h2-reset-flood")


def test_rapid_reset_after_the_dispatch():
    """The reset comes when the upstream already works: those count until they have really ended."""
    def attack(p):
        for k in range(30):
            p.send(b"".join(opening(i) for i in range(100 * k, 100 * k + 100)))
            time.sleep(0.02)
            p.send(b"".join(rst(2 * i + 1) for i in range(100 * k, 100 * k + 100)))

    attacked(attack, "h2-reset-flood")


PROVOKED = {
    "window update of zero": lambda n: window_update(n, 0),
    "window overflow": lambda n: window_update(n, 0x7fffffff),
    "priority on itself": lambda n: frame(PRIORITY, 0, n, struct.pack(">IB", n, 1)),
    "priority of a wrong length": lambda n: frame(PRIORITY, 0, n, b"\x00" * 4),
    "data after the end": lambda n: frame(DATA, 0, n, b"x"),
    "head after the end": lambda n: frame(HEADERS, REQUEST_FLAGS, n, HEAD),
}


def test_made_you_reset():
    """CVE-2025-8671: the server is made to reset its own streams."""
    for name, make in PROVOKED.items():
        try:
            check_provoked(name, make)
        except AssertionError as e:
            raise AssertionError(f"{name}: {e}") from None


def check_provoked(name, make):
    origin = Origin(0.2)
    with Upstream(origin) as up, simple(up) as f, connect(f.port) as p:
        p.ping()
        sent = 0
        try:
            for i in range(1500):
                p.send(opening(i) + make(2 * i + 1))
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        p.end_code()
        assert sent < 1500 or f.endings(), f"{name}: nothing was done about it"
        f.wait(lambda: any(w.startswith("h2-") for w in f.endings()), lambda: f"an ending, have {f.endings()}")
        assert origin.peak <= 100, f"{origin.peak} at once"
        with connect(f.port) as other:
            assert other.get("/quick")[0] == 200


def test_streams_over_the_limit():
    """Refused with REFUSED_STREAM, the others served; who goes on like that is sent away."""
    origin = Origin(0.5)
    with Upstream(origin) as up, simple(up) as f, connect(f.port) as p:
        p.ping()
        p.send(b"".join(opening(i) for i in range(150)))
        p.next_id = 301
        done = [p._stream(2 * i + 1) for i in range(150)]
        p.until(lambda: all(s.ended or s.reset is not None for s in done))
        refused = [s for s in done if s.reset is not None]
        assert len(refused) == 50 and all(s.reset == h2.REFUSED_STREAM for s in refused), len(refused)
        assert all(s.status == 200 for s in done if s.ended) and origin.peak == 100, origin.peak
        assert f.ending("h2-stream-refused") == 50
        assert p.get("/quick")[0] == 200


def test_streams_over_the_limit_for_ever():
    attacked(lambda p: send_in_batches(p, [opening(i) for i in range(1500)]), "h2-reset-flood", Origin(2))


# ---- floods of what carries nothing ----

def test_ping_flood():
    attacked(lambda p: send_in_batches(p, [frame(PING, 0, 0, b"12345678")] * 3000), FLOOD)


def test_settings_flood():
    attacked(lambda p: send_in_batches(p, [h2.settings((h2.INITIAL_WINDOW_SIZE, 1000 + i)) for i in range(3000)]), FLOOD)


def test_settings_of_2700_entries():
    attacked(lambda p: p.send(h2.settings(*[(h2.INITIAL_WINDOW_SIZE, i) for i in range(2700)])), "h2-settings-flood")


def test_priority_churn():
    """CVE-2019-9513."""
    attacked(lambda p: send_in_batches(p, [frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 2 * i + 3, 7)) for i in range(3000)]), FLOOD)


def test_window_update_flood():
    attacked(lambda p: send_in_batches(p, [window_update(0, 1)] * 3000), "h2-control-flood")


def test_unknown_frames_flood():
    attacked(lambda p: send_in_batches(p, [frame(0x77, 0xff, 5, b"x" * 10)] * 3000), "h2-control-flood")


def test_empty_data_flood():
    """CVE-2019-9518."""
    attacked(lambda p: (p.send(frame(HEADERS, END_HEADERS, 1, block(request_fields("POST")))),
                        send_in_batches(p, [frame(DATA, 0, 1)] * 3000)), "h2-reset-flood")


def test_padding_only_data_flood():
    attacked(lambda p: (p.send(frame(HEADERS, END_HEADERS, 1, block(request_fields("POST")))),
                        send_in_batches(p, [frame(DATA, h2.PADDED, 1, b"\x00")] * 3000)), "h2-reset-flood")


def test_reset_of_ended_streams_flood():
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        assert p.get("/quick")[0] == 200
        try:
            send_in_batches(p, [rst(1)] * 3000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        p.end_code()
        f.wait(lambda: any(w.startswith("h2-") for w in f.endings()), lambda: f"an ending, have {f.endings()}")


def test_continuation_flood():
    """CVE-2024-27316: a head without an end, in full frames and in empty ones."""
    for payload in (b"", literal("x-a", "v" * 1000)):
        attacked(lambda p, more=payload: (p.send(frame(HEADERS, 0, 1, HEAD)), send_in_batches(p, [frame(CONTINUATION, 0, 1, more)] * 2000)),
                 ("h2-continuation-flood", "h2-head-large"))


def test_head_without_an_end_is_slow():
    with Upstream() as up, simple(up, [listener_extras(headTimeout="1s")]) as f, connect(f.port) as p:
        p.ping()
        began = time.monotonic()
        p.send(frame(HEADERS, 0, 1, HEAD))
        p.end_code()
        assert time.monotonic() - began < 5
        f.wait_ending("conn-head-slow")
        assert up.requests == []


def test_replies_that_nobody_reads():
    """Asks for answers and never reads them: what waits is bounded."""
    with Upstream() as up, simple(up) as f:
        before = f.rss_kb()
        with Client(f.port, receive_bytes=4096) as c:
            c.send(h2.PREFACE + h2.settings())
            c.s.settimeout(3)
            try:
                # Slow enough for the control account, too many for the socket: 100 a second are free.
                for i in range(200):
                    c.send(b"".join(opening(50 * i + k) for k in range(50)))
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                pass
            assert f.rss_kb() - before < 32 << 10
        with connect(f.port) as p:
            assert p.get("/quick")[0] == 200


# ---- memory ----

def bomb(value_bytes, references):
    """One large field remembered, then named again and again by one byte each."""
    return HEAD + h2.remembered("x-bomb", "b" * value_bytes) + h2.indexed(62) * references


def test_hpack_bomb():
    """CVE-2016-6581: a small block that decodes to a large list. Refused, and the table is still in step afterwards."""
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        before = f.rss_kb()
        for i in range(8):
            number = 2 * i + 1
            p.send(frame(HEADERS, REQUEST_FLAGS, number, bomb(3900, 12000) if i == 0 else HEAD + h2.indexed(62) * 16000))
            s = p._stream(number)
            p.until(lambda s=s: s.ended or s.reset is not None or p.goaway)
            assert p.goaway is None and s.status == 431 and b"h2-head-large" in s.body, (p.goaway, s.reset, s.body)
        assert f.rss_kb() - before < 8 << 10, f.rss_kb() - before
        p.next_id = 17
        assert p.get("/after")[0] == 200
        assert f.ending("h2-head-large") == 8 and len(up.requests) == 1


def test_http2_bomb():
    """CVE-2026-49975: as many streams as there may be, each with a bomb of small fields, and no window to answer into."""
    with Upstream() as up, simple(up) as f, connect(f.port, own_settings=[(h2.INITIAL_WINDOW_SIZE, 0)], window=0) as p:
        p.ping()
        before = f.rss_kb()
        first = HEAD + h2.remembered("x", "y")
        for i in range(100):
            p.send(frame(HEADERS, REQUEST_FLAGS, 2 * i + 1, (first if i == 0 else HEAD) + h2.indexed(62) * 12000))
        p.ping()
        assert f.rss_kb() - before < 24 << 10, f"grew by {f.rss_kb() - before} KiB"
        assert up.requests == []


def test_cookie_crumbs():
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        p.send(frame(HEADERS, REQUEST_FLAGS, 1, HEAD + h2.remembered("cookie", "a=b") + h2.indexed(62) * 10000))
        p.next_id = 3
        s = p._stream(1)
        p.until(lambda: s.ended or s.reset is not None)
        assert s.status == 431 and b"h2-head-large" in s.body, (s.reset, s.body)
        assert p.get("/after", more=[("cookie", f"c{i}=1") for i in range(60)])[0] == 200
        assert up.requests[0][1]["cookie"] == ["; ".join(f"c{i}=1" for i in range(60))]


def test_streams_that_wait_for_a_window_end():
    """A client that gives no window holds nothing for ever."""
    with Upstream() as up, simple(up, [timeouts(http={"streamIdleTimeout": "1s", "requestTimeout": "0s"})]) as f:
        with connect(f.port, own_settings=[(h2.INITIAL_WINDOW_SIZE, 0)]) as p:
            p.ping()
            for i in range(50):
                p.send(opening(i))
            f.wait(lambda: f.ending("conn-read-slow") + f.ending("up-idle") >= 50, f.endings)
            live = {k: v for k, v in f.metrics().items() if k.startswith('forge_pool_live{pool="exchange",thread="0"')}
            assert all(v == 0 for v in live.values()), live


# ---- broken rules ----

def raw_head(fields):
    return frame(HEADERS, REQUEST_FLAGS, 1, block(fields))


BROKEN = [
    ("data on stream 0", frame(DATA, 0, 0, b"x"), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("data on an idle stream", frame(DATA, 0, 5, b"x"), h2.PROTOCOL_ERROR, ("h2-protocol", "h2-stream-id")),
    ("head on stream 0", frame(HEADERS, REQUEST_FLAGS, 0, HEAD), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("head on an even stream", frame(HEADERS, REQUEST_FLAGS, 2, HEAD), h2.PROTOCOL_ERROR, ("h2-protocol", "h2-stream-id")),
    ("reset of an idle stream", rst(7), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("reset of a wrong length", frame(RST_STREAM, 0, 1, b"\x00"), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("settings on a stream", frame(SETTINGS, 0, 1), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("settings of a wrong length", frame(SETTINGS, 0, 0, b"\x00" * 5), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("settings ack with payload", frame(SETTINGS, 1, 0, b"\x00" * 6), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("settings: window too large", h2.settings((h2.INITIAL_WINDOW_SIZE, 0x80000000)), h2.FLOW_CONTROL_ERROR, "h2-flow-control"),
    ("settings: frame size too small", h2.settings((h2.MAX_FRAME_SIZE, 100)), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("settings: push is 2", h2.settings((h2.ENABLE_PUSH, 2)), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("ping of a wrong length", frame(PING, 0, 0, b"1"), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("ping on a stream", frame(PING, 0, 1, b"12345678"), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("goaway on a stream", frame(GOAWAY, 0, 1, b"\x00" * 8), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("window update of zero on 0", window_update(0, 0), h2.PROTOCOL_ERROR, ("h2-protocol", "h2-flow-control")),
    ("window update of a wrong length", frame(WINDOW_UPDATE, 0, 0, b"\x00" * 3), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("window overflow on 0", window_update(0, 0x7fffffff), h2.FLOW_CONTROL_ERROR, "h2-flow-control"),
    ("push promise by a client", frame(PUSH_PROMISE, END_HEADERS, 1, b"\x00\x00\x00\x02" + HEAD), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("continuation out of nowhere", frame(CONTINUATION, END_HEADERS, 1, HEAD), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("a frame within a head", frame(HEADERS, 0, 1, HEAD) + frame(PING, 0, 0, b"12345678"), h2.PROTOCOL_ERROR, "h2-protocol"),
    ("continuation of another stream", frame(HEADERS, 0, 1, HEAD) + frame(CONTINUATION, END_HEADERS, 3, b""), h2.PROTOCOL_ERROR,
     "h2-protocol"),
    ("frame too large", frame(DATA, 0, 1, b"", length=16385), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("frame of 16 MiB", frame(0x55, 0, 0, b"", length=0xffffff), h2.FRAME_SIZE_ERROR, "h2-frame-size"),
    ("padding longer than the frame", frame(HEADERS, REQUEST_FLAGS | h2.PADDED, 1, b"\xff" + HEAD), h2.PROTOCOL_ERROR,
     ("h2-protocol", "h2-frame-size")),
    ("broken HPACK index", frame(HEADERS, REQUEST_FLAGS, 1, b"\xff\xff\xff\xff\xff\xff"), h2.COMPRESSION_ERROR, "h2-hpack"),
    ("HPACK index beyond the table", frame(HEADERS, REQUEST_FLAGS, 1, HEAD + h2.indexed(100)), h2.COMPRESSION_ERROR, "h2-hpack"),
    ("HPACK string cut off", frame(HEADERS, REQUEST_FLAGS, 1, b"\x00\x7f\x10abc"), h2.COMPRESSION_ERROR, "h2-hpack"),
    ("HPACK table too large", frame(HEADERS, REQUEST_FLAGS, 1, h2.integer(1 << 20, 5, 0x20) + HEAD), h2.COMPRESSION_ERROR, "h2-hpack"),
    ("bad Huffman", frame(HEADERS, REQUEST_FLAGS, 1, HEAD + b"\x00\x01a\x84\xff\xff\xff\xff"), h2.COMPRESSION_ERROR, "h2-hpack"),
]


def test_connection_errors():
    """RFC 9113: each breach with its code, its name, and an end."""
    wrong = []
    with Upstream() as up, simple(up) as f:
        for name, text, code, why in BROKEN:
            whys = why if isinstance(why, tuple) else (why,)
            before = f.endings()
            with connect(f.port) as p:
                p.ping()
                p.send_try(text)
                try:
                    got = p.end_code()
                except TimeoutError:
                    wrong.append(f"{name}: nothing happens")
                    continue
            ends = [w for w, n in f.endings().items() if n > before.get(w, 0)]
            if got != code or not any(w in whys for w in ends):
                wrong.append(f"{name}: GOAWAY {got}, not {code}; {ends}, not {whys}")
        assert up.requests == [], up.requests
        with connect(f.port) as p:
            assert p.get()[0] == 200
    assert not wrong, "\n".join(wrong)


def test_frames_on_closed_streams():
    """RFC 9113 s5.1: what libraries ignore or answer wrongly."""
    cases = [
        ("data after the client's own end", frame(DATA, 0, 1, b"x"), h2.STREAM_CLOSED, "h2-stream-closed"),
        ("head after the client's own end", frame(HEADERS, REQUEST_FLAGS, 1, HEAD), h2.STREAM_CLOSED, "h2-stream-closed"),
        ("a lower stream that was never opened", frame(HEADERS, REQUEST_FLAGS, 3, HEAD), h2.PROTOCOL_ERROR, "h2-stream-id"),
        ("data on a lower stream", frame(DATA, 0, 3, b"x"), h2.PROTOCOL_ERROR, "h2-stream-id"),
    ]
    with Upstream() as up, simple(up) as f:
        for name, text, code, why in cases:
            with connect(f.port) as p:
                assert p.get("/1")[0] == 200
                p.next_id = 5
                assert p.get("/5")[0] == 200
                p.send(text)
                got = p.end_code()
                assert got == code, f"{name}: {got}, not {code}"
        assert f.ending("h2-stream-closed") == 2 and f.ending("h2-stream-id") == 2, f.endings()


def test_what_may_still_be_on_its_way_is_no_breach():
    """After RST_STREAM of ours, and WINDOW_UPDATE or PRIORITY for an ended stream, the connection goes on."""
    def script(c, _):
        while True:
            line, fields = Upstream.take_head(c)
            Upstream.answer(c, "early", more="Connection: close\r\n")
            return

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="POST", end=False)
        assert p.reset_code(number) == h2.NO_ERROR
        p.send(frame(DATA, 0, number, b"late") + window_update(number, 10) + rst(number)
               + frame(PRIORITY, 0, number, b"\x00\x00\x00\x00\x07"))
        assert p.get("/next")[2] == b"early" and p.goaway is None


def test_prefaces():
    cases = [h2.PREFACE + rest for rest in (frame(PING, 0, 0, b"12345678"), frame(HEADERS, REQUEST_FLAGS, 1, HEAD),
                                            b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100)]
    with Upstream() as up, simple(up) as f:
        for text in cases:
            with Client(f.port) as c:
                c.send(text)
                raw = c.rest()
                assert b"\x07" in raw or raw == b"", raw
        f.wait(lambda: f.ending("h2-preface") + f.ending("h2-frame-size") + f.ending("h2-protocol") >= len(cases), f.endings)
        assert f.ending("h2-preface") >= 2 and up.requests == []
        with Client(f.port) as c:  # Half a preface, then another word: that was HTTP/1, and a bad one.
            c.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
            assert b"HTTP/1.1 " in c.rest()


# ---- messages ----

def fields_of(*pairs, drop=()):
    return [pair for pair in request_fields() if pair[0] not in drop] + list(pairs)


# name, fields, how it ends: a status with its why, or a reset
MESSAGES = [
    ("upper case name", fields_of(("X-Upper", "1")), "reset"),
    ("blank in a name", fields_of(("x y", "1")), "either"),
    ("colon in a name", fields_of(("x:y", "1")), "either"),
    ("CR LF in a value", fields_of(("x", "a\r\nset-cookie: b")), "either"),
    ("LF in a value", fields_of(("x", "a\nb")), "either"),
    ("NUL in a value", fields_of(("x", "a\x00b")), "either"),
    ("CR LF in a name", fields_of(("x\r\ny", "1")), "either"),
    ("empty name", fields_of(("", "1")), "either"),
    ("blank at the ends of a value", fields_of(("x", " a ")), "either"),
    ("connection", fields_of(("connection", "close")), "reset"),
    ("keep-alive", fields_of(("keep-alive", "1")), "reset"),
    ("proxy-connection", fields_of(("proxy-connection", "1")), "reset"),
    ("transfer-encoding", fields_of(("transfer-encoding", "chunked")), "reset"),
    ("upgrade", fields_of(("upgrade", "h2c")), "reset"),
    ("te: gzip", fields_of(("te", "gzip")), "reset"),
    ("no method", fields_of(drop=[":method"]), "reset"),
    ("no scheme", fields_of(drop=[":scheme"]), "reset"),
    ("no path", fields_of(drop=[":path"]), "reset"),
    ("empty path", fields_of((":path", ""), drop=[":path"]), "reset"),
    ("method twice", [(":method", "GET")] + request_fields(), "reset"),
    ("path twice", [(":path", "/a")] + request_fields(), "reset"),
    ("authority twice", [(":authority", "a")] + request_fields(), "reset"),
    ("unknown pseudo-field", [(":nonsense", "1")] + request_fields(), "reset"),
    ("status in a request", [(":status", "200")] + request_fields(), "reset"),
    ("pseudo-field after a field", [("x", "1")] + request_fields(), "reset"),
    ("no authority, no host", fields_of(drop=[":authority"]), "either"),
    ("authority and another host", fields_of(("host", "evil")), (400, "h2-authority")),
    ("authority with user", fields_of((":authority", "u@a"), drop=[":authority"]), "either"),
    ("authority with comma", fields_of((":authority", "a,b"), drop=[":authority"]), (400, "uri-host")),
    ("authority with path", fields_of((":authority", "a/b"), drop=[":authority"]), "either"),
    ("scheme of something else", fields_of((":scheme", "ftp"), drop=[":scheme"]), (400, "h2-scheme")),
    ("unknown method", fields_of((":method", "BREW"), drop=[":method"]), (501, "h2-method")),
    ("CRLF in the method", fields_of((":method", "GET / HTTP/1.1\r\nx: y"), drop=[":method"]), "either"),
    ("absolute path", fields_of((":path", "http://b/"), drop=[":path"]), "either"),
    ("path without slash", fields_of((":path", "x"), drop=[":path"]), "either"),
    ("path with blank", fields_of((":path", "/a b"), drop=[":path"]), "either"),
    ("path with CR LF", fields_of((":path", "/ HTTP/1.1\r\nx: y"), drop=[":path"]), "either"),
    ("path with fragment", fields_of((":path", "/a#b"), drop=[":path"]), "either"),
    ("path above root", fields_of((":path", "/../x"), drop=[":path"]), (400, "uri-path-above-root")),
    ("encoded slash", fields_of((":path", "/a%2fb"), drop=[":path"]), (400, "uri-path-separator")),
    ("* with GET", fields_of((":path", "*"), drop=[":path"]), "either"),
    ("plain CONNECT", [(":method", "CONNECT"), (":authority", "a:443")], (501, "h2-method")),
    ("protocol without CONNECT", [(":protocol", "websocket")] + request_fields(), "reset"),
    ("content-length of words", fields_of(("content-length", "abc")), "either"),
    ("content-length twice", fields_of(("content-length", "0"), ("content-length", "0")), "either"),
    ("content-length without a body", fields_of(("content-length", "5")), "reset"),
    ("101 fields", fields_of(*[(f"x-{i}", "1") for i in range(101)]), (431, "h2-head-large")),
    ("a field of 70 KiB", fields_of(*[(f"x-{i}", "v" * 15000) for i in range(5)]), (431, "h2-head-large")),
]


def test_messages():
    """A malformed message ends its stream, by name, and nothing else; nothing of it reaches an upstream."""
    wrong = []
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        for name, fields, want in MESSAGES:
            if p.goaway:
                p.close()
                p = connect(f.port)
            number, p.next_id = p.next_id, p.next_id + 2
            head, first = block(fields), True
            while head or first:
                piece, head = head[:16000], head[16000:]
                flags = (END_STREAM if first else 0) | (0 if head else END_HEADERS)
                p.send(frame(HEADERS if first else CONTINUATION, flags, number, piece))
                first = False
            s = p._stream(number)
            p.until(lambda s=s: s.ended or s.reset is not None or p.goaway)
            if want == "reset":
                good = s.reset == h2.PROTOCOL_ERROR
            elif want == "either":
                good = s.reset == h2.PROTOCOL_ERROR or (s.heads and s.status in (400, 501))
            else:
                good = bool(s.heads) and s.status == want[0] and f"urn:apiforge:why:{want[1]}\"".encode() in s.body
            if not good:
                wrong.append(f"{name}: wanted {want}, got status {s.heads and s.status}, reset {s.reset}, goaway {p.goaway}, "
                             f"{bytes(s.body)[:150]}")
        assert up.requests == [], up.requests
        assert p.get("/after")[0] == 200
        endings = f.endings()
        assert endings.get("h2-message", 0) >= 15 and endings.get("h2-field", 0) >= 1, endings
        p.close()
    assert not wrong, "\n".join(wrong)


def test_bodies_that_lie():
    """Downgrade smuggling (CVE-2021-39240...): a body longer or shorter than its length never looks like two requests."""
    with Upstream() as up, simple(up) as f, connect(f.port) as p:
        for declared, body in (("5", b"abc"), ("3", b"abcGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"), ("0", b"x")):
            number = p.request(method="POST", end=False, more=[("content-length", declared)])
            p.send(frame(DATA, END_STREAM, number, body))
            s = p.streams[number]
            p.until(lambda s=s: s.ended or s.reset is not None)
            assert s.reset == h2.PROTOCOL_ERROR or s.status == 400, (declared, s.reset)
        assert up.requests == [], up.requests
        assert p.get("/after")[0] == 200 and f.ending("h2-message") == 3, f.endings()


def test_trailers_that_lie():
    for trailers in ([(":path", "/x")], [("X-Upper", "1")], [("connection", "close")]):
        with Upstream() as up, simple(up) as f, connect(f.port) as p:
            number = p.request(method="POST", end=False)
            p.data(number, b"abc")
            p.trailers(number, trailers)
            assert p.reset_code(number) == h2.PROTOCOL_ERROR, trailers
            assert up.requests == []
            assert p.get("/after")[0] == 200


def test_trailers_cannot_become_headers():
    seen = []

    def script(c, _):
        Upstream.take_head(c)
        c.chunked()
        seen.extend(c.trailers)
        Upstream.answer(c)

    with Upstream(script) as up, simple(up) as f, connect(f.port) as p:
        number = p.request(method="POST", end=False)
        p.data(number, b"abc")
        p.trailers(number, [("x-fine", "1"), ("authorization", "x"), ("x-forwarded-for", "6.6.6.6"), ("host", "evil"), ("cookie", "a=b")])
        assert p.response(number)[0] == 200
        assert [t.lower() for t in seen] == ["x-fine: 1"], seen


# ---- upstreams that attack ----

def upstream_case(act, why, more_than_one=False):
    def run(c, _):
        p = Peer(c, is_client=False)
        number, _, _ = p.next_request()
        act(p, number)
        try:
            p.end_code()
        except OSError:
            pass

    with Upstream(run) as up, simple(up, [timeouts(http={"requestTimeout": "5s"})], protocol="http2") as f, Client(f.port) as c:
        status, _, body = c.get()
        whys = why if isinstance(why, tuple) else (why,)
        assert status == 502 and any(f":why:{w}\"".encode() in body for w in whys), f"{whys}: {status} {body[:200]}"


def test_upstreams_that_break_the_rules():
    head = [(":status", "200")]
    cases = [
        ("data before the head", lambda p, n: p.send(frame(DATA, END_STREAM, n, b"x")), ("h2-up-message", "h2-up-protocol", "h2-up-reset")),
        ("no status", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block([("x", "y")]))), "h2-up-message"),
        ("status of words", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block([(":status", "abc")]))), "h2-up-message"),
        ("status 099", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block([(":status", "099")]))), "h2-up-message"),
        ("upper case name", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block(head + [("X-Y", "z")]))), "h2-up-message"),
        ("LF in a value", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block(head + [("x", "a\nb")]))), "h2-up-message"),
        ("length that lies", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block(head + [("content-length", "5")]))),
         "h2-up-message"),
        ("too many fields", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, block(head + [(f"x-{i}", "1") for i in range(110)]))),
         "h2-up-head-large"),
        ("too many interims", lambda p, n: p.send(frame(HEADERS, END_HEADERS, n, block([(":status", "103")])) * 20), "h2-up-interims"),
        ("broken HPACK", lambda p, n: p.send(frame(HEADERS, REQUEST_FLAGS, n, b"\xff\xff\xff\xff\xff")), "h2-up-protocol"),
        ("frame too large", lambda p, n: p.send(frame(DATA, 0, n, b"x" * 20000)), "h2-up-protocol"),
        ("push", lambda p, n: p.send(frame(PUSH_PROMISE, END_HEADERS, n, b"\x00\x00\x00\x02" + HEAD)), "h2-up-protocol"),
        ("goaway with an error", lambda p, n: (p.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, h2.INTERNAL_ERROR))), p.close()),
         ("h2-up-refused", "up-reset-early", "h2-up-reset")),
        ("settings with 100 entries", lambda p, n: p.send(h2.settings(*[(h2.INITIAL_WINDOW_SIZE, i) for i in range(100)])), "h2-up-flood"),
        ("not HTTP/2", lambda p, n: p.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".encode()), "h2-up-protocol"),
        ("reset", lambda p, n: p.send(rst(n, h2.INTERNAL_ERROR)), "h2-up-reset"),
    ]
    wrong = []
    for name, act, why in cases:
        try:
            upstream_case(act, why)
        except (AssertionError, EOFError, OSError) as e:
            wrong.append(f"{name}: {e}")
    assert not wrong, "\n".join(wrong)


def test_upstream_floods():
    for make in (lambda: frame(PING, 0, 0, b"12345678"), lambda: window_update(0, 1), lambda: frame(0x66, 0, 0, b"x")):
        def act(p, n):
            try:
                for _ in range(300):
                    p.send(make() * 100)
            except OSError:
                pass
        upstream_case(act, ("h2-up-flood", "up-reset-early"))
