# SPDX-License-Identifier: GPL-2.0
"""What `make demo` and `make check` do with endpoint functions, and how to read the results."""

import re
from dataclasses import dataclass, field, replace
from typing import Callable

from .board import BOARDS, parse_ktap
from .build import build_selftest

# What the kernel's ntb_test.sh prints at the beginning of a step
NTB_STEP = re.compile(r"Running (?:(?P<name>.*?) tests? on: (?P<device>\S+)|(?P<end>local|remote) (?P<perf>perf) test )")
# ntb_test.sh's steps and where they start from; scripts/guest/epf-vntb runs what ntb_test.sh did not come to.
NTB_STEPS = ["port", *(f"{name} from {end}" for name in ("link", "db", "spad", "msg", "mw0", "window", "perf")
                       for end in ("ep", "host")), "ping pong", "msi"]
PINGS = ("ping_from_ep", "ping_from_host")


def parse_ntb_test(text):
    """{step: pass, fail or skip} of ntb_test.sh's output, the kernel's messages in between"""
    match = re.search(r"^vep: ntb ep (\S+) host (\S+)$", text, re.M)
    ends = dict(zip(match.groups(), ("ep", "host"))) if match else {}
    ends.update({"local": "ep", "remote": "host"})
    results = {}
    step = None
    for line in text.splitlines():
        match = NTB_STEP.match(line)
        if match:
            step = match["name"] or match["perf"]
            if step not in ("port", "ping pong"):
                step += f" from {ends.get(match['device'] or match['end'], '?')}"
            results[step] = "fail"
        elif step and line.strip() in ("Passed", "Unsupported"):
            results[step] = "pass" if line.strip() == "Passed" else "skip"
            step = None
        elif "vep: fault" in line:
            # Whatever it says itself: its data did not arrive.
            step = None
    return {name: results.get(name, "skip") for name in NTB_STEPS}


def vntb_results(run):
    """{step or ping: pass, fail or skip}"""
    text = run.section("ntb_test")
    if not text:
        return {}
    cases = dict(re.findall(r"^vep: case (ping_\S+) (\S+)$", run.text, re.M))
    return {**parse_ntb_test(text), **{name: cases.get(name, "fail") for name in PINGS}}


def case_results(run):
    """{case: pass or fail} of those that the script announces; one that was not come to failed."""
    match = re.search(r"^vep: cases (.*)$", run.text, re.M)
    cases = dict(re.findall(r"^vep: case (\S+) (pass|fail)$", run.text, re.M))
    return {name: cases.get(name, "fail") for name in match.group(1).split()} if match else {}


def test_results(run):
    """{case of the kselftest: pass, fail or skip}"""
    return parse_ktap(run.section("selftest"))


@dataclass(frozen=True)
class Epf:
    """An endpoint function: a row of the table."""
    name: str
    # What debugfs calls the request whose doorbells the table shows
    request: str
    # The result that tells whether they ring
    doorbell: str
    results: Callable
    # What that request must come to: a fallback would hide that the backend a board is for fails.
    expected: dict
    # Every result must be a pass, whatever it is upstream, but those of `never`
    strict: bool = False
    # Why a result cannot be a pass: {board or "": {result: why}}
    never: dict = field(default_factory=dict)

    def as_expected(self, run):
        """Did the request get what this board is for?"""
        match = re.search(rf" name {self.request} .*(?:\n  .*)*\n  result: (.*)$", run.section("requests"), re.M)
        return bool(match and re.match(self.expected[run.board], match.group(1)))

    def why_not(self, board, result):
        """Why this result cannot be a pass on this board; None: it can."""
        return {**self.never.get("", {}), **self.never.get(board, {})}.get(result)


@dataclass(frozen=True)
class Trial:
    """What a boot is for: endpoint functions, at the same time where there are several."""
    name: str
    # The guest's script
    script: str
    epfs: tuple
    # Tells the rows of a function from those of its other trials.
    instance: str = "0"
    boards: tuple = BOARDS
    # What is on the kernel command line besides
    arguments: tuple = ()
    # The boards where make demo runs it on upstream's tree as well
    compared: tuple = BOARDS
    # A function is unbound while the host uses it: not every access finds something there.
    unbinds: bool = False
    # What to know about upstream's results
    upstream: str = ""


EMBEDDED = {"db from host": "an embedded doorbell cannot tell which was rung, every bit is reported"}
HEX = "ntb_test.sh writes the address in hexadecimal, ntb_tool reads decimal: see window"
BEHIND_IOMMU = "the client takes the window's memory from the virtual PCI device, which no IOMMU knows"

# More than the board rk3588 has
TWO_FUNCTIONS = ("vep.functions=2",)

TEST = Epf(
    "test", "doorbell", "pcie_ep_doorbell.DOORBELL_TEST", test_results,
    {"rk3588": r"embedded, 1 doorbells? at BAR4\+0xa0", "rcar-s4": r"embedded, 1 doorbells? at BAR\d\+0x[0-9a-f]*a0",
     "imx95": r"msi, 1 doorbells? at ", "bare": r"poll, 1 doorbells? at ", "trap": r"trap, 1 doorbells? at "})
VNTB = Epf(
    "vntb", "doorbells", "ping pong", vntb_results,
    {"rk3588": r"embedded, \d+ doorbells? at BAR4\+0xa0", "rcar-s4": r"embedded, \d+ doorbells? at BAR4\+0xa0",
     "imx95": r"msi, 16 doorbells at BAR2", "bare": r"poll, 16 doorbells at BAR2", "trap": r"trap, 16 doorbells at BAR2"},
    True,
    {"": {"msg from ep": "no message registers", "msg from host": "no message registers",
          "msi": "the kernel was built without",
          "mw0 from ep": HEX, "mw0 from host": HEX},
     "rk3588": EMBEDDED,
     "rcar-s4": {**EMBEDDED, "window from ep": BEHIND_IOMMU, "perf from host": BEHIND_IOMMU}})
NVMET = Epf(
    "nvmet", "queues", "all_io", case_results,
    {board: rf"{'trap' if board == 'trap' else 'poll'}, \d+ doorbells at BAR0\+0x1000\b" for board in BOARDS}, True)

# Of the kselftest beside another function, which upstream does not have
SELFTEST_NEVER = {
    "": {"pci_ep_bar.BAR0.BAR_SUBRANGE_TEST": "the test's registers are in it",
         "pci_ep_basic.LEGACY_IRQ_TEST": "DesignWare endpoints raise no INTx",
         "pci_ep_basic.MSI_TEST": "the function has 16 interrupts, the kselftest wants 32",
         "pci_ep_data_transfer.dma.COPY_TEST": "the DMA engine copies between endpoint and host only"},
    "rk3588": {"pci_ep_bar.BAR4.BAR_TEST": "the BAR is the hardware's own",
               "pci_ep_bar.BAR4.BAR_SUBRANGE_TEST": "the BAR is the hardware's own",
               "pci_ep_basic.MSIX_TEST": "the function has 8 interrupts, the kselftest wants 2048"},
    "imx95": {"pci_ep_basic.MSIX_TEST": "the controller has no MSI-X"}}

TRIALS = {trial.name: trial for trial in (
    Trial("test", "epf-test", (TEST,)),
    Trial("vntb", "epf-vntb", (VNTB,),
          upstream="it reaches its scratchpads in memory with readl() and writel(), which UML, unlike most hardware, "
          "allows for device registers only; what talks through scratchpads fails there or is skipped"),
    Trial("nvmet", "epf-nvme", (NVMET,), arguments=TWO_FUNCTIONS, compared=("bare",), unbinds=True,
          upstream="it takes minutes on each board, where it polls all the same; one is compared"),
    Trial("pair", "epf-pair",
          (replace(TEST, strict=True, never=SELFTEST_NEVER),
           replace(VNTB, doorbell="pingpong_beside_selftest", results=case_results, never={})),
          instance="pair", boards=("rk3588", "imx95"), arguments=TWO_FUNCTIONS, compared=(),
          upstream="a second function gets no doorbells there"),
)}


def guest_arguments(kernel):
    """What the guest's scripts find on the kernel command line"""
    return [f"vep_selftest={build_selftest(kernel.tree, kernel.name)}",
            f"vep_ntb_test={kernel.tree / 'tools/testing/selftests/ntb/ntb_test.sh'}"]
