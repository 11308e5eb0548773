"""Out of something: connections that a listener may have, descriptors, and much of everything for a while.

SCENARIO_IDLE (200), SCENARIO_BUSY (8) and SCENARIO_SECONDS (3) make Shows 4 of it: 10000, 64, 600.
"""
import os
import resource
import ssl
import threading
import time

import pki
from forge import Forge, gateway, free_port, listener, simple, simple_documents, secret, tls_listener
from peer import Client, Upstream

IDLE = int(os.environ.get("SCENARIO_IDLE", "200"))
BUSY = int(os.environ.get("SCENARIO_BUSY", "8"))
SECONDS = float(os.environ.get("SCENARIO_SECONDS", "3"))


def cpu_seconds(f):
    with open(f"/proc/{f.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_connection_limit_of_a_listener():
    with Upstream() as up:
        docs = simple_documents(up)
        docs[0]["conf"]["listeners"][0]["resources"] = {"connectionLimit": 5}
        with Forge(docs) as f:
            kept = [Client(f.port) for _ in range(5)]
            for c in kept:
                assert c.get()[0] == 200
            for _ in range(3):
                with Client(f.port) as c:
                    c.send_try("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert c.rest() == b"", "one more than the limit was served"
            f.wait_ending("conn-limit", 3)
            for c in kept:
                assert c.get()[0] == 200
            kept.pop().close()
            f.wait(lambda: served(f), "a place that became free")
            for c in kept:
                c.close()


def served(f):
    try:
        with Client(f.port) as c:
            return c.get()[0] == 200
    except (EOFError, OSError):
        return False


def test_descriptors_run_out():
    """Those that have a connection are served on, the others wait or are refused; nothing spins; and it is over when it is."""
    with Upstream() as up, simple(up, descriptors=80) as f:
        first = Client(f.port)
        assert first.get()[0] == 200
        crowd = [Client(f.port) for _ in range(100)]
        time.sleep(0.5)
        began = cpu_seconds(f)
        time.sleep(1)
        assert cpu_seconds(f) - began < 0.5, f"spins: {cpu_seconds(f) - began:.2f} s of processor time in a second of waiting"
        assert first.get()[0] == 200
        for c in crowd:
            c.close()
        f.wait(lambda: served(f), "service after the crowd has gone")
        assert f.ending("io-no-descriptors") >= 1, f.endings()
        first.close()


def test_upstream_descriptors_run_out():
    """No descriptor for the upstream's connection is a 503 of ours, by name."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("GET / HT")
        time.sleep(0.2)
        most = resource.prlimit(f.process.pid, resource.RLIMIT_NOFILE)[1]
        open_ones = {int(fd) for fd in os.listdir(f"/proc/{f.process.pid}/fd")}
        lowest_free = next(n for n in range(1 << 20) if n not in open_ones)
        resource.prlimit(f.process.pid, resource.RLIMIT_NOFILE, (lowest_free, most))
        c.send("TP/1.1\r\nHost: a\r\n\r\n")
        c.problem(503, "io-no-descriptors")
        resource.prlimit(f.process.pid, resource.RLIMIT_NOFILE, (most, most))
        assert c.get()[0] == 200


def test_a_thousand_connections_come_and_go():
    with Upstream() as up, simple(up, workers=2) as f:
        for _ in range(5):
            crowd = [Client(f.port) for _ in range(200)]
            for c in crowd:
                c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for c in crowd:
                assert c.response()[0] == 200
            for i, c in enumerate(crowd):
                if i % 2:
                    c.reset()
                else:
                    c.close()
        f.wait(lambda: f.metric('forge_pool_live{pool="conn",thread="0"}') + f.metric('forge_pool_live{pool="conn",thread="1"}')
               <= up.connections_n, "the clients' connections end")
        assert f.metric("forge_connections_accepted_total") >= 1000 and f.metric("forge_connections_closed_total") >= 1000


def test_endurance():
    """Shows 4: idle TLS connections and busy ones, with a reload each second: no request fails, memory stays flat."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    port, tls_port, stop, wrong, n = free_port(), free_port(), threading.Event(), [], [0]
    cert = pki.certificate("a.test")

    def busy(is_tls):
        try:
            c = pki.TlsClient(tls_port, context=context) if is_tls else Client(port)
            while not stop.is_set():
                status, _, body = c.post("x" * 2000)
                n[0] += 1
                if (status, body) != (200, b"hello 2000\n"):
                    wrong.append((status, body[:100]))
            c.close()
        except Exception as e:
            wrong.append(repr(e))

    with Upstream() as up:
        docs = [gateway(None, listeners=[listener(port), tls_listener(tls_port, "a")]), *simple_documents(up)[1:], secret("a", cert.text)]
        with Forge(docs, workers=2) as f:
            context, held = pki.client_context(version=ssl.TLSVersion.TLSv1_3), []
            for i in range(IDLE):
                c = pki.TlsClient(tls_port, context=context)
                assert c.get()[0] == 200
                held.append(c)
            threads = [threading.Thread(target=busy, args=(i % 2 == 0,)) for i in range(BUSY)]
            for t in threads:
                t.start()
            time.sleep(min(1, SECONDS / 3))
            before, until = f.rss_kb(), time.monotonic() + SECONDS
            while time.monotonic() < until:
                f.reload()
                time.sleep(min(1, SECONDS / 6))
            grown = f.rss_kb() - before
            stop.set()
            for t in threads:
                t.join(30)
            assert not wrong, (len(wrong), wrong[:3])
            assert n[0] > 20 and grown < (8 << 10) + before // 10, f"{n[0]} requests, grew by {grown} of {before} KiB"
            for c in held[::max(1, IDLE // 50)]:
                assert c.get()[0] == 200, "an idle connection was lost"
            assert f.endings() == {}, f.endings()
            for c in held:
                c.close()
