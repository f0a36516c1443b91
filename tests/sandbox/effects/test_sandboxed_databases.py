"""Databases are looked into in real containers, however hostile they are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import apsw
import pytest

from assize.model.effects import Effect, EffectKind
from assize_sandbox import frames
from assize_sandbox.effects import SandboxedDatabases
from assize_sandbox.effects.databases import DatabaseChange, DatabaseFiles
from assize_sandbox.engines.base import Container, ContainerId, Counters, Remains, Role, WorkFolder
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.errors import ChannelClosed, SandboxError
from assize_sandbox.frames import Frame
from assize_sandbox.images.store import Image
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.nodes import FileNode
from assize_sandbox.workspaces.objects import ObjectStore

from .conftest import make

SECCOMP = Path(__file__).parents[3] / "policies" / "seccomp.json"
TABLE = "CREATE TABLE t(k INTEGER PRIMARY KEY, v)"


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(tmp_path / "objects")


def kept(objects: ObjectStore, path: Path) -> DatabaseFiles:
    """Put a database with its sidecars in the store."""
    nodes: dict[str, FileNode] = {}
    for ending in ("", "-wal", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            content = path.with_name(path.name + ending).read_bytes()
            nodes[ending] = FileNode(objects.put(content), len(content), 0o644)
    return DatabaseFiles(nodes[""], nodes.get("-wal"), nodes.get("-journal"))


def brief(effects: tuple[Effect, ...]) -> list[tuple[str, str, int]]:
    """Return kind, table and count of each effect."""
    return [(effect.kind.value, effect.table, effect.count) for effect in effects]


@pytest.fixture
async def engine(image: Image, home: Path) -> AsyncIterator[RuncEngine]:
    """The engine that needs no daemon, started."""
    made = RuncEngine(image, home=home, seccomp=SECCOMP)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


Compare = Callable[[Path | None, Path | None], Awaitable[tuple[Effect, ...]]]


@pytest.fixture
def compare(engine: RuncEngine, objects: ObjectStore) -> Compare:
    """Return what is told of two databases on this disk."""
    differ = SandboxedDatabases(objects, engine)

    def ask(before: Path | None, after: Path | None) -> Awaitable[tuple[Effect, ...]]:
        sides = [kept(objects, path) if path else None for path in (before, after)]
        return differ.compare(DatabaseChange("a.db", sides[0], sides[1]))

    return ask


@pytest.mark.engine
async def test_rows_are_told_from_a_container(compare: Compare, tmp_path: Path) -> None:
    """Counts, schema, sidecars and names with control characters, through the whole way."""
    old = make(
        tmp_path / "old",
        TABLE,
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        "PRAGMA journal_mode=WAL",
    )
    new = tmp_path / "new"
    new.write_bytes(old.read_bytes())
    database = apsw.Connection(str(new))
    database.execute("DELETE FROM t WHERE k = 1; UPDATE t SET v = char(27) || '[2J'")
    database.execute('CREATE TABLE "a\x1b\nb"(v)')
    effects = await compare(old, new)
    database.close()
    assert brief(effects) == [
        ("db.schema", "main.a\x1b\nb", 1),
        ("db.update", "main.t", 1),
        ("db.delete", "main.t", 1),
    ]
    assert "\x1b" not in effects[0].detail
    assert effects[1].rows[0].after == (("v", "'\\x1b[2J'"),)


@pytest.mark.engine
async def test_rewritten_database_is_unattributable(compare: Compare, tmp_path: Path) -> None:
    """Its bytes differ and no row does: that is what is told, and not that nothing happened."""
    old = make(tmp_path / "old", TABLE, "INSERT INTO t VALUES (1, 'a')")
    new = tmp_path / "new"
    new.write_bytes(old.read_bytes())
    make(new, "DELETE FROM t", "INSERT INTO t VALUES (1, 'a')", "VACUUM")
    (effect,) = await compare(old, new)
    assert effect.kind is EffectKind.DB_UNATTRIBUTABLE
    assert "no row" in effect.detail


def forged(path: Path, statement: str, *values: str) -> Path:
    """Change a schema as only hostile programs do."""
    database = apsw.Connection(str(path))
    database.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    database.execute("PRAGMA writable_schema=ON").fetchall()
    database.execute(statement, values).fetchall()
    database.close()
    return path


def views(path: Path) -> Path:
    """Make views each of which doubles the one before, and one that never ends."""
    view = "CREATE VIEW v{} AS SELECT * FROM v{}, v{}"
    doubling = [view.format(n, n - 1, n - 1) for n in range(1, 60)]
    numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT * FROM n"
    return make(path, TABLE, "CREATE VIEW v0 AS SELECT 1", *doubling, f"CREATE VIEW e AS {numbers}")


def expression(path: Path) -> Path:
    """Make an index whose expression takes a gigabyte."""
    make(path, "CREATE TABLE u(k INTEGER PRIMARY KEY, v)", "INSERT INTO u VALUES (1, 2)")
    sql = "CREATE INDEX i ON u(length(replace(hex(zeroblob(99999999)), '0', '0123456789')))"
    make(path, "CREATE INDEX i ON u(v)")
    return forged(path, "UPDATE sqlite_schema SET sql = ? WHERE name = 'i'", sql)


def nested(path: Path) -> Path:
    """Make a schema that is too deep to be parsed."""
    sql = f"CREATE VIEW v AS SELECT {'(' * 50_000}1{')' * 50_000}"
    make(path, "CREATE VIEW v AS SELECT 1")
    return forged(path, "UPDATE sqlite_schema SET sql = ?", sql)


def garbage(path: Path) -> Path:
    """Make a file that begins as a database does and goes on otherwise."""
    make(path, TABLE, "INSERT INTO t VALUES (1, 'a')")
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 8092)
    return path


def triggers(path: Path) -> Path:
    """Make triggers that delete whatever is touched."""
    sql = "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END"
    return make(path, TABLE, "INSERT INTO t VALUES (1, 'a')", sql)


def search(path: Path) -> Path:
    """Make a full text index whose own tables hold nonsense."""
    make(path, "CREATE VIRTUAL TABLE f USING fts5(v)", "INSERT INTO f VALUES ('x')")
    return forged(path, "UPDATE f_data SET block = randomblob(100)")


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "views": (views, "db.schema"),
    "expression": (expression, "db.schema"),
    "nested": (nested, "db.unattributable"),
    "garbage": (garbage, "db.unattributable"),
    "triggers": (triggers, "db.insert"),
    "search": (search, "db.unattributable"),
}


@pytest.mark.engine
async def test_hostile_databases_are_told_and_do_no_harm(compare: Compare, tmp_path: Path) -> None:
    """Each of them is told to have changed; after all of them the engine still works."""
    for name, (hostile, expected) in HOSTILE.items():
        effects = await compare(None, hostile(tmp_path / name))
        assert expected in {effect.kind.value for effect in effects}, (name, effects)
    sound = make(tmp_path / "sound", TABLE, "INSERT INTO t VALUES (1, 'a')")
    assert brief(await compare(sound, None)) == [
        ("db.schema", "main.t", 1),
        ("db.delete", "main.t", 1),
    ]


@pytest.mark.engine
async def test_large_tables_are_counted_exactly(compare: Compare, tmp_path: Path) -> None:
    """Over 100,000 rows every one is counted, and a few are shown."""
    numbers = (
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i, 'row ' || i"
    )
    old = make(tmp_path / "old", TABLE, f"INSERT INTO t {numbers} FROM n LIMIT 100000")
    new = tmp_path / "new"
    new.write_bytes(old.read_bytes())
    make(new, "DELETE FROM t WHERE k % 1000 = 0", "UPDATE t SET v = 'x' WHERE k % 1000 = 1")
    effects = await compare(old, new)
    assert brief(effects) == [("db.update", "main.t", 100), ("db.delete", "main.t", 100)]
    assert all(0 < len(effect.rows) < 100 for effect in effects)


class Scripted:
    """A container whose guest says what a test wants, and then nothing or its end."""

    def __init__(self, said: Iterator[Frame], *, hangs: bool = False) -> None:
        self._said = said
        self._hangs = hangs
        self._pending = b""
        self.removed = False

    @property
    def id(self) -> ContainerId:
        """A name."""
        return ContainerId("scripted")

    @property
    def alive(self) -> bool:
        """Whether it was not removed."""
        return not self.removed

    async def send(self, data: bytes) -> None:
        """Take anything."""

    async def receive(self, most: int) -> bytes:
        """Say the next thing."""
        if not self._pending:
            frame = next(self._said, None)
            if frame is None and self._hangs:
                await asyncio.Event().wait()
            if frame is None:
                raise ChannelClosed("it died")
            self._pending = frames.encode(frame)
        taken, self._pending = self._pending[:most], self._pending[most:]
        return taken

    async def counters(self) -> Counters:
        """Count nothing."""
        return Counters()

    def kill(self) -> None:
        """End."""

    async def remove(self) -> Remains:
        """End."""
        self.removed = True
        return Remains(Counters())


class Engine:
    """Prepares one container, or fails."""

    def __init__(self, container: Scripted | None) -> None:
        self.container = container

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Return it."""
        assert (role, folder) == (Role.DATABASES, None)
        assert shape.disk_bytes < shape.memory_bytes
        if self.container is None:
            raise SandboxError("no container today")
        return self.container


READY, DONE = Frame({"ev": "ready"}), Frame({"ev": "done"})
EMPTY_ANSWER = Frame({"ev": "compared"}, b'{"effects": []}')


async def told(objects: ObjectStore, container: Scripted | None) -> tuple[Effect, ...]:
    """Return what is told of a database that such a guest looked into."""
    content = b"SQLite format 3\0" + b"x" * 600
    files = DatabaseFiles(FileNode(objects.put(content), len(content), 0o644))
    differ = SandboxedDatabases(objects, Engine(container), answer_seconds=0.05)
    return await differ.compare(DatabaseChange("a.db", None, files))


ANSWERS: dict[str, Scripted] = {
    "it dies": Scripted(iter([READY, DONE])),
    "it is silent": Scripted(iter([READY, DONE]), hangs=True),
    "it says something else": Scripted(iter([READY, DONE, DONE])),
    "it answers nonsense": Scripted(iter([READY, DONE, Frame({"ev": "compared"}, b"{}")])),
    "it sees no difference": Scripted(iter([READY, DONE, EMPTY_ANSWER])),
    "it could not": Scripted(iter([READY, DONE, Frame({"ev": "compared"}, b'{"fault": "x"}')])),
}


@pytest.mark.parametrize("container", ANSWERS.values(), ids=ANSWERS)
async def test_no_answer_is_never_no_change(objects: ObjectStore, container: Scripted) -> None:
    """Whatever becomes of the guest, the database is told to have changed, with the reason."""
    (effect,) = await told(objects, container)
    assert effect.kind is EffectKind.DB_UNATTRIBUTABLE
    assert effect.detail
    assert container.removed


OURS: dict[str, Scripted | None] = {
    "no container": None,
    "dead at the start": Scripted(iter([])),
    "dead before the files are there": Scripted(iter([READY])),
    "no room": Scripted(iter([READY, Frame({"ev": "error", "detail": "disk full"})])),
}


@pytest.mark.parametrize("container", OURS.values(), ids=OURS)
async def test_failure_before_the_file_was_opened_is_ours(
    objects: ObjectStore, container: Scripted | None
) -> None:
    """It says nothing about the database."""
    with pytest.raises(SandboxError):
        await told(objects, container)
    assert container is None or container.removed


async def test_large_database_is_unattributable_and_starts_no_container(
    objects: ObjectStore,
) -> None:
    """The bound is on a state with its sidecars."""
    node = FileNode(objects.put(b"x" * 60), 60, 0o644)
    differ = SandboxedDatabases(objects, Engine(None), side_most_bytes=100)
    for change in (
        DatabaseChange("a.db", DatabaseFiles(node, wal=node), None),
        DatabaseChange("a.db", DatabaseFiles(node), DatabaseFiles(node, journal=node)),
    ):
        (effect,) = await differ.compare(change)
        assert effect.kind is EffectKind.DB_UNATTRIBUTABLE
        assert "120 bytes" in effect.detail


async def test_database_with_a_fault_starts_no_container(objects: ObjectStore) -> None:
    """There is nothing to compare."""
    change = DatabaseChange("a.db", None, None, "was something else")
    (effect,) = await SandboxedDatabases(objects, Engine(None)).compare(change)
    assert (effect.kind, effect.detail) == (EffectKind.DB_UNATTRIBUTABLE, "was something else")
