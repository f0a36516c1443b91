"""Heads move by compare-and-swap; logs, names of snapshots, owners and quotas."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support.workspaces import NOW_MS, SETTINGS, planted, stored

from assize.model.workspaces import EntryKind, LogEntry
from assize_server.workspaces import heads
from assize_server.workspaces.contents import measured
from assize_server.workspaces.errors import Conflict, Exists, Malformed, OverQuota, Unknown
from assize_server.workspaces.quotas import Quotas, WorkspaceSettings
from assize_server.workspaces.records import ANONYMOUS, EMPTY, Entry, Snapshot, Workspace
from assize_server.workspaces.store import WorkspaceStore

COMMIT = Entry(EntryKind.COMMIT, "ann", NOW_MS, "adds a row", "v1")
QUOTAS = SETTINGS.quotas


def made(store: WorkspaceStore, name: str = "shop", owner: str = "ann") -> Workspace:
    """Return a new workspace."""
    store.create(owner, name, NOW_MS)
    return store.database.read_now(lambda c: heads.named(c, owner, name))


def moved(
    store: WorkspaceStore,
    workspace: Workspace,
    files: dict[str, bytes | str],
    *,
    entry: Entry = COMMIT,
    quotas: Quotas = QUOTAS,
) -> tuple[Snapshot, LogEntry]:
    """Move the head to a tree with these files."""
    head = store.database.read_now(lambda c: heads.by_id(c, workspace.id)).head
    new = measured(store.objects, head, planted(store.objects, files))
    told = store.database.write_now(
        lambda c: heads.move_head(c, workspace.id, head.id, new, entry, quotas)
    )
    return new, told


def test_move_from_the_expected_head_is_in_the_log(store: WorkspaceStore) -> None:
    """Who, when, which verification, and how large it is."""
    workspace = made(store)
    new, told = moved(store, workspace, {"a": b"12", "d/b": b"345", "l": "a"})
    assert told == LogEntry(
        2, EntryKind.COMMIT, new.id, EMPTY.id, "ann", "v1", "adds a row", NOW_MS, 4, 5
    )
    assert store.log("ann", "shop", 10, None)[0] == told
    assert store.workspace("ann", "shop").head == new.id


def test_move_from_another_head_is_a_conflict_that_says_what_to_do(store: WorkspaceStore) -> None:
    """The loser of a race changes nothing."""
    workspace = made(store)
    new, _ = moved(store, workspace, {"a": b"1"})
    late = measured(store.objects, EMPTY, planted(store.objects, {"b": b"2"}))
    with pytest.raises(Conflict, match=f"is {new.id}, not {EMPTY.id}.*pull") as caught:
        store.database.write_now(
            lambda c: heads.move_head(c, workspace.id, EMPTY.id, late, COMMIT, QUOTAS)
        )
    assert caught.value.head == new.id
    assert len(store.log("ann", "shop", 10, None)) == 2


def test_of_racing_moves_one_wins(store: WorkspaceStore) -> None:
    """Sixteen at once from one base: one move, fifteen conflicts."""
    workspace = made(store)
    news = [
        measured(store.objects, EMPTY, planted(store.objects, {"a": bytes([number])}))
        for number in range(16)
    ]

    def act(new: Snapshot) -> bool:
        try:
            store.database.write_now(
                lambda c: heads.move_head(c, workspace.id, EMPTY.id, new, COMMIT, QUOTAS)
            )
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, news)) == [False] * 15 + [True]
    assert len(store.log("ann", "shop", 100, None)) == 2


def test_move_of_a_removed_workspace_is_unknown(store: WorkspaceStore) -> None:
    """A held run cannot land in a namesake."""
    workspace = made(store)
    store.delete("ann", "shop", 1)
    again = made(store)
    assert again.id != workspace.id
    with pytest.raises(Unknown):
        store.database.write_now(
            lambda c: heads.move_head(c, workspace.id, EMPTY.id, EMPTY, COMMIT, QUOTAS)
        )


def test_measure_agrees_with_counting_anew(store: WorkspaceStore) -> None:
    """What a change adds and removes is added and removed, also where types change."""
    trees: list[dict[str, bytes | str]] = [
        {"a": b"12", "d/b": b"345", "d/e/f": b"6"},
        {"a/x": b"12", "d": b"345678", "l": "a"},
        {},
    ]
    snapshot = EMPTY
    for files in trees:
        root = planted(store.objects, files)
        snapshot = measured(store.objects, snapshot, root)
        whole = measured(store.objects, EMPTY, root)
        assert (snapshot.entries, snapshot.bytes) == (whole.entries, whole.bytes)


@pytest.mark.parametrize(
    "name", ["", ".a", "-a", "A", "a/b", "a" * 64, "a b", "\N{CYRILLIC SMALL LETTER A}", "a\n"]
)
def test_name_of_another_form_is_refused(store: WorkspaceStore, name: str) -> None:
    """Names are safe in paths, tables and terminals."""
    with pytest.raises(Malformed):
        store.create("ann", name, NOW_MS)


def test_name_is_taken_once_for_each_owner(store: WorkspaceStore) -> None:
    """Names of others are nobody's business."""
    made(store)
    with pytest.raises(Exists):
        store.create("ann", "shop", NOW_MS)
    store.create("bob", "shop", NOW_MS)


def test_workspace_of_another_is_unknown(store: WorkspaceStore) -> None:
    """As if it were not there; only a service that asks nobody shows it to everybody."""
    made(store)
    with pytest.raises(Unknown):
        store.workspace("bob", "shop")
    with pytest.raises(Unknown):
        store.delete("bob", "shop", 1)
    assert store.workspaces("bob") == []
    assert store.workspace(ANONYMOUS, "shop").owner == "ann"


def test_anonymous_caller_gets_no_guess_between_two(store: WorkspaceStore) -> None:
    """Two of one name: neither is meant."""
    made(store)
    made(store, owner="bob")
    with pytest.raises(Unknown):
        store.workspace(ANONYMOUS, "shop")


def test_snapshots_are_named_by_id_prefix_and_distance(store: WorkspaceStore) -> None:
    """And by nothing else."""
    workspace = made(store)
    first, _ = moved(store, workspace, {"a": b"1"})
    second, _ = moved(store, workspace, {"a": b"2"})
    named = ["", "head", "head~0", second.id, second.id[:6], "head~1", first.id, "head~2"]
    found = store.snapshots("ann", "shop", *named)
    assert [each.id for each in found] == [second.id] * 5 + [first.id] * 2 + [EMPTY.id]
    assert found[5].root == first.root
    unknown = [
        "head~3",
        "head~-1",
        "f" * 64,
        "%",
        first.id[:5],
        first.id.upper(),
        "HEAD",
        "a" * 9999,
    ]
    for reference in unknown:
        with pytest.raises(Unknown):
            store.snapshots("ann", "shop", reference)


@pytest.mark.parametrize(
    ("quotas", "told"),
    [
        (replace(QUOTAS, workspace_bytes=9), "the snapshot's bytes would be 10, at most 9"),
        (replace(QUOTAS, workspace_entries=2), "files, links and folders would be 3, at most 2"),
        (replace(QUOTAS, workspace_snapshots=1), "the workspace's snapshots would be 2, at most 1"),
        (replace(QUOTAS, workspace_history_bytes=9), "history in bytes would be 10, at most 9"),
        (replace(QUOTAS, owner_entries=2), "the owner's files, links and folders would be 3"),
        (replace(QUOTAS, owner_history_bytes=9), "the owner's history in bytes would be 10"),
    ],
)
def test_move_over_a_quota_is_refused_with_limit_and_value(
    store: WorkspaceStore, quotas: Quotas, told: str
) -> None:
    """And the head stays where it was."""
    workspace = made(store)
    with pytest.raises(OverQuota, match=told):
        moved(store, workspace, {"d/a": b"12345", "b": b"67890"}, quotas=quotas)
    assert store.workspace("ann", "shop").head == EMPTY.id
    assert len(store.log("ann", "shop", 10, None)) == 1


def test_move_up_to_every_quota_is_allowed(store: WorkspaceStore) -> None:
    """Reaching a limit is not passing it."""
    exact = Quotas(
        workspace_bytes=10,
        workspace_entries=3,
        workspace_snapshots=2,
        workspace_history_bytes=10,
        owner_workspaces=1,
        owner_entries=3,
        owner_history_bytes=10,
    )
    moved(store, made(store), {"d/a": b"12345", "b": b"67890"}, quotas=exact)
    assert store.workspace("ann", "shop").head != EMPTY.id
    assert len(store.log("ann", "shop", 10, None)) == 2


def test_owner_with_too_many_workspaces_is_refused(tmp_path: Path) -> None:
    """Forks count like the others."""
    with stored(tmp_path, WorkspaceSettings(replace(QUOTAS, owner_workspaces=2))) as store:
        store.create("ann", "one", NOW_MS)
        store.fork("ann", "one", "", "two", NOW_MS)
        with pytest.raises(OverQuota, match="the owner's workspaces would be 3, at most 2"):
            store.fork("ann", "one", "", "three", NOW_MS)
        store.create("bob", "one", NOW_MS)


def test_message_too_long_is_refused(store: WorkspaceStore) -> None:
    """A log is for reading."""
    entry = replace(COMMIT, message="x" * (heads.MESSAGE_MOST_CHARS + 1))
    with pytest.raises(Malformed, match=str(heads.MESSAGE_MOST_CHARS)):
        moved(store, made(store), {"a": b"1"}, entry=entry)


def test_rollback_of_a_rollback_brings_the_first_back(store: WorkspaceStore) -> None:
    """Each is an entry of its own; nothing is lost."""
    workspace = made(store)
    first, _ = moved(store, workspace, {"a": b"1"})
    second, _ = moved(store, workspace, {"a": b"2"})
    back = store.rollback("ann", "shop", first.id, "", "", NOW_MS)
    assert back.entry is not None
    assert (back.snapshot, back.proof.recomputed) == (first.id, first.id)
    again = store.rollback("ann", "shop", "head~1", "", "", NOW_MS)
    assert again.snapshot == second.id
    kinds = [entry.kind for entry in store.log("ann", "shop", 10, None)]
    assert kinds[:2] == [EntryKind.ROLLBACK] * 2


def test_rollback_to_the_head_proves_it_and_adds_nothing(store: WorkspaceStore) -> None:
    """A no-op that is still worth asking for."""
    head, _ = moved(store, made(store), {"d/a": b"1"})
    done = store.rollback("ann", "shop", "head", "", "", NOW_MS)
    assert done.entry is None
    assert (done.proof.recomputed, done.proof.trees_verified) == (head.id, 2)
    assert len(store.log("ann", "shop", 10, None)) == 2


def test_rollback_with_another_expected_head_is_a_conflict(store: WorkspaceStore) -> None:
    """Whoever names the head that they saw is held to it."""
    first, _ = moved(store, workspace := made(store), {"a": b"1"})
    moved(store, workspace, {"a": b"2"})
    with pytest.raises(Conflict):
        store.rollback("ann", "shop", "head~2", first.id, "", NOW_MS)


def test_fork_shares_files_and_goes_its_own_way(store: WorkspaceStore) -> None:
    """Neither sees what becomes of the other."""
    workspace = made(store)
    first, _ = moved(store, workspace, {"a": b"1"})
    moved(store, workspace, {"a": b"2"})
    before = list(store.objects.digests())
    fork = store.fork("ann", "shop", "head~1", "try", NOW_MS)
    assert (fork.head, list(store.objects.digests())) == (first.id, before)
    store.delete("ann", "shop", 1)
    assert store.workspace("ann", "try").head == first.id
    assert store.log("ann", "try", 10, None)[0].kind is EntryKind.FORK
