"""openssl: s_client before the gateway, s_server behind it."""
import os
import tempfile

import pki
from case_curl import secure
from forge import Forge, backend, free_port, gateway, route, rule, service
from peer import Client, Upstream
from tools import Server, call


def to_tls(port, protocol="http", **verification):
    tls = {"enabled": True, "verification": {"caCert": {"inlineString": pki.authority().chain}, **verification}}
    return [gateway(free_port()), service("a", port, protocol=protocol, tls=tls), route("all", rule("/", [backend("a")]))]


def ask(f, *arguments, text=b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n", **more):
    return call("openssl", "s_client", "-connect", f"127.0.0.1:{f.tls_port}", "-servername", "a.test", "-verify_return_error", "-ign_eof",
                "-CAfile", pki.authority().chain_path, *arguments, input=text, **more).decode(errors="replace")


def test_s_client():
    with Upstream() as up, secure(up) as f:
        for arguments in (["-tls1_2"], ["-tls1_3"], ["-tls1_2", "-no_ticket"], ["-tls1_3", "-no_ticket"], ["-max_send_frag", "512"],
                          ["-groups", "X25519"], ["-groups", "P-256"], ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
                          ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
                          ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
                          ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
                          ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
                          ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"]):
            said = ask(f, *arguments)
            assert "Verify return code: 0 (ok)" in said and "hello 0" in said, (arguments, said[-1500:])


def test_what_s_client_may_not():
    with Upstream() as up, secure(up) as f:
        for arguments in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
                          ["-tls1_2", "-cipher", "NULL:@SECLEVEL=0"]):
            said = ask(f, *arguments, fails=True)
            assert "hello 0" not in said, arguments
        # CVE-2009-3555: a second handshake on the same connection is refused, and nothing of it is served.
        said = call("openssl", "s_client", "-connect", f"127.0.0.1:{f.tls_port}", "-servername", "a.test", "-tls1_2", input=b"R\n",
                    fails=True).decode(errors="replace")
        assert "RENEGOTIATING" in said, said[-500:]
        assert up.requests[3:] == [] and "hello" not in said


def test_s_client_resumes():
    with Upstream() as up, secure(up) as f, tempfile.TemporaryDirectory() as folder:
        session = os.path.join(folder, "session")
        for version in ("-tls1_2", "-tls1_3"):
            assert "New, " in ask(f, version, "-sess_out", session)
            assert "Reused, " in ask(f, version, "-sess_in", session)


def test_s_server():
    good = pki.certificate("up.test")
    for arguments in (["-tls1_2"], ["-tls1_3"], ["-tls1_3", "-no_ticket"]):
        port = free_port()
        with Server("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", good.chain_path, "-key", good.key_path, "-www",
                    *arguments, port=port):
            with Forge(to_tls(port, serverName="up.test")) as f, Client(f.port) as c:
                for _ in range(3):
                    status, _, body = c.get()
                    assert status == 200 and b"s_server" in body, (arguments, status, body[:300])
            with Forge(to_tls(port, serverName="other.test")) as f, Client(f.port) as c:
                c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, "up-tls-cert-name")


def test_s_server_wants_a_certificate():
    good, me, port = pki.certificate("up.test"), pki.certificate("gateway", by="clients", client=True), free_port()
    shown = {"clientCert": {"inlineString": me.chain}, "clientKey": {"inlineString": pki.read(me.key_path)}}
    with Server("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", good.chain_path, "-key", good.key_path, "-www",
                "-Verify", "1", "-verify_return_error", "-CAfile", pki.authority("clients").chain_path, port=port):
        with Forge(to_tls(port, serverName="up.test", **shown)) as f, Client(f.port) as c:
            assert c.get()[0] == 200
        with Forge(to_tls(port, serverName="up.test")) as f, Client(f.port) as c:
            assert c.get()[0] == 502
