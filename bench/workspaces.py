"""What workspaces cost beside git and `cp -a`: snapshot, rollback, fork, diff; see bench/README.md.

    python bench/workspaces.py [--files 10000] [--megabytes 100] [--changed 10] [--rounds 5]

Needs root and an overlay file system. No service and no container is started: what is timed is what
the service does between the runs of a workspace.
Exit status: 0 if every tree came back as it was, 1 if one did not, 2 if nothing could be mounted.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Format, Output
from rich.console import Console
from rich.table import Table

from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.collected import CollectLimits
from assize_sandbox.workspaces.differences import differences
from assize_sandbox.workspaces.folder import collect_folder
from assize_sandbox.workspaces.kinds import View, ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.nodes import FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views

OPERATIONS: Final = ("snapshot", "rollback", "fork", "diff")
FILES_IN_A_FOLDER: Final = 100
SMALL_FILES: Final = 1000
LIMITS: Final = CollectLimits()
OWNER: Final = os.getuid()


@dataclass
class Times:
    """Seconds of each operation, by who did it."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def of(self, operation: str) -> Iterator[None]:
        """Time what is done in the block, with nothing of anybody's waiting for the disk."""
        os.sync()
        started = time.perf_counter()
        yield
        self.taken.setdefault(operation, []).append(time.perf_counter() - started)

    def median_ms(self, operation: str) -> float:
        """Return the median of an operation, in milliseconds."""
        return 1000 * statistics.median(self.taken[operation])


class WrongTree(Exception):
    """What was restored is not what was there."""


def write_files(folder: Path, count: int, size_bytes: int, chance: random.Random) -> None:
    """Write so many files of random content, a hundred in each folder."""
    for number in range(count):
        path = folder / f"dir{number // FILES_IN_A_FOLDER}" / f"file{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size_bytes))


def change_files(
    folder: Path, count: int, changed: int, size_bytes: int, chance: random.Random
) -> None:
    """Write other content to some of them, each in another folder where there are enough."""
    for number in range(0, count, max(1, count // changed)):
        path = folder / f"dir{number // FILES_IN_A_FOLDER}" / f"file{number}"
        path.write_bytes(chance.randbytes(size_bytes))


class Assize:
    """A workspace of ours, without the service above it."""

    def __init__(self, folder: Path) -> None:
        self.times = Times()
        self._objects = ObjectStore(folder / "objects")
        layers = Layers(folder / "layers", self._objects, OWNER)
        self._views = Views(
            folder / "views", self._objects, layers, owner=OWNER, kind=ViewKind.OVERLAY
        )
        self._views.start()
        self._shape = Shape(disk_bytes=1 << 30, disk_inodes=1 << 20)

    def load(self, source: Path) -> FolderNode:
        """Take a folder in and make it ready, untimed."""
        root = collect_folder(self._objects, source, LIMITS).root
        self._open(root).close()
        return root

    def round(self, root: FolderNode, change: Callable[[Path], None]) -> FolderNode:
        """Do each operation once; return the new head."""
        view = self._open(root)
        change(view.folder.path)
        with self.times.of("snapshot"):
            after = view.collect(LIMITS).root
            self._objects.sync()
            self._views.derive(root, after)
        view.close()
        with self.times.of("rollback"):
            back = self._open(root)
        with self.times.of("fork"):
            fork = self._open(after)
        with self.times.of("diff"):
            tuple(differences(self._objects, root, after))
        for opened, expected in ((back, root), (fork, after)):
            if collect_folder(self._objects, opened.folder.path, LIMITS).root != expected:
                raise WrongTree
            opened.close()
        return after

    def _open(self, root: FolderNode) -> View:
        return self._views.open(root, self._shape)

    def close(self) -> None:
        """Unmount everything."""
        self._views.close()


class Git:
    """The same by git."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.times = Times()
        self._folder, self._work = folder, folder / "work"
        shutil.copytree(source, self._work)
        self._git("init", "--quiet")
        self._commit()

    def round(self, change: Callable[[Path], None]) -> None:
        """Do each operation once."""
        change(self._work)
        with self.times.of("snapshot"):
            self._commit()
        with self.times.of("rollback"):
            self._git("reset", "--quiet", "--hard", "HEAD~1")
        self._git("reset", "--quiet", "--hard", "ORIG_HEAD")
        fork = str(self._folder / "fork")
        with self.times.of("fork"):
            self._git("worktree", "add", "--quiet", "--detach", fork)
        self._git("worktree", "remove", "--force", fork)
        with self.times.of("diff"):
            self._git("diff", "--name-status", "HEAD~1", "HEAD")

    def _commit(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=one")

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
        command = ("git", "-C", str(self._work), *identity, "-c", "gc.auto=0", *arguments)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Copies:
    """The same by whole copies."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.times = Times()
        self._folder, self._work = folder, folder / "work"
        shutil.copytree(source, self._work)

    def round(self, change: Callable[[Path], None]) -> None:
        """Do each operation once."""
        before, after, fork = (self._folder / name for name in ("before", "after", "fork"))
        run("cp", "-a", str(self._work), str(before))
        change(self._work)
        with self.times.of("snapshot"):
            run("cp", "-a", str(self._work), str(after))
        with self.times.of("diff"):
            run("diff", "-rq", str(before), str(after))
        with self.times.of("fork"):
            run("cp", "-a", str(after), str(fork))
        with self.times.of("rollback"):
            run("rm", "-r", str(self._work))
            run("cp", "-a", str(before), str(self._work))
        run("rm", "-r", str(before), str(after), str(fork))


def run(*command: str) -> None:
    """Run a program to its end; `diff` ends with 1 where there is a difference."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


def measure(
    folder: Path, files: int, size_bytes: int, changed: int, rounds: int
) -> dict[str, Times]:
    """Return what each took, in turns so that a slow minute slows all of them."""
    chance = random.Random(files)  # noqa: S311 content, not a secret
    source = folder / "source"
    write_files(source, files, size_bytes, chance)

    def change(target: Path) -> None:
        change_files(target, files, changed, size_bytes, chance)

    for name in ("assize", "git", "copies"):
        (folder / name).mkdir()
    assize = Assize(folder / "assize")
    try:
        root = assize.load(source)
        git, copies = Git(folder / "git", source), Copies(folder / "copies", source)
        for _ in range(rounds):
            root = assize.round(root, change)
            git.round(change)
            copies.round(change)
    finally:
        assize.close()
    return {"assize": assize.times, "git": git.times, "cp -a": copies.times}


def main(
    files: Annotated[int, typer.Option(min=100, help="Files of the workspace.")] = 10_000,
    megabytes: Annotated[int, typer.Option(min=1, help="All files together.")] = 100,
    changed: Annotated[int, typer.Option(min=1, help="Files that each run changes.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="How often each operation is timed.")] = 5,
    output: Output = Format.TEXT,
) -> None:
    """Time a workspace's operations beside git and whole copies, and print the ratios."""
    size_bytes = megabytes * 1_000_000 // files
    try:
        with tempfile.TemporaryDirectory(prefix="assize-bench-") as folder:
            whole = measure(make(folder, "whole"), files, size_bytes, changed, rounds)
            small = measure(make(folder, "small"), SMALL_FILES, size_bytes, changed, rounds)
    except WrongTree as error:
        typer.echo("WRONG: a tree did not come back as it was", err=True)
        raise typer.Exit(1) from error
    except SandboxError as error:
        typer.echo(f"{error}; {error.remedy}", err=True)
        raise typer.Exit(2) from error
    figures = {
        operation: {name: times.median_ms(operation) for name, times in whole.items()}
        for operation in OPERATIONS
    }
    figures[f"snapshot of {SMALL_FILES} files"] = {
        name: times.median_ms("snapshot") for name, times in small.items()
    }
    if output is Format.JSON:
        typer.echo(json.dumps({"median_ms": figures}))
    else:
        Console().print(table(figures))


def make(folder: str, name: str) -> Path:
    """Return a new folder in another."""
    made = Path(folder) / name
    made.mkdir()
    return made


def table(figures: dict[str, dict[str, float]]) -> Table:
    """Return the medians, and how many times ours the others took."""
    made = Table("median ms", "assize", "git", "cp -a", "git / assize", "cp / assize")
    for operation, taken in figures.items():
        ours, git, copies = taken["assize"], taken["git"], taken["cp -a"]
        numbers = [f"{value:.1f}" for value in (ours, git, copies, git / ours, copies / ours)]
        made.add_row(operation, *numbers)
    return made


if __name__ == "__main__":
    typer.run(main)
