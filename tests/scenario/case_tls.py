"""TLS on both sides: versions, names, certificates, resumption, and what is said to those who do not fit."""
import os
import ssl
import struct
import threading
import time

import h2
import pki
from forge import (Forge, backend, free_port, gateway, listener, listener_extras, policy, route, rule, secret, service, simple_documents,
                   timeouts, tls_listener)
from peer import Client, Upstream, serving
from pki import TlsClient, certificate, client_context, server_context

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def documents(up, *listeners, secrets=None, more=()):
    """Listeners (port, hostname, secret) before one upstream."""
    port = listeners[0][0]
    known = secrets or {"a": certificate("a.test")}
    return [gateway(None, listeners=[tls_listener(p, *names, hostname=h) for p, h, *names in listeners]), service("a", up.port),
            route("all", rule("/", [backend("a")])), *(secret(n, c.text) for n, c in known.items()), *more]


def one(up, **more):
    return Forge(documents(up, (free_port(), "*", "a"), **more))


def refused(f, context, name="a.test", port=None):
    """The handshake must fail; the alert's name."""
    try:
        with TlsClient(port or f.tls_port, name, context) as c:
            c.get(host=name)  # TLS 1.3: the client may think itself done before the server has judged.
    except ssl.SSLError as e:
        return e.reason or str(e)
    except (EOFError, ConnectionResetError) as e:
        return str(e)
    raise AssertionError("it was served")


def test_versions():
    with Upstream() as up, one(up) as f:
        for version in (V12, V13):
            with TlsClient(f.tls_port, context=client_context(version=version)) as c:
                assert c.s.version() == {V12: "TLSv1.2", V13: "TLSv1.3"}[version]
                for _ in range(3):
                    assert c.get()[0] == 200
                assert up.requests[-1][1]["x-forwarded-proto"] == ["https"]
        assert f.metric("forge_tls_handshakes_total") == 2


def test_old_versions_are_refused():
    with Upstream() as up, one(up) as f:
        context = client_context(ciphers="DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        assert "PROTOCOL_VERSION" in refused(f, context)
        assert f.ending("tls-version") == 1 and f.metric("forge_tls_failed_total") == 1, f.endings()


def test_version_by_policy():
    with Upstream() as up, one(up, more=[listener_extras(tls={"versionMin": "TLS13"})]) as f:
        assert "PROTOCOL_VERSION" in refused(f, client_context(version=V12))
        assert f.ending("tls-version") == 1
        with TlsClient(f.tls_port) as c:
            assert c.get()[0] == 200


def test_no_shared_cipher():
    with Upstream() as up, one(up) as f:
        refused(f, client_context(version=V12, ciphers="AES128-SHA:@SECLEVEL=0"))
        f.wait_ending("tls-no-shared")


def test_alpn():
    with Upstream() as up, one(up) as f:
        for offer, want in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["h2"], "h2"),
                            (["x", "http/1.1"], "http/1.1")):
            with TlsClient(f.tls_port, context=client_context(alpn=offer)) as c:
                assert c.s.selected_alpn_protocol() == want, (offer, c.s.selected_alpn_protocol())
                if want == "h2":
                    assert h2.Peer(c).get(scheme="https")[0] == 200
                else:
                    assert c.get()[0] == 200
        reason = refused(f, client_context(alpn=["spdy/3"]))
        assert "no application protocol" in reason.lower().replace("_", " "), reason
        assert f.ending("tls-alpn") == 1, f.endings()


def test_http2_can_be_turned_off():
    with Upstream() as up, one(up, more=[listener_extras(tls={"http2": False})]) as f:
        with TlsClient(f.tls_port, context=client_context(alpn=["h2", "http/1.1"])) as c:
            assert c.s.selected_alpn_protocol() == "http/1.1" and c.get()[0] == 200


def common_name(c):
    return dict(pair[0] for pair in c.s.getpeercert()["subject"])["commonName"]


def test_server_names():
    port = free_port()
    certs = {"a": certificate("a.test"), "b": certificate("b.test"), "w": certificate("*.w.test")}
    with Upstream() as up:
        docs = documents(up, (port, "a.test", "a"), (port, "b.test", "b"), (port, "*.w.test", "w"), secrets=certs)
        with Forge(docs) as f:
            for name, want in (("a.test", "a.test"), ("b.test", "b.test"), ("x.w.test", "*.w.test"), ("A.TEST", "a.test")):
                with TlsClient(port, name) as c:
                    assert common_name(c) == want and c.get(host=name)[0] == 200
            for name in ("c.test", "w.test", None):
                context = client_context(by=None)
                refused(f, context, name)
            f.wait_ending("tls-no-host", 3)
            # One connection, one certificate: a host of another listener is misdirected (RFC 9110 s15.5.20).
            with TlsClient(port, "a.test") as c:
                c.ask_problem("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", 421, "route-misdirected")
                assert c.get(host="a.test")[0] == 200
            with TlsClient(port, "a.test", client_context(alpn=["h2"])) as c:
                p = h2.Peer(c)
                assert p.get(authority="b.test", scheme="https")[0] == 421 and p.get(authority="a.test", scheme="https")[0] == 200


def test_two_key_types_side_by_side():
    port = free_port()
    certs = {"ec": certificate("a.test"), "rsa": certificate("a.test", "rsa")}
    with Upstream() as up, Forge(documents(up, (port, "*", "ec", "rsa"), secrets=certs)):
        for cipher, bits in (("ECDHE-ECDSA-AES128-GCM-SHA256", 256), ("ECDHE-RSA-AES128-GCM-SHA256", 2048)):
            with TlsClient(port, context=client_context(version=V12, ciphers=cipher)) as c:
                assert c.s.cipher()[0] == cipher and c.get()[0] == 200
                der = c.s.getpeercert(binary_form=True)
                assert (len(der) > 600) == (bits == 2048), len(der)


def test_plain_http_on_the_tls_port():
    with Upstream() as up, one(up) as f:
        for text in ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"):
            with Client(f.tls_port) as c:
                c.send(text)
                c.problem(400, "tls-plain-http")
                assert c.is_closed()
        assert f.ending("tls-plain-http") == 2
        for junk in (b"\x00" * 50, b"\x05\x01\x00", b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b"\x80" + os.urandom(200)):
            with Client(f.tls_port) as c:
                c.send_try(junk)
                c.finish()
                assert b"HTTP" not in c.rest()
        assert f.ending("tls-not-tls") >= 2, f.endings()
        assert up.requests == []


def hello(name=b"a.test", versions=b"\x03\x04", suites=b"\x13\x01", session=b"", extensions=None, body=None):
    """A ClientHello by hand, as one record."""
    def extension(kind, data):
        return struct.pack(">HH", kind, len(data)) + data
    if extensions is None:
        entry = b"\x00" + struct.pack(">H", len(name)) + name
        extensions = (extension(0, struct.pack(">H", len(entry)) + entry) + extension(43, bytes([len(versions)]) + versions)
                      + extension(10, b"\x00\x02\x00\x1d") + extension(13, b"\x00\x04\x04\x03\x08\x04")
                      + extension(51, b"\x00\x24\x00\x1d\x00\x20" + b"\x09" * 32))
    if body is None:
        body = (b"\x03\x03" + b"\x07" * 32 + bytes([len(session)]) + session + struct.pack(">H", len(suites)) + suites + b"\x01\x00"
                + struct.pack(">H", len(extensions)) + extensions)
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


HELLOS = [
    ("name with NUL", hello(b"a.test\x00.evil"), "tls-server-name"),
    ("name with blank", hello(b"a test"), "tls-server-name"),
    ("empty name", hello(b""), ("tls-server-name", "tls-hello-bad")),
    ("name too long", hello(b"a" * 300), ("tls-server-name", "tls-hello-bad")),
    ("length that lies", hello(body=b"\x03\x03" + b"\x07" * 32 + b"\xff"), "tls-hello-bad"),
    ("no suites", hello(suites=b""), ("tls-hello-bad", "tls-no-shared")),
    ("unknown suite", hello(suites=b"\x13\x99"), "tls-no-shared"),
    ("version 1.1 only", hello(versions=b"\x03\x02"), "tls-version"),
    ("not a hello", b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", ("tls-hello-bad", "tls-not-tls", "tls-handshake")),
    ("empty record", b"\x16\x03\x01\x00\x00" * 40, ("tls-hello-bad", "tls-hello-long", "tls-not-tls", "tls-record")),
    ("hello too long", b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + b"\x00" * 16380 + b"\x16\x03\x01\x40\x00" + b"\x00" * 16384,
     "tls-hello-long"),
]


def test_odd_hellos():
    with Upstream() as up, one(up) as f:
        for name, text, why in HELLOS:
            whys = why if isinstance(why, tuple) else (why,)
            before = f.endings()
            for step in (len(text), 7):
                with Client(f.tls_port) as c:
                    try:
                        c.drip(text, step)
                        c.finish()
                    except OSError:
                        pass
                    raw = c.rest()
                    assert raw == b"" or raw[0] == 21, f"{name}: not an alert: {raw[:50]!r}"
            after = f.endings()
            got = [w for w in after if after[w] != before.get(w, 0)]
            assert len(got) == 1 and got[0] in whys and after[got[0]] - before.get(got[0], 0) == 2, f"{name}: {got}, not {whys}"
        with TlsClient(f.tls_port) as c:
            assert c.get()[0] == 200


class Wire:
    """TLS in memory, so that the test has each byte that goes over the wire in its hands."""

    def __init__(self, port, name="a.test", context=None):
        self.tcp = Client(port)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or client_context()).wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def shake(self, step=None):
        while True:
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            self.flush(step)
            if done:
                return
            self.feed()

    def flush(self, step=None):
        data = self.outgoing.read()
        if data:
            self.tcp.drip(data, step or len(data))

    def feed(self):
        data = self.tcp.s.recv(65536)
        assert data, "closed"
        self.incoming.write(data)

    def seal(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def read(self):
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.feed()

    def close(self):
        self.tcp.close()


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def test_every_byte_alone():
    with Upstream() as up, one(up) as f:
        for version in (V12, V13):
            w = Wire(f.tls_port, context=client_context(version=version))
            w.shake(step=1)
            w.tcp.drip(w.seal(GET))
            assert w.read().startswith(b"HTTP/1.1 200")
            w.close()


def test_records_that_break():
    def flip(record):
        return record[:-1] + bytes([record[-1] ^ 1])

    cases = [("flipped bit", lambda w: flip(w.seal(GET)), ("tls-decrypt",)),
             ("record too long", lambda w: b"\x17\x03\x03\x48\x01" + b"\x00" * 0x4801, ("tls-record",)),
             ("replayed record", lambda w: w.seal(GET) * 2, ("tls-decrypt",)),
             ("unknown record type", lambda w: b"\x63\x03\x03\x00\x10" + b"\x00" * 16, ("tls-record", "tls-decrypt")),
             ("cleartext alert", lambda w: b"\x15\x03\x03\x00\x02\x02\x28", ("tls-record", "tls-decrypt", "tls-alert")),
             ("cleartext hello", lambda w: hello(), ("tls-record", "tls-decrypt", "tls-handshake"))]
    with Upstream() as up, one(up) as f:
        for version in (V12, V13):
            for name, make, whys in cases:
                before = f.endings()
                w = Wire(f.tls_port, context=client_context(version=version))
                w.shake()
                w.tcp.send_try(make(w))
                w.tcp.rest()
                w.close()
                after = f.endings()
                got = [x for x in after if after[x] != before.get(x, 0) and x.startswith("tls")]
                assert len(got) == 1 and got[0] in whys, f"{name}, {version}: {got}, not {whys}"
        with TlsClient(f.tls_port) as c:
            assert c.get()[0] == 200


def test_client_that_ends_without_a_word():
    with Upstream() as up, one(up) as f:
        w = Wire(f.tls_port)
        w.shake()
        w.tcp.send(w.seal(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc"))
        w.tcp.finish()
        w.tcp.rest()
        f.wait(lambda: f.ending("tls-cut") + f.ending("h1-request-cut") + f.ending("conn-client-gone") >= 1, f.endings)
        assert up.requests == []


def test_the_end_is_said():
    """close_notify before the end of the connection, so that nobody can cut an answer unnoticed (TlsClient insists)."""
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n" + "x" * 100000)

    with Upstream(script) as up, one(up) as f:
        for version in (V12, V13):
            with TlsClient(f.tls_port, context=client_context(version=version)) as c:
                c.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
                assert c.head()[0] == 200
                assert c.rest() == b"x" * 100000


def test_large_bodies():
    big = os.urandom(1 << 20) * 4

    def script(c, line, fields, body):
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with Upstream(serving(script)) as up, one(up) as f:
        for version in (V12, V13):
            with TlsClient(f.tls_port, context=client_context(version=version)) as c:
                head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(big)
                sender = threading.Thread(target=c.send, args=(head + big,))
                sender.start()
                status, _, body = c.response()
                sender.join()
                assert status == 200 and body == big


def resume(port, version, name="a.test", first=None, second=None):
    """Two connections, the second with the first's session. Was it resumed?"""
    first = first or client_context(version=version)
    with TlsClient(port, name, first) as c:
        assert c.get(host=name)[0] == 200
        session = c.s.session
    with TlsClient(port, name, first, session=session) as c:
        assert c.get(host=name)[0] == 200
        return c.s.session_reused


def test_resumption():
    with Upstream() as up, one(up) as f:
        for version in (V12, V13):
            assert resume(f.tls_port, version), version
        assert f.metric("forge_tls_resumed_total") == 2
        f.reload()
        context = client_context(version=V13)
        with TlsClient(f.tls_port, context=context) as c:
            assert c.get()[0] == 200
            session = c.s.session
        f.reload()
        with TlsClient(f.tls_port, context=context, session=session) as c:
            assert c.get()[0] == 200 and c.s.session_reused, "a reload that changes nothing threw the sessions away"


def test_forged_and_foreign_tickets_are_only_not_resumed():
    with Upstream() as up, one(up) as f, one(up) as other:
        context = client_context(version=V12)
        with TlsClient(other.tls_port, context=context) as c:
            c.get()
            session = c.s.session
        with TlsClient(f.tls_port, context=context, session=session) as c:
            assert c.get()[0] == 200 and not c.s.session_reused


def asks(port_document, **tls):
    return listener_extras(tls={"clientCa": {"inlineString": pki.authority("clients").chain}, **tls}, **port_document)


def test_client_certificates():
    good = certificate("me", by="clients", client=True)
    stranger = certificate("me", by="ca", client=True)
    late = certificate("me", by="clients", client=True, days=-1)
    with Upstream() as up, one(up, more=[asks({})]) as f:
        for version in (V12, V13):
            with TlsClient(f.tls_port, context=client_context(show=good, version=version)) as c:
                assert c.get()[0] == 200
        for show, why in ((None, "tls-cert-missing"), (stranger, "tls-cert-untrusted"), (late, "tls-cert-expired")):
            for version in (V12, V13):
                refused(f, client_context(show=show, version=version))
            f.wait_ending(why, 2)
        assert len(up.requests) == 2, up.requests


def test_client_that_does_not_trust_us():
    with Upstream() as up, one(up) as f:
        for version in (V12, V13):
            context = client_context(by="else", version=version)
            try:
                with TlsClient(f.tls_port, context=context):
                    raise AssertionError("it trusts anybody")
            except ssl.SSLCertVerificationError:
                pass
        f.wait_ending("tls-alert-cert")  # The other alert may be overtaken by the reset of a client that closes at once.
        assert up.requests == []


def test_client_certificate_that_is_broken():
    """Another's signature below a good name."""
    good = certificate("me", by="clients", client=True)
    der = bytearray(ssl.PEM_cert_to_DER_cert(good.chain))
    der[-5] ^= 1
    broken = pki.Certificate("broken")
    with open(broken.chain_path, "w", encoding="ascii") as file:
        file.write(ssl.DER_cert_to_PEM_cert(bytes(der)))
    with open(broken.key_path, "w", encoding="ascii") as file:
        file.write(pki.read(good.key_path))
    with Upstream() as up, one(up, more=[asks({})]) as f:
        for version in (V12, V13):
            refused(f, client_context(show=broken, version=version))
        f.wait(lambda: f.ending("tls-cert-bad") + f.ending("tls-cert-untrusted") == 2, f.endings)
        assert up.requests == []


def test_optional_client_certificates():
    good = certificate("me", by="clients", client=True)
    stranger = certificate("me", by="ca", client=True)
    with Upstream() as up, one(up, more=[asks({}, clientCertificate="Optional")]) as f:
        for show in (None, good):
            with TlsClient(f.tls_port, context=client_context(show=show)) as c:
                assert c.get()[0] == 200
        refused(f, client_context(show=stranger))
        f.wait_ending("tls-cert-untrusted")


def test_session_of_one_host_is_no_key_to_another():
    """CVE-2025-23419: a session made without a client certificate must not be resumed where one is required."""
    port = free_port()
    certs = {"a": certificate("a.test"), "b": certificate("b.test")}
    with Upstream() as up:
        docs = documents(up, (port, "a.test", "a"), (port, "b.test", "b"), secrets=certs, more=[asks({"hostname": "b.test"})])
        with Forge(docs) as f:
            for version in (V12, V13):
                context = client_context(version=version)
                with TlsClient(port, "a.test", context) as c:
                    assert c.get(host="a.test")[0] == 200
                    session = c.s.session
                try:
                    with TlsClient(port, "b.test", context, session=session) as c:
                        c.get(host="b.test")
                        raise AssertionError(f"{version}: served without a certificate")
                except (ssl.SSLError, EOFError, ConnectionResetError):
                    pass
            f.wait_ending("tls-cert-missing", 2)
            # Nor does the Host field open what the handshake did not.
            with TlsClient(port, "a.test") as c:
                c.ask_problem("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", 421, "route-misdirected")


def test_certificate_change_drops_nobody():
    port = free_port()
    old, new = certificate("a.test", serial=1), certificate("a.test", serial=2)
    with Upstream() as up:
        with Forge(documents(up, (port, "*", "a"), secrets={"a": old})) as f, TlsClient(port) as kept:
            assert kept.get()[0] == 200
            first = kept.s.getpeercert(binary_form=True)
            f.reload(documents(up, (port, "*", "a"), secrets={"a": new}))
            assert kept.get()[0] == 200, "the old connection was dropped"
            with TlsClient(port) as c:
                assert c.get()[0] == 200 and c.s.getpeercert(binary_form=True) != first
            bad = documents(up, (port, "*", "a"), secrets={"a": new})
            bad[3] = secret("a", new.chain + pki.read(old.key_path))
            f.reload_refused(bad)
            assert kept.get()[0] == 200
            with TlsClient(port) as c:
                assert c.get()[0] == 200


def test_ocsp_staple():
    cert, ca = certificate("a.test"), pki.authority()
    index, answer = os.path.join(pki.folder(), "index.txt"), os.path.join(pki.folder(), "ocsp.der")
    serial = pki.openssl("x509", "-in", cert.chain_path, "-noout", "-serial").decode().strip().split("=")[1]
    with open(index, "w", encoding="ascii") as f:
        f.write(f"V\t401231000000Z\t\t{serial}\tunknown\t/CN=a.test\n")
    pki.openssl("ocsp", "-index", index, "-CA", ca.chain_path, "-rsigner", ca.chain_path, "-rkey", ca.key_path, "-issuer", ca.chain_path,
                "-cert", cert.chain_path, "-respout", answer, "-ndays", "2", "-noverify")
    with Upstream() as up, one(up, more=[listener_extras(tls={"ocspFile": answer})]) as f:
        for version in ("-tls1_2", "-tls1_3"):
            said = pki.openssl("s_client", "-connect", f"127.0.0.1:{f.tls_port}", "-servername", "a.test", "-status", version, "-CAfile",
                               ca.chain_path, input=b"Q\n").decode()
            assert "OCSP Response Status: successful" in said and "Cert Status: good" in said, (version, said[:2000])


def test_self_signed_certificate_is_kept():
    with Upstream() as up:
        docs = simple_documents(up, tls_port=free_port())
        with Forge(docs) as f:
            path = os.path.join(f.dir, "state", "self-signed.pem")
            assert os.stat(path).st_mode & 0o777 == 0o600
            context = client_context(by=None)
            context.load_verify_locations(path)
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = True
            with TlsClient(f.tls_port, "localhost", context) as c:
                assert c.get()[0] == 200


def test_proxy_header_before_tls():
    docs = listener_extras(proxyProtocol={"trusted": ["127.0.0.0/8"]})
    with Upstream() as up, one(up, more=[docs]) as f:
        raw = Client(f.tls_port)
        raw.send("PROXY TCP4 10.1.2.3 10.9.9.9 4444 443\r\n")
        raw.s = client_context().wrap_socket(raw.s, server_hostname="a.test")
        assert raw.get()[0] == 200 and up.requests[0][1]["x-forwarded-for"] == ["10.1.2.3"]
        raw.close()


# ---- towards upstreams ----

def upstream(context, script=None):
    return Upstream(script, wrap=lambda s: context.wrap_socket(s, server_side=True))


def to_tls(up, protocol="http", version=None, **verification):
    tls = {"enabled": True, **({"verification": verification} if verification else {}), **({"version": version} if version else {})}
    return [gateway(free_port()), service("a", up.port, protocol=protocol, tls=tls), route("all", rule("/", [backend("a")]))]


def ca(name="ca"):
    return {"inlineString": pki.authority(name).chain}


def test_upstream_is_verified():
    good = server_context(certificate("up.test"))
    with upstream(good) as up:
        with Forge(to_tls(up, serverName="up.test", caCert=ca())) as f, Client(f.port) as c:
            for _ in range(3):
                assert c.get()[0] == 200
            assert up.connections_n == 1 and up.requests[0][1]["host"] == ["a.test"], up.requests[0]


def test_upstreams_that_cannot_be_trusted():
    for cert, verification, why in (
            (certificate("up.test"), {"serverName": "other.test", "caCert": ca()}, "up-tls-cert-name"),
            (certificate("up.test"), {"serverName": "up.test", "caCert": ca("else")}, "up-tls-cert-untrusted"),
            (certificate("up.test", days=-1), {"serverName": "up.test", "caCert": ca()}, "up-tls-cert-expired"),
            (certificate("up.test"), {"serverName": "up.test"}, "up-tls-cert-untrusted")):
        with upstream(server_context(cert)) as up, Forge(to_tls(up, **verification)) as f, Client(f.port) as c:
            c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, why)
            assert up.requests == [], f"{why}: it was asked all the same"
    for mode in ("SkipAll", "SkipCA", "SkipSAN"):
        with upstream(server_context(certificate("up.test"))) as up:
            name = "up.test" if mode == "SkipCA" else "other.test"
            authority = {} if mode != "SkipSAN" else {"caCert": ca()}
            with Forge(to_tls(up, mode=mode, serverName=name, **authority)) as f, Client(f.port) as c:
                assert c.get()[0] == 200, mode


def test_upstream_whose_certificate_is_broken():
    good = certificate("up.test")
    der = bytearray(ssl.PEM_cert_to_DER_cert(good.chain))
    der[-5] ^= 1
    broken = pki.Certificate("broken-up")
    with open(broken.chain_path, "w", encoding="ascii") as file:
        file.write(ssl.DER_cert_to_PEM_cert(bytes(der)))
    with open(broken.key_path, "w", encoding="ascii") as file:
        file.write(pki.read(good.key_path))
    with upstream(server_context(broken)) as up, Forge(to_tls(up, serverName="up.test", caCert=ca())) as f, Client(f.port) as c:
        status, _, body = c.get()
        assert status == 502 and (b"up-tls-cert-bad" in body or b"up-tls-cert-untrusted" in body), (status, body)
        assert up.requests == []


def test_upstream_that_speaks_no_tls():
    for script, whys in ((None, ("up-timeout",)),  # It waits for the end of a head that never comes.
                         (lambda c, _: None, ("up-reset-early", "up-tls-cut", "io-reset")),
                         (lambda c, _: c.send(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"), ("up-tls-handshake", "up-tls-record")),
                         (lambda c, _: c.send(b"\x15\x03\x03\x00\x02\x02\x28"), ("up-tls-alert", "up-tls-no-shared")),
                         (lambda c, _: c.send("HTTP/1.1 200 OK\r\n\r\n"), ("up-tls-handshake", "up-tls-record"))):
        docs = timeouts(http={"requestTimeout": "2s"})
        with Upstream(script) as up, Forge([*to_tls(up, mode="SkipAll"), docs]) as f, Client(f.port) as c:
            status, _, body = c.get()
            assert status in (502, 504) and any(f":why:{w}\"".encode() in body for w in whys), (whys, status, body)


def test_upstream_with_another_version():
    old = server_context(certificate("up.test"), version=V12)
    with upstream(old) as up:
        with Forge(to_tls(up, mode="SkipAll", version={"min": "TLS13"})) as f, Client(f.port) as c:
            status, _, body = c.get()
            assert status == 502 and (b"up-tls-no-shared" in body or b"up-tls-alert" in body), (status, body)
        with Forge(to_tls(up, mode="SkipAll", version={"max": "TLS12"})) as f, Client(f.port) as c:
            assert c.get()[0] == 200
    seen = []

    def script(c, number):
        seen.append(c.s.version())
        Upstream.serve(c, number)

    with upstream(server_context(certificate("up.test")), script) as up:
        for version in ({"max": "TLS12"}, {"min": "TLS13"}, {}):
            with Forge(to_tls(up, mode="SkipAll", version=version)) as f, Client(f.port) as c:
                assert c.get()[0] == 200
        assert seen == ["TLSv1.2", "TLSv1.3", "TLSv1.3"], seen


def test_upstream_wants_a_certificate():
    mine = certificate("gateway", by="clients", client=True)
    with upstream(server_context(certificate("up.test"), client_by="clients", version=V12)) as up:
        shown = {"clientCert": {"inlineString": mine.chain}, "clientKey": {"inlineString": pki.read(mine.key_path)}}
        with Forge(to_tls(up, mode="SkipAll", **shown)) as f, Client(f.port) as c:
            assert c.get()[0] == 200
        with Forge(to_tls(up, mode="SkipAll")) as f, Client(f.port) as c:
            status, _, body = c.get()
            assert status == 502 and (b"up-tls-alert-cert" in body or b"up-tls-alert" in body), (status, body)


def test_upstream_sessions_are_resumed():
    resumed = []

    def script(c, _):
        resumed.append(c.s.session_reused)
        Upstream.take(c)
        Upstream.answer(c, more="Connection: close\r\n")

    for version in (V12, V13):
        resumed.clear()
        with upstream(server_context(certificate("up.test"), version=version), script) as up:
            with Forge(to_tls(up, mode="SkipAll")) as f, Client(f.port) as c:
                for _ in range(4):
                    assert c.get()[0] == 200
        assert resumed[0] is False and any(resumed[1:]), (version, resumed)


def test_upstream_http2_by_alpn():
    context = server_context(certificate("up.test"), alpn=["h2"])
    with upstream(context, h2.serving(h2.hello)) as up:
        with Forge(to_tls(up, protocol="http2", serverName="up.test", caCert=ca())) as f, Client(f.port) as c:
            assert c.get()[2] == b"hello 0\n" and up.requests[0][1][":scheme"] == "http"
            assert c.post("x" * 100000)[2] == b"hello 100000\n"
    with upstream(server_context(certificate("up.test"), alpn=["http/1.1"])) as up:
        with Forge(to_tls(up, protocol="http2", mode="SkipAll")) as f, Client(f.port) as c:
            status, _, body = c.get()
            assert status == 502, (status, body)


def test_upstream_cut_without_a_close_is_a_cut():
    """An answer that ends with the connection, without close_notify: somebody may have cut it."""
    def script(c, _):
        Upstream.take(c)
        c.send("HTTP/1.1 200 OK\r\n\r\npart of it")
        time.sleep(0.3)
        os.close(c.s.detach())

    with upstream(server_context(certificate("up.test")), script) as up, Forge(to_tls(up, mode="SkipAll")) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        raw = c.rest()
        assert b"part of it" in raw and not raw.endswith(b"0\r\n\r\n"), raw
        f.wait_ending("up-tls-cut")


def test_load_with_reloads_and_new_certificates():
    """Shows 4 in small: connections come and go while certificates change; no request fails."""
    port = free_port()
    certs = [certificate("a.test", serial=i) for i in (1, 2)]
    stop, wrong, n = threading.Event(), [], [0]

    def load():
        context = client_context()
        try:
            while not stop.is_set():
                with TlsClient(port, context=context) as c:
                    for _ in range(3):
                        status, _, _ = c.get()
                        n[0] += 1
                        if status != 200:
                            wrong.append(status)
        except Exception as e:
            wrong.append(repr(e))

    with Upstream() as up, Forge(documents(up, (port, "*", "a"), secrets={"a": certs[0]}), workers=2) as f:
        threads = [threading.Thread(target=load) for _ in range(4)]
        for t in threads:
            t.start()
        for i in range(12):
            f.reload(documents(up, (port, "*", "a"), secrets={"a": certs[i % 2]}))
        stop.set()
        for t in threads:
            t.join(30)
        assert not wrong and n[0] > 20, (n, wrong[:3])


def test_kept_upstream_connection_is_for_one_name():
    """Without serverName the request's host is verified: a connection verified for one host must not carry another's."""
    with upstream(server_context(certificate("up.test"))) as up:
        with Forge(to_tls(up, caCert=ca())) as f, Client(f.port) as c:
            assert c.get(host="up.test")[0] == 200
            c.ask_problem("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", 502, "up-tls-cert-name")
