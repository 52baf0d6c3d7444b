# SPDX-License-Identifier: GPL-2.0
"""A boot of which the CPU time between marks of the guest is known."""

import os
import re
import signal
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path

from .board import Run
from .common import BUILD, environment

TICKS = os.sysconf("SC_CLK_TCK")


def session_time(session):
    """CPU seconds that the processes of a session have had, the threads of each, and the children that are gone."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != session:
                continue
            total += (int(fields[13]) + int(fields[14])) / TICKS
            for task in (folder / "task").iterdir():
                total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


class MeteredRun(Run):
    """Understands, besides what all boots print, 'vep: sample FIGURE NUMBER' and 'vep: cpu begin|end FIGURE'."""

    def boot(self):
        """As Run.boot(). Afterwards `samples` has the numbers of each figure; those of CPU are seconds per second, and
        with _used appended seconds."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (BUILD / "uml").mkdir(parents=True, exist_ok=True)
        self.samples = defaultdict(list)
        self.lines = []
        process = subprocess.Popen([str(c) for c in self._command()], cwd=BUILD, env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        reader = threading.Thread(target=self._read, args=(process,))
        reader.start()
        reader.join(self.timeout)
        word = "timed out" if reader.is_alive() else "crashed"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        reader.join()
        self.text = "".join(self.lines)
        self.log.write_text(self.text)
        match = re.search(r"^vep: exit status (\d+)", self.text, re.M)
        self.status = int(match.group(1)) if match else word
        return self

    def _read(self, process):
        """Each line as it comes. Powering off takes long where something spins: what was to be measured has been."""
        begun = {}
        for line in process.stdout:
            now, used = time.monotonic(), None
            text = line.decode(errors="replace").replace("\r", "")
            self.lines.append(text)
            words = text.split()
            if words[:2] == ["vep:", "cpu"] and len(words) == 4:
                used = session_time(process.pid)
                if words[2] == "begin":
                    begun[words[3]] = now, used
                else:
                    start, before = begun.pop(words[3])
                    self.samples[words[3]].append((used - before) / (now - start))
                    self.samples[f"{words[3]}_used"].append(used - before)
            elif words[:2] == ["vep:", "sample"] and len(words) == 4:
                self.samples[words[2]].append(float(words[3]))
            elif words[:3] == ["vep:", "exit", "status"]:
                return
