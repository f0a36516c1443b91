"""Garbage collection: what is kept, what goes, and that a push beside it loses nothing."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.workspaces import NOW_MS, SETTINGS, planted, stored

from assize.model.workspaces import EntryKind
from assize.trees import Digest, digest_of
from assize_server.workspaces import heads
from assize_server.workspaces.contents import measured
from assize_server.workspaces.proof import prove
from assize_server.workspaces.quotas import Retention, WorkspaceSettings
from assize_server.workspaces.records import EMPTY, Entry
from assize_server.workspaces.store import WorkspaceStore

DAY_MS = 24 * 60 * 60 * 1000
STRICT = replace(SETTINGS, retention=Retention(last_entries=2, days=1, grace_seconds=0))


def now_ms() -> int:
    """Return a time after every file's."""
    return time.time_ns() // 1_000_000 + 1000


def push(store: WorkspaceStore, content: bytes, *, age_days: int = 0) -> None:
    """Move the head, as of some days ago."""
    found = store.database.read_now(lambda c: heads.named(c, "ann", "shop"))
    new = measured(store.objects, found.head, planted(store.objects, {"d/a": content}))
    entry = Entry(EntryKind.PUSH, "ann", now_ms() - age_days * DAY_MS)
    quotas = store.settings.quotas
    store.database.write_now(
        lambda c: heads.move_head(c, found.id, found.head.id, new, entry, quotas)
    )


def left(store: WorkspaceStore, *contents: bytes) -> list[bytes]:
    """Return those contents that are still in the store."""
    return [each for each in contents if store.objects.has(digest_of(each))]


def test_old_entries_go_and_the_newest_stay(tmp_path: Path) -> None:
    """The last ones by number, the young ones by age, the head whatever it is."""
    with stored(tmp_path, STRICT) as store:
        store.create("ann", "shop", now_ms() - 9 * DAY_MS)
        for content, age_days in ((b"1", 8), (b"2", 7), (b"3", 6), (b"4", 5)):
            push(store, content, age_days=age_days)
        done = store.collect(now_ms())
        assert [entry.sequence for entry in store.log("ann", "shop", 9, None)] == [5, 4]
        assert left(store, b"1", b"2", b"3", b"4") == [b"3", b"4"]
        assert (done.log_entries, done.objects) == (3, 6)
        assert store.collect(now_ms()).objects == 0
        push(store, b"5")
        push(store, b"6")
        push(store, b"7")
        assert store.collect(now_ms()).log_entries == 2
        assert left(store, b"4", b"5", b"6", b"7") == [b"5", b"6", b"7"]


def test_head_is_kept_however_old_it_is(tmp_path: Path) -> None:
    """Also where the rules keep nothing at all."""
    nothing = Retention(last_entries=0, days=0, grace_seconds=0)
    with stored(tmp_path, replace(STRICT, retention=nothing)) as store:
        store.create("ann", "shop", 0)
        push(store, b"1", age_days=1000)
        store.collect(now_ms())
        assert len(store.log("ann", "shop", 9, None)) == 1
        snapshot = store.snapshots("ann", "shop", "head")[0]
        assert prove(store.objects, EMPTY, snapshot).files_verified == 1


def test_pinned_trees_are_kept(tmp_path: Path) -> None:
    """What a held run needs is there when it is approved."""
    pinned: list[Digest] = []
    with stored(tmp_path, STRICT, lambda: pinned) as store:
        pinned.append(planted(store.objects, {"d/held": b"held"}).tree)
        planted(store.objects, {"d/lost": b"lost"})
        store.collect(now_ms())
        assert left(store, b"held", b"lost") == [b"held"]
        pinned.clear()
        store.collect(now_ms())
        assert left(store, b"held") == []


def test_removed_workspace_leaves_with_the_next_collection(tmp_path: Path) -> None:
    """What it shared with a fork stays."""
    with stored(tmp_path, STRICT) as store:
        store.create("ann", "shop", now_ms())
        push(store, b"1")
        store.fork("ann", "shop", "", "try", now_ms())
        push(store, b"2")
        store.delete("ann", "shop", 1)
        store.collect(now_ms())
        assert left(store, b"1", b"2") == [b"1"]


def test_objects_within_the_grace_are_spared(store: WorkspaceStore) -> None:
    """A push under way has not named them yet."""
    store.objects.put(b"young")
    grace_ms = store.settings.retention.grace_seconds * 1000
    assert store.collect(now_ms()).objects == 0
    assert store.collect(now_ms() + grace_ms).objects == 1


def test_upload_is_known_to_be_gone_after_a_collection(tmp_path: Path) -> None:
    """The next push sends it again."""
    with stored(tmp_path, STRICT) as store:
        store.create("ann", "shop", now_ms())
        digest = store.objects.put(b"x")
        store.note_uploads("ann", [digest])
        assert store.missing("ann", "shop", [digest]) == []
        store.collect(now_ms())
        assert store.missing("ann", "shop", [digest]) == [digest]
        assert store.database.read_now(lambda c: heads.uploaded(c, "ann", [digest])) == set()


def test_object_touched_while_it_is_being_removed_stays(
    store: WorkspaceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told that an object is there finds it there when the head moves."""
    digest, rename = store.objects.put(b"x"), Path.rename
    since_ns = time.time_ns() + 10**9

    def touched_before(path: Path, target: Path) -> Path:
        if path == store.objects.path(digest):
            os.utime(path, ns=(since_ns, since_ns))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", touched_before)
    assert store.objects.delete_untouched(digest, since_ns) is None
    assert store.objects.read(digest) == b"x"


def test_what_killed_writers_left_aside_goes(tmp_path: Path) -> None:
    """Half an object is nothing."""
    with stored(tmp_path, STRICT) as store:
        aside = tmp_path / "objects" / "aside"
        aside.mkdir(parents=True)
        (aside / "half").write_bytes(b"half")
        store.collect(NOW_MS)
        assert (aside / "half").exists()
        store.collect(now_ms())
        assert not (aside / "half").exists()


def test_history_counts_what_the_oldest_entry_holds(tmp_path: Path) -> None:
    """Giving up entries frees quota for what they alone added, not for what is still there."""
    quotas = replace(SETTINGS.quotas, workspace_history_bytes=1000)
    settings = WorkspaceSettings(quotas, Retention(last_entries=1, days=0, grace_seconds=0))
    with stored(tmp_path, settings) as store:
        store.create("ann", "shop", now_ms() - DAY_MS)
        for size in (300, 301, 302):
            push(store, bytes(size), age_days=1)
        store.collect(now_ms())
        added = store.database.read_now(lambda c: heads.named(c, "ann", "shop")).head.added_bytes
        assert added == 302
        push(store, bytes(303))
        push(store, bytes(304))
