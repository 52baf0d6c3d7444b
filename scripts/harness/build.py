# SPDX-License-Identifier: GPL-2.0
"""Trees and kernels: from the repository to something that boots."""

import hashlib
import shutil
import time
from pathlib import Path

from .common import BUILD, LOGS, Fail, jobs, run, say

FRAGMENTS = "drivers/pci/endpoint/kunit/vep"
# The same for kunit.py: kbuild compiles everything anew when they change.
MAKE_OPTIONS = ("CC=ccache gcc", "LOCALVERSION=")
# What make is told for an architecture
ARCHES = {
    "um": ("ARCH=um", *MAKE_OPTIONS),
    "arm64": ("ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "CC=ccache aarch64-linux-gnu-gcc", "LOCALVERSION="),
}
SELFTEST = "tools/testing/selftests/pci_endpoint"


def prepare_tree(name):
    """`make tree` or `make upstream`; returns the tree's folder."""
    folder = {"tree": BUILD / "linux", "upstream": BUILD / "upstream"}[name]
    log = LOGS / f"{name}.log"
    log.unlink(missing_ok=True)
    say(f"preparing {folder.relative_to(BUILD.parent)}")
    run(["scripts/tree/tree.py", name], log, f"make {name}")
    return folder


class Kernel:
    """A kernel with its modules, of UML unless told otherwise, built from a tree with configuration fragments."""

    def __init__(self, tree, name, fragments, base="olddefconfig", arch="um"):
        self.tree = tree
        self.name = name
        self.arch = arch
        # Right below the tree, so that kbuild uses relative paths and the compiler cache serves all clones.
        self.out = tree / f"{arch}-{name}"
        self.fragments = [tree / FRAGMENTS / f for f in fragments]
        self.base = base
        self.log = LOGS / f"build-{name}.log"

    @property
    def image(self):
        return self.out / "linux"

    @property
    def modules(self):
        return self.out / "mods"

    def _make(self, *arguments, progress=None):
        run(["make", "-C", self.tree, f"O={self.out}", *ARCHES[self.arch], *arguments],
            self.log, f"building the kernel {self.name}", progress=progress)

    def _config_key(self):
        """What was asked for and what came of it: kunit.py may have configured the same folder meanwhile."""
        files = [f for f in (*self.fragments, self.out / ".config") if f.exists()]
        return hashlib.sha256(b"".join([self.base.encode(), *(f.read_bytes() for f in files)])).hexdigest()

    def _configure(self):
        stamp = self.out / ".fragments"
        if stamp.exists() and stamp.read_text() == self._config_key():
            return
        run(["scripts/kconfig/merge_config.sh", "-m", "-O", self.out, *self.fragments], self.log,
            f"configuring the kernel {self.name}", cwd=self.tree)
        # allnoconfig takes what was merged from there, the others from .config.
        self._make(self.base, f"KCONFIG_ALLCONFIG={self.out}/.config")
        stamp.write_text(self._config_key())

    def make(self, *arguments):
        """Only these targets."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        self._configure()
        self._make(f"-j{jobs()}", *arguments)

    def build(self):
        """Build what changed. Says how far it is from time to time."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        say(f"building the kernel {self.name}")
        self._configure()
        progress = Progress(f"building the kernel {self.name}")
        self._make(f"-j{jobs()}", "all", progress=progress)
        if progress.objects or not self.modules.exists():
            shutil.rmtree(self.modules, ignore_errors=True)
            self._make("INSTALL_MOD_STRIP=1", f"INSTALL_MOD_PATH={self.modules}", "modules_install")
        return self

    def key(self):
        """Changes when something that boots changes."""
        digest = hashlib.sha256(self.image.read_bytes())
        for module in sorted(self.modules.rglob("*.ko")):
            digest.update(module.read_bytes())
        return digest.hexdigest()


class Progress:
    """Counts objects and says so every half minute."""

    def __init__(self, what):
        self.what = what
        self.objects = 0
        self.last = time.monotonic()

    def __call__(self, line):
        if line.lstrip().startswith(("CC ", "CC [M]", "LD [M]", "LINK ", "LD ", "DTC ")):
            self.objects += 1
        if time.monotonic() - self.last > 30:
            self.last = time.monotonic()
            say(f"{self.what}: {self.objects} objects")


def build_selftest(tree, name):
    """The kernel's own test program for the host side. Debian's own headers may be older than it."""
    log = LOGS / f"selftest-{name}.log"
    log.unlink(missing_ok=True)
    headers = BUILD / "headers" / name
    output = BUILD / "selftest" / name
    output.mkdir(parents=True, exist_ok=True)
    program = output / "pci_endpoint_test"
    sources = [*(tree / SELFTEST).glob("*.c"), tree / "include/uapi/linux/pcitest.h"]
    if program.exists() and all(s.stat().st_mtime <= program.stat().st_mtime for s in sources):
        return program
    say(f"building the kselftest of {name}")
    # UML has no headers of its own to export.
    run(["make", "-C", tree, f"O={headers}", "ARCH=x86_64", "headers"], log, "make headers")
    run(["make", "-C", tree / SELFTEST, f"OUTPUT={output}", "CC=gcc",
         f"KHDR_INCLUDES=-isystem {headers}/usr/include"], log, "building the kselftest")
    if not program.exists():
        raise Fail(f"the kselftest was not built, see {log}")
    return Path(program)
