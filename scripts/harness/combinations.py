# SPDX-License-Identifier: GPL-2.0
"""Combinations of =y, =m and =n of our symbols: every pair of values that Kconfig allows is in one of those that are built.

The symbols of the virtual board and its tests, which nobody needs but those, are in some of them with each of their values.
Which symbols are ours is read from our Kconfig files. What Kconfig does not allow is said in RULES; that it does allow what
is built is checked.
"""

import itertools
import random
import re

from .build import Kernel
from .common import LOGS, ROOT, Fail, say

# Whose Kconfig entries are Linux's, but which are ported onto doorbells
PORTED = {"PCI_EPF_TEST": "nmy", "PCI_EPF_VNTB": "nmy", "NVME_TARGET_PCI_EPF": "nmy"}

# A symbol, values of it, and what the others are then: from depends and select
RULES = (
    ("PCI_EP_DOORBELL_MSI", "y", {"PCI_ENDPOINT_DOORBELL": "y"}),
    ("PCI_EP_DOORBELL_EMBEDDED", "my", {"PCI_ENDPOINT_DOORBELL": "y"}),
    ("PCI_EP_DOORBELL_POLL", "my", {"PCI_ENDPOINT_DOORBELL": "y"}),
    ("PCI_EPF_TEST", "my", {"PCI_ENDPOINT_DOORBELL": "y"}),
    ("PCI_EPF_VNTB", "y", {"PCI_EP_DOORBELL_POLL": "y"}),
    ("PCI_EPF_VNTB", "m", {"PCI_EP_DOORBELL_POLL": "my"}),
    ("NVME_TARGET_PCI_EPF", "y", {"PCI_EP_DOORBELL_POLL": "y"}),
    ("NVME_TARGET_PCI_EPF", "m", {"PCI_EP_DOORBELL_POLL": "my"}),
    ("PCI_EP_DOORBELL_KUNIT_TEST", "my", {"PCI_ENDPOINT_DOORBELL": "y", "DEBUG_FS": "y"}),
    ("PCI_VEP_NTB", "my", {"PCI_VEP": "y"}),
    ("PCI_VEP_BENCH", "my", {"PCI_VEP": "y", "DEBUG_FS": "y"}),
    ("PCI_VEP_TRAP", "my", {"PCI_VEP": "y", "PCI_ENDPOINT_DOORBELL": "y"}),
    ("PCI_VEP_LEND", "my", {"PCI_VEP": "y", "PCI_ENDPOINT_DOORBELL": "y", "DEBUG_FS": "y"}),
    ("PCI_VEP_KUNIT_TEST", "y", {"PCI_VEP": "y", "DEBUG_FS": "y"}),
    ("PCI_VEP_TRAP_KUNIT_TEST", "y", {"PCI_VEP_KUNIT_TEST": "y", "PCI_VEP_TRAP": "y"}),
)

# Not here: what is on one architecture only, and is built whenever its tests run
ELSEWHERE = {"um": ("PCI_EP_DOORBELL_ITS_",), "arm64": ("PCI_EP_DOORBELL_ITS_", "PCI_VEP")}


def our_symbols(arch):
    """{symbol: the values it can have}"""
    symbols = dict(PORTED)
    for file in (*(ROOT / "drivers/pci/endpoint").rglob("Kconfig*"), *(ROOT / "kunit").rglob("Kconfig")):
        for name, kind in re.findall(r"^\+?config (\S+)\n\+?\t(bool|tristate)", file.read_text(), re.M):
            symbols[name] = "ny" if kind == "bool" else "nmy"
    return {name: values for name, values in symbols.items() if not name.startswith(ELSEWHERE[arch])}


def only_tests(name):
    return "KUNIT" in name or "VEP" in name


def broken_rule(values):
    """The first rule that a combination breaks"""
    for symbol, which, then in RULES:
        if values.get(symbol, "n") in which:
            for other, allowed in then.items():
                if other in values and values[other] not in allowed:
                    return symbol, which, then
    return None


def mend(values, rule, fixed, chance):
    """Keep a rule by changing what is not fixed; False: that is not possible"""
    symbol, which, then = rule
    for other, allowed in then.items():
        if values.get(other, allowed[0]) not in allowed and other not in fixed:
            values[other] = chance.choice(allowed)
    if broken_rule(values) == rule and symbol not in fixed:
        values[symbol] = "n"
    return broken_rule(values) != rule


def random_allowed(symbols, chance, fixed=()):
    """A combination that breaks no rule and has these values; None if none is found"""
    values = {name: chance.choice(choice) for name, choice in symbols.items()} | dict(fixed)
    # Rules can contradict what is fixed, in a circle as well.
    for _ in range(4 * len(symbols)):
        rule = broken_rule(values)
        if not rule:
            return values
        if not mend(values, rule, dict(fixed), chance):
            break
    return None


def allowed(symbols, size, fixed, chance):
    """So many values at a time, of different symbols, that some combination has"""
    free = sorted(symbols.keys() - dict(fixed).keys())
    choices = itertools.combinations([(name, value) for name in free for value in symbols[name]], size)
    return {choice for choice in choices if len(dict(choice)) == size and
            any(random_allowed(symbols, chance, [*choice, *fixed]) for _ in range(20))}


def cover(symbols, size, fixed=()):
    """Combinations that have all such values between them; the same ones each time"""
    chance = random.Random(1)
    wanted = allowed(symbols, size, fixed, chance)
    rows = []
    while wanted:
        tries = (random_allowed(symbols, chance, [*min(wanted), *fixed]) for _ in range(200))
        best = max(filter(None, tries), key=lambda values: sum(set(choice) <= values.items() for choice in wanted))
        rows.append(best)
        wanted = {choice for choice in wanted if not set(choice) <= best.items()}
    return rows


def combinations(arch):
    """Those to be built, in an order in which little is compiled anew: both of UML's two groups compile everything"""
    symbols = our_symbols(arch)
    if arch != "um":
        return cover(symbols, 2)
    alone = [(name, "n") for name in symbols if only_tests(name)]
    return [*cover({name: values for name, values in symbols.items() if not only_tests(name)}, 2,
                   [*alone, ("DEBUG_FS", "n")]),
            *cover(symbols, 1, [("PCI_VEP", "y")])]


def lines(values):
    return [f"CONFIG_{name}={value}" if value != "n" else f"# CONFIG_{name} is not set" for name, value in values.items()]


def short(values):
    """A combination as a person reads it"""
    return " ".join(f"{name.removeprefix('PCI_').removeprefix('EP_')}={value}" for name, value in values.items())


def as_asked(kernel, asked):
    """Kconfig has nothing to object to these lines."""
    config = set((kernel.out / ".config").read_text().splitlines())
    given = {line.split("=")[0] for line in config}
    return "unmet direct dependencies" not in kernel.log.read_text(errors="replace") and all(
        line.split()[1] not in given if line.startswith("#") else line in config for line in asked)


def build_combinations(tree, arch):
    """(combination, whether Kconfig allows it and it builds, log) of each"""
    rows = combinations(arch)
    kernel = Kernel(tree, "small", ["../small.config"], base="allnoconfig", arch=arch)
    chosen = kernel.out / "combination.config"
    kernel.fragments.append(chosen)
    kernel.out.mkdir(parents=True, exist_ok=True)
    for number, values in enumerate(rows, 1):
        say(f"{arch}: building combination {number} of {len(rows)}")
        chosen.write_text("\n".join(lines(values)) + "\n")
        kernel.log = LOGS / f"combination-{arch}-{number}.log"
        try:
            kernel.make("vmlinux", "modules")
            built = as_asked(kernel, lines(values))
        except Fail:
            built = False
        yield short(values), built, kernel.log
