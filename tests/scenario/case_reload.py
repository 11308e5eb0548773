"""SIGHUP: nothing in progress notices, what is new holds for what comes next, and a mistake changes nothing.

SCENARIO_RELOADS (100) and SCENARIO_UPLOAD_MB (24) make Shows 5 longer: 100 reloads, 10240 MB.
"""
import hashlib
import os
import threading
import time

from forge import (Forge, backend, free_port, gateway, listener, route, rule, service, simple, simple_documents,
                   harsh_policies, timeouts)
from peer import Client, Upstream, serving

RELOADS = int(os.environ.get("SCENARIO_RELOADS", "100"))
UPLOAD_MB = int(os.environ.get("SCENARIO_UPLOAD_MB", "24"))
ASK = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def named(name):
    return serving(lambda c, *_: Upstream.answer(c, name))


def test_new_documents_hold_at_once():
    with Upstream(named("one")) as one, Upstream(named("two")) as two, simple(one) as f, Client(f.port) as c:
        assert c.get()[2] == b"one"
        documents = simple_documents(two, port=f.port)
        f.reload(documents)
        assert c.get()[2] == b"two", "the same connection still gets the old configuration"
        with Client(f.port) as other:
            assert other.get()[2] == b"two"


def test_unchanged_upstream_keeps_its_connections():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        documents = simple_documents(up, port=f.port)
        for i in range(10):
            assert c.get()[0] == 200
            f.reload(documents)
        assert c.get()[0] == 200 and up.connections_n == 1, up.connections_n


def test_request_in_progress_keeps_the_old_one():
    go = threading.Event()

    def script(c, line, fields, body):
        go.wait(10)
        Upstream.answer(c, "old")

    with Upstream(serving(script)) as old, Upstream(named("new")) as new, simple(old) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        old.wait_requests(1)
        f.reload(simple_documents(new, port=f.port))
        with Client(f.port) as other:
            assert other.get()[2] == b"new"
        go.set()
        assert c.response()[2] == b"old"
        assert c.get()[2] == b"new"


def test_mistake_leaves_the_old_one():
    with Upstream(named("old")) as up, simple(up) as f, Client(f.port) as c:
        for name, text in (("syntax", "type: MeshGateway\n  name: [\n"), ("kind", "type: MeshGatway\nname: x\n"),
                           ("field", "type: MeshGateway\nname: x\nconf: {lisseners: []}\n"), ("bytes", "\x00\x01\x02")):
            f.write_text(text, "bad.yaml")
            f.reload_refused()
            assert "bad.yaml" in f.output(), f"{name}: the log does not name the file"
            assert c.get()[2] == b"old", name
        os.unlink(os.path.join(f.conf, "bad.yaml"))
        f.reload()
        assert c.get()[2] == b"old"
        assert f.manage("/readyz")[0] == 200


def test_port_that_is_taken_leaves_the_old_one():
    with Upstream(named("old")) as up, simple(up) as f, Client(f.port) as c, Upstream() as other:
        taken = simple_documents(up, port=f.port)
        taken[0]["conf"]["listeners"].append(listener(other.port))
        f.reload_refused(taken)
        assert "another program has this address" in f.output(), f.output()
        assert c.get()[2] == b"old"
        with Client(f.port) as more:
            assert more.get()[2] == b"old"


def test_folder_that_is_gone_leaves_the_old_one():
    with Upstream(named("old")) as up, simple(up) as f, Client(f.port) as c:
        os.rename(f.conf, f.conf + ".away")
        f.reload_refused()
        assert c.get()[2] == b"old"
        os.rename(f.conf + ".away", f.conf)
        f.reload()


def test_listeners_come_and_go():
    first, second = free_port(), free_port()
    with Upstream() as up:
        def documents(*ports):
            return [gateway(None, listeners=[listener(p) for p in ports]), service("a", up.port),
                    route("all", rule("/", [backend("a")]))]

        with Forge(documents(first)) as f, Client(first) as kept:
            assert kept.get()[0] == 200
            f.reload(documents(first, second))
            with Client(second) as c:
                assert c.get()[0] == 200
                f.reload(documents(second))
                assert c.get()[0] == 200, "the listener that stays lost its connection"
            try:
                with Client(first, timeout=3):
                    raise AssertionError("the removed listener still accepts")
            except (ConnectionRefusedError, ConnectionResetError):
                pass
            # Its old connection may end or be told that nobody serves it any more, but must not hang.
            try:
                status, _, _ = kept.get()
                assert status in (200, 404, 503), status
            except (EOFError, ConnectionResetError, BrokenPipeError):
                pass
            for _ in range(3):
                f.reload(documents(first))
                with Client(first) as c:
                    assert c.get()[0] == 200
                f.reload(documents(second))
                with Client(second) as c:
                    assert c.get()[0] == 200


def test_under_load_no_request_fails():
    """Reload after reload under load, with the upstream unchanged, replaced, and routes changing: nobody notices."""
    stop, wrong, n = threading.Event(), [], [0]

    def load(keep):
        c = None
        try:
            while not stop.is_set():
                c = c or Client(f.port)
                if n[0] % 3 == 0:
                    status, _, body = c.post("x" * 5000)
                else:
                    status, _, body = c.get()
                n[0] += 1
                if status != 200:
                    wrong.append(f"{status} {body[:200]!r}")
                if not keep:
                    c.close()
                    c = None
        except Exception as e:
            wrong.append(repr(e))

    with Upstream() as one, Upstream() as two, simple(one, workers=2) as f:
        threads = [threading.Thread(target=load, args=(i % 2 == 0,)) for i in range(6)]
        for t in threads:
            t.start()
        for i in range(30):
            documents = simple_documents(two if i % 3 == 0 else one, port=f.port)
            documents[2]["spec"]["to"][0]["rules"] += [rule(f"/{k}", [backend("a")]) for k in range(i)]
            f.reload(documents)
        stop.set()
        for t in threads:
            t.join(30)
            assert not t.is_alive()
        assert not wrong, (len(wrong), wrong[:3])
        assert n[0] > 100, n
        assert f.endings() == {}, f.endings()


def test_reloads_faster_than_they_are_taken():
    with Upstream() as up, simple(up, workers=2) as f, Client(f.port) as c:
        for _ in range(50):
            f.hangup()
        assert c.get()[0] == 200
        f.reload(simple_documents(up, port=f.port))
        assert c.get()[0] == 200


def count_events(chunk, number):
    """The number behind the events of a chunk, which may be several: framing is the gateway's own."""
    n = chunk.count(b"\n\n")
    assert chunk == b"".join(b"data: %d\n\n" % k for k in range(number, number + n)), (chunk, number)
    return number + n


def test_streams_survive_reloads():
    """Shows 5: a WebSocket, an event stream and a long upload with a slow reader, through a hundred reloads."""
    done, total, got, digest = threading.Event(), UPLOAD_MB << 20, [0], hashlib.sha256()

    def script(c, _):
        line, fields = Upstream.take_head(c)
        if "/ws" in line:
            c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            while data := c.exactly(8):
                c.send(data[::-1])
        elif "/events" in line:
            c.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            i = 0
            while not done.is_set():
                event = b"data: %d\n\n" % i
                c.send(b"%x\r\n%s\r\n" % (len(event), event))
                i += 1
                time.sleep(0.02)
            c.send("0\r\n\r\n")
        elif "/upload" in line:
            while got[0] < total:
                data = c.exactly(min(65536, total - got[0]))
                digest.update(data)
                got[0] += len(data)
                if not done.is_set() and got[0] < total // 2:
                    time.sleep(0.05)
            Upstream.answer(c, digest.hexdigest())
        else:
            Upstream.answer(c)

    with Upstream(script) as up:
        def documents(i):
            return [*simple_documents(up, port=port), timeouts(http={"requestTimeout": "0s"}),
                    route(f"more-{i}", rule(f"/{i}", [backend("a")]))]

        port = free_port()
        with Forge(documents(0)) as f, Client(port, timeout=30) as ws, Client(port) as events, Client(port, timeout=60) as upload:
            ws.send(ASK)
            assert ws.head()[0] == 101
            events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            assert events.head()[1]["content-type"] == "text/event-stream"
            piece = os.urandom(1 << 20)
            want = hashlib.sha256()
            for _ in range(UPLOAD_MB):
                want.update(piece)

            def send():
                upload.send(f"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {total}\r\n\r\n")
                for _ in range(UPLOAD_MB):
                    upload.s.settimeout(120)
                    upload.send(piece)

            sender = threading.Thread(target=send)
            sender.start()
            next_event, before = 0, f.rss_kb()
            for i in range(RELOADS):
                f.reload(documents(i + 1))
                ws.send(b"%08d" % i)
                assert ws.exactly(8) == (b"%08d" % i)[::-1], f"the WebSocket after reload {i}"
                while events.buf or next_event < i // 4:
                    next_event = count_events(events.chunk(), next_event)
            assert got[0] < total, "the upload ended before the reloads did: it proves nothing"
            done.set()
            sender.join(120)
            status, _, body = upload.response()
            assert (status, body.decode()) == (200, want.hexdigest()), (status, body)
            while event := events.chunk():
                next_event = count_events(event, next_event)
            assert next_event > 10
            assert f.rss_kb() - before < 64 << 10, f"grew by {f.rss_kb() - before} KiB"


def test_harsh_policies_change_nothing():
    """Bodies cut at random places and a pedant in the chain: what arrives is the same."""
    big = os.urandom(1 << 18)

    def script(c, line, fields, body):
        c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 10000):
            c.send(b"%x\r\n%s\r\n" % (len(body[at:at + 10000]), body[at:at + 10000]))
        c.send("0\r\nX-Sum: 1\r\n\r\n")

    with Upstream(serving(script)) as up, simple(up, [harsh_policies(7)]) as f, Client(f.port) as c:
        for size in (0, 1, 100, 65536, len(big)):
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + big[:size])
            status, _, body = c.response()
            assert status == 200 and body == big[:size], (size, len(body))
            assert c.trailers == ["x-sum: 1"]
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            if size:
                c.send(b"%x\r\n%s\r\n" % (size, big[:size]))
            c.send(b"0\r\n\r\n")
            status, _, body = c.response()
            assert status == 200 and body == big[:size], (size, len(body))
