"""ForgeSource: documents from a Git host's archive, a plain tarball, a folder and a bare repository; pushes, webhooks, mistakes, drift."""
import base64
import contextlib
import hashlib
import hmac
import io
import json
import os
import shutil
import socket
import tarfile
import tempfile
import urllib.error
import urllib.request

from forge import Forge, Skip, backend, echo, free_port, gateway, route, rule, secret
from git_host import Host, Repository, TOKEN, git
from peer import Client
import pki

HOOK = "a webhook's secret"


def text(*documents):
    return "".join("---\n" + json.dumps(d) + "\n" for d in documents)


def routes_to(path):
    return route("from-git", rule(path, [backend("a")]))


def source(name="team", interval="1s", **spec):
    return {"type": "ForgeSource", "mesh": "default", "name": name, "spec": {"interval": interval, **spec}}


def archive_of(host, provider="Gitea", **more):
    return {"type": "Archive", "archive": {"provider": provider, "server": host.url, "repository": "acme/config",
                                           "ca": {"inlineString": host.ca.chain}}, **more}


@contextlib.contextmanager
def host_with(files):
    if not shutil.which("git"):
        raise Skip("no git program here")
    repository = Repository()
    repository.push(files, "first")
    with Host(repository) as host, repository.dir:
        yield host


def start(*documents):
    return Forge([gateway(free_port()), *echo(), *documents])


def status(f, name="team"):
    code, body = f.manage(f"/forge/sources/{name}")
    return json.loads(body) if code == 200 else {}


def answers(f, path):
    with Client(f.port) as c:
        return c.get(path)[0]


def wait_live(f, path, seconds=15):
    f.wait(lambda: answers(f, path) == 200, lambda: f"{path}: {status(f)}", seconds)


def wait_state(f, state, seconds=15):
    f.wait(lambda: status(f).get("state") == state, lambda: f"{state}: {status(f)}", seconds)
    return status(f)


def call_hook(f, body, name="team", **fields):
    request = urllib.request.Request(f"http://127.0.0.1:{f.management}/forge/webhook/{name}", body, method="POST",
                                     headers={k.replace("_", "-"): v for k, v in fields.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as r:
            return r.status
    except urllib.error.HTTPError as e:
        return e.code


def signature(body, key=HOOK):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def push_is_live(provider, header):
    with host_with({"gw/routes.yaml": text(routes_to("/one"))}) as host:
        spec = archive_of(host, provider, path="gw", credentials={"secret": "token"})
        with start(secret("token", TOKEN + "\n"), source(**spec)) as f:
            wait_live(f, "/one")
            assert host.tokens[0] == header, host.tokens
            commit = host.repository.push({"gw/routes.yaml": text(routes_to("/two")), "README.md": "no document"})
            wait_live(f, "/two")
            assert answers(f, "/one") == 404
            s = status(f)
            assert s["revision"] == commit and s["state"] == "Good" and [x["name"] for x in s["files"]] == ["gw/routes.yaml"], s
            before = f.generation()
            f.wait(lambda: host.not_modified >= 2, "looks at what has not changed")
            assert f.generation() == before and status(f)["applied"] == 2, status(f)


def test_push_to_github_is_live_within_the_interval():
    push_is_live("GitHub", f"Bearer {TOKEN}")


def test_push_to_gitlab_is_live_within_the_interval():
    push_is_live("GitLab", TOKEN)


def test_push_to_gitea_is_live_within_the_interval():
    push_is_live("Gitea", f"token {TOKEN}")


def test_webhooks_are_looked_at_at_once_and_signatures_count():
    body = b'{"ref": "refs/heads/main"}'
    good = {"GitHub": {"X_Hub_Signature_256": "sha256=" + signature(body)}, "GitLab": {"X_Gitlab_Token": HOOK},
            "Gitea": {"X_Gitea_Signature": signature(body)}, "Generic": {"X_Signature": "sha256=" + signature(body)}}
    with host_with({"routes.yaml": text(routes_to("/0"))}) as host:
        sources = [source(f"s-{kind.lower()}", **archive_of(host, interval="1h", path=f"p-{kind.lower()}", prune=False,
                          webhook={"type": kind, "secret": {"secret": "hook"}})) for kind in good]
        host.repository.push({f"p-{kind.lower()}/r.yaml": text(route(f"r-{kind.lower()}", rule(f"/{kind}/0", [backend("a")])))
                              for kind in good})
        with start(secret("hook", HOOK), *sources) as f:
            for i, (kind, fields) in enumerate(good.items()):
                name = f"s-{kind.lower()}"
                wait_live(f, f"/{kind}/0")
                host.repository.push({f"p-{kind.lower()}/r.yaml": text(route(f"r-{kind.lower()}", rule(f"/{kind}/1", [backend("a")])))})
                looks = status(f, name)["looks"]
                assert call_hook(f, body, name) == 401, kind
                wrong = {k: v[:-1] + ("0" if v[-1] != "0" else "1") for k, v in fields.items()}
                assert call_hook(f, body, name, **wrong) == 401, kind
                if kind != "GitLab":
                    assert call_hook(f, body + b" ", name, **fields) == 401, kind
                assert status(f, name)["looks"] == looks
                assert call_hook(f, body, name, **fields) == 202, kind
                wait_live(f, f"/{kind}/1", 5)
            assert call_hook(f, body, "nobody", X_Signature="x") == 404


def test_bad_commit_stays_out_and_is_told_with_its_place():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        with start(source(**archive_of(host))) as f:
            wait_live(f, "/one")
            good, before = status(f)["revision"], f.generation()
            bad = host.repository.push({"a.yaml": text(routes_to("/two")),
                                        "b.yaml": "type: MeshHTTPRoute\nname: x\nspec:\n  too: 1\n"})
            s = wait_state(f, "Refused")
            assert s["revision"] == good and s["seenRevision"] == bad and s["why"] == "conf-bad", s
            problem = [p for p in s["problems"] if p["level"] == "error"][0]
            assert problem["file"] == "b.yaml" and problem["line"] == 4 and problem["column"] == 3, problem
            assert answers(f, "/one") == 200 and answers(f, "/two") == 404 and f.generation() == before
            assert "b.yaml:4:3" in f.output()
            host.repository.push({"b.yaml": None})
            wait_live(f, "/two")
            assert wait_state(f, "Good")["problems"] == []


def test_what_leaves_the_repository_is_deleted_unless_told_otherwise():
    more = route("more", rule("/more", [backend("a")]))
    for prune in (True, False):
        with host_with({"a.yaml": text(routes_to("/one")), "b.yaml": text(more)}) as host:
            with start(source(**archive_of(host, prune=prune))) as f:
                wait_live(f, "/more")
                host.repository.push({"b.yaml": None, "a.yaml": text(routes_to("/two"))})
                wait_live(f, "/two")
                assert answers(f, "/more") == (404 if prune else 200)


def test_two_sources_do_not_take_a_document_from_each_other():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        own = source(**archive_of(host))
        host.repository.push({"source.yaml": text(own)})
        with start() as f:  # Only a folder can bring the first one here; then the folder lets go of it.
            f.write([own], "source.yaml")
            f.hangup()
            f.wait(lambda: "is kept by source dir already" in f.output(), lambda: f"two that want it: {status(f)}", 15)
            assert wait_state(f, "Refused")["why"] == "conf-bad"


def test_server_that_is_down_is_asked_less_often_and_then_again():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        with start(source(**archive_of(host))) as f:
            wait_live(f, "/one")
            host.down = True
            f.wait(lambda: status(f)["failures"] >= 3, lambda: str(status(f)), 30)
            s = status(f)
            assert s["state"] == "Unreachable" and s["why"] == "source-status" and "503" in s["sentence"], s
            assert s["nextLookMs"] <= 4400 and answers(f, "/one") == 200
            assert f.output().count("503") == 1, "it was told more than once"
            host.down = False
            host.repository.push({"a.yaml": text(routes_to("/two"))})
            wait_live(f, "/two", 20)
            assert status(f)["failures"] == 0


def test_servers_are_verified():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        spec = archive_of(host)
        spec["archive"]["ca"] = {"inlineString": pki.authority("another-ca").chain}
        with start(source(**spec)) as f:
            s = wait_state(f, "Unreachable")
            assert s["why"] == "up-tls-cert-untrusted" and host.hits == 0, s


def test_redirects_do_not_leave_https():
    with Host(None) as host:
        archive = {"provider": "Url", "url": host.url + "/downgrade", "ca": {"inlineString": host.ca.chain}}
        with start(source(type="Archive", archive=archive)) as f:
            assert wait_state(f, "Unreachable")["why"] == "fetch-downgrade"


def tarball(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


def test_signed_tarballs_are_taken_and_others_are_not():
    folder = tempfile.mkdtemp(prefix="forge-sign-")
    try:
        key = os.path.join(folder, "key.pem")
        pki.openssl("genpkey", "-algorithm", "ed25519", "-out", key)
        public = pki.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-32:]

        def sign(content):
            path = os.path.join(folder, "archive")
            with open(path, "wb") as out:
                out.write(content)
            return pki.openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path)

        with Host(None) as host:
            first, second = tarball({"a.yaml": text(routes_to("/one"))}), tarball({"top/a.yaml": text(routes_to("/two"))})
            host.files = {"/c.tgz": first, "/c.tgz.sig": sign(first)}
            with start(source(type="Archive", archive={"provider": "Url", "url": host.url + "/c.tgz", "ca": {"inlineString": host.ca.chain}},
                              verify={"publicKey": base64.b64encode(public).decode()})) as f:
                wait_live(f, "/one")
                host.files["/c.tgz"] = second
                assert wait_state(f, "Unreachable")["why"] == "source-signature"
                assert answers(f, "/one") == 200
                host.files["/c.tgz.sig"] = base64.b64encode(sign(second)) + b"\n"
                wait_live(f, "/two", 20)
                host.files["/c.tgz"] = tarball({"../a.yaml": "x"})
                host.files["/c.tgz.sig"] = sign(host.files["/c.tgz"])
                f.wait(lambda: status(f)["why"] == "tar-path", lambda: str(status(f)), 20)
                host.files["/c.tgz"] = second[:-9]
                host.files["/c.tgz.sig"] = sign(host.files["/c.tgz"])
                f.wait(lambda: status(f)["why"] == "gzip-bad", lambda: str(status(f)), 20)
                assert answers(f, "/two") == 200
    finally:
        shutil.rmtree(folder)


def test_folders_are_sources():
    folder = tempfile.mkdtemp(prefix="forge-folder-")
    try:
        os.makedirs(os.path.join(folder, "deep", "er"))

        def write(name, content):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                out.write(content)

        write("deep/er/a.yml", text(routes_to("/one")))
        write("deep/note.txt", "no document")
        write("outside.yaml", "no: document")
        with start(source(type="Directory", directory=folder, path="deep")) as f:
            wait_live(f, "/one")
            write("deep/er/a.yml", text(routes_to("/two")))
            wait_live(f, "/two")
            os.unlink(os.path.join(folder, "deep/er/a.yml"))
            s = wait_state(f, "Unreachable")
            assert s["why"] == "source-empty" and answers(f, "/two") == 200, s
    finally:
        shutil.rmtree(folder)


def test_bare_repositories_are_sources():
    with host_with({"gw/a.yaml": text(routes_to("/one"))}) as host:
        repository = host.repository
        with start(source(type="BareRepository", bareRepository=repository.bare, path="gw")) as f:
            wait_live(f, "/one")
            commit = repository.push({"gw/a.yaml": text(routes_to("/two"))}, "second")
            wait_live(f, "/two")
            assert status(f)["revision"] == commit
        with start(source(type="BareRepository", bareRepository=repository.bare, ref="nowhere")) as f:
            s = wait_state(f, "Unreachable")
            assert s["why"] == "source-git" and "nowhere" in s["sentence"], s
        with Forge([gateway(free_port()), *echo(), source(type="BareRepository", bareRepository=repository.bare)],
                   env={"PATH": "/nonexistent"}) as f:
            assert "is not installed" in wait_state(f, "Unreachable")["sentence"]


def test_a_deleted_source_leaves_what_it_brought():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        port = free_port()
        documents = [gateway(port), *echo()]
        with Forge([*documents, source(**archive_of(host))]) as f:
            wait_live(f, "/one")
            f.reload(documents)
            f.wait(lambda: status(f) == {}, "the source to go")
            assert answers(f, "/one") == 200


def test_a_drain_ends_looks_under_way():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/c.tgz"
        with start(source(type="Archive", archive={"provider": "Url", "url": url})) as f:
            f.wait(lambda: status(f).get("looks", 0) >= 1, "a look")


def put_edit(f, path):
    code, _, said = f.api("PUT", "/meshes/default/meshhttproutes/from-git", routes_to(path))
    assert code in (200, 201), (code, said)


def test_drift_is_shown_and_comes_back_as_a_patch():
    with host_with({"gw/a.yaml": "# ours\n" + text(routes_to("/one"))}) as host:
        with start(source(**archive_of(host, interval="1h"))) as f:
            wait_live(f, "/one")
            put_edit(f, "/edited")
            wait_live(f, "/edited")
            f.wait(lambda: status(f)["state"] == "Drifted", lambda: str(status(f)))
            assert [(d["name"], d["what"]) for d in status(f)["drift"]] == [("from-git", "edited")]
            code, _, patch = f.api("GET", "/forge/sources/team/patch")
            assert code == 200 and "--- a/gw/a.yaml\n+++ b/gw/a.yaml\n@@ " in patch, patch
            with open(os.path.join(host.repository.clone, "..", "edit.patch"), "w", encoding="utf-8") as out:
                out.write(patch)
            git("apply", "../edit.patch", cwd=host.repository.clone)
            host.repository.push({}, "take the edit over")
            assert f.api("POST", "/forge/sources/team/sync")[0] == 202
            f.wait(lambda: status(f)["state"] == "Good", lambda: str(status(f)))
            assert answers(f, "/edited") == 200 and f.api("GET", "/forge/sources/team/patch")[2] == ""
            assert f.api("GET", "/forge/sources/nobody")[0] == 404 and f.api("POST", "/forge/sources/nobody/sync")[0] == 404


def test_drift_is_put_back_when_asked():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        with start(source(**archive_of(host, driftPolicy="Revert"))) as f:
            wait_live(f, "/one")
            put_edit(f, "/edited")
            f.wait(lambda: answers(f, "/one") == 200 and answers(f, "/edited") == 404, lambda: str(status(f)), 15)
            history = f.api("GET", "/forge/generations")[2]["items"]
            assert history[0]["author"] == "git:team" and "Revert" in history[0]["reason"], history[0]


def test_generations_say_whose_commit_they_are():
    with host_with({"a.yaml": text(routes_to("/one"))}) as host:
        with start(source(type="BareRepository", bareRepository=host.repository.bare)) as f:
            wait_live(f, "/one")
            commit = host.repository.push({"a.yaml": text(routes_to("/two"))}, "Move to two")
            wait_live(f, "/two")
            newest = f.api("GET", "/forge/generations")[2]["items"][0]
            assert newest["source"] == "git:team" and newest["author"] == "Ada <ada@example.com>", newest
            assert newest["reason"] == f"{commit} Move to two", newest
