"""Checkpoints published outside: when, where, and what a start finds there."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.audit_log import AuditLog, forged_entry, opened_log, restore

from assize.audit.checkpoints import opened
from assize.audit.entries import EntryKind, decode
from assize_server.attestation.keys import open_keys, rotate
from assize_server.audit.log import LogBroken, head, read, size
from assize_server.audit.places import (
    CommandPlace,
    FilePlace,
    FolderPlace,
    GitPlace,
    Place,
    PlaceUnusable,
    place_of,
)
from assize_server.audit.publishing import Pace, Publisher

PACE = Pace(entries=10, seconds=60.0)


@dataclass
class Shelf:
    """A place in memory that can be told to fail."""

    notes: list[str] = field(default_factory=list)
    closed: bool = False

    def publish(self, note: str, size: int) -> None:
        """Keep it."""
        if self.closed:
            raise PlaceUnusable("closed", remedy="open it")
        self.notes.append(note)

    def newest(self) -> str | None:
        """Return the last one."""
        return self.notes[-1] if self.notes else None


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """Give an empty log."""
    state = tmp_path / "state"
    made = opened_log(state)
    yield made
    made.database.close_now()


def publisher_of(log: AuditLog, place: Place | None) -> Publisher:
    """Return a publisher that looks only when it is told to."""
    return Publisher(log.database, log.keys, place, log.clock, PACE)


def sizes(log: AuditLog, shelf: Shelf) -> list[int]:
    """Return what was published."""
    keys = [each.key for each in open_keys(log.state, log.clock).listed]
    return [opened(note, keys).size for note in shelf.notes]


async def test_checkpoint_is_published_after_so_many_entries(log: AuditLog) -> None:
    """And not before; the log says that it was."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(PACE.entries - 2)
    assert not await publisher.look()
    log.grow(1)
    assert await publisher.look()
    assert sizes(log, shelf) == [PACE.entries]
    (stored,) = log.database.read_now(lambda each: read(each, PACE.entries, 1))
    entry = decode(stored.leaf)
    published = opened(shelf.notes[0], [log.keys.public])
    assert (entry.kind, entry.counts["size"]) == (EntryKind.CHECKPOINT, PACE.entries)
    assert entry.digests["root"] == published.root.hex()
    await publisher.close()


async def test_checkpoint_is_published_after_so_many_seconds(log: AuditLog) -> None:
    """If anything is new: what the log says of its own checkpoint is not."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(1)
    assert not await publisher.look()
    log.clock.now_ms += int(PACE.seconds * 1000)
    assert await publisher.look()
    log.clock.now_ms += int(PACE.seconds * 1000)
    assert not await publisher.look()
    log.grow(1)
    assert await publisher.look()
    assert sizes(log, shelf) == [2, 4]
    await publisher.close()


async def test_end_publishes_what_is_new(log: AuditLog) -> None:
    """Once; without anything new, nothing."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(1)
    await publisher.close()
    await publisher.close()
    assert sizes(log, shelf) == [2]
    again = publisher_of(log, shelf)
    await again.start()
    await again.close()
    assert sizes(log, shelf) == [2]


async def test_place_that_fails_is_tried_again(log: AuditLog) -> None:
    """Judging goes on meanwhile."""
    shelf = Shelf(closed=True)
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(PACE.entries)
    assert not await publisher.look()
    shelf.closed = False
    assert await publisher.look()
    assert sizes(log, shelf) == [PACE.entries + 1]
    await publisher.close()


async def test_nobody_has_to_look(log: AuditLog) -> None:
    """The publisher does that by itself once it is nudged."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(PACE.entries)
    publisher.nudge()
    while not shelf.notes:
        await log.database.read(size)
    await publisher.close()
    assert sizes(log, shelf) == [PACE.entries + 1]


async def test_restored_older_copy_is_not_gone_on_with(log: AuditLog, tmp_path: Path) -> None:
    """It would grow into another history; the start says so, also after it has grown."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(5)
    copy = tmp_path / "copy.db"
    log.copy_to(copy)
    log.grow(5, first=5)
    await publisher.close()
    older = restore(log, copy)
    try:
        with pytest.raises(LogBroken, match="does not continue"):
            await publisher_of(older, shelf).start()
        older.grow(50, first=500)
        with pytest.raises(LogBroken, match="does not continue"):
            await publisher_of(older, shelf).start()
    finally:
        older.database.close_now()


async def test_rebuilt_log_is_not_gone_on_with(log: AuditLog) -> None:
    """Signed anew by its own key, it still differs from what was published."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    log.grow(50)
    await publisher.close()
    log.rebuild({42: forged_entry(42)})
    with pytest.raises(LogBroken):
        await publisher_of(log, shelf).start()


async def test_checkpoint_of_another_log_is_not_written_over(log: AuditLog, tmp_path: Path) -> None:
    """Two services on one place, or a state folder that was lost."""
    shelf = Shelf()
    log.grow(3)
    publisher = publisher_of(log, shelf)
    await publisher.start()
    await publisher.close()
    other = opened_log(tmp_path / "other")
    try:
        with pytest.raises(PlaceUnusable, match="not a checkpoint of this log"):
            await publisher_of(other, shelf).start()
    finally:
        other.database.close_now()


async def test_log_goes_on_after_a_rotation(log: AuditLog) -> None:
    """What the older key published still counts."""
    shelf = Shelf()
    publisher = publisher_of(log, shelf)
    await publisher.start()
    await publisher.publish()
    await publisher.close()
    rotate(log.state, log.clock())
    log.keys = open_keys(log.state, log.clock)
    again = publisher_of(log, shelf)
    await again.start()
    await again.close()
    assert sizes(log, shelf) == [1, 3]
    assert opened(shelf.notes[-1], [log.keys.public]).size == 3


async def test_without_a_place_nothing_is_published(log: AuditLog) -> None:
    """The log works all the same."""
    publisher = publisher_of(log, None)
    await publisher.start()
    log.grow(3)
    await publisher.close()
    assert log.database.read_now(head).size == 4


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it prints."""
    return subprocess.run(
        ("git", "-C", str(folder), *arguments), check=True, capture_output=True, text=True
    ).stdout


def make(kind: str, folder: Path) -> tuple[str, Place]:
    """Return a place by name, and what it is."""
    if kind == "git":
        git(folder, "init", "--quiet")
        return f"git:{folder}", GitPlace(folder)
    if kind == "folder":
        return f"folder:{folder}", FolderPlace(folder)
    return f"file:{folder}/newest", FilePlace(folder / "newest")


@pytest.mark.parametrize("kind", ["file", "folder", "git"])
def test_place_gives_back_the_newest(kind: str, tmp_path: Path) -> None:
    """The same one again changes nothing."""
    text, place = make(kind, tmp_path)
    assert place_of(text) == place
    assert place.newest() is None
    for number in (9, 10, 10):
        place.publish(f"log\n{number}\n\n— sig\n", number)
        assert place.newest() == f"log\n{number}\n\n— sig\n"


def test_repository_keeps_every_checkpoint(tmp_path: Path) -> None:
    """As a commit each."""
    _, place = make("git", tmp_path)
    for number in (1, 1, 2):
        place.publish(f"log {number}\n", number)
    subjects = git(tmp_path, "log", "--format=%s").splitlines()
    assert subjects == ["Checkpoint of 2 entries", "Checkpoint of 1 entry"]


def test_folder_keeps_every_checkpoint_and_none_is_written_over(tmp_path: Path) -> None:
    """The same state signed by another key is the same; another state of that size is not."""
    place = FolderPlace(tmp_path)
    place.publish("log\n5\nroot\n\n— first\n", 5)
    place.publish("log\n5\nroot\n\n— second\n", 5)
    with pytest.raises(PlaceUnusable, match="another log"):
        place.publish("log\n5\nother\n\n— first\n", 5)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["log\n5\nroot\n\n— first\n"]


def test_command_gets_the_checkpoint_and_must_succeed(tmp_path: Path) -> None:
    """On its standard input; what it complains about is told."""
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    target = tmp_path / "with a space"
    place = place_of(f"command:{sys.executable} -c '{script}' '{target}'")
    place.publish("note\n", 1)
    assert (target.read_text(), place.newest()) == ("note\n", None)
    failing = CommandPlace((sys.executable, "-c", "import sys; sys.exit('no room')"))
    with pytest.raises(PlaceUnusable, match="no room"):
        failing.publish("note\n", 1)
    with pytest.raises(PlaceUnusable):
        CommandPlace(("/nowhere/at/all",)).publish("note\n", 1)


@pytest.mark.parametrize(
    "text", ["", "file:", "/tmp/x", "folder:/nowhere/at/all", "git:/tmp", "command:", "command:'x"]
)
def test_text_that_names_no_place_is_refused(text: str) -> None:
    """A service that publishes nowhere by mistake would be noticed too late."""
    with pytest.raises(PlaceUnusable):
        place_of(text)


@pytest.mark.parametrize("kind", ["file", "folder", "git"])
def test_place_that_cannot_be_written_says_so(kind: str, tmp_path: Path) -> None:
    """With what to do."""
    _, place = make(kind, tmp_path)
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    tmp_path.rmdir()
    with pytest.raises(PlaceUnusable) as caught:
        place.publish("note\n", 1)
    assert caught.value.remedy
