"""h2.py - HTTP/2 frame by frame: enough of RFC 9113 and RFC 7541 to play either side, rightly or wrongly.

What is sent is encoded with literals only, so a test says byte for byte what goes out; what is received is decoded in
full but for Huffman codes longer than 15 bits, which nobody needs for ASCII.
"""
import struct

from peer import Client

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 1, 1, 4, 8, 32
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
 CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
ENABLE_CONNECT_PROTOCOL = 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

STATIC = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
]

# The code of RFC 7541 appendix B is canonical: symbols by length, in order, say all of it.
BY_LENGTH = {5: "012aceiost", 6: " %-./3456789=A_bdfghlmnpru", 7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz", 8: "&*,;XZ", 10: "!\"()?",
             11: "'+|", 12: "#>", 13: "\x00$@[]~", 14: "^}", 15: "<`{"}


def huffman_codes():
    codes, code, last = {}, 0, 0
    for length, symbols in BY_LENGTH.items():
        code <<= length - last
        last = length
        for symbol in symbols:
            codes[(length, code)] = ord(symbol)
            code += 1
    return codes


HUFFMAN = huffman_codes()


def huffman_decode(data):
    out, code, length = bytearray(), 0, 0
    for byte in data:
        for bit in range(7, -1, -1):
            code, length = code << 1 | byte >> bit & 1, length + 1
            if (length, code) in HUFFMAN:
                out.append(HUFFMAN[(length, code)])
                code = length = 0
    assert length < 8 and code == (1 << length) - 1, "a Huffman code that this decoder does not know"
    return bytes(out)


def integer(value, prefix_bits, first=0):
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def string(text):
    data = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(data), 7) + data


def literal(name, value):
    """Literal without indexing, new name."""
    return b"\x00" + string(name) + string(value)


def indexed(index):
    return integer(index, 7, 0x80)


def remembered(name, value):
    """Literal with incremental indexing."""
    return b"\x40" + string(name) + string(value)


def block(fields):
    return b"".join(literal(n, v) for n, v in fields)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", k, v) for k, v in pairs))


def window_update(stream, n):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", n))


def rst(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def request_fields(method="GET", path="/", authority="a.test", scheme="http", more=()):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *more]


class Decoder:
    def __init__(self):
        self.dynamic, self.size_max = [], 4096

    def _integer(self, data, at, bits):
        most = (1 << bits) - 1
        value, at = data[at] & most, at + 1
        if value < most:
            return value, at
        shift = 0
        while True:
            value, shift, byte, at = value + ((data[at] & 127) << shift), shift + 7, data[at], at + 1
            if byte < 128:
                return value, at

    def _string(self, data, at):
        is_huffman = data[at] & 128
        n, at = self._integer(data, at, 7)
        raw = data[at:at + n]
        return (huffman_decode(raw) if is_huffman else raw).decode("latin-1"), at + n

    def _entry(self, index):
        return STATIC[index - 1] if index <= 61 else self.dynamic[index - 62]

    def decode(self, data):
        out, at = [], 0
        while at < len(data):
            first = data[at]
            if first & 0x80:
                index, at = self._integer(data, at, 7)
                out.append(self._entry(index))
            elif first & 0xe0 == 0x20:
                self.size_max, at = self._integer(data, at, 5)
                self._evict()
            else:
                bits = 6 if first & 0x40 else 4
                index, at = self._integer(data, at, bits)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = self._string(data, at)
                value, at = self._string(data, at)
                out.append((name, value))
                if first & 0x40:
                    self.dynamic.insert(0, (name, value))
                    self._evict()
        return out

    def _evict(self):
        while sum(len(n) + len(v) + 32 for n, v in self.dynamic) > self.size_max:
            self.dynamic.pop()


class Stream:
    def __init__(self, window):
        self.heads, self.body, self.ended, self.reset, self.window = [], bytearray(), False, None, window
        self.trailers = None

    @property
    def status(self):
        return int(dict(self.heads[-1])[":status"])

    @property
    def fields(self):
        return dict(self.heads[-1])


class Gone(Exception):
    """The connection ended; .code is GOAWAY's, None without one."""

    def __init__(self, code, text=""):
        super().__init__(f"connection ended, GOAWAY {code} {text}")
        self.code = code


class Peer:
    """One side of an HTTP/2 connection over c (anything with send, exactly and close)."""

    def __init__(self, c, is_client=True, own_settings=(), window=1 << 20, auto_window=True):
        self.c, self.is_client, self.auto_window = c, is_client, auto_window
        self.streams, self.decoder, self.next_id = {}, Decoder(), 1
        self.peer_settings, self.settings_acked, self.pongs = {}, 0, []
        self.goaway = None
        self.window, self.initial_window, self.frame_max = 65535, 65535, 16384
        if is_client:
            c.send(PREFACE + settings(*own_settings) + (window_update(0, window) if window else b""))
        else:
            assert c.exactly(len(PREFACE)) == PREFACE
            c.send(settings(*own_settings) + (window_update(0, window) if window else b""))
        self.blocked = b""

    def close(self):
        self.c.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.c.send(data)

    def send_try(self, data):
        self.c.send_try(data)

    # ---- reading ----

    def frame(self):
        """The next frame, (kind, flags, stream, payload); what it says has been taken note of."""
        try:
            head = self.c.exactly(9)
            n = int.from_bytes(head[:3], "big")
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big") & 0x7fffffff
            payload = self.c.exactly(n)
        except (EOFError, ConnectionResetError, BrokenPipeError) as e:
            raise Gone(self.goaway[1] if self.goaway else None, str(e)) from None
        self._note(kind, flags, stream, payload)
        return kind, flags, stream, payload

    def _stream(self, number):
        if number not in self.streams:
            self.streams[number] = Stream(self.initial_window)
        return self.streams[number]

    def _reply(self, data):
        try:
            self.c.send(data)
        except (ConnectionResetError, BrokenPipeError):
            pass

    def _note(self, kind, flags, number, payload):
        if kind == SETTINGS and flags & ACK:
            self.settings_acked += 1
        elif kind == SETTINGS:
            self._note_settings(payload)
            self._reply(frame(SETTINGS, ACK))
        elif kind == PING:
            if flags & ACK:
                self.pongs.append(payload)
            else:
                self._reply(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            last, code = struct.unpack(">II", payload[:8])
            self.goaway = (last & 0x7fffffff, code)
        elif kind == WINDOW_UPDATE:
            n = struct.unpack(">I", payload)[0]
            if number:
                self._stream(number).window += n
            else:
                self.window += n
        elif kind == RST_STREAM:
            self._stream(number).reset = struct.unpack(">I", payload)[0]
        elif kind in (HEADERS, CONTINUATION):
            self._note_head(kind, flags, number, payload)
        elif kind == DATA:
            s = self._stream(number)
            data = payload[1:len(payload) - payload[0]] if flags & PADDED else payload
            s.body += data
            s.ended = s.ended or bool(flags & END_STREAM)
            if self.auto_window and payload:
                more = window_update(0, len(payload))
                self._reply(more if s.ended else more + window_update(number, len(payload)))

    def _note_settings(self, payload):
        for i in range(0, len(payload), 6):
            key, value = struct.unpack(">HI", payload[i:i + 6])
            self.peer_settings[key] = value
            if key == INITIAL_WINDOW_SIZE:
                for s in self.streams.values():
                    s.window += value - self.initial_window
                self.initial_window = value

    def _note_head(self, kind, flags, number, payload):
        if kind == HEADERS:
            self.end_flag = flags & END_STREAM
            if flags & PADDED:
                payload = payload[1:len(payload) - payload[0]]
            if flags & HAS_PRIORITY:
                payload = payload[5:]
            self.blocked = b""
        self.blocked += payload
        if not flags & END_HEADERS:
            return
        fields, s = self.decoder.decode(self.blocked), self._stream(number)
        is_trailers = bool(s.heads) and not any(n == ":status" for n, _ in fields)
        if is_trailers:
            s.trailers = fields
        else:
            s.heads.append(fields)
        s.ended = s.ended or bool(self.end_flag)

    def until(self, fact):
        while not fact():
            self.frame()

    # ---- client ----

    def request(self, fields=None, body=b"", end=True, **more):
        """Send a request; its stream's number. end=False leaves the stream open."""
        number, self.next_id = self.next_id, self.next_id + 2
        self._stream(number)
        head = block(fields if fields is not None else request_fields(**more))
        is_end = end and not body
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if is_end else 0), number, head))
        if body:
            self.data(number, body, end)
        return number

    def data(self, number, data, end=False):
        """DATA as the peer's windows allow."""
        s = self._stream(number)
        at = 0
        while at < len(data) or (end and at == len(data) == 0):
            room = min(self.window, s.window, self.frame_max)
            if room <= 0 and data:
                assert s.reset is None, f"reset {s.reset} in mid body"
                self.frame()
                continue
            piece = data[at:at + room]
            at += len(piece)
            self.window -= len(piece)
            s.window -= len(piece)
            is_last = end and at == len(data)
            self.send(frame(DATA, END_STREAM if is_last else 0, number, piece))
            if is_last:
                return

    def trailers(self, number, fields):
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, number, block(fields)))

    def response(self, number):
        """(status, fields, body) of a stream that ends as it should."""
        s = self._stream(number)
        self.until(lambda: s.ended or s.reset is not None)
        assert s.ended, f"stream {number} was reset with {s.reset}"
        return s.status, s.fields, bytes(s.body)

    def reset_code(self, number):
        """The stream must be reset; with what."""
        s = self._stream(number)
        self.until(lambda: s.reset is not None)
        return s.reset

    def get(self, path="/", **more):
        return self.response(self.request(path=path, **more))

    def end_code(self):
        """Read until the connection ends: GOAWAY's error code, or None."""
        try:
            while True:
                self.frame()
        except Gone as e:
            return e.code

    def ping(self, data=b"12345678"):
        """A round trip: everything sent before has been looked at."""
        self.send(frame(PING, 0, 0, data))
        n = len(self.pongs)
        self.until(lambda: len(self.pongs) > n)

    # ---- server ----

    def next_request(self):
        """Wait for a whole request: (stream number, {fields}, body)."""
        def whole():
            for number, s in self.streams.items():
                if s.heads and s.ended and not getattr(s, "taken", False):
                    return number
            return None
        self.until(lambda: whole() is not None)
        number = whole()
        s = self.streams[number]
        s.taken = True
        return number, s.fields, bytes(s.body)

    def next_head(self):
        """Wait for a request's head: (stream number, {fields})."""
        def new():
            for number, s in self.streams.items():
                if s.heads and not getattr(s, "taken", False):
                    return number
            return None
        self.until(lambda: new() is not None)
        number = new()
        self.streams[number].taken = True
        return number, self.streams[number].fields

    def head(self, number, status=200, more=(), end=False):
        fields = [(":status", str(status)), *more]
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), number, block(fields)))

    def answer(self, number, body=b"ok\n", status=200, more=(), trailers=None):
        body = body.encode() if isinstance(body, str) else body
        self.head(number, status, [("content-length", str(len(body))), *more], end=not body and not trailers)
        if body:
            self.data(number, body, end=not trailers)
        if trailers:
            self.trailers(number, trailers)


def connect(port, **more):
    """HTTP/2 by prior knowledge."""
    return Peer(Client(port), **more)


def serving(script):
    """An Upstream's script for HTTP/2: script(peer, number, fields, body) for each whole request."""
    def run(c, _number):
        p = Peer(c, is_client=False)
        try:
            while True:
                number, fields, body = p.next_request()
                c.upstream.requests.append((f"{fields[':method']} {fields[':path']}", fields, body))
                script(p, number, fields, body)
        except Gone:
            pass
    return run


def hello(p, number, fields, body):
    p.answer(number, b"hello %d\n" % len(body))
