# SPDX-License-Identifier: GPL-2.0
"""Paths, messages, and running commands with a log."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "logs"

_start = time.monotonic()
_say_lock = threading.Lock()


class Fail(Exception):
    """A line for the user."""


def say(text):
    """Tell what is going on, with the time since the start."""
    seconds = int(time.monotonic() - _start)
    with _say_lock:
        print(f"[{seconds // 60:2d}:{seconds % 60:02d}] {text}", flush=True)


def elapsed():
    return time.monotonic() - _start


def jobs():
    return len(os.sched_getaffinity(0)) + 1


def environment():
    """The user's, less what make passes on and what changes how tools speak."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "ARCH")}
    env["LC_ALL"] = "C"
    env["PATH"] = env.get("PATH", "") + ":/usr/sbin:/sbin"
    env.setdefault("CCACHE_DIR", str(BUILD / "ccache"))
    env.setdefault("CCACHE_NOHASHDIR", "1")
    # Running the preprocessor twice takes longer than what the trees could have from each other saves.
    env.setdefault("CCACHE_DEPEND", "1")
    return env


def run(command, log, what, cwd=ROOT, progress=None, check=True):
    """Run a command into a log file. `progress` is called with each line of its output."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        out.write(("$ " + " ".join(map(str, command)) + "\n").encode())
        out.flush()
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in process.stdout:
            out.write(line)
            if progress:
                progress(line.decode(errors="replace"))
        code = process.wait()
    if code and check:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        raise Fail(f"{what} failed, see {log.relative_to(ROOT)}:\n  " + "\n  ".join(tail))
    return code


def main(function):
    """Run a program's main function; a Fail is a line, not a trace."""
    try:
        sys.exit(function())
    except Fail as fail:
        print(f"error: {fail}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
