"""peer.py - both ends of the wire, byte by byte: a raw client, and an upstream that does what a script says."""
import json
import socket
import struct
import threading
import time


class Client:
    """A TCP connection whose bytes the test writes and reads itself."""

    def __init__(self, port, host="127.0.0.1", timeout=15, receive_bytes=None):
        self.s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_bytes:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.s.settimeout(timeout)
        self.s.connect((host, port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = b""

    def send(self, data):
        self.s.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_try(self, data):
        """Send as much as the peer takes: it may have closed already, and rightly."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def drip(self, data, step=1, pause=0):
        """Send in pieces of step bytes."""
        data = data.encode("latin-1") if isinstance(data, str) else data
        for i in range(0, len(data), step):
            self.s.sendall(data[i:i + step])
            if pause:
                time.sleep(pause)

    def _more(self):
        data = self.s.recv(65536)
        self.buf += data
        return bool(data)

    def until(self, mark):
        mark = mark.encode() if isinstance(mark, str) else mark
        while mark not in self.buf:
            if not self._more():
                raise EOFError(f"closed after {self.buf[:2000]!r}")
        i = self.buf.index(mark) + len(mark)
        out, self.buf = self.buf[:i], self.buf[i:]
        return out

    def exactly(self, n):
        pieces, have = [self.buf[:n]], min(n, len(self.buf))
        self.buf = self.buf[n:]
        while have < n:
            data = self.s.recv(min(1 << 20, n - have))
            if not data:
                raise EOFError(f"closed after {have} of {n} bytes")
            pieces.append(data)
            have += len(data)
        return b"".join(pieces)

    def head(self):
        """(status, {lower name: value}); .raw_head keeps the lines."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.raw_head = lines
        fields = {}
        for line in lines[1:]:
            if line:
                name, value = line.split(":", 1)
                name = name.lower()
                fields[name] = fields[name] + ", " + value.strip() if name in fields else value.strip()
        return int(lines[0].split(" ")[1]), fields

    def chunk(self):
        """Payload of the next chunk; b"" for the last one (trailers read into .trailers)."""
        n = int(self.until(b"\r\n").split(b";")[0], 16)
        data = self.exactly(n)
        if n > 0:
            assert self.exactly(2) == b"\r\n"
            return data
        self.trailers = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            self.trailers.append(line[:-2].decode("latin-1"))
        return b""

    def chunked(self):
        pieces = []
        while data := self.chunk():
            pieces.append(data)
        return b"".join(pieces)

    def body(self, status, fields, head_only=False):
        if head_only or status in (204, 304) or status < 200:
            return b""
        if "chunked" in fields.get("transfer-encoding", ""):
            return self.chunked()
        if "content-length" in fields:
            return self.exactly(int(fields["content-length"]))
        return self.rest()

    def response(self, head_only=False):
        """(status, fields, body), 1xx skipped"""
        status, fields = self.head()
        while status < 200 and status != 101:
            status, fields = self.head()
        return status, fields, self.body(status, fields, head_only)

    def request(self, text):
        self.send(text)
        return self.response(head_only=text[:4] in ("HEAD", b"HEAD"))

    def get(self, path="/", host="a.test", more=""):
        return self.request(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")

    def post(self, body, path="/", host="a.test", more=""):
        body = body.encode("latin-1") if isinstance(body, str) else body
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        return self.request(head.encode("latin-1") + body)

    def problem(self, status, why):
        """The next answer must be this problem document (RFC 9457). Its fields."""
        got, fields, body = self.response()
        assert got == status, f"status {got}, not {status} {why}: {body[:300]!r}"
        assert fields.get("content-type") == "application/problem+json", fields
        document = json.loads(body)
        assert document["type"] == f"urn:apiforge:why:{why}", f"{document} is not {why}"
        assert document["status"] == status and document["title"] and document["detail"], document
        return fields

    def ask_problem(self, text, status, why):
        self.send(text)
        return self.problem(status, why)

    def rest(self):
        """All that comes until the peer ends; .was_reset tells a cut from an end."""
        self.was_reset = False
        try:
            while self._more():
                pass
        except ConnectionResetError:
            self.was_reset = True
        out, self.buf = self.buf, b""
        return out

    def is_closed(self, seconds=5):
        """Does the peer end the connection within that time (unread bytes are thrown away)?"""
        self.s.settimeout(seconds)
        try:
            while self.s.recv(65536):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def is_open(self, seconds=0.1):
        """Is the connection open and silent for that time?"""
        before = self.s.gettimeout()
        self.s.settimeout(seconds)
        try:
            data = self.s.recv(65536)
            self.buf += data
            return bool(data)
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.s.settimeout(before)

    def finish(self):
        """Send no more, but read on."""
        self.s.shutdown(socket.SHUT_WR)

    def reset(self):
        """Close with a RST."""
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.s.close()

    def close(self):
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Upstream:
    """A server: script(client, number) runs for each accepted connection (client is a Client on the other end).
    Without a script it answers each request 200 with its body's length, keep-alive."""

    def __init__(self, script=None, port=0, wrap=None, host="127.0.0.1"):
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        self.script = script or Upstream.serve
        self.wrap = wrap
        self.requests, self.connections_n, self.open = [], 0, []
        self.errors = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.connections_n += 1
            threading.Thread(target=self._run, args=(s, self.connections_n), daemon=True).start()

    def _run(self, s, number):
        c = Client.__new__(Client)
        try:
            s.settimeout(20)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c.s, c.buf, c.upstream = s, b"", self
            if self.wrap:
                c.s = self.wrap(s)
            self.open.append(c.s)
            self.script(c, number)
        except (EOFError, OSError):
            pass
        except Exception as e:  # a script's own mistake must not look like a quiet upstream
            self.errors.append(e)
        finally:
            c.s.close()

    @staticmethod
    def take_head(c):
        """Read a request's head: (request line, fields)."""
        raw = c.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = {}
        for line in raw[1:]:
            if line:
                name, value = line.split(":", 1)
                fields.setdefault(name.lower(), []).append(value.strip())
        return raw[0], fields

    @staticmethod
    def take_body(c, fields):
        if "chunked" in "".join(fields.get("transfer-encoding", [])):
            return c.chunked()
        if "content-length" in fields:
            return c.exactly(int(fields["content-length"][0]))
        return b""

    @staticmethod
    def take(c):
        """Read one request: (request line, fields, body)."""
        line, fields = Upstream.take_head(c)
        body = Upstream.take_body(c, fields)
        c.upstream.requests.append((line, fields, body))
        return line, fields, body

    @staticmethod
    def answer(c, text=b"ok\n", status="200 OK", more=""):
        text = text.encode("latin-1") if isinstance(text, str) else text
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n{more}\r\n"
        c.send(head.encode("latin-1") + text)

    @staticmethod
    def serve(c, _number):
        while True:
            line, _, body = Upstream.take(c)
            text = b"" if line.startswith("HEAD") else b"hello %d\n" % len(body)
            c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n" % len(text) + text)

    def paths(self):
        return [r[0].split(" ")[1] for r in self.requests]

    def wait_requests(self, n, seconds=10):
        self.wait(lambda: len(self.requests) >= n, lambda: f"{n} requests at the upstream, not {len(self.requests)}",
                  seconds)

    @staticmethod
    def wait(fact, what, seconds=10):
        until = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds} s for: {what() if callable(what) else what}")
            time.sleep(0.01)

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        except OSError:
            pass
        self.listener.close()
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            assert not self.errors, self.errors


def serving(script):
    """A script for one request made into one for all requests of a connection: script(c, line, fields, body)."""
    def run(c, _number):
        while True:
            script(c, *Upstream.take(c))
    return run
