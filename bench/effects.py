"""What telling effects costs: files against hashing the tree, rows against SQLite's own session.

    python bench/effects.py [--engine runc] [--rounds 5] [-o json]

- 113 changes over 10,000 files of 4 KiB: `effects_between`, with the trees in the store's memory as
  a service has them and without (cold), beside reading and hashing every file.
- 100,000 rows of which 200 differ: the guest's comparison in this process, beside `Session.diff`,
  which misses what SQL calls equal (guest/row_changes.py). With `--engine runc` also the whole way:
  a container started, both states handed over, compared, removed.

Everything is measured in turns in one run; what can be compared with another day is the ratios.
Exit status: 0 if what was told is what was done, 1 if not, 2 if no container could be started.
"""

import asyncio
import hashlib
import importlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import apsw
import typer

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Format, Output

import assize_sandbox
from assize.model.effects import Effect
from assize_sandbox.effects import SandboxedDatabases, effects_between
from assize_sandbox.effects.databases import DatabaseChange, DatabaseFiles
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.errors import SandboxError
from assize_sandbox.images.store import ImageStore
from assize_sandbox.workspaces.nodes import FileNode, FolderNode, Node
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.settings import DEFAULT_HOME

GUEST = Path(assize_sandbox.__file__).parent / "guest"
SECCOMP = Path(__file__).parents[1] / "policies" / "seccomp.json"
FOLDERS, FILES_EACH, FILE_BYTES = 100, 100, 4096
WRITES, CREATES, DELETES, RENAMES = 40, 40, 23, 10
CHANGES = WRITES + CREATES + DELETES + RENAMES
ROWS, ROWS_CHANGED = 100_000, 200
TABLE = "CREATE TABLE t(k INTEGER PRIMARY KEY, name TEXT, score REAL)"
FILL = """WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT ?1)
INSERT INTO t SELECT i, 'row ' || i, i / 2.0 FROM n"""
CHANGES_OF_ROWS = ("UPDATE t SET score = -1 WHERE k % ?1 = 1", "DELETE FROM t WHERE k % ?1 = 0")
Figures = dict[str, list[float]]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 5,
    engine: Annotated[str, typer.Option(help="`runc`: measure a container's way as well.")] = "",
    output: Output = Format.TEXT,
) -> None:
    """Measure each way in turns and print medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            figures, right = asyncio.run(measure(Path(folder), rounds, with_runc=engine == "runc"))
        except SandboxError as error:
            typer.echo(f"{error}; {error.remedy}", err=True)
            raise typer.Exit(2) from error
    medians = {name: 1000 * statistics.median(seconds) for name, seconds in figures.items()}
    ratios = {
        "effects to hashing": medians["effects"] / medians["hashing"],
        "cold to hashing": medians["cold"] / medians["hashing"],
        "rows to session": medians["rows"] / medians["session"],
    }
    if output is Format.JSON:
        typer.echo(json.dumps({"p50_ms": medians, "ratios": ratios}))
    else:
        for name, value in medians.items():
            typer.echo(f"{name:<10} {value:9.1f} ms p50")
        for name, value in ratios.items():
            typer.echo(f"{name}: {value:.3f}")
    raise typer.Exit(0 if right else 1)


async def measure(folder: Path, rounds: int, *, with_runc: bool) -> tuple[Figures, bool]:
    """Return seconds by name, and whether every change was told."""
    objects = ObjectStore(folder / "objects")
    before, after = trees(objects, folder / "files")
    old, new = databases(folder)
    guest = comparison()
    figures: Figures = {"effects": [], "cold": [], "hashing": [], "rows": [], "session": []}
    right = True
    for _ in range(rounds):
        for name, store in (("effects", objects), ("cold", ObjectStore(folder / "objects"))):
            start = time.perf_counter()
            told = await effects_between(store, before, after)
            figures[name].append(time.perf_counter() - start)
        figures["hashing"].append(seconds_of(lambda: hash_all(folder / "files")))
        figures["rows"].append(seconds_of(lambda: guest(old, new)))
        figures["session"].append(seconds_of(lambda: session(old, new)))
        right &= len(told) == CHANGES and rows_told(guest(old, new)) == ROWS_CHANGED
    if with_runc:
        figures["container"], effects = await in_containers(objects, old, new, rounds)
        right &= sum(effect.count for effect in effects) == ROWS_CHANGED
    return figures, right


def trees(objects: ObjectStore, files: Path) -> tuple[FolderNode, FolderNode]:
    """Make a tree, on disk too, and what a run would have made of it."""
    before = {
        f"{folder:03}": {f"{n:03}": content(f"{folder} {n}") for n in range(FILES_EACH)}
        for folder in range(FOLDERS)
    }
    for folder, held in before.items():
        (files / folder).mkdir(parents=True)
        for name, each in held.items():
            (files / folder / name).write_bytes(each)
    after = {folder: dict(held) for folder, held in before.items()}
    places = [(f"{n % FOLDERS:03}", f"{n // FOLDERS:03}") for n in range(CHANGES)]
    for place, (folder, name) in enumerate(places[:WRITES]):
        after[folder][name] = content(f"written {place}")
    for folder, name in places[WRITES : WRITES + CREATES]:
        after[folder][f"{name} new"] = content(f"made {folder} {name}")
    for folder, name in places[WRITES + CREATES : WRITES + CREATES + DELETES]:
        del after[folder][name]
    for folder, name in places[-RENAMES:]:
        after[folder][f"{name} moved"] = after[folder].pop(name)
    return root(objects, before), root(objects, after)


def content(seed: str) -> bytes:
    """Return a file's content."""
    return (seed * FILE_BYTES).encode()[:FILE_BYTES]


def root(objects: ObjectStore, held: dict[str, dict[str, bytes]]) -> FolderNode:
    """Put a tree of folders in the store."""
    folders: dict[str, Node] = {}
    for folder, files in held.items():
        nodes = {
            name: FileNode(objects.put(each), len(each), 0o644) for name, each in files.items()
        }
        folders[folder] = FolderNode(objects.put_tree(nodes))
    return FolderNode(objects.put_tree(folders))


def hash_all(folder: Path) -> None:
    """Do what has to be done without a tree of digests."""
    for path in folder.rglob("*"):
        if path.is_file():
            hashlib.sha256(path.read_bytes()).hexdigest()


def databases(folder: Path) -> tuple[Path, Path]:
    """Make both states."""
    old, new = folder / "old.db", folder / "new.db"
    database = apsw.Connection(str(old))
    database.execute(TABLE)
    database.execute(FILL, (ROWS,))
    database.close()
    shutil.copy(old, new)
    database = apsw.Connection(str(new))
    for statement in CHANGES_OF_ROWS:
        database.execute(statement, (2 * ROWS // ROWS_CHANGED,))
    database.close()
    return old, new


def comparison() -> Callable[[Path, Path], dict[str, object]]:
    """Return the guest's comparison, for databases of our own."""
    sys.path.insert(0, str(GUEST))
    guest = importlib.import_module("database_differences")

    def compare(old: Path, new: Path) -> dict[str, object]:
        told: dict[str, object] = guest.answer(str(old), str(new), time.monotonic() + 60)
        return told

    return compare


def rows_told(told: dict[str, object]) -> int:
    """Return how many rows an answer counts."""
    effects = told["effects"]
    return sum(each["count"] for each in effects) if isinstance(effects, list) else 0


def session(old: Path, new: Path) -> None:
    """Have SQLite's session extension compare."""
    database = apsw.Connection(str(new))
    database.execute("ATTACH ? AS old", (str(old),))
    found = apsw.Session(database, "main")
    found.attach("t")
    found.diff("old", "t")
    found.changeset()
    database.close()


async def in_containers(
    objects: ObjectStore, old: Path, new: Path, rounds: int
) -> tuple[list[float], tuple[Effect, ...]]:
    """Return the seconds of the whole way, and what was told last."""
    engine = RuncEngine(ImageStore(DEFAULT_HOME).current(), home=DEFAULT_HOME, seccomp=SECCOMP)
    await engine.start()
    before, after = (
        DatabaseFiles(FileNode(objects.put(path.read_bytes()), path.stat().st_size, 0o644))
        for path in (old, new)
    )
    seconds: list[float] = []
    told: tuple[Effect, ...] = ()
    try:
        for _ in range(rounds):
            start = time.perf_counter()
            change = DatabaseChange("a.db", before, after)
            told = await SandboxedDatabases(objects, engine).compare(change)
            seconds.append(time.perf_counter() - start)
    finally:
        await engine.close()
    return seconds, told


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    typer.run(main)
