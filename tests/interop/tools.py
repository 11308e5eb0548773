"""tools.py - the programs of others: where they are, what they said, and servers that end with the test."""
import fcntl
import functools
import glob
import hashlib
import os
import shutil
import subprocess
import tempfile
import time

from forge import ROOT, Skip

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(os.environ.get("FORGE_OUT") or os.path.join(ROOT, ".out"), "interop")


def need(program):
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Skip(f"{program} is not installed")
    return found


def call(*arguments, seconds=60, fails=False, **more):
    """Run a program of others to its end; what it printed. fails: it must not end well."""
    done = subprocess.run([need(arguments[0]), *arguments[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
                          check=False, **more)
    said = done.stdout + done.stderr
    told = said.decode(errors="replace")[-1500:]
    assert (done.returncode != 0) == fails, f"{' '.join(arguments)[:300]} ended with {done.returncode}: {told}"
    return said


class Server:
    """A server of others in the background, up when its port answers."""

    def __init__(self, *arguments, port, **more):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([need(arguments[0]), *arguments[1:]], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.PIPE, **more)
        self.port = port

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def is_up(self):
        # Who listens is asked of the kernel: some servers end with their first connection.
        for family in ("tcp", "tcp6"):
            with open(f"/proc/net/{family}", encoding="ascii") as f:
                if any(line.split()[1].endswith(f":{self.port:04X}") and line.split()[3] == "0A" for line in f.readlines()[1:]):
                    return True
        return False

    def __enter__(self):
        until = time.monotonic() + 20
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise AssertionError(f"{self.process.args[0]} did not start: {self.output()[-1500:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdin.close()


class Lock:
    """Two tests at once must not both fetch."""

    def __init__(self, name):
        os.makedirs(OUT, exist_ok=True)
        self.file = open(os.path.join(OUT, name + ".lock"), "w", encoding="ascii")

    def __enter__(self):
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


@functools.cache
def nginx():
    """The host's nginx, or Debian's unpacked below .out: installing the package would start a service."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found:
        return found
    folder = os.path.join(OUT, "nginx")
    program = os.path.join(folder, "usr/sbin/nginx")
    with Lock("nginx"):
        if not os.path.exists(program):
            if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
                raise Skip("no nginx and no apt here")
            os.makedirs(folder, exist_ok=True)
            subprocess.run(["apt-get", "-q", "download", "nginx"], cwd=folder, check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=120)
            for package in glob.glob(os.path.join(folder, "nginx_*.deb")):
                subprocess.run(["dpkg-deb", "-x", package, folder], check=True, timeout=60)
    if not os.path.exists(program):
        raise Skip("nginx's package could not be fetched")
    done = subprocess.run([program, "-v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Skip(f"nginx does not run: {done.stdout.decode()[:200]}")
    return program


@functools.cache
def node_modules():
    """The packages of package-lock.json below .out, installed once for each state of the lock."""
    need("node")
    need("npm")
    with open(os.path.join(HERE, "package-lock.json"), "rb") as f:
        state = hashlib.sha256(f.read()).hexdigest()
    stamp = os.path.join(OUT, "node_modules", ".state-" + state)
    with Lock("npm"):
        if not os.path.exists(stamp):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(HERE, name), OUT)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=OUT, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
            if done.returncode != 0:
                raise Skip(f"npm could not install: {done.stdout.decode(errors='replace').strip()[-200:]}")
            with open(stamp, "w", encoding="ascii"):
                pass
    return os.path.join(OUT, "node_modules")


def node_environment(packages=True):
    return {**os.environ, **({"NODE_PATH": node_modules()} if packages else {})}


def script(name):
    return os.path.join(HERE, "node", name)


def node(name, *arguments, packages=True, **more):
    return call("node", script(name), *arguments, env=node_environment(packages), **more)


def node_server(name, verb, port, packages=True):
    return Server("node", script(name), verb, str(port), port=port, env=node_environment(packages))
