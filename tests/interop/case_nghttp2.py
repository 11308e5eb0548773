"""nghttp, h2load and nghttpd: another HTTP/2 on either side."""
import os
import re
import tempfile

import pki
from case_curl import secure
from forge import free_port, simple
from peer import Upstream
from tools import Server, call


def loaded(*arguments):
    """h2load: how many requests it made; none may fail."""
    said = call("h2load", *arguments, seconds=80).decode()
    found = re.search(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", said)
    assert found, said
    total, done, good, failed, errored, late = map(int, found.groups())
    assert total == done == good and failed == errored == late == 0, said
    return total


def test_nghttp():
    with Upstream() as up, simple(up) as f:
        url = f"http://127.0.0.1:{f.port}"
        said = call("nghttp", "-nv", *[f"{url}/{i}" for i in range(20)]).decode()
        assert said.count(":status: 200") == 20, said[-1500:]
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(3 << 20))
            file.flush()
            said = call("nghttp", "-d", file.name, "-H", "te: trailers", "--trailer", "x-sum: 1", f"{url}/up").decode()
            assert said == f"hello {3 << 20}\n", said
        for arguments in (["-w", "16"], ["--window-bits=30", "--connection-window-bits=30"], ["--padding=200"], ["--no-dep"],
                          ["--max-concurrent-streams=1"], ["--header-table-size=0"], ["--header-table-size=8192"]):
            assert call("nghttp", *arguments, f"{url}/x").decode() == "hello 0\n", arguments


def test_h2load():
    with Upstream() as up, simple(up, workers=2) as f:
        loaded("-n", "2000", "-c", "8", "-m", "20", f"http://127.0.0.1:{f.port}/x")
        loaded("-n", "1000", "-c", "8", "-m", "1", "--h1", f"http://127.0.0.1:{f.port}/x")
        assert f.endings() == {}, f.endings()


def test_h2load_over_tls():
    with Upstream() as up, secure(up) as f:
        url = f"https://127.0.0.1:{f.tls_port}/x"
        loaded("-n", "600", "-c", "6", "-m", "10", "--sni=a.test", url) if "--sni" in call("h2load", "--help").decode() else \
            loaded("-n", "600", "-c", "6", "-m", "10", url)


def test_nghttpd_as_upstream():
    """HTTP/2 on both sides, and HTTP/1.1 before HTTP/2."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        data = os.urandom(2 << 20)
        for name, content in (("x", b"hello\n"), ("big", data)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        with Server("nghttpd", "--no-tls", "-d", folder, "-a", "127.0.0.1", str(port), port=port):
            with simple(port, protocol="http2") as f:
                url = f"http://127.0.0.1:{f.port}"
                assert call("nghttp", f"{url}/x") == b"hello\n"
                assert call("curl", "-sS", f"{url}/big") == data
                assert call("curl", "-sS", "--http2-prior-knowledge", f"{url}/big") == data
                loaded("-n", "1000", "-c", "4", "-m", "20", f"{url}/x")
                loaded("-n", "500", "-c", "8", "--h1", f"{url}/x")


def test_nghttpd_over_tls_as_upstream():
    from case_openssl import to_tls
    from forge import Forge
    port, cert = free_port(), pki.certificate("up.test")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "x"), "wb") as file:
            file.write(b"hello\n")
        with Server("nghttpd", "-d", folder, "-a", "127.0.0.1", str(port), cert.key_path, cert.chain_path, port=port):
            with Forge(to_tls(port, protocol="http2", serverName="up.test")) as f:
                assert call("nghttp", f"http://127.0.0.1:{f.port}/x") == b"hello\n"
                loaded("-n", "300", "-c", "4", "-m", "10", f"http://127.0.0.1:{f.port}/x")
