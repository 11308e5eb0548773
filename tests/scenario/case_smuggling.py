"""Attacks on HTTP/1 framing and on targets: each is refused by name, reaches no upstream, and harms nobody else.

Method: behind each attack stands the request that it would smuggle. The first answer must be the refusal, nothing may
follow it, the connection ends where framing is in doubt, the upstream has seen nothing, and the next client is served.
"""
from forge import simple
from peer import Client, Upstream, serving

SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
POST = "POST / HTTP/1.1\r\nHost: a\r\n"


def te(value, name="Transfer-Encoding"):
    return f"{POST}{name}:{value}\r\n\r\n0\r\n\r\n"


def cl(value, name="Content-Length"):
    return f"{POST}{name}:{value}\r\n\r\n"


def chunks(body):
    return f"{POST}Transfer-Encoding: chunked\r\n\r\n{body}"


def field(line):
    return f"GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n"


def line(text):
    return f"{text}\r\nHost: a\r\n\r\n"


BOTH, LENGTH, CODING, CHUNK, FIELD = "h1-length-and-coding", "h1-length", "h1-coding", "h1-chunk", "h1-field"

FRAMING = [
    # Two framings in one message.
    ("CL.TE", f"{POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 400, BOTH),
    ("TE.CL", f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGPOST\r\n0\r\n\r\n", 400, BOTH),
    ("CL.0 and TE", f"{POST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, BOTH),
    ("TE identity and CL", f"{POST}Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 400, (BOTH, CODING)),
    ("TE twice and CL", f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\n", (400, 501),
     (BOTH, CODING)),
    # Transfer-Encoding that some read as chunked and some do not.
    ("TE.TE x", f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 501, CODING),
    ("TE.TE twice", f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501, CODING),
    ("TE xchunked", te(" xchunked"), 501, CODING),
    ("TE chunked, identity", te(" chunked, identity"), 501, CODING),
    ("TE identity, chunked", te(" identity, chunked"), 501, CODING),
    ("TE gzip, chunked", te(" gzip, chunked"), 501, CODING),
    ("TE chunked, chunked", te(" chunked, chunked"), 501, CODING),
    ("TE identity", te(" identity"), 501, CODING),
    ("TE gzip", te(" gzip"), 501, CODING),
    ("TE empty", te(""), 501, CODING),
    ("TE quoted", te(" \"chunked\""), 501, CODING),
    ("TE with parameter", te(" chunked;a=b"), 501, CODING),
    ("TE with comma", te(" ,chunked"), 501, CODING),
    ("TE with comma behind", te(" chunked,"), 501, CODING),
    ("TE chunk", te(" chunk"), 501, CODING),
    ("TE Kelvin sign", te(" chun\xe2\x84\xaaed"), 501, CODING),
    ("TE with vertical tab", te(" \x0bchunked"), 400, FIELD),
    ("TE with NUL", te(" chunked\x00"), 400, FIELD),
    ("TE with CR", te(" \rchunked"), 400, (FIELD, "h1-line-end")),
    ("TE with blank before colon", f"{POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, FIELD),
    ("TE with tab before colon", f"{POST}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400, FIELD),
    ("TE with blank before name", f"{POST} Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, FIELD),
    ("TE folded", f"{POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400, FIELD),
    ("TE behind a fold", f"{POST}X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, FIELD),
    ("TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "h1-coding-10"),
    ("TE in HTTP/1.0, kept alive",
     "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
     "h1-coding-10"),
    # Content-Length that some read as another number.
    ("CL twice, different", f"{POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, LENGTH),
    ("CL twice, equal", f"{POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, LENGTH),
    ("CL list", cl(" 3, 3"), 400, LENGTH),
    ("CL list of different", cl(" 3,4"), 400, LENGTH),
    ("CL plus", cl(" +3"), 400, LENGTH),
    ("CL minus", cl(" -3"), 400, LENGTH),
    ("CL minus zero", cl(" -0"), 400, LENGTH),
    ("CL hex", cl(" 0x3"), 400, LENGTH),
    ("CL octal marker", cl(" 0o3"), 400, LENGTH),
    ("CL with letters", cl(" 3a"), 400, LENGTH),
    ("CL with blank", cl(" 3 3"), 400, LENGTH),
    ("CL with underscore", cl(" 1_0"), 400, LENGTH),
    ("CL decimal point", cl(" 3.0"), 400, LENGTH),
    ("CL exponent", cl(" 3e0"), 400, LENGTH),
    ("CL empty (CVE-2023-40225)", cl(""), 400, LENGTH),
    ("CL blank", cl("  "), 400, LENGTH),
    ("CL overflow 64 bit", cl(" 18446744073709551616"), 400, LENGTH),
    ("CL overflow 64 bit plus 3", cl(" 18446744073709551619"), 400, LENGTH),
    ("CL of 40 digits", cl(" " + "9" * 40), 400, LENGTH),
    ("CL with NUL", cl(" 3\x00"), 400, (FIELD, LENGTH)),
    ("CL in full-width digits", cl(" \xef\xbc\x93"), 400, LENGTH),
    ("CL with blank before colon", f"{POST}Content-Length : 3\r\n\r\nabc", 400, FIELD),
    # Chunks.
    ("chunk size empty", chunks("\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size not hex", chunks("g\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size 0x", chunks("0x3\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size plus", chunks("+3\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size minus", chunks("-3\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size 64 bit overflow", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size blank before", chunks(" 3\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size blank behind", chunks("3 \r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk size with LF only", chunks("3\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk extension with LF only", chunks("3;a\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk extension with CR", chunks("3;a\rb\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk extension with NUL", chunks("3;a\x00\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk data longer", chunks("3\r\nabcd\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk data shorter", chunks("5\r\nabc\r\n0\r\n\r\n"), 400, CHUNK),
    ("chunk data with LF only", chunks("3\r\nabc\n0\r\n\r\n"), 400, CHUNK),
    ("chunk data without its end (VSV00016)", chunks("3\r\nabc0\r\n\r\n"), 400, CHUNK),
    ("last chunk with LF only", chunks("0\n\n"), 400, CHUNK),
    ("end of body with LF only", chunks("0\r\n\n"), 400, (CHUNK, FIELD)),
    ("trailer with blank before colon", chunks("0\r\nX : y\r\n\r\n"), 400, FIELD),
    ("trailer folded", chunks("0\r\nX: y\r\n z\r\n\r\n"), 400, (FIELD, CHUNK)),
    ("trailer without colon", chunks("0\r\nnonsense\r\n\r\n"), 400, FIELD),
    ("trailer with NUL", chunks("0\r\nX: y\x00\r\n\r\n"), 400, FIELD),
    # Lines and fields.
    ("bare LF in request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 505, "h1-version"),
    ("bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400, ("h1-line-end", FIELD)),
    ("bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, ("h1-line-end", FIELD)),
    ("all LF", "GET / HTTP/1.1\nHost: a\n\n", 505, "h1-version"),
    ("bare CR in a value", field("X: a\rb"), 400, ("h1-line-end", FIELD)),
    ("bare CR before a name", field("\rX: a"), 400, ("h1-line-end", FIELD)),
    ("CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400, ("h1-line-end", "h1-version", FIELD)),
    ("NUL in a value", field("X: a\x00b"), 400, FIELD),
    ("NUL in a name", field("X\x00: a"), 400, FIELD),
    ("control byte in a value", field("X: a\x01b"), 400, FIELD),
    ("DEL in a value", field("X: a\x7fb"), 400, FIELD),
    ("obs-fold", field("X: a\r\n b"), 400, FIELD),
    ("obs-fold with tab", field("X: a\r\n\tb"), 400, FIELD),
    ("fold as the first field", "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", 400, FIELD),
    ("blank before colon", field("X : a"), 400, FIELD),
    ("no colon", field("nonsense"), 400, FIELD),
    ("empty name", field(": a"), 400, FIELD),
    ("blank in a name", field("X Y: a"), 400, FIELD),
    ("slash in a name", field("X/Y: a"), 400, FIELD),
    ("brace in a name", field("{X}: a"), 400, FIELD),
    ("high byte in a name", field("X\xe9: a"), 400, FIELD),
    # Request line.
    ("two blanks before target", line("GET  / HTTP/1.1"), 400, "h1-request-line"),
    ("two blanks before version", line("GET /  HTTP/1.1"), 400, "h1-request-line"),
    ("tab before target", line("GET\t/ HTTP/1.1"), 400, ("h1-request-line", "h1-not-http", "h1-method")),
    ("tab before version", line("GET /\tHTTP/1.1"), 400, ("h1-request-line", "h1-target")),
    ("blank in target", line("GET /a b HTTP/1.1"), 400, ("h1-request-line", "h1-version")),
    ("no version (HTTP/0.9)", "GET /\r\n\r\n", 505, "h1-version"),
    ("HTTP/0.9 with a version", line("GET / HTTP/0.9"), 505, "h1-version"),
    ("HTTP/2.0", line("GET / HTTP/2.0"), 505, "h1-version"),
    ("HTTP/1.2", line("GET / HTTP/1.2"), 505, "h1-version"),
    ("HTTP/1.10", line("GET / HTTP/1.10"), 505, "h1-version"),
    ("HTTP/1", line("GET / HTTP/1"), 505, "h1-version"),
    ("HTTP/11", line("GET / HTTP/11"), 505, "h1-version"),
    ("http/1.1", line("GET / http/1.1"), 400, "h1-request-line"),
    ("HTTP/1,1", line("GET / HTTP/1,1"), 505, "h1-version"),
    ("RTSP/1.0", line("GET / RTSP/1.0"), (400, 505), ("h1-version", "h1-request-line")),
    ("ICE/1.0", line("GET / ICE/1.0"), (400, 505), ("h1-version", "h1-request-line")),
    ("blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "h1-not-http"),
    ("NUL first", "\x00GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "h1-not-http"),
    ("an answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", (400, 501), ("h1-not-http", "h1-method")),
    ("binary", "\xff\xfe\xfd\xfc" * 10, 400, "h1-not-http"),
    ("TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "h1-not-http"),
    ("lower-case method", line("get / HTTP/1.1"), 501, "h1-method"),
    ("unknown method", line("BREW / HTTP/1.1"), 501, "h1-method"),
    ("longer method", line("GETX / HTTP/1.1"), 501, "h1-method"),
    ("PRI", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", 501, "h1-method"),
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501, "h1-connect"),
    # Host.
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400, "h1-host-missing"),
    ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "h1-host-twice"),
    ("two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "h1-host-twice"),
    ("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "h1-host-twice"),
    ("Host and another absolute target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "h1-host-mismatch"),
    ("absolute target without Host", "GET http://b/ HTTP/1.1\r\n\r\n", 400, "h1-host-missing"),
    ("Host empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "uri-host"),
    ("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "uri-host"),
    ("Host with comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "uri-host"),
    ("Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "uri-host"),
    ("Host with blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "uri-host"),
    ("Host with fragment", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400, "uri-host"),
    ("Host with %", "GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n", 400, "uri-host"),
    ("Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "uri-userinfo"),
    ("Host with bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "uri-port"),
    ("Host with empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400, "uri-port"),
    ("Host with words as port", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400, "uri-port"),
    ("Host IPv6 without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400, ("uri-host", "uri-port")),
    ("Host IPv6 unclosed", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "uri-host"),
    ("Host with empty label", "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", 400, "uri-host"),
    ("Host too long", "GET / HTTP/1.1\r\nHost: " + "a" * 300 + "\r\n\r\n", 400, "uri-host"),
    ("Host in the target with user", "GET http://u:p@a/ HTTP/1.1\r\nHost: u:p@a\r\n\r\n", 400, "uri-userinfo"),
    # Target forms.
    ("no slash", line("GET x HTTP/1.1"), 400, ("h1-target", "h1-target-form")),
    ("* with GET", line("GET * HTTP/1.1"), 400, "h1-target-form"),
    ("authority form", line("GET a:80 HTTP/1.1"), 400, ("h1-target", "h1-target-form")),
    ("ftp", line("GET ftp://a/ HTTP/1.1"), 400, ("h1-target", "h1-target-form")),
    ("no authority", line("GET http:///x HTTP/1.1"), 400, ("h1-target", "h1-target-form")),
    ("query behind authority", line("GET http://a?x HTTP/1.1"), 400, ("h1-target", "h1-target-form")),
    ("control byte in target", line("GET /\x01 HTTP/1.1"), 400, ("h1-target", "uri-byte")),
    ("NUL in target", line("GET /\x00 HTTP/1.1"), 400, ("h1-target", "uri-byte")),
    ("high byte in target", line("GET /\xe9 HTTP/1.1"), 400, ("h1-target", "uri-byte")),
    ("fragment (CVE-2023-45539)", line("GET /a.png#x HTTP/1.1"), 400, ("uri-fragment", "h1-target")),
    ("quote in target", line("GET /\" HTTP/1.1"), 400, ("h1-target", "uri-byte")),
    ("backslash in target", line("GET /a\\..\\b HTTP/1.1"), 400, ("h1-target", "uri-byte")),
    ("percent alone", line("GET /% HTTP/1.1"), 400, "uri-percent"),
    ("percent one digit", line("GET /%1 HTTP/1.1"), 400, "uri-percent"),
    ("percent no digits", line("GET /?a=%zz HTTP/1.1"), 400, "uri-percent"),
    # Expect.
    ("Expect something", f"{POST}Content-Length: 3\r\nExpect: 200-ok\r\n\r\nabc", 417, "h1-expect"),
    ("Expect twice", f"{POST}Content-Length: 3\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\nabc", 417, "h1-expect"),
    ("Expect list (Kettle 2025)", f"{POST}Content-Length: 3\r\nExpect: 100-continue, x\r\n\r\nabc", 417, "h1-expect"),
    ("Expect odd", f"{POST}Content-Length: 3\r\nExpect: y 100-continue\r\n\r\nabc", 417, "h1-expect"),
]


def attack(f, up, name, text, status, why):
    whys = why if isinstance(why, tuple) else (why,)
    with Client(f.port) as c:
        c.send_try(text + SMUGGLED)
        got, fields, body = c.response()
        statuses = status if isinstance(status, tuple) else (status,)
        assert got in statuses, f"{name}: {got}, not {status}: {body[:300]!r}"
        assert any(f"urn:apiforge:why:{w}\"".encode() in body for w in whys), f"{name}: {body[:300]!r}"
        assert fields.get("connection") == "close", f"{name}: {fields}"
        more = c.rest()
        assert more == b"", f"{name}: something follows: {more[:300]!r}"
    return whys


def test_framing():
    with Upstream() as up, simple(up) as f:
        wrong, counted = [], {}
        for name, text, status, why in FRAMING:
            try:
                whys = attack(f, up, name, text, status, why)
                counted[whys[0]] = counted.get(whys[0], 0) + (len(whys) == 1)
            except (AssertionError, EOFError, OSError) as e:
                wrong.append(str(e) or f"{name}: {e!r}")
        # An attack in the body is found after the head has gone up: there is a head, and never a whole request.
        assert up.requests == [], up.requests
        assert not wrong, f"{len(wrong)} of {len(FRAMING)}:\n" + "\n".join(wrong)
        endings = f.endings()
        for why, n in counted.items():
            assert endings.get(why, 0) >= n, f"{why}: counted {endings.get(why, 0)} times, not {n}"
        with Client(f.port) as c:
            assert c.get()[0] == 200


def test_framing_byte_by_byte():
    """However the attack is cut, the verdict is the same; each third one, to keep it short."""
    with Upstream() as up, simple(up) as f:
        wrong = []
        for name, text, status, why in FRAMING[::3]:
            whys, statuses = (x if isinstance(x, tuple) else (x,) for x in (why, status))
            with Client(f.port) as c:
                try:
                    try:
                        c.drip(text)
                        if len(text) < 2000:
                            c.send(SMUGGLED)
                    except (BrokenPipeError, ConnectionResetError):
                        pass
                    got, _, body = c.response()
                    assert got in statuses and any(f":why:{w}\"".encode() in body for w in whys), f"{name}: {got} {body[:200]!r}"
                except (AssertionError, EOFError, OSError) as e:
                    wrong.append(f"{name}: {e}")
        assert up.requests == [], up.requests
        assert not wrong, "\n".join(wrong)


# name, target, ending: refused, but the message ended where it should, so the connection may go on.
PATHS = [
    ("encoded slash", "/a%2fb", "uri-path-separator"),
    ("encoded slash upper", "/a%2Fb", "uri-path-separator"),
    ("encoded backslash", "/a%5c..%5cb", "uri-path-separator"),
    ("above root", "/../etc/passwd", "uri-path-above-root"),
    ("above root later", "/a/../../b", "uri-path-above-root"),
    ("above root encoded", "/%2e%2e/b", "uri-path-above-root"),
    ("encoded NUL", "/a%00.png", "uri-path-control"),
    ("encoded CR LF", "/a%0d%0aX:%20y", "uri-path-control"),
    ("encoded DEL", "/a%7f", "uri-path-control"),
    ("overlong dot", "/%c0%ae%c0%ae/x", "uri-path-overlong"),
    ("overlong slash", "/a%c0%afb", "uri-path-overlong"),
    ("overlong three bytes", "/%e0%80%af", "uri-path-overlong"),
    ("empty segment", "//admin", "uri-path-empty-segment"),
    ("empty inner segment", "/a//b", "uri-path-empty-segment"),
    ("dot with parameter", "/a/..;/b", "uri-path-dot-parameter"),
    ("dot with parameter and name", "/a/..;x=y/b", "uri-path-dot-parameter"),
    ("encoded dot with parameter", "/a/%2e%2e;/b", "uri-path-dot-parameter"),
]

# target as it came, target as it goes up.
NORMAL = [
    ("/a/%2e%2e/b", "/b"), ("/a/./b/../c", "/a/c"), ("/%61dmin", "/admin"), ("/a/..", "/"), ("/a/.", "/a/"),
    ("/%7euser", "/~user"), ("/a%c3%a9", "/a%C3%A9"), ("/a%252e%252e/b", "/a%252e%252e/b"), ("/a%3ab", "/a%3Ab"),
    ("/a?b=%2f&c=//&d=..", "/a?b=%2f&c=//&d=.."), ("/a?", "/a?"), ("/a%20b", "/a%20b"), ("/...", "/..."),
    ("/a;b=c/d", "/a;b=c/d"), ("/a/%2E", "/a/"),
]


def test_paths_that_servers_read_differently():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for name, target, why in PATHS:
            try:
                fields = c.ask_problem(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n", 400, why)
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
            assert fields.get("connection") != "close", f"{name}: closed without need"
        assert up.requests == []
        assert c.get()[0] == 200


def test_one_spelling_is_matched_and_forwarded():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for target, want in NORMAL:
            assert c.get(target)[0] == 200, target
            assert up.paths()[-1] in (want, want.rstrip("?")), (target, up.paths()[-1], want)


def test_body_attack_after_the_head_went_up_is_cut_on_both_sides():
    """The upstream has the head already; what it gets must never look complete."""
    whole = []

    def script(c, _):
        line, fields = Upstream.take_head(c)
        whole.append(Upstream.take_body(c, fields))
        Upstream.answer(c)

    with Upstream(script) as up, simple(up) as f:
        for bad in ("5\r\nabc\r\n0\r\n\r\n", "zz\r\n", "-1\r\n", "3\r\nabcX"):
            with Client(f.port) as c:
                n = up.connections_n
                c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                up.wait(lambda: up.connections_n > n, "the head at the upstream")
                c.send(bad + SMUGGLED)
                c.problem(400, "h1-chunk")
                assert c.rest() == b""
        assert whole == [], whole


# Answers of the upstream that would split or hide something.
SPLITS = [
    ("bare LF in a field", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("bare CR in a field", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("NUL in a field", "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n Set-Cookie: b\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("blank before colon", "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("no colon", "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("blank line first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("not HTTP", "SSH-2.0-OpenSSH_9\r\n", "h1-answer-head"),
    ("body alone", "<html>hello</html>", "h1-answer-head"),
    ("LF status line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "h1-answer-head"),
    ("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-version"),
    ("HTTP/0.9", "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-version"),
    ("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-version"),
    ("status 099", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-status"),
    ("status 600", "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-status"),
    ("status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-status"),
    ("status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-status"),
    ("status of letters", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", "h1-answer-status"),
    ("CL and TE", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "h1-answer-length-and-coding"),
    ("CL twice", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\nabc", "h1-answer-length"),
    ("CL list", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", "h1-answer-length"),
    ("CL minus", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "h1-answer-length"),
    ("CL in 204", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "h1-answer-length"),
    ("CL in 103", "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\nabc", "h1-answer-length"),
    ("TE in 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "h1-answer-coding"),
    ("TE gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "h1-answer-coding"),
    ("TE gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "h1-answer-coding"),
    ("TE twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "h1-answer-coding"),
    ("TE in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "h1-answer-coding"),
    ("101 unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
     "h1-answer-upgrade"),
]


def test_answers_that_split():
    text = []
    with Upstream(serving(lambda c, *_: c.send(text[0]))) as up, simple(up) as f:
        wrong = []
        for name, answer, why in SPLITS:
            text[:] = [answer]
            with Client(f.port) as c:
                try:
                    c.ask_problem("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 502, why)
                    text[:] = ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"]
                    assert c.get()[2] == b"hi", "the next request of the same client"
                except (AssertionError, EOFError, OSError) as e:
                    wrong.append(f"{name}: {e!r}")
        assert not wrong, "\n".join(wrong)


def test_bytes_after_an_answer_are_nobodys():
    """A second answer that nobody asked for must not become the answer to the next client's request."""
    def script(c, number):
        Upstream.take(c)
        # In one piece: what comes once the next request is on its way cannot be told from its answer.
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        c.rest()

    with Upstream(script) as up, simple(up) as f:
        for i in range(5):
            with Client(f.port) as c:
                assert c.get(f"/{i}")[2] == b"mine"
        assert up.connections_n == 5, up.connections_n
        f.wait_ending("h1-answer-unasked")


def test_bytes_after_the_answer_to_head():
    """A body behind the answer to HEAD (upstreams do that) must not become the next answer."""
    def script(c, number):
        if number == 1:
            Upstream.take(c)
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        Upstream.serve(c, number)

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        assert c.request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
        assert c.get()[2] == b"hello 0\n"


def test_body_of_an_early_answer_is_not_the_next_request():
    """CVE-2025-30346: the body that nobody read must not be parsed as a request."""
    body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    def script(c, _):
        Upstream.take_head(c)
        Upstream.answer(c, "early")
        c.rest()

    with Upstream(script) as up, simple(up) as f, Client(f.port) as c:
        c.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body) + 10}\r\n\r\n")
        c.send_try(body)
        assert c.response()[2] == b"early"
        c.send_try("x" * 10)
        assert c.rest() == b""
        assert up.requests == []


def test_refused_request_with_a_body_does_not_smuggle_it():
    """A refusal by route or path, with a body: the body is read away, or the connection ends; it is never a request."""
    with Upstream() as up, simple(up) as f:
        for framing, body in ((f"Content-Length: {len(SMUGGLED)}", SMUGGLED),
                              ("Transfer-Encoding: chunked", f"{len(SMUGGLED):x}\r\n{SMUGGLED}\r\n0\r\n\r\n")):
            with Client(f.port) as c:
                c.send(f"POST /a//b HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}")
                fields = c.problem(400, "uri-path-empty-segment")
                if fields.get("connection") == "close":
                    assert c.rest() == b""
                else:
                    assert c.get("/after")[0] == 200
        assert "/smuggled" not in up.paths(), up.paths()


def test_h2c_by_upgrade_is_not_taken():
    """h2c smuggling: the upgrade is neither done nor passed on, the request is answered in HTTP/1.1."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        for more in ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                     "Connection: Upgrade\r\nUpgrade: h2c\r\n", "Connection: upgrade\r\nUpgrade: TLS/1.3\r\n",
                     "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n"):
            status, _, _ = c.get(more=more)
            assert status == 200
            fields = up.requests[-1][1]
            assert "upgrade" not in fields and "http2-settings" not in fields, fields


def test_connection_preface_in_mid_connection_is_no_http2():
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        assert c.get()[0] == 200
        c.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        status, _, body = c.response()
        assert status in (400, 501, 505) and c.rest() == b"", (status, body)


def test_underscore_twins():
    """A_B and A-B are different names to us; the forged one must not reach the upstream as ours."""
    with Upstream() as up, simple(up) as f, Client(f.port) as c:
        c.get(more="X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Host: evil\r\n"
                   "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\n")
        fields = up.requests[0][1]
        assert fields["x-forwarded-for"] == ["127.0.0.1"] and fields["x-forwarded-host"] == ["a.test"], fields
        assert fields["x-forwarded-proto"] == ["http"] and "forwarded" not in fields, fields
        assert fields.get("x-forwarded-port", ["80"]) != ["1"], fields
