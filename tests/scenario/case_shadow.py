"""Shadows: what a document with the label would have done is counted and logged, and traffic does not notice it."""
import json
import os
import tempfile
import time

from case_access_log import wait_lines
from forge import Forge, access_log, backend, body_cap, gateway, route, rule, service, simple, simple_documents, timeouts
from peer import Client, Upstream


def shadow(document):
    return {**document, "labels": {"kuma.io/effect": "shadow"}}


def late(client, _):
    Upstream.take(client)
    time.sleep(0.3)
    Upstream.answer(client)


def test_a_cap_lets_bodies_pass_until_the_label_goes():
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        documents = simple_documents(up) + [access_log(path)]
        with Forge(documents + [shadow(body_cap(10))], workers=2) as f:
            with Client(f.port) as c:
                assert c.post("x" * 11)[0] == 200 and c.post("x" * 10)[0] == 200
            rows = [json.loads(line) for line in wait_lines(f, path, 2)]
            assert rows[0]["why"] == "ok" and rows[0]["shadow"] == "policy-body-cap", rows[0]
            assert "shadow" not in rows[1], rows[1]
            m = f.metrics()
            assert m['forge_shadow_endings_total{why="policy-body-cap"}'] == 1, m
            assert m['forge_shadow_requests_total{mesh="default",route="all",by="body-cap"}'] == 1, m
            assert m['forge_endings_total{why="policy-body-cap",fault="client"}'] == 0
            # The label goes, and the same document acts.
            f.reload(documents + [body_cap(10)])
            with Client(f.port) as c:
                assert c.post("x" * 11)[0] == 413
            assert f.ending("policy-body-cap") == 1


def test_a_route_counts_who_would_go_there():
    with tempfile.TemporaryDirectory() as folder, Upstream() as one, Upstream() as two:
        path = os.path.join(folder, "log")
        canary = route("canary", rule("/new", [backend("b")]))
        documents = simple_documents(one) + [access_log(path), service("b", two.port)]
        with Forge(documents + [shadow(canary)]) as f:
            with Client(f.port) as c:
                assert c.get("/new/x")[0] == 200 and c.get("/old")[0] == 200
            assert len(one.requests) == 2 and len(two.requests) == 0
            rows = [json.loads(line) for line in wait_lines(f, path, 2)]
            assert rows[0]["route"] == "all" and rows[0]["shadow_route"] == "canary", rows[0]
            assert "shadow_route" not in rows[1], rows[1]
            m = f.metrics()
            assert m["forge_shadow_routes_total"] == 1, m
            assert m['forge_shadow_requests_total{mesh="default",route="canary",by="route"}'] == 1, m
            f.reload(documents + [canary])
            with Client(f.port) as c:
                assert c.get("/new/x")[0] == 200
            assert len(two.requests) == 1


def test_a_timeout_counts_what_took_longer():
    with Upstream(late) as up, simple(up, [shadow(timeouts(http={"requestTimeout": "100ms"}))]) as f:
        with Client(f.port) as c:
            assert c.get("/")[0] == 200
        m = f.metrics()
        assert m['forge_shadow_requests_total{mesh="default",route="all",by="timeout"}'] == 1, m
        assert f.ending("up-timeout") == 0


def test_a_gateway_in_a_shadow_is_not_opened():
    with Upstream() as up, simple(up, [shadow(gateway(1, name="other"))]) as f, Client(f.port) as c:
        assert c.get("/")[0] == 200
