"""nginx as upstream: kept connections, chunks, ranges, compression, large files, and connections that it ends as it likes."""
import contextlib
import gzip
import os
import tempfile
import time

from case_nghttp2 import loaded
from forge import free_port, simple
from peer import Client
from tools import Server, nginx

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests {requests}; keepalive_timeout {timeout}; client_max_body_size 100m;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s; gzip on; gzip_types text/plain; gzip_min_length 10; default_type text/plain; root {folder}/www;
    server {{
        listen 127.0.0.1:{port};
        location /headers {{ add_header X-Seen "$http_host $http_x_forwarded_for $server_protocol $http_connection" always; return 204; }}
        location /moved {{ return 301 /x; }}
        location /body {{ client_body_buffer_size 1k; proxy_pass http://127.0.0.1:{port}/length; }}
        location /length {{ return 200 "$request_length $content_length\\n"; }}
    }}
}}
"""


@contextlib.contextmanager
def running(requests=1000, timeout="60s"):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "www"))
        data = os.urandom(1 << 20) * 3
        for name, content in (("x", b"hello\n"), ("big", data), ("text", b"text " * 20000)):
            with open(os.path.join(folder, "www", name), "wb") as f:
                f.write(content)
        port = free_port()
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIGURATION.format(folder=folder, port=port, requests=requests, timeout=timeout))
        with Server(nginx(), "-c", path, "-p", folder, port=port) as server:
            server.data = data
            yield server


def test_files_and_fields():
    with running() as n, simple(n.port) as f, Client(f.port) as c:
        assert c.get("/x")[2] == b"hello\n"
        assert c.get("/big")[2] == n.data
        status, fields, body = c.get("/big", more="Range: bytes=10-19\r\n")
        assert (status, body) == (206, n.data[10:20]) and fields["content-range"] == f"bytes 10-19/{len(n.data)}"
        status, fields, body = c.get("/text", more="Accept-Encoding: gzip\r\n")
        assert fields["content-encoding"] == "gzip" and gzip.decompress(body) == b"text " * 20000, fields
        etag = c.get("/x")[1]["etag"]
        assert c.get("/x", more=f"If-None-Match: {etag}\r\n")[0] == 304
        assert c.request("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n")[1]["content-length"] == str(len(n.data))
        assert c.get("/none")[0] == 404 and c.get("/moved")[1]["location"].endswith("/x")
        seen = c.get("/headers", more="Connection: keep-alive\r\n")[1]["x-seen"]
        assert seen.split()[:3] == ["a.test", "127.0.0.1", "HTTP/1.1"], seen
        assert f.metric("forge_upstream_connects_total") <= 2, "connections were not kept"


def test_bodies_of_each_kind():
    with running() as n, simple(n.port) as f, Client(f.port) as c:
        big = b"b" * 5000000
        status, _, body = c.post(big, "/body")
        assert status in (200, 405) and (status == 405 or int(body.split()[1]) == len(big)), (status, body)
        c.send("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            c.send(b"2710\r\n" + b"c" * 10000 + b"\r\n")
        c.send("0\r\n\r\n")
        status, _, body = c.response()
        assert status in (200, 405), (status, body)
        assert c.get("/x")[2] == b"hello\n"


def test_load():
    with running() as n, simple(n.port, workers=2) as f:
        url = f"http://127.0.0.1:{f.port}/x"
        loaded("-n", "2000", "-c", "16", "--h1", url)
        loaded("-n", "2000", "-c", "4", "-m", "25", url)
        assert f.endings() == {}, f.endings()


def test_connections_that_nginx_ends():
    """After five requests each, and after a second of silence: nobody may notice, whatever the method."""
    with running(requests=5, timeout="1s") as n, simple(n.port) as f:
        url = f"http://127.0.0.1:{f.port}/x"
        loaded("-n", "1500", "-c", "8", "--h1", url)
        loaded("-n", "1500", "-c", "2", "-m", "30", url)
        with Client(f.port) as c:
            for pause in (0.9, 1.0, 1.1, 1.0):
                assert c.get("/x")[0] == 200
                time.sleep(pause)
        assert f.endings() == {}, f.endings()
