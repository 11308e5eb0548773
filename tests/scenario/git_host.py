"""git_host.py - a Git host to reconcile from: a real bare repository, served as archives in the forms of GitHub, GitLab and Gitea."""
import http.server
import os
import re
import ssl
import subprocess
import tempfile
import threading
from urllib.parse import parse_qs, unquote, urlsplit

import pki
from forge import free_port

TOKEN = "forge-scenario-token"


def git(*arguments, cwd=None):
    done = subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main",
                           *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


class Repository:
    """A bare repository and a clone to push from."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="forge-git-")
        self.bare, self.clone = os.path.join(self.dir.name, "config.git"), os.path.join(self.dir.name, "clone")
        git("init", "--bare", self.bare)
        git("clone", self.bare, self.clone)

    def push(self, files, subject="change"):
        """files: {path: text, or None to delete}. Answers the commit."""
        for path, text in files.items():
            full = os.path.join(self.clone, path)
            if text is None:
                os.unlink(full)
                continue
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        git("add", "-A", cwd=self.clone)
        git("commit", "--allow-empty", "-m", subject, cwd=self.clone)
        git("push", "origin", "HEAD:main", cwd=self.clone)
        return git("rev-parse", "HEAD", cwd=self.clone).decode().strip()

    def archive(self, ref, prefix="repo-abc/"):
        return git("--git-dir", self.bare, "archive", "--format=tar.gz", f"--prefix={prefix}", ref)


class Host:
    """with Host(repository) as host: an HTTPS server; host.down makes it answer 503; host.hits counts archives."""

    def __init__(self, repository):
        self.repository, self.port, self.down, self.hits, self.not_modified, self.tokens = repository, free_port(), False, 0, 0, []
        self.files = {}
        self.ca = pki.authority("git-host-ca")

    def __enter__(self):
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", **fields):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                host.get(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = pki.certificate("127.0.0.1", by="git-host-ca")
        context.load_cert_chain(certificate.chain_path, certificate.key_path)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def get(self, request):
        url = urlsplit(request.path)
        if self.down:
            request.answer(503)
            return
        if url.path == "/downgrade":
            request.answer(302, Location="http://127.0.0.1:1/c.tgz")
            return
        if url.path in self.files:
            request.answer(200, self.files[url.path])
            return
        github = re.fullmatch(r"/api/v3/repos/acme/config/tarball/(.+)", url.path)
        gitlab = url.path == "/api/v4/projects/acme%2Fconfig/repository/archive.tar.gz" and parse_qs(url.query).get("sha")
        gitea = re.fullmatch(r"/api/v1/repos/acme/config/archive/(.+)\.tar\.gz", url.path)
        if github:  # GitHub redirects to another path (another host, in truth).
            request.answer(302, Location=f"/codeload/{github.group(1)}")
            return
        moved = re.fullmatch(r"/codeload/(.+)", url.path)
        ref = unquote((moved or gitea).group(1)) if moved or gitea else gitlab[0] if gitlab else None
        if ref is None:
            request.answer(404)
            return
        self.tokens.append(request.headers.get("Private-Token") or request.headers.get("Authorization"))
        commit = git("--git-dir", self.repository.bare, "rev-parse", ref).decode().strip()
        if request.headers.get("If-None-Match") == f'"{commit}"':
            self.not_modified += 1
            request.answer(304, ETag=f'"{commit}"')
            return
        self.hits += 1
        request.answer(200, self.repository.archive(ref), ETag=f'"{commit}"')
