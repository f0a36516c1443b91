"""The part of an image that is not ours: Python and what it needs.

A base takes a minute to make and rarely changes, so each is kept below its own digest, and images
share its files through hard links. Nobody writes to those files after a base has its name.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.digest import combined, tree_digest
from assize_sandbox.images.sources import OWN_PYTHON, BaseSource, Progress
from assize_sandbox.images.unpack import RULES, unpack

SEARCH_PATH: Final = ("usr/local/bin", "usr/bin", "bin")
"""The guest's PATH."""
PYTHON_NAME: Final = re.compile(r"python(\d+\.\d+)")
LINKS_MOST: Final = 16
LIBRARIES: Final = ("usr/local/lib", "usr/lib")
FACTS: Final = "base.json"
ROOTFS: Final = "rootfs"


@dataclass(frozen=True, slots=True)
class Base:
    """A root file system without anything of ours."""

    digest: str
    """SHA-256 of its files, hex."""
    rootfs: Path
    source: str
    """What it was made from, such as `docker:python:3.11-slim`."""


class BaseCache:
    """The bases that were made on this host. The caller holds the lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, source: BaseSource) -> Base | None:
        """Return the base that was last made from this very source, if any."""
        key = key_of(source)
        kept = ((facts.stat().st_mtime_ns, facts) for facts in self._folder.glob(f"*/{FACTS}"))
        for _, facts in sorted(kept, reverse=True):
            rootfs = facts.parent / ROOTFS
            if json.loads(facts.read_text())["key"] == key and rootfs.is_dir():
                return Base(facts.parent.name, rootfs, source.name)
        return None

    def make(self, source: BaseSource, workshop: Path, progress: Progress) -> Base:
        """Make a base in the empty folder `workshop` and keep it.

        Raises:
            SandboxError: The source could not give one, or its Python is not ours.
        """
        made = workshop / "base"
        rootfs = made / ROOTFS
        rootfs.mkdir(parents=True)
        archive = workshop / "base.tar"
        source.export(archive, progress)
        progress("unpacking the base")
        unpack(archive, rootfs)
        archive.unlink()
        require_own_python(rootfs, source.name)
        compile_library(rootfs)
        progress("reading the base")
        digest = tree_digest(rootfs)
        (made / FACTS).write_text(json.dumps({"key": key_of(source), "source": source.name}))
        self._folder.mkdir(parents=True, exist_ok=True)
        keep(made, self._folder / digest, FACTS)
        return Base(digest, self._folder / digest / ROOTFS, source.name)


def key_of(source: BaseSource) -> str:
    """Return what decides a base: its source, and what unpacking makes and leaves out."""
    return combined({"source": source.key(), "rules": RULES})


def keep(made: Path, kept: Path, facts: str) -> None:
    """Give a finished folder its name for good; of one that is there already, renew the facts.

    The name is the digest of the files, so those that are there are the same.
    """
    if (kept / ROOTFS).is_dir():
        (made / facts).replace(kept / facts)
        return
    if kept.exists():
        shutil.rmtree(kept)
    made.chmod(0o755)
    made.replace(kept)


def require_own_python(rootfs: Path, source: str) -> None:
    """Make sure that the analysers, compiled for this very Python, run there.

    Raises:
        SandboxError: There is no python3, or another minor version.
    """
    found = python_minor(rootfs)
    if found != OWN_PYTHON:
        raise SandboxError(
            f"the Python of {source} is {found or 'missing'}, and the analysers that go into the "
            f"image are compiled for {OWN_PYTHON}, which Assize runs on",
            remedy=f"assize image build --source docker:python:{OWN_PYTHON}-slim, or run Assize "
            "on the Python of the image",
        )


def python_minor(rootfs: Path) -> str | None:
    """Return the version of the `python3` that a guest would run, such as `3.11`."""
    for folder in SEARCH_PATH:
        path = rootfs / folder / "python3"
        for _ in range(LINKS_MOST):
            if not path.is_symlink():
                break
            target = path.readlink()
            # An absolute link speaks of the image's root, not of ours.
            path = (
                rootfs / str(target).lstrip("/") if target.is_absolute() else path.parent / target
            )
        match = PYTHON_NAME.fullmatch(path.name)
        if match and path.is_file():
            return match[1]
    return None


def compile_library(rootfs: Path) -> None:
    """Compile what is not compiled yet; official Docker images hold sources alone.

    A guest cannot write to its root and would compile its imports again in every run.
    """
    for folder in LIBRARIES:
        compile_tree(rootfs / folder / f"python{OWN_PYTHON}", rootfs)


def compile_tree(folder: Path, rootfs: Path) -> None:
    """Compile the modules below `folder`; the same sources give the same bytes.

    In a fresh process: what was compiled before in the same one shows in the bytes.
    """
    if folder.is_dir():
        # Files that do not compile are test data of the library's, and nobody imports them.
        subprocess.run(
            [
                *(sys.executable, "-P", "-s", "-m", "compileall", "-qq"),
                *("-s", str(rootfs), "-p", "/", "--invalidation-mode", "unchecked-hash"),
                str(folder),
            ],
            check=False,
            stdin=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},
        )
