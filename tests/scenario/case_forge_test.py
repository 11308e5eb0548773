"""ForgeTest documents: a configuration that treats a request otherwise than expected does not go live."""
from forge import Forge, backend, body_cap, route, rule, simple, simple_documents
from peer import Client, Upstream


def forge_test(*cases, **more):
    return {"type": "ForgeTest", "mesh": "default", "name": "t", "spec": {"cases": list(cases)}, **more}


def case(url, name="c", **expect):
    return {"name": name, "request": {"method": "POST", "url": url, "bodyBytes": 11}, "expect": expect}


def test_a_failing_test_keeps_the_old_configuration():
    with Upstream() as up:
        documents = simple_documents(up) + [forge_test(case("http://a.test/x", outcome="Upstream", route="all"))]
        with Forge(documents) as f:
            f.reload_refused(documents + [body_cap(10)])
            said = f.output()
            assert "ForgeTest `default/t: c` fails: " in said, said
            assert "`outcome` was expected to be Upstream, and the gateway answers 413, policy-body-cap" in said, said
            with Client(f.port) as c:
                assert c.post("x" * 11)[0] == 200
            f.reload(documents + [route("more", rule("/more", [backend("a")]))])


def test_a_failing_test_in_a_shadow_only_tells():
    labels = {"kuma.io/effect": "shadow"}
    with Upstream() as up, simple(up, [forge_test(case("http://a.test/x", status=404), labels=labels)]) as f:
        with Client(f.port) as c:
            assert c.get("/")[0] == 200
