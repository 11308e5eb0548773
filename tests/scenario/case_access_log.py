"""The access log: a line for each request, in JSON or a format of one's own, off the hot path, and nothing forged."""
import json
import os
import re
import tempfile
import threading

from forge import access_log, simple
from peer import Client, Upstream


def lines(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def wait_lines(f, path, n):
    f.wait(lambda: len(lines(path)) >= n, lambda: f"{n} lines in the log, not {len(lines(path))}")
    return lines(path)


def test_json_lines():
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        with simple(up, [access_log(path)]) as f, Client(f.port) as c:
            c.get("/x?y=1", more="User-Agent: me\r\n")
            c.post("abc", "/p")
            c.ask_problem("GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "uri-path-empty-segment")
            rows = [json.loads(line) for line in wait_lines(f, path, 3)]
            first, second, third = rows
            assert (first["method"], first["target"], first["status"], first["user_agent"]) == ("GET", "/x?y=1", 200, "me"), first
            assert first["host"] == "a.test" and first["protocol"] == "HTTP/1.1" and first["scheme"] == "http", first
            assert first["upstream"] == "a" and first["endpoint"] == f"127.0.0.1:{up.port}" and first["route"] == "all", first
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", first["time"]), first
            assert first["id"] == up.requests[0][1]["x-request-id"][0]
            assert "3" in str(second.values()) and second["method"] == "POST"
            assert third["why"] == "uri-path-empty-segment" and third["status"] == 400, third
            assert "127.0.0.1" in first["client"]


def test_format_string():
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        plain = "%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% " \
                "%PROTOCOL% %UPSTREAM_HOST% %REQ(X-NONE?USER-AGENT)% %RESP(CONTENT-TYPE)% 100%%"
        with simple(up, [access_log(path, plain)]) as f, Client(f.port) as c:
            c.post("abcd", "/p", more="User-Agent: me\r\n")
            c.ask_problem("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400, "uri-percent")
            c.close()
            got = wait_lines(f, path, 1)
            assert got[0] == f"POST /p 200 - 4 8 HTTP/1.1 127.0.0.1:{up.port} me text/plain 100%", got


def test_nothing_that_a_client_sends_makes_a_line_of_its_own():
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        with simple(up, [access_log(path)]) as f, Client(f.port) as c:
            c.get("/%22%7D", more="User-Agent: \"}\\n{\"status\":200 \\ \xff\xe9\t<script>\r\n")
            c.get("/" + "l" * 9000, more="User-Agent: " + "u" * 9000 + "\r\n")
            rows = [json.loads(line.encode("utf-8", "surrogateescape").decode("utf-8")) for line in wait_lines(f, path, 2)]
            assert len(rows) == 2 and rows[0]["user_agent"].startswith('"}\\n{"status":200 \\ '), rows[0]
            assert len(rows[1]["target"]) < 9000 and rows[1]["target"].startswith("/lll")


def test_reopened_on_hangup():
    """As log rotation does it: the file is moved away, SIGHUP makes a new one; no line is lost."""
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        with simple(up, [access_log(path)]) as f, Client(f.port) as c:
            for i in range(10):
                c.get(f"/before{i}")
            wait_lines(f, path, 10)
            os.rename(path, path + ".1")
            f.reload()
            for i in range(10):
                c.get(f"/after{i}")
            f.wait(lambda: len(lines(path)) + len(lines(path + ".1")) >= 20, "20 lines")
            assert [json.loads(line)["target"] for line in lines(path)] == [f"/after{i}" for i in range(10)], lines(path)


def test_every_request_has_its_line_under_load():
    with tempfile.TemporaryDirectory() as folder, Upstream() as up:
        path = os.path.join(folder, "log")
        with simple(up, [access_log(path)], workers=2) as f:
            def load(k):
                with Client(f.port) as c:
                    for i in range(200):
                        assert c.get(f"/{k}/{i}")[0] == 200

            threads = [threading.Thread(target=load, args=(k,)) for k in range(5)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            drops = f.metric("forge_access_log_drops_total")
        # After the end: a clean stop writes what is left.
        targets = [json.loads(line)["target"] for line in lines(path)]
        assert len(targets) + drops == 1000 and len(set(targets)) == len(targets), (len(targets), drops)


def test_file_that_cannot_be_written():
    """A full disk loses records, counts them, and slows nothing down."""
    if not os.path.exists("/dev/full"):
        from forge import Skip
        raise Skip("no /dev/full here")
    with Upstream() as up, simple(up, [access_log("/dev/full")]) as f, Client(f.port) as c:
        for i in range(50):
            assert c.get()[0] == 200
        f.wait(lambda: f.metric("forge_access_log_failed_writes") > 0, "a counted failure")
        assert c.get()[0] == 200
