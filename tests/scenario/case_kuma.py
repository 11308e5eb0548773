"""A Kuma user's own gateway files: Dataplanes and the services that select them, the older routes, policies of a whole mesh."""
import json
import os
import tempfile

from forge import Forge, free_port
from peer import Client, Upstream


def dataplane(name, port, service=None, labels=None, state="Ready", **tags):
    inbound = {"port": port, "name": "http", "protocol": "http", "state": state}
    if service:
        inbound["tags"] = {"kuma.io/service": service, **tags}
    return {"type": "Dataplane", "mesh": "default", "name": name, **({"labels": labels} if labels else {}),
            "networking": {"address": "127.0.0.1", "inbound": [inbound]}}


def mesh_service(name, labels, **port):
    return {"type": "MeshService", "mesh": "default", "name": name,
            "spec": {"selector": {"dataplaneLabels": {"matchLabels": labels}},
                     "ports": [{"port": 80, "targetPort": "http", "appProtocol": "http", **port}]}}


def kuma_gateway(port):
    return {"type": "MeshGateway", "mesh": "default", "name": "edge", "selectors": [{"match": {"kuma.io/service": "edge"}}],
            "conf": {"listeners": [{"port": port, "protocol": "HTTP", "tags": {"port": "http"}}]}}


def http_route(*backends):
    return {"type": "MeshHTTPRoute", "mesh": "default", "name": "all",
            "spec": {"targetRef": {"kind": "MeshGateway", "name": "edge"}, "to": [{"targetRef": {"kind": "Mesh"}, "rules": [
                {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "default": {"backendRefs": list(backends)}}]}]}}


def said(c, path="/"):
    status, _, body = c.get(path)
    return status, body



def test_services_of_dataplanes():
    with Upstream() as first, Upstream() as second, Upstream() as resting:
        documents = [dataplane("b1", first.port, labels={"app": "backend"}), dataplane("b2", second.port, labels={"app": "backend"}),
                     dataplane("b3", resting.port, labels={"app": "backend"}, state="NotReady"),
                     mesh_service("backend", {"app": "backend"}), kuma_gateway(free_port()),
                     http_route({"kind": "MeshService", "name": "backend", "port": 80})]
        with Forge(documents) as f, Client(f.port) as c:
            for _ in range(4):
                assert said(c)[0] == 200
            assert len(first.paths()) == len(second.paths()) == 2, (first.paths(), second.paths())
            assert resting.paths() == []
            # One goes, the resting one comes.
            documents[1]["networking"]["inbound"][0]["state"] = "NotReady"
            documents[2]["networking"]["inbound"][0]["state"] = "Ready"
            f.reload(documents)
            for _ in range(4):
                assert said(c)[0] == 200
            assert len(second.paths()) == 2 and len(resting.paths()) == 2, (second.paths(), resting.paths())
            # Nobody is left.
            for d in documents[:3]:
                d["networking"]["inbound"][0]["state"] = "NotReady"
            f.reload(documents)
            assert said(c)[0] == 503
            f.wait_ending("up-no-endpoint")


def test_services_of_several_zones_as_one():
    with Upstream() as east, Upstream() as west:
        one = {"type": "MeshMultiZoneService", "mesh": "default", "name": "everywhere",
               "spec": {"selector": {"meshService": {"matchLabels": {"team": "a"}}}, "ports": [{"port": 80, "appProtocol": "http"}]}}
        services = [mesh_service("east", {"zone": "east"}), mesh_service("west", {"zone": "west"})]
        for s in services:
            s["labels"] = {"team": "a"}
        with Forge([dataplane("e", east.port, labels={"zone": "east"}), dataplane("w", west.port, labels={"zone": "west"}), *services, one,
                    kuma_gateway(free_port()), http_route({"kind": "MeshMultiZoneService", "name": "everywhere", "port": 80})]) as f, \
                Client(f.port) as c:
            for _ in range(4):
                assert said(c)[0] == 200
            assert len(east.paths()) == len(west.paths()) == 2


def test_older_routes_and_tags():
    with Upstream() as old, Upstream() as new:
        older = {"type": "MeshGatewayRoute", "mesh": "default", "name": "older", "selectors": [{"match": {"kuma.io/service": "edge", "port": "http"}}],
                 "conf": {"http": {"rules": [
                     {"matches": [{"path": {"match": "PREFIX", "value": "/new"}}], "filters": [{"rewrite": {"replace_prefix_match": "/"}}],
                      "backends": [{"destination": {"kuma.io/service": "backend", "version": "v2"}}]},
                     {"matches": [{"path": {"match": "PREFIX", "value": "/"}}],
                      "backends": [{"destination": {"kuma.io/service": "backend", "version": "v1"}}]}]}}}
        with Forge([dataplane("b1", old.port, "backend", version="v1"), dataplane("b2", new.port, "backend", version="v2"),
                    kuma_gateway(free_port()), older]) as f, Client(f.port) as c:
            assert said(c, "/x")[0] == 200 and said(c, "/new/y")[0] == 200
            assert old.paths() == ["/x"] and new.paths() == ["/y"], (old.paths(), new.paths())


def test_documents_of_a_whole_mesh_beside_it():
    """What is about sidecars changes nothing, what is only shadowed as well, what is not enforced keeps the configuration out."""
    with Upstream() as up:
        documents = [{"type": "Mesh", "name": "default", "skipCreatingInitialPolicies": ["*"]},
                     {"type": "HostnameGenerator", "name": "local",
                      "spec": {"selector": {"meshService": {"matchLabels": {}}}, "template": "{{ .DisplayName }}.mesh"}},
                     {"type": "MeshTrafficPermission", "mesh": "default", "name": "p",
                      "spec": {"targetRef": {"kind": "Dataplane", "labels": {"app": "backend"}},
                               "rules": [{"default": {"allow": [{"spiffeID": {"type": "Prefix", "value": "spiffe://a/"}}]}}]}},
                     {"type": "MeshRateLimit", "mesh": "default", "name": "l", "labels": {"kuma.io/effect": "shadow"},
                      "spec": {"to": [{"targetRef": {"kind": "Mesh"},
                                       "default": {"local": {"http": {"requestRate": {"num": 1, "interval": "1h"}}}}}]}},
                     dataplane("b", up.port, labels={"app": "backend"}), mesh_service("backend", {"app": "backend"}),
                     kuma_gateway(free_port()), http_route({"kind": "MeshService", "labels": {"kuma.io/display-name": "backend"}})]
        with Forge(documents) as f, Client(f.port) as c:
            assert [said(c)[0] for _ in range(3)] == [200] * 3
            del documents[3]["labels"]
            f.reload_refused(documents)
            assert "`MeshRateLimit` is understood but not enforced by this version" in f.output(), f.output()
            assert said(c)[0] == 200


def test_logs_and_strategies_of_the_mesh():
    with tempfile.TemporaryDirectory() as folder, Upstream() as first, Upstream() as second:
        path = os.path.join(folder, "log")
        fields = [{"key": "path", "value": "%REQ(:PATH)%"}, {"key": "code", "value": "%RESPONSE_CODE%"},
                  {"key": "none", "value": "%REQ(X-NONE)%"}, {"key": "mesh", "value": "in %KUMA_MESH%"}]
        log = {"type": "MeshAccessLog", "mesh": "default", "name": "log", "spec": {
            "targetRef": {"kind": "MeshGateway", "name": "edge"}, "to": [{"targetRef": {"kind": "Mesh"}, "default": {"backends": [
                {"type": "File", "file": {"path": path, "format": {"type": "Json", "json": fields, "omitEmptyValues": True}}}]}}]}}
        balance = {"type": "MeshLoadBalancingStrategy", "mesh": "default", "name": "least", "spec": {
            "to": [{"targetRef": {"kind": "MeshService", "name": "backend"}, "default": {"loadBalancer": {"type": "LeastRequest"}}}]}}
        times = {"type": "MeshTimeout", "mesh": "default", "name": "in", "spec": {
            "from": [{"targetRef": {"kind": "Mesh"}, "default": {"idleTimeout": "1s"}}]}}
        documents = [dataplane("b1", first.port, labels={"app": "backend"}), dataplane("b2", second.port, labels={"app": "backend"}),
                     mesh_service("backend", {"app": "backend"}), kuma_gateway(free_port()),
                     http_route({"kind": "MeshService", "name": "backend"}), log, balance, times]
        with Forge(documents) as f, Client(f.port) as c:
            assert said(c, "/x?y")[0] == 200
            f.wait(lambda: os.path.exists(path) and open(path).read().count("\n") == 1, "a line")
            with open(path) as lines:
                assert json.loads(lines.read()) == {"path": "/x?y", "code": 200, "mesh": "in default"}
            assert c.is_closed(5), "the client's idle timeout"
