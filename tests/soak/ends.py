"""ends.py - client ends for load and for holding: a connection over TCP or TLS, HTTP/1.1 or HTTP/2, one request at a time."""
import json
import os
import socket
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "scenario")]
import h2  # noqa: E402
from peer import Client  # noqa: E402
from upstream import PIECES_N, last_segment, slow_piece  # noqa: E402

HOST = "a.test"


class Wrong(Exception):
    """An answer that must not be."""


class Named(Exception):
    """A 5xx that says why; .why is its name."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


class Cut(Exception):
    """An answer that began well and ended early."""


def tls_context(protocol):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context


def connect(port, context=None, source=None, timeout=15):
    """A Client, over TLS with a context, from an address of ours."""
    s = socket.socket()
    s.settimeout(timeout)
    if source:
        # The port is chosen at connect, so that each source address has the whole range for each destination.
        s.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    c = Client.__new__(Client)
    c.s, c.buf = context.wrap_socket(s, server_hostname=HOST) if context else s, b""
    return c


def wanted(path, body_bytes):
    if last_segment(path) == "slow":
        return b"".join(slow_piece(i) for i in range(PIECES_N))
    return b"hello %d\n" % body_bytes


def judge(path, body_bytes, status, fields, body):
    """The generation that answered; raises Named or Wrong."""
    if status >= 500 and fields.get("content-type") == "application/problem+json":
        kind = json.loads(body)["type"]
        if kind.startswith("urn:apiforge:why:"):
            raise Named(f"{status} {kind[17:]}")
    if status != 200 or body != wanted(path, body_bytes):
        raise Wrong(f"{path}: {status} {body[:200]!r}")
    return int(fields.get("x-generation", 0))


class H1:
    def __init__(self, *args, **more):
        self.how, self.is_over = (args, more), False
        self.c = connect(*args, **more)

    def ask(self, path, body_bytes=0, n=1):
        """n requests, pipelined; the generation of the last. All are read to their end, then the worst is told."""
        head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        if body_bytes:
            head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {body_bytes}\r\n\r\n" + "x" * body_bytes
        if self.is_over:  # as it was announced
            self.c.close()
            self.__init__(*self.how[0], **self.how[1])
        self.c.send(head * n)
        generation, worst = 0, None
        for _ in range(n):
            status, fields = self.c.head()
            self.is_over = fields.get("connection") == "close"
            try:
                body = self.c.body(status, fields)
            except (EOFError, ConnectionResetError) as e:
                raise Cut(str(e)) from None
            try:
                generation = judge(path, body_bytes, status, fields, body)
            except (Named, Wrong) as e:
                worst = e if worst is None or isinstance(e, Wrong) else worst
        if worst:
            raise worst
        return generation

    def close(self):
        self.c.close()


class H2:
    def __init__(self, *args, **more):
        self.p = h2.Peer(connect(*args, **more))

    def ask(self, path, body_bytes=0, n=1):
        """n requests at once; the generation of the last. All are read to their end, then the worst is told."""
        method = "POST" if body_bytes else "GET"
        numbers = [self.p.request(method=method, path=path, authority=HOST, scheme="https", body=b"x" * body_bytes)
                   for _ in range(n)]
        generation, worst = 0, None
        for number in numbers:
            s = self.p._stream(number)
            self.p.until(lambda: s.ended or s.reset is not None)
            try:
                if not s.ended:
                    raise (Cut if s.heads else Wrong)(f"{path}: stream reset with {s.reset}")
                generation = judge(path, body_bytes, s.status, s.fields, bytes(s.body))
            except (Named, Cut, Wrong) as e:
                worst = e if worst is None or isinstance(e, Wrong) else worst
        self.p.streams.clear()
        if worst:
            raise worst
        return generation

    def close(self):
        self.p.close()
