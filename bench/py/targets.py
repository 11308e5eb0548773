"""The proxies under measurement: their configuration, tuned alike, and their processes.

Alike means: one worker or thread on one core, upstream connections kept alive, TLS 1.3 only with one P-256
certificate and X25519 or X25519MLKEM768, no access log unless the row says so (then the same fields), no limit on
requests per connection, long timeouts. The upstream is told the same by each: Host as it came, X-Forwarded-For, -Proto
and -Host, and X-Request-Id, which is what a gateway does and what ours always does.
"""
import base64
import os
import resource
import shutil
import signal
import socket
import subprocess
import time

from where import BUILD, FORGED, PORT_BACKEND, PORTS, WORK, cores

NAMES = ["ours", "nginx", "haproxy", "floor"]
BARE_PEERS = "FORGE_BENCH_BARE_PEERS"  # set: nginx and HAProxy tell the upstream nothing about the client


def descriptors():
    """How many file descriptors a proxy may have here: 40,000 where the limit allows it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 40000 if hard == resource.RLIM_INFINITY else min(hard, 40000)


def haproxy_conn_n(row):
    """HAProxy reserves descriptors for both sides (and for pipes), and refuses to start without them."""
    return descriptors() // (4 if row.bulk else 2) - 200


def certificate():
    """One self-signed P-256 certificate for all; answers the path of chain and key in one file."""
    pem = os.path.join(WORK, "cert.pem")
    if not os.path.exists(pem):
        key = os.path.join(WORK, "key.part")
        crt = os.path.join(WORK, "crt.part")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", crt, "-days", "3650", "-subj", "/CN=bench.test",
                        "-addext", "subjectAltName=DNS:bench.test"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(pem + ".part", "w") as f:
            f.write(open(crt).read() + open(key).read())
        os.rename(pem + ".part", pem)
    return pem


def json_line(pairs):
    """A JSON object; values that stand in quotes are texts."""
    return "{" + ",".join('"%s":%s' % pair for pair in pairs) + "}"


NGINX_LOG = json_line([
    ("time", '"$time_iso8601"'), ("id", '"$request_id"'), ("client", '"$remote_addr:$remote_port"'),
    ("method", '"$request_method"'), ("scheme", '"$scheme"'), ("host", '"$http_host"'), ("target", '"$request_uri"'),
    ("protocol", '"$server_protocol"'), ("user_agent", '"$http_user_agent"'), ("status", "$status"),
    ("listener", '"$server_port"'), ("upstream", '"backend"'), ("endpoint", '"$upstream_addr"'),
    ("received", "$request_length"), ("sent", "$bytes_sent"), ("seconds", "$request_time"),
    ("upstream_seconds", '"$upstream_response_time"'), ("tls", '"$ssl_protocol"'), ("cipher", '"$ssl_cipher"')])

HAPROXY_LOG = json_line([
    ("time", '"%[date,ltime(%FT%T)]"'), ("id", '"%ID"'), ("client", '"%ci:%cp"'), ("method", '"%HM"'),
    ("scheme", '"%[ssl_fc,iif(https,http)]"'), ("host", '"%[capture.req.hdr(0),json]"'), ("target", '"%HU"'),
    ("protocol", '"%HV"'), ("user_agent", '"%[capture.req.hdr(1),json]"'), ("status", "%ST"), ("listener", '"%f"'),
    ("upstream", '"%b"'), ("endpoint", '"%si:%sp"'), ("tries", "%rc"), ("received", "%U"), ("sent", "%B"),
    ("milliseconds", "%Ta"), ("upstream_milliseconds", "%Tr"), ("tls", '"%sslv"'), ("cipher", '"%sslc"')])


def nginx_conf(row, where):
    clear, tls = PORTS["nginx"]
    log = "access_log off;"
    if row.log:
        log = "log_format j escape=json '%s'; access_log %s/access.log j buffer=64k flush=1s;" % (NGINX_LOG, where)
    size = 64 if row.tls else 256  # of 16 to 512 KB the best; buffering whole bodies costs nginx half its rate
    bulk = "proxy_buffering off; proxy_buffer_size %dk; proxy_buffers 8 %dk; proxy_busy_buffers_size %dk;" % (
        (size,) * 3) if row.bulk else ""
    told = ("proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;\n"
            "  proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Request-Id $request_id;")
    return """
user root; worker_processes 1; daemon off; pid %(where)s/nginx.pid; error_log stderr crit;
worker_rlimit_nofile %(fds)d;
events { worker_connections %(conns)d; multi_accept on; use epoll; }
http {
  %(log)s
  tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 1000000000; client_body_temp_path %(where)s;
  proxy_temp_path %(where)s; fastcgi_temp_path %(where)s; uwsgi_temp_path %(where)s; scgi_temp_path %(where)s;
  upstream backend { server 127.0.0.1:%(backend)d; keepalive 4096; keepalive_requests 1000000000;
                     keepalive_timeout 600s; }
  ssl_certificate %(pem)s; ssl_certificate_key %(pem)s; ssl_protocols TLSv1.3;
  ssl_ecdh_curve X25519MLKEM768:X25519; ssl_session_cache none; ssl_session_tickets on; ssl_buffer_size 16k;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  %(told)s
  proxy_max_temp_file_size 0; %(bulk)s
  server {
    listen 127.0.0.1:%(clear)d backlog=4096; listen 127.0.0.1:%(tls)d ssl backlog=4096; http2 on;
    http2_max_concurrent_streams 256; server_name bench.test;
    location / { proxy_pass http://backend; }
  }
}
""" % dict(where=where, fds=descriptors(), conns=descriptors() - 100, log=log, backend=PORT_BACKEND,
           pem=certificate(), bulk=bulk, clear=clear, tls=tls, told="" if BARE_PEERS in os.environ else told)


def haproxy_conf(row, where):
    clear, tls = PORTS["haproxy"]
    parts = {"conns": haproxy_conn_n(row), "clear": clear, "tls": tls, "pem": certificate(), "backend": PORT_BACKEND,
             "bulk_global": "", "bulk": "", "log": "", "captures": "", "told": ""}
    if row.log:
        parts["log"] = "  log stdout len 1024 format raw local0 info\n  log-format '%s'\n" % HAPROXY_LOG
        parts["captures"] = ("  http-request capture req.hdr(host) len 64\n"
                             "  http-request capture req.fhdr(user-agent) len 64\n")
    if row.bulk:
        parts["bulk_global"] = "  tune.bufsize 65536\n  tune.pipesize 1048576\n"
        parts["bulk"] = "  option splice-auto\n"
    if BARE_PEERS not in os.environ:
        parts["told"] = ("  unique-id-format %[uuid()]\n  http-request set-header X-Request-Id %[unique-id]\n"
                         "  http-request set-header X-Forwarded-For %[src]\n"
                         "  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]\n"
                         "  http-request set-header X-Forwarded-Host %[req.hdr(host)]\n")
    return """global
  nbthread 1
  maxconn {conns}
  tune.idle-pool.shared off
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-curves X25519MLKEM768:X25519
{bulk_global}defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option http-keep-alive
  http-reuse always
{log}{bulk}frontend edge
  bind 127.0.0.1:{clear} backlog 4096
  bind 127.0.0.1:{tls} backlog 4096 ssl crt {pem} alpn h2,http/1.1
{captures}{told}  default_backend backend
backend backend
  server one 127.0.0.1:{backend} pool-max-conn -1 pool-purge-delay 600s
""".format(**parts)


def ours_documents(row, where):
    """Kuma documents for forged."""
    clear, tls = PORTS["ours"]
    pem = base64.b64encode(open(certificate(), "rb").read()).decode()
    docs = ["""type: MeshGateway
mesh: default
name: edge
conf:
  listeners:
    - port: %d
      protocol: HTTP
      hostname: "*"
    - port: %d
      protocol: HTTPS
      hostname: "*"
      tls:
        mode: TERMINATE
        certificates:
          - secret: cert
""" % (clear, tls), """type: Secret
mesh: default
name: cert
data: %s
""" % pem, """type: MeshExternalService
mesh: default
name: backend
spec:
  match:
    type: HostnameGenerator
    port: 9000
    protocol: http
  endpoints:
    - address: 127.0.0.1
      port: %d
""" % PORT_BACKEND, """type: MeshHTTPRoute
mesh: default
name: all
spec:
  targetRef:
    kind: MeshGateway
    name: edge
  to:
    - targetRef:
        kind: Mesh
      rules:
        - matches:
            - path:
                type: PathPrefix
                value: /
          default:
            backendRefs:
              - kind: MeshExternalService
                name: backend
"""]
    if row.log:
        docs.append("""type: ForgeAccessLog
name: log
spec:
  path: %s/access.log
  format:
    type: Json
""" % where)
    return "---\n".join(docs)


class Failed(Exception):
    """A sentence about a measurement that gave no figure."""


class Target:
    """One proxy, fresh for one measurement."""

    def __init__(self, name, row, peers):
        self.name, self.row = name, row
        self.where = os.path.join(WORK, name)
        shutil.rmtree(self.where, ignore_errors=True)
        os.makedirs(self.where)
        self.port = PORTS[name][1 if row.tls else 0]
        self.process = None
        self.argv = getattr(self, "_argv_" + name)(peers)

    def _write(self, name, text):
        path = os.path.join(self.where, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def _argv_nginx(self, peers):
        return peers.command("nginx") + ["-p", self.where, "-c", self._write("nginx.conf",
                                                                             nginx_conf(self.row, self.where))]

    def _argv_haproxy(self, peers):
        return peers.command("haproxy") + ["-db", "-f", self._write("haproxy.cfg",
                                                                          haproxy_conf(self.row, self.where))]

    def _argv_ours(self, _peers):
        os.makedirs(os.path.join(self.where, "conf"))
        os.makedirs(os.path.join(self.where, "state"))
        self._write("conf/bench.yaml", ours_documents(self.row, self.where))
        return [FORGED, "--config", os.path.join(self.where, "conf"), "--state", os.path.join(self.where, "state"),
                "--workers", "1", "--management", "none"]

    def _argv_floor(self, _peers):
        size = ["--buf-bytes", "262144", "--bufs", "16"] if self.row.bulk else []
        return [os.path.join(BUILD, "floor"), "--listen", str(self.port), "--backend", str(PORT_BACKEND)] + size

    def start(self):
        wait_free(self.port)
        log = open(os.path.join(self.where, "access.log" if self.name == "haproxy" and self.row.log else "stdout"),
                   "wb")
        err = open(os.path.join(self.where, "stderr"), "wb")
        self.process = subprocess.Popen(["taskset", "-c", str(cores()[0])] + self.argv, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=err, cwd=self.where, preexec_fn=os.setpgrp)
        deadline = time.monotonic() + 15
        while not is_open(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = open(os.path.join(self.where, "stderr")).read()[-1500:]
                self.stop()
                raise Failed("%s does not listen on port %d: %s" % (self.name, self.port, text.strip() or "no message"))
            time.sleep(0.02)
        time.sleep(0.05)

    def pids(self):
        """The process and all its children."""
        todo, found = [self.process.pid], []
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                todo += [int(x) for x in open("/proc/%d/task/%d/children" % (pid, pid)).read().split()]
            except OSError:
                pass
        return found

    def forged(self):
        """The process itself: taskset has become it."""
        return self.process.pid

    def memory(self):
        """Proportional and resident bytes of all its processes."""
        sums = {"Pss": 0, "Rss": 0}
        for pid in self.pids():
            for line in open("/proc/%d/smaps_rollup" % pid):
                word = line.split()
                if word and word[0].rstrip(":") in sums:
                    sums[word[0].rstrip(":")] += int(word[1]) * 1024
        return sums

    def stop(self):
        if self.process is None:
            return
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(timeout=3)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None


def is_open(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait_free(port):
    """A port of an earlier process may need a moment."""
    deadline = time.monotonic() + 5
    while is_open(port):
        if time.monotonic() > deadline:
            raise Failed("port %d of 127.0.0.1 is taken by another process" % port)
        time.sleep(0.05)

