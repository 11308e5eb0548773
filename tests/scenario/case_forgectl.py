"""forgectl without a gateway: the command line, what files alone can tell, and the live view with its terminal."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import xml.etree.ElementTree

from forge import ROOT, free_port, simple
from forgectl import forgectl, start
from peer import Client, Upstream

DEMO = os.path.join("proxy", "demo")
COMMANDS = ("apply", "check", "completions", "convert", "delete", "diff", "explain", "export", "get", "help", "history", "rollback", "test", "top",
            "try", "version", "wait")


def folder(**files):
    """A copy of the demo with other files beside it (dots for double underscores)."""
    made = tempfile.mkdtemp(prefix="forgectl-")
    shutil.copytree(os.path.join(ROOT, DEMO), made, dirs_exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(made, name.replace("__", ".")), "w") as f:
            f.write(text)
    return made


def test_help_says_everything():
    said = forgectl("help")
    assert said.code == 0 and not said.err, said
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", said.out, re.M), name
        for way in (("help", name), (name, "--help"), (name, "-h")):
            one = forgectl(*way)
            assert one.code == 0 and f"usage: forgectl {name}" in one.out and "exit codes: 0 fine" in one.out, (way, one)
    said = forgectl()
    assert said.code == 2 and "usage" in said.out, said
    for way in (("version",), ("--version",), ("-V",)):
        assert re.match(r"forgectl \d+\.\d+\.\d+\n$", forgectl(*way, env={"FORGE_STATE": "/nonexistent"}).out)


def test_wrong_use_ends_with_2_and_says_what_is_right():
    for arguments, words in ((["chekc"], "did you mean `check`"), (["check", "--fiel", "x"], "did you mean `--file`"),
                             (["check"], "Write -f DIR"), (["check", "-f", "x", "-o", "jsn"], "did you mean `-o json`"),
                             (["get"], "forgectl get KIND"), (["rollback", "abc"], "number of a generation"),
                             (["convert", "-f", DEMO, "--to", "x"], "universal and kubernetes"), (["completions", "tcsh"], "bash, zsh and fish"),
                             (["try", "ftp://x"], ""), (["try", "http://x/", "-H", "nothing"], ""), (["wait", "--for", "x"], "live and ready"),
                             (["help", "aply"], "did you mean `apply`"), (["diff"], "diff what?"), (["delete"], "delete what?")):
        said = forgectl(*arguments)
        assert said.code == 2 and words in said.err and said.err.startswith("forgectl: ") and not said.out, (arguments, said)


def test_check_tells_each_mistake_with_its_place():
    said = forgectl("check", "-f", DEMO)
    assert said.code == 0 and said.out == "8 documents, 0 errors, 0 warnings\n" and not said.err, said
    made = folder()
    path = os.path.join(made, "30-routes.yaml")
    with open(path) as f:
        text = f.read()
    line = text[:text.index("statusCode")].count("\n") + 1
    with open(path, "w") as f:
        f.write(text.replace("statusCode", "statusCod"))
    said = forgectl("check", "-f", made)
    assert said.code == 1 and f"{path}:{line}:19: error: " in said.err and "did you mean `statusCode`" in said.err, said
    said = forgectl("check", "-f", made, "-o", "json")
    problem = json.loads(said.out)["problems"][0]
    assert said.code == 1 and (problem["file"], problem["line"], problem["column"]) == (path, line, 19), said
    sarif = json.loads(forgectl("check", "-f", made, "-o", "sarif").out)
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert sarif["version"] == "2.1.0" and place["region"] == {"startLine": line, "startColumn": 19}, sarif
    said = forgectl("check", "-f", "-", stdin=text.replace("statusCode", "statusCod"))
    assert said.code == 1 and f"-:{line}:19: error: " in said.err, said
    said = forgectl("check", "-f", "/nonexistent", "-f", DEMO)
    assert said.code == 1 and "/nonexistent: error: there is no such file" in said.err, said
    shutil.rmtree(made)


def test_export_and_convert_go_round():
    once = forgectl("export", "-f", DEMO)
    again = forgectl("export", "-f", "-", stdin=once.out)
    assert once.code == again.code == 0 and once.out == again.out and once.out.count("type: ") > 8, once
    assert len(json.loads(forgectl("export", "-f", DEMO, "-o", "json").out)) == 8
    cluster = forgectl("convert", "-f", DEMO, "--to", "kubernetes")
    assert cluster.code == 0 and "apiVersion: kuma.io/v1alpha1" in cluster.out, cluster
    back = forgectl("convert", "-f", "-", stdin=cluster.out)
    assert back.code == 0 and back.out == forgectl("convert", "-f", DEMO).out, back.err


def test_diff_of_folders():
    same = forgectl("diff", DEMO, os.path.join(ROOT, DEMO))
    assert same.code == 0 and not same.out, same
    made = folder(more__yaml="type: Secret\nname: s\ndata: aGk=\n")
    with open(os.path.join(made, "30-routes.yaml")) as f:
        text = f.read()
    with open(os.path.join(made, "30-routes.yaml"), "w") as f:
        f.write(text.replace("statusCode: 302", "statusCode: 301"))
    os.unlink(os.path.join(made, "20-gateway.yaml"))
    said = forgectl("diff", DEMO, made)
    assert said.code == 4, said
    for line in ("changed MeshHTTPRoute default/moved", "    -            statusCode: 302", "    +            statusCode: 301",
                 "removed MeshGateway default/edge", "added   Secret default/s"):
        assert line in said.out.splitlines(), (line, said)
    assert "aGk=" not in said.out and "\x1b" not in said.out, said
    verbs = {(d["verb"], d["type"], d["name"]) for d in json.loads(forgectl("diff", DEMO, made, "-o", "json").out)}
    assert ("changed", "MeshHTTPRoute", "moved") in verbs and ("added", "Secret", "s") in verbs, verbs
    shutil.rmtree(made)


def test_try_of_files():
    said = forgectl("try", "-f", DEMO, "http://localhost:8080/old/page?x=1")
    assert said.code == 0 and "moved" in said.out and "/new/page?x=1" in said.out, said
    answer = json.loads(forgectl("try", "-f", DEMO, "POST", "http://localhost:8080/api/orders", "--body-bytes", 2000000, "-o", "json").out)
    assert "413" in json.dumps(answer), answer
    said = forgectl("try", "-f", DEMO, "-X", "PUT", "-H", "X-Internal: 1", "http://localhost:8080/api/orders")
    assert said.code == 0 and "PUT /orders" in said.out and "x-internal" in said.out, said


def test_explain_of_files():
    said = forgectl("explain", "-f", DEMO, "MeshHTTPRoute/api")
    assert said.code == 0 and "small-bodies" in said.out and "30-routes.yaml" in said.out, said
    assert forgectl("explain", "-f", DEMO, "route", "api").out == said.out
    fields = json.loads(forgectl("explain", "-f", DEMO, "route", "api", "-o", "json").out)["policies"]
    assert any(field["document"]["name"] == "small-bodies" for policy in fields for field in policy["fields"]), fields
    said = forgectl("explain", "-f", DEMO, "route", "gone")
    assert said.code == 1 and "gone" in said.err and not said.out, said


FORGE_TEST = """type: ForgeTest
name: orders
spec:
  cases:
    - name: orders go to echo
      request: {path: /api/orders, host: 'localhost:8080'}
      expect: {route: %s}
"""


def test_test_of_files():
    for route, failures in (("api", "0"), ("moved", "1")):
        made = folder(test__yaml=FORGE_TEST % route)
        said = forgectl("test", "-f", made)
        assert said.code == int(failures) and f"{1 - int(failures)} passed, {failures} failed" in said.out, said
        said = forgectl("test", "-f", made, "-o", "junit")
        suite = xml.etree.ElementTree.fromstring(said.out).find("testsuite")
        assert said.code == int(failures) and suite.get("tests") == "1" and suite.get("failures") == failures, said
        assert failures == "0" or "moved" in suite.find("testcase/failure").get("message"), said.out
        assert json.loads(forgectl("test", "-f", made, "-o", "json").out)["failed"] == int(failures)
        shutil.rmtree(made)


def test_completions_are_scripts():
    for shell in ("bash", "zsh", "fish"):
        said = forgectl("completions", shell)
        assert said.code == 0 and all(name in said.out for name in COMMANDS), said
    done = subprocess.run(["bash", "-n"], input=forgectl("completions", "bash").out.encode(), stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr


def test_no_gateway_is_3():
    with tempfile.TemporaryDirectory() as nowhere:
        port = free_port()
        for arguments in (["get", "meshgateways"], ["apply", "-f", DEMO], ["history"], ["rollback", "1"], ["export"], ["diff", "1", "2"]):
            said = forgectl(*arguments, "--state", nowhere)
            assert said.code == 3 and f"{nowhere}/admin.sock" in said.err and not said.out, (arguments, said)
            said = forgectl(*arguments, "--server", f"https://127.0.0.1:{port}", env={"FORGE_TOKEN": "x"})
            assert said.code == 3 and f"https://127.0.0.1:{port}" in said.err and not said.out, (arguments, said)
        said = forgectl("top", "--once", "--metrics", f"http://127.0.0.1:{port}")
        assert said.code == 3 and "no gateway at http://" in said.err, said
        began = time.monotonic()
        said = forgectl("wait", "--for", "ready", "--timeout", "700ms", "--state", nowhere)
        assert said.code == 5 and 0.6 < time.monotonic() - began < 20, said
        said = forgectl("history", "--server", "http://10.0.0.1:5682")
        assert said.code == 2 and "https://" in said.err, said


def test_wait_ends_at_ctrl_c():
    with tempfile.TemporaryDirectory() as nowhere:
        p = start("wait", "--timeout", "60s", "--state", nowhere)
        time.sleep(0.5)
        assert p.poll() is None
        p.send_signal(signal.SIGINT)
        assert p.wait(10) == -signal.SIGINT


def test_colours_only_on_a_terminal():
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        ours, theirs = pty.openpty()
        p = start("check", "-f", DEMO, stdout=theirs, env=env)
        assert p.wait(20) == 0
        said = os.read(ours, 4096)
        assert (b"\x1b[32m" in said) == coloured, (env, said)
        os.close(ours)
        os.close(theirs)
    assert "\x1b" not in forgectl("check", "-f", DEMO).out


def test_a_reader_that_leaves_is_no_error_to_wait_for():
    p = start("export", "-f", DEMO, stdout=subprocess.PIPE)
    p.stdout.close()
    assert p.wait(20) in (0, 1)


def read_until(fd, words, seconds=20):
    said, until = b"", time.monotonic() + seconds
    while words not in said:
        assert time.monotonic() < until, (words, said)
        if select.select([fd], [], [], 0.2)[0]:
            said += os.read(fd, 65536)
    return said


def test_top_in_lines():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        p = start("top", "--interval", "300ms", "--metrics", f"http://127.0.0.1:{f.management}", stdout=subprocess.PIPE)
        line = p.stdout.readline()
        while b"REQUESTS/S" in line or line.split()[0] == b"0":
            for _ in range(20):
                c.get()
            line = p.stdout.readline()
        assert int(line.split()[0]) > 0 and int(line.split()[1]) > 0 and b"\x1b" not in line, line
        p.send_signal(signal.SIGINT)
        assert p.wait(10) == 0
        p.stdout.close()
        said = forgectl("top", "--once", "--interval", "100ms", "--metrics", f"http://127.0.0.1:{f.management}")
        assert said.code == 0 and len(said.out.splitlines()) == 2, said


def test_top_gives_the_terminal_back():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for end in ("q", "ctrl-c", "gateway"):
            ours, theirs = pty.openpty()
            before = termios.tcgetattr(theirs)
            p = start("top", "--interval", "200ms", "--metrics", f"http://127.0.0.1:{f.management}", stdin=theirs, stdout=theirs,
                      stderr=subprocess.PIPE)
            said = read_until(ours, b"forgectl top")
            assert b"\x1b[?1049h" in said and b"\x1b[?25l" in said, said
            if end == "q":
                c.ask_problem("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400, "uri-percent")
                read_until(ours, b"uri-percent")
            assert not termios.tcgetattr(theirs)[3] & termios.ECHO
            if end == "q":
                os.write(ours, b"q")
            elif end == "ctrl-c":
                p.send_signal(signal.SIGINT)
            else:
                f.stop()
            said = read_until(ours, b"\x1b[?1049l")
            assert b"\x1b[?25h" in said, said
            assert p.wait(20) == (3 if end == "gateway" else 0)
            assert termios.tcgetattr(theirs)[3] == before[3]
            p.stderr.close()
            os.close(ours)
            os.close(theirs)
