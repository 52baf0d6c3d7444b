# SPDX-License-Identifier: GPL-2.0
"""Upstream's kernel with one scheduling point in the loop that polls NVMe's queues, to compare with.

UML does not preempt the kernel when an interrupt returns, most boards do: there upstream's loop lets others run.
"""

import hashlib
import shutil
from types import SimpleNamespace

from .common import BUILD, LOGS, ROOT, Fail, run, say

SOURCE = "drivers/nvme/target/pci-epf.c"
PATCH = ROOT / "scripts/fair" / f"{SOURCE}.patch"
MODULE = "nvmet-pci-epf.ko"
MAKEFILE = """# SPDX-License-Identifier: GPL-2.0
obj-m := nvmet-pci-epf.o
nvmet-pci-epf-y := pci-epf.o
ccflags-y := -I$(srctree)/drivers/nvme/target
"""


def fair_modules(kernel):
    """Of a built kernel of upstream: the same with that one module replaced, for Run."""
    folder = BUILD / "fair"
    fair = SimpleNamespace(name="upstream_fair", tree=kernel.tree, image=kernel.image, modules=folder / "mods")
    stamp = folder / "stamp"
    key = hashlib.sha256("\n".join([kernel.key(), PATCH.read_text(), MAKEFILE]).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == key:
        return fair
    say("building the module of upstream_fair")
    log = LOGS / "build-upstream_fair.log"
    log.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "module").mkdir(parents=True)
    (folder / "module/Makefile").write_text(MAKEFILE)
    source = folder / "module/pci-epf.c"
    shutil.copy(kernel.tree / SOURCE, source)
    run(["patch", "-s", source, PATCH], log, "patching the module of upstream_fair")
    kernel.make(f"M={folder / 'module'}", "modules")
    # Links, but for this one: a module that is overwritten would be upstream's too.
    run(["cp", "-al", kernel.modules, fair.modules], log, "copying the modules")
    places = list(fair.modules.rglob(MODULE))
    if len(places) != 1:
        raise Fail(f"{len(places)} modules {MODULE} in {fair.modules}")
    places[0].unlink()
    run(["strip", "-g", "-o", places[0], folder / "module" / MODULE], log, "stripping the module")
    stamp.write_text(key)
    return fair
