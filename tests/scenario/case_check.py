"""forged --check DIR: every mistake with file, line and column, a sentence and a remedy; exit codes; nothing is started."""
import os
import subprocess
import tempfile

from forge import ROOT, Forge, binary, free_port, simple_documents
from peer import Client, Upstream


def check(files):
    """Exit code and what it says, of these files {name: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(text.encode() if isinstance(text, str) else text)
        done = subprocess.run([binary(), "--check", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout.decode().replace(folder + "/", "")


GOOD = """type: MeshGateway
name: edge
conf:
  listeners:
    - {port: 8080, protocol: HTTP}
---
type: MeshExternalService
name: a
spec:
  match: {port: 80, protocol: http}
  endpoints:
    - {address: 127.0.0.1, port: 9000}
---
type: MeshHTTPRoute
name: all
spec:
  to:
    - targetRef: {kind: Mesh}
      rules:
        - matches:
            - path: {type: PathPrefix, value: /}
          default:
            backendRefs:
              - {kind: MeshExternalService, name: a}
"""


def changed(old, new):
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times in the good document"
    return GOOD.replace(old, new)


# what is changed, into what, where it is wrong, what the sentence must hold
MISTAKES = [
    ("type: MeshGateway", "type: MeshGatway", "1:7", "did you mean `MeshGateway`"),
    ("listeners:", "lisseners:", "4:3", "did you mean `listeners`"),
    ("port: 8080", "port: 80800", "5:14", "65535"),
    ("port: 8080", "port: 0", "5:14", ""),
    ("port: 8080", "port: many", "5:14", ""),
    ("protocol: HTTP}", "protocol: HTPP}", "5:30", "HTTP"),
    ("protocol: HTTP}", "protocol: HTTPS}", "5:30", "tls"),
    ("name: edge", "name: Edge!", "2:7", "name"),
    ("name: edge\n", "", "1:1", "name"),
    ("conf:\n", "conf: {}\nspec:\n", "3", ""),
    ("address: 127.0.0.1", "address: backend.local", "12:17", "DNS"),
    ("address: 127.0.0.1", "address: 127.0.0.256", "12:17", "127.0.0.256"),
    ("protocol: http}", "protocol: htpp}", "10:31", "http"),
    ("type: PathPrefix", "type: PathPrefixx", "21:28", "PathPrefix"),
    ("value: /}", "value: a}", "21:47", "slash"),
    ("value: /}", "value: /a/}", "21:47", "slash"),
    ("value: /}", "value: '/a?b'}", "21:47", "queryParams"),
    ("value: /}", "value: /a/../b}", "21:47", ".."),
    ("kind: Mesh}", "kind: MeshSubset}", "18:25", "MeshSubset"),
    ("            backendRefs:\n              - {kind: MeshExternalService, name: a}\n", "            filters: []\n", "2", "nowhere"),
    ("type: MeshHTTPRoute", "type: MeshProxyPatch", "14:7", "Envoy"),
    ("type: MeshHTTPRoute", "type: TrafficRoute", "14:7", "MeshHTTPRoute"),
    ("name: all", "name: all\nname: twice", "16:1", "second time"),
    ("name: all", "name: all\nother: 1", "16:1", "other"),
    ("name: all", "name: [a", "", ""),
]


def test_good_documents():
    code, said = check({"a.yaml": GOOD})
    assert code == 0 and "3 documents, no errors, 0 warnings" in said, said


def test_each_mistake_has_its_place():
    wrong = []
    for old, new, place, words in MISTAKES:
        code, said = check({"first.yaml": "type: MeshExternalService\nname: other\nspec:\n  match: {port: 1, protocol: http}\n"
                                          "  endpoints:\n    - {address: '::1', port: 1}\n", "second.yaml": changed(old, new)})
        where = [line for line in said.splitlines() if line.startswith(f"second.yaml:{place}") and ": error: " in line]
        if code != 1 or not where or (words and not any(words in line for line in where)):
            wrong.append(f"{new!r}: code {code}, wanted second.yaml:{place} and {words!r}, said:\n  " + said.replace("\n", "\n  "))
    assert not wrong, "\n".join(wrong)


def test_all_mistakes_at_once():
    text = GOOD.replace("port: 8080", "port: 0").replace("address: 127.0.0.1", "address: x").replace("value: /}", "value: x}")
    code, said = check({"a.yaml": text})
    assert code == 1 and said.count(": error: ") == 3 and "3 errors" in said, said


def test_warnings_are_no_errors():
    code, said = check({"a.yaml": GOOD.replace("name: a}", "name: gone}")})
    assert code == 0 and "warning" in said and "gone" in said and "1 warnings" in said, said


def test_files_that_are_no_documents():
    for name, text in (("a.yaml", b"\xff\xfe\x00"), ("a.yaml", b"\x00" * 100), ("a.yaml", "&a [*a, *a]"), ("a.yaml", "[" * 5000),
                       ("a.yaml", "a: &x {b: *x}"), ("a.json", "{\"type\": "), ("a.yaml", "- a\n- b\n"), ("a.yaml", "just text")):
        code, said = check({name: text})
        assert code == 1 and name in said, (text[:20], code, said[:300])


def test_what_is_not_there():
    done = subprocess.run([binary(), "--check", "/nonexistent"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
    assert done.returncode == 1 and b"/nonexistent" in done.stdout, done
    code, said = check({})
    assert "documents" in said, said


def test_the_demo_is_good():
    done = subprocess.run([binary(), "--check", os.path.join(ROOT, "proxy", "demo")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20, check=False)
    assert done.returncode == 0 and b"no errors, 0 warnings" in done.stdout, done.stdout


def test_command_line_mistakes():
    for arguments, code, words in (([], 2, b"--config"), (["--nonsense"], 2, b"--help"), (["--config", "x", "more"], 2, b"more"),
                                   (["--workers", "0", "--config", "x"], 2, b"--workers"), (["--help"], 0, b"usage"),
                                   (["--management", "nowhere", "--config", "x"], 2, b"--management"), (["--version"], 0, b"forged ")):
        done = subprocess.run([binary(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
        assert done.returncode == code and words in done.stdout, (arguments, done)


def test_start_with_a_mistake_is_refused():
    with Forge([], expect_start=False) as f:
        f.write_text(GOOD.replace("value: /}", "value: x}"))
        code = f.process.wait(20)
        assert code == 1, code


def test_start_on_a_port_that_is_taken():
    with Upstream() as up:
        documents = simple_documents(free_port(), port=up.port)
        with Forge(documents, expect_start=False) as f:
            assert f.process.wait(20) == 1
            assert "another program has this address" in f.output(), f.output()


def test_start_with_a_management_port_that_is_taken():
    with Upstream() as up:
        f = Forge(simple_documents(up), expect_start=False)
        f.management = up.port
        with f:
            assert f.process.wait(20) == 1
            assert "management" in f.output(), f.output()


def test_check_does_not_listen():
    with Upstream() as up:
        documents = simple_documents(up)
        with Forge(documents) as f, Client(f.port) as c:
            done = subprocess.run([binary(), "--check", f.conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
            assert done.returncode == 0, done.stdout
            assert c.get()[0] == 200
