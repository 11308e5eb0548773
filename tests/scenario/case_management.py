"""The management listener: what it answers, and that only it answers that."""
import json
import re

from forge import Forge, echo, free_port, gateway, backend, route, rule, simple
from peer import Client, Upstream


def test_health_and_readiness():
    with Upstream() as up, simple(up) as f:
        assert f.manage("/healthz")[0] == 200 and f.manage("/readyz")[0] == 200
        assert f.manage("/")[0] == 200 and "/metrics" in f.manage("/")[1]
        assert f.manage("/else")[0] == 404


def test_only_get_and_head():
    with Upstream() as up, simple(up) as f, Client(f.management) as c:
        status, fields, _ = c.request("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert status == 405 and fields["allow"] == "GET, HEAD", (status, fields)
        status, fields, _ = c.request("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status == 200 and int(fields["content-length"]) > 1000
        assert c.get("/healthz")[0] == 200


def test_metrics_are_prometheus_text():
    with Upstream() as up, simple(up, workers=2) as f:
        with Client(f.port) as c:
            for _ in range(3):
                c.get()
            c.ask_problem("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400, "uri-percent")
        status, text = f.manage("/metrics")
        assert status == 200
        known = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in known, f"{name} is described twice"
                known[name] = kind
            elif not line.startswith("#"):
                found = re.fullmatch(r'([a-z0-9_]+)(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.]+', line)
                assert found, f"not a sample: {line}"
                assert found.group(1) in known, f"{found.group(1)} has no TYPE"
        for name in ("forge_connections_accepted_total", "forge_requests_total", "forge_responses_2xx_total",
                     "forge_responses_4xx_total", "forge_client_received_bytes_total", "forge_client_sent_bytes_total",
                     "forge_upstream_connects_total", "forge_worker_ticks_total", "forge_worker_events_total",
                     "forge_endings_total", "forge_pool_live", "forge_configuration_generation"):
            assert name in known, f"{name} is not there"
        m = f.metrics()
        assert m["forge_responses_2xx_total"] >= 3 and m["forge_requests_total"] >= 3, m
        assert m['forge_endings_total{why="uri-percent",fault="client"}'] == 1


def test_every_ending_is_a_series_from_the_start():
    with Upstream() as up, simple(up) as f:
        series = [k for k in f.metrics() if k.startswith("forge_endings_total{")]
        assert len(series) > 150, len(series)


def test_management_is_not_served_on_traffic_listeners():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        assert c.get("/metrics")[2] == b"hello 0\n"


def test_management_survives_nonsense():
    with Upstream() as up, simple(up) as f:
        for text in (b"\x00" * 100, b"GET /metrics\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxx"):
            with Client(f.management) as c:
                c.send_try(text)
                c.finish()
                c.rest()
        assert f.manage("/healthz")[0] == 200


def test_management_can_be_turned_off():
    with Upstream() as up:
        f = simple(up, extra=["--management", "none"])
        f.ready = lambda: "is up after" in f.output()
        with f, Client(f.port) as c:
            assert c.get()[0] == 200


def test_echo_upstream_describes_the_request():
    with Forge([gateway(free_port()), *echo("a"), route("all", rule("/", [backend("a")]))]) as f, Client(f.port) as c:
        status, fields, body = c.request("POST /x?y=1 HTTP/1.1\r\nHost: a.test\r\nX-Mine: \"q\\\"\r\nContent-Length: 3\r\n\r\nabc")
        assert status == 200 and fields["content-type"] == "application/json", fields
        said = json.loads(body)
        assert "POST" in body.decode() and "/x" in body.decode() and "x-mine" in body.decode().lower(), said
        c.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
        assert c.head()[0] == 100, "the gateway itself must ask for the body of its own service"
        c.send("abcdef")
        assert c.response()[0] == 200
        assert c.request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
        assert c.get()[0] == 200
