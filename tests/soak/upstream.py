"""upstream.py PORT NAME - a server of its own process, HTTP/1.1 and HTTP/2 (prior knowledge) on one port.

The last segment of the path says what is done: hello (at once), wait (after 0.2 s), slow (ten pieces in 0.3 s), ws (switch
and echo), events (numbered, without end), ticks (one each second), bidi (HTTP/2: messages sent back as they come, trailers), upload (numbered MiB,
each compared, read at the pace that is set). Its owner may say "pace BYTES_A_SECOND" (0: no limit) and "progress".
"""
import json
import os
import socket
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "scenario")]
import h2  # noqa: E402
from child import raise_descriptor_limit, tell  # noqa: E402
from peer import Upstream  # noqa: E402

PIECE_BYTES, PIECES_N, PIECE_PAUSE_S = 100, 10, 0.03
RECEIVE_BYTES = 1 << 18     # kernel buffer: what is not read soon stays with the gateway
MIB = 1 << 20
BLOCK = bytes(i * 7 & 255 for i in range(256)) * (MIB // 256)


def numbered_mib(number):
    """What the upload consists of: no two alike, so that order is seen, too."""
    return struct.pack(">Q", number) + BLOCK[8:]


class State:
    name, pace, upload_bytes, upload_wrong = "", 0, 0, None


def slow_piece(number):
    return b"%d" % number * PIECE_BYTES


def last_segment(target):
    return target.split("?")[0].rsplit("/", 1)[-1]


# ---- HTTP/1.1 ----

def h1_slow(c):
    c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for i in range(PIECES_N):
        time.sleep(PIECE_PAUSE_S)
        c.send(b"%x\r\n%s\r\n" % (PIECE_BYTES, slow_piece(i)))
    c.send("0\r\n\r\n")


def h1_events(c, pause_s):
    c.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for i in range(1 << 40):
        event = b"data: %d\n\n" % i
        c.send(b"%x\r\n%s\r\n" % (len(event), event))
        time.sleep(pause_s)


def h1_ws(c):
    c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    while c.buf or c._more():
        data, c.buf = c.buf, b""
        c.send(data)


def h1_upload(c, total, state):
    """Bounded memory here as well: a MiB at a time."""
    began, pace, begun_at = time.monotonic(), state.pace, 0
    room, filled, number = bytearray(MIB), 0, 0
    view = memoryview(room)
    early, c.buf = c.buf, b""
    while state.upload_bytes < total:
        if early:
            n = min(len(early), MIB - filled)
            view[filled:filled + n] = early[:n]
            early = early[n:]
        else:
            n = c.s.recv_into(view[filled:], min(MIB - filled, 65536) if state.pace else MIB - filled)
        if n == 0:
            state.upload_wrong = f"cut after {state.upload_bytes} bytes"
            return
        filled += n
        state.upload_bytes += n
        if filled == MIB:
            if room != numbered_mib(number) and not state.upload_wrong:
                state.upload_wrong = f"MiB {number} is not what was sent"
            filled, number = 0, number + 1
        if pace != state.pace:
            began, pace, begun_at = time.monotonic(), state.pace, state.upload_bytes
        while state.pace and pace == state.pace and state.upload_bytes - begun_at > pace * (time.monotonic() - began):
            time.sleep(0.005)
    Upstream.answer(c, json.dumps({"bytes": state.upload_bytes, "wrong": state.upload_wrong}))


def serve_h1(c, state):
    while True:
        line, fields = Upstream.take_head(c)
        what = last_segment(line.split(" ")[1])
        if what == "ws":
            h1_ws(c)
            return
        if what in ("events", "ticks"):
            h1_events(c, 0.02 if what == "events" else 1)
        elif what == "upload":
            h1_upload(c, int(fields["content-length"][0]), state)
        else:
            body = Upstream.take_body(c, fields)
            if what == "slow":
                h1_slow(c)
                continue
            if what == "wait":
                time.sleep(0.2)
            Upstream.answer(c, b"hello %d\n" % len(body), more=f"X-Upstream: {state.name}\r\n")


# ---- HTTP/2 ----

class Locked:
    """Streams that take their time answer from threads of their own."""

    def __init__(self, c):
        self.c, self.lock = c, threading.Lock()

    def exactly(self, n):
        return self.c.exactly(n)

    def send(self, data):
        with self.lock:
            self.c.send(data)

    def close(self):
        self.c.close()


def h2_later(p, number, what):
    try:
        if what == "wait":
            time.sleep(0.2)
            p.answer(number, b"hello 0\n")
            return
        p.head(number)
        for i in range(PIECES_N):
            time.sleep(PIECE_PAUSE_S)
            p.send(h2.frame(h2.DATA, h2.END_STREAM if i == PIECES_N - 1 else 0, number, slow_piece(i)))
    except OSError:
        pass


def h2_step(p, number, s, state):
    """Do what this stream calls for now. Is it over?"""
    what = last_segment(s.fields[":path"])
    if s.reset is not None:
        return True
    if what == "bidi":
        if not getattr(s, "taken", False):
            s.taken = True
            p.head(number, more=[("content-type", "application/grpc")])
        if s.body:
            data = bytes(s.body)
            s.body.clear()
            p.data(number, data)
        if s.ended:
            p.trailers(number, [("grpc-status", "0")])
        return s.ended
    if not s.ended:
        return False
    if what in ("slow", "wait"):
        threading.Thread(target=h2_later, args=(p, number, what), daemon=True).start()
    else:
        p.answer(number, b"hello %d\n" % len(s.body), more=[("x-upstream", state.name)])
    return True


def serve_h2(c, state):
    p, over = h2.Peer(Locked(c), is_client=False), 0
    try:
        while True:
            _, _, number, _ = p.frame()
            s = p.streams.get(number)
            if s is None:
                continue
            if number <= over and not s.heads:  # a late frame made it again
                del p.streams[number]
            elif s.heads and h2_step(p, number, s, state):
                over = max(over, number)
                p.streams.pop(number, None)
    except h2.Gone:
        pass


def main():
    state = State()
    port, state.name = int(sys.argv[1]), sys.argv[2]
    raise_descriptor_limit()

    def script(c, _):
        c.upstream.open.clear()  # nobody stops it by hand
        c.s.settimeout(3600)
        while len(c.buf) < 4:
            if not c._more():
                return
        (serve_h2 if c.buf.startswith(b"PRI ") else serve_h1)(c, state)

    up = Upstream(script, port=port)
    up.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    up.listener.listen(4096)
    tell("ready")
    for line in sys.stdin:
        words = line.split()
        if words[0] == "pace":
            state.pace = int(words[1])
        tell({"bytes": state.upload_bytes, "wrong": state.upload_wrong, "errors": [repr(e) for e in up.errors[:3]]})
    os._exit(0)  # threads may sit in sends


if __name__ == "__main__":
    main()
