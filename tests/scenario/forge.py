"""forge.py - start a real forged with documents of a test, talk to it, and see that it leaves nothing behind.

FORGED names the binary (build.sh sets it to the sanitizer build); default: the newest of .out/{asan,debug,release}/forged.
"""
import base64
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Skip(Exception):
    """Raised with the reason when something that the machine must have is not there."""


def binary():
    if os.environ.get("FORGED"):
        return os.environ["FORGED"]
    found = [os.path.join(ROOT, ".out", p, "forged") for p in ("asan", "debug", "release")]
    found = [f for f in found if os.path.exists(f)]
    if not found:
        raise SystemExit("scenario: no forged was built; run ./build.sh build")
    return max(found, key=os.path.getmtime)


port_guards = []


def free_port(host="127.0.0.1"):
    """A TCP port that nobody uses. Below the ephemeral range, so no outgoing connection takes it before forged does; and
    with SO_REUSEPORT two gateways could share one unnoticed, so a UDP socket of the same number keeps other tests away."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(10000, 32000)
        guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            guard.bind((host, port))
            with socket.socket() as s:
                s.bind((host, port))
        except OSError:
            guard.close()
            continue
        port_guards.append(guard)
        return port
    raise AssertionError("no free port")


def listener(port, hostname="*", **more):
    return {"port": port, "protocol": "HTTP", "hostname": hostname, **more}


def tls_listener(port, *secrets, hostname="*", **more):
    names = secrets or ("forge-self-signed",)
    return {"port": port, "protocol": "HTTPS", "hostname": hostname,
            "tls": {"mode": "TERMINATE", "certificates": [{"secret": s} for s in names]}, **more}


def gateway(port, tls_port=None, name="edge", listeners=()):
    own = [listener(port)] if port else []
    if tls_port:
        own.append(tls_listener(tls_port))
    return {"type": "MeshGateway", "mesh": "default", "name": name, "conf": {"listeners": own + list(listeners)}}


def service(name, *ports, protocol="http", address="127.0.0.1", **spec):
    return {"type": "MeshExternalService", "mesh": "default", "name": name,
            "spec": {"match": {"type": "HostnameGenerator", "port": ports[0], "protocol": protocol},
                     "endpoints": [{"address": address, "port": p} for p in ports], **spec}}


def backend(name, **more):
    return {"kind": "MeshExternalService", "name": name, **more}


def rule(path, backends, kind="PathPrefix", filters=None, **match):
    default = {"backendRefs": backends} if backends else {}
    if filters:
        default["filters"] = filters
    return {"matches": [{"path": {"type": kind, "value": path}, **match}], "default": default}


def route(name, *rules, gateway_name="edge", hostnames=None):
    to = {"targetRef": {"kind": "Mesh"}, "rules": list(rules)}
    if hostnames:
        to["hostnames"] = hostnames
    return {"type": "MeshHTTPRoute", "mesh": "default", "name": name,
            "spec": {"targetRef": {"kind": "MeshGateway", "name": gateway_name}, "to": [to]}}


def secret(name, text):
    return {"type": "Secret", "mesh": "default", "name": name, "data": base64.b64encode(text.encode()).decode()}


def policy(kind, name, target="Mesh", **spec):
    """A document of ours about the mesh, or about (kind, name) of another."""
    ref = {"kind": target} if isinstance(target, str) else {"kind": target[0], "name": target[1]}
    return {"type": kind, "mesh": "default", "name": name, "spec": {"targetRef": ref, **spec}}


def listener_extras(name="extras", **spec):
    return policy("ForgeListener", name, ("MeshGateway", "edge"), **spec)


def body_cap(size, target="Mesh", name="cap"):
    return policy("ForgeBodyCap", name, target, bytes=size)


def timeouts(name="times", http=None, **default):
    """MeshTimeout for everything: connectionTimeout, idleTimeout; http: requestTimeout, streamIdleTimeout."""
    if http:
        default["http"] = http
    return {"type": "MeshTimeout", "mesh": "default", "name": name,
            "spec": {"to": [{"targetRef": {"kind": "Mesh"}, "default": default}]}}


def access_log(path, plain=None):
    log = {"type": "ForgeAccessLog", "mesh": "default", "name": "log", "spec": {"path": path}}
    log["spec"]["format"] = {"type": "Plain", "plain": plain} if plain else {"type": "Json"}
    return log


def harsh_policies(seed):
    """Bodies cut into pieces of random sizes, and the contract with policies checked: a broken one ends the process."""
    return policy("ForgeTestPolicies", "harsh", pedant=True, chopSeed=seed)


def echo(name="a"):
    """A service that the gateway answers itself."""
    return [{"type": "MeshExternalService", "mesh": "default", "name": name,
             "spec": {"match": {"type": "HostnameGenerator", "port": 80, "protocol": "http"}}},
            policy("ForgeUpstream", name, ("MeshExternalService", name), echo=True)]


def simple_documents(up, port=None, tls_port=None, protocol="http"):
    """One gateway, everything to one upstream."""
    ports = [up] if isinstance(up, int) else [up.port]
    return [gateway(port or free_port(), tls_port), service("a", *ports, protocol=protocol),
            route("all", rule("/", [backend("a")]))]


def simple(up, documents=(), tls_port=None, protocol="http", **more):
    """A gateway before one upstream (or a port)."""
    return Forge(simple_documents(up, tls_port=tls_port, protocol=protocol) + list(documents), **more)


class LocalConnection(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Forge:
    """A running gateway. with Forge([documents]) as f: ...; at the end it must stop cleanly and report no live slots."""

    def __init__(self, documents, workers=1, extra=(), expect_start=True, drain=5, env=None, descriptors=None):
        self.dir = tempfile.mkdtemp(prefix="forge-scenario-")
        self.conf = os.path.join(self.dir, "conf")
        os.mkdir(self.conf)
        self.port = self.tls_port = None
        for d in documents:
            for entry in d.get("conf", {}).get("listeners", []) if d.get("type") == "MeshGateway" else []:
                if entry["protocol"] == "HTTP" and self.port is None:
                    self.port = entry["port"]
                if entry["protocol"] == "HTTPS" and self.tls_port is None:
                    self.tls_port = entry["port"]
        self.write(documents)
        self.management, self.admin = free_port(), free_port()
        self.workers, self.extra, self.drain, self.env = workers, list(extra), drain, env
        self.expect_start, self.descriptors = expect_start, descriptors
        self.process = None
        self.state, self.mounted = os.path.join(self.dir, "state"), False

    def write(self, documents, name="all.yaml"):
        """JSON is YAML. Replaced in one step, as an operator's tool would."""
        path = os.path.join(self.conf, name)
        with open(path + ".new", "w") as f:
            for d in documents:
                f.write("---\n" + json.dumps(d) + "\n")
        os.rename(path + ".new", path)

    def write_text(self, text, name="all.yaml"):
        path = os.path.join(self.conf, name)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def __enter__(self):
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self._start(True)
        return self

    def _start(self, folder):
        config = ["--config", self.conf] if folder else []
        self.process = subprocess.Popen(
            [binary(), *config, "--state", self.state, "--workers", str(self.workers),
             "--no-pin", "--management", f"127.0.0.1:{self.management}",
             "--admin", f"127.0.0.1:{self.admin}", "--drain", str(self.drain), *self.extra],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env={**os.environ, **(self.env or {})},
            preexec_fn=self._limit if self.descriptors else None)
        until = time.monotonic() + 30
        while self.expect_start and not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise AssertionError("forged did not start: " + self.output()[-2000:])
            time.sleep(0.02)

    def restart(self, folder=True, between=None):
        """Stop cleanly, do something, start again with the same state; without the folder the store is all there is."""
        assert self.stop() == 0, self.output()[-2000:]
        if between:
            between()
        self._start(folder)

    def mount_state(self, size):
        """The state's folder on a small disk of its own."""
        os.mkdir(self.state)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "forge-test", self.state], stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            shutil.rmtree(self.dir, ignore_errors=True)
            raise Skip("no disk can be mounted here: " + done.stderr.decode().strip())
        self.mounted = True

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def ready(self):
        try:
            return self.manage("/readyz")[0] == 200
        except OSError:
            return False

    def manage(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.management}{path}", timeout=10) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read().decode()

    def state_file(self, name):
        return os.path.join(self.dir, "state", name)

    def token(self):
        with open(self.state_file("admin-token")) as f:
            return f.read().strip()

    def api(self, method, path, body=None, fields=None, connection=None):
        """(status, fields, JSON or text) of the admin interface, over its local socket unless told otherwise."""
        c = connection or LocalConnection(self.state_file("admin.sock"))
        fields = dict(fields or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            fields.setdefault("Content-Type", "application/json")
        c.request(method, path, body, fields)
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        is_json = (r.getheader("content-type") or "").startswith("application/json")
        return r.status, {k.lower(): v for k, v in r.getheaders()}, json.loads(text) if is_json and text else text

    def metrics(self):
        """{'name{labels}': value}"""
        out = {}
        for line in self.manage("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                key, value = line.rsplit(" ", 1)
                out[key] = float(value)
        return out

    def metric(self, name):
        return self.metrics().get(name, 0)

    def endings(self):
        """{why: how often requests or connections ended that way}, those that happened."""
        out = {}
        for key, value in self.metrics().items():
            found = re.match(r'forge_endings_total\{.*why="([^"]+)"', key)
            if found and value:
                out[found.group(1)] = out.get(found.group(1), 0) + int(value)
        return out

    def ending(self, why):
        return self.endings().get(why, 0)

    def wait_ending(self, why, n=1, seconds=10):
        self.wait(lambda: self.ending(why) >= n, lambda: f"ending {why} x{n}, have {self.endings()}", seconds)

    def wait(self, fact, what, seconds=10):
        until = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds} s for: {what() if callable(what) else what}")
            time.sleep(0.02)

    def generation(self):
        return self.metric("forge_configuration_generation")

    def published(self):
        return self.metric("forge_configuration_published")

    def refusals(self):
        return self.metric("forge_configuration_refused")

    def hangup(self):
        self.process.send_signal(signal.SIGHUP)

    def reload(self, documents=None):
        """New documents, SIGHUP, and wait until they are live."""
        before = self.published()
        if documents is not None:
            self.write(documents)
        self.hangup()
        self.wait(lambda: self.published() > before, "the new configuration")

    def reload_refused(self, documents=None):
        """SIGHUP with documents that must not be taken."""
        before, refused = self.generation(), self.refusals()
        if documents is not None:
            self.write(documents)
        self.hangup()
        self.wait(lambda: self.refusals() > refused, "the refusal")
        assert self.generation() == before

    def output(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("forged did not stop: " + self.output()[-2000:]) from None

    def __exit__(self, kind, error, trace):
        try:
            code = self.stop()
            # A clean stop closes every pool, and a pool closes only when nothing of it is live: code 0 is the proof.
            if kind is None and self.expect_start:
                assert code == 0, f"exit code {code}: {self.output()[-3000:]}"
            elif kind is not None:
                print(f"# forged ended with code {code}")
        finally:
            if kind is not None:
                print("# log of forged:\n#   " + self.output()[-3000:].replace("\n", "\n#   "))
            self.log.close()
            if self.mounted:
                subprocess.run(["umount", self.state], check=False)
            shutil.rmtree(self.dir, ignore_errors=True)
