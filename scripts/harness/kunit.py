# SPDX-License-Identifier: GPL-2.0
"""KUnit through the kernel's own kunit.py."""

from .build import ARCHES
from .common import jobs, run

# kunit.py's own -cpu max authenticates return addresses: that is thirty times slower to emulate.
ARM64_CPU = "cortex-a72"
ARM64_MACHINE = "-machine virt,gic-version=3,its=on -smp 2 -device edu"


def run_kunit(tree, arch, out, log, fragments, *arguments):
    """Builds in `out`, boots, and runs what `arguments` name, else everything. Returns its exit status and what it found."""
    log.unlink(missing_ok=True)
    (out / "test.log").unlink(missing_ok=True)
    code = run([tree / "tools/testing/kunit/kunit.py", "run", "--arch", arch, "--build_dir", out, "--jobs", jobs(),
                *(f"--kunitconfig={fragment}" for fragment in fragments),
                *(f"--make_options={option}" for option in ARCHES[arch]), *arguments], log, "kunit.py", cwd=tree, check=False)
    test_log = out / "test.log"
    return code, test_log.read_text(errors="replace") if test_log.exists() else ""


def run_arm64(tree, name, log, fragments, *arguments, cpu=ARM64_CPU, more=""):
    """On QEMU's arm64 machine with an ITS, in the kernel `name`"""
    folder = tree / "drivers/pci/endpoint/kunit"
    return run_kunit(tree, "arm64", tree / f"arm64-{name}", log, [folder / f for f in ("its-arm64.kunitconfig", *fragments)],
                     "--timeout", "300", f"--qemu_args={ARM64_MACHINE} -cpu {cpu} {more}", *arguments)
