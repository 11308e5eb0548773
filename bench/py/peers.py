"""nginx and HAProxy from Debian's packages, unpacked beside the build and run from there: nothing is installed.

By default from Debian's newest suite, with that suite's own C library and OpenSSL, because the peers of an old
stable release are easier to beat (and its OpenSSL knows no hybrid key exchange). Falls back to the host's suite.
"""
import os
import shutil
import subprocess

from where import PEERS, die

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LIBS = "usr/lib/x86_64-linux-gnu"


def run(argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


def mirror():
    """The Debian mirror that the host's own apt uses."""
    got = run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian",
               "Label: Debian"])
    sites = [s for s in got.stdout.split() if "://" in s]
    if not sites:
        die("apt knows no Debian mirror: the host's sources have no entry of origin Debian")
    return sites[0]


def host_suite():
    got = run(["apt-get", "indextargets", "--format", "$(CODENAME)", "Created-By: Packages", "Origin: Debian",
               "Label: Debian"])
    return got.stdout.split()[0]


def apt_options(state, suite):
    """A private apt: its own sources, lists, cache and an empty status, so that dependencies come along."""
    for sub in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, sub), exist_ok=True)
    open(os.path.join(state, "status"), "w").close()
    with open(os.path.join(state, "sources.list"), "w") as f:
        f.write("deb [signed-by=%s] %s %s main\n" % (KEYRING, mirror(), suite))
    pairs = {"Dir::State": state, "Dir::State::lists": state + "/lists", "Dir::State::status": state + "/status",
             "Dir::Cache": state + "/cache", "Dir::Etc::sourcelist": state + "/sources.list",
             "Dir::Etc::sourceparts": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
             "APT::Sandbox::User": "root"}
    return [x for k, v in pairs.items() for x in ("-o", "%s=%s" % (k, v))]


def unpack(suite):
    """Download nginx, HAProxy and all they need; answers the new root or None with the reason printed."""
    state = os.path.join(PEERS, suite, "apt")
    root = os.path.join(PEERS, suite, "root")
    opts = apt_options(state, suite)
    for verb in (["update"], ["-y", "--no-install-recommends", "--download-only", "install", "nginx", "haproxy"]):
        got = run(["apt-get", "-q"] + opts + verb)
        if got.returncode != 0:
            print("bench: apt-get %s (suite %s) fails:\n%s" % (verb[0], suite, got.stdout[-800:]))
            return None
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    archives = os.path.join(state, "cache", "archives")
    for deb in sorted(os.listdir(archives)):
        if deb.endswith(".deb"):
            run(["dpkg", "-x", os.path.join(archives, deb), root], check=True)
    shutil.rmtree(state)
    return root


def loader(root):
    for path in (LIBS, "lib/x86_64-linux-gnu", "usr/lib64", "lib64"):
        full = os.path.join(root, path, "ld-linux-x86-64.so.2")
        if os.path.exists(full):
            return full
    return None


class Peers:
    """Where the peers are, how to start them, what they are."""

    def __init__(self, root, suite):
        self.root, self.suite = root, suite

    def command(self, name):
        libs = ":".join(os.path.join(self.root, d) for d in (LIBS, "lib/x86_64-linux-gnu"))
        return [loader(self.root), "--library-path", libs, os.path.join(self.root, "usr", "sbin", name)]

    def versions(self):
        nginx = run(self.command("nginx") + ["-V"]).stdout.splitlines()
        haproxy = run(self.command("haproxy") + ["-vv"]).stdout.splitlines()
        ssl = [line.split("version :")[1].strip() for line in haproxy if "Running on SSL library" in line]
        return {"nginx": nginx[0].replace("nginx version: ", ""), "haproxy": haproxy[0].split(" - ")[0],
                "peers' OpenSSL": ssl[0] if ssl else "none", "peers' Debian suite": self.suite}


def get(wish):
    """wish is 'newest' or 'host'."""
    for suite in (["sid"] if wish == "newest" else []) + [host_suite()]:
        root = os.path.join(PEERS, suite, "root")
        if not os.path.exists(os.path.join(root, "usr", "sbin", "haproxy")):
            print("bench: fetching nginx and HAProxy from Debian's suite %s" % suite, flush=True)
            root = unpack(suite)
        if root is None:
            continue
        peers = Peers(root, suite)
        if run(peers.command("nginx") + ["-v"]).returncode == 0 and \
                run(peers.command("haproxy") + ["-v"]).returncode == 0:
            return peers
        print("bench: the packages of suite %s do not run here" % suite)
    die("neither Debian's newest nginx and HAProxy nor the host's could be had")
