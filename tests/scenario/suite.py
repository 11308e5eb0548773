"""suite.py - run the functions test_* of case_*.py files, several at a time, and print a line for each."""
import contextlib
import glob
import importlib
import io
import os
import signal
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

SECONDS_MAX = 90


def on_alarm(*_):
    raise AssertionError(f"still running after {SECONDS_MAX} s")


def run_one(item):
    suite, module, name = item
    label = f"{suite}/{module[5:]}/{name[5:]}"
    said, verdict, began = io.StringIO(), f"ok {label}", time.monotonic()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(SECONDS_MAX)
    try:
        with contextlib.redirect_stdout(said):
            getattr(importlib.import_module(module), name)()
    except Exception as e:
        if type(e).__name__ == "Skip":
            verdict = f"skip {label}: {e}"
        else:
            print("# " + "".join(traceback.format_exception(e)).replace("\n", "\n# "), file=said)
            reason = str(e).replace("\n", " ")[:300] or type(e).__name__
            verdict = f"not ok {label}: {reason}"
    finally:
        signal.alarm(0)
    if os.environ.get("SCENARIO_TIMES"):
        print(f"# {time.monotonic() - began:.1f} s {label}", file=said)
    text = said.getvalue()
    return text + ("\n" if text and not text.endswith("\n") else "") + verdict


def main(folder, suite, arguments, jobs):
    """Exit code: 0 when at least one test ran and none failed."""
    paths, items = sorted(glob.glob(os.path.join(folder, "case_*.py"))), []
    sys.path.insert(0, folder)
    if arguments and arguments[0].endswith(".py"):
        paths = [arguments.pop(0)]
        sys.path.insert(0, os.path.dirname(os.path.abspath(paths[0])))
    part = arguments[0] if arguments else ""
    for path in paths:
        module = os.path.splitext(os.path.basename(path))[0]
        names = [n for n in dir(importlib.import_module(module)) if n.startswith("test_")]
        items += [(suite, module, n) for n in names if part in f"{module[5:]}/{n[5:]}"]
    failed = 0
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for line in pool.map(run_one, items):
            print(line, flush=True)
            failed += any(text.startswith("not ok") for text in line.splitlines())
    return 1 if failed or not items else 0
