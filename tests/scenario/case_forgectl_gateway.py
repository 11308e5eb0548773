"""forgectl with a gateway: the lines of README.md ("Change it safely"), each command over the socket and over TLS, and what goes wrong."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from forge import ROOT, Forge, free_port
from forgectl import environment, forgectl, program, start
from peer import Client

DEMO = os.path.join(ROOT, "proxy", "demo")


class Gateway(Forge):
    """The demo, at ports of its own, with an admin interface; its documents lie in self.conf."""

    def __init__(self, **more):
        super().__init__([], **more)
        os.unlink(os.path.join(self.conf, "all.yaml"))
        self.port, self.tls_port = free_port(), free_port()
        for name in os.listdir(DEMO):
            with open(os.path.join(DEMO, name)) as f:
                text = f.read().replace("port: 8080\n", f"port: {self.port}\n").replace("port: 8443\n", f"port: {self.tls_port}\n")
            with open(os.path.join(self.conf, name), "w") as f:
                f.write(text)
        self.state = os.path.join(self.dir, "state")
        self.work = os.path.join(self.dir, "work")
        shutil.copytree(self.conf, self.work)

    def ctl(self, *arguments, **more):
        return forgectl(*arguments, env={"FORGE_STATE": self.state, **more.pop("env", {})}, cwd=more.pop("cwd", self.dir), **more)

    def afar(self, *arguments, **more):
        return forgectl(*arguments, "--server", f"https://127.0.0.1:{self.admin}", "--token-file", f"{self.state}/admin-token",
                        "--insecure", **more)

    def change(self, old, new, name="30-routes.yaml"):
        path = os.path.join(self.work, name)
        with open(path) as f:
            text = f.read()
        assert old in text, old
        with open(path, "w") as f:
            f.write(text.replace(old, new))

    def status_of(self, path):
        with Client(self.port) as c:
            return c.request(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")[0]


def number(said):
    found = re.search(r"generation (\d+) is in force", said.out)
    assert found, said
    return int(found.group(1))


def readme_lines():
    with open(os.path.join(ROOT, "README.md")) as f:
        block = re.search(r"## Change it safely.*?```sh\n(.*?)```", f.read(), re.S).group(1)
    return [line for line in block.splitlines() if not line.startswith("PATH=")]


def test_the_lines_of_the_readme():
    """Each line, as it stands there; "ends with N" in its comment is its exit code."""
    with Gateway() as g:
        os.makedirs(os.path.join(g.dir, "proxy"))
        os.symlink(g.conf, os.path.join(g.dir, "proxy", "demo"))
        shutil.rmtree(g.work)
        os.makedirs(os.path.join(g.dir, ".out"))
        os.symlink(g.state, os.path.join(g.dir, ".out", "run"))
        env = environment({"PATH": os.path.dirname(program()) + ":" + os.environ["PATH"]})
        said = {}
        for line in readme_lines():
            done = subprocess.run(["bash", "-c", line.replace(":8080", f":{g.port}")], cwd=g.dir, env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=60, check=False)
            found = re.search(r"# ends with (\d)", line)
            said[line.split("#")[0].strip()] = done.stdout.decode()
            assert done.returncode == (int(found.group(1)) if found else 0), (line, done)
        assert len(said) > 15 and "api" in said["forgectl get meshhttproutes"], said
        assert re.search(r"^work/30-routes.yaml:\d+:\d+: error: .*did you mean `statusCode`", said["forgectl check -f work"], re.M), said
        assert "ada" in said["forgectl history"] and "the move is for good" in said["forgectl history"], said
        assert "is live" in said["forgectl wait"], said
        assert g.status_of("/old/x") == 301


def test_a_journey_of_changes():
    with Gateway() as g:
        first = int(g.generation())
        # Apply.
        said = g.ctl("diff", "-f", "work")
        assert said.code == 0, said
        g.change("statusCode: 302", "statusCode: 301")
        said = g.ctl("diff", "-f", "work")
        assert said.code == 4 and "    -            statusCode: 302" in said.out and "    +            statusCode: 301" in said.out, said
        said = g.ctl("apply", "-f", "work", "--reason", "the move is for good", "--author", "ada")
        assert said.code == 0 and "changed MeshHTTPRoute default/moved" in said.out, said
        second = number(said)
        assert second > first and g.status_of("/old/x") == 301
        # Break something: the sentence has file, line and column; nothing has changed.
        g.change("statusCode: 301", "statusCod: 307")
        said = g.ctl("apply", "-f", "work")
        assert said.code == 1 and re.search(r"work/30-routes\.yaml:\d+:19: error: .*did you mean `statusCode`", said.err), said
        assert f"generation {second} is in force" in said.err and g.status_of("/old/x") == 301, said
        # Fix, and look before the leap.
        g.change("statusCod: 307", "statusCode: 307")
        said = g.ctl("try", "-f", "work", f"http://localhost:{g.port}/old/x")
        assert said.code == 0 and "307" in said.out, said
        said = g.ctl("apply", "-f", "work", "--dry-run")
        assert said.code == 0 and "+            statusCode: 307" in said.out and "nothing was changed" in said.out, said
        assert g.status_of("/old/x") == 301
        said = g.ctl("apply", "-f", "work")
        third = number(said)
        assert said.code == 0 and third == second + 1 and g.status_of("/old/x") == 307, said
        # Roll back, wait, and see who did what.
        said = g.ctl("rollback", second, "--reason", "too early")
        assert said.code == 0 and number(said) == third + 1, said
        said = g.ctl("wait", "--timeout", "10s")
        assert said.code == 0 and f"generation {third + 1} is live" in said.out and g.status_of("/old/x") == 301, said
        said = g.ctl("history")
        lines = said.out.splitlines()
        assert said.code == 0 and lines[0].startswith("GENERATION") and re.match(rf"{third + 1} \*.*rollback to {second}: too early", lines[1]), said
        assert re.search(r"ada .*the move is for good", said.out), said
        said = g.ctl("diff", second, third)
        assert said.code == 4 and "+            statusCode: 307" in said.out, said
        assert g.ctl("diff", second).code == 0, "the documents are the same again"


def test_documents_are_listed_shown_and_deleted():
    with Gateway() as g:
        said = g.ctl("get", "meshhttproutes")
        assert said.code == 0 and [line.split()[2] for line in said.out.splitlines()[1:]] == ["api", "everything", "moved"], said
        said = g.ctl("get", "MeshHTTPRoute/api", "-o", "yaml")
        assert said.code == 0 and "name: api" in said.out and "replacePrefixMatch" in said.out, said
        again = g.ctl("check", "-f", "-", stdin=re.sub(r"(creation|modification)Time: .*\n", "", said.out))
        assert again.code == 0, (said, again)
        assert json.loads(g.ctl("get", "meshhttproute", "api", "-o", "json").out)["name"] == "api"
        assert len(json.loads(g.ctl("get", "meshhttproutes", "-o", "json").out)) == 3
        names = g.ctl("get", "all", "-o", "name").out.split()
        assert "MeshGateway/edge" in names and "MeshHTTPRoute/moved" in names, names
        said = g.ctl("get", "meshhttproute", "gone")
        assert said.code == 1 and said.err and not said.out, said
        said = g.ctl("delete", "meshhttproute", "moved", "--dry-run")
        assert said.code == 0 and "removed MeshHTTPRoute default/moved" in said.out and g.status_of("/old/x") == 302, said
        said = g.ctl("delete", "meshhttproute", "moved")
        assert said.code == 0 and "removed MeshHTTPRoute default/moved" in said.out and g.status_of("/old/x") == 200, said
        said = g.ctl("delete", "MeshHTTPRoute/moved")
        assert said.code == 1, said
        assert "moved" not in g.ctl("get", "meshhttproutes", "-o", "name").out
        text = "type: MeshHTTPRoute\nname: labelled\nlabels: {team: shop}\nspec:\n  to:\n  - targetRef: {kind: Mesh}\n    rules:\n" \
               "    - matches: [{path: {type: PathPrefix, value: /l}}]\n      default: {backendRefs: [{kind: MeshExternalService, name: echo}]}\n"
        assert g.ctl("apply", "-f", "-", stdin=text).code == 0
        assert g.ctl("get", "meshhttproutes", "-l", "team=shop", "-o", "name").out == "MeshHTTPRoute/labelled\n"
        assert g.ctl("get", "meshhttproutes", "-l", "team=other", "-o", "name").out == ""


def test_export_expect_and_prune():
    with Gateway() as g:
        said = g.ctl("export")
        assert said.code == 0 and g.ctl("check", "-f", "-", stdin=said.out).code == 0, said
        assert said.out == g.ctl("export", "-f", "conf").out, "the gateway and files say it with the same words"
        current = int(g.generation())
        service = "type: MeshExternalService\nname: %s\nspec:\n  match: {port: 80, protocol: http}\n" \
                  "  endpoints: [{address: 127.0.0.1, port: 1}]\n"
        said = g.ctl("apply", "-f", "-", "--expect", current + 7, stdin=service % "one")
        assert said.code == 1 and g.generation() == current, said
        said = g.ctl("apply", "-f", "-", "--expect", current, "--source", "team", stdin=service % "one" + "---\n" + service % "two")
        assert said.code == 0 and said.out.count("added   MeshExternalService") == 2, said
        said = g.ctl("apply", "-f", "-", "--source", "team", "--prune", stdin=service % "two")
        assert said.code == 0 and "removed MeshExternalService default/one" in said.out and said.out.count("MeshExternalService") == 1, said
        assert "echo" in g.ctl("get", "meshexternalservices", "-o", "name").out
        said = g.ctl("apply", "-f", "-", "--source", "team", "--prune", stdin=service % "two")
        assert said.code == 0 and "nothing to change" in said.out, said


def test_secrets_are_not_shown():
    with Gateway() as g:
        hidden = base64.b64encode(b"hidden from everybody").decode()
        said = g.ctl("apply", "-f", "-", "-o", "json", stdin=f"type: Secret\nname: s\ndata: {hidden}\n")
        assert said.code == 0 and hidden not in said.out, said
        for arguments in (("get", "secret", "s", "-o", "yaml"), ("get", "secrets", "-o", "json"), ("export",), ("history", "-o", "json"),
                          ("diff", int(g.generation()) - 1, int(g.generation()))):
            said = g.ctl(*arguments)
            assert said.code in (0, 4) and said.out and hidden not in said.out, (arguments, said)


def test_try_and_test_on_the_gateway():
    with Gateway() as g:
        url = f"http://localhost:{g.port}/old/x"
        said = g.ctl("try", url)
        assert said.code == 0 and "moved" in said.out and "302" in said.out, said
        before = int(g.generation())
        g.change("statusCode: 302", "statusCode: 301")
        assert g.ctl("apply", "-f", "work").code == 0
        assert "301" in g.ctl("try", url).out and "302" in g.ctl("try", "--generation", before, url).out
        assert json.loads(g.ctl("try", url, "-o", "json").out)["status"] == 301
        case = "type: ForgeTest\nname: t\nspec:\n  cases:\n  - name: moved\n    request: {url: '%s'}\n    expect: {status: %d}\n"
        said = g.ctl("apply", "-f", "-", stdin=case % (url, 302))
        assert said.code == 1 and "301" in said.err, said
        said = g.ctl("apply", "-f", "-", stdin=case % (url, 301))
        assert said.code == 0 and "1 tests passed" in said.out, said
        said = g.ctl("test", "-o", "junit")
        assert said.code == 0 and 'tests="1" failures="0"' in said.out, said
        said = g.ctl("explain", "listener", f"edge:{g.port}")
        assert said.code == 0 and "edge" in said.out, said
        said = g.ctl("explain", "route", "api", "-o", "json")
        assert said.code == 0 and any(p["fields"] for p in json.loads(said.out)["policies"]), said
        said = g.ctl("explain", "route", "gone")
        assert said.code == 1 and said.err and not said.out, said


def test_from_afar_with_token_and_certificate():
    with Gateway() as g:
        server = f"https://127.0.0.1:{g.admin}"
        said = g.afar("get", "meshgateways", "-o", "name")
        assert said.code == 0 and said.out == "MeshGateway/edge\n", said
        said = g.afar("apply", "-f", g.work)
        assert said.code == 0 and "nothing to change" in said.out, said
        with open(f"{g.state}/admin-token") as f:
            token = f.read().strip()
        assert forgectl("history", "--server", server, "-k", env={"FORGE_TOKEN": token}).code == 0
        assert forgectl("history", "-k", env={"FORGE_TOKEN": token, "FORGE_SERVER": server}).code == 0
        # No token, a wrong one, a file that is none.
        for env in ({}, {"FORGE_TOKEN": "w" * 40}):
            said = forgectl("history", "--server", server, "-k", env=env)
            assert said.code == 1 and "admin-token" in said.err and not said.out, said
        said = forgectl("history", "--server", server, "-k", "--token-file", "/nonexistent")
        assert said.code == 2 and "--token-file" in said.err, said
        # Whom to trust: nobody by default, its own certificate when told so.
        said = forgectl("history", "--server", server, env={"FORGE_TOKEN": token})
        assert said.code == 3 and "--ca-file" in said.err and token not in said.err, said
        said = forgectl("history", "--server", f"https://localhost:{g.admin}", "--ca-file", f"{g.state}/self-signed.pem", env={"FORGE_TOKEN": token})
        assert said.code == 0, said
        assert token not in g.output()


def test_a_gateway_that_stops():
    with Gateway() as g:
        assert g.ctl("wait", "--for", "ready", "--timeout", "10s").code == 0
        said = g.ctl("wait", "--generation", 99, "--timeout", "500ms")
        assert said.code == 5 and "generation 99 is not live yet" in said.err, said
        p = start("wait", "--generation", "99", "--timeout", "60s", "--state", g.state)
        time.sleep(0.5)
        p.send_signal(signal.SIGINT)
        assert p.wait(10) == -signal.SIGINT
        assert "gateway  " in g.ctl("version").out
        g.stop()
        said = g.ctl("history")
        assert said.code == 3 and "admin.sock" in said.err, said


def test_without_flags_the_gateway_of_build_sh_is_meant():
    with Gateway() as g, tempfile.TemporaryDirectory() as elsewhere:
        os.makedirs(os.path.join(elsewhere, ".out"))
        os.symlink(g.state, os.path.join(elsewhere, ".out", "run"))
        said = forgectl("get", "meshgateways", "-o", "name", cwd=elsewhere)
        assert said.code == 0 and said.out == "MeshGateway/edge\n", said
