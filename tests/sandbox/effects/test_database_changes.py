"""Which databases are found to differ between two trees, and what is asked of whoever looks."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.effect_trees import Content, Link, Said, brief, tree_of

from assize.model.effects import Effect, EffectKind
from assize_sandbox.effects import effects_between
from assize_sandbox.effects.between import DATABASES_MOST
from assize_sandbox.effects.databases import MAGIC, SIDECARS, DatabaseChange
from assize_sandbox.workspaces.objects import ObjectStore

ONE, TWO = (MAGIC + bytes([n]) * 512 for n in (1, 2))
WAL, JOURNAL = (SIDECARS[ending][0] + b"x" * 32 for ending in ("-wal", "-journal"))


@dataclass(slots=True)
class Asked:
    """A differ that keeps what it was asked and knows of one row."""

    changes: list[DatabaseChange] = field(default_factory=list)

    async def compare(self, change: DatabaseChange) -> tuple[Effect, ...]:
        """Note the change."""
        self.changes.append(change)
        return (Effect(EffectKind.DB_INSERT, change.path, table="main.t"),)


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(tmp_path)


async def asked(objects: ObjectStore, before: Said, after: Said) -> list[tuple[str, str]]:
    """Return path and fault of each database that was asked about."""
    differ = Asked()
    base, head = tree_of(objects, before), tree_of(objects, after)
    await effects_between(objects, base, head, databases=differ)
    return [(change.path, change.fault) for change in differ.changes]


CASES: dict[str, tuple[Said, Said, list[str]]] = {
    "one that is no database": ({"a.db": b"x" * 600}, {"a.db": b"y" * 600}, []),
    "one of any name": ({"notes.txt": ONE}, {"notes.txt": TWO}, ["notes.txt"]),
    "one that is made": ({}, {"d/a": ONE}, ["d/a"]),
    "one that was empty": ({"a": b""}, {"a": ONE}, ["a"]),
    "one that is gone": ({"a": ONE}, {}, ["a"]),
    "one that is empty now": ({"a": ONE}, {"a": b""}, ["a"]),
    "one that a link replaces": ({"a": ONE}, {"a": Link("b")}, ["a"]),
    "its mode alone": ({"a": ONE}, {"a": Content(ONE, 0o600)}, []),
    "its log alone": ({"a": ONE}, {"a": ONE, "a-wal": WAL}, ["a"]),
    "its journal alone": ({"a": ONE, "a-journal": JOURNAL}, {"a": ONE}, ["a"]),
    "a log that SQLite ignores": ({"a": ONE}, {"a": ONE, "a-wal": b"x" * 99}, []),
    "a log beside no file": ({}, {"a-wal": WAL}, []),
    "a log that makes a database of a file": ({"a": b"x"}, {"a": b"x", "a-wal": WAL}, ["a"]),
    "a log that is a link": ({"a": ONE}, {"a": ONE, "a-wal": Link("b"), "b": WAL}, ["a"]),
    "a log that is a link elsewhere": (
        {"a": ONE, "a-wal": Link("b")},
        {"a": ONE, "a-wal": Link("c")},
        ["a"],
    ),
    "a log that is a link makes a database of a file": (
        {"a": b"x"},
        {"a": b"x", "a-wal": Link("b")},
        ["a"],
    ),
    "shared memory": ({"a": ONE}, {"a": ONE, "a-shm": b"x" * 99}, []),
    "renamed": ({"a": ONE}, {"b": ONE}, []),
    "renamed with its log": ({"a": ONE, "a-wal": WAL}, {"b": ONE, "b-wal": WAL}, []),
    "renamed without its log": ({"a": ONE, "a-wal": WAL}, {"b": ONE}, ["b"]),
    "renamed and its log left": ({"a": ONE, "a-wal": WAL}, {"b": ONE, "a-wal": WAL}, ["b"]),
    "renamed over another": ({"a": ONE, "b": TWO}, {"b": ONE}, ["b"]),
    "renamed over another without its log": (
        {"a": ONE, "a-wal": WAL, "b": TWO},
        {"b": ONE},
        ["a", "b"],
    ),
    "copied": ({"a": ONE}, {"a": ONE, "b": ONE}, ["b"]),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
async def test_databases_are_found_by_content(
    objects: ObjectStore, before: Said, after: Said, expected: list[str]
) -> None:
    """A name says nothing, a sidecar belongs to its file, and a rename loses no row."""
    found = await asked(objects, before, after)
    assert [path for path, _ in found if path] == expected


async def test_states_are_handed_over_with_their_own_sidecars(objects: ObjectStore) -> None:
    """Of each tree the file and what lies beside it there."""
    differ = Asked()
    before = tree_of(objects, {"a": ONE, "a-journal": JOURNAL})
    after = tree_of(objects, {"a": TWO, "a-wal": WAL})
    await effects_between(objects, before, after, databases=differ)
    (change,) = differ.changes
    assert change.before is not None
    assert change.after is not None
    assert list(change.before.parts()) == ["", "-journal"]
    assert list(change.after.parts()) == ["", "-wal"]


async def test_file_that_becomes_or_ceases_to_be_a_database_has_a_fault(
    objects: ObjectStore,
) -> None:
    """There are no rows to compare with."""
    assert await asked(objects, {"a": b"text"}, {"a": ONE}) == [
        ("a", "was a file of another kind, and is a database now")
    ]
    assert await asked(objects, {"a": ONE}, {"a": b"text"}) == [
        ("a", "was a database, and is a file of another kind now")
    ]


async def test_sidecar_that_is_a_link_is_a_fault(objects: ObjectStore) -> None:
    """What SQLite would fold in lies elsewhere: nobody says that only the rows seen changed."""
    assert await asked(objects, {"a": ONE}, {"a": TWO, "a-journal": Link("b")}) == [
        ("a", "a sidecar of it is a symlink")
    ]


async def test_without_a_differ_every_changed_database_is_unattributable(
    objects: ObjectStore,
) -> None:
    """Nobody looked: that is what is told, beside the effects of the file."""
    effects = await effects_between(
        objects, tree_of(objects, {"a": ONE}), tree_of(objects, {"a": TWO})
    )
    assert [brief(effect) for effect in effects] == [("fs.write", "a"), ("db.unattributable", "a")]


async def test_of_too_many_databases_the_rest_is_unattributable(objects: ObjectStore) -> None:
    """Each takes a container: their number is bounded, and none is passed over."""
    differ = Asked()
    after = tree_of(objects, {f"{n:02}": ONE for n in range(DATABASES_MOST + 2)})
    effects = await effects_between(objects, tree_of(objects, {}), after, databases=differ)
    assert len(differ.changes) == DATABASES_MOST
    rest = [each.path for each in effects if each.kind is EffectKind.DB_UNATTRIBUTABLE]
    assert rest == ["20", "21"]
