"""Generations outlive the process, and a disk that fails costs a sentence and no request."""
import base64
import os
import subprocess
import tempfile

from forge import backend, binary, route, rule, simple, simple_documents
from peer import Client, Upstream, serving

SECRET = "-----a secret that nobody may see-----"


def named(name):
    return serving(lambda c, *_: Upstream.answer(c, name))


def secret(text=SECRET):
    return {"type": "Secret", "mesh": "default", "name": "s", "data": base64.b64encode(text.encode()).decode()}


def body(f):
    with Client(f.port) as c:
        status, _, got = c.get()
        assert status == 200, status
        return got


def test_numbers_outlive_the_process():
    with Upstream(named("one")) as one, Upstream(named("two")) as two, simple(one) as f:
        assert f.generation() == 1
        f.reload()
        assert f.generation() == 1, "a folder that says nothing new made a generation"
        f.reload(simple_documents(two, port=f.port))
        assert f.generation() == 2 and body(f) == b"two"
        f.restart()
        assert f.generation() == 2 and body(f) == b"two"
        f.reload(simple_documents(one, port=f.port))
        assert f.generation() == 3 and body(f) == b"one"


def test_without_a_folder_the_last_generation_is_served():
    with Upstream(named("one")) as one, simple(one) as f:
        f.restart(folder=False)
        assert f.generation() == 1 and body(f) == b"one"
        f.write_text("type: Nonsense\nname: x\n")
        f.reload()
        assert f.generation() == 1 and body(f) == b"one"


def test_a_bad_folder_starts_the_last_good_one():
    with Upstream(named("one")) as one, simple(one) as f:
        f.write_text("type: MeshGatway\nname: x\n", "bad.yaml")
        f.restart()
        assert f.generation() == 1 and body(f) == b"one" and f.refusals() == 1
        assert "did you mean `MeshGateway`" in f.output() and "starting with generation 1, the last good one" in f.output()


def test_a_damaged_store_costs_no_request():
    with Upstream(named("one")) as one, simple(one, [secret()]) as f:
        store = os.path.join(f.state, "store.mdb")
        f.wait(lambda: os.path.exists(store + ".backup"), "the backup copy")
        f.restart(folder=False, between=lambda: os.truncate(store, 8192))
        assert body(f) == b"one" and f.generation() == 1
        assert f"mv {store} {store}.damaged" in f.output(), f.output()
        f.restart(folder=True)
        assert body(f) == b"one"
        f.reload(simple_documents(one, port=f.port))
        assert body(f) == b"one" and f.generation() == 2, "the folder is not taken although it needs no store"
        f.restart(folder=False, between=lambda: os.rename(store, store + ".damaged"))
        assert body(f) == b"one" and f.generation() == 1
        assert "backup copy was restored" in f.output()


def test_nothing_to_serve_is_no_start():
    with tempfile.TemporaryDirectory() as state:
        with open(os.path.join(state, "store.mdb"), "w") as store:
            store.write("no store")
        done = subprocess.run([binary(), "--state", state, "--management", "none"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=30, check=False)
        assert done.returncode == 1 and b"there is nothing to serve" in done.stdout, done


def test_two_gateways_do_not_share_a_store():
    with Upstream(named("one")) as one, simple(one) as f:
        other = simple(one)
        other.state = f.state
        with other as g:
            assert body(g) == b"one" and f"process {f.process.pid} uses it" in g.output(), g.output()
            assert body(f) == b"one"


def test_secrets_are_nowhere_in_the_clear():
    with Upstream(named("one")) as one, simple(one, [secret()]) as f:
        f.reload([*simple_documents(one, port=f.port), secret(SECRET + "2")])
        f.wait(lambda: os.path.exists(os.path.join(f.state, "store.mdb.backup")), "the backup copy")
        for name in os.listdir(f.state):
            if not os.path.isfile(os.path.join(f.state, name)):
                continue  # the admin interface's socket
            with open(os.path.join(f.state, name), "rb") as file:
                data = file.read()
            assert SECRET.encode() not in data and base64.b64encode(SECRET.encode())[:20] not in data, name
        assert os.stat(os.path.join(f.state, "store.key")).st_mode & 0o777 == 0o600
        assert SECRET not in f.output() and secret()["data"] not in f.output()


def test_another_key_is_seen():
    with Upstream(named("one")) as one, simple(one, [secret()]) as f:
        key = os.path.join(f.state, "store.key")
        f.restart(between=lambda: os.rename(key, key + ".away"))
        assert body(f) == b"one" and "Put the right key file back" in f.output()
        f.restart(between=lambda: os.rename(key + ".away", key))
        assert body(f) == b"one" and f.generation() == 1


def test_a_full_disk_costs_no_request():
    with Upstream(named("one")) as one, Upstream(named("two")) as two:
        f = simple(one)
        f.mount_state(2 << 20)
        with f:
            try:
                with open(os.path.join(f.state, "filler"), "wb", buffering=0) as filler:
                    while True:
                        filler.write(b"x" * 4096)
            except OSError:
                pass
            big = [route(f"r{i}", *[rule(f"/{i}/{k}", [backend("a")]) for k in range(20)]) for i in range(100)]
            f.reload_refused([*simple_documents(two, port=f.port), *big])
            assert body(f) == b"one" and "make room on that disk" in f.output(), f.output()[-2000:]
            os.unlink(os.path.join(f.state, "filler"))
            f.reload()
            assert body(f) == b"two" and f.generation() == 2
