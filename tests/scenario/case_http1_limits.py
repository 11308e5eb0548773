"""Each limit of an HTTP/1 message, as a pair: the last value that is taken, the first that is not."""
from forge import simple
from peer import Client, Upstream, serving


def get(fields="", target="/"):
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"


def chunked(body):
    return f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"


def fields(n, value_bytes=1):
    return "".join(f"X-{i}: {'v' * value_bytes}\r\n" for i in range(n))


# name, last good request (or None), first bad one, status and ending
REQUESTS = [
    ("target", get(target="/" + "t" * 16383), get(target="/" + "t" * 16384), 414, "uri-too-long"),
    ("far too long target", None, get(target="/" + "t" * 200000), 414, "uri-too-long"),
    ("target without an end", None, "GET /" + "t" * 200000, 414, "uri-too-long"),
    ("field value", get("X: " + "v" * 16384 + "\r\n"), get("X: " + "v" * 16385 + "\r\n"), 431, "h1-field-long"),
    ("field name", get("n" * 256 + ": v\r\n"), get("n" * 257 + ": v\r\n"), 431, "h1-field-long"),
    ("number of fields", get(fields(90)), get(fields(100)), 431, "h1-fields-many"),
    ("cookie crumbs", None, get("Cookie: a\r\n" * 200), 431, "h1-fields-many"),
    ("all fields together", get(fields(7, 9000)), get(fields(8, 9000)), 431, "h1-head-long"),
    ("head without an end", None, get(fields(20, 9000))[:-2], 431, "h1-head-long"),
    ("value without an end", None, "GET / HTTP/1.1\r\nX: " + "v" * 200000, 431, ("h1-field-long", "h1-head-long")),
    ("connection options", get("Connection: " + ",".join(f"x{i}" for i in range(32)) + "\r\n"),
     get("Connection: " + ",".join(f"x{i}" for i in range(33)) + "\r\n"), 400, "h1-connection-options"),
    ("blank lines", "\r\n\r\n" + get(), "\r\n\r\n\r\n" + get(), 400, "h1-blank-lines"),
    ("chunk extension", chunked("1;" + "e" * 200 + "\r\na\r\n0\r\n\r\n"), chunked("1;" + "e" * 300 + "\r\na\r\n0\r\n\r\n"), 400,
     "h1-chunk-line"),
    ("chunk extension without an end", None, chunked("1;" + "e" * 100000), 400, "h1-chunk-line"),
    ("all chunk extensions together", chunked(("1;" + "e" * 200 + "\r\na\r\n") * 10 + "0\r\n\r\n"),
     chunked(("1;" + "e" * 200 + "\r\na\r\n") * 100 + "0\r\n\r\n"), 400, "h1-chunk-line"),
    ("zeros of a chunk size", chunked("0" * 12 + "1\r\na\r\n0\r\n\r\n"), chunked("0" * 300 + "1\r\na\r\n0\r\n\r\n"), 400,
     ("h1-chunk", "h1-chunk-line")),
    ("trailers", chunked("0\r\nX: " + "v" * 4000 + "\r\n\r\n"), chunked("0\r\n" + fields(3, 4000) + "\r\n"), 431,
     "h1-trailers-long"),
]


def test_requests():
    with Upstream() as up, simple(up) as f:
        for name, good, bad, status, why in REQUESTS:
            whys = why if isinstance(why, tuple) else (why,)
            if good:
                with Client(f.port) as c:
                    got, _, body = c.request(good)
                    assert got == 200, f"{name}: the last good value got {got} {body[:200]!r}"
                    assert c.get()[0] == 200, f"{name}: the connection does not go on"
            seen = len([r for r in up.requests if r[2] or "POST" not in r[0]])
            with Client(f.port) as c:
                c.send_try(bad)
                got, head, body = c.response()
                assert got == status and any(f":why:{w}\"".encode() in body for w in whys), f"{name}: {got} {body[:300]!r}"
                assert head["connection"] == "close", f"{name}: {head}"
                assert c.is_closed(), f"{name}: still open"
            assert len([r for r in up.requests if r[2] or "POST" not in r[0]]) == seen, f"{name}: forwarded {up.requests[-1]}"
            assert any(f.ending(w) for w in whys), f"{name}: not counted"


def test_a_head_of_megabytes_is_cut_early():
    """What is refused is not read on without bound, and the sender is not waited for."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\n")
        sent = 0
        try:
            for _ in range(500):
                c.send("X-Some-Field: " + "v" * 16000 + "\r\n")
                sent += 16000
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 7_900_000, "everything was taken"
        assert up.requests == []
        assert f.ending("h1-head-long") == 1


def head(more):
    return f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{more}\r\n"


ANSWERS = [
    ("field value", head("X: " + "v" * 16384 + "\r\n"), head("X: " + "v" * 16385 + "\r\n"), "h1-answer-long"),
    ("number of fields", head(fields(90)), head(fields(101)), "h1-answer-long"),
    ("all fields together", head(fields(6, 9000)), head(fields(8, 9000)), "h1-answer-long"),
    ("head without an end", None, "HTTP/1.1 200 OK\r\n" + fields(50, 9000), "h1-answer-long"),
    ("reason without an end", None, "HTTP/1.1 200 " + "O" * 200000, "h1-answer-long"),
    ("interim answers", "HTTP/1.1 103 Early Hints\r\n\r\n" * 16 + head(""), "HTTP/1.1 103 Early Hints\r\n\r\n" * 17 + head(""),
     "h1-answer-interims"),
    ("endless interim answers", None, "HTTP/1.1 102 Processing\r\n\r\n" * 100000, "h1-answer-interims"),
]


def test_answers():
    text = []
    with Upstream(serving(lambda c, *_: c.send_try(text[0]))) as up, simple(up) as f:
        for name, good, bad, why in ANSWERS:
            with Client(f.port) as c:
                if good:
                    text[:] = [good]
                    got, _, body = c.get()
                    assert got == 200, f"{name}: the last good value got {got} {body[:200]!r}"
                text[:] = [bad]
                c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                try:
                    c.problem(502, why)
                except AssertionError as e:
                    raise AssertionError(f"{name}: {e}") from None
            assert f.ending(why) >= 1, name


def test_trailers_of_an_answer_too_long():
    """If the head has gone to the client, it must see a cut, not an end; if not, it is told so."""
    text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + fields(3, 4000) + "\r\n"
    with Upstream(serving(lambda c, *_: c.send(text))) as up, simple(up) as f, Client(f.port) as c:
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            status, _, body = c.response()
            assert status == 502 and b"h1-answer-long" in body, f"complete: {status} {body}"
        except (EOFError, ConnectionResetError):
            pass
        f.wait_ending("h1-answer-long")
