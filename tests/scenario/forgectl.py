"""forgectl.py - run the real forgectl as an operator or a pipeline does.

FORGECTL names the binary; default: the one beside forged.
"""
import collections
import os
import signal
import subprocess

from forge import ROOT, binary

Said = collections.namedtuple("Said", "code out err")


def program():
    return os.environ.get("FORGECTL") or os.path.join(os.path.dirname(binary()), "forgectl")


def environment(env=None):
    """Nothing of the machine's: no gateway of somebody's own is found by it."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FORGE_") and k not in ("USER", "NO_COLOR")}
    return {**clean, "TERM": "xterm", **(env or {})}


def forgectl(*arguments, stdin="", env=None, cwd=ROOT, seconds=60):
    done = subprocess.run([program(), *[str(a) for a in arguments]], input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, check=False, cwd=cwd, env=environment(env))
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Sanitizer" not in said.err and said.code >= 0, said
    return said


def heed_ctrl_c():
    """What a shell starts in the background (build.sh starts the suites so) ignores it, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments, env=None, cwd=ROOT, **more):
    return subprocess.Popen([program(), *[str(a) for a in arguments]], cwd=cwd, env=environment(env),
                            preexec_fn=heed_ctrl_c, **more)
