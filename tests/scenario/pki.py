"""pki.py - an authority and what it signs, made with the openssl program when a test first needs it."""
import atexit
import functools
import os
import shutil
import ssl
import subprocess
import tempfile

from forge import Skip
from peer import Client


def openssl(*arguments, **more):
    if not shutil.which("openssl"):
        raise Skip("no openssl program here")
    done = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60, **more)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


@functools.cache
def folder():
    path = tempfile.mkdtemp(prefix="forge-pki-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


class Certificate:
    """name.pem (chain), name.key, and both as one text."""

    def __init__(self, name):
        self.chain_path, self.key_path = os.path.join(folder(), name + ".pem"), os.path.join(folder(), name + ".key")

    @property
    def chain(self):
        return read(self.chain_path)

    @property
    def text(self):
        return self.chain + read(self.key_path)


def make_key(path, kind):
    if kind == "rsa":
        openssl("genrsa", "-out", path, "2048")
    else:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def authority(name="ca"):
    return make_authority(name)


@functools.cache
def make_authority(name):
    made = Certificate(name)
    make_key(made.key_path, "ec")
    openssl("req", "-x509", "-new", "-key", made.key_path, "-sha256", "-days", "30", "-subj", f"/CN=test {name}", "-out", made.chain_path,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
    return made


def certificate(host, kind="ec", by="ca", days=30, client=False, serial=0):
    """Signed by an authority for one host; days < 0: expired long ago; another serial: another certificate."""
    return make_certificate(host, kind, by, days, client, serial)


@functools.cache
def make_certificate(host, kind, by, days, client, serial):
    issuer, made = authority(by), Certificate(f"{host.replace('*', 'star')}-{kind}-{by}-{days}-{client}-{serial}")
    make_key(made.key_path, kind)
    request, extensions = made.chain_path + ".csr", made.chain_path + ".ext"
    openssl("req", "-new", "-key", made.key_path, "-subj", f"/CN={host}", "-out", request)
    alternative = "IP" if host.replace(".", "").isdigit() else "DNS"
    with open(extensions, "w", encoding="ascii") as f:
        f.write(f"subjectAltName={alternative}:{host}\nbasicConstraints=CA:FALSE\n"
                f"extendedKeyUsage={'client' if client else 'server'}Auth\n")
    arguments = ["x509", "-req", "-in", request, "-CA", issuer.chain_path, "-CAkey", issuer.key_path, "-CAcreateserial", "-sha256",
                 "-extfile", extensions, "-out", made.chain_path]
    if days >= 0:
        openssl(*arguments, "-days", str(days))
    else:
        # "x509 -req" cannot sign for the past; "ca" can.
        base = made.chain_path + ".ca"
        os.mkdir(base)
        with open(os.path.join(base, "index"), "w", encoding="ascii"):
            pass
        with open(os.path.join(base, "conf"), "w", encoding="ascii") as f:
            f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={base}/index\nnew_certs_dir={base}\nrand_serial=yes\ndefault_md=sha256\n"
                    "policy=p\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-config", os.path.join(base, "conf"), "-in", request, "-cert", issuer.chain_path, "-keyfile",
                issuer.key_path, "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-extfile", extensions,
                "-notext", "-out", made.chain_path)
    return made


def client_context(by="ca", show=None, alpn=None, version=None, ciphers=None):
    """A Python client's TLS that trusts one authority (None: anybody)."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if by:
        c.load_verify_locations(authority(by).chain_path)
    else:
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    if show:
        c.load_cert_chain(show.chain_path, show.key_path)
    if alpn:
        c.set_alpn_protocols(alpn)
    if version:
        c.minimum_version = c.maximum_version = version
    if ciphers:
        c.set_ciphers(ciphers)
    return c


def server_context(cert, client_by=None, alpn=None, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(cert.chain_path, cert.key_path)
    if client_by:
        c.load_verify_locations(authority(client_by).chain_path)
        c.verify_mode = ssl.CERT_REQUIRED
    if alpn:
        c.set_alpn_protocols(alpn)
    if version:
        c.minimum_version = c.maximum_version = version
    return c


class TlsClient(Client):
    """A Client over TLS; an end without close_notify is an error."""

    def __init__(self, port, name="a.test", context=None, session=None, **more):
        super().__init__(port, **more)
        try:
            self.s = (context or client_context()).wrap_socket(self.s, server_hostname=name, session=session,
                                                               suppress_ragged_eofs=False)
        except BaseException:
            self.s.close()
            raise
