# SPDX-License-Identifier: GPL-2.0
"""A boot of which the CPU time between marks of the guest is known."""

import os
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path

from .board import Run

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
    """Understands, besides what all boots print, 'vep: sample FIGURE NUMBER', 'vep: cpu begin|end FIGURE' and 'vep: pin'.

    Afterwards `samples` has the numbers of each figure; those of CPU are seconds per second, and with _used appended
    seconds.
    """

    def _start(self, out):
        self.samples = defaultdict(list)
        return super()._start(subprocess.PIPE)

    def _follow(self, process, out):
        reader = threading.Thread(target=self._read, args=(process, out))
        reader.start()
        reader.join(self.timeout)
        ended = not reader.is_alive()
        # That is what ends the reading as well.
        self._kill(process)
        reader.join()
        return ended

    @staticmethod
    def _pin(process):
        """Each CPU on a core of its own. The host may leave both on one, where who is woken waits for who spins."""
        cores = sorted(os.sched_getaffinity(0))
        for number, task in enumerate(sorted(int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir())):
            os.sched_setaffinity(task, {cores[number % len(cores)]})

    def _read(self, process, out):
        """Each line as it comes. Powering off takes long where something spins: what was to be measured has been."""
        begun = {}
        for line in process.stdout:
            out.write(line)
            words = line.decode(errors="replace").split()
            if words == ["vep:", "pin"]:
                self._pin(process)
            elif words[:2] == ["vep:", "cpu"] and len(words) == 4:
                now, used = time.monotonic(), session_time(process.pid)
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
