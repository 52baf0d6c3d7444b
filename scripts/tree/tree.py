#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prepare the Linux trees under build/ from this repository, and save edits made there.

tree.py tree       build/linux: Linux, our files linked in, our patches applied, scripts/removed removed
tree.py upstream   build/upstream: Linux with the virtual endpoint, the patches in scripts/upstream and those below arch/um
                   (the machine that both trees run on) only
tree.py patches    write .patch files from the edits in these trees
tree.py clean      remove what was built; distclean: all of build/

Environment: LINUX_SRC (directory or tarball instead of the Debian package), FORCE=1 (clean, and replace a tree,
although it has unsaved edits), ALL=1 (patches: write every .patch anew).

What is known about a tree is in build/state/NAME: `manifest` (size and mtime of every file as unpacked), `pristine/`
(Linux's own content of files that we change, others are taken from the source when needed) and `state` (the patch
that was applied to each file and what came out, the links, what was removed). Every run first computes all it is
going to do, and does nothing when anything is wrong.
"""

import fcntl
import fnmatch
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"

# Top-level names of the repository that are no paths of the kernel tree.
OUTSIDE = ("README*", "Makefile", "COPYING", "scripts", "build", "kunit", ".*")
# Patches below this are in both trees: what both are run on.
MACHINE = "arch/um/"
# Never ours, whether git ignores them or not.
JUNK = ("*~", "*.orig", "*.rej", "*.swp", "*.pyc", "__pycache__", "#*#", ".#*", "*.o", "*.ko")
# What kbuild leaves in a source tree. No file of Linux itself matches.
BUILT = ("*.o", "*.ko", "*.a", "*.so", "*.so.dbg", "*.mod", "*.mod.c", "*.order", "*.symvers", "*.pyc", "*.gcno", "*.su",
         "*.dtb", "*.dtbo", ".*.cmd", ".*.d", ".tmp_*", ".config", ".config.old", ".version", ".vmlinux.*",
         "vmlinux", "vmlinux.o", "vmlinux.unstripped", "vmlinux.map", "System.map", "modules.builtin*", "__pycache__")
BUILT_DIRS = re.compile(r"(^|.*/)include/(config|generated)$")

SPDX = b"# SPDX-License-Identifier: GPL-2.0\n"


class Fail(Exception):
    """One or more lines for the user."""


def say(*lines):
    for line in lines:
        print(line, flush=True)


def warn(*lines):
    for line in lines:
        print(f"warning: {line}", file=sys.stderr, flush=True)


def short(path):
    """A path as the user sees it: relative to the repository when inside."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def run(*argv, **kw):
    kw.setdefault("env", {**os.environ, "LC_ALL": "C"})
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **kw)


def write(path, data, mode=0o644):
    """All of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(f".{path.name}.{os.getpid()}.new")
    tmp.write_bytes(data)
    tmp.chmod(mode)
    tmp.replace(path)


def remove(path):
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        # A copied read-only source, or a build by a sloppy tool.
        subprocess.run(["chmod", "-R", "u+w", str(path)], check=False)
        shutil.rmtree(path)


def settings():
    """scripts/tree/linux: the suite, the series wanted, the versions tried."""
    got = {"suite": [], "series": [], "tried": []}
    for line in (HERE / "linux").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            got[words[0]] += words[1:]
    return got["suite"][0], got["series"][0], got["tried"]


def git(where, *argv):
    """Output of git, or None without git or without a repository exactly there."""
    if not (where / ".git").exists() or not shutil.which("git"):
        return None
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    out = subprocess.run(["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(where), *argv],
                         stdin=subprocess.DEVNULL, capture_output=True, env=env, check=False)
    return out.stdout if out.returncode == 0 else None


def walk(top, skip=lambda rel, entry: False):
    """(relative path, DirEntry) of every file and symbolic link below top."""
    stack = [""]
    while stack:
        base = stack.pop()
        with os.scandir(os.path.join(top, base)) as entries:
            for e in entries:
                rel = base + e.name
                if skip(rel, e):
                    continue
                if e.is_dir(follow_symlinks=False):
                    stack.append(rel + "/")
                else:
                    yield rel, e


def repo_files():
    """Files of this repository that stand for a path in the kernel tree, and their patches."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        names = [os.fsdecode(n) for n in listed.split(b"\0") if n]
        names = [n for n in names if os.path.lexists(ROOT / n)]
    else:
        names = [r for r, _ in walk(ROOT, lambda rel, e: "/" not in rel and matches(rel, OUTSIDE))]
    return sorted({n for n in names
                   if not matches(n.split("/")[0], OUTSIDE) and not any(matches(p, JUNK) for p in n.split("/"))})


# ---------------------------------------------------------------------------------------------------------------------
# Where Linux comes from


class Source:
    """Linux as a directory, a tarball or Debian's package."""

    def __init__(self, path, prefix=None):
        self.path = Path(path)
        if self.path.is_dir():
            self.kind = "dir"
            if not linux_version(self.path):
                raise Fail(f"{short(self.path)} is not Linux: no Makefile with a version at its top")
        elif self.path.is_file():
            self.kind = "deb" if self.path.suffix == ".deb" else "tar"
        else:
            raise Fail(f"{short(path)}: no such directory or file")
        # The directory of the tarball that is the tree.
        self.prefix = prefix

    def ident(self):
        """What tells this source from another one. A directory is another one when its Makefile is, as with another
        version; otherwise its files are looked at when they matter."""
        st = (self.path / "Makefile" if self.kind == "dir" else self.path).stat()
        return [str(self.path), st.st_size, st.st_mtime_ns]

    def untar(self, dest, *args):
        """Unpack all, or with args what tar is told."""
        name = self.path.name
        inner = "cat"
        if self.kind == "deb":
            first = 'dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/linux-source-*.tar.xz"'
            inner = "xz -dc -T0"
        else:
            first = 'cat "$1"'
            tools = {".xz": "xz -dc -T0", ".txz": "xz -dc -T0", ".gz": "gzip -dc", ".tgz": "gzip -dc",
                     ".zst": "zstd -dcq", ".tar": "cat"}
            if self.path.suffix not in tools:
                raise Fail(f"{name}: not a .tar, .tar.xz, .tar.gz, .tar.zst or .deb")
            inner = tools[self.path.suffix]
        tool = inner.split()[0]
        if not shutil.which(tool):
            raise Fail(f"{name}: unpacking it needs {tool}, which is not installed")
        script = f'set -o pipefail; {first} | {inner} | tar -x --no-same-owner -C "$2" "${{@:3}}"'
        out = run("bash", "-c", script, "bash", self.path, dest, *args)
        if out.returncode:
            raise Fail(f"{short(self.path)} cannot be unpacked: {reason(out.stdout)}")

    def copy(self, dest):
        """Copy a directory: of a git tree what git knows of or would, otherwise all but what a build left there."""
        names = git(self.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if names is not None:
            files = [os.fsdecode(n) for n in names.split(b"\0") if n and not n.endswith(b"/")]
            files = [n for n in files if os.path.lexists(self.path / n)]
        else:
            files = [rel for rel, _ in walk(self.path, lambda rel, e: rel == ".git" or built(rel, e))]
        dest.mkdir()
        out = subprocess.run(["xargs", "-0", "cp", "-a", "--reflink=auto", "--parents", "-t", str(dest), "--"],
                             cwd=self.path, input=b"\0".join(os.fsencode(n) for n in files), check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if out.returncode:
            raise Fail(f"{self.path} cannot be copied: {reason(out.stdout)}")
        subprocess.run(["chmod", "-R", "u+w", str(dest)], check=True)

    def unpack(self, dest):
        """Put the tree at dest, which does not exist."""
        if self.kind == "dir":
            self.copy(dest)
            return
        tmp = dest.with_name(dest.name + ".unpack")
        remove(tmp)
        tmp.mkdir()
        try:
            self.untar(tmp)
            inside = list(tmp.iterdir())
            self.prefix = ""
            if len(inside) == 1 and inside[0].is_dir():
                self.prefix = inside[0].name + "/"
            (tmp / self.prefix).rename(dest)
        finally:
            remove(tmp)

    def content(self, paths, manifest):
        """{path: bytes} as it was when the tree was unpacked."""
        got = {}
        if self.kind == "dir":
            for p in paths:
                f = self.path / p
                if not f.is_file() or [f.stat().st_size, f.stat().st_mtime_ns] != manifest[p]:
                    raise Fail(f"{f} is not what was copied any more: cannot tell what was edited in {p}")
                got[p] = f.read_bytes()
            return got
        say(f"taking {len(paths)} unmodified file(s) from {self.path.name}")
        BUILD.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
            names = Path(tmp) / "names"
            names.write_bytes(b"".join(os.fsencode(self.prefix + p) + b"\0" for p in paths))
            self.untar(tmp, "--null", "-T", names)
            for p in paths:
                got[p] = (Path(tmp) / (self.prefix + p)).read_bytes()
        return got


def reason(output):
    lines = [l for l in output.decode(errors="replace").splitlines() if l.strip()]
    errors = [l for l in lines if l.startswith("E:")] or [l for l in lines if l.startswith("W:")]
    # apt's first error is the cause, its last one says that there were some.
    return (errors[:1] or lines[-1:] or ["no message"])[0].strip()


def built(rel, entry):
    """Whether a build left this in the source tree."""
    if matches(entry.name, BUILT):
        return True
    if entry.is_dir(follow_symlinks=False):
        # Kernel configuration and headers in the tree; or the output of make O= somewhere below.
        return bool(BUILT_DIRS.match(rel) and (rel.startswith(("include/", "arch/")))) or \
            os.path.exists(os.path.join(entry.path, ".config")) or os.path.islink(os.path.join(entry.path, "source"))
    if entry.is_file(follow_symlinks=False) and entry.stat().st_mode & 0o111 and "." not in entry.name:
        with open(entry.path, "rb") as f:
            return f.read(4) == b"\x7fELF"
    return False


def linux_version(top):
    """'7.3.4' of a Linux tree."""
    try:
        text = (top / "Makefile").read_text(errors="replace")
        nums = [re.search(rf"^{k} *= *(\d+)", text, re.M) for k in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
        if all(nums) and (top / "Kconfig").exists():
            return ".".join(n[1] for n in nums)
    except OSError:
        pass
    return None


# --- Debian's package


def apt_sources():
    """(URI, suite, components, keyring) of what the machine's apt uses."""
    out = run("apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d")
    found = dict(re.findall(r"^(\w+)='(.*)'$", out.stdout.decode(), re.M))
    files = [Path(found.get("LIST", "/etc/apt/sources.list"))]
    parts = Path(found.get("PARTS", "/etc/apt/sources.list.d"))
    if parts.is_dir():
        files += sorted(p for p in parts.iterdir() if p.suffix in (".list", ".sources"))
    for file in files:
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue
        if file.suffix == ".sources":
            yield from deb822(text)
        else:
            for line in text.splitlines():
                m = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
                if m:
                    key = re.search(r"signed-by=(\S+)", m[1] or "", re.I)
                    yield m[2], m[3], m[4].split(), key[1] if key else ""


def deb822(text):
    text = re.sub(r"^#.*\n?", "", text, flags=re.M)
    for stanza in re.split(r"\n[ \t]*\n", text):
        field = {k.lower(): v.split() for k, v in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M)}
        if "deb" not in field.get("types", []) or field.get("enabled", ["yes"])[0].lower() in ("no", "false", "0"):
            continue
        for uri in field.get("uris", []):
            for suite in field.get("suites", []):
                yield uri, suite, field.get("components", []), " ".join(field.get("signed-by", []))


def mirrors():
    """URIs of Debian mirrors, the likeliest first: not the security archive, nobody else's packages."""
    suites = re.compile(r"(oldoldstable|oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)"
                        r"(-updates|-backports|-backports-sloppy|-proposed-updates)?$")
    score = {}
    for uri, suite, components, keyring in apt_sources():
        path = urllib.parse.urlsplit(uri).path
        if "main" not in components or not suites.match(suite) or "security" in uri or uri.startswith("cdrom:"):
            continue
        points = 2 * ("debian-archive" in keyring) + ("debian" in path) + path.rstrip("/").endswith("/debian")
        score[uri] = max(points, score.get(uri, 0))
    return sorted(score, key=score.get, reverse=True)


class Apt:
    """A private apt in build/apt: own sources, lists and archives; proxies and credentials are the machine's."""

    def __init__(self, suite):
        self.dir = BUILD / "apt"
        self.suite = suite

    def configure(self, uri):
        for d in ("lists/partial", "archives/partial"):
            (self.dir / d).mkdir(parents=True, exist_ok=True)
        (self.dir / "status").touch()
        keyring = next((k for k in ("/usr/share/keyrings/debian-archive-keyring.pgp",
                                    "/usr/share/keyrings/debian-archive-keyring.gpg") if os.path.exists(k)), None)
        if not keyring:
            raise Fail("debian-archive-keyring is not installed: the download could not be verified; or give LINUX_SRC=")
        arch = run("dpkg", "--print-architecture").stdout.decode().strip()
        write(self.dir / "sources.list",
              f"deb [arch={arch} target=Packages signed-by={keyring}] {uri} {self.suite} main\n".encode())
        options = {
            "Dir::Etc::sourcelist": self.dir / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self.dir, "Dir::State::lists": self.dir / "lists", "Dir::State::status": self.dir / "status",
            "Dir::Cache": self.dir, "Dir::Cache::archives": self.dir / "archives",
            "Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": "",
            "Acquire::Languages": "none", "Acquire::Retries": 1, "Acquire::http::Timeout": 20,
            "Acquire::https::Timeout": 20, "APT::Update::Error-Mode": "any",
        }
        if os.geteuid() == 0:
            # build/ need not be readable by _apt.
            options["APT::Sandbox::User"] = "root"
        lines = [f"#clear APT::Update::{h};" for h in ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success")]
        lines += [f'{k} "{v}";' for k, v in options.items()]
        write(self.dir / "apt.conf", ("\n".join(lines) + "\n").encode())

    def call(self, tool, *argv, **kw):
        return run(tool, "-c", self.dir / "apt.conf", *argv, **kw)

    def cached(self):
        """{(7, 3): file} of what was downloaded before."""
        found = {}
        for deb in sorted(self.dir.glob("linux-source-*_*.deb"), key=lambda p: p.stat().st_mtime):
            m = re.match(r"linux-source-(\d+)\.(\d+)_", deb.name)
            if m:
                found[int(m[1]), int(m[2])] = deb
        return found

    def offered(self):
        """{(7, 3), ...} that the mirror has."""
        if not shutil.which("apt-get"):
            raise Fail("no apt-get here to download Linux with: give LINUX_SRC=, a directory or a tarball")
        why = "no Debian mirror in this machine's apt sources"
        for uri in mirrors()[:3]:
            self.configure(uri)
            out = self.call("apt-get", "update", "-q")
            if out.returncode == 0:
                names = self.call("apt-cache", "pkgnames", "linux-source-").stdout.decode()
                got = {(int(a), int(b)) for a, b in re.findall(r"^linux-source-(\d+)\.(\d+)$", names, re.M)}
                if got:
                    return got
                why = f"no linux-source in {self.suite} there"
            else:
                why = reason(out.stdout)
        raise Fail(f"cannot download Linux ({why}); give LINUX_SRC=, a directory or a tarball")

    def download(self, series):
        name = f"linux-source-{series[0]}.{series[1]}"
        say(f"downloading {name}")
        new = self.dir / "new"
        remove(new)
        new.mkdir()
        out = self.call("apt-get", "download", "-q", name, cwd=new)
        debs = list(new.glob("*.deb"))
        if out.returncode or len(debs) != 1:
            raise Fail(f"cannot download {name} ({reason(out.stdout)}); give LINUX_SRC=, a directory or a tarball")
        deb = debs[0].rename(self.dir / debs[0].name)
        remove(new)
        return deb


def debian_sources():
    """(Source, whether this is the series asked for), best first; downloads as late as possible."""
    suite, series, _ = settings()
    want = tuple(int(n) for n in series.split("."))
    apt = Apt(suite)
    have = apt.cached()
    if want in have:
        yield Source(have[want]), True
        return
    try:
        offered = apt.offered()
    except Fail:
        if not any(s > want for s in have):
            raise
        offered = set()
    if want in offered:
        yield Source(apt.download(want)), True
        return
    newer = sorted(s for s in offered | set(have) if s > want)
    warn(f"{suite} has no linux-source-{series} any more" if newer else
         f"{suite} has no linux-source-{series} and none that is newer")
    for s in newer:
        yield Source(have.get(s) or apt.download(s)), False


# ---------------------------------------------------------------------------------------------------------------------
# Patches

HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*$")


def hunks(patch, path, name):
    """The hunk headers of a .patch; it must be a diff of this one file."""
    lines = patch.split(b"\n")
    at = next((i for i, l in enumerate(lines) if l.startswith(b"--- ")), None)
    ends = (b"a/" + os.fsencode(path), b"b/" + os.fsencode(path))
    if at is None or at + 1 >= len(lines) or not lines[at + 1].startswith(b"+++ "):
        raise Fail(f"{name}: not a unified diff")
    got = (lines[at][4:].split(b"\t")[0], lines[at + 1][4:].split(b"\t")[0])
    if got != ends:
        raise Fail(f"{name}: is a diff of {os.fsdecode(got[0])}, not of a/{path} and b/{path}")
    at += 2
    headers = []
    while at < len(lines):
        m = HUNK.match(lines[at])
        if not m:
            if lines[at].strip():
                raise Fail(f"{name}: line {at + 1} is not part of a hunk: {os.fsdecode(lines[at])[:60]}")
            at += 1
            continue
        old, new = int(m[2] or 1), int(m[4] or 1)
        headers.append(os.fsdecode(lines[at]))
        at += 1
        while old > 0 or new > 0:
            c = lines[at][:1] if at < len(lines) else b"?"
            if c not in (b" ", b"-", b"+", b"\\"):
                raise Fail(f"{name}: hunk #{len(headers)} ({headers[-1]}) is damaged at line {at + 1}")
            old -= c in (b" ", b"-")
            new -= c in (b" ", b"+")
            at += 1
        if at < len(lines) and lines[at][:1] == b"\\":
            at += 1
    return headers


def apply(pristine, patch, path, name):
    """The patched content; exact context, at any offset."""
    headers = hunks(patch, path, name)
    with tempfile.TemporaryDirectory() as tmp:
        old, diff, new = Path(tmp) / "old", Path(tmp) / "diff", Path(tmp) / "new"
        old.write_bytes(pristine)
        diff.write_bytes(patch)
        out = run("patch", "--force", "--fuzz=0", "--binary", "--reject-file=-", f"--output={new}", old, diff)
        if out.returncode == 0:
            return new.read_bytes()
        text = out.stdout.decode(errors="replace")
        failed = [int(n) for n in re.findall(r"^Hunk #(\d+) FAILED", text, re.M)]
        if not failed:
            raise Fail(f"{name}: {reason(out.stdout)}")
        raise Fail(*(f"{name}: hunk #{n} does not apply to {path}: {headers[n - 1]}" for n in failed))


def diff(old, new, path, before):
    """The .patch from old to new content (None: no difference); keeps what stands above the diff."""
    if old == new:
        return None
    with tempfile.TemporaryDirectory() as tmp:
        a, b = Path(tmp) / "a", Path(tmp) / "b"
        a.write_bytes(old)
        b.write_bytes(new)
        out = run("diff", "-U3", "-p", "--label", f"a/{path}", "--label", f"b/{path}", a, b)
    if out.returncode != 1 or not out.stdout.startswith(b"--- "):
        raise Fail(f"{path}: no text file, it cannot be a patch")
    head = SPDX
    if before is not None:
        m = re.search(rb"^--- ", before, re.M)
        head = before[:m.start()] if m else SPDX
    return head + out.stdout


# ---------------------------------------------------------------------------------------------------------------------
# Trees


class Tree:
    """One Linux tree under build/ and what is known about it."""

    def __init__(self, name, suffix=""):
        self.name = name
        self.dir = BUILD / (name + suffix)
        self.known = BUILD / "state" / (name + suffix)
        self.ours = name == "linux"
        # Whole directories that are links; every other file of the repository is one by itself.
        self.dir_links = ({"kunit": "drivers/pci/endpoint/kunit",
                           "drivers/pci/endpoint/backends": "drivers/pci/endpoint/backends"} if self.ours else
                          {"kunit/vep": "drivers/pci/endpoint/kunit/vep"})
        self.patch_dir = ROOT if self.ours else ROOT / "scripts/upstream"
        self._manifest = None
        self.state = None

    def load(self):
        """True when the tree is there."""
        file = self.known / "state"
        if not os.path.lexists(self.dir):
            return False
        if not file.exists():
            raise Fail(f"{short(self.dir)} was not made by this script, or not to the end: look into it and remove it")
        self.state = json.loads(file.read_text())
        return True

    def save(self):
        text = json.dumps(self.state, indent=1, sort_keys=True).encode()
        file = self.known / "state"
        if not file.exists() or file.read_bytes() != text:
            write(file, text)

    @property
    def manifest(self):
        if self._manifest is None:
            self._manifest = json.loads((self.known / "manifest").read_text())
        return self._manifest

    def create(self, source):
        """Unpack; nothing of ours in it yet."""
        say(f"unpacking {short(source.path)}")
        remove(self.dir)
        remove(self.known)
        self.dir.parent.mkdir(parents=True, exist_ok=True)
        source.unpack(self.dir)
        version = linux_version(self.dir)
        if not version:
            remove(self.dir)
            raise Fail(f"{short(source.path)} is not Linux: no Makefile with a version at its top")
        self._manifest = {}
        for rel, e in walk(self.dir):
            st = e.stat(follow_symlinks=False)
            self._manifest[rel] = os.readlink(e.path) if e.is_symlink() else [st.st_size, st.st_mtime_ns]
        write(self.known / "manifest", json.dumps(self._manifest, separators=(",", ":")).encode())
        self.state = {"source": source.ident(), "prefix": source.prefix, "version": version,
                      "patched": {}, "links": [], "removed": []}
        self.save()

    def move_to(self, name):
        """Become build/NAME in place of what is there. The tree comes last: without it all is done anew."""
        final = Tree(name)
        old = Tree(name, ".old")
        remove(old.dir)
        if os.path.lexists(final.dir):
            final.dir.rename(old.dir)
        remove(final.known)
        self.known.rename(final.known)
        self.dir.rename(final.dir)
        remove(old.dir)
        return final

    def pristine(self, paths):
        """{path: bytes} as in Linux; kept for the next time."""
        got, far = {}, []
        for p in paths:
            kept = self.known / "pristine" / p
            if kept.is_file():
                got[p] = kept.read_bytes()
            elif self.untouched(p):
                got[p] = (self.dir / p).read_bytes()
                write(kept, got[p])
            else:
                far.append(p)
        if far:
            try:
                source = Source(self.state["source"][0], self.state["prefix"])
            except Fail as e:
                raise Fail(f"{e.args[0]}: needed for the unmodified {far[0]}") from None
            if source.kind != "dir" and source.ident() != self.state["source"]:
                raise Fail(f"{short(source.path)} changed since {short(self.dir)} was made: needed for the unmodified {far[0]}")
            for p, data in source.content(far, self.manifest).items():
                write(self.known / "pristine" / p, data)
                got[p] = data
        return got

    def untouched(self, p):
        """Whether size and mtime are those of the unpacked file."""
        try:
            st = os.lstat(self.dir / p)
        except OSError:
            return False
        return self.manifest.get(p) == [st.st_size, st.st_mtime_ns]

    def read(self, p):
        """What is in the tree now, None when it is no file any more."""
        f = self.dir / p
        return f.read_bytes() if f.is_file() and not f.is_symlink() else None

    def put(self, p, data):
        f = self.dir / p
        mode = f.stat().st_mode & 0o777 if f.is_file() else 0o755 if data.startswith(b"#!") else 0o644
        write(f, data, mode)

    # --- what the repository wants

    def patches(self):
        """{path in Linux: .patch in the repository}"""
        names = [n for n in repo_files() if n.endswith(".patch") and not self.in_dir_link(n)]
        if not self.ours:
            names = [n for n in names if n.startswith(MACHINE)]
            if self.patch_dir.is_dir():
                names += [r for r, _ in walk(self.patch_dir) if r.endswith(".patch")]
        return {n[:-len(".patch")]: self.patch_file(n[:-len(".patch")]) for n in sorted(names)}

    def patch_file(self, p):
        """Where the change to a file of Linux stands."""
        return (ROOT if p.startswith(MACHINE) else self.patch_dir) / (p + ".patch")

    def in_dir_link(self, name):
        return any(name.startswith(d + "/") for d in self.dir_links)

    def wanted_links(self):
        """{path in the tree: file or directory of the repository}"""
        links = {dest: ROOT / src for src, dest in self.dir_links.items() if (ROOT / src).is_dir()}
        if self.ours:
            links.update({n: ROOT / n for n in repo_files() if not n.endswith(".patch") and not self.in_dir_link(n)})
        return links

    def wanted_removed(self):
        file = ROOT / "scripts/removed"
        if not self.ours or not file.exists():
            return []
        lines = (l.split("#")[0].strip() for l in file.read_text().splitlines())
        return sorted({l for l in lines if l})

    # --- make tree

    def sync(self):
        """Bring the tree to what the repository says. Returns what prevents it: then nothing was changed."""
        problems, todo, notes = [], [], []
        state = {**self.state, "patched": dict(self.state["patched"])}
        self.plan_links(state, problems, todo)
        self.plan_patches(state, problems, todo, notes)
        self.plan_removed(state, problems, todo)
        if problems:
            return problems
        for what, act in todo:
            act()
            say(what)
        self.state = state
        self.save()
        say(*notes)
        return []

    def plan_links(self, state, problems, todo):
        wanted = self.wanted_links()
        for dest in sorted(set(state["links"]) - set(wanted)):
            p = self.dir / dest
            if p.is_symlink():
                todo.append((f"unlinked {dest}", lambda p=p: self.unlink(p)))
            elif p.exists():
                problems.append(f"{short(p)} is a file now, and the repository has no {dest} any more: "
                                f"move it there, or remove it")
        for dest, src in sorted(wanted.items()):
            p = self.dir / dest
            target = os.path.relpath(os.path.realpath(src.parent), os.path.realpath(p.parent)) + "/" + src.name
            if p.is_symlink() and os.readlink(p) == target:
                continue
            if dest in self.manifest or any(n.startswith(dest + "/") for n in self.manifest):
                problems.append(f"Linux {state['version']} has {dest} already: a change to it stands in {dest}.patch")
                continue
            if p.is_dir() and not p.is_symlink() and any(p.iterdir()):
                problems.append(f"{short(p)} is a directory, it should be a link to {short(src)}: "
                                f"move what is in it there, and remove it")
                continue
            if p.is_file() and not p.is_symlink() and p.read_bytes() != src.read_bytes():
                problems.append(f"{short(p)} is no link to {short(src)} any more, and differs from it: "
                                f"mv {short(p)} {short(src)}, or remove it")
                continue
            todo.append((f"linked {dest}", lambda p=p, t=target: self.link(p, t)))
        state["links"] = sorted(wanted)

    def unlink(self, p):
        p.unlink()
        for d in p.parents:
            if d == self.dir or any(d.iterdir()):
                break
            d.rmdir()

    @staticmethod
    def link(p, target):
        if p.is_dir() and not p.is_symlink():
            p.rmdir()
        p.parent.mkdir(parents=True, exist_ok=True)
        tmp = p.with_name(f".{p.name}.{os.getpid()}.new")
        tmp.symlink_to(target)
        tmp.replace(p)

    def plan_patches(self, state, problems, todo, notes):
        wanted = self.patches()
        texts = {p: f.read_bytes() for p, f in wanted.items()}
        known = state["patched"]
        gone = [p for p in known if p not in wanted]
        changed = [p for p in wanted if p not in known or known[p]["patch"] != sha(texts[p])]
        for p in list(changed):
            if p not in known and not isinstance(self.manifest.get(p), list):
                problems.append(f"{short(wanted[p])}: Linux {state['version']} has no {p}")
                changed.remove(p)
        missing = [p for p in wanted if p in known and p not in changed and self.read(p) is None]
        pristine = self.pristine(gone + changed + missing)
        for p in sorted(set(wanted) | set(gone)):
            have = self.read(p)
            if p in gone:
                if have not in (None, pristine[p]) and sha(have) != known[p]["result"]:
                    problems.append(f"{short(self.dir / p)} has edits that are not saved, and {p}.patch is gone: "
                                    f"bring the patch back, or undo the edits")
                    continue
                if have != pristine[p]:
                    todo.append((f"restored {p}", lambda p=p, d=pristine[p]: self.put(p, d)))
                del known[p]
                continue
            if p in changed or p in missing:
                try:
                    result = apply(pristine[p], texts[p], p, short(wanted[p]))
                except Fail as e:
                    problems += e.args
                    continue
                if have != result:
                    before = known[p]["result"] if p in known else sha(pristine[p])
                    if have is not None and sha(have) not in (before, sha(pristine[p])):
                        problems.append(f"{short(self.dir / p)} has edits that are not saved, and {short(wanted[p])} "
                                        f"changed too: bring the old patch back and `make patches`, or undo the edits")
                        continue
                    todo.append((f"patched {p}", lambda p=p, d=result: self.put(p, d)))
                known[p] = {"patch": sha(texts[p]), "result": sha(result)}
            elif p in known and sha(have) != known[p]["result"]:
                notes.append(f"note: edits in {short(self.dir / p)} are not in {short(wanted[p])} yet (make patches)")

    def plan_removed(self, state, problems, todo):
        wanted = self.wanted_removed()
        before = state["removed"]
        # Only what Linux has, and what neither we link nor patch.
        for p in list(wanted):
            if p in before:
                continue
            if p in state["links"] or p in state["patched"] or os.path.lexists(ROOT / (p + ".patch")):
                problems.append(f"scripts/removed names {p}, and the repository has it or a patch for it")
                wanted.remove(p)
            elif not isinstance(self.manifest.get(p), list):
                warn(f"scripts/removed names {p}, which Linux {state['version']} does not have")
                wanted.remove(p)
        present = [p for p in wanted if self.read(p) is not None]
        back = [p for p in before if p not in wanted and self.read(p) is None]
        pristine = self.pristine(present + back)
        for p in present:
            if self.read(p) != pristine[p]:
                problems.append(f"{short(self.dir / p)} has edits, and scripts/removed names it: undo one of them")
            else:
                todo.append((f"removed {p}", (self.dir / p).unlink))
        for p in back:
            todo.append((f"restored {p}", lambda p=p: self.put(p, pristine[p])))
        state["removed"] = wanted

    # --- make patches

    def survey(self):
        """What was edited: (files of Linux that differ from what we made of them, new files, files that are gone)."""
        known, links = self.state["patched"], set(self.state["links"])
        edited, touched, new = [], [], []
        seen = set()
        for rel, e in walk(self.dir, lambda rel, e: rel == ".git"):
            if rel in links and e.is_symlink():
                continue
            seen.add(rel)
            entry = self.manifest.get(rel)
            if entry is None:
                new.append(rel)
            elif rel in known:
                data = self.read(rel)
                if data is None or sha(data) != known[rel]["result"]:
                    edited.append(rel)
            elif isinstance(entry, str):
                if not e.is_symlink() or os.readlink(e.path) != entry:
                    warn(f"{short(e.path)}: a changed symbolic link, this cannot be a patch")
            else:
                st = e.stat(follow_symlinks=False)
                if [st.st_size, st.st_mtime_ns] != entry:
                    touched.append(rel)
        pristine = self.pristine(touched)
        edited += [p for p in touched if self.read(p) != pristine[p]]
        gone = sorted(set(self.manifest) - seen - set(self.state["removed"]))
        return sorted(edited), self.not_built(sorted(new), links), gone

    def not_built(self, names, links):
        """Of new files those that somebody wrote."""
        names = [n for n in names
                 if n in links or not (any(matches(c, BUILT + JUNK) for c in n.split("/"))
                                       or any(BUILT_DIRS.match(str(d)) for d in Path(n).parents))]
        names = [n for n in names if n in links or not self.is_elf(self.dir / n)]
        if not names or not shutil.which("git"):
            return names
        # The kernel's .gitignore files know what its build makes.
        with tempfile.TemporaryDirectory() as tmp:
            env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
            if run("git", "init", "-q", tmp, env=env).returncode:
                return names
            out = subprocess.run(["git", f"--git-dir={tmp}/.git", f"--work-tree={self.dir}", "check-ignore",
                                  "--no-index", "-z", "--stdin"], cwd=self.dir, env=env, check=False,
                                 input=b"\0".join(os.fsencode(n) for n in names), stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        ignored = {os.fsdecode(n) for n in out.stdout.split(b"\0")}
        return [n for n in names if n in links or n not in ignored]

    @staticmethod
    def is_elf(path):
        try:
            with open(path, "rb") as f:
                return f.read(4) == b"\x7fELF"
        except OSError:
            return False

    def unsaved(self):
        edited, new, _ = self.survey()
        return [short(self.dir / p) for p in edited + new]

    def save_patches(self, everything):
        edited, new, gone = self.survey()
        known, wanted = self.state["patched"], self.patches()
        problems, todo = [], []
        pristine = self.pristine(sorted(set(edited) | set(known)))
        for p in sorted(set(edited) | (set(known) if everything else set())):
            file = wanted.get(p, self.patch_file(p))
            old = file.read_bytes() if file.exists() else None
            if (sha(old) if old is not None else None) != known.get(p, {}).get("patch"):
                if p in edited:
                    problems.append(f"{short(self.dir / p)} has edits, and {short(file)} is not the patch that was applied "
                                    f"to it: bring that one back, or undo the edits")
                continue
            if self.ours and matches(p.split("/")[0], OUTSIDE) and p != "Makefile" or self.in_dir_link(p):
                problems.append(f"{short(self.dir / p)} has edits, and {short(file)} would not be a path of the kernel tree")
                continue
            have = self.read(p)
            if have is None:
                gone.append(p)
                continue
            try:
                text = diff(pristine[p], have, p, old)
            except Fail as e:
                problems += e.args
                continue
            todo.append((p, file, old, text, have))
        if problems:
            raise Fail(*problems)
        for p, file, old, text, have in todo:
            if text is None:
                if old is not None:
                    file.unlink()
                    say(f"removed {short(file)}: no difference any more")
                known.pop(p, None)
                continue
            if text != old:
                write(file, text)
                say(f"{'created' if old is None else 'wrote'} {short(file)}")
            known[p] = {"patch": sha(text), "result": sha(have)}
        self.save()
        for p in new:
            if p in self.state["links"]:
                say(f"{short(self.dir / p)} is no link into the repository any more: mv {short(self.dir / p)} {p}")
            elif self.ours and not matches(p.split("/")[0], OUTSIDE):
                where = f"mkdir -p {os.path.dirname(p)} && " if os.path.dirname(p) else ""
                say(f"new file {short(self.dir / p)}: {where}mv {short(self.dir / p)} {p}")
            else:
                say(f"new file {short(self.dir / p)}: the repository has no place for it")
        for p in sorted(gone):
            say(f"{short(self.dir / p)} is gone: " +
                (f"echo {p} >> scripts/removed" if self.ours else "the repository has no place for that"))
        return bool(todo or new or gone)


def guard(tree, what):
    """Fail when edits would be lost."""
    if os.environ.get("FORCE") == "1":
        return
    try:
        lost = tree.unsaved()
    except Fail as e:
        raise Fail(*e.args, f"{what} could lose edits; FORCE=1 to do it") from None
    if lost:
        raise Fail(*(f"{p} is edited, and not saved in the repository" for p in lost[:20]),
                   f"{what} would lose that: `make patches` first, or FORCE=1")


def make_tree(name):
    tree = Tree(name)
    present = tree.load()
    given = os.environ.get("LINUX_SRC")
    if given:
        path = Path(given).expanduser().resolve()
        if path == BUILD / name or path.is_relative_to(BUILD / name) or (BUILD / name).is_relative_to(path):
            raise Fail(f"LINUX_SRC={given}: {short(BUILD / name)} cannot be its own source")
        source = Source(path)
        if present and source.ident() != tree.state["source"]:
            guard(tree, f"replacing build/{name}")
            present = False
        choice = [(source, True)]
    else:
        choice = debian_sources()
    problems = []
    if present:
        problems = tree.sync()
    else:
        new = Tree(name, ".new")
        for source, final in choice:
            new.create(source)
            problems = new.sync()
            if problems and not final:
                warn(f"Linux {new.state['version']}: {problems[0]}")
                remove(new.dir)
                remove(new.known)
                continue
            tree = new.move_to(name)
            tree.load()
            break
        else:
            raise Fail("no Linux was found that the patches apply to; give LINUX_SRC=, a directory or a tarball")
    version = tree.state["version"]
    if version not in settings()[2]:
        warn(f"build/{name} is Linux {version}; tried were {', '.join(settings()[2])} (scripts/tree/linux)")
    if problems:
        raise Fail(*problems)
    say(f"build/{name}: Linux {version} from {Path(tree.state['source'][0]).name}, "
        f"{len(tree.state['patched'])} patched, {len(tree.state['links'])} linked, {len(tree.state['removed'])} removed")


def make_patches():
    any_tree = changed = False
    for name in ("linux", "upstream"):
        tree = Tree(name)
        if tree.load():
            any_tree = True
            changed |= tree.save_patches(os.environ.get("ALL") == "1")
    if not any_tree:
        raise Fail("there is no build/linux: make tree")
    if not changed:
        say("nothing to save")


def make_clean(everything):
    if not BUILD.exists():
        return
    for name in ("linux", "upstream"):
        tree = Tree(name)
        if os.environ.get("FORCE") != "1" and tree.load():
            guard(tree, "cleaning")
    for p in BUILD.iterdir():
        if p.name != ".lock" and (everything or p.name != "apt"):
            remove(p)
    if everything:
        remove(BUILD / ".lock")
        if not BUILD.is_symlink():
            BUILD.rmdir()


def lock():
    """One process at a time on build/. distclean removes the lock file, hence the second look."""
    while True:
        BUILD.mkdir(exist_ok=True)
        fd = os.open(BUILD / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another make that works on build/")
            fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            if os.stat(BUILD / ".lock").st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)


def main():
    jobs = {"tree": lambda: make_tree("linux"), "upstream": lambda: make_tree("upstream"), "patches": make_patches,
            "clean": lambda: make_clean(False), "distclean": lambda: make_clean(True)}
    if len(sys.argv) != 2 or sys.argv[1] not in jobs:
        sys.exit(__doc__)
    try:
        lock()
        jobs[sys.argv[1]]()
    except Fail as e:
        for line in e.args:
            print(f"error: {line}", file=sys.stderr)
        sys.exit(1)
    except OSError as e:
        sys.exit(f"error: {e}")
    except KeyboardInterrupt:
        sys.exit("interrupted")


if __name__ == "__main__":
    main()
