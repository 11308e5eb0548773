"""curl: HTTP/1.1 and HTTP/2, clear and TLS, up and down."""
import os
import re
import tempfile

import pki
from forge import Forge, listener_extras, secret, simple, simple_documents, free_port, tls_listener
from peer import Upstream, serving
from tools import call

FORMAT = "\\n%{http_version} %{response_code} %{num_connects}"


def echo_length(c, line, fields, body):
    text = b"%s %d\n" % (line.split(" ")[0].encode(), len(body))
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + (b"" if line.startswith("HEAD") else text))


def secure(up, more=()):
    docs = simple_documents(up)
    docs[0]["conf"]["listeners"].append(tls_listener(free_port(), "a"))
    return Forge([*docs, secret("a", pki.certificate("a.test").text), *more])


def curl(*arguments, **more):
    return call("curl", "-sS", "--max-time", "30", *arguments, **more).decode()


def trusting(f):
    return ["--cacert", pki.authority().chain_path, "--resolve", f"a.test:{f.tls_port}:127.0.0.1"]


def test_http1():
    with Upstream(serving(echo_length)) as up, simple(up) as f:
        url = f"http://127.0.0.1:{f.port}/x"
        assert curl("-w", FORMAT, url).split() == ["GET", "0", "1.1", "200", "1"]
        assert curl("-X", "DELETE", url) == "DELETE 0\n" and curl("-d", "abc", url) == "POST 3\n"
        assert "content-length: 7" in curl("-I", url).lower()
        assert curl("-0", url) == "GET 0\n"
        said = curl(url, url, url, "-w", "%{num_connects} ")
        assert re.findall(r"(\d) ", said.replace("GET 0\n", "")) == ["1", "0", "0"], said


def test_uploads():
    with Upstream(serving(echo_length)) as up, simple(up) as f, tempfile.NamedTemporaryFile() as file:
        url = f"http://127.0.0.1:{f.port}/x"
        file.write(os.urandom(1 << 20) * 5)
        file.flush()
        for arguments in (["-T", file.name], ["-T", file.name, "-H", "Transfer-Encoding: chunked"], ["-T", file.name, "-H", "Expect:"],
                          ["-T", file.name, "-H", "Expect: 100-continue"], ["--http2-prior-knowledge", "-T", file.name]):
            assert curl(*arguments, url) == "PUT 5242880\n", arguments
        assert curl("-T", "-", url, input=b"z" * 300000) == "PUT 300000\n"


def test_http2_by_prior_knowledge():
    with Upstream(serving(echo_length)) as up, simple(up) as f:
        url = f"http://127.0.0.1:{f.port}/x"
        assert curl("--http2-prior-knowledge", "-w", FORMAT, url).split() == ["GET", "0", "2", "200", "1"]
        assert curl("--http2-prior-knowledge", "-d", "abc", url) == "POST 3\n"
        # Several URLs in one call are no test: curl 7.88 cannot use such a connection twice, whoever the server is.
        assert curl("--http2-prior-knowledge", "-X", "OPTIONS", url) == "OPTIONS 0\n"


def test_upgrade_to_http2_is_declined():
    with Upstream(serving(echo_length)) as up, simple(up) as f:
        assert curl("--http2", "-w", FORMAT, f"http://127.0.0.1:{f.port}/x").split() == ["GET", "0", "1.1", "200", "1"]


def test_tls():
    with Upstream(serving(echo_length)) as up, secure(up) as f:
        url = f"https://a.test:{f.tls_port}/x"
        for arguments, version in ((["--http1.1"], "1.1"), (["--http2"], "2"), (["--tlsv1.3"], "2"), (["--tls-max", "1.2"], "2"),
                                   (["--http1.1", "--tls-max", "1.2"], "1.1")):
            assert curl(*arguments, *trusting(f), "-w", FORMAT, url).split() == ["GET", "0", version, "200", "1"], arguments
        said = curl("-Z", "--http2", *trusting(f), "-w", "%{http_version}/%{response_code} ", *[f"{url}{i}" for i in range(50)])
        assert said.count("2/200") == 50, said
        curl(url.replace("a.test", "127.0.0.1"), "--cacert", pki.authority().chain_path, fails=True)  # Another name.
        assert "tls-plain-http" in curl(f"http://127.0.0.1:{f.tls_port}/")


def test_client_certificate():
    me = pki.certificate("me", by="clients", client=True)
    docs = [listener_extras(tls={"clientCa": {"inlineString": pki.authority("clients").chain}})]
    with Upstream(serving(echo_length)) as up:
        base = simple_documents(up)
        base[0]["conf"]["listeners"] = [tls_listener(free_port(), "a")]
        with Forge([*base, secret("a", pki.certificate("a.test").text), *docs]) as f:
            url = f"https://a.test:{f.tls_port}/x"
            assert curl("--cert", me.chain_path, "--key", me.key_path, *trusting(f), url) == "GET 0\n"
            curl(*trusting(f), url, fails=True)


def test_proxy_protocol():
    docs = [listener_extras(proxyProtocol={"trusted": ["127.0.0.0/8"]})]
    with Upstream() as up, simple(up, docs) as f:
        assert curl("--haproxy-protocol", f"http://127.0.0.1:{f.port}/x") == "hello 0\n"
        curl(f"http://127.0.0.1:{f.port}/x", fails=True)


def test_ipv6_and_host():
    with Upstream() as up, simple(up) as f:
        assert curl(f"http://[::1]:{f.port}/x", "-H", "Host: other.test") == "hello 0\n"
        assert up.requests[0][1]["host"] == ["other.test"] and up.requests[0][1]["x-forwarded-for"] == ["::1"]


def test_websocket_handshake():
    """curl only asks; the upstream's refusal passes as it is."""
    with Upstream() as up, simple(up) as f:
        said = curl("-i", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13", "-H",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"http://127.0.0.1:{f.port}/ws")
        assert said.startswith("HTTP/1.1 200") and up.requests[0][1]["upgrade"] == ["websocket"], said
