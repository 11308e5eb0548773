"""child.py - processes beside the test, which say a line when they are ready and end with their input, so with us."""
import json
import os
import resource
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Child:
    """python3 SCRIPT ARGS. It talks in lines: JSON from it, words to it."""

    def __init__(self, script, *args):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, script), *map(str, args)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, seconds=60):
        """The next line, as what it holds."""
        late = threading.Timer(seconds, self.process.kill)
        late.start()
        line = self.process.stdout.readline()
        late.cancel()
        if not line:
            raise AssertionError(f"{self.process.args[2]} ended without a word (or was silent for {seconds} s)")
        return json.loads(line)

    def write(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def ask(self, word, seconds=60):
        self.write(word)
        return self.read(seconds)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def tell(what):
    """A child's line to us."""
    print(json.dumps(what), flush=True)
