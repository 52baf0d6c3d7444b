# SPDX-License-Identifier: GPL-2.0
"""Boot a virtual board and read what it printed."""

import os
import re
import signal
import subprocess

from .common import BUILD, LOGS, ROOT, environment

BOARDS = ("rk3588", "rcar-s4", "imx95", "bare", "trap")

GUEST = ROOT / "scripts" / "guest"

# What must not be in any log of a kernel
SPLAT = re.compile(
    r"\bWARNING: |\bBUG: |\bBUG at |kernel BUG|Kernel panic|Oops|KASAN: |UBSAN: |possible (circular|recursive|irq lock)|"
    r"Invalid wait context|inconsistent lock state|suspicious RCU|self-detected stall|rcu.*detected stalls|"
    r"blocked for more than|refcount_t: |(list_add|list_del) corruption|unreferenced object|"
    r"sleeping function called|scheduling while atomic|Segmentation fault|irq \d+: nobody cared|vep: fault|"
    r"Unbalanced enable|Trying to (free already-free|vfree)")


def find_splats(text):
    """Lines that no healthy kernel prints."""
    return [line for line in text.splitlines() if SPLAT.search(line)]


class Run:
    """One boot of one board."""

    def __init__(self, kernel, board, script, name=None, timeout=240, arguments=()):
        self.kernel = kernel
        self.board = board
        self.script = script
        self.name = name or f"{kernel.name}-{board}-{script}"
        self.timeout = timeout
        self.arguments = list(arguments)
        self.log = LOGS / f"{self.name}.log"
        self.text = ""
        self.status = None

    def _command(self):
        return [self.kernel.image, "mem=768M", "ncpus=2", "seccomp=on", f"uml_dir={BUILD}/uml/", "rootfstype=hostfs",
                "root=/dev/root", "ro", f"init={GUEST}/init", "console=tty0", "con0=fd:0,fd:1", "con=null",
                "panic=-1", "kunit.enable=0", f"vep.board={self.board}", f"vep_modules={self.kernel.modules}",
                f"vep_run={GUEST}/{self.script}", *self.arguments]

    def _start(self, out):
        return subprocess.Popen([str(c) for c in self._command()], cwd=BUILD, env=environment(), stdin=subprocess.DEVNULL,
                                stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    def _follow(self, process, _):
        """Until it has ended; False if that takes too long."""
        try:
            process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    @staticmethod
    def _kill(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def boot(self):
        """Run to the end or to the time-out. Afterwards `status` is the script's, or a word."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (BUILD / "uml").mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as out:
            process = self._start(out)
            word = "crashed" if self._follow(process, out) else "timed out"
            self._kill(process)
            process.wait()
        self.text = self.log.read_text(errors="replace").replace("\r", "")
        match = re.search(r"^vep: exit status (\d+)", self.text, re.M)
        self.status = int(match.group(1)) if match else word
        return self

    def cases(self):
        """(name, result) of those that the script told of"""
        return re.findall(r"^vep: case (\S+) (\S+)", self.text, re.M)

    def splats(self):
        """Such lines of this boot."""
        return find_splats(self.text)

    def section(self, name):
        """What the guest printed between its marks."""
        match = re.search(rf"^vep: begin {re.escape(name)}\n(.*?)^vep: end {re.escape(name)}$", self.text, re.M | re.S)
        return match.group(1) if match else ""

    def stats(self):
        """The model's counters, by name."""
        pairs = (line.split() for line in self.section("stats").splitlines())
        return {p[0]: int(p[1]) for p in pairs if len(p) == 2 and p[1].isdigit()}


def parse_ktap(text):
    """{test: pass, fail or skip} of kselftest output."""
    results = {}
    for match in re.finditer(r"^(?:\[ *[\d.]+\] )?(not ok|ok) \d+ (?:- )?(\S+)(.*)$", text, re.M):
        word, name, rest = match.groups()
        results[name] = "skip" if "# SKIP" in rest else "fail" if word == "not ok" else "pass"
    return results


def count(results):
    """(passed, failed, skipped)"""
    values = list(results.values())
    return values.count("pass"), values.count("fail"), values.count("skip")
