"""The admin interface: who may ask, Kuma's contract as kumactl speaks it, and ours below /forge/."""
import http.client
import json
import os
import socket
import ssl
import threading
import time

from forge import Forge, LocalConnection, backend, echo, free_port, gateway, route, rule
from peer import Client


def start(**more):
    return Forge([gateway(free_port()), *echo("a"), route("all", rule("/", [backend("a")]))], **more)


def tls(f):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", f.admin, timeout=20, context=context)


def bearer(f):
    return {"Authorization": "Bearer " + f.token()}


def timeout(name, idle="20s", **labels):
    return {"type": "MeshTimeout", "mesh": "default", "name": name, **({"labels": labels} if labels else {}),
            "spec": {"to": [{"targetRef": {"kind": "Mesh"}, "default": {"idleTimeout": idle}}]}}


def put(f, name, **more):
    return f.api("PUT", f"/meshes/default/meshtimeouts/{name}", timeout(name, **more))


def test_token_and_socket():
    with start() as f:
        status, fields, error = f.api("GET", "/forge/status", connection=tls(f))
        assert status == 401 and fields["www-authenticate"].startswith("Bearer"), (status, fields)
        assert error["type"].endswith("unauthenticated") and f.token() not in json.dumps(error)
        assert f.api("GET", "/forge/status", fields={"Authorization": "Bearer x" + f.token()}, connection=tls(f))[0] == 401
        assert f.api("PUT", "/meshes/default/meshtimeouts/x", timeout("x"), connection=tls(f))[0] == 401
        status, _, body = f.api("GET", "/forge/status", fields=bearer(f), connection=tls(f))
        assert status == 200 and body["ready"] and body["generation"] == body["liveGeneration"] == 1, body
        assert f.api("GET", "/", connection=tls(f))[2]["product"] == "API Forge"
        assert f.api("GET", "/forge/status")[0] == 200
        for name in ("admin-token", "admin.sock"):
            assert os.stat(f.state_file(name)).st_mode & 0o777 == 0o600, name
        assert f.token() not in f.output()
        # The management listener stays what it was, and has none of this.
        assert f.manage("/forge/status")[0] == 404 and f.manage("/healthz")[0] == 200


def test_guesses_wait():
    with start() as f:
        began = time.monotonic()
        for _ in range(5):
            assert f.api("GET", "/forge/status", fields={"Authorization": "Bearer wrong"}, connection=tls(f))[0] == 401
        assert time.monotonic() - began >= 1.4, "five wrong tokens are answered at once"
        assert f.api("GET", "/forge/status", fields=bearer(f), connection=tls(f))[0] == 200


def test_kumas_contract():
    with start() as f:
        path = "/meshes/default/meshtimeouts/t1"
        assert f.api("GET", path)[0] == 404
        status, _, body = put(f, "t1", team="x")
        assert status == 201 and body == {}, (status, body)
        assert put(f, "t1", idle="30s", team="x")[0] == 200
        status, fields, got = f.api("GET", path)
        assert status == 200 and got["spec"]["to"][0]["default"]["idleTimeout"] == "30s" and got["labels"] == {"team": "x"}
        assert got["creationTime"] <= got["modificationTime"] and fields["etag"].startswith('"')
        status, _, listed = f.api("GET", "/meshes/default/meshtimeouts?size=100&offset=0")
        assert status == 200 and listed["total"] == 1 and listed["next"] is None and listed["items"] == [got], listed
        assert f.api("GET", "/meshes/other/meshtimeouts")[2]["total"] == 0
        assert f.api("DELETE", path)[0] == 200 and f.api("DELETE", path)[0] == 404 and f.api("GET", path)[0] == 404
        kinds = {k["name"]: k for k in f.api("GET", "/_resources")[2]["resources"]}
        assert kinds["MeshTimeout"]["path"] == "meshtimeouts" and kinds["MeshTimeout"]["policy"]["hasToTargetRef"]
        assert kinds["Mesh"]["scope"] == "Global"


def test_pages_and_filters():
    with start() as f:
        files = [{"name": f"{n}.yaml", "text": json.dumps(timeout(f"t{n}", team="even" if n % 2 == 0 else "odd"))} for n in range(5)]
        assert f.api("POST", "/forge/apply", {"files": files})[0] == 200
        seen, path = [], "/meshes/default/meshtimeouts?size=2&offset=0"
        while path:
            page = f.api("GET", path)[2]
            assert page["total"] == 5 and len(page["items"]) <= 2
            seen += [d["name"] for d in page["items"]]
            path = page["next"] and page["next"][page["next"].index("/meshes"):]
        assert seen == [f"t{n}" for n in range(5)], seen
        page = f.api("GET", "/meshes/default/meshtimeouts?size=1&filter%5Blabel.team%5D=even")[2]
        assert page["total"] == 3 and "filter%5Blabel.team%5D=even" in page["next"], page
        for bad in ("size=0", "size=1001", "offset=x", "filter[label.a"):
            assert f.api("GET", f"/meshes/default/meshtimeouts?{bad}")[0] == 400, bad


def test_a_mistake_changes_nothing():
    with start() as f:
        document = timeout("bad")
        document["spec"]["tox"] = []
        status, _, error = f.api("PUT", "/meshes/default/meshtimeouts/bad", document)
        assert status == 400 and error["title"] == "Could not process a resource" and error["detail"] == "Resource is not valid"
        assert "tox" in error["invalid_parameters"][0]["reason"] and error["causes"][0]["message"] == error["invalid_parameters"][0]["reason"]
        assert error["problems"][0]["line"] == 1 and error["type"] == "urn:apiforge:why:conf-bad"
        for field, value in (("name", "other"), ("type", "MeshRetry"), ("mesh", "other")):
            status, _, error = f.api("PUT", "/meshes/default/meshtimeouts/t", {**timeout("t"), field: value})
            assert status == 400 and error["invalid_parameters"][0]["field"] == field, error
        for body in ("", "{", "[]", '{"a":' * 100, "\x00\x01", "a: b"):
            assert f.api("PUT", "/meshes/default/meshtimeouts/t", body)[0] == 400, body
            assert f.api("POST", "/forge/apply", body, {"Content-Type": "application/json"})[0] == 400, body
        for body in ({"files": 1}, {"files": [{"name": "a"}]}, {"delete": [{}]}, {}, {"files": [], "source": "dir"}, {"files": ["x"], "source": "git:a"}):
            assert f.api("POST", "/forge/apply", body)[0] == 400, body
        assert f.api("GET", "/forge/status")[2]["generation"] == 1


def test_preconditions():
    with start() as f:
        path = "/meshes/default/meshtimeouts/t1"
        assert f.api("PUT", path, timeout("t1"), {"If-Match": '"x"'})[0] == 412
        assert f.api("PUT", path, timeout("t1"), {"If-None-Match": "*"})[0] == 201
        assert f.api("PUT", path, timeout("t1"), {"If-None-Match": "*"})[0] == 412
        etag = f.api("GET", path)[1]["etag"]
        assert f.api("GET", path, fields={"If-None-Match": etag})[0] == 304
        assert f.api("PUT", path, timeout("t1", idle="9s"), {"If-Match": etag})[0] == 200
        status, _, error = f.api("PUT", path, timeout("t1", idle="8s"), {"If-Match": etag})
        assert status == 412 and error["type"].endswith("precondition-failed")
        assert f.api("DELETE", path, fields={"If-Match": etag})[0] == 412
        assert f.api("DELETE", path, fields={"If-Match": f.api("GET", path)[1]["etag"]})[0] == 200


def test_apply_roll_back_and_history():
    with start() as f:
        change = {"files": [{"name": "t.yaml", "text": json.dumps(timeout("t1"))}], "author": "ann", "reason": "slow clients", "dryRun": True}
        status, _, got = f.api("POST", "/forge/apply", change)
        assert status == 200 and got["dryRun"] and got["generation"] == 1 and got["changes"][0]["verb"] == "added", got
        assert "+type: MeshTimeout" in got["changes"][0]["lines"] and f.api("GET", "/forge/status")[2]["generation"] == 1
        assert f.api("POST", "/forge/apply", {**change, "dryRun": False, "expect": 9})[0] == 412
        status, _, got = f.api("POST", "/forge/apply", {**change, "dryRun": False, "expect": 1})
        assert status == 200 and got["generation"] == 2 and not got["unchanged"], got
        assert f.api("GET", "/forge/status")[2]["liveGeneration"] == 2, "answered before the workers serve it"
        assert f.api("POST", "/forge/apply", {**change, "dryRun": False})[2]["unchanged"]
        text = "type: MeshTimeout\nmesh: default\nname: t2\nspec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1m}}]}\n"
        assert f.api("POST", "/forge/apply?reason=yaml&author=bob", text, {"Content-Type": "application/yaml"})[2]["generation"] == 3
        items = f.api("GET", "/forge/generations?limit=2")[2]["items"]
        assert [(g["generation"], g["author"], g["reason"], g["current"]) for g in items] == [
            (3, "bob", "yaml", True), (2, "ann", "slow clients", False)], items
        assert f.api("GET", "/forge/generations?before=2")[2]["items"][0]["source"] == "dir"
        assert f.api("GET", "/forge/generations/2")[2]["added"] == 1 and f.api("GET", "/forge/generations/99")[0] == 404
        documents = f.api("GET", "/forge/generations/0/documents")[2]["items"]
        assert {d["source"] for d in documents} == {"api", "dir"} and all(len(d["digest"]) == 64 for d in documents)
        changes = f.api("GET", "/forge/diff?from=1&to=3")[2]["changes"]
        assert [(c["verb"], c["name"]) for c in changes] == [("added", "t1"), ("added", "t2")], changes
        status, _, got = f.api("POST", "/forge/rollback", {"generation": 1, "author": "eve"})
        assert status == 200 and got["generation"] == 4, got
        assert [(c["verb"], c["type"], c["name"]) for c in got["changes"]] == [("removed", "MeshTimeout", "t1"), ("removed", "MeshTimeout", "t2")]
        assert f.api("GET", "/forge/generations/4")[2]["rollbackOf"] == 1 and f.api("GET", "/forge/diff?from=1")[2]["changes"] == []
        assert f.api("POST", "/forge/rollback", {"generation": 99})[0] == 404 and f.api("POST", "/forge/rollback", {})[0] == 400
        assert f.api("POST", "/forge/generations/2/pin")[2] == {"generation": 2, "pinned": True}
        status, _, text = f.api("GET", "/forge/export?generation=3")
        assert status == 200 and "name: t2" in text and f.api("GET", "/forge/export?format=xml")[0] == 400
        assert "t2" in [d["name"] for d in f.api("GET", "/forge/export?generation=3&format=json")[2]]
        gone = {"delete": [{"type": "MeshHTTPRoute", "mesh": "default", "name": "all"}]}
        assert f.api("POST", "/forge/apply", gone)[2]["changes"][0]["verb"] == "removed"


def test_secrets_stay():
    with start() as f:
        secret = {"type": "Secret", "mesh": "default", "name": "s", "data": "c2VjcmV0LW9mLXRoZS10ZXN0"}
        assert f.api("PUT", "/meshes/default/secrets/s", secret)[0] == 201
        for path in ("/meshes/default/secrets/s", "/meshes/default/secrets", "/forge/export", "/forge/export?format=json", "/forge/diff?from=1",
                     "/forge/generations/0/documents", "/forge/generations"):
            status, _, got = f.api("GET", path)
            assert status == 200 and "c2VjcmV0" not in json.dumps(got) and "secret-of-the-test" not in json.dumps(got), path
        assert "c2VjcmV0" not in f.output()


def test_watch():
    with start() as f:
        c = LocalConnection(f.state_file("admin.sock"))
        c.request("GET", "/forge/watch")
        r = c.getresponse()
        assert r.status == 200 and r.getheader("content-type") == "text/event-stream"

        def event():
            fields = {}
            while True:
                line = r.readline().decode().rstrip("\n")
                if not line and fields:
                    return json.loads(fields["data"])
                if ": " in line:
                    fields.update([line.split(": ", 1)])

        assert event() == {"generation": 1, "liveGeneration": 1}
        assert put(f, "t1")[0] == 201
        while event() != {"generation": 2, "liveGeneration": 2}:
            pass
        c.close()
        assert put(f, "t2")[0] == 201, "a watcher that left is in the way"


def test_many_watchers():
    with start() as f:
        watchers = []
        for _ in range(64):
            c = LocalConnection(f.state_file("admin.sock"))
            c.request("GET", "/forge/watch")
            assert c.getresponse().status == 200
            watchers.append(c)
        status, fields, error = f.api("GET", "/forge/watch")
        assert status == 503 and error["type"].endswith("watchers-full") and fields["retry-after"] == "15"
        assert put(f, "t1")[0] == 201
        for c in watchers:
            c.close()
        f.wait(lambda: f.api("HEAD", "/forge/watch")[0] == 200, "places of watchers that left")


def test_bodies_are_bounded():
    with start() as f:
        for connection, fields in ((tls(f), bearer(f)), (None, {})):
            status, _, problem = f.api("POST", "/forge/rollback", None, {**fields, "Content-Length": "65537"}, connection)
            assert status == 413 and "service-body-long" in str(problem)
        big = {"files": [{"name": "a.yaml", "text": json.dumps(timeout("t1")) + "\n#" + "x" * 3000000}]}
        status, _, got = f.api("POST", "/forge/apply", big, bearer(f), tls(f))
        assert status == 200 and got["generation"] == 2, got


def test_slow_body_keeps_nobody_waiting():
    with start() as f:
        s = socket.socket(socket.AF_UNIX)
        s.connect(f.state_file("admin.sock"))
        s.sendall(b"POST /forge/apply HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
        assert f.api("GET", "/forge/status")[0] == 200
        s.settimeout(30)
        answer = s.recv(4096)
        assert b" 408 " in answer.split(b"\r\n")[0], answer
        s.close()
        f.wait_ending("conn-body-slow")


def test_every_route_is_described_and_answers():
    with start() as f:
        document = f.api("GET", "/forge/openapi.json")[2]
        assert document["openapi"].startswith("3.1") and "MeshTimeout" in document["components"]["schemas"]
        assert put(f, "t1")[0] == 201
        words = {"generation": "0", "kind": "MeshTimeout", "mesh": "default", "plural": "meshtimeouts", "name": "t1"}
        operations = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                operations += 1
                assert operation["summary"].endswith(".") and "default" in operation["responses"], path
                named = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
                real = path if not path.startswith("/{plural}") else path.replace("{plural}", "hostnamegenerators").replace("{name}", "h1")
                for name in named:
                    real = real.replace("{" + name + "}", words[name])
                if path in ("/forge/watch",) or method in ("delete", "put"):
                    continue
                status, _, body = f.api(method.upper(), real, {} if method == "post" else None)
                assert status in (200, 400, 401, 404), (method, real, status, body)
                if status >= 400 and isinstance(body, dict):
                    for member in document["components"]["responses"]["Error"]["content"]["application/json"]["schema"]["required"]:
                        assert member in body, (real, body)
        assert operations > 20, operations
        status, fields, _ = f.api("POST", "/forge/status", {})
        assert status == 405 and fields["allow"] == "GET", (status, fields)
        assert f.api("GET", "/forge/nothing")[0] == 404 and f.api("GET", "/meshes/default/nonsense")[0] == 404


def test_try_and_test():
    with start() as f:
        status, _, got = f.api("POST", "/forge/try", {"method": "GET", "authority": "a.example", "target": "/x", "headers": []})
        assert status == 200 and got["route"], got
        status, fields, text = f.api("POST", "/forge/try?format=text", {"target": "/x"})
        assert status == 200 and fields["content-type"].startswith("text/plain") and text
        assert f.api("POST", "/forge/try", {"target": "/x", "generation": 77})[0] == 404
        assert f.api("POST", "/forge/test")[2]["failed"] == 0
        assert f.api("GET", "/forge/schema/mtp")[0] in (200, 404) and "MeshTimeout" in f.api("GET", "/forge/manual")[2]
        assert "idleTimeout" in f.api("GET", "/forge/manual/MeshTimeout")[2]


def test_explain():
    with start() as f:
        assert put(f, "t1")[0] == 201
        status, _, got = f.api("GET", "/forge/explain?kind=MeshHTTPRoute&mesh=default&name=all&listener=&format=json")
        assert status == 200 and got["subject"]["name"] == "all" and "t1" in json.dumps(got["policies"]), got
        status, fields, text = f.api("GET", "/forge/explain?kind=route&name=all&format=text")
        assert status == 200 and fields["content-type"].startswith("text/plain") and "t1" in text
        assert f.api("GET", "/forge/explain?kind=route&name=nobody")[0] in (400, 404)


def test_writers_at_the_same_time():
    with start() as f:
        answers = []

        def write(number):
            answers.append(put(f, f"t{number}")[0])

        threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert answers == [201] * 12, answers
        assert f.api("GET", "/meshes/default/meshtimeouts")[2]["total"] == 12
        with Client(f.port) as c:
            assert c.get("/")[0] == 200
