# SPDX-License-Identifier: GPL-2.0
"""The kernel's documentation with our pages in it: build it, and find what is wrong with ours."""

import re
import shutil

from .common import BUILD, LOGS, ROOT, Fail, run, say

# Folders of Documentation/ that have pages of ours. The kernel builds each alone, links between them are text only.
FOLDERS = ("PCI", "nvme")
LOG = LOGS / "docs.log"
OUTPUT = BUILD / "docs"
HTML = OUTPUT / "Documentation/output"
BOOK = "PCI/endpoint/pci-endpoint-doorbell"
API = f"{BOOK}-api"
HEADER = "include/linux/pci-ep-doorbell.h"


def ours():
    """Paths in the kernel tree that have something of ours"""
    for folder in ("Documentation", "drivers", "include"):
        for file in (ROOT / folder).rglob("*.*"):
            yield str(file.relative_to(ROOT)).removesuffix(".patch")


def pages():
    return [path for path in ours() if path.endswith(".rst")]


def warnings():
    """What Sphinx and kernel-doc say of our pages and files"""
    names = set(ours())
    for line in LOG.read_text(errors="replace").splitlines():
        if re.search(r"warning|error|severe|critical", line, re.I) and any(name in line for name in names):
            yield line


def missing(tree):
    """Pages that were not rendered, and what the header declares and the API page does not have"""
    for page in pages():
        if not (HTML / page.removeprefix("Documentation/")).with_suffix(".html").exists():
            yield f"{page}: not rendered"
    api = HTML / f"{API}.html"
    text = api.read_text() if api.exists() else ""
    declared = r"^(?:(?:enum|struct) (\w+) \{|typedef .*\(\*(\w+)\)|\w.*?\b(pci_ep_db_\w+)\()"
    for names in dict.fromkeys(re.findall(declared, (tree / HEADER).read_text(), re.M)):
        if f'id="c.{"".join(names)}"' not in text:
            yield f"{HEADER}: {''.join(names)} is not in {API}"


def outdated(tree):
    """Files that a page names and that are not there, and code with a file's name above it that is not in that file"""
    named = re.compile(r"\b(?:Documentation|arch|drivers|include|tools)/[\w./-]+\.(?:c|dtsi|h|rst|yaml)\b")
    example = re.compile(r"^\.\. code-block:: c\n   :caption: (\S+)\n\n((?:   .*\n|\n)+)", re.M)
    for page in pages():
        text = (tree / page).read_text()
        for file in sorted(set(named.findall(text))):
            if not (tree / file).exists():
                yield f"{page}: there is no {file}"
        for file, code in example.findall(text):
            source = (tree / file).read_text() if (tree / file).exists() else ""
            if " ".join(code.split()) not in " ".join(source.split()):
                yield f"{page}: this is not in {file}: {code.strip().splitlines()[0]}"


def build_docs(tree):
    """HTML of our folders. Anew: what Sphinx does not read again has no warnings. What is wrong with ours, a line each."""
    say("rendering the documentation")
    LOG.unlink(missing_ok=True)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    run(["make", "-C", tree, f"O={OUTPUT}", f"SPHINXDIRS={' '.join(FOLDERS)}", "htmldocs"], LOG, "make htmldocs")
    if not (HTML / f"{FOLDERS[0]}/index.html").exists():
        raise Fail(f"make htmldocs rendered nothing, see {LOG.relative_to(ROOT)}")
    problems = [*warnings(), *missing(tree), *outdated(tree)]
    with open(LOG, "a", encoding="utf-8") as log:
        log.writelines(f"not as it should be: {line}\n" for line in problems)
    return problems
