"""Which request goes where, and what is done to it on the way: a table of requests against one set of routes."""
from forge import Forge, backend, free_port, gateway, listener, route, rule, service, simple
from peer import Client, Upstream, serving


def to(name, path=None, kind="PathPrefix", **match):
    """A rule to the one upstream, which the request header x-rule tells which rule it was."""
    entry = {"matches": [match], "default": {"backendRefs": [backend("a")], "filters": [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-rule", "value": name}]}}]}}
    if path is not None:
        entry["matches"][0]["path"] = {"type": kind, "value": path}
    return entry


def header(name, value=None, kind="Exact"):
    return {"type": kind, "name": name, **({} if value is None else {"value": value})}


RULES = [
    to("root"),
    to("exact", "/exact", "Exact"),
    to("exact-slash", "/exact/", "Exact"),
    to("prefix", "/prefix"),
    to("longer", "/prefix/longer"),
    to("exact-in-prefix", "/prefix/exact", "Exact"),
    to("regex", "/regex/[0-9]+", "RegularExpression"),
    to("regex-longer", "/regex/[0-9]+/items/.*", "RegularExpression"),
    to("regex-in-prefix", "/prefix/longer/.*/deep", "RegularExpression"),
    to("get", "/method", method="GET"),
    to("post", "/method", method="POST"),
    to("any-method", "/method"),
    to("delete-below", "/method/below", method="DELETE"),
    to("one-header", "/headers", headers=[header("x-a", "1")]),
    to("two-headers", "/headers", headers=[header("x-a", "1"), header("x-b", "2")]),
    to("header-method", "/headers", method="PUT"),
    to("no-header", "/headers"),
    to("present", "/kinds/present", headers=[header("x-any", kind="Present")]),
    to("absent", "/kinds/absent", headers=[header("x-none", kind="Absent")]),
    to("starts", "/kinds/starts", headers=[header("x-s", "abc", "Prefix")]),
    to("matches", "/kinds/matches", headers=[header("x-r", "v[0-9]+", "RegularExpression")]),
    to("by-host", "/kinds/host", headers=[header("host", "special.test")]),
    to("one-query", "/query", queryParams=[{"type": "Exact", "name": "a", "value": "1"}]),
    to("two-queries", "/query", queryParams=[{"type": "Exact", "name": "a", "value": "1"}, {"type": "Exact", "name": "b", "value": "2"}]),
    to("regex-query", "/query", queryParams=[{"type": "RegularExpression", "name": "c", "value": "[a-f]+"}]),
    to("header-query", "/query", headers=[header("x-q", "1")], queryParams=[{"type": "Exact", "name": "a", "value": "1"}]),
    to("no-query", "/query"),
    to("first-of-equals", "/equal", headers=[header("x-1", "1")]),
    to("second-of-equals", "/equal", headers=[header("x-2", "1")]),
    to("encoded", "/caf%C3%A9"),
    to("dots", "/a.b-c_d~e", "Exact"),
    to("params", "/p;x=1", "Exact"),
]

# path, the rule that must serve it, request
TABLE = [
    ("/", "root"), ("/x", "root"), ("/exac", "root"), ("/exacts", "root"), ("/EXACT", "root"),
    ("/exact", "exact"), ("/exact?x=y", "exact"), ("/exact?", "exact"), ("/exact/", "exact-slash"), ("/exact/more", "root"),
    ("/%65xact", "exact"), ("/./exact", "exact"), ("/x/../exact", "exact"), ("/exact/.", "exact-slash"),
    ("/exact/x/..", "exact-slash"),
    ("/prefix", "prefix"), ("/prefix/", "prefix"), ("/prefix/x", "prefix"), ("/prefixx", "root"), ("/prefix-x", "root"),
    ("/prefix.x", "root"), ("/prefix;x", "root"), ("/prefix?longer", "prefix"), ("/prefix/longe", "prefix"),
    ("/prefix/longer", "longer"), ("/prefix/longer/", "longer"), ("/prefix/longer/x/y", "longer"),
    ("/prefix/longerx", "prefix"), ("/prefix/x/longer", "prefix"), ("/prefix/x/../longer", "longer"),
    ("/prefix/%6conger", "longer"), ("/prefix/longer/..", "prefix"), ("/prefix/longer/x/deep", "longer"),
    ("/prefix/exact", "exact-in-prefix"), ("/prefix/exact/", "prefix"), ("/prefix/exactx", "prefix"),
    ("/regex/1", "regex"), ("/regex/123456", "regex"), ("/regex/", "root"), ("/regex/x", "root"), ("/regex/1x", "root"),
    ("/regex/1/", "root"), ("/regex/1/items/2", "regex-longer"), ("/regex/1/items/", "regex-longer"), ("/regex/1/items", "root"),
    ("/xregex/1", "root"), ("/regex/1?x=/items/", "regex"),
    ("/method", "get"), ("/method", "post", "POST"), ("/method", "any-method", "PUT"), ("/method", "any-method", "DELETE"),
    ("/method", "any-method", "PATCH"), ("/method", "any-method", "OPTIONS"), ("/method/below", "get"),
    ("/method/below", "delete-below", "DELETE"), ("/method/below", "post", "POST"), ("/method/below/x", "delete-below", "DELETE"),
    ("/headers", "no-header"), ("/headers", "one-header", "GET", "X-A: 1"), ("/headers", "no-header", "GET", "X-A: 2"),
    ("/headers", "no-header", "GET", "X-A: 11"), ("/headers", "two-headers", "GET", "X-A: 1", "X-B: 2"),
    ("/headers", "two-headers", "GET", "x-b: 2", "x-a: 1"), ("/headers", "no-header", "GET", "X-B: 2"),
    ("/headers", "one-header", "GET", "X-A: 2", "X-A: 1"), ("/headers", "header-method", "PUT"),
    ("/headers", "header-method", "PUT", "X-A: 1", "X-B: 2"), ("/headers", "no-header", "GET", "X-A:"),
    ("/headers", "one-header", "GET", "X-A:   1  "),
    ("/kinds/present", "present", "GET", "X-Any: x"), ("/kinds/present", "present", "GET", "X-Any:"),
    ("/kinds/present", "root"), ("/kinds/absent", "absent"), ("/kinds/absent", "root", "GET", "X-None: x"),
    ("/kinds/absent", "root", "GET", "X-None:"),
    ("/kinds/starts", "starts", "GET", "X-S: abc"), ("/kinds/starts", "starts", "GET", "X-S: abcdef"),
    ("/kinds/starts", "root", "GET", "X-S: ab"), ("/kinds/starts", "root", "GET", "X-S: xabc"),
    ("/kinds/matches", "matches", "GET", "X-R: v12"), ("/kinds/matches", "root", "GET", "X-R: v"),
    ("/kinds/matches", "root", "GET", "X-R: v1x"), ("/kinds/matches", "root", "GET", "X-R: xv1"),
    ("/kinds/host", "root"),
    ("/query", "no-query"), ("/query?a=1", "one-query"), ("/query?a=2", "no-query"), ("/query?a=", "no-query"), ("/query?a", "no-query"),
    ("/query?x=y&a=1", "one-query"), ("/query?a=1&b=2", "two-queries"), ("/query?b=2&a=1", "two-queries"),
    ("/query?a=1&b=3", "one-query"), ("/query?%61=%31", "one-query"), ("/query?A=1", "no-query"),
    ("/query?c=abc", "regex-query"), ("/query?c=abcg", "no-query"),
    ("/query?a=1", "header-query", "GET", "X-Q: 1"), ("/query?a=1&b=2", "header-query", "GET", "X-Q: 1"),
    ("/query?a=2&a=1", "no-query"), ("/query?a=1&a=2", "one-query"), ("/query?&&a=1&&", "one-query"), ("/query/more?a=1", "one-query"),
    ("/equal", "first-of-equals", "GET", "X-1: 1", "X-2: 1"), ("/equal", "second-of-equals", "GET", "X-2: 1"),
    ("/equal", "root"),
    ("/caf%c3%a9", "encoded"), ("/caf%C3%A9/x", "encoded"), ("/cafe", "root"),
    ("/a.b-c_d~e", "dots"), ("/a%2eb%2Dc%5fd%7Ee", "dots"), ("/axb-c_d~e", "root"),
    ("/p;x=1", "params"), ("/p;x=2", "root"), ("/p", "root"),
]


def ask(c, path, method="GET", *fields):
    lines = [f"{method} {path} HTTP/1.1", "Host: a.test", *fields]
    return c.request("\r\n".join(lines) + "\r\n\r\n")


def named(c, line, fields, body):
    Upstream.answer(c, fields.get("x-rule", ["none"])[0])


def test_table():
    assert len(TABLE) >= 100, len(TABLE)
    with Upstream(serving(named)) as up:
        # As written and turned round: precedence does not depend on the order of the rules but among equals.
        first = [r for r in RULES if "equal" in str(r)]
        for rules in (RULES, [r for r in reversed(RULES) if r not in first] + first):
            with Forge([gateway(free_port()), service("a", up.port), route("all", *rules)]) as f, Client(f.port) as c:
                wrong = []
                for path, want, *request in TABLE:
                    _, _, body = ask(c, path, *request)
                    if body.decode() != want:
                        wrong.append(f"{path} {request}: {body.decode()[:200]}, not {want}")
                assert not wrong, "\n".join(wrong)


HOSTS = ["exact.test", "*.wild.test", "*.deep.wild.test", "one.wild.test"]
HOST_TABLE = [
    ("exact.test", "exact.test"), ("EXACT.test", "exact.test"), ("exact.test:8080", "exact.test"), ("exact.test.", "exact.test"),
    ("x.exact.test", "other"), ("exact.tes", "other"), ("wild.test", "other"), ("a.wild.test", "*.wild.test"),
    ("a.b.wild.test", "*.wild.test"), ("one.wild.test", "one.wild.test"), ("x.one.wild.test", "*.wild.test"),
    ("deep.wild.test", "*.wild.test"), ("x.deep.wild.test", "*.deep.wild.test"), ("x.y.deep.wild.test", "*.deep.wild.test"),
    ("awild.test", "other"), ("127.0.0.1", "other"), ("[::1]", "other"), ("other", "other"),
]


def test_hosts_of_routes():
    with Upstream(serving(named)) as up:
        routes = [route(f"r{i}", to(h, "/"), hostnames=[h]) for i, h in enumerate(HOSTS)] + [route("rest", to("other", "/"))]
        with Forge([gateway(free_port()), service("a", up.port), *routes]) as f, Client(f.port) as c:
            for host, want in HOST_TABLE:
                status, _, body = c.get(host=host)
                assert body.decode() == want, f"{host}: {body.decode()[:200]}, not {want}"


def test_hosts_of_listeners():
    """The most specific listener has the host for itself; a host that none has is refused."""
    with Upstream(serving(named)) as up:
        port = free_port()
        gw = gateway(None, listeners=[listener(port, "*.wild.test", tags={"l": "wild"}),
                                      listener(port, "own.wild.test", tags={"l": "own"})])
        docs = [gw, service("a", up.port), route("wild", to("wild", "/")), route("own", to("own", "/own"))]
        docs[2]["spec"]["targetRef"]["tags"] = {"l": "wild"}
        docs[3]["spec"]["targetRef"]["tags"] = {"l": "own"}
        with Forge(docs) as f, Client(port) as c:
            assert c.get(host="x.wild.test")[2] == b"wild"
            assert c.get("/own", host="own.wild.test")[2] == b"own"
            assert c.ask_problem("GET / HTTP/1.1\r\nHost: own.wild.test\r\n\r\n", 404, "route-no-match")
            assert c.ask_problem("GET / HTTP/1.1\r\nHost: else.test\r\n\r\n", 404, "route-no-host")
            assert f.ending("route-no-match") == 1 and f.ending("route-no-host") == 1


def redirect(**fields):
    return {"type": "RequestRedirect", "requestRedirect": fields}


def prefix_change(value):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def full_change(value):
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


REDIRECTS = [
    ("/moved", redirect(hostname="b.test"), [("/moved/x?y=1", 302, "http://b.test/moved/x?y=1"), ("/moved", 302, "http://b.test/moved")]),
    ("/secure", redirect(scheme="https", statusCode=301), [("/secure", 301, "https://a.test/secure")]),
    ("/port", redirect(port=8443), [("/port", 302, "http://a.test:8443/port")]),
    ("/default", redirect(scheme="https", port=443), [("/default", 302, "https://a.test/default")]),
    ("/old", redirect(path=prefix_change("/new")), [("/old/a/b?c", 302, "http://a.test/new/a/b?c"), ("/old", 302, "http://a.test/new"),
                                                     ("/old/", 302, "http://a.test/new/")]),
    ("/strip", redirect(path=prefix_change("/")), [("/strip/a", 302, "http://a.test/a"), ("/strip", 302, "http://a.test/")]),
    ("/full", redirect(path=full_change("/there"), statusCode=308), [("/full/a?b=c", 308, "http://a.test/there?b=c")]),
    ("/other", redirect(statusCode=307), [("/other", 307, "http://a.test/other")]),
    ("/see", redirect(statusCode=303, hostname="b.test"), [("/see", 303, "http://b.test/see")]),
]


def test_redirects():
    rules = [rule(path, [], filters=[f]) for path, f, _ in REDIRECTS]
    with Forge([gateway(free_port()), route("all", *rules)]) as f, Client(f.port) as c:
        for _, _, table in REDIRECTS:
            for path, status, location in table:
                got, fields, body = c.get(path)
                assert (got, fields.get("location")) == (status, location), f"{path}: {got} {fields}"
        # What a client sends cannot break out of the Location.
        assert c.get("/moved?a=%0d%0aX:y")[1]["location"] == "http://b.test/moved?a=%0d%0aX:y"
        assert f.metric("forge_responses_3xx_total") >= 10


def rewrite(**fields):
    return {"type": "URLRewrite", "urlRewrite": fields}


REWRITES = [
    ("/api", rewrite(path=prefix_change("/v1")), [("/api/a?b=c", "/v1/a?b=c", "a.test"), ("/api", "/v1", "a.test"),
                                                    ("/api/", "/v1/", "a.test")]),
    ("/strip", rewrite(path=prefix_change("/")), [("/strip/a", "/a", "a.test"), ("/strip", "/", "a.test"), ("/strip/", "/", "a.test")]),
    ("/full", rewrite(path=full_change("/x")), [("/full/a/b?c", "/x?c", "a.test")]),
    ("/host", rewrite(hostname="in.test"), [("/host/a", "/host/a", "in.test")]),
    ("/back", rewrite(hostToBackendHostname=True), [("/back", "/back", "a")]),
    ("/both", rewrite(hostname="in.test", path=prefix_change("/w")), [("/both/%7Ea", "/w/~a", "in.test")]),
]


def test_rewrites():
    rules = [rule(path, [backend("a")], filters=[f]) for path, f, _ in REWRITES]
    with Upstream() as up, Forge([gateway(free_port()), service("a", up.port), route("all", *rules)]) as f, Client(f.port) as c:
        for _, _, table in REWRITES:
            for path, target, host in table:
                assert c.get(path)[0] == 200, path
                line, fields, _ = up.requests[-1]
                assert line == f"GET {target} HTTP/1.1" and fields["host"] == [host], f"{path}: {line} {fields['host']}"
                assert fields["x-forwarded-host"] == ["a.test"], "the host that the client asked for"


def modifier(kind, **lists):
    field = kind[0].lower() + kind[1:]
    lists = {k: [{"name": n, "value": w} for n, w in v] if k != "remove" else v for k, v in lists.items()}
    return {"type": kind, field: lists}


def test_header_filters():
    filters = [modifier("RequestHeaderModifier", set=[("x-set", "1"), ("x-new", "2")], add=[("x-add", "3")], remove=["x-gone", "cookie"]),
               modifier("ResponseHeaderModifier", set=[("server", "forge")], add=[("x-more", "b")], remove=["x-secret", "set-cookie"])]

    def script(c, line, fields, body):
        Upstream.answer(c, more="Server: nginx\r\nX-More: a\r\nX-Secret: 1\r\nX-Secret: 2\r\nSet-Cookie: a=b\r\nX-Kept: 1\r\n")

    with Upstream(serving(script)) as up:
        docs = [gateway(free_port()), service("a", up.port), route("all", rule("/", [backend("a")], filters=filters))]
        with Forge(docs) as f, Client(f.port) as c:
            _, fields, _ = c.get(more="X-Set: old\r\nX-Set: older\r\nX-Add: 0\r\nX-Gone: 1\r\nCookie: a=b\r\nX-Kept: 1\r\n")
            sent = up.requests[0][1]
            assert sent["x-set"] == ["1"] and sent["x-new"] == ["2"] and sent["x-add"] == ["0", "3"], sent
            assert "x-gone" not in sent and "cookie" not in sent and sent["x-kept"] == ["1"], sent
            assert fields["server"] == "forge" and fields["x-more"] == "a, b" and fields["x-kept"] == "1", fields
            assert "x-secret" not in fields and "set-cookie" not in fields, fields


def test_head_without_room_for_added_fields():
    filters = [modifier("RequestHeaderModifier", add=[(f"x-{i}", "1") for i in range(16)])]
    answers = [modifier("ResponseHeaderModifier", add=[(f"y-{i}", "1") for i in range(16)])]

    def script(c, line, fields, body):
        Upstream.answer(c, more="".join(f"Z-{i}: 1\r\n" for i in range(90)))

    with Upstream(serving(script)) as up:
        docs = [gateway(free_port()), service("a", up.port), route("all", rule("/request", [backend("a")], filters=filters),
                                                                   rule("/response", [backend("a")], filters=answers))]
        with Forge(docs) as f, Client(f.port) as c:
            many = "".join(f"Z-{i}: 1\r\n" for i in range(85))
            c.send(f"GET /request HTTP/1.1\r\nHost: a\r\n{many}\r\n")
            c.problem(431, "policy-request-head-full")
            c.ask_problem("GET /response HTTP/1.1\r\nHost: a\r\n\r\n", 502, "policy-response-head-full")
            assert f.ending("policy-request-head-full") == 1 and f.ending("policy-response-head-full") == 1


def weights(*pairs):
    return [backend(name, weight=w) for name, w in pairs]


def test_weights():
    def is_(name):
        return serving(lambda c, *_: Upstream.answer(c, name))

    with Upstream(is_("a")) as a, Upstream(is_("b")) as b:
        rules = [rule("/90", weights(("a", 90), ("b", 10))), rule("/0", weights(("a", 1), ("b", 0))),
                 rule("/big", weights(("a", 4294967295), ("b", 4294967295)))]
        docs = [gateway(free_port()), service("a", a.port), service("b", b.port), route("all", *rules)]
        with Forge(docs) as f, Client(f.port) as c:
            def share(path, n):
                return sum(c.get(path)[2] == b"a" for _ in range(n)) / n

            # Six standard deviations: once in 10^9 runs by chance.
            assert abs(share("/90", 1000) - 0.9) < 0.057
            assert share("/0", 100) == 1
            assert abs(share("/big", 400) - 0.5) < 0.15


def test_round_robin_and_least_requests():
    from forge import policy

    def is_(name):
        return serving(lambda c, *_: Upstream.answer(c, name))

    with Upstream(is_("a")) as a, Upstream(is_("b")) as b, Upstream(is_("c")) as third:
        docs = [gateway(free_port()), service("a", a.port, b.port, third.port), route("all", rule("/", [backend("a")]))]
        with Forge(docs) as f, Client(f.port) as c:
            got = [c.get()[2] for _ in range(30)]
            assert all(got[i] != got[i + 1] and got[i] == got[i + 3] for i in range(26)), got
        docs.append(policy("ForgeUpstream", "least", ("MeshExternalService", "a"), balance="LeastRequest"))
        with Forge(docs) as f, Client(f.port) as c:
            assert {c.get()[2] for _ in range(60)} == {b"a", b"b", b"c"}


def test_ten_thousand_routes():
    """The cost of a match does not grow with their number, nor does start-up."""
    import time
    rules = [rule(f"/svc/{i}/api", [backend("a")]) for i in range(10000)]
    with Upstream() as up, Forge([gateway(free_port()), service("a", up.port), route("all", *rules)]) as f, Client(f.port) as c:
        for i in (0, 1, 4999, 9999):
            assert c.get(f"/svc/{i}/api/x")[0] == 200
        began = time.monotonic()
        for i in range(200):
            assert c.get(f"/svc/{i * 50}/api")[0] == 200
        assert time.monotonic() - began < 4
        c.ask_problem("GET /svc/10000/api HTTP/1.1\r\nHost: a\r\n\r\n", 404, "route-no-match")


def test_regex_that_backtracks_is_bounded():
    """A pattern that explodes gives up early and does not match; nobody waits for it."""
    import time
    docs = [gateway(free_port()), route("all", rule("/(a+)+b", [], kind="RegularExpression", filters=[redirect(hostname="x.test")]))]
    with Forge(docs) as f, Client(f.port) as c:
        began = time.monotonic()
        c.ask_problem("GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 404, "route-no-match")
        assert time.monotonic() - began < 2
        assert c.get("/aaab")[0] == 302
